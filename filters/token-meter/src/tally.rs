//! What an exchange is charged for: usage as reported, or an estimate where the report is missing.

use crate::ratio::Ratio;
use penstock_filter_api::{Origin, Outcome, Record};
use penstock_llm_api::{Api, Operation, Usage};

/// Most tokens of one exchange that are believed, in and out each: three times the longest context
/// window on sale. A counter cannot be turned back, so a larger report is replaced by an estimate.
const MAX_TOKENS: u64 = 1 << 25;

/// What becomes of an exchange on the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// No model worked for it.
    Nothing,
    /// A model worked for it, but neither a report nor text tells how much.
    Unknown(Reason),
    /// As the upstream reported.
    Exact(Tally),
    /// At least one side is an estimate.
    Estimated(Tally, Reason),
}

impl Charge {
    /// The tokens, where there are any to count.
    pub(crate) fn tally(&self) -> Option<&Tally> {
        match self {
            Self::Nothing | Self::Unknown(_) => None,
            Self::Exact(tally) | Self::Estimated(tally, _) => Some(tally),
        }
    }

    /// Why it is no exact report, if it is none.
    pub(crate) fn estimated(&self) -> Option<Reason> {
        match self {
            Self::Nothing | Self::Unknown(_) | Self::Exact(_) => None,
            Self::Estimated(_, reason) => Some(*reason),
        }
    }
}

/// Why usage is not as reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The response ended before the report.
    Ended(Outcome),
    /// The response is complete and has no report, or half of one.
    NotReported,
    /// The report is beyond belief.
    Implausible,
}

impl Reason {
    /// Label value.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ended(outcome) => outcome.name(),
            Self::NotReported => "not_reported",
            Self::Implausible => "implausible",
        }
    }
}

/// Tokens of one exchange. `input` and `output` are totals; the other fields are parts of them that
/// do not overlap, so that no token is paid for twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) cache_write_5m: u64,
    pub(crate) cache_write_1h: u64,
    pub(crate) audio_input: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
    pub(crate) audio_output: u64,
}

impl Tally {
    /// Splits totals by the parts that were reported. Parts that exceed their total are cut, in the
    /// order in which they are read here.
    fn new(input: u64, output: u64, usage: &Usage) -> Self {
        let mut left = input;
        let cached = part(usage.cached_tokens, &mut left);
        let mut writes = part(usage.cache_creation_tokens, &mut left);
        let cache_write_1h = part(usage.cache_creation_1h_tokens, &mut writes);
        let audio_input = part(usage.input_audio_tokens, &mut left);
        let mut left = output;
        let reasoning = part(usage.reasoning_tokens, &mut left);
        let audio_output = part(usage.output_audio_tokens, &mut left);
        let cache_write_5m = writes;
        Self {
            input,
            cached,
            cache_write_5m,
            cache_write_1h,
            audio_input,
            output,
            reasoning,
            audio_output,
        }
    }

    /// Written to a prompt cache, for whatever time.
    pub(crate) fn cache_creation(&self) -> u64 {
        self.cache_write_5m + self.cache_write_1h
    }

    /// Input at the plain price.
    pub(crate) fn text_input(&self) -> u64 {
        self.input - self.cached - self.cache_creation() - self.audio_input
    }

    /// Output at the plain price.
    pub(crate) fn text_output(&self) -> u64 {
        self.output - self.reasoning - self.audio_output
    }

    /// Input and output.
    pub(crate) fn total(&self) -> u64 {
        self.input + self.output
    }
}

fn part(reported: Option<u64>, left: &mut u64) -> u64 {
    let part = reported.unwrap_or(0).min(*left);
    *left -= part;
    part
}

/// Usage as far as it was reported by now, if it is the whole of it.
pub(crate) fn reported(record: &Record) -> Option<Tally> {
    let Usage {
        input_tokens,
        output_tokens,
        ..
    } = record.usage;
    let nothing = (record.operation == Operation::Embed).then_some(0);
    let output_tokens = output_tokens.or(nothing);
    let (input, output) = (input_tokens.filter(believed)?, output_tokens.filter(believed)?);
    Some(Tally::new(input, output, &record.usage))
}

/// Decides what an exchange is charged for.
pub(crate) fn charge(record: &Record, ratio: &Ratio) -> Charge {
    if !worked(record) {
        return Charge::Nothing;
    }
    let (input, output) = (input(record, ratio), output(record, ratio));
    let tally = Tally::new(input.tokens(), output.tokens(), &record.usage);
    match (input, output) {
        (Side::Reported(_), Side::Reported(_)) => Charge::Exact(tally),
        (Side::Unknown | Side::Estimated(_), _) | (_, Side::Unknown | Side::Estimated(_)) => {
            let reason = reason(record);
            if tally.total() == 0 {
                Charge::Unknown(reason)
            } else {
                Charge::Estimated(tally, reason)
            }
        }
    }
}

/// Whether a model worked for this exchange, as far as anything shows it.
fn worked(record: &Record) -> bool {
    let shown = !record.usage.is_empty() || record.output_text_bytes > 0;
    match record.origin {
        Origin::Answer(_) | Origin::Envoy => false,
        // A refusal of the response comes after the model has done its work.
        Origin::Nobody | Origin::Denied(_) => shown,
        Origin::Upstream => shown || (accepted(record) && record.outcome != Outcome::UpstreamError),
    }
}

fn accepted(record: &Record) -> bool {
    (200..300).contains(&record.status)
}

#[derive(Clone, Copy)]
enum Side {
    Reported(u64),
    Estimated(u64),
    Unknown,
}

impl Side {
    fn tokens(self) -> u64 {
        match self {
            Self::Reported(tokens) | Self::Estimated(tokens) => tokens,
            Self::Unknown => 0,
        }
    }

    fn estimate(tokens: u64) -> Self {
        if tokens == 0 {
            Self::Unknown
        } else {
            Self::Estimated(tokens.min(MAX_TOKENS))
        }
    }
}

fn input(record: &Record, ratio: &Ratio) -> Side {
    let reported = record.usage.input_tokens.filter(believed).map(Side::Reported);
    reported.unwrap_or_else(|| Side::estimate(ratio.input.tokens(record.input_text_bytes)))
}

fn output(record: &Record, ratio: &Ratio) -> Side {
    let reported = record.usage.output_tokens;
    if record.operation == Operation::Embed {
        return Side::Reported(reported.filter(believed).unwrap_or(0));
    }
    let estimate = ratio.output.tokens(record.output_text_bytes);
    match reported {
        Some(tokens) if !believed(&tokens) => Side::estimate(estimate),
        Some(tokens) if is_placeholder(record) && tokens < estimate => Side::estimate(estimate),
        Some(tokens) => Side::Reported(tokens),
        // A report without output, of a response without text, says that there was none.
        None if estimate == 0 && record.outcome == Outcome::Complete && !record.usage.is_empty() => {
            Side::Reported(0)
        }
        None => Side::estimate(estimate),
    }
}

/// Anthropic's `message_start` counts the first output tokens; the count of all of them comes with
/// the reason of the stop (<https://docs.anthropic.com/en/api/messages-streaming>).
fn is_placeholder(record: &Record) -> bool {
    record.api == Some(Api::AnthropicMessages) && record.stream && record.finish.is_none()
}

/// Whether a report may be true.
pub(crate) fn believed(tokens: &u64) -> bool {
    *tokens <= MAX_TOKENS
}

fn reason(record: &Record) -> Reason {
    let totals = [record.usage.input_tokens, record.usage.output_tokens];
    if totals.into_iter().flatten().any(|tokens| !believed(&tokens)) {
        return Reason::Implausible;
    }
    match record.outcome {
        Outcome::Complete => Reason::NotReported,
        ended @ (Outcome::Denied
        | Outcome::Cut
        | Outcome::Cancelled
        | Outcome::UpstreamError
        | Outcome::Truncated) => Reason::Ended(ended),
    }
}
