//! A wasm module that reads all headers and both bodies and does nothing with them: it holds the request until it
//! has it whole, and reads the response chunk by chunk. What it costs is the least that a filter must cost that
//! knows what was said.

use proxy_wasm::hostcalls::{get_buffer, get_map_bytes};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, MapType};
use std::hint::black_box;

fn main() {
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root) });
}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }
}

struct Stream;

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, end: bool) -> Action {
        let _ = black_box(get_map_bytes(MapType::HttpRequestHeaders));
        if end { Action::Continue } else { Action::Pause }
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !end {
            return Action::Pause;
        }
        let _ = black_box(get_buffer(BufferType::HttpRequestBody, 0, size));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        let _ = black_box(get_map_bytes(MapType::HttpResponseHeaders));
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, _end: bool) -> Action {
        if size > 0 {
            let _ = black_box(get_buffer(BufferType::HttpResponseBody, 0, size));
        }
        Action::Continue
    }
}
