//! The conditions that policies are compared under.

use std::path::Path;

use crate::fleet;
use crate::generate;
use crate::scenario::{BlackHole, Restart, Scenario, Slo, Slowdown};
use crate::trace::Trace;

/// A trace, a fleet, and rates to play them at.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// As on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Requests a second.
    pub rates: &'static [f64],
    load: Load,
    fleet: &'static str,
    change: fn(&mut Scenario),
}

/// What arrives: a public trace by the name of its file, and what stands for it where there is none.
#[derive(Clone, Copy, Debug)]
struct Load {
    file: &'static str,
    generated: &'static str,
}

/// Azure's conversations of 2023: short prompts and answers.
const CONVERSATION: Load = Load {
    file: "azure2023_conv.csv",
    generated: "conversation",
};
/// Mooncake's conversations (FAST 2025): long prompts that begin alike.
const PREFIXES: Load = Load {
    file: "mooncake_fast25_conversation_spread3s.jsonl",
    generated: "prefix",
};

/// All conditions. Where faults are, an A100 or an H100 of the mixed fleet has them.
pub const KNOWN: &[Condition] = &[
    Condition {
        name: "mixed",
        about: "8 GPUs of four kinds, conversation",
        rates: &[20.0, 30.0, 40.0, 50.0, 60.0, 66.0],
        load: CONVERSATION,
        fleet: "het",
        change: |_| (),
    },
    Condition {
        name: "big",
        about: "32 GPUs of four kinds, conversation",
        rates: &[80.0, 160.0, 200.0, 240.0],
        load: CONVERSATION,
        fleet: "big",
        change: |_| (),
    },
    Condition {
        name: "prefix",
        about: "8 GPUs of three kinds, long prompts that begin alike",
        rates: &[3.0, 5.0, 7.0],
        load: PREFIXES,
        fleet: "long",
        change: |scenario| {
            scenario.duration = 600.0;
            scenario.max_input = 65_536;
            scenario.slo = Slo {
                ttft: 10.0,
                tpot: 0.2,
            };
        },
    },
    Condition {
        name: "homogeneous",
        about: "8 A100, conversation",
        rates: &[28.0, 36.0, 44.0],
        load: CONVERSATION,
        fleet: "homo",
        change: |_| (),
    },
    Condition {
        name: "black_hole",
        about: "mixed, an A100 refuses at once from 100 s to 200 s",
        rates: &[45.0],
        load: CONVERSATION,
        fleet: "het",
        change: |scenario| {
            scenario.black_hole = Some(BlackHole {
                backend: 4,
                from: 100.0,
                until: 200.0,
            })
        },
    },
    Condition {
        name: "restart",
        about: "mixed, an A100 loses what it holds at 100 s and is back at 130 s",
        rates: &[45.0],
        load: CONVERSATION,
        fleet: "het",
        change: |scenario| {
            scenario.restart = Some(Restart {
                backend: 4,
                from: 100.0,
                until: 130.0,
            });
        },
    },
    Condition {
        name: "slow",
        about: "mixed, an H100 is 4 times slower from 100 s to 200 s",
        rates: &[45.0],
        load: CONVERSATION,
        fleet: "het",
        change: |scenario| {
            scenario.slowdown = Some(Slowdown {
                backend: 0,
                from: 100.0,
                until: 200.0,
                factor: 4.0,
            });
        },
    },
    Condition {
        name: "gateways_4",
        about: "mixed, through 4 gateways that share nothing",
        rates: &[50.0],
        load: CONVERSATION,
        fleet: "het",
        change: |scenario| scenario.proxies = 4,
    },
    Condition {
        name: "gateways_16",
        about: "mixed, through 16 gateways that share nothing",
        rates: &[50.0],
        load: CONVERSATION,
        fleet: "het",
        change: |scenario| scenario.proxies = 16,
    },
    Condition {
        name: "unstreamed",
        about: "mixed, no answer is streamed",
        rates: &[50.0],
        load: CONVERSATION,
        fleet: "het",
        change: |scenario| scenario.streamed = 0.0,
    },
    Condition {
        name: "bursty",
        about: "mixed, seven times the rate in one second of ten",
        rates: &[20.0, 30.0, 40.0],
        load: Load {
            file: "",
            generated: "bursty",
        },
        fleet: "het",
        change: |_| (),
    },
];

/// The condition of that name.
pub fn named(name: &str) -> Result<&'static Condition, String> {
    KNOWN
        .iter()
        .find(|condition| condition.name == name)
        .ok_or_else(|| {
            let known: Vec<&str> = KNOWN.iter().map(|condition| condition.name).collect();
            format!("no condition {name:?}; there are {}", known.join(", "))
        })
}

impl Condition {
    /// The scenario at that rate.
    pub fn scenario(&self, rate: f64) -> Result<Scenario, String> {
        let mut scenario = Scenario {
            rate,
            ..Scenario::new(fleet::parse(self.fleet)?)
        };
        (self.change)(&mut scenario);
        Ok(scenario)
    }

    /// The trace, from a folder of public ones or by rule.
    pub fn trace(&self, folder: Option<&Path>) -> Result<Trace, String> {
        match folder.filter(|_| !self.load.file.is_empty()) {
            Some(folder) => Trace::read(&folder.join(self.load.file)),
            None => generate::trace(self.load.generated)
                .ok_or_else(|| format!("no trace {:?}", self.load.generated)),
        }
    }

    /// The name of its trace.
    pub fn trace_name(&self, folder: Option<&Path>) -> String {
        match folder.filter(|_| !self.load.file.is_empty()) {
            Some(_) => self.load.file.to_owned(),
            None => format!("gen:{}", self.load.generated),
        }
    }
}
