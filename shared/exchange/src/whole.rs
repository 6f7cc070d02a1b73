//! A response that is one JSON document.

use crate::arguments;
use crate::door::Verdict;
use crate::exchange::{Exchange, ResponsePhase};
use crate::host::{Fields, Flow, Host, Side};
use crate::inflate::Inflater;
use crate::judge::json_failure;
use crate::pipeline::{Item, ItemText, Pipeline, Scene, Stop};
use crate::release::Refused;
use penstock_filter_api::{Denial, Failure, Outcome, Reply, Seen};
use penstock_llm_api::{ChannelId, Dialect, Part, Texts, read_response, response_texts, text_of};
use penstock_wire::{Json, JsonEdits, Kind, Tape, Value};

/// Where the reading of a whole response stands.
pub(crate) struct WholeBody {
    /// Bytes as they came, for observers; those of deciders stay in the proxy.
    copy: Vec<u8>,
    inflater: Option<Inflater>,
    /// Size of the body as it came, so far.
    sent: usize,
    decides: bool,
    has_length: bool,
    ended: bool,
    judging: Option<Pipeline>,
}

impl WholeBody {
    pub(crate) fn new(inflater: Option<Inflater>, decides: bool, has_length: bool) -> Self {
        Self {
            copy: Vec::new(),
            inflater,
            sent: 0,
            decides,
            has_length,
            ended: false,
            judging: None,
        }
    }

    fn plain(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let Some(inflater) = &mut self.inflater else {
            return Ok(bytes);
        };
        let mut plain = Vec::new();
        inflater.push(&bytes, &mut plain)?;
        if inflater.is_complete() {
            Ok(plain)
        } else {
            Err(Failure::InvalidEncoding)
        }
    }
}

impl Exchange {
    pub(crate) fn whole_body(
        &mut self,
        mut body: Box<WholeBody>,
        size: usize,
        end: bool,
        host: &mut dyn Host,
    ) -> Flow {
        if body.judging.is_some() {
            self.response = ResponsePhase::Whole(body);
            return Flow::Pause;
        }
        let total = body.copy.len().saturating_add(size);
        let inflating = body.inflater.as_ref().map_or(0, |_| Inflater::STATE_BYTES);
        if total > self.engine.settings.max_response_bytes {
            return self.fail_whole(&body, Failure::ResponseTooLarge, host);
        }
        if !self.hold_bytes(Side::Response, total.saturating_add(inflating)) {
            return self.fail_whole(&body, Failure::HeldBytes, host);
        }
        body.sent = total;
        let takes = size > 0 && (!body.decides || end);
        if takes {
            match host.body(Side::Response, size) {
                Ok(bytes) if body.copy.is_empty() => body.copy = bytes,
                Ok(bytes) => body.copy.extend_from_slice(&bytes),
                Err(_) => return self.fail_whole(&body, Failure::Host, host),
            }
        }
        if end {
            return self.read_whole(body, host);
        }
        let flow = if body.decides { Flow::Pause } else { Flow::Continue };
        self.response = ResponsePhase::Whole(body);
        flow
    }

    pub(crate) fn whole_trailers(&mut self, mut body: Box<WholeBody>, host: &mut dyn Host) -> Flow {
        if body.judging.is_some() {
            self.response = ResponsePhase::Whole(body);
            return Flow::Pause;
        }
        if body.decides {
            // Without a body there is no buffer to read.
            body.copy = host.body(Side::Response, usize::MAX).unwrap_or_default();
            body.sent = body.copy.len();
        }
        self.read_whole(body, host)
    }

    /// All of it is there.
    fn read_whole(&mut self, mut body: Box<WholeBody>, host: &mut dyn Host) -> Flow {
        body.ended = true;
        let copy = std::mem::take(&mut body.copy);
        if copy.is_empty() {
            self.response = ResponsePhase::Done;
            return self.release_whole(&body, None, host);
        }
        let bytes = match body.plain(copy) {
            Ok(bytes) => bytes,
            Err(failure) => return self.fail_whole(&body, failure, host),
        };
        let engine = self.engine.clone();
        let mut tape = engine.take_tape();
        let flow = match tape.parse(&bytes, &engine.settings.json) {
            Ok(()) => self.judge_whole(body, bytes, &tape, host),
            Err(_) if self.record.status >= 400 => self.release_whole(&body, None, host),
            Err(error) => {
                self.record.outcome = Outcome::Truncated;
                let failure = match json_failure(error.kind) {
                    Failure::RequestTooLarge => Failure::ResponseTooLarge,
                    failure => failure,
                };
                self.fail_whole(&body, failure, host)
            }
        };
        engine.put_tape(tape);
        flow
    }

    fn judge_whole(
        &mut self,
        mut body: Box<WholeBody>,
        bytes: Vec<u8>,
        tape: &Tape,
        host: &mut dyn Host,
    ) -> Flow {
        let json = tape.view(&bytes);
        let Some(dialect) = self.dialect() else {
            return self.fail_whole(&body, Failure::Bug, host);
        };
        let answer = read_response(dialect, json);
        let (deciders, shadows) = (self.deciders(), self.shadows());
        let item = (body.decides || !shadows.is_empty()).then(|| whole_item(dialect, json));
        if answer.error.is_some() {
            self.record.outcome = Outcome::UpstreamError;
        }
        self.record.usage = answer.usage;
        self.record.finish = answer.finish;
        self.record.output_text_bytes = answer.output_bytes;
        self.record.service_tier = answer.service_tier;
        self.record.response_model = answer.model;
        self.show(|| Seen::Answer, host);
        let Some(mut item) = item else {
            return self.release_whole(&body, None, host);
        };
        if !shadows.is_empty() {
            let mut shadow = Pipeline::shadow(shadows, usize::MAX);
            shadow.bring([item.clone()]);
            self.pretend(&mut shadow, host);
        }
        if !body.decides {
            return self.release_whole(&body, None, host);
        }
        item.raw = bytes;
        let mut pipeline = Pipeline::new(deciders, usize::MAX);
        pipeline.bring([item]);
        body.judging = Some(pipeline);
        self.run_whole(body, host, Pipeline::run)
    }

    pub(crate) fn whole_reply(
        &mut self,
        body: Box<WholeBody>,
        call: u32,
        reply: &Reply,
        host: &mut dyn Host,
    ) -> Flow {
        self.run_whole(body, host, |pipeline, scene| pipeline.reply(call, reply, scene))
    }

    fn run_whole(
        &mut self,
        mut body: Box<WholeBody>,
        host: &mut dyn Host,
        step: impl FnOnce(&mut Pipeline, &mut Scene<'_>) -> Result<(), Stop>,
    ) -> Flow {
        let Some(mut pipeline) = body.judging.take() else {
            return self.fail_whole(&body, Failure::Bug, host);
        };
        if let Err(Refused { filter, denial }) = self.run_pipeline(&mut pipeline, host, step) {
            return self.deny_whole(&body, filter, &denial, host);
        }
        match pipeline.take().pop() {
            Some(item) => self.release_whole(&body, Some(item), host),
            None if !self.hold_bytes(Side::Response, body.sent.saturating_add(pipeline.held_bytes())) => {
                self.fail_whole(&body, Failure::HeldBytes, host)
            }
            None => {
                body.judging = Some(pipeline);
                self.response = ResponsePhase::Whole(body);
                Flow::Pause
            }
        }
    }

    /// Lets the response go: with the item's edits, if it has any.
    fn release_whole(&mut self, body: &WholeBody, item: Option<Item>, host: &mut dyn Host) -> Flow {
        self.response = ResponsePhase::Done;
        self.release_bytes(Side::Response);
        if let Some(item) = item.filter(Item::is_edited) {
            let Ok(bytes) = edited(&item.raw, &item, &self.engine.settings.json) else {
                return self.fail_whole(body, Failure::Bug, host);
            };
            if bytes.len() > self.room(body.sent) {
                return self.fail_whole(body, Failure::ResponseTooLarge, host);
            }
            // A head that has left cannot take back what it says of the encoding.
            if body.inflater.is_some() && !self.engine.settings.hold_headers {
                return self.fail_whole(body, Failure::UnsupportedEncoding, host);
            }
            if self.write_whole(body, &bytes, host).is_err() {
                return self.fail_whole(body, Failure::Host, host);
            }
        }
        if body.decides && self.engine.settings.hold_headers {
            self.apply_headers(Side::Response, host);
        }
        self.apply_trailers(host);
        Flow::Continue
    }

    fn write_whole(
        &self,
        body: &WholeBody,
        bytes: &[u8],
        host: &mut dyn Host,
    ) -> Result<(), penstock_filter_api::PortError> {
        host.replace_body(Side::Response, usize::MAX, bytes)?;
        if !self.engine.settings.hold_headers {
            return Ok(());
        }
        if body.inflater.is_some() {
            for name in ["content-encoding", "etag", "digest", "content-digest"] {
                let _ = host.remove_field(Fields::ResponseHeaders, name);
            }
        }
        if body.has_length {
            host.set_field(
                Fields::ResponseHeaders,
                "content-length",
                &bytes.len().to_string(),
            )?;
        }
        Ok(())
    }

    fn fail_whole(&mut self, body: &WholeBody, failure: Failure, host: &mut dyn Host) -> Flow {
        self.release_bytes(Side::Response);
        match self.fail(Side::Response, failure, host) {
            Verdict::Refuse { filter, denial } => self.deny_whole(body, filter, &denial, host),
            Verdict::Bypass => {
                self.response = if body.ended {
                    ResponsePhase::Done
                } else {
                    ResponsePhase::Pass
                };
                if body.decides && self.engine.settings.hold_headers {
                    self.apply_headers(Side::Response, host);
                }
                Flow::Continue
            }
        }
    }

    /// Refuses in place of a whole response: by a reply while its head is held, else by ending it.
    fn deny_whole(
        &mut self,
        body: &WholeBody,
        filter: &'static str,
        denial: &Denial,
        host: &mut dyn Host,
    ) -> Flow {
        self.release_bytes(Side::Response);
        if body.decides && self.engine.settings.hold_headers {
            return self.deny(filter, denial, host);
        }
        self.name_cut(filter, denial, host);
        let _ = host.replace_body(Side::Response, usize::MAX, b"");
        let _ = host.close();
        Flow::Pause
    }

    /// Runs a step of the pipeline. A filter that fails is bypassed, or refuses.
    pub(crate) fn run_pipeline(
        &mut self,
        pipeline: &mut Pipeline,
        host: &mut dyn Host,
        step: impl FnOnce(&mut Pipeline, &mut Scene<'_>) -> Result<(), Stop>,
    ) -> Result<(), Refused> {
        let mut result = self.in_scene(host, |scene| step(pipeline, scene));
        loop {
            let (joined, failure) = match result {
                Ok(()) => return Ok(()),
                Err(Stop::Cut { filter, denial }) => return Err(Refused { filter, denial }),
                Err(Stop::Failed { joined, failure }) => (joined, failure),
            };
            match self.fail_one(Side::Response, joined, failure, host) {
                Verdict::Refuse { filter, denial } => return Err(Refused { filter, denial }),
                Verdict::Bypass => result = self.in_scene(host, |scene| pipeline.bypass(joined, scene)),
            }
        }
    }

    /// Lets filters in shadow mode judge the copies they were brought. What they say is counted.
    pub(crate) fn pretend(&mut self, pipeline: &mut Pipeline, host: &mut dyn Host) {
        // A filter in shadow mode refuses nothing.
        let _ = self.run_pipeline(pipeline, host, Pipeline::run);
        pipeline.take();
    }

    /// Lends the pipeline what it may touch.
    pub(crate) fn in_scene<T>(&mut self, host: &mut dyn Host, body: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        let now_ns = host.now_ns();
        body(&mut Scene {
            now_ns,
            engine: &self.engine,
            joined: &mut self.joined,
            host,
            effects: &mut self.effects,
        })
    }
}

/// The texts of a whole response, without its bytes.
fn whole_item(dialect: Dialect<'_>, json: Json<'_>) -> Item {
    let Texts {
        texts,
        logprobs,
        arguments,
        ..
    } = response_texts(dialect, json);
    let texts = texts.iter().enumerate().map(|(number, text)| ItemText {
        channel: ChannelId(number as u32),
        message: text.message,
        index: text.index,
        scope: text.scope,
        encoding: text.encoding,
        part: match text.part {
            Part::Delta | Part::Whole => Part::Whole,
            Part::Repeat => Part::Repeat,
            Part::Echo => Part::Echo,
        },
        signed: text.signed,
        last: true,
        node: Some(text.node),
        text: text_of(json, text.node).into_owned(),
        edited: false,
        is_value: false,
        repeats: None,
    });
    let mut item = Item {
        texts: texts.collect(),
        logprobs,
        ..Item::default()
    };
    arguments::insert(&mut item, &arguments, json);
    item
}

/// The document with the item's edited texts, and the engine's own edits.
pub(crate) fn edited(
    document: &[u8],
    item: &Item,
    limits: &penstock_wire::Limits,
) -> Result<Vec<u8>, Failure> {
    let mut tape = Tape::new();
    tape.parse(document, limits).map_err(|_| Failure::Bug)?;
    let json = tape.view(document);
    let mut edits = item.edits.clone();
    for text in item.texts.iter().filter(|text| text.edited) {
        let Some(node) = text.node else { continue };
        write(&mut edits, json.value(node), text)?;
    }
    if item.texts.iter().any(|text| text.edited) {
        for node in &item.logprobs {
            edits.replace(*node, "null");
        }
    }
    edits.apply(json).map_err(|_| Failure::Bug)
}

/// Puts an edited text in the place of its node.
pub(crate) fn write(edits: &mut JsonEdits, value: Value<'_>, text: &ItemText) -> Result<(), Failure> {
    let node = value.id();
    match value.kind() {
        Kind::String if text.is_value => edits.replace(node, &text.text),
        Kind::String | Kind::Key => {
            let length = value.text().map_or(0, |text| text.len());
            edits.replace_text(node, 0..length, &text.text);
        }
        Kind::Number | Kind::Null | Kind::Bool | Kind::Array | Kind::Object => {
            let mut raw = Vec::new();
            penstock_wire::write_string(&mut raw, &text.text);
            edits.replace(node, std::str::from_utf8(&raw).map_err(|_| Failure::Bug)?);
        }
    }
    Ok(())
}
