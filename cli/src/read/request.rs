//! What a request asks for.

use super::http::{Message, Start};
use super::reading::{Reading, TextBytes};
use super::usage::Reported;
use super::{LIMITS, Options, channels, coding, shape};
use penstock_llm_api::{
    Api, Dialect, Head, Operation, Request, Target, UnseenKind, detect, read_request, request_text_bytes,
    request_texts,
};
use penstock_wire::{Json, Tape};

/// A request, read.
pub(super) struct Asked {
    pub(super) target: Target,
    /// The path tells the API, not only the body.
    pub(super) by_path: bool,
    pub(super) request: Request,
    /// Bytes of text that the model reads.
    pub(super) input_bytes: u64,
    /// There is no body to a response to HEAD.
    pub(super) is_head: bool,
    texts: Vec<TextBytes>,
    warnings: Vec<String>,
}

impl Asked {
    /// Reads a request, with a head or without.
    pub(super) fn understand(mut message: Message, options: &Options) -> Self {
        let mut asked = Self {
            target: target(&message, options),
            by_path: false,
            request: Request::default(),
            input_bytes: 0,
            is_head: matches!(&message.start, Start::Request { method, .. } if method == "HEAD"),
            texts: Vec::new(),
            warnings: Vec::new(),
        };
        asked.by_path = asked.target.api.is_some();
        let body = coding::plain(&mut message);
        asked.warnings.append(&mut message.warnings);
        if let Some(body) = body.filter(|body| !body.trim_ascii().is_empty()) {
            asked.read_body(&body, &message.start, options);
        } else if asked.target.api.is_some() {
            asked.warnings.push("the request has no body".to_owned());
        }
        asked
    }

    fn read_body(&mut self, body: &[u8], start: &Start, options: &Options) {
        let readable = matches!(
            self.target.operation,
            Operation::Generate | Operation::Embed | Operation::NotLlm | Operation::Unknown
        );
        if !readable && options.api.is_none() {
            return;
        }
        let mut tape = Tape::new();
        if let Err(error) = tape.parse(body, &LIMITS) {
            return self.warnings.push(format!("the request cannot be read: {error}"));
        }
        let json = tape.view(body);
        let seen = shape::of_request(json.root());
        self.settle_api(seen, start, options);
        let target = self.target.clone();
        if let Some(dialect) = target.dialect() {
            self.read_json(dialect, json);
        }
    }

    /// The user's word holds, then the path, then the body.
    fn settle_api(&mut self, seen: Option<Api>, start: &Start, options: &Options) {
        let known = options.api.or(self.target.api);
        match (known, seen) {
            (Some(api), _) if self.target.api == Some(api) => {}
            (Some(api), _) => self.target = renamed(&self.target, api),
            (None, Some(api)) => {
                self.target = renamed(&self.target, api);
                if let Start::Request { target, .. } = start {
                    self.warnings.push(format!(
                        "no API is known at {target}: taken for {} by the body",
                        api.name()
                    ));
                }
            }
            (None, None) => {}
        }
    }

    fn read_json(&mut self, dialect: Dialect<'_>, json: Json<'_>) {
        match read_request(dialect, json) {
            Ok(request) => self.request = request,
            Err(error) => {
                self.warnings
                    .push(format!("{error}: the filters do not read such a request"));
                self.request = loosely(json);
            }
        }
        self.input_bytes = request_text_bytes(dialect, json);
        self.texts = channels::of_request(dialect, json);
        let unseen = request_texts(dialect, json).unseen;
        self.warnings
            .extend(unseen_warning(unseen.iter().map(|unseen| unseen.kind)));
    }

    /// The model that the request names, in its body or in its path.
    pub(super) fn model(&self) -> Option<String> {
        self.request.model.clone().or_else(|| self.target.model.clone())
    }

    /// Whether the answer is to be a stream.
    pub(super) fn streams(&self) -> bool {
        self.request.stream || self.target.stream == Some(true)
    }

    /// The reading of the request itself. Its usage can only be an estimate of the input.
    pub(super) fn into_reading(self, options: &Options) -> Reading {
        let mut reading = Reading::new(Vec::new());
        reading.api = self.target.api;
        reading.operation = self.target.operation;
        reading.model = self.model();
        reading.stream = self.streams();
        if let Some(api) = self.target.api {
            let reported = Reported {
                api,
                operation: Operation::Generate,
                usage: &Default::default(),
                input_bytes: self.input_bytes,
                output_bytes: 0,
                complete: false,
                stream: false,
                finished: false,
            };
            (reading.usage, reading.estimated) = reported.billed(options.bytes_per_token);
        }
        reading.texts = self.texts;
        reading.warnings = self.warnings;
        if !reading.is_understood() {
            reading.warn("no API that Penstock reads: name it with --api");
        }
        reading
    }
}

fn target(message: &Message, options: &Options) -> Target {
    let Start::Request { method, target } = &message.start else {
        return Target::new(Operation::Unknown);
    };
    let head = Head {
        method,
        path: target,
        content_type: message.header("content-type"),
        accept: message.header("accept"),
        upgrade: message.header("upgrade").is_some(),
        mcp: ["mcp-session-id", "mcp-protocol-version"]
            .iter()
            .any(|name| message.header(name).is_some()),
    };
    let (custom, routes) = match &options.settings {
        Some(settings) => (settings.custom.as_slice(), settings.routes.as_slice()),
        None => Default::default(),
    };
    let mut found = detect(&head, custom);
    let rule = routes.iter().find(|rule| rule.is_for("", target));
    let open = matches!(
        found.operation,
        Operation::Unknown | Operation::NotLlm | Operation::Generate | Operation::Embed
    );
    if let Some(api) = rule
        .filter(|_| open && method == "POST")
        .and_then(|rule| rule.api)
    {
        found = renamed(&found, api);
    }
    if options.api == Some(Api::Custom) {
        found.custom = found.custom.or_else(|| custom.first().cloned());
    }
    found
}

/// The same request, of another API.
fn renamed(target: &Target, api: Api) -> Target {
    Target {
        custom: target.custom.clone(),
        model: target.model.clone(),
        stream: target.stream,
        ..Target::of(api)
    }
}

/// Model and stream of a request that is refused as ambiguous.
fn loosely(json: Json<'_>) -> Request {
    let root = json.root();
    Request {
        model: root
            .member("model")
            .and_then(|model| model.text())
            .map(|model| model.into_owned()),
        stream: root
            .member("stream")
            .and_then(|stream| stream.as_bool())
            .unwrap_or(false),
        ..Request::default()
    }
}

/// What nobody here can read, by kind.
pub(super) fn unseen_warning(unseen: impl IntoIterator<Item = UnseenKind>) -> Option<String> {
    let mut kinds: Vec<&str> = unseen.into_iter().map(UnseenKind::name).collect();
    kinds.sort_unstable();
    kinds.dedup();
    (!kinds.is_empty()).then(|| format!("content that is no text, and is not read: {}", kinds.join(", ")))
}
