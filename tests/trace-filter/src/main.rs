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
use proxy_wasm::types::{Action, BufferType, ContextType, LogLevel, MapType};
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
        Some(Box::new(Stream {
            id,
            script: BTreeMap::new(),
            counts: BTreeMap::new(),
            ticks: self.ticks.clone(),
        }))
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
        let actions = self
            .script
            .get(&numbered)
            .or_else(|| self.script.get(&format!("{callback}*")));
        let actions = actions.cloned().unwrap_or_default();
        let paused = perform(&numbered, what, &actions, buffer);
        if actions.split('+').any(|action| action == "tick") {
            self.ticks
                .borrow_mut()
                .push((self.id, self.script.get("tick").cloned().unwrap_or_default()));
        }
        if paused { Action::Pause } else { Action::Continue }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, headers: usize, _: usize, _: usize) {
        let _ = self.act(
            "reply",
            &format!("headers={}", headers > 0),
            BufferType::HttpResponseBody,
        );
    }

    fn on_done(&mut self) -> bool {
        say("done");
        true
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let script = hostcalls::get_map_value(MapType::HttpRequestHeaders, "x-script")
            .ok()
            .flatten()
            .unwrap_or_default();
        for part in script.split(';') {
            if let Some((callback, actions)) = part.trim().split_once('=') {
                self.script.insert(callback.to_owned(), actions.to_owned());
            }
        }
        self.act(
            "rqh",
            &format!("end={}", u8::from(end)),
            BufferType::HttpRequestBody,
        )
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.act(
            "rqb",
            &format!("size={size} end={}", u8::from(end)),
            BufferType::HttpRequestBody,
        )
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.act("rqt", "", BufferType::HttpRequestBody)
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        let status = hostcalls::get_map_value(MapType::HttpResponseHeaders, ":status")
            .ok()
            .flatten()
            .unwrap_or_default();
        self.act(
            "rsh",
            &format!("status={status} end={}", u8::from(end)),
            BufferType::HttpResponseBody,
        )
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.act(
            "rsb",
            &format!("size={size} end={}", u8::from(end)),
            BufferType::HttpResponseBody,
        )
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

/// What the host said to an action that is a call to it. The SDK panics on most refusals, so the functions that
/// can be refused here are called by hand.
fn result(action: &str, buffer: BufferType) -> Option<String> {
    let (name, argument) = action.split_once(':').unwrap_or((action, ""));
    Some(match name {
        "read" => match host::body(buffer) {
            Some(bytes) => format!("ok({bytes})"),
            None => REFUSED.to_owned(),
        },
        "take" => match host::body(buffer) {
            Some(bytes) => format!("{}({bytes})", word(host::set_body(buffer, b""))),
            None => REFUSED.to_owned(),
        },
        "set" => word(host::set_body(buffer, argument.as_bytes())),
        "header" => word(host::set_field(MapType::HttpResponseHeaders, "x-set", argument)),
        "request_header" => word(host::set_field(MapType::HttpRequestHeaders, "x-set", argument)),
        "trailer" => word(host::set_field(MapType::HttpResponseTrailers, "x-set", argument)),
        "see_request" => word(host::see(MapType::HttpRequestHeaders)),
        "see_response" => word(host::see(MapType::HttpResponseHeaders)),
        "call" => {
            let headers = vec![(":method", "POST"), (":path", "/judge"), (":authority", "judge")];
            let cluster = if argument.is_empty() { "judge" } else { argument };
            let call =
                hostcalls::dispatch_http_call(cluster, headers, Some(b"?"), vec![], Duration::from_secs(1));
            word(call.is_ok())
        }
        "resume_request" => word(hostcalls::resume_http_request().is_ok()),
        "resume_response" => word(hostcalls::resume_http_response().is_ok()),
        "close" => word(hostcalls::reset_http_response().is_ok()),
        "deny" => word(hostcalls::send_http_response(403, vec![], Some(b"denied")).is_ok()),
        _ => return None,
    })
}

const REFUSED: &str = "refused";

fn word(done: bool) -> String {
    if done { "ok" } else { REFUSED }.to_owned()
}

/// The host functions of the proxy-wasm ABI 0.2.1 that answer with a status.
mod host {
    use proxy_wasm::types::{BufferType, MapType};

    unsafe extern "C" {
        fn proxy_get_buffer_bytes(
            buffer: u32,
            start: usize,
            most: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> u32;
        fn proxy_set_buffer_bytes(
            buffer: u32,
            start: usize,
            size: usize,
            data: *const u8,
            data_size: usize,
        ) -> u32;
        fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
        fn proxy_replace_header_map_value(
            map: u32,
            key: *const u8,
            key_size: usize,
            value: *const u8,
            value_size: usize,
        ) -> u32;
    }

    const OK: u32 = 0;

    /// How many bytes the body has now. What the host hands over stays allocated: a trace is short.
    pub fn body(buffer: BufferType) -> Option<usize> {
        let (mut data, mut size) = (std::ptr::null_mut(), 0);
        let status = unsafe { proxy_get_buffer_bytes(buffer as u32, 0, usize::MAX, &mut data, &mut size) };
        (status == OK).then_some(size)
    }

    pub fn set_body(buffer: BufferType, with: &[u8]) -> bool {
        unsafe { proxy_set_buffer_bytes(buffer as u32, 0, usize::MAX, with.as_ptr(), with.len()) == OK }
    }

    pub fn see(map: MapType) -> bool {
        let (mut data, mut size) = (std::ptr::null_mut(), 0);
        unsafe { proxy_get_header_map_pairs(map as u32, &mut data, &mut size) == OK }
    }

    pub fn set_field(map: MapType, key: &str, value: &str) -> bool {
        let (key, value) = (key.as_bytes(), value.as_bytes());
        unsafe {
            proxy_replace_header_map_value(map as u32, key.as_ptr(), key.len(), value.as_ptr(), value.len())
                == OK
        }
    }
}
