//! Content codings taken off.

use super::http::Message;
use penstock_exchange::{Coding, InflateBounds, Inflater};
use penstock_filter_api::Failure;

/// Bounds of decompression. A capture is a file of one's own, so they are wider than those of the filters.
const BOUNDS: InflateBounds = InflateBounds {
    max_bytes: 256 << 20,
    max_ratio: 1100,
};
/// How every gzip member begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The body as its sender meant it; `None` where nobody here can read it.
pub(super) fn plain(message: &mut Message) -> Option<Vec<u8>> {
    let named = Coding::of(message.all("content-encoding"));
    let body = std::mem::take(&mut message.body);
    let coding = match named {
        Coding::Identity if body.starts_with(GZIP) => Coding::Gzip,
        Coding::Gzip if !body.is_empty() && !body.starts_with(GZIP) => {
            message
                .warnings
                .push("content-encoding says gzip, but the body is not: taken as it is".to_owned());
            Coding::Identity
        }
        Coding::Deflate if looks_like_text(&body) => {
            message
                .warnings
                .push("content-encoding says deflate, but the body is not: taken as it is".to_owned());
            Coding::Identity
        }
        known => known,
    };
    if coding == Coding::Other {
        let names = message
            .all("content-encoding")
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join(", ");
        message.warnings.push(format!(
            "content-encoding {names}: decompress the body first, only gzip and deflate are read"
        ));
        return None;
    }
    let Some(mut inflater) = Inflater::new(coding, BOUNDS) else {
        return Some(body);
    };
    let mut plain = Vec::new();
    let result = inflater.push(&body, &mut plain);
    message
        .warnings
        .extend(complaint(result, inflater.is_complete()).map(str::to_owned));
    Some(plain)
}

fn complaint(result: Result<(), Failure>, complete: bool) -> Option<&'static str> {
    match result {
        Ok(()) if complete => None,
        Ok(()) => Some("the compressed body ends too early: what came of it is read"),
        Err(Failure::DecompressionBomb) => {
            Some("the compressed body grows beyond all bounds: what came until then is read")
        }
        Err(_) => Some("the compressed body is broken: what came until then is read"),
    }
}

/// Whether a body begins as JSON and streams do: a client has taken the coding off already.
fn looks_like_text(body: &[u8]) -> bool {
    let begin = body.trim_ascii_start();
    [&b"{"[..], b"[", b"data:", b"event:", b":"]
        .iter()
        .any(|text| begin.starts_with(text))
        && std::str::from_utf8(begin.get(..64).unwrap_or(begin)).is_ok()
}
