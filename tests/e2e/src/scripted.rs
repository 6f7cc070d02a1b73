//! The trace filter once more, as a guest of the stand-in: the same script, the same lines.

use penstock_exchange::{Fields, Flow, Host, Input, Side};
use penstock_fake_envoy::Guest;
use penstock_filter_api::Callout;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Does in each callback what the request's `x-script` says, and writes down what came of it.
pub struct Scripted {
    script: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, u32>,
    lines: Rc<RefCell<Vec<String>>>,
}

impl Scripted {
    /// A guest that writes to `lines`.
    pub fn new(script: &str, lines: Rc<RefCell<Vec<String>>>) -> Self {
        let parts = script.split(';').filter_map(|part| part.trim().split_once('='));
        let script = parts
            .map(|(callback, actions)| (callback.to_owned(), actions.to_owned()))
            .collect();
        Self {
            script,
            counts: BTreeMap::new(),
            lines,
        }
    }

    fn act(&mut self, callback: &'static str, what: &str, side: Side, host: &mut dyn Host) -> Flow {
        let count = self.counts.entry(callback).or_insert(0);
        *count += 1;
        let numbered = format!("{callback}{count}");
        let actions = self
            .script
            .get(&numbered)
            .or_else(|| self.script.get(&format!("{callback}*")));
        let actions = actions.cloned().unwrap_or_default();
        if actions.split('+').any(|action| action == "tick") {
            host.wake(10);
        }
        self.perform(&numbered, what, &actions, side, host)
    }

    fn perform(&self, callback: &str, what: &str, actions: &str, side: Side, host: &mut dyn Host) -> Flow {
        let mut flow = Flow::Continue;
        let mut done = Vec::new();
        for action in actions.split('+').filter(|action| !action.is_empty()) {
            match action {
                "pause" => flow = Flow::Pause,
                "hold" if !what.ends_with("end=1") => flow = Flow::Pause,
                "hold" | "continue" => flow = Flow::Continue,
                _ => {}
            }
            done.push(match result(action, side, host) {
                Some(result) => format!("{action}={result}"),
                None => action.to_owned(),
            });
        }
        let line = format!("{callback} {what}: {}", done.join(" ")).replace(" :", ":");
        self.lines.borrow_mut().push(line.trim().to_owned());
        flow
    }
}

impl Guest for Scripted {
    fn on(&mut self, input: Input, host: &mut dyn Host) -> Flow {
        use Side::{Request, Response};
        let end = |end: bool| format!("end={}", u8::from(end));
        match input {
            Input::RequestHeaders { end: last } => self.act("rqh", &end(last), Request, host),
            Input::RequestBody { size, end: last } => {
                self.act("rqb", &format!("size={size} {}", end(last)), Request, host)
            }
            Input::RequestTrailers => self.act("rqt", "", Request, host),
            Input::ResponseHeaders { end: last } => {
                let headers = host.headers(Response).unwrap_or_default();
                let status = headers.text(":status").unwrap_or_default().to_owned();
                self.act("rsh", &format!("status={status} {}", end(last)), Response, host)
            }
            Input::ResponseBody { size, end: last } => {
                self.act("rsb", &format!("size={size} {}", end(last)), Response, host)
            }
            Input::ResponseTrailers => self.act("rst", "", Response, host),
            Input::Reply { reply, .. } => {
                let what = format!("headers={}", reply.status > 0);
                self.act("reply", &what, Response, host)
            }
            Input::Tick => {
                let actions = self.script.get("tick").cloned().unwrap_or_default();
                self.perform("tick", "", &actions, Response, host)
            }
            Input::End => {
                self.lines
                    .borrow_mut()
                    .extend(["log".to_owned(), "done".to_owned()]);
                Flow::Continue
            }
        }
    }
}

fn result(action: &str, side: Side, host: &mut dyn Host) -> Option<String> {
    let (name, argument) = action.split_once(':').unwrap_or((action, ""));
    Some(match name {
        "read" => match host.body(side, usize::MAX) {
            Ok(bytes) => format!("ok({})", bytes.len()),
            Err(_) => REFUSED.to_owned(),
        },
        "take" => match host.body(side, usize::MAX) {
            Ok(bytes) => format!(
                "{}({})",
                word(host.replace_body(side, usize::MAX, b"").is_ok()),
                bytes.len()
            ),
            Err(_) => REFUSED.to_owned(),
        },
        "set" => word(host.replace_body(side, usize::MAX, argument.as_bytes()).is_ok()),
        "header" => word(host.set_field(Fields::ResponseHeaders, "x-set", argument).is_ok()),
        "request_header" => word(host.set_field(Fields::RequestHeaders, "x-set", argument).is_ok()),
        "trailer" => word(
            host.set_field(Fields::ResponseTrailers, "x-set", argument)
                .is_ok(),
        ),
        // Envoy shows an empty map where the stand-in refuses: nobody may rely on either.
        "see_request" | "see_response" => word(true),
        "call" => word(host.call(&callout(argument)).is_ok()),
        "resume_request" => word(host.resume(Side::Request).is_ok()),
        "resume_response" => word(host.resume(Side::Response).is_ok()),
        "close" => word(host.close().is_ok()),
        "deny" => word(host.reply(403, &[], b"denied").is_ok()),
        _ => return None,
    })
}

const REFUSED: &str = "refused";

fn word(done: bool) -> String {
    if done { "ok" } else { REFUSED }.to_owned()
}

fn callout(cluster: &str) -> Callout {
    let cluster = if cluster.is_empty() { "judge" } else { cluster };
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Callout {
        cluster: cluster.to_owned(),
        headers: vec![
            header(":method", "POST"),
            header(":path", "/judge"),
            header(":authority", "judge"),
        ],
        body: b"?".to_vec(),
        timeout_ms: 1_000,
    }
}
