//! The probe's plugin.

use crate::one::{Ends, One};
use crate::poll::Poll;
use crate::script::{Header, Script};
use penstock_filter_api::{
    CallId, ConfigError, Cx, Denial, Head, Needs, Open, Plugin, Policy, Reply, RootCx, read,
};
use std::rc::Rc;

struct Probe {
    script: Rc<Script>,
    ends: Ends,
    poll: Rc<Poll>,
}

pub(crate) fn load(json: &str) -> Result<Box<dyn Plugin>, ConfigError> {
    read::<Script>(json).map(|script| {
        Box::new(Probe {
            script: Rc::new(script),
            ends: Ends::default(),
            poll: Rc::default(),
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

    fn open(&self, head: &Head, cx: &mut Cx<'_>) -> Open {
        self.poll.begin();
        self.join(head, cx)
    }

    fn open_unread(&self, head: &Head, cx: &mut Cx<'_>) -> Open {
        self.join(head, cx)
    }

    fn on_tick(&self, cx: &mut RootCx<'_>) {
        self.poll.tick(&self.script, cx);
    }

    fn on_reply(&self, _: CallId, reply: &Reply, _: &mut RootCx<'_>) {
        self.poll.reply(reply);
    }
}

impl Probe {
    fn join(&self, head: &Head, cx: &mut Cx<'_>) -> Open {
        let path = head.headers.text(":path").unwrap_or_default();
        let at = self.script.deny_head_at.as_deref();
        if self.script.deny_head || at.is_some_and(|at| path.starts_with(at)) {
            return Open::Deny(Denial {
                retry_after_s: self.script.retry_after_s,
                ..Denial::new(429, "probe_head", "the probe denies at the head")
            });
        }
        self.at_head(cx);
        if self.script.skip {
            return Open::Skip;
        }
        let needs = Needs {
            request: self.script.request,
            response: self.script.response,
        };
        let one = One::new(self.script.clone(), self.ends.clone(), self.poll.clone());
        Open::Join(Box::new(one), needs)
    }

    fn at_head(&self, cx: &mut Cx<'_>) {
        for header in &self.script.set_headers {
            match &header.value {
                Some(value) => cx.set_request_header(&header.name, value),
                None => cx.remove_request_header(&header.name),
            }
        }
        if let Some(Header { name, value }) = &self.script.set_state {
            let value = value.as_deref().unwrap_or_default();
            cx.ports().filter_state(name, value.as_bytes());
        }
        if self.script.reroute {
            cx.reroute();
        }
    }
}
