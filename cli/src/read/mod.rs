//! `penstock read`: what the engine understands of a capture.

mod answer;
mod channels;
mod chunked;
mod coding;
mod framing;
mod http;
mod reading;
mod render;
mod request;
mod shape;
mod stream;
mod usage;

pub(crate) use http::Message;
pub(crate) use usage::BytesPerToken;

use crate::args::ReadArgs;
use crate::{Console, OK, REFUSED, check, input};
use http::Start;
use penstock_exchange::Settings;
use penstock_llm_api::{Api, Target};
use penstock_wire::{Limits, Tape};
use reading::Reading;
use request::Asked;
use std::ffi::OsStr;

/// Bounds of a document. A capture is a file of one's own, so they are wider than those of the filters.
pub(crate) const LIMITS: Limits = Limits {
    max_bytes: 1 << 30,
    max_depth: 512,
    max_nodes: 50_000_000,
};

/// Runs `penstock read`.
pub(crate) fn run(args: &ReadArgs, console: &mut Console<'_>) -> u8 {
    let reading = match files(args) {
        Ok((capture, request, options)) => read(&capture, request.as_deref(), &options),
        Err(error) => return console.fail(&error),
    };
    if args.json {
        console.say(&render::json(&reading));
    } else {
        console.say(&render::human(&reading, console.out_paint));
    }
    if reading.is_understood() { OK } else { REFUSED }
}

type Files = (Vec<u8>, Option<Vec<u8>>, Options);

fn files(args: &ReadArgs) -> Result<Files, String> {
    let open = |path: &OsStr| input::read(path).map_err(|error| format!("{}: {error}", input::name(path)));
    let mut options = match &args.config {
        Some(path) => {
            check::options(&open(path)?, path).map_err(|error| format!("{}: {error}", input::name(path)))?
        }
        None => Options::default(),
    };
    options.api = args.api;
    options.bytes_per_token = args.bytes_per_token.unwrap_or(options.bytes_per_token);
    let request = args.request.as_deref().map(open).transpose()?;
    Ok((open(&args.file)?, request, options))
}

/// What the command line adds to a capture.
#[derive(Default)]
pub(crate) struct Options {
    /// The API, where the user knows better.
    pub(crate) api: Option<Api>,
    /// Custom APIs and routes of a configuration.
    pub(crate) settings: Option<Settings>,
    /// For estimates.
    pub(crate) bytes_per_token: BytesPerToken,
}

/// Reads a capture, and with it the request that it answers.
pub(crate) fn read(capture: &[u8], request: Option<&[u8]>, options: &Options) -> Reading {
    let message = parse(capture);
    if matches!(message.start, Start::Request { .. }) || (request.is_none() && is_request_body(&message)) {
        let mut reading = Asked::understand(message, options).into_reading(options);
        if request.is_some() {
            reading.warn("FILE is a request itself: --request was not used");
        }
        return reading;
    }
    let asked = request.map(parse);
    match asked {
        Some(asked) if asked.status().is_some() => {
            let mut reading = answer::understand(message, None, options);
            reading.warn("--request gives a response, not a request: not used");
            reading
        }
        asked => {
            let asked = asked.map(|asked| Asked::understand(asked, options));
            answer::understand(message, asked.as_ref(), options)
        }
    }
}

/// A capture in any of the forms in which people keep them.
fn parse(bytes: &[u8]) -> Message {
    let message = Message::parse(bytes);
    if message.start == Start::Bare {
        described(bytes).unwrap_or(message)
    } else {
        message
    }
}

/// A request as `{"method": "POST", "path": "/v1/...", "body": {...}}`.
fn described(bytes: &[u8]) -> Option<Message> {
    let mut tape = Tape::new();
    tape.parse(bytes, &LIMITS).ok()?;
    let root = tape.view(bytes).root();
    let (method, path) = (root.member("method")?.text()?, root.member("path")?.text()?);
    let body = root.member("body").filter(|body| !body.is_null());
    let body = body.map_or_else(Vec::new, |body| match body.text() {
        Some(text) => text.as_bytes().to_vec(),
        None => body.raw().as_bytes().to_vec(),
    });
    path.starts_with('/')
        .then(|| Message::request(&method, &path, body))
}

/// The body of a request, with what its head or its shape tells.
pub(crate) struct RequestBody {
    pub(crate) bytes: Vec<u8>,
    pub(crate) target: Target,
}

/// The request that a capture holds; `None` for what is none.
pub(crate) fn request_in(capture: &[u8], api: Option<Api>) -> Option<RequestBody> {
    let mut message = parse(capture);
    let known = api.is_some() || matches!(message.start, Start::Request { .. }) || is_request_body(&message);
    if !known {
        return None;
    }
    let bytes = coding::plain(&mut message)?;
    message.body.clone_from(&bytes);
    let options = Options {
        api,
        ..Options::default()
    };
    let target = Asked::understand(message, &options).target;
    Some(RequestBody { bytes, target })
}

/// Whether a body without a head is that of a request.
fn is_request_body(message: &Message) -> bool {
    let mut tape = Tape::new();
    if message.start != Start::Bare || tape.parse(&message.body, &LIMITS).is_err() {
        return false;
    }
    let root = tape.view(&message.body).root();
    let is_answer =
        shape::of_answer(root).is_some() || shape::error(root).is_some() || shape::manages(root).is_some();
    !is_answer && shape::of_request(root).is_some()
}
