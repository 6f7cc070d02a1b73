//! The plugin: who is picked for, and what one worker does from time to time.

use crate::books::Streams;
use crate::config::Config;
use crate::exchange::One;
use crate::metric::Metric;
use crate::quote::Ask;
use crate::random::{hash, mix};
use crate::report::REPORT_REQUEST;
use crate::state::{State, Wanted};
use penstock_filter_api::{
    CallId, ConfigError, Cx, Head, Mode, Need, Needs, Open, Plugin, Policy, Ports, PromptFlow, Reply, RootCx,
    Stage,
};
use std::cell::RefCell;
use std::rc::Rc;

/// Tokens that a request counts for whose body nobody reads.
const UNREAD_TOKENS: f64 = 16.0;

/// Builds the plugin from its configuration.
pub(crate) fn load(json: &str) -> Result<Box<dyn Plugin>, ConfigError> {
    let config = Config::parse(json)?;
    let print = hash(json.as_bytes());
    let state = RefCell::new(State::new(&config, print));
    Ok(Box::new(ClusterPicker {
        shared: Rc::new(Shared { config, print, state }),
    }))
}

struct ClusterPicker {
    shared: Rc<Shared>,
}

/// What the exchanges of one VM share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// Hash of the configuration, by which workers know that they have the same.
    print: u64,
    pub(crate) state: RefCell<State>,
}

impl Plugin for ClusterPicker {
    fn policy(&self) -> Policy {
        let Config { mode, on_failure, .. } = self.shared.config;
        Policy {
            name: "cluster_picker",
            stage: Stage::Route,
            mode,
            on_failure,
        }
    }

    fn open(&self, head: &Head, cx: &mut Cx<'_>) -> Open {
        if !self.is_wanted(head) {
            return Open::Skip;
        }
        self.begin(head, cx);
        let needs = Needs {
            request: Need::Decide,
            response: Need::Observe,
        };
        Open::Join(Box::new(One::new(Rc::clone(&self.shared))), needs)
    }

    fn open_unread(&self, head: &Head, cx: &mut Cx<'_>) -> Open {
        if !self.is_wanted(head) {
            return Open::Skip;
        }
        self.begin(head, cx);
        let mut one = One::new(Rc::clone(&self.shared));
        let ask = Ask {
            input_tokens: UNREAD_TOKENS,
            max_output_tokens: Some(0.0),
            blocks: &[],
            block_tokens: 0.0,
            streams: Streams::No,
        };
        let wanted = Wanted {
            headers: &head.headers,
            model: head.target.model.as_deref(),
            ask,
        };
        if let PromptFlow::Deny(denial) = one.pick(&wanted, cx) {
            return Open::Deny(denial);
        }
        let needs = Needs {
            request: Need::Nothing,
            response: Need::Observe,
        };
        Open::Join(Box::new(one), needs)
    }

    fn on_tick(&self, cx: &mut RootCx<'_>) {
        let state = &mut *self.shared.state.borrow_mut();
        let (config, now) = (&self.shared.config, seconds(cx.now_ns()));
        if config.mode == Mode::Off {
            return;
        }
        state.sharing.read(&mut state.picker, cx.ports(), now);
        state.sharing.write(&state.picker, cx.ports(), now);
        self.roll_back(state, cx.ports());
        let leads = state.sharing.leads(cx.ports(), now);
        if leads {
            show(state, cx.ports(), now);
        }
        if let Some(poll) = &config.poll {
            let State {
                polls,
                sharing,
                backends,
                picker,
                ..
            } = state;
            if leads {
                for backend in polls.ask(poll, backends, cx, now) {
                    state.count(Metric::PollFailed, backend, cx.ports());
                }
            } else {
                polls.read(sharing, picker, cx.ports());
            }
        }
    }

    fn on_reply(&self, call: CallId, reply: &Reply, cx: &mut RootCx<'_>) {
        let state = &mut *self.shared.state.borrow_mut();
        let now = seconds(cx.now_ns());
        let State {
            polls,
            sharing,
            picker,
            ..
        } = state;
        let Some((backend, ignored)) = polls.answer(call, reply, picker, now) else {
            return;
        };
        polls.write(sharing, picker, cx.ports());
        match ignored {
            None => state.count(Metric::PollFailed, backend, cx.ports()),
            Some(ignored) => {
                state.count(Metric::Polled, backend, cx.ports());
                state.add(Metric::ReportsIgnored, backend, ignored, cx.ports());
            }
        }
    }
}

impl ClusterPicker {
    fn is_wanted(&self, head: &Head) -> bool {
        let Config { mode, scope, .. } = &self.shared.config;
        *mode != Mode::Off && scope.has_route(&head.route) && scope.may_have_api(head.target.api)
    }

    /// Takes off what only we may say, and asks for reports.
    fn begin(&self, head: &Head, cx: &mut Cx<'_>) {
        let config = &self.shared.config;
        if head.headers.has(&config.header) {
            cx.remove_request_header(&config.header);
        }
        let (name, value) = REPORT_REQUEST;
        if config.reports.ask && head.headers.first(name) != Some(value.as_bytes()) {
            cx.set_request_header(name, value);
        }
        // The first request makes this VM's number; its id is another in every worker.
        let state = &mut *self.shared.state.borrow_mut();
        if !state.sharing.is_named() {
            let request = head.headers.first("x-request-id").map_or(0, hash);
            state.name(mix(cx.now_ns() ^ request.rotate_left(17)));
        }
    }

    /// Takes the group out that is worse than its measure, in all workers with this configuration.
    fn roll_back(&self, state: &mut State, ports: &mut dyn Ports) {
        let groups = &self.shared.config.groups;
        let Some(rollback) = groups.rollback.as_ref().filter(|_| !state.rolled_back) else {
            return;
        };
        let key = state.sharing.flag("rollback");
        let print = self.shared.print.to_le_bytes();
        let flag = ports.shared(&key).unwrap_or_default().map(|(flag, _)| flag);
        let told = flag.as_deref() == Some(print.as_slice());
        if flag.is_some_and(|flag| !flag.is_empty() && flag != print) {
            // Of a configuration before this one: should that come back, it is judged anew.
            let _ = ports.share(&key, &[], None);
        }
        state.rolled_back = told || rollback.is_due(&state.tallies);
        if state.rolled_back && !told {
            let _ = ports.share(&key, &print, None);
            let name = groups.name(rollback.group);
            state
                .metrics
                .count(Metric::Rollbacks, rollback.group, ("group", name), ports);
            ports.log(&format!(
                "cluster_picker: group {name} is worse than {} and takes no more requests",
                groups.name(rollback.to)
            ));
        }
    }
}

/// Exports the levels that all VMs agree on.
fn show(state: &mut State, ports: &mut dyn Ports, now: f64) {
    for (index, view) in state.picker.views(now).into_iter().enumerate() {
        state.record(Metric::Open, index, view.open, ports);
        state.record(Metric::Pace, index, view.pace * 1000.0, ports);
        state.record(Metric::Out, index, f64::from(u8::from(view.out)), ports);
    }
}

/// Seconds since the epoch.
pub(crate) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
