//! The probe's plugin.

use crate::one::{Ends, One};
use crate::script::Script;
use penstock_filter_api::{ConfigError, Cx, Denial, Head, Needs, Open, Plugin, Policy, read};
use std::rc::Rc;

struct Probe {
    script: Rc<Script>,
    ends: Ends,
}

pub(crate) fn load(json: &str) -> Result<Box<dyn Plugin>, ConfigError> {
    read::<Script>(json).map(|script| {
        Box::new(Probe {
            script: Rc::new(script),
            ends: Ends::default(),
        }) as Box<dyn Plugin>
    })
}

impl Plugin for Probe {
    fn policy(&self) -> Policy {
        let script = &self.script;
        Policy {
            name: "probe",
            stage: script.stage,
            mode: script.mode,
            on_failure: script.on_failure,
        }
    }

    fn open(&self, _head: &Head, _cx: &mut Cx<'_>) -> Open {
        if self.script.deny_head {
            return Open::Deny(Denial {
                retry_after_s: self.script.retry_after_s,
                ..Denial::new(429, "probe_head", "the probe denies at the head")
            });
        }
        let needs = Needs {
            request: self.script.request,
            response: self.script.response,
        };
        Open::Join(Box::new(One::new(self.script.clone(), self.ends.clone())), needs)
    }
}
