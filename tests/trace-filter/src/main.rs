//! A wasm module that logs its callbacks and does in each what the request header `x-script` says.
//!
//! `rsb1=take+pause+call;reply=set:abc+resume_response;rsb*=continue` reads: in the first response body callback
//! take all bytes, return Pause and ask the cluster `judge`; when the reply comes write `abc` and resume.
//! Callbacks: `rqh rqb rqt rsh rsb rst` (head, body, trailers of request and response), `reply`, `tick`.
//! Each logs one line: `trace: rsb1 size=3 end=0: take=ok(3) call=ok pause`.
//!
//! Knows nothing of: Penstock's crates.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, LogLevel, MapType, Status};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

fn main() {
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}

/// Streams that asked for a tick, with what they do in it.
type Ticks = Rc<RefCell<Vec<(u32, String)>>>;

#[derive(Default)]
struct Root {
    ticks: Ticks,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _: usize) -> bool {
        let _ = hostcalls::set_tick_period(Duration::from_millis(10));
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { id, script: BTreeMap::new(), counts: BTreeMap::new(), ticks: self.ticks.clone() }))
    }

    fn on_tick(&mut self) {
        for (id, actions) in self.ticks.take() {
            if hostcalls::set_effective_context(id).is_ok() {
                perform("tick", "", &actions, BufferType::HttpResponseBody);
            }
        }
    }
}

struct Stream {
    id: u32,
    script: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, u32>,
    ticks: Ticks,
}

impl Stream {
    fn act(&mut self, callback: &'static str, what: &str, buffer: BufferType) -> Action {
        let count = self.counts.entry(callback).or_insert(0);
        *count += 1;
        let numbered = format!("{callback}{count}");
        let actions = self.script.get(&numbered).or_else(|| self.script.get(&format!("{callback}*")));
        let actions = actions.cloned().unwrap_or_default();
        let paused = perform(&numbered, what, &actions, buffer);
        if actions.split('+').any(|action| action == "tick") {
            self.ticks.borrow_mut().push((self.id, self.script.get("tick").cloned().unwrap_or_default()));
        }
        if paused { Action::Pause } else { Action::Continue }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, headers: usize, size: usize, _: usize) {
        let _ = self.act("reply", &format!("headers={} size={size}", headers > 0), BufferType::HttpResponseBody);
    }

    fn on_done(&mut self) -> bool {
        say("done");
        true
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let script = hostcalls::get_map_value(MapType::HttpRequestHeaders, "x-script").ok().flatten().unwrap_or_default();
        for part in script.split(';') {
            if let Some((callback, actions)) = part.trim().split_once('=') {
                self.script.insert(callback.to_owned(), actions.to_owned());
            }
        }
        self.act("rqh", &format!("end={}", u8::from(end)), BufferType::HttpRequestBody)
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.act("rqb", &format!("size={size} end={}", u8::from(end)), BufferType::HttpRequestBody)
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.act("rqt", "", BufferType::HttpRequestBody)
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        let status = hostcalls::get_map_value(MapType::HttpResponseHeaders, ":status").ok().flatten().unwrap_or_default();
        self.act("rsh", &format!("status={status} end={}", u8::from(end)), BufferType::HttpResponseBody)
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.act("rsb", &format!("size={size} end={}", u8::from(end)), BufferType::HttpResponseBody)
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.act("rst", "", BufferType::HttpResponseBody)
    }

    fn on_log(&mut self) {
        say("log");
    }
}

fn say(line: &str) {
    let _ = hostcalls::log(LogLevel::Info, &format!("trace: {line}"));
}

/// Does the actions and logs them. Whether the last word is to pause.
fn perform(callback: &str, what: &str, actions: &str, buffer: BufferType) -> bool {
    let mut paused = false;
    let mut done = Vec::new();
    for action in actions.split('+').filter(|action| !action.is_empty()) {
        match action {
            "pause" => paused = true,
            "hold" => paused = !what.ends_with("end=1"),
            "continue" => paused = false,
            _ => {}
        }
        done.push(match result(action, buffer) {
            Some(result) => format!("{action}={result}"),
            None => action.to_owned(),
        });
    }
    say(&format!("{callback} {what}: {}", done.join(" ")).replace(" :", ":"));
    paused
}

/// What the host said to an action that is a call to it.
fn result(action: &str, buffer: BufferType) -> Option<String> {
    let (name, argument) = action.split_once(':').unwrap_or((action, ""));
    Some(match name {
        "read" => match hostcalls::get_buffer(buffer, 0, usize::MAX) {
            Ok(bytes) => format!("ok({})", bytes.map_or(0, |bytes| bytes.len())),
            Err(status) => word(Err(status)),
        },
        "take" => match hostcalls::get_buffer(buffer, 0, usize::MAX) {
            Ok(bytes) => {
                let taken = bytes.map_or(0, |bytes| bytes.len());
                format!("{}({taken})", word(hostcalls::set_buffer(buffer, 0, usize::MAX, b"")))
            }
            Err(status) => word(Err(status)),
        },
        "set" => word(hostcalls::set_buffer(buffer, 0, usize::MAX, argument.as_bytes())),
        "header" => word(hostcalls::set_map_value(MapType::HttpResponseHeaders, "x-set", Some(argument))),
        "request_header" => word(hostcalls::set_map_value(MapType::HttpRequestHeaders, "x-set", Some(argument))),
        "trailer" => word(hostcalls::set_map_value(MapType::HttpResponseTrailers, "x-set", Some(argument))),
        "see_request" => word(hostcalls::get_map(MapType::HttpRequestHeaders).map(drop)),
        "see_response" => word(hostcalls::get_map(MapType::HttpResponseHeaders).map(drop)),
        "call" => {
            let headers = vec![(":method", "POST"), (":path", "/judge"), (":authority", "judge")];
            let cluster = if argument.is_empty() { "judge" } else { argument };
            word(hostcalls::dispatch_http_call(cluster, headers, Some(b"?"), vec![], Duration::from_secs(1)).map(drop))
        }
        "resume_request" => word(hostcalls::resume_http_request()),
        "resume_response" => word(hostcalls::resume_http_response()),
        "close" => word(hostcalls::reset_http_response()),
        "deny" => word(hostcalls::send_http_response(403, vec![], Some(b"denied"))),
        _ => return None,
    })
}

fn word(result: Result<(), Status>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(status) => format!("{status:?}"),
    }
}
