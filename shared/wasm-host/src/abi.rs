//! The host functions of proxy-wasm ABI 0.2.1, with every status as a value.
//!
//! Source: <https://github.com/proxy-wasm/spec>, "abi-versions/v0.2.1".

#![allow(unsafe_code)] // Each block is one call of the host, whose contract stands beside it.

use penstock_filter_api::PortError;
use std::ptr::null_mut;

/// A status of the host. Only zero is success.
type Status = u32;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, size: usize) -> Status;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> Status;
    fn proxy_set_tick_period_milliseconds(period: u32) -> Status;
    fn proxy_set_effective_context(context: u32) -> Status;
    fn proxy_get_buffer_bytes(
        kind: u32,
        start: usize,
        max: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> Status;
    fn proxy_set_buffer_bytes(
        kind: u32,
        start: usize,
        size: usize,
        data: *const u8,
        data_size: usize,
    ) -> Status;
    fn proxy_get_header_map_pairs(kind: u32, data: *mut *mut u8, size: *mut usize) -> Status;
    fn proxy_get_header_map_value(
        kind: u32,
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> Status;
    fn proxy_replace_header_map_value(
        kind: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> Status;
    fn proxy_remove_header_map_value(kind: u32, key: *const u8, key_size: usize) -> Status;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> Status;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> Status;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> Status;
    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        cas: u32,
    ) -> Status;
    fn proxy_continue_stream(kind: u32) -> Status;
    fn proxy_close_stream(kind: u32) -> Status;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> Status;
    fn proxy_http_call(
        cluster: *const u8,
        cluster_size: usize,
        headers: *const u8,
        headers_size: usize,
        body: *const u8,
        body_size: usize,
        trailers: *const u8,
        trailers_size: usize,
        timeout_ms: u32,
        call: *mut u32,
    ) -> Status;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        argument: *const u8,
        argument_size: usize,
        result: *mut *mut u8,
        result_size: *mut usize,
    ) -> Status;
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, id: *mut u32) -> Status;
    fn proxy_increment_metric(id: u32, by: i64) -> Status;
    fn proxy_record_metric(id: u32, value: u64) -> Status;
}

/// A buffer of the host.
#[derive(Clone, Copy)]
pub(crate) enum Buffer {
    RequestBody = 0,
    ResponseBody = 1,
    CallReply = 4,
    PluginConfiguration = 7,
}

/// A header map of the host.
#[derive(Clone, Copy)]
pub(crate) enum Map {
    RequestHeaders = 0,
    ResponseHeaders = 2,
    ResponseTrailers = 3,
    CallReplyHeaders = 6,
}

/// A direction of the stream.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Request = 0,
    Response = 1,
}

fn done(status: Status) -> Result<(), PortError> {
    match status {
        0 => Ok(()),
        1 => Err(PortError::NotFound),
        8 => Err(PortError::CasMismatch),
        _ => Err(PortError::Refused),
    }
}

/// Takes what the host allocated in this module's memory.
fn taken(status: Status, data: *mut u8, size: usize) -> Result<Vec<u8>, PortError> {
    done(status)?;
    if data.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the host got `data` from our `proxy_on_memory_allocate`, which gives out the allocation of a
    // `Vec<u8>` with this capacity, and has filled `size` bytes of it.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// Writes a line to the proxy's log at info level.
pub(crate) fn log(message: &str) {
    // SAFETY: the host copies the message before it returns.
    let _ = unsafe { proxy_log(2, message.as_ptr(), message.len()) };
}

/// Writes a line to the proxy's log at error level.
pub(crate) fn log_error(message: &str) {
    // SAFETY: as for `log`.
    let _ = unsafe { proxy_log(4, message.as_ptr(), message.len()) };
}

/// Nanoseconds since the Unix epoch; 0 if the host has no clock.
pub(crate) fn now_ns() -> u64 {
    let mut now = 0;
    // SAFETY: the host writes eight bytes to `now`.
    let _ = unsafe { proxy_get_current_time_nanoseconds(&mut now) };
    now
}

/// Sets how often the root context of the current context ticks.
pub(crate) fn tick_every(milliseconds: u32) {
    // SAFETY: no memory is passed.
    let _ = unsafe { proxy_set_tick_period_milliseconds(milliseconds) };
}

/// Makes the following calls speak of this context.
pub(crate) fn enter(context: u32) -> Result<(), PortError> {
    // SAFETY: no memory is passed.
    done(unsafe { proxy_set_effective_context(context) })
}

pub(crate) fn buffer(kind: Buffer, max: usize) -> Result<Vec<u8>, PortError> {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host writes a pointer and a size, see `taken`.
    let status = unsafe { proxy_get_buffer_bytes(kind as u32, 0, max, &mut data, &mut size) };
    taken(status, data, size)
}

pub(crate) fn replace_buffer(kind: Buffer, size: usize, with: &[u8]) -> Result<(), PortError> {
    // SAFETY: the host copies `with` before it returns.
    done(unsafe { proxy_set_buffer_bytes(kind as u32, 0, size, with.as_ptr(), with.len()) })
}

/// All fields of a map, packed.
pub(crate) fn pairs(map: Map) -> Result<Vec<u8>, PortError> {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host writes a pointer and a size, see `taken`.
    let status = unsafe { proxy_get_header_map_pairs(map as u32, &mut data, &mut size) };
    taken(status, data, size)
}

pub(crate) fn field(map: Map, name: &str) -> Result<Vec<u8>, PortError> {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host reads `name` and writes a pointer and a size, see `taken`.
    let status =
        unsafe { proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), &mut data, &mut size) };
    taken(status, data, size)
}

pub(crate) fn set_field(map: Map, name: &str, value: &str) -> Result<(), PortError> {
    // SAFETY: the host copies both before it returns.
    done(unsafe {
        proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

pub(crate) fn remove_field(map: Map, name: &str) -> Result<(), PortError> {
    // SAFETY: the host only reads `name`.
    done(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

pub(crate) fn property(path: &[&str]) -> Result<Vec<u8>, PortError> {
    let path = path.join("\0");
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host reads `path` and writes a pointer and a size, see `taken`.
    let status = unsafe { proxy_get_property(path.as_ptr(), path.len(), &mut data, &mut size) };
    taken(status, data, size)
}

pub(crate) fn set_property(path: &str, value: &[u8]) -> Result<(), PortError> {
    // SAFETY: the host copies both before it returns.
    done(unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) })
}

pub(crate) fn shared(key: &str) -> Result<(Vec<u8>, u32), PortError> {
    let (mut data, mut size, mut cas) = (null_mut(), 0, 0);
    // SAFETY: the host reads `key` and writes a pointer, a size and a token, see `taken`.
    let status = unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), &mut data, &mut size, &mut cas) };
    Ok((taken(status, data, size)?, cas))
}

pub(crate) fn share(key: &str, value: &[u8], cas: u32) -> Result<(), PortError> {
    // SAFETY: the host copies both before it returns.
    done(unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
}

pub(crate) fn resume(stream: Stream) -> Result<(), PortError> {
    // SAFETY: no memory is passed.
    done(unsafe { proxy_continue_stream(stream as u32) })
}

pub(crate) fn close(stream: Stream) -> Result<(), PortError> {
    // SAFETY: no memory is passed.
    done(unsafe { proxy_close_stream(stream as u32) })
}

pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<(), PortError> {
    let headers = pack_pairs(headers);
    let details = b"penstock";
    // SAFETY: the host copies everything before it returns. -1 is "no gRPC status".
    done(unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            -1,
        )
    })
}

/// Sends a callout; its reply comes with the token that this returns.
pub(crate) fn call(
    cluster: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    timeout_ms: u32,
) -> Result<u32, PortError> {
    let (headers, trailers, mut call) = (pack_pairs(headers), pack_pairs(&[]), 0);
    // SAFETY: the host copies everything before it returns, and writes four bytes to `call`.
    done(unsafe {
        proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            trailers.as_ptr(),
            trailers.len(),
            timeout_ms,
            &mut call,
        )
    })?;
    Ok(call)
}

/// Calls a function that this host has beside the ABI, one without argument and result.
pub(crate) fn foreign(name: &str) -> Result<(), PortError> {
    let (mut result, mut size) = (null_mut(), 0);
    // SAFETY: the host reads `name` and writes a pointer and a size, see `taken`.
    let status = unsafe {
        proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            name.as_ptr(),
            0,
            &mut result,
            &mut size,
        )
    };
    taken(status, result, size).map(|_| ())
}

fn pack_pairs(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = (pairs.len() as u32).to_le_bytes().to_vec();
    for (key, value) in pairs {
        out.extend((key.len() as u32).to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
    }
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        out.extend_from_slice(text.as_bytes());
        out.push(0);
    }
    out
}

pub(crate) fn define_metric(kind: u32, name: &str) -> Result<u32, PortError> {
    let mut id = 0;
    // SAFETY: the host reads `name` and writes four bytes to `id`.
    done(unsafe { proxy_define_metric(kind, name.as_ptr(), name.len(), &mut id) })?;
    Ok(id)
}

pub(crate) fn increment(id: u32, by: i64) {
    // SAFETY: no memory is passed.
    let _ = unsafe { proxy_increment_metric(id, by) };
}

pub(crate) fn record(id: u32, value: u64) {
    // SAFETY: no memory is passed.
    let _ = unsafe { proxy_record_metric(id, value) };
}
