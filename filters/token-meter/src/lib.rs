//! Exact token usage, cost and latency of every model API.
