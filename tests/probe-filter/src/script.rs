//! What the probe shall do.

use penstock_filter_api::{Mode, Need, OnFailure, Stage, reads};

/// The configuration. Everything is off by default.
#[derive(Clone, Debug)]
pub struct Script {
    /// `admit`, `inspect`, `rewrite`, `reuse` or `route`.
    pub stage: Stage,
    /// `enforce`, `shadow` or `off`.
    pub mode: Mode,
    /// `closed` or `open`.
    pub on_failure: OnFailure,
    /// `nothing`, `observe` or `decide`.
    pub request: Need,
    /// The same for the response.
    pub response: Need,
    /// Raises the need of the response to `decide` when the prompt is known.
    pub decide_late: bool,
    /// Replaces words in the texts of the request.
    pub replace_prompt: Vec<Replace>,
    /// Replaces words in the texts of the response, also across frames.
    pub replace: Vec<Replace>,
    /// Holds all output of a channel until its end.
    pub hold_all: bool,
    /// Cuts the response when this word comes in its text.
    pub cut_on: Option<String>,
    /// Cuts the response when a channel has more bytes of text.
    pub cut_after_bytes: Option<u64>,
    /// Denies every exchange at its head.
    pub deny_head: bool,
    /// Denies exchanges at their head whose path begins so.
    pub deny_head_at: Option<String>,
    /// Denies a prompt with this word in it.
    pub deny_on: Option<String>,
    /// `retry-after` of denials.
    pub retry_after_s: Option<u64>,
    /// Denies every response at its head.
    pub deny_response_head: bool,
    /// Answers a prompt with this word from memory.
    pub answer_on: Option<String>,
    /// That answer.
    pub answer: String,
    /// Its content type.
    pub answer_type: String,
    /// Asks a service about the prompt.
    pub ask_prompt: Option<Ask>,
    /// Asks a service about each piece of output that has `ask_output_on` in it.
    pub ask_output: Option<Ask>,
    /// Which pieces to ask about; all that have text when empty.
    pub ask_output_on: String,
    /// Sets a request header when a word is in the prompt.
    pub route: Option<Route>,
    /// Takes part in nothing; what it does at the head holds all the same.
    pub skip: bool,
    /// Sets request headers at the head, or takes them off where they have no value, also of what passes unread
    /// (with `stage: route`).
    pub set_headers: Vec<Header>,
    /// Filter state that is set at the head.
    pub set_state: Option<Header>,
    /// Has the route chosen anew, at the head.
    pub reroute: bool,
    /// Takes these headers off the response, and trailers of these names as well, said at its head.
    pub strip: Vec<String>,
    /// Takes these trailers off the response, said once they have come.
    pub strip_late: Vec<String>,
    /// Tells the client which upstream served, as `x-served-by`.
    pub mark_served: bool,
    /// Asks a service at the tick after an exchange began, and tells the client what came of it, as `x-polled`: how many
    /// calls were sent and refused, the status, and the body or its length.
    pub poll: Option<Ask>,
    /// How often at once.
    pub poll_times: u32,
    /// Sets `x-probe` on the response head.
    pub mark_response: bool,
    /// Adds the trailer `x-probe` to the response.
    pub mark_trailer: bool,
    /// Asks the upstream for usage.
    pub ask_usage: bool,
    /// Bounds the generated tokens.
    pub cap_output: Option<u64>,
    /// Names another model.
    pub set_model: Option<String>,
    /// Panics when this word is in the prompt, to see what a dead VM does.
    pub trap_on: Option<String>,
    /// Panics when this word is in the output.
    pub trap_output_on: Option<String>,
}

reads!(struct Script { stage, mode, on_failure, request, response, decide_late, replace_prompt, replace, hold_all, cut_on, cut_after_bytes, deny_head, deny_head_at, deny_on, retry_after_s, deny_response_head, answer_on, answer, answer_type, ask_prompt, ask_output, ask_output_on, route, skip, set_headers, set_state, reroute, strip, strip_late, mark_served, poll, poll_times, mark_response, mark_trailer, ask_usage, cap_output, set_model, trap_on, trap_output_on });

/// A word and what comes in its place.
#[derive(Clone, Debug, Default)]
pub struct Replace {
    /// The word.
    pub from: String,
    /// Its replacement.
    pub to: String,
}

reads!(struct Replace { from, to } needs from, to);

/// A service to ask. It answers `allow` or `deny` in its body; anything else than 2xx is a failure.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Cluster of the service.
    pub cluster: String,
    /// How long to wait, in milliseconds.
    pub timeout_ms: u32,
}

reads!(struct Ask { cluster, timeout_ms } needs cluster, timeout_ms);

/// A header that re-routes.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// The word in the prompt.
    pub on: String,
    /// Name of the header.
    pub header: String,
    /// Its value.
    pub value: String,
}

reads!(struct Route { on, header, value } needs on, header, value);

/// A name and its value; none to take it off.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Option<String>,
}

reads!(struct Header { name, value } needs name);

impl Default for Script {
    fn default() -> Self {
        Self {
            stage: Stage::Inspect,
            mode: Mode::Enforce,
            on_failure: OnFailure::Closed,
            request: Need::Decide,
            response: Need::Decide,
            decide_late: false,
            replace_prompt: Vec::new(),
            replace: Vec::new(),
            hold_all: false,
            cut_on: None,
            cut_after_bytes: None,
            deny_head: false,
            deny_head_at: None,
            deny_on: None,
            retry_after_s: None,
            deny_response_head: false,
            answer_on: None,
            answer: String::new(),
            answer_type: "application/json".to_owned(),
            ask_prompt: None,
            ask_output: None,
            ask_output_on: String::new(),
            route: None,
            skip: false,
            set_headers: Vec::new(),
            set_state: None,
            reroute: false,
            strip: Vec::new(),
            strip_late: Vec::new(),
            mark_served: false,
            poll: None,
            poll_times: 1,
            mark_response: false,
            mark_trailer: false,
            ask_usage: false,
            cap_output: None,
            set_model: None,
            trap_on: None,
            trap_output_on: None,
        }
    }
}
