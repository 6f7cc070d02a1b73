//! The response's head: who wrote it, what form its body has, and who reads it.

use crate::door::Verdict;
use crate::exchange::{Exchange, ResponsePhase, VIA_UPSTREAM};
use crate::host::{Fields, Flow, Host, Side};
use crate::inflate::{Coding, Inflater};
use crate::reading::StreamBody;
use crate::whole::WholeBody;
use penstock_filter_api::{Failure, HeadFlow, Headers, Need, Origin, Outcome, Reply};
use penstock_llm_api::Target;
use penstock_wire::Framing;

/// The form of a response body.
enum Form {
    /// One JSON document.
    Whole,
    /// Frames.
    Stream(Framing),
}

impl Exchange {
    pub(crate) fn response_headers(&mut self, end: bool, host: &mut dyn Host) -> Flow {
        match self.response {
            ResponsePhase::Waiting | ResponsePhase::Unread => {}
            // Every filter has skipped the exchange. What one asked for before holds.
            ResponsePhase::Pass => {
                self.apply_headers(Side::Response, host);
                return Flow::Continue;
            }
            ResponsePhase::Local
            | ResponsePhase::Whole(_)
            | ResponsePhase::Stream(_)
            | ResponsePhase::Cutting
            | ResponsePhase::Draining(_)
            | ResponsePhase::Done => return Flow::Continue,
        }
        if self.observe_early(host) == Flow::Pause {
            return Flow::Pause;
        }
        let Ok(headers) = host.headers(Side::Response) else {
            return self.fail_response(Failure::Host, host);
        };
        let status = headers
            .text(":status")
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        self.record.status = status;
        self.record.origin = origin(&headers, host);
        if self.record.origin == Origin::Envoy {
            return self.not_from_upstream();
        }
        if let Some(flow) = self.judge_head(&headers, host) {
            return flow;
        }
        self.record.outcome = if status < 400 {
            Outcome::Complete
        } else {
            Outcome::UpstreamError
        };
        if end || matches!(status, 204 | 304) {
            self.response = ResponsePhase::Done;
            self.apply_headers(Side::Response, host);
            return Flow::Continue;
        }
        if matches!(self.response, ResponsePhase::Unread) {
            return self.pass_response(host);
        }
        self.read_body(status, &headers, host)
    }

    /// Envoy's own answer (no upstream, timeout, body limit), or another filter's: nothing of it is ours.
    fn not_from_upstream(&mut self) -> Flow {
        self.record.outcome = if self.record.status < 500 {
            Outcome::Denied
        } else {
            Outcome::UpstreamError
        };
        self.response = ResponsePhase::Done;
        Flow::Continue
    }

    fn judge_head(&mut self, headers: &Headers, host: &mut dyn Host) -> Option<Flow> {
        let now_ns = host.now_ns();
        for index in (0..self.joined.len()).rev() {
            let joined = self.joined.get_mut(index)?;
            if joined.response_need() == Need::Nothing {
                continue;
            }
            let (name, decides) = (joined.policy.name, joined.response_need() == Need::Decide);
            let record = &self.record;
            let flow = joined.call(now_ns, host, &mut self.effects, |filter, cx| {
                filter.on_response_head(headers, record, cx)
            });
            match flow {
                HeadFlow::Next => {}
                HeadFlow::Deny(denial) if decides => return Some(self.deny(name, &denial, host)),
                HeadFlow::Deny(denial) => {
                    self.engine
                        .count(crate::engine::Counted::Would(name, denial.code), host);
                }
            }
        }
        None
    }

    fn read_body(&mut self, status: u16, headers: &Headers, host: &mut dyn Host) -> Flow {
        let coding = Coding::of(headers.all("content-encoding"));
        let decides = self.response_need() == Need::Decide;
        let form = self.form(headers);
        let failure = match (&form, coding) {
            (None, _) => Some(Failure::UnknownResponse),
            (Some(_), Coding::Other) => Some(Failure::UnsupportedEncoding),
            (Some(_), Coding::Identity | Coding::Gzip | Coding::Deflate) => None,
        };
        match (failure, form) {
            // An error page needs no reading.
            (Some(_), _) if status >= 400 => self.pass_response(host),
            (Some(failure), _) => self.fail_response(failure, host),
            (None, form) => {
                let inflater = Inflater::new(coding, self.engine.settings.inflate);
                match form {
                    Some(Form::Stream(framing)) => {
                        self.begin_stream(framing, inflater, headers, decides, host)
                    }
                    Some(Form::Whole) | None => self.begin_whole(inflater, headers, decides, host),
                }
            }
        }
    }

    fn pass_response(&mut self, host: &mut dyn Host) -> Flow {
        self.response = ResponsePhase::Pass;
        self.apply_headers(Side::Response, host);
        Flow::Continue
    }

    fn begin_stream(
        &mut self,
        framing: Framing,
        inflater: Option<Inflater>,
        headers: &Headers,
        decides: bool,
        host: &mut dyn Host,
    ) -> Flow {
        self.record.stream = true;
        let inflated = inflater.is_some();
        let strips = self.usage_added;
        if decides || strips {
            let mut stale = vec!["content-length"];
            if inflated {
                stale.extend(["content-encoding", "etag", "digest", "content-digest"]);
            }
            for name in stale.into_iter().filter(|name| headers.has(name)) {
                let _ = host.remove_field(Fields::ResponseHeaders, name);
            }
        }
        let Some(dialect) = self.dialect() else {
            return self.fail_response(Failure::Bug, host);
        };
        let mut stream = StreamBody::new(dialect, framing, inflater, self.engine.settings.max_frame_bytes);
        if decides || strips {
            stream.decide(self.deciders(), strips, dialect);
        }
        stream.pretend(self.shadows(), dialect);
        self.response = ResponsePhase::Stream(Box::new(stream));
        self.apply_headers(Side::Response, host);
        Flow::Continue
    }

    fn begin_whole(
        &mut self,
        inflater: Option<Inflater>,
        headers: &Headers,
        decides: bool,
        host: &mut dyn Host,
    ) -> Flow {
        let holds = decides && self.engine.settings.hold_headers;
        let has_length = headers.has("content-length");
        self.response = ResponsePhase::Whole(Box::new(WholeBody::new(inflater, decides, has_length)));
        if holds {
            return Flow::Pause;
        }
        if decides {
            let _ = host.remove_field(Fields::ResponseHeaders, "content-length");
        }
        self.apply_headers(Side::Response, host);
        Flow::Continue
    }

    /// One document, or frames; `None` for what is neither.
    fn form(&self, headers: &Headers) -> Option<Form> {
        let content_type = headers.first("content-type");
        let target = &self.head.as_ref()?.target;
        let by_body = self.record.api.map(Target::of);
        let target = if target.api.is_some() {
            Some(target)
        } else {
            by_body.as_ref()
        }?;
        match target.framing(content_type, self.record.stream) {
            Some(framing) => Some(Form::Stream(framing)),
            None if is_json(content_type.unwrap_or_default()) => Some(Form::Whole),
            None => None,
        }
    }

    pub(crate) fn response_body(&mut self, size: usize, end: bool, host: &mut dyn Host) -> Flow {
        match std::mem::replace(&mut self.response, ResponsePhase::Done) {
            ResponsePhase::Whole(body) => self.whole_body(body, size, end, host),
            ResponsePhase::Stream(stream) => self.stream_body(stream, size, end, host),
            ResponsePhase::Cutting => {
                let _ = host.replace_body(Side::Response, usize::MAX, b"");
                let _ = host.close();
                Flow::Pause
            }
            ResponsePhase::Draining(stream) => self.drain(stream, size, end, host),
            other => {
                self.response = other;
                Flow::Continue
            }
        }
    }

    pub(crate) fn response_trailers(&mut self, host: &mut dyn Host) -> Flow {
        self.show_trailers(host);
        match std::mem::replace(&mut self.response, ResponsePhase::Done) {
            ResponsePhase::Whole(body) => self.whole_trailers(body, host),
            ResponsePhase::Stream(stream) => self.stream_trailers(stream, host),
            ResponsePhase::Cutting => {
                let _ = host.close();
                Flow::Pause
            }
            ResponsePhase::Draining(_) | ResponsePhase::Pass | ResponsePhase::Done => Flow::Continue,
            ResponsePhase::Local => {
                self.response = ResponsePhase::Local;
                Flow::Continue
            }
            ResponsePhase::Waiting | ResponsePhase::Unread => Flow::Continue,
        }
    }

    /// A failure before any of the response was read.
    pub(crate) fn fail_response(&mut self, failure: Failure, host: &mut dyn Host) -> Flow {
        match self.fail(Side::Response, failure, host) {
            Verdict::Refuse { filter, denial } => self.deny(filter, &denial, host),
            Verdict::Bypass => self.pass_response(host),
        }
    }

    pub(crate) fn output_reply(&mut self, call: u32, reply: &Reply, host: &mut dyn Host) -> Flow {
        match std::mem::replace(&mut self.response, ResponsePhase::Done) {
            ResponsePhase::Whole(body) => self.whole_reply(body, call, reply, host),
            ResponsePhase::Stream(stream) => self.stream_reply(stream, call, reply, host),
            other => {
                self.response = other;
                Flow::Pause
            }
        }
    }
}

/// Whether an upstream wrote this response: Envoy's router says so in a header, or else its response code details do.
/// Asking for those is a host call more, and Envoy's own replies never have the header.
fn origin(headers: &Headers, host: &mut dyn Host) -> Origin {
    if headers.has("x-envoy-upstream-service-time") {
        return Origin::Upstream;
    }
    match host.property(&["response", "code_details"]).as_deref() {
        Some(VIA_UPSTREAM) => Origin::Upstream,
        _ => Origin::Envoy,
    }
}

/// Whether a body of this type is one JSON document. A server that names no type is given the benefit of the doubt.
fn is_json(content_type: &[u8]) -> bool {
    let media = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let media = media.to_ascii_lowercase();
    media.is_empty() || media == b"application/json" || media == b"text/plain" || media.ends_with(b"+json")
}
