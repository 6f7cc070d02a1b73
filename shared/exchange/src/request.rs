//! The request's way through the exchange: head, hold, release.

use crate::door::Verdict;
use crate::engine::Counted;
use crate::exchange::{Exchange, ResponsePhase};
use crate::host::{Fields, Flow, Host, Side};
use crate::inflate::{Coding, Inflater};
use crate::joined::Joined;
use crate::judge::Judging;
use crate::settings::OperationRule;
use penstock_filter_api::{
    Cx, Denial, Effects, Failure, Head, Headers, Mode, Need, Open, Origin, Policy, Reply, Stage,
};
use penstock_llm_api::{Api, Operation, Target, detect};
use std::borrow::Cow;

/// Where the request stands.
pub(crate) enum RequestPhase {
    /// No head yet.
    Waiting,
    /// Nobody reads it, or it is judged and has left.
    Pass,
    /// It flows on while a copy is collected.
    Observing(Vec<u8>),
    /// It waits in the proxy until all of it is there.
    Holding,
    /// All of it is here; a filter waits for a callout.
    Judging(Box<Judging>),
}

impl Exchange {
    pub(crate) fn request_headers(&mut self, end: bool, host: &mut dyn Host) -> Flow {
        self.request = RequestPhase::Pass;
        self.response = ResponsePhase::Pass;
        self.record.times.start = host.now_ns();
        let Ok(headers) = host.headers(Side::Request) else {
            return self.fail_unopened(Failure::Host, host);
        };
        let head = self.read_head(headers, host);
        let operation = head.target.operation;
        self.record.operation = operation;
        self.record.api = head.target.api;
        self.record.request_model.clone_from(&head.target.model);
        self.engine.count(Counted::Operation(operation), host);
        let settings = &self.engine.settings;
        let reads_mcp = settings.rule(Operation::Mcp) == OperationRule::Inspect;
        let ambiguous = head.target.ambiguous_path || (head.target.ambiguous_mcp && reads_mcp);
        let rule = match (settings.rule(operation), head.target.api) {
            // Of MCP only what is posted can be read; the streams of a session are none of that.
            (OperationRule::Inspect, None) if operation == Operation::Mcp => OperationRule::Pass,
            (rule, _) => rule,
        };
        self.head = Some(head);
        match rule {
            // A server that forgives more than we do would read a prompt where we saw none.
            OperationRule::Pass | OperationRule::Inspect if ambiguous => {
                self.fail_unopened(Failure::AmbiguousPath, host)
            }
            OperationRule::Pass => self.open_unread(host),
            OperationRule::Deny => {
                let denial = Denial::new(403, "operation_denied", "this operation is not allowed here");
                self.deny("exchange", &denial, host)
            }
            OperationRule::Inspect => self.open(end, host),
        }
    }

    /// What the head tells: the operation and the API, by the path or by the route's rule.
    fn read_head(&mut self, headers: Headers, host: &mut dyn Host) -> Head {
        let path = text(&headers, ":path").into_owned();
        let mut target = detect(&llm_head(&headers, &path), &self.engine.settings.custom);
        let routes = &self.engine.settings.routes;
        let known = self.engine.settings.rule(target.operation) == OperationRule::Inspect;
        let mut route = String::new();
        if known || !routes.is_empty() || self.engine.picks_routes() {
            let name = host.property(&["xds", "route_name"]).unwrap_or_default();
            route = String::from_utf8(name).unwrap_or_default();
        }
        let post = headers.first(":method") == Some(b"POST".as_slice());
        if let Some(rule) = routes.iter().find(|rule| rule.is_for(&route, &path))
            && post
            && (matches!(
                target.operation,
                Operation::Unknown | Operation::NotLlm | Operation::Generate | Operation::Embed
            ) || (target.operation, rule.api) == (Operation::Mcp, Some(Api::Mcp)))
        {
            let named = rule
                .api
                .map_or_else(|| Target::new(Operation::Generate), Target::of);
            target = Target {
                model: target.model,
                stream: target.stream,
                ..named
            };
        }
        self.record.route.clone_from(&route);
        Head {
            headers,
            target,
            route,
        }
    }

    /// Lets the plugins join.
    fn open(&mut self, end: bool, host: &mut dyn Host) -> Flow {
        let engine = self.engine.clone();
        for plugin in &engine.plugins {
            if let Some(denied) = self.join(plugin.policy(), &|head, cx| plugin.open(head, cx), host) {
                return denied;
            }
        }
        if self.joined.is_empty() {
            self.apply_headers(Side::Request, host);
            return Flow::Continue;
        }
        self.response = ResponsePhase::Waiting;
        if self.head.as_ref().is_some_and(|head| is_upgrade(&head.headers)) {
            self.apply_headers(Side::Request, host);
            return self.fail_request(Failure::Upgrade, host);
        }
        self.begin(end, host)
    }

    /// Lets the plugins join that choose where a request goes, while nobody reads it.
    pub(crate) fn open_unread(&mut self, host: &mut dyn Host) -> Flow {
        let engine = self.engine.clone();
        let pickers = engine.plugins.iter();
        for plugin in pickers.filter(|plugin| plugin.policy().stage == Stage::Route) {
            if let Some(denied) = self.join(plugin.policy(), &|head, cx| plugin.open_unread(head, cx), host) {
                return denied;
            }
        }
        if !self.joined.is_empty() {
            self.response = ResponsePhase::Unread;
        }
        self.apply_headers(Side::Request, host);
        Flow::Continue
    }

    /// Asks a plugin whether it takes part. What follows if it refuses the exchange.
    fn join(
        &mut self,
        policy: Policy,
        open: &dyn Fn(&Head, &mut Cx<'_>) -> Open,
        host: &mut dyn Host,
    ) -> Option<Flow> {
        let mut asked = Effects::default();
        let now_ns = self.record.times.start;
        let cx = &mut Cx::new(now_ns, policy.mode, host, &mut asked);
        let opened = open(self.head.as_ref()?, cx);
        self.effects.append(asked);
        match opened {
            Open::Skip => {}
            Open::Join(filter, needs) => self.joined.push(Joined::new(policy, filter, needs)),
            Open::Deny(denial) if policy.mode == Mode::Enforce => {
                return Some(self.deny(policy.name, &denial, host));
            }
            Open::Deny(denial) => self.engine.count(Counted::Would(policy.name, denial.code), host),
        }
        None
    }

    fn begin(&mut self, end: bool, host: &mut dyn Host) -> Flow {
        let need = self
            .joined
            .iter()
            .map(Joined::request_need)
            .max()
            .unwrap_or(Need::Nothing);
        let decides = need == Need::Decide && !end;
        if decides && self.engine.settings.hold_headers {
            self.request = RequestPhase::Holding;
            return Flow::Pause;
        }
        if decides {
            self.request = RequestPhase::Holding;
            // The head leaves now, so its length must not be a promise.
            let _ = host.remove_field(Fields::RequestHeaders, "content-length");
        } else if need != Need::Nothing && !end {
            self.request = RequestPhase::Observing(Vec::new());
        }
        // What a filter asks of the upstream later on, it may ask in vain of a compressed response.
        if decides || self.response_need() == Need::Decide {
            self.ask_for_plain(host);
        }
        self.apply_headers(Side::Request, host);
        Flow::Continue
    }

    /// A response that is to be edited had better not be compressed.
    fn ask_for_plain(&self, host: &mut dyn Host) {
        if self
            .head
            .as_ref()
            .is_some_and(|head| head.headers.has("accept-encoding"))
        {
            let _ = host.remove_field(Fields::RequestHeaders, "accept-encoding");
        }
    }

    pub(crate) fn request_body(&mut self, size: usize, end: bool, host: &mut dyn Host) -> Flow {
        let limit = self.engine.settings.max_request_bytes;
        match &mut self.request {
            RequestPhase::Waiting | RequestPhase::Pass => Flow::Continue,
            RequestPhase::Judging(_) => Flow::Pause,
            RequestPhase::Observing(copy) => {
                let total = copy.len().saturating_add(size);
                if total > limit {
                    return self.fail_request(Failure::RequestTooLarge, host);
                }
                if size > 0 {
                    match host.body(Side::Request, size) {
                        Ok(bytes) if copy.is_empty() => *copy = bytes,
                        Ok(bytes) => copy.extend_from_slice(&bytes),
                        Err(_) => return self.fail_request(Failure::Host, host),
                    }
                }
                if !self.hold_bytes(Side::Request, total) {
                    return self.fail_request(Failure::HeldBytes, host);
                }
                if end { self.observed(host) } else { Flow::Continue }
            }
            RequestPhase::Holding => {
                if size > limit {
                    return self.fail_request(Failure::RequestTooLarge, host);
                }
                if !self.hold_bytes(Side::Request, size) {
                    return self.fail_request(Failure::HeldBytes, host);
                }
                if end { self.held(size, host) } else { Flow::Pause }
            }
        }
    }

    pub(crate) fn request_trailers(&mut self, host: &mut dyn Host) -> Flow {
        match &self.request {
            RequestPhase::Waiting | RequestPhase::Pass => Flow::Continue,
            RequestPhase::Judging(_) => Flow::Pause,
            RequestPhase::Observing(_) => self.observed(host),
            RequestPhase::Holding => self.held(usize::MAX, host),
        }
    }

    /// All of an observed request has passed.
    fn observed(&mut self, host: &mut dyn Host) -> Flow {
        let RequestPhase::Observing(bytes) = std::mem::replace(&mut self.request, RequestPhase::Pass) else {
            return Flow::Continue;
        };
        self.judge_body(bytes, true, host)
    }

    /// The upstream answers, or the exchange ends, before the proxy has shown the end of an observed request
    /// (over HTTP/2 it may come in a frame of its own). If all of the body is here it is read now.
    pub(crate) fn observe_early(&mut self, host: &mut dyn Host) -> Flow {
        match &self.request {
            RequestPhase::Observing(copy) if self.is_whole(copy) => self.observed(host),
            RequestPhase::Waiting
            | RequestPhase::Pass
            | RequestPhase::Observing(_)
            | RequestPhase::Holding
            | RequestPhase::Judging(_) => Flow::Continue,
        }
    }

    /// Whether nothing can follow: as many bytes as the head announced, or one whole document.
    fn is_whole(&self, copy: &[u8]) -> bool {
        let announced = self
            .head
            .as_ref()
            .and_then(|head| head.headers.text("content-length"));
        match announced {
            Some(length) => length.parse() == Ok(copy.len()),
            None => {
                let mut tape = self.engine.take_tape();
                let whole = tape.parse(copy, &self.engine.settings.json).is_ok();
                self.engine.put_tape(tape);
                whole
            }
        }
    }

    /// All of a held request is there.
    fn held(&mut self, size: usize, host: &mut dyn Host) -> Flow {
        self.request = RequestPhase::Pass;
        let bytes = match host.body(Side::Request, size) {
            Ok(bytes) => bytes,
            // Headers and trailers without a body: there is no buffer to read.
            Err(_) if size == usize::MAX => Vec::new(),
            Err(_) => return self.fail_request(Failure::Host, host),
        };
        self.judge_body(bytes, false, host)
    }

    fn judge_body(&mut self, bytes: Vec<u8>, passed: bool, host: &mut dyn Host) -> Flow {
        // Nothing is said, so there is nothing to judge: the upstream may say what it thinks of that.
        if bytes.is_empty() {
            return self.release_untouched(Side::Request, host);
        }
        let Some(head) = &self.head else {
            return Flow::Continue;
        };
        let coding = Coding::of(head.headers.all("content-encoding"));
        let sent = bytes.len();
        match self.plain(bytes, coding) {
            Ok(bytes) => {
                let judging = Judging {
                    sent,
                    bytes,
                    edited: false,
                    coding,
                    next: 0,
                    call: None,
                    noted: false,
                    passed,
                };
                self.judge(Box::new(judging), None, host)
            }
            Err(failure) => self.fail_request(failure, host),
        }
    }

    pub(crate) fn plain(&self, bytes: Vec<u8>, coding: Coding) -> Result<Vec<u8>, Failure> {
        if coding == Coding::Identity || bytes.is_empty() {
            return Ok(bytes);
        }
        let mut inflater =
            Inflater::new(coding, self.engine.settings.inflate).ok_or(Failure::UnsupportedEncoding)?;
        let mut plain = Vec::new();
        inflater.push(&bytes, &mut plain)?;
        if inflater.is_complete() {
            Ok(plain)
        } else {
            Err(Failure::InvalidEncoding)
        }
    }

    /// Sends the judged request on, with its edits and an exact length.
    pub(crate) fn release_request(&mut self, judging: &Judging, host: &mut dyn Host) -> Flow {
        self.request = RequestPhase::Pass;
        self.release_bytes(Side::Request);
        if judging.passed {
            return Flow::Continue;
        }
        if judging.edited && judging.bytes.len() > self.room(judging.sent) {
            return self.fail_request(Failure::RequestTooLarge, host);
        }
        if judging.edited && self.write_request(judging, host).is_err() {
            return self.fail_request(Failure::Host, host);
        }
        if self.engine.settings.hold_headers {
            if self.usage_added || self.response_need() == Need::Decide {
                self.ask_for_plain(host);
            }
            self.apply_headers(Side::Request, host);
        }
        Flow::Continue
    }

    fn write_request(
        &self,
        judging: &Judging,
        host: &mut dyn Host,
    ) -> Result<(), penstock_filter_api::PortError> {
        host.replace_body(Side::Request, usize::MAX, &judging.bytes)?;
        if !self.engine.settings.hold_headers {
            return Ok(());
        }
        if judging.coding != Coding::Identity {
            host.remove_field(Fields::RequestHeaders, "content-encoding")?;
        }
        if self
            .head
            .as_ref()
            .is_some_and(|head| head.headers.has("content-length"))
        {
            let length = judging.bytes.len().to_string();
            host.set_field(Fields::RequestHeaders, "content-length", &length)?;
        }
        Ok(())
    }

    /// A failure on the request's way: refused, or released as it came.
    pub(crate) fn fail_request(&mut self, failure: Failure, host: &mut dyn Host) -> Flow {
        self.request = RequestPhase::Pass;
        self.usage_added = false;
        self.release_bytes(Side::Request);
        match self.fail(Side::Request, failure, host) {
            Verdict::Refuse { filter, denial } => self.deny(filter, &denial, host),
            Verdict::Bypass => self.release_untouched(Side::Request, host),
        }
    }

    /// Lets a body go as it came.
    fn release_untouched(&mut self, side: Side, host: &mut dyn Host) -> Flow {
        self.release_bytes(side);
        if self.engine.settings.hold_headers {
            if side == Side::Request && self.response_need() == Need::Decide {
                self.ask_for_plain(host);
            }
            self.apply_headers(side, host);
        }
        Flow::Continue
    }

    pub(crate) fn answer(
        &mut self,
        filter: &'static str,
        stored: &penstock_filter_api::Stored,
        host: &mut dyn Host,
    ) -> Flow {
        self.record.origin = Origin::Answer(filter);
        self.record.outcome = penstock_filter_api::Outcome::Complete;
        self.send(200, &[("content-type", &stored.content_type)], &stored.body, host)
    }

    /// Judges on, if a filter takes its time.
    pub(crate) fn prompt_tick(&mut self, host: &mut dyn Host) -> Flow {
        match std::mem::replace(&mut self.request, RequestPhase::Pass) {
            RequestPhase::Judging(judging) if judging.call.is_none() => self.judge(judging, None, host),
            other => {
                self.request = other;
                Flow::Pause
            }
        }
    }

    /// Takes the reply of a callout, if the request waits for it.
    pub(crate) fn prompt_reply(&mut self, call: u32, reply: &Reply, host: &mut dyn Host) -> Option<Flow> {
        match std::mem::replace(&mut self.request, RequestPhase::Pass) {
            RequestPhase::Judging(judging) if judging.call == Some(call) => {
                Some(self.judge(judging, Some(reply), host))
            }
            other => {
                self.request = other;
                None
            }
        }
    }
}

/// Whether the connection is to become another: Envoy gives the body callbacks of a held upgrade nothing.
fn is_upgrade(headers: &Headers) -> bool {
    headers.has("upgrade") || headers.has(":protocol")
}

/// A field as text. Bytes that are not UTF-8 must not hide the rest of it.
fn text<'a>(headers: &'a Headers, name: &str) -> Cow<'a, str> {
    String::from_utf8_lossy(headers.first(name).unwrap_or_default())
}

fn llm_head<'a>(headers: &'a Headers, path: &'a str) -> penstock_llm_api::Head<'a> {
    penstock_llm_api::Head {
        method: headers.text(":method").unwrap_or_default(),
        path,
        content_type: headers.first("content-type"),
        accept: headers.first("accept"),
        upgrade: is_upgrade(headers),
        mcp: headers.has("mcp-session-id") || headers.has("mcp-protocol-version"),
    }
}
