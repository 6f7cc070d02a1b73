//! How others pick, each from its source code or paper, with the settings it comes with unless said.

mod aibrix;
mod books;
mod choose;
mod dynamo;
mod edf;
mod gie;
mod header_kv;
mod higress;
mod kv_cost;
mod latency;
mod least_request;
mod oracle;
mod orca;
mod penstock;
mod prefix_index;
mod random;
mod round_robin;
mod sglang;
mod smg;
mod vllm_router;

use crate::policy::{Picker, Policy, Setup};

pub use oracle::Oracle;

/// Our own.
pub const OURS: &str = "penstock";

/// A policy that can be asked for by name.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// As on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    make: fn(&Setup) -> Picker,
}

impl Known {
    /// A policy under that name.
    pub const fn new(name: &'static str, about: &'static str, make: fn(&Setup) -> Picker) -> Self {
        Self { name, about, make }
    }

    /// A fresh one for a run.
    pub fn picker(&self, setup: &Setup) -> Picker {
        (self.make)(setup)
    }
}

/// The policy of that name.
pub fn named(name: &str) -> Option<&'static Known> {
    known().iter().find(|policy| policy.name == name)
}

/// All policies, ours first, the oracle last.
pub fn known() -> &'static [Known] {
    const KNOWN: &[Known] = &[
        Known::new(
            OURS,
            "predicted-time cost, records shared by the workers of a gateway (ours)",
            |setup| boxed(penstock::Penstock::new(setup)),
        ),
        Known::new("rr", "round robin (Envoy, per worker)", |setup| {
            boxed(round_robin::RoundRobin::new(setup))
        }),
        Known::new("random", "random (Envoy)", |setup| {
            boxed(random::Random::new(setup))
        }),
        Known::new(
            "wrr",
            "round robin by static weights, about the true speeds",
            |setup| boxed(edf::Static::new(setup)),
        ),
        Known::new("p2c", "least request of two random choices (Envoy)", |setup| {
            boxed(least_request::TwoChoices::new(setup))
        }),
        Known::new("lr", "least request of all", |setup| {
            boxed(least_request::FullScan::new(setup))
        }),
        Known::new(
            "orca:kv",
            "weighted round robin by reports, load is the KV cache's (Envoy)",
            |setup| boxed(orca::Orca::new(setup, |report| report.kv_utilization)),
        ),
        Known::new(
            "orca:busy",
            "weighted round robin by reports, load is the busy share (Envoy)",
            |setup| boxed(orca::Orca::new(setup, |report| report.busy)),
        ),
        Known::new("pewma", "peak EWMA of two random choices (Envoy)", |setup| {
            boxed(latency::PeakEwma::new(setup))
        }),
        Known::new(
            "least_time",
            "least average latency times requests in flight (NGINX Plus)",
            |setup| boxed(latency::LeastTime::new(setup)),
        ),
        Known::new(
            "higress",
            "least mean time to first token, per worker (Higress)",
            |setup| boxed(higress::LeastFirstToken::new(setup)),
        ),
        Known::new("header_kv", "lowest KV utilization in the last header", |setup| {
            boxed(header_kv::LeastKv::new(setup))
        }),
        Known::new(
            "gie",
            "Gateway API Inference Extension, default profile",
            |setup| boxed(gie::Gie::new(setup, gie::Weights::DEFAULT)),
        ),
        Known::new(
            "gie_active",
            "the same with its active-request scorer at weight 2",
            |setup| boxed(gie::Gie::new(setup, gie::Weights::ACTIVE)),
        ),
        Known::new("sglang", "cache_aware (SGLang model gateway)", |setup| {
            boxed(sglang::CacheAware::new(setup))
        }),
        Known::new("smg", "least_load (SGLang model gateway)", |setup| {
            boxed(smg::LeastLoad::new(setup))
        }),
        Known::new("aibrix", "prefix-cache (AIBrix)", |setup| {
            boxed(aibrix::PrefixCache::new(setup))
        }),
        Known::new("dynamo", "KV router (NVIDIA Dynamo)", |setup| {
            boxed(kv_cost::KvCost::new(setup, dynamo::cost))
        }),
        Known::new("vllm", "kv_aware (vllm-router), LMetric", |setup| {
            boxed(kv_cost::KvCost::new(setup, vllm_router::cost))
        }),
        Known::new("oracle", "sees into the servers", |_| Picker::Oracle(Oracle)),
    ];
    KNOWN
}

fn boxed(policy: impl Policy + 'static) -> Picker {
    Picker::Gateway(Box::new(policy))
}
