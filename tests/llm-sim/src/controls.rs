//! What a test asks the simulator to do, as `key=value; key=value` in the `x-sim` header or on the command line.

use std::fmt;
use std::time::Duration;

use crate::values::{
    parse_chunk, parse_content, parse_failure, parse_gzip, parse_ms, parse_orca, parse_ping, parse_reset,
    parse_style, parse_switch, parse_usage, percent_decode,
};

/// Most tokens one answer may have.
const MAX_TOKENS: u64 = 200_000;

#[derive(Clone, Debug, PartialEq)]
pub struct Controls {
    /// Text tokens of each choice; the seed decides when absent.
    pub out: Option<u64>,
    /// Total input tokens; counted from the request when absent.
    pub input: Option<u64>,
    pub reason: u64,
    pub cached: u64,
    pub cache_write: u64,
    pub cache_write_1h: u64,
    pub tool: u32,
    /// Input tokens that came from tool results, which Gemini counts apart.
    pub tool_prompt: u64,
    pub ttft: Duration,
    pub tpot: Duration,
    pub error: Option<Failure>,
    pub error_at: Option<u64>,
    pub reset: Option<Reset>,
    pub truncate: Option<u64>,
    /// After so many deltas nothing more comes, and no end.
    pub stall: Option<u64>,
    /// After so many deltas an event comes that is no JSON.
    pub garbage: Option<u64>,
    /// Sent instead of the right content-type.
    pub content_type: Option<String>,
    pub chunk: Chunk,
    /// Wait between the pieces of one event when `chunk` cuts it.
    pub gap: Duration,
    pub crlf: bool,
    pub bom: bool,
    pub ping: Option<Ping>,
    pub gzip: Gzip,
    pub trailers: bool,
    pub usage: UsageMode,
    pub no_done: bool,
    pub logprobs: bool,
    pub orca: Option<Orca>,
    pub style: Option<Style>,
    pub content: Content,
    /// The answer's exact text.
    pub say: Option<String>,
    /// Answers at full length, whatever `max_tokens` allows.
    pub heedless: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub status: u16,
    pub retry_after_s: Option<u64>,
}

/// When the connection (HTTP/1.1) or the stream (HTTP/2) is cut without a proper end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Before the response headers.
    Headers,
    /// After the headers, before any body byte.
    Start,
    /// After k deltas of a stream, or k bytes of a unary body.
    After(u64),
    /// After the last byte of the body, before its end (or the trailers).
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    Event,
    All,
    Random,
    Bytes(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ping {
    /// So many before the first delta, then one after every fifth.
    Count(u32),
    Every(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gzip {
    Never,
    /// Only when the request accepts it.
    Asked,
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageMode {
    /// As the API has it.
    Normal,
    None,
    /// In every chunk, as vLLM's `continuous_usage_stats`.
    Continuous,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orca {
    Text,
    Json,
    Bin,
    /// Triton's text form.
    Triton,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Openai,
    Vllm,
    Ollama,
    Llamacpp,
    Litellm,
    Transformers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Plain,
    Unicode,
    Pii,
    Long,
    /// The prompt's own last text.
    Echo,
}

/// Names the control and says what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlError(String);

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            out: None,
            input: None,
            reason: 0,
            cached: 0,
            cache_write: 0,
            cache_write_1h: 0,
            tool: 0,
            tool_prompt: 0,
            ttft: Duration::from_millis(5),
            tpot: Duration::from_millis(1),
            error: None,
            error_at: None,
            reset: None,
            truncate: None,
            stall: None,
            garbage: None,
            content_type: None,
            chunk: Chunk::Event,
            gap: Duration::ZERO,
            crlf: false,
            bom: false,
            ping: None,
            gzip: Gzip::Never,
            trailers: false,
            usage: UsageMode::Normal,
            no_done: false,
            logprobs: false,
            orca: None,
            style: None,
            content: Content::Plain,
            say: None,
            heedless: false,
        }
    }
}

impl Controls {
    /// These controls with those of `text` on top.
    pub fn overlaid(&self, text: &str) -> Result<Self, ControlError> {
        let mut controls = self.clone();
        for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| ControlError(format!("x-sim: `{pair}` is not of the form key=value")))?;
            controls.set(key.trim(), value.trim())?;
        }
        Ok(controls)
    }

    /// Sets one control; `off` puts its default back.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ControlError> {
        let wrong = |takes: &str| ControlError(format!("x-sim: {key}={value}: takes {takes}"));
        let count = || {
            value
                .parse()
                .ok()
                .filter(|n| *n <= MAX_TOKENS)
                .ok_or_else(|| wrong("a number up to 200000"))
        };
        let wait = || parse_ms(value).ok_or_else(|| wrong("milliseconds up to 600000"));
        let switch = || parse_switch(value).ok_or_else(|| wrong("0 or 1"));
        match key {
            "out" => self.out = Some(count()?),
            "in" => self.input = Some(count()?),
            "reason" => self.reason = count()?,
            "cached" => self.cached = count()?,
            "cache_write" => self.cache_write = count()?,
            "cache_write_1h" => self.cache_write_1h = count()?,
            "tool" => {
                self.tool = value
                    .parse()
                    .ok()
                    .filter(|n| *n <= 8)
                    .ok_or_else(|| wrong("0 to 8"))?
            }
            "tool_prompt" => self.tool_prompt = count()?,
            "ttft" => self.ttft = wait()?,
            "tpot" => self.tpot = wait()?,
            "gap" => self.gap = Duration::from_micros(count()?),
            "error" => {
                self.error = parse_failure(value).ok_or_else(|| wrong("off or 400..599[,retry-after s]"))?
            }
            "error_at" => self.error_at = Some(count()?),
            "reset" => {
                self.reset =
                    parse_reset(value).ok_or_else(|| wrong("off, headers, start, end or a number"))?
            }
            "truncate" => self.truncate = Some(count()?),
            "stall" => self.stall = Some(count()?),
            "garbage" => self.garbage = Some(count()?),
            "content_type" => self.content_type = Some(value.to_owned()),
            "chunk" => {
                self.chunk = parse_chunk(value).ok_or_else(|| wrong("event, all, rand or bytes >= 1"))?
            }
            "crlf" => self.crlf = switch()?,
            "bom" => self.bom = switch()?,
            "ping" => self.ping = parse_ping(value).ok_or_else(|| wrong("a count or a time like 20ms"))?,
            "gzip" => self.gzip = parse_gzip(value).ok_or_else(|| wrong("0, 1 or ask"))?,
            "trailers" => self.trailers = switch()?,
            "usage" => self.usage = parse_usage(value).ok_or_else(|| wrong("normal, none or continuous"))?,
            "no_done" => self.no_done = switch()?,
            "heedless" => self.heedless = switch()?,
            "logprobs" => self.logprobs = switch()?,
            "orca" => self.orca = parse_orca(value).ok_or_else(|| wrong("off, text, json, bin or triton"))?,
            "style" => {
                self.style = Some(
                    parse_style(value)
                        .ok_or_else(|| wrong("openai, vllm, ollama, llamacpp, litellm or transformers"))?,
                )
            }
            "content" => {
                self.content =
                    parse_content(value).ok_or_else(|| wrong("plain, unicode, pii, long or echo"))?;
            }
            "say" => self.say = Some(percent_decode(value).ok_or_else(|| wrong("percent-encoded UTF-8"))?),
            _ => return Err(ControlError(format!("x-sim: unknown control `{key}`"))),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Controls::default().overlaid(text).unwrap_err().to_string()
    }

    #[test]
    fn pairs_lie_over_the_defaults() {
        let base = Controls::default().overlaid("ttft=50; chunk=1").unwrap();
        let controls = base
            .overlaid("chunk=rand; error=429,7; reset=3;ping=20ms")
            .unwrap();
        assert_eq!(controls.ttft, Duration::from_millis(50));
        assert_eq!(controls.chunk, Chunk::Random);
        assert_eq!(
            controls.error,
            Some(Failure {
                status: 429,
                retry_after_s: Some(7)
            })
        );
        assert_eq!(controls.reset, Some(Reset::After(3)));
        assert_eq!(controls.ping, Some(Ping::Every(Duration::from_millis(20))));
        assert_eq!(controls.overlaid("error=off;reset=off").unwrap().error, None);
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert_eq!(error("bogus=1"), "x-sim: unknown control `bogus`");
        assert_eq!(error("out"), "x-sim: `out` is not of the form key=value");
        assert_eq!(
            error("chunk=0"),
            "x-sim: chunk=0: takes event, all, rand or bytes >= 1"
        );
        assert_eq!(
            error("error=200"),
            "x-sim: error=200: takes off or 400..599[,retry-after s]"
        );
    }
}
