//! Scripted servers behind the proxy, on raw sockets: every write, gate and broken end is the script's.

use crate::chunking::Chunking;
use crate::ground::Ground;
use crate::http1::{Broken, Head, Reader, last_chunk, push_fields};
use crate::message::{Fields, Framing, declared};
use crate::observed::{Ending, UpstreamSaw};
use crate::script::{Script, Starts, Step};
use std::io;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Path of a plain request that every upstream answers with 200, whatever the script is.
pub const ALIVE_PATH: &str = "/alive";
/// The body of that answer.
pub const ALIVE_BODY: &str = "alive";

/// Which server a listener plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The cluster that requests go to by default.
    Main,
    /// The cluster that `x-cluster: other` re-routes to.
    Other,
    /// The callout service.
    Judge,
}

/// Listens on a free port and serves for as long as the runtime lives.
pub async fn serve(role: Role, ground: Ground) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(connection(role, socket, ground.clone()));
        }
    });
    Ok(port)
}

async fn connection(role: Role, socket: TcpStream, ground: Ground) {
    let _ = socket.set_nodelay(true);
    let (read, write) = socket.into_split();
    let mut reader = Reader::new(read);
    let mut writer = Some(write);
    while let Some(write) = writer.take() {
        let head = match reader.head().await {
            Ok(head) => head,
            Err(Broken::Nothing) => return,
            Err(broken) => return ground.change(|run| run.upstream_saw.push(garbage(role, &broken))),
        };
        writer = if head.word(1) == ALIVE_PATH {
            alive(&head, &mut reader, write).await
        } else {
            Exchange::begin(role, &head, &ground)
                .serve(&head, &mut reader, write)
                .await
        };
    }
}

/// What came over the connection is no request: the sign of a wrong content-length before it.
fn garbage(role: Role, broken: &Broken) -> UpstreamSaw {
    let faults = vec![format!("bytes that are no request: {broken:?}")];
    UpstreamSaw {
        cluster: role.cluster(),
        faults,
        ..UpstreamSaw::default()
    }
}

async fn alive(
    head: &Head,
    reader: &mut Reader<OwnedReadHalf>,
    mut write: OwnedWriteHalf,
) -> Option<OwnedWriteHalf> {
    reader.body(head.request_length().ok()?, |_| ()).await.ok()?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{ALIVE_BODY}",
        ALIVE_BODY.len()
    );
    write.write_all(answer.as_bytes()).await.ok()?;
    Some(write)
}

/// One request that the script answers.
struct Exchange {
    role: Role,
    index: usize,
    script: Script,
    chunking: Chunking,
    ground: Ground,
}

/// Why a script stopped before its end.
enum Stop {
    Cancelled,
    Reset,
    Closed,
}

impl Exchange {
    fn begin(role: Role, head: &Head, ground: &Ground) -> Self {
        let saw = UpstreamSaw {
            cluster: role.cluster(),
            method: head.word(0).to_owned(),
            path: head.word(1).to_owned(),
            headers: head.fields.clone(),
            ..UpstreamSaw::default()
        };
        ground.change(|run| {
            run.live += 1;
            let script = if role == Role::Judge {
                &run.judge
            } else {
                &run.upstream
            };
            let script = script.clone().unwrap_or_else(|| Script::new(500));
            let chunking = if role == Role::Judge { None } else { run.chunking };
            let seen = if role == Role::Judge {
                &mut run.judge_saw
            } else {
                &mut run.upstream_saw
            };
            seen.push(saw);
            let index = seen.len() - 1;
            Self {
                role,
                index,
                script,
                chunking: chunking.unwrap_or(Chunking::Whole),
                ground: ground.clone(),
            }
        })
    }

    async fn serve(
        self,
        head: &Head,
        reader: &mut Reader<OwnedReadHalf>,
        mut write: OwnedWriteHalf,
    ) -> Option<OwnedWriteHalf> {
        let early = self.script.starts == Starts::AtHead;
        if !early && !self.read_body(head, reader).await {
            self.over();
            return None;
        }
        let played = self.play(head, reader, &mut write).await;
        let whole = match played {
            Ok(()) => !early || self.read_body(head, reader).await,
            Err(_) => false,
        };
        match played {
            Err(Stop::Cancelled) => self.saw(|saw| saw.cancelled = true),
            Err(Stop::Reset) => reset(write, &self.ground),
            Err(Stop::Closed) | Ok(()) => {
                let keep = whole && !matches!(self.script.framing, Framing::Close | Framing::Lying(_));
                self.over();
                return keep.then_some(write);
            }
        }
        self.over();
        None
    }

    async fn read_body(&self, head: &Head, reader: &mut Reader<OwnedReadHalf>) -> bool {
        let length = match head.request_length() {
            Ok(length) => length,
            Err(broken) => return self.fault(format!("request head: {broken:?}")),
        };
        let sink = |bytes: &[u8]| self.saw(|saw| saw.body.extend_from_slice(bytes));
        match reader.body(length, sink).await {
            Ok(trailers) => self.saw(|saw| (saw.trailers, saw.end) = (trailers, Ending::Complete)),
            Err(Broken::Garbage(what)) => return self.fault(format!("request body: {what}")),
            Err(Broken::Cut | Broken::Nothing) => {
                self.saw(|saw| (saw.cancelled, saw.end) = (true, Ending::Broken));
                return false;
            }
        }
        true
    }

    async fn play(
        &self,
        head: &Head,
        reader: &mut Reader<OwnedReadHalf>,
        write: &mut OwnedWriteHalf,
    ) -> Result<(), Stop> {
        let mut trailers = Fields::new();
        for step in &self.script.steps {
            match step {
                Step::Informational(status) => {
                    send(write, format!("HTTP/1.1 {status} Info\r\n\r\n").as_bytes()).await?
                }
                Step::Head(status, fields) => send(write, &self.head(*status, fields, head.word(0))).await?,
                Step::Data(_) if head.word(0) == "HEAD" => {}
                Step::Data(bytes) => self.data(bytes, write).await?,
                Step::Until(marker) => self.gate(marker, reader).await?,
                Step::Unseen(marker) => self.unseen(marker),
                Step::Wait(ms) => wait(*ms, reader).await?,
                Step::Trailers(fields) => trailers.clone_from(fields),
                Step::Reset => return Err(Stop::Reset),
                Step::Close => return Err(Stop::Closed),
                Step::Hang => {
                    reader.gone().await;
                    return Err(Stop::Cancelled);
                }
            }
        }
        if self.script.framing == Framing::Chunked && head.word(0) != "HEAD" {
            send(write, &last_chunk(&trailers)).await?;
        }
        Ok(())
    }

    fn head(&self, status: u16, fields: &Fields, method: &str) -> Vec<u8> {
        let mut out = format!("HTTP/1.1 {status} Scripted\r\n").into_bytes();
        push_fields(&mut out, fields);
        let bodiless = matches!(status, 204 | 304);
        match declared(self.script.framing, self.script.body().len()) {
            Some(length) if !bodiless || length > 0 => {
                out.extend(format!("content-length: {length}\r\n").bytes())
            }
            Some(_) => {}
            None if self.script.framing == Framing::Chunked && method != "HEAD" && !bodiless => {
                out.extend(b"transfer-encoding: chunked\r\n");
            }
            None => {}
        }
        out.extend(b"\r\n");
        out
    }

    async fn data(&self, bytes: &[u8], write: &mut OwnedWriteHalf) -> Result<(), Stop> {
        let parts = self.chunking.cut(bytes);
        for part in &parts {
            if self.script.framing == Framing::Chunked {
                let framed = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
                send(write, &framed).await?;
            } else {
                send(write, part).await?;
            }
            part_gap(parts.len()).await;
        }
        Ok(())
    }

    async fn gate(&self, marker: &[u8], reader: &mut Reader<OwnedReadHalf>) -> Result<(), Stop> {
        tokio::select! {
            met = self.ground.client_has(marker) => {
                if !met {
                    self.fault(format!("the client never had {} while the upstream waited", crate::message::show(marker)));
                }
                Ok(())
            }
            () = reader.gone() => Err(Stop::Cancelled),
        }
    }

    fn unseen(&self, marker: &[u8]) {
        if crate::message::find(&self.ground.run().client_body, marker).is_some() {
            self.fault(format!("the client has {} already", crate::message::show(marker)));
        }
    }

    fn saw(&self, change: impl FnOnce(&mut UpstreamSaw)) {
        self.ground.change(|run| {
            let seen = if self.role == Role::Judge {
                &mut run.judge_saw
            } else {
                &mut run.upstream_saw
            };
            // A late connection of an earlier run finds its place taken or gone; then nobody is interested.
            if let Some(saw) = seen.get_mut(self.index) {
                change(saw);
            }
        });
    }

    fn fault(&self, what: String) -> bool {
        self.saw(|saw| saw.faults.push(what));
        false
    }

    fn over(&self) {
        self.ground.change(|run| run.live = run.live.saturating_sub(1));
    }
}

impl Role {
    /// Name of the cluster.
    pub fn cluster(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Other => "other",
            Self::Judge => "judge",
        }
    }
}

/// Lets the proxy read one part before the next is written. Only a chance, never a condition.
pub async fn part_gap(parts: usize) {
    let gap = Duration::from_micros(if parts <= 16 { 300 } else { 20 });
    let begin = Instant::now();
    while begin.elapsed() < gap {
        tokio::task::yield_now().await;
    }
}

async fn send(write: &mut OwnedWriteHalf, bytes: &[u8]) -> Result<(), Stop> {
    write.write_all(bytes).await.map_err(|_| Stop::Cancelled)
}

async fn wait(ms: u64, reader: &mut Reader<OwnedReadHalf>) -> Result<(), Stop> {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(ms)) => Ok(()),
        () = reader.gone() => Err(Stop::Cancelled),
    }
}

/// Ends the connection with RST. The read half still lives, so the socket is told to forget what is unsent.
fn reset(write: OwnedWriteHalf, ground: &Ground) {
    let socket: &TcpStream = write.as_ref();
    if socket.set_zero_linger().is_err() {
        ground.change(|run| {
            run.upstream_saw.push(UpstreamSaw {
                faults: vec!["no RST possible".to_owned()],
                ..UpstreamSaw::default()
            })
        });
    }
    write.forget();
}
