//! What a backend says of its own load, in the headers or trailers of a response.
//!
//! | carrier | form |
//! |---|---|
//! | `endpoint-load-metrics-bin` | base64 of a protobuf `xds.data.orca.v3.OrcaLoadReport` (cncf/xds) |
//! | `endpoint-load-metrics` | `TEXT k=v, k=v`, `JSON {...}` or `BIN <base64>` (Envoy's ORCA parser, vLLM, Triton) |
//! | `endpoint-load-metrics-json` | the JSON alone, as older servers send it |
//! | `x-gpu-*` | one value a header, for servers that know no ORCA; see [`REPORT_HEADERS`] |
//!
//! Reading is liberal: `=` or `:`, spaces anywhere, the form's name in any case or left out, unknown keys passed over,
//! and of values said twice (the engines of one data-parallel server) the largest. It is also guarded: a value that
//! cannot be true is left out and counted, a report over [`MAX_REPORT_BYTES`] too, and nothing panics.
//! `mem_utilization` and `x-gpu-mem-util` are known and say nothing here: servers of models claim their memory at start.
//!
//! ```
//! use penstock_cluster_picker::report::Load;
//! use penstock_filter_api::Headers;
//!
//! let value = b"TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.num_requests_waiting=2.0".to_vec();
//! let parsed = Load::from_headers(&Headers::new(vec![("endpoint-load-metrics".to_owned(), value)]));
//! let load = parsed.load.ok_or("no load")?;
//! assert_eq!((load.kv, load.waiting, parsed.ignored), (Some(0.4), Some(2.0), 0));
//! # Ok::<(), &str>(())
//! ```

mod bin;
mod load;
mod names;
mod number;
mod orca;
mod retry;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;

pub use load::Load;
pub(crate) use load::{Field, Gathered, Merge};
pub(crate) use names::{bare, field};
pub(crate) use number::number;
pub use retry::retry_after;

use load::Draining;
use penstock_filter_api::Headers;

/// Longest report that is read, in bytes; vLLM's and Triton's have about 100.
pub const MAX_REPORT_BYTES: usize = 4096;

/// The request header that asks a backend for reports, and its value. vLLM takes any case, Triton only this one.
pub const REPORT_REQUEST: (&str, &str) = ("endpoint-load-metrics-format", "text");

/// Every response header and trailer that reports load: to be taken out on the way to clients.
pub const REPORT_HEADERS: &[&str] = &[
    "endpoint-load-metrics",
    "endpoint-load-metrics-bin",
    "endpoint-load-metrics-json",
    "x-gpu-util",
    "x-gpu-mem-util",
    "x-gpu-kv-util",
    "x-gpu-queue",
    "x-gpu-running",
    "x-gpu-max-tokens",
    "x-gpu-tokens-per-second",
    "x-gpu-draining",
];

/// What the headers or trailers of one response say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The load, if at least one value of it is there.
    pub load: Option<Load>,
    /// Values and whole reports that were not readable or cannot be true.
    pub ignored: u32,
}

impl Load {
    /// Reads every report in `headers`; where they differ, the largest value counts.
    pub fn from_headers(headers: &Headers) -> Parsed {
        let mut gathered = Gathered::default();
        for (name, value) in headers.iter() {
            if name.starts_with("endpoint-load-metrics") || name.starts_with("x-gpu-") {
                read(&mut gathered, name, value);
            }
        }
        gathered.parsed()
    }
}

fn read(gathered: &mut Gathered, name: &str, value: &[u8]) {
    if value.len() > MAX_REPORT_BYTES {
        gathered.ignored += u32::from(REPORT_HEADERS.contains(&name));
        return;
    }
    match name {
        "endpoint-load-metrics" => orca::any(gathered, value),
        "endpoint-load-metrics-bin" => bin::base64(gathered, value),
        "endpoint-load-metrics-json" => orca::json(gathered, value),
        "x-gpu-util" => single(gathered, Field::Busy, value),
        "x-gpu-mem-util" => single(gathered, Field::Memory, value),
        "x-gpu-kv-util" => single(gathered, Field::Kv, value),
        "x-gpu-queue" => single(gathered, Field::Waiting, value),
        "x-gpu-running" => single(gathered, Field::Running, value),
        "x-gpu-max-tokens" => single(gathered, Field::MaxTokens, value),
        "x-gpu-tokens-per-second" => single(gathered, Field::TokensPerS, value),
        "x-gpu-draining" => gathered.drain(Draining::parse(value)),
        _ => {}
    }
}

fn single(gathered: &mut Gathered, field: Field, value: &[u8]) {
    gathered.take(field, number(value), Merge::Max);
}
