//! What an answer says.

use super::channels;
use super::framing;
use super::http::Message;
use super::reading::Reading;
use super::request::{Asked, unseen_warning};
use super::usage::Reported;
use super::{LIMITS, Options, coding, shape};
use penstock_llm_api::{
    Api, ApiError, Dialect, Operation, Target, Usage, Warnings, read_response, response_texts,
};
use penstock_wire::{Framing, Json, Tape};

/// Reads a response, or a body alone.
pub(super) fn understand(mut message: Message, asked: Option<&Asked>, options: &Options) -> Reading {
    let body = coding::plain(&mut message);
    let mut answer = Answer {
        status: message.status(),
        target: target(asked, options),
        asked,
        options,
        reading: Reading::new(std::mem::take(&mut message.warnings)),
        usage: Usage::default(),
        output_bytes: 0,
        complete: false,
    };
    answer.reading.operation = answer.target.operation;
    answer.reading.failed = answer.status.is_some_and(|status| status >= 400);
    if let Some(body) = body {
        answer.read_body(&body, message.header("content-type"));
    }
    answer.close()
}

/// The request's target, or what the user says.
fn target(asked: Option<&Asked>, options: &Options) -> Target {
    let target = asked.map_or_else(|| Target::new(Operation::Unknown), |asked| asked.target.clone());
    let custom = options
        .settings
        .as_ref()
        .and_then(|settings| settings.custom.first());
    match options.api {
        Some(api) if target.api != Some(api) => Target {
            custom: custom.filter(|_| api == Api::Custom).cloned(),
            ..Target::of(api)
        },
        Some(_) | None => target,
    }
}

/// An answer while it is read.
pub(super) struct Answer<'a> {
    pub(super) status: Option<u16>,
    pub(super) target: Target,
    pub(super) asked: Option<&'a Asked>,
    pub(super) options: &'a Options,
    pub(super) reading: Reading,
    pub(super) usage: Usage,
    pub(super) output_bytes: u64,
    pub(super) complete: bool,
}

impl Answer<'_> {
    fn read_body(&mut self, body: &[u8], content_type: Option<&[u8]>) {
        match self.target.operation {
            Operation::Generate | Operation::Embed | Operation::NotLlm | Operation::Unknown => {}
            other => {
                return self.note(format!(
                    "operation {}: nothing of it is metered or read",
                    other.name()
                ));
            }
        }
        if body.trim_ascii().is_empty() {
            if !self.asked.is_some_and(|asked| asked.is_head) {
                self.note("the response has no body");
            }
            return;
        }
        let streamed = self.asked.is_none_or(Asked::streams);
        let declared = self
            .target
            .framing(content_type, streamed)
            .or_else(|| framing::by_name(content_type));
        let framing = framing::of_body(body, declared);
        if framing != declared
            && content_type.is_some()
            && (framing == Some(Framing::Sse) || declared.is_some())
        {
            self.note(format!(
                "content-type does not fit: the body is {}",
                framing::name(framing)
            ));
        }
        match framing {
            Some(framing) => self.read_stream(framing, body),
            None => self.read_whole(body),
        }
    }

    fn read_whole(&mut self, body: &[u8]) {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let mut tape = Tape::new();
        if let Err(error) = tape.parse(body, &LIMITS) {
            return self.note(format!("the body cannot be read: {error}"));
        }
        let json = tape.view(body);
        let root = json.root();
        let seen = shape::of_answer(root);
        let error = shape::error(root);
        self.settle_api(seen, error.is_some());
        let target = self.target.clone();
        let told = target
            .dialect()
            .is_some_and(|dialect| self.read_document(dialect, json));
        match error {
            Some(error) if !told => self.fail(&error),
            Some(_) => {}
            None if target.api.is_none() => {
                self.reading.operation = shape::manages(root).unwrap_or(self.reading.operation);
            }
            None => {}
        }
    }

    /// Gives whether the dialect knows of an error.
    fn read_document(&mut self, dialect: Dialect<'_>, json: Json<'_>) -> bool {
        let answer = read_response(dialect, json);
        self.reading.model = answer.model;
        self.reading.finish = answer.finish;
        self.reading.texts = channels::of_answer(dialect, json);
        self.usage = answer.usage;
        self.output_bytes = answer.output_bytes;
        self.complete = answer.error.is_none();
        self.note_oddities(answer.warnings);
        let unseen = response_texts(dialect, json).unseen;
        self.reading
            .warnings
            .extend(unseen_warning(unseen.iter().map(|unseen| unseen.kind)));
        if let Some(error) = &answer.error {
            self.fail(error);
        }
        answer.error.is_some()
    }

    /// The user's word holds, then the request's path, then the answer's body, then the request's body.
    pub(super) fn settle_api(&mut self, seen: Option<Api>, is_error: bool) {
        let by_path = self.asked.is_some_and(|asked| asked.by_path) || self.options.api.is_some();
        let known = self.target.api;
        match (known, seen) {
            (Some(api), Some(seen)) if api != seen && !is_error && by_path => {
                self.note(format!(
                    "the body looks like {}, and is read as {}",
                    seen.name(),
                    api.name()
                ));
            }
            (Some(_), Some(seen)) if known != Some(seen) && !is_error => self.target = Target::of(seen),
            (None, Some(seen)) => self.target = Target::of(seen),
            (Some(_) | None, _) => {}
        }
        self.reading.api = self.target.api;
        self.reading.operation = self.target.operation;
    }

    pub(super) fn note_oddities(&mut self, warnings: Warnings) {
        if warnings.odd_usage {
            self.note("a token counter is no count and was ignored");
        }
        if warnings.too_many_channels {
            self.note("more texts at once than are told apart");
        }
    }

    /// The server reports a failure.
    pub(super) fn fail(&mut self, error: &ApiError) {
        self.reading.failed = true;
        let words = [("type", &error.kind), ("code", &error.code)];
        let words = words
            .iter()
            .filter_map(|(name, word)| word.as_ref().map(|word| format!(", {name} {word}")));
        self.note(format!(
            "the server reports an error{}",
            words.collect::<String>()
        ));
    }

    pub(super) fn note(&mut self, warning: impl Into<String>) {
        self.reading.warn(warning);
    }

    /// What follows from all of it.
    fn close(mut self) -> Reading {
        if let Some(status) = self.status.filter(|status| *status >= 400) {
            self.note(format!("status {status}: the request was refused"));
        }
        if self.reading.model.is_none() {
            self.reading.model = self.asked.and_then(Asked::model);
        }
        if let Some(api) = self.reading.api {
            self.bill(api);
        }
        if !self.reading.is_understood() {
            self.note("no answer of an API that Penstock reads: give --request or --api");
        }
        self.reading
    }

    fn bill(&mut self, api: Api) {
        // Where a server failed before the model said anything, nothing was used.
        if self.reading.failed && self.usage.is_empty() && self.output_bytes == 0 {
            return;
        }
        let reported = Reported {
            api,
            operation: self.reading.operation,
            usage: &self.usage,
            input_bytes: self.asked.map_or(0, |asked| asked.input_bytes),
            output_bytes: self.output_bytes,
            complete: self.complete,
            stream: self.reading.stream,
            finished: self.reading.finish.is_some(),
        };
        let implausible = reported.is_implausible();
        (self.reading.usage, self.reading.estimated) = reported.billed(self.options.bytes_per_token);
        if implausible {
            self.note("the reported usage is beyond belief: not used");
        }
        if self.reading.estimated {
            let input = self.reading.usage.input_tokens.is_some() || self.asked.is_some();
            let more = if input {
                ""
            } else {
                " (--request would give the input)"
            };
            self.note(format!(
                "usage is not reported in full: estimated from bytes of text{more}"
            ));
        } else if self
            .reading
            .usage
            .input_tokens
            .or(self.reading.usage.output_tokens)
            .is_none()
        {
            self.note("no usage is reported, and there is no text to estimate it from");
        }
    }
}
