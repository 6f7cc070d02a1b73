//! What an answer says.

use super::channels::{self, Sums};
use super::framing::{self, Event};
use super::http::Message;
use super::reading::Reading;
use super::request::{Asked, unseen_warning};
use super::usage::Reported;
use super::{LIMITS, Options, coding, shape};
use penstock_llm_api::{
    Api, ApiError, Dialect, FrameReading, Operation, StreamReader, Target, Usage, Want, Warnings,
    read_response, response_texts, text_of,
};
use penstock_wire::{FrameError, Framing, Json, Tape};

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

struct Answer<'a> {
    status: Option<u16>,
    target: Target,
    asked: Option<&'a Asked>,
    options: &'a Options,
    reading: Reading,
    usage: Usage,
    output_bytes: u64,
    complete: bool,
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
            .or_else(|| by_name(content_type));
        let framing = framing::of_body(body, declared);
        if framing != declared
            && content_type.is_some()
            && (framing == Some(Framing::Sse) || declared.is_some())
        {
            self.note(format!(
                "content-type does not fit: the body is {}",
                framing_name(framing)
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

    fn read_stream(&mut self, framing: Framing, body: &[u8]) {
        let (events, error) = framing::events(framing, body);
        match error {
            Some(FrameError::Syntax) => {
                self.note("the stream is not a JSON array from some place on: read up to there")
            }
            Some(FrameError::TooLarge) => self.note("a frame of the stream is too large: read up to there"),
            None => {}
        }
        let (seen, error) = first_known(&events);
        self.settle_api(seen, error.is_some() && seen.is_none());
        let target = self.target.clone();
        match (target.dialect(), error) {
            (Some(dialect), _) => self.read_events(dialect, &events),
            (None, Some(error)) => self.fail(&error),
            (None, None) => {}
        }
        self.reading.stream = self.reading.is_understood();
    }

    fn read_events(&mut self, dialect: Dialect<'_>, events: &[Event]) {
        let mut reader = StreamReader::new(dialect, Want::Pieces);
        let (mut frame, mut tape, mut sums) = (FrameReading::default(), Tape::new(), Sums::new());
        let mut unseen = Vec::new();
        let mut unread = 0usize;
        for (number, event) in events.iter().enumerate() {
            let json = tape
                .parse(&event.payload, &LIMITS)
                .is_ok()
                .then(|| tape.view(&event.payload));
            reader.read(event.name.as_deref(), &event.payload, json, &mut frame);
            unread += usize::from(json.is_none() && !frame.end);
            unseen.extend(frame.unseen.iter().copied());
            let Some(json) = json else { continue };
            for piece in frame
                .pieces
                .iter()
                .filter(|piece| piece.scope.is_output() && channels::is_new(piece.part))
            {
                sums.add(
                    channels::of_piece(json, number, piece),
                    piece.scope,
                    text_of(json, piece.node).len(),
                );
            }
        }
        self.reading.texts = sums.into_texts();
        self.take(&reader, unread);
        self.reading.warnings.extend(unseen_warning(unseen));
    }

    /// What the reader of a stream gathered.
    fn take(&mut self, reader: &StreamReader, unread: usize) {
        self.reading.model = reader.model().map(str::to_owned);
        self.reading.finish = reader.finish();
        self.usage = reader.usage();
        self.output_bytes = reader.output_bytes();
        self.complete = reader.complete();
        self.note_oddities(reader.warnings());
        if unread > 0 {
            self.note(format!(
                "{unread} of the stream's events cannot be read as JSON: skipped"
            ));
        }
        match reader.error() {
            Some(error) => self.fail(error),
            None if !self.complete => self.note("the stream ends before its semantic end: truncated"),
            None => {}
        }
    }

    /// The user's word holds, then the request's path, then the answer's body, then the request's body.
    fn settle_api(&mut self, seen: Option<Api>, is_error: bool) {
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

    fn note_oddities(&mut self, warnings: Warnings) {
        if warnings.odd_usage {
            self.note("a token counter is no count and was ignored");
        }
        if warnings.too_many_channels {
            self.note("more texts at once than are told apart");
        }
    }

    /// The server reports a failure.
    fn fail(&mut self, error: &ApiError) {
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

    fn note(&mut self, warning: impl Into<String>) {
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

/// The API that the first telling event shows, and the first error before it.
fn first_known(events: &[Event]) -> (Option<Api>, Option<ApiError>) {
    let mut tape = Tape::new();
    let mut error = None;
    for event in events {
        if tape.parse(&event.payload, &LIMITS).is_err() {
            continue;
        }
        let root = tape.view(&event.payload).root();
        error = error.or_else(|| shape::error(root));
        if let Some(api) = shape::of_answer(root) {
            return (Some(api), error);
        }
    }
    (None, error)
}

/// The framing that a content type names by itself.
fn by_name(content_type: Option<&[u8]>) -> Option<Framing> {
    Target::new(Operation::Unknown).framing(content_type, false)
}

fn framing_name(framing: Option<Framing>) -> &'static str {
    match framing {
        Some(Framing::Sse) => "a stream of server-sent events",
        Some(Framing::Ndjson) => "a stream of JSON lines",
        Some(Framing::JsonArray) => "a JSON array",
        None => "one JSON document",
    }
}
