//! The values of controls, read from text; none means that the text is none of them.

use std::time::Duration;

use crate::controls::{Chunk, Content, Failure, Gzip, Orca, Ping, Reset, Style, UsageMode};

/// Longest single wait a control can ask for, in milliseconds.
const MAX_WAIT_MS: f64 = 600_000.0;

pub fn parse_ms(value: &str) -> Option<Duration> {
    let ms: f64 = value.strip_suffix("ms").unwrap_or(value).parse().ok()?;
    (0.0..=MAX_WAIT_MS)
        .contains(&ms)
        .then(|| Duration::from_secs_f64(ms / 1000.0))
}

pub fn parse_switch(value: &str) -> Option<bool> {
    match value {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

pub fn parse_failure(value: &str) -> Option<Option<Failure>> {
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

pub fn parse_reset(value: &str) -> Option<Option<Reset>> {
    Some(Some(match value {
        "off" => return Some(None),
        "headers" => Reset::Headers,
        "start" => Reset::Start,
        "end" => Reset::End,
        k => Reset::After(k.parse().ok()?),
    }))
}

pub fn parse_chunk(value: &str) -> Option<Chunk> {
    Some(match value {
        "event" => Chunk::Event,
        "all" => Chunk::All,
        "rand" => Chunk::Random,
        n => Chunk::Bytes(n.parse().ok().filter(|n| *n > 0)?),
    })
}

pub fn parse_ping(value: &str) -> Option<Option<Ping>> {
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

pub fn parse_gzip(value: &str) -> Option<Gzip> {
    Some(match value {
        "0" => Gzip::Never,
        "1" => Gzip::Always,
        "ask" => Gzip::Asked,
        _ => return None,
    })
}

pub fn parse_usage(value: &str) -> Option<UsageMode> {
    Some(match value {
        "normal" => UsageMode::Normal,
        "none" => UsageMode::None,
        "continuous" => UsageMode::Continuous,
        _ => return None,
    })
}

pub fn parse_orca(value: &str) -> Option<Option<Orca>> {
    Some(Some(match value {
        "off" => return Some(None),
        "text" => Orca::Text,
        "json" => Orca::Json,
        "bin" => Orca::Bin,
        "triton" => Orca::Triton,
        _ => return None,
    }))
}

pub fn parse_style(value: &str) -> Option<Style> {
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

pub fn parse_content(value: &str) -> Option<Content> {
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
