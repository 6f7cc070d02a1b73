//! `given(config)`: a proxy of one or more VMs with the picker in each; clients ask, backends answer, time passes.

use crate::ask::{headers, prompt, record};
use crate::host::FakeHost;

pub(crate) use crate::ask::{Ask, chat};

use penstock_cluster_picker::MODULE;
use penstock_filter_api::{
    CallId, Cx, Denial, Effects, Filter, Head, Headers, Open, Origin, Outcome, Plugin, Record, Reply, RootCx,
    Seen,
};
use penstock_llm_api::{Api, Operation, Target, Usage};

/// 2026-01-15T12:00:00Z, in milliseconds.
const NOON_MS: u64 = 1_768_478_400_000;

/// A proxy: its VMs share the host.
pub(crate) struct Proxy {
    pub(crate) host: FakeHost,
    pub(crate) now_ms: u64,
    vms: Vec<Box<dyn Plugin>>,
    requests: u64,
}

/// A request that went its way, or was refused.
pub(crate) struct Sent {
    /// The value of the steering header, empty where there is none.
    pub(crate) target: String,
    /// Headers set on the request or taken off it; of the response, trailers too.
    pub(crate) request: Vec<(String, Option<String>)>,
    pub(crate) response: Effects,
    pub(crate) denied: Option<Denial>,
    filter: Option<Box<dyn Filter>>,
    record: Record,
    vm: usize,
}

/// A fleet of these addresses, under more fields of the configuration.
pub(crate) fn fleet(addresses: &[&str], more: &str) -> String {
    let backend = |address: &&str| format!(r#"{{"address": "{address}"}}"#);
    let backends: Vec<String> = addresses.iter().map(backend).collect();
    format!(r#"{{"backends": [{}]{more}}}"#, backends.join(", "))
}

pub(crate) const A: &str = "10.0.0.1:8000";
pub(crate) const B: &str = "10.0.0.2:8000";
pub(crate) const C: &str = "10.0.0.3:8000";
pub(crate) const D: &str = "10.0.0.4:8000";

/// A proxy of one VM.
pub(crate) fn given(config: &str) -> Proxy {
    let mut proxy = Proxy {
        host: FakeHost::default(),
        now_ms: NOON_MS,
        vms: Vec::new(),
        requests: 0,
    };
    proxy.join(config);
    proxy
}

impl Sent {
    /// The backend that is named first.
    pub(crate) fn to(&self) -> &str {
        self.target.split(',').next().unwrap_or_default()
    }
}

impl Proxy {
    /// One more VM, with this configuration; its number.
    pub(crate) fn join(&mut self, config: &str) -> usize {
        self.vms
            .push((MODULE.load)(config).unwrap_or_else(|error| panic!("{error}")));
        self.vms.len() - 1
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    /// A client asks, and the picker decides.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Sent {
        // Workers write no oftener than this for each other.
        self.pass(1);
        self.open(ask, Target::of(Api::OpenAiChat))
    }

    /// So many ask in the same moment.
    pub(crate) fn burst(&mut self, ask: &Ask, count: usize) -> Vec<Sent> {
        (0..count)
            .map(|_| self.open(ask, Target::of(Api::OpenAiChat)))
            .collect()
    }

    /// The same of a request whose body nobody reads.
    pub(crate) fn ask_unread(&mut self, ask: &Ask) -> Sent {
        self.open(ask, Target::new(Operation::Manage))
    }

    fn open(&mut self, ask: &Ask, target: Target) -> Sent {
        self.requests += 1;
        let read = target.api.is_some();
        let mut headers = ask.headers.clone();
        headers.push(("x-request-id".to_owned(), self.requests.to_string().into_bytes()));
        let mut record = record(&target, self.now_ms);
        let head = Head {
            headers: Headers::new(headers),
            target,
            route: "llm".to_owned(),
        };
        let (plugin, mut effects) = (&self.vms[ask.vm], Effects::default());
        let mode = plugin.policy().mode;
        let mut cx = Cx::new(self.now_ms * 1_000_000, mode, &mut self.host, &mut effects);
        let opened = if read {
            plugin.open(&head, &mut cx)
        } else {
            plugin.open_unread(&head, &mut cx)
        };
        let (mut filter, mut denied) = match opened {
            Open::Skip => (None, None),
            Open::Join(filter, _) => (Some(filter), None),
            Open::Deny(denial) => (None, Some(denial)),
        };
        if let Some(filter) = filter.as_mut().filter(|_| read) {
            denied = prompt(
                filter.as_mut(),
                &head,
                &ask.written(self.requests),
                &mut record,
                &mut cx,
            );
        }
        let header = steering(&effects.request_headers);
        Sent {
            target: header,
            request: std::mem::take(&mut effects.request_headers),
            response: Effects::default(),
            denied,
            filter,
            record,
            vm: ask.vm,
        }
    }

    /// The backend at this address begins its answer.
    pub(crate) fn begins(&mut self, sent: &mut Sent, address: &str, status: u16, fields: &[(&str, &str)]) {
        self.host.property("upstream|address", address);
        sent.record.status = status;
        sent.record.origin = Origin::Upstream;
        sent.record.outcome = if status < 400 {
            Outcome::Complete
        } else {
            Outcome::UpstreamError
        };
        let headers = headers(fields);
        self.tell(sent, |filter, record, cx| {
            let _ = filter.on_response_head(&headers, record, cx);
        });
    }

    /// Text of the answer comes.
    pub(crate) fn says(&mut self, sent: &mut Sent) {
        let now = self.now_ms * 1_000_000;
        let times = &mut sent.record.times;
        if times.first_output == 0 {
            times.first_output = now;
        }
        times.last_output = now;
        self.tell(sent, |filter, record, cx| filter.observe(Seen::Event, record, cx));
    }

    pub(crate) fn trailers(&mut self, sent: &mut Sent, fields: &[(&str, &str)]) {
        let headers = headers(fields);
        self.tell(sent, |filter, record, cx| {
            filter.on_response_trailers(&headers, record, cx)
        });
    }

    /// The exchange is over.
    pub(crate) fn ends(&mut self, sent: &mut Sent) {
        sent.record.times.end = self.now_ms * 1_000_000;
        self.tell(sent, |filter, record, cx| filter.on_end(record, cx));
        sent.filter = None;
    }

    /// It ends without an answer: who wrote what the client got, and how it came to that.
    pub(crate) fn breaks(&mut self, mut sent: Sent, origin: Origin, outcome: Outcome, status: u16) {
        (sent.record.origin, sent.record.outcome, sent.record.status) = (origin, outcome, status);
        self.ends(&mut sent);
    }

    /// The backend that was named first answers: its first token after so long, and `tokens` in all at 10 ms each.
    pub(crate) fn served(&mut self, sent: Sent, first_ms: u64, tokens: u64) {
        let by = sent.to().to_owned();
        self.served_by(sent, &by, first_ms, tokens);
    }

    /// The same by a backend that the proxy chose.
    pub(crate) fn served_by(&mut self, mut sent: Sent, by: &str, first_ms: u64, tokens: u64) {
        self.pass(first_ms);
        self.begins(&mut sent, by, 200, &[]);
        self.says(&mut sent);
        self.pass(tokens * 10);
        self.used(&mut sent, tokens);
        self.ends(&mut sent);
    }

    /// Usage has come.
    pub(crate) fn used(&mut self, sent: &mut Sent, tokens: u64) {
        sent.record.usage = Usage {
            output_tokens: Some(tokens),
            ..Usage::default()
        };
    }

    /// The backend that was named first answers with this status, all but at once.
    pub(crate) fn answers(&mut self, mut sent: Sent, status: u16, fields: &[(&str, &str)]) {
        self.pass(1);
        let by = sent.to().to_owned();
        self.begins(&mut sent, &by, status, fields);
        self.ends(&mut sent);
    }

    /// A second's tick in a VM.
    pub(crate) fn tick(&mut self, vm: usize) {
        let mut sent = Vec::new();
        let mut cx = RootCx::new(self.now_ms * 1_000_000, &mut self.host, 0, &mut sent);
        self.vms[vm].on_tick(&mut cx);
    }

    /// The answer to a poll.
    pub(crate) fn polled(&mut self, vm: usize, call: CallId, status: u16, body: &str) {
        let reply = Reply {
            status,
            body: body.as_bytes().to_vec(),
        };
        let mut sent = Vec::new();
        let mut cx = RootCx::new(self.now_ms * 1_000_000, &mut self.host, 0, &mut sent);
        self.vms[vm].on_reply(call, &reply, &mut cx);
    }

    /// Backends that were named first answer them all side by side.
    pub(crate) fn serve_all(&mut self, mut sent: Vec<Sent>, first_ms: u64, tokens: u64) {
        self.pass(first_ms);
        for one in &mut sent {
            let by = one.to().to_owned();
            self.begins(one, &by, 200, &[]);
            self.says(one);
        }
        self.pass(tokens * 10);
        for one in &mut sent {
            self.used(one, tokens);
            self.ends(one);
        }
    }

    /// How many of `count` such requests go where: four at a time, each answered after 50 ms.
    pub(crate) fn spread(&mut self, ask: &Ask, count: usize) -> Vec<(String, usize)> {
        let mut spread: Vec<(String, usize)> = Vec::new();
        for begin in (0..count).step_by(4) {
            let sent: Vec<Sent> = (begin..count.min(begin + 4)).map(|_| self.ask(ask)).collect();
            for one in &sent {
                match spread.iter_mut().find(|(known, _)| known == one.to()) {
                    Some((_, seen)) => *seen += 1,
                    None => spread.push((one.to().to_owned(), 1)),
                }
            }
            self.serve_all(sent, 50, 20);
        }
        spread.sort();
        spread
    }

    fn tell(&mut self, sent: &mut Sent, tell: impl FnOnce(&mut dyn Filter, &Record, &mut Cx<'_>)) {
        let mode = self.vms[sent.vm].policy().mode;
        let now_ns = self.now_ms * 1_000_000;
        let mut cx = Cx::new(now_ns, mode, &mut self.host, &mut sent.response);
        if let Some(filter) = &mut sent.filter {
            tell(filter.as_mut(), &sent.record, &mut cx);
        }
    }
}

fn steering(headers: &[(String, Option<String>)]) -> String {
    let names = [
        "x-gateway-destination-endpoint",
        "x-penstock-cluster",
        "x-penstock-share",
        "x-to",
    ];
    let mut set = headers.iter().rev();
    let last = set.find(|(name, _)| names.contains(&name.as_str()));
    last.and_then(|(_, value)| value.clone()).unwrap_or_default()
}
