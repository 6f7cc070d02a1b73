//! The proxy-wasm host: callbacks to inputs, host calls to Results.
