//! What a test asks the simulator to do, as `key=value; key=value` in the `x-sim` header or on the command line.

use std::fmt;
use std::time::Duration;

/// Most tokens one answer may have.
const MAX_TOKENS: u64 = 200_000;
/// Longest single wait a control can ask for, in milliseconds.
const MAX_WAIT_MS: f64 = 600_000.0;

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

fn parse_ms(value: &str) -> Option<Duration> {
    let ms: f64 = value.strip_suffix("ms").unwrap_or(value).parse().ok()?;
    (0.0..=MAX_WAIT_MS)
        .contains(&ms)
        .then(|| Duration::from_secs_f64(ms / 1000.0))
}

fn parse_switch(value: &str) -> Option<bool> {
    match value {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

fn parse_failure(value: &str) -> Option<Option<Failure>> {
    if value == "off" {
        return Some(None);
    }
    let (status, wait) = value.split_once(',').map_or((value, None), |(s, w)| (s, Some(w)));
    let status = status.trim().parse().ok().filter(|s| (400..600).contains(s))?;
    let retry_after_s = wait.map(|w| w.trim().parse()).transpose().ok()?;
    Some(Some(Failure {
        status,
        retry_after_s,
    }))
}

fn parse_reset(value: &str) -> Option<Option<Reset>> {
    Some(Some(match value {
        "off" => return Some(None),
        "headers" => Reset::Headers,
        "start" => Reset::Start,
        "end" => Reset::End,
        k => Reset::After(k.parse().ok()?),
    }))
}

fn parse_chunk(value: &str) -> Option<Chunk> {
    Some(match value {
        "event" => Chunk::Event,
        "all" => Chunk::All,
        "rand" => Chunk::Random,
        n => Chunk::Bytes(n.parse().ok().filter(|n| *n > 0)?),
    })
}

fn parse_ping(value: &str) -> Option<Option<Ping>> {
    if value == "off" {
        return Some(None);
    }
    if value.ends_with("ms") {
        return parse_ms(value)
            .filter(|every| *every >= Duration::from_millis(1))
            .map(|e| Some(Ping::Every(e)));
    }
    value
        .parse()
        .ok()
        .filter(|n| *n <= 1000)
        .map(|n| Some(Ping::Count(n)))
}

fn parse_gzip(value: &str) -> Option<Gzip> {
    Some(match value {
        "0" => Gzip::Never,
        "1" => Gzip::Always,
        "ask" => Gzip::Asked,
        _ => return None,
    })
}

fn parse_usage(value: &str) -> Option<UsageMode> {
    Some(match value {
        "normal" => UsageMode::Normal,
        "none" => UsageMode::None,
        "continuous" => UsageMode::Continuous,
        _ => return None,
    })
}

fn parse_orca(value: &str) -> Option<Option<Orca>> {
    Some(Some(match value {
        "off" => return Some(None),
        "text" => Orca::Text,
        "json" => Orca::Json,
        "bin" => Orca::Bin,
        "triton" => Orca::Triton,
        _ => return None,
    }))
}

fn parse_style(value: &str) -> Option<Style> {
    Some(match value {
        "openai" => Style::Openai,
        "vllm" => Style::Vllm,
        "ollama" => Style::Ollama,
        "llamacpp" => Style::Llamacpp,
        "litellm" => Style::Litellm,
        "transformers" => Style::Transformers,
        _ => return None,
    })
}

fn parse_content(value: &str) -> Option<Content> {
    Some(match value {
        "plain" => Content::Plain,
        "unicode" => Content::Unicode,
        "pii" => Content::Pii,
        "long" => Content::Long,
        "echo" => Content::Echo,
        _ => return None,
    })
}

/// Decodes `%XX`; everything else stands for itself.
pub fn percent_decode(value: &str) -> Option<String> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        out.push((high * 16 + low) as u8);
    }
    String::from_utf8(out).ok()
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
