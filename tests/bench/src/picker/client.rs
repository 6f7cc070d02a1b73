//! The clients: one request each, sent at its time whatever became of the others.

use super::trace::{Request, Trace};
use crate::http::Connection;
use crate::load::connect;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

/// A client gives up after so many seconds of the fleet's clock.
pub const PATIENCE_S: f64 = 120.0;

/// What became of a trace.
pub struct Seen {
    /// In the order of the trace.
    pub answers: Vec<Answer>,
    /// How long it went on, on the wall's clock.
    pub wall_s: f64,
    /// How late requests were sent at worst, in seconds of the fleet's clock.
    pub late_s: f64,
}

/// Times are seconds of the fleet's clock after the request was due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Whole {
        first: f64,
        end: f64,
    },
    /// Refused, cut, or not there in time. What had come by then does not count.
    Failed,
}

/// Connections that wait for their next request.
type Idle = Rc<RefCell<Vec<Connection>>>;

/// Plays a trace against a proxy.
pub async fn play(trace: &Trace, port: u16, speed: f64) -> Result<Seen, String> {
    let (begin, idle) = (Instant::now(), Idle::default());
    let mut clients = JoinSet::new();
    let mut late = Duration::ZERO;
    for (place, request) in trace.requests.iter().enumerate() {
        let due = begin + Duration::from_secs_f64(request.at / speed);
        // Written before it is due: the text of a prompt takes its time, too.
        let bytes = request.write();
        tokio::time::sleep_until(due.into()).await;
        late = late.max(due.elapsed());
        let idle = Rc::clone(&idle);
        clients.spawn_local(async move {
            let patience = Duration::from_secs_f64(PATIENCE_S / speed);
            let answer = tokio::time::timeout(patience, ask(port, &bytes, &idle, due)).await;
            let scaled = |wall: Duration| wall.as_secs_f64() * speed;
            let answer = match answer {
                Ok(Ok((first, end))) => Answer::Whole {
                    first: scaled(first),
                    end: scaled(end),
                },
                Ok(Err(_)) | Err(_) => Answer::Failed,
            };
            (place, answer)
        });
    }
    let mut answers = vec![Answer::Failed; trace.requests.len()];
    while let Some(done) = clients.join_next().await {
        let (place, answer) = done.map_err(|error| error.to_string())?;
        if let Some(slot) = answers.get_mut(place) {
            *slot = answer;
        }
    }
    Ok(Seen {
        answers,
        wall_s: begin.elapsed().as_secs_f64(),
        late_s: late.as_secs_f64() * speed,
    })
}

/// Waits for the first token and for the end.
async fn ask(port: u16, request: &[u8], idle: &Idle, due: Instant) -> Result<(Duration, Duration), String> {
    let kept = idle.borrow_mut().pop();
    let mut connection = match kept {
        Some(connection) => connection,
        None => connect(port).await?,
    };
    let sent = connection.stream.write_all(request).await;
    sent.map_err(|error| error.to_string())?;
    let mut head = connection.head().await?.ok_or("closed instead of answering")?;
    if head.status != 200 {
        return Err(format!("answered {}", head.status));
    }
    let (mut first, mut whole) = (None, false);
    while let Some(part) = connection.part(&mut head).await? {
        if first.is_none() && holds(&part, b"data:") {
            first = Some(due.elapsed());
        }
        whole = part.ends_with(b"data: [DONE]\n\n");
    }
    let first = first.filter(|_| whole).ok_or("the stream broke off")?;
    idle.borrow_mut().push(connection);
    Ok((first, due.elapsed()))
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

impl Answer {
    /// Seconds to the first token, and for each later one; none of an answer that failed.
    pub fn paces(self, request: &Request) -> Option<(f64, f64)> {
        match self {
            Self::Whole { first, end } => {
                let later = request.output.saturating_sub(1).max(1) as f64;
                Some((first, (end - first) / later))
            }
            Self::Failed => None,
        }
    }
}
