//! The functions that the host calls, by their names in proxy-wasm ABI 0.2.1.
//!
//! Only those that Penstock has a use for: the host skips what a module does not export, and each callback that is
//! exported costs a crossing. Contexts are numbers of the host's; one that is not known here is let alone.

#![allow(unsafe_code)] // Names that the host looks for, and memory that it is given.

use crate::vm;
use penstock_exchange::{Flow, Input};

/// Tells the host which version of the ABI this module speaks.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Gives the host memory to put something into; `abi::taken` takes it back.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    let memory = Vec::<u8>::with_capacity(size);
    std::mem::ManuallyDrop::new(memory).as_mut_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    vm::create(context, parent);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(context: u32, _size: usize) -> bool {
    vm::root(context).is_some_and(|root| root.configure())
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(context: u32) {
    #[cfg(feature = "timed")]
    let timer = crate::timed::Timer::new(&Input::Tick);
    if let Some(root) = vm::root(context) {
        root.tick();
    }
    #[cfg(feature = "timed")]
    timer.log();
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, _fields: usize, end: bool) -> u32 {
    on(context, Input::RequestHeaders { end })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(context: u32, size: usize, end: bool) -> u32 {
    on(context, Input::RequestBody { size, end })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(context: u32, _fields: usize) -> u32 {
    on(context, Input::RequestTrailers)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(context: u32, _fields: usize, end: bool) -> u32 {
    on(context, Input::ResponseHeaders { end })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(context: u32, size: usize, end: bool) -> u32 {
    on(context, Input::ResponseBody { size, end })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(context: u32, _fields: usize) -> u32 {
    on(context, Input::ResponseTrailers)
}

/// The host calls it on the root, whoever sent the callout.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(
    root: u32,
    call: u32,
    fields: usize,
    body: usize,
    _trailers: usize,
) {
    if let Some(root) = vm::root(root) {
        root.reply(call, fields, body);
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(context: u32) {
    on(context, Input::End);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(context: u32) {
    vm::delete(context);
}

/// Continue is 0, Pause is 1.
fn on(context: u32, input: Input) -> u32 {
    #[cfg(feature = "timed")]
    let timer = crate::timed::Timer::new(&input);
    let flow = vm::stream(context).map(|stream| stream.on(input));
    #[cfg(feature = "timed")]
    timer.log();
    match flow {
        Some(Flow::Pause) => 1,
        Some(Flow::Continue) | None => 0,
    }
}
