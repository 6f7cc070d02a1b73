//! What a scenario expects. Each check says in one sentence what it wants and what it got.

use crate::message::{Fields, find, first, show};
use crate::observed::{Ending, Observed, UpstreamSaw};
use std::sync::Arc;

/// One expectation.
#[derive(Clone)]
pub struct Check {
    test: Arc<Test>,
    source: Source,
}

/// Where a check looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// What the parties saw, and the counters.
    Run,
    /// The access log, which comes later.
    AccessLog,
}

type Test = dyn Fn(&Observed) -> Result<(), String> + Send + Sync;

impl Check {
    /// A check of one's own.
    pub fn new(test: impl Fn(&Observed) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self {
            test: Arc::new(test),
            source: Source::Run,
        }
    }

    /// Whether it looks at the access log.
    pub fn wants_access_log(&self) -> bool {
        self.source == Source::AccessLog
    }

    /// Looks at what a run has shown.
    pub fn look(&self, seen: &Observed) -> Result<(), String> {
        (self.test)(seen)
    }
}

fn require(holds: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(complaint()) }
}

/// The client gets this status, and a complete response.
pub fn client_gets(status: u16) -> Check {
    Check::new(move |seen| {
        let body = || show(&seen.client.body);
        require(seen.client.status == status, || {
            format!(
                "client: status {} instead of {status}, body {}",
                seen.client.status,
                body()
            )
        })?;
        require(seen.client.end == Ending::Complete, || {
            format!("client: response ended {:?} after {}", seen.client.end, body())
        })
    })
}

/// The client gets this status; how the response ends is left to another check.
pub fn client_head(status: u16) -> Check {
    Check::new(move |seen| {
        require(seen.client.status == status, || {
            format!("client: status {} instead of {status}", seen.client.status)
        })
    })
}

/// The response breaks off: the client can tell that it is not whole.
pub fn client_sees_break() -> Check {
    Check::new(|seen| {
        require(seen.client.end == Ending::Broken, || {
            format!("client: response ended {:?}", seen.client.end)
        })
    })
}

/// The response ends well.
pub fn client_sees_end() -> Check {
    Check::new(|seen| {
        require(seen.client.end == Ending::Complete, || {
            format!("client: response ended {:?}", seen.client.end)
        })
    })
}

/// Byte for byte what the upstream wrote.
pub fn client_body_untouched() -> Check {
    Check::new(|seen| same("client body", &seen.client.body, &seen.scripted_body))
}

/// Exactly these bytes.
pub fn client_body(expected: impl Into<Vec<u8>>) -> Check {
    let expected = expected.into();
    Check::new(move |seen| same("client body", &seen.client.body, &expected))
}

/// These bytes somewhere in the body.
pub fn client_body_has(part: impl Into<Vec<u8>>) -> Check {
    let part = part.into();
    Check::new(move |seen| has("client body", &seen.client.body, &part))
}

/// These bytes nowhere in the body.
pub fn client_body_lacks(part: impl Into<Vec<u8>>) -> Check {
    let part = part.into();
    Check::new(move |seen| lacks("client body", &seen.client.body, &part))
}

/// A response field with this value.
pub fn client_header(name: &'static str, value: &'static str) -> Check {
    Check::new(move |seen| {
        field(
            "client header",
            &seen.client.headers,
            name,
            Some(value.as_bytes()),
        )
    })
}

/// A response field that must not be there.
pub fn client_header_absent(name: &'static str) -> Check {
    Check::new(move |seen| field("client header", &seen.client.headers, name, None))
}

/// `retry-after` tells the client when another try makes sense: in at most so many seconds.
pub fn retries_within(most: u64) -> Check {
    Check::new(move |seen| {
        let told = first(&seen.client.headers, "retry-after");
        let seconds = told.and_then(|value| std::str::from_utf8(value).ok()?.parse::<u64>().ok());
        match seconds {
            Some(seconds) if seconds > 0 && seconds <= most => Ok(()),
            _ => Err(format!("client: retry-after {:?}", told.map(show))),
        }
    })
}

/// A response trailer with this value.
pub fn client_trailer(name: &'static str, value: &'static str) -> Check {
    Check::new(move |seen| {
        field(
            "client trailer",
            &seen.client.trailers,
            name,
            Some(value.as_bytes()),
        )
    })
}

/// A response trailer that must not be there.
pub fn client_trailer_absent(name: &'static str) -> Check {
    Check::new(move |seen| field("client trailer", &seen.client.trailers, name, None))
}

/// Statuses of the pipelined requests that follow.
pub fn client_gets_more(statuses: &'static [u16]) -> Check {
    Check::new(move |seen| {
        require(seen.client.more == statuses, || {
            format!(
                "client: further responses {:?}, not {statuses:?}",
                seen.client.more
            )
        })
    })
}

/// 1xx heads before the response.
pub fn client_informed(statuses: &'static [u16]) -> Check {
    Check::new(move |seen| {
        let got = &seen.client.informational;
        require(got == statuses, || {
            format!("client: 1xx {got:?}, not {statuses:?}")
        })
    })
}

/// No byte of the request reached an upstream.
pub fn upstream_sees_nothing() -> Check {
    Check::new(|seen| {
        require(seen.upstream.is_empty(), || {
            format!("upstream: saw {} request(s)", seen.upstream.len())
        })
    })
}

/// The body that reached the upstream is the one that was sent.
pub fn upstream_body_untouched() -> Check {
    Check::new(|seen| same("upstream body", &only(seen)?.body, &seen.sent_body))
}

/// Exactly these bytes reached the upstream.
pub fn upstream_body(expected: impl Into<Vec<u8>>) -> Check {
    let expected = expected.into();
    Check::new(move |seen| same("upstream body", &only(seen)?.body, &expected))
}

/// These bytes are somewhere in what reached the upstream.
pub fn upstream_body_has(part: impl Into<Vec<u8>>) -> Check {
    let part = part.into();
    Check::new(move |seen| has("upstream body", &only(seen)?.body, &part))
}

/// These bytes are nowhere in what reached the upstream.
pub fn upstream_body_lacks(part: impl Into<Vec<u8>>) -> Check {
    let part = part.into();
    Check::new(move |seen| lacks("upstream body", &only(seen)?.body, &part))
}

/// A request field with this value, as the upstream saw it.
pub fn upstream_header(name: &'static str, value: &'static str) -> Check {
    Check::new(move |seen| {
        field(
            "upstream header",
            &only(seen)?.headers,
            name,
            Some(value.as_bytes()),
        )
    })
}

/// A request field that must not reach the upstream.
pub fn upstream_header_absent(name: &'static str) -> Check {
    Check::new(move |seen| field("upstream header", &only(seen)?.headers, name, None))
}

/// A request trailer as the upstream saw it.
pub fn upstream_trailer(name: &'static str, value: &'static str) -> Check {
    Check::new(move |seen| {
        field(
            "upstream trailer",
            &only(seen)?.trailers,
            name,
            Some(value.as_bytes()),
        )
    })
}

/// The request reached this cluster.
pub fn upstream_is(cluster: &'static str) -> Check {
    Check::new(move |seen| {
        let got = only(seen)?.cluster;
        require(got == cluster, || {
            format!("upstream: the request reached `{got}`, not `{cluster}`")
        })
    })
}

/// The upstream sees that nobody waits for the rest of its answer.
pub fn upstream_is_cancelled() -> Check {
    Check::new(|seen| {
        require(only(seen)?.cancelled, || {
            "upstream: runs on, nobody told it".to_owned()
        })
    })
}

/// The callout service was asked this often, the last time with these bytes in the body.
pub fn judge_is_asked(times: usize, part: &'static str) -> Check {
    Check::new(move |seen| {
        require(seen.judge.len() == times, || {
            format!("judge: asked {} times instead of {times}", seen.judge.len())
        })?;
        seen.judge
            .last()
            .map_or(Ok(()), |last| has("judge body", &last.body, part.as_bytes()))
    })
}

/// A counter moved by this much. Natively and on the wire the names are the same.
pub fn counted(name: impl Into<String>, by: i64) -> Check {
    let name = name.into();
    Check::new(move |seen| {
        let got = seen.metrics.get(&name).copied().unwrap_or(0);
        require(got == by, || {
            format!(
                "metric {name}: moved by {got} instead of {by}; moved: {:?}",
                seen.metrics
            )
        })
    })
}

/// Both the client, in `x-served-by`, and the access log are told an address that somebody is at.
pub fn served_by_a_live_upstream() -> Check {
    let check = Check::new(move |seen| {
        let told = first(&seen.client.headers, "x-served-by").unwrap_or_default();
        let told = String::from_utf8_lossy(told).into_owned();
        let logged = seen
            .filter_state
            .get("penstock.served")
            .cloned()
            .unwrap_or_default();
        require(
            told.starts_with("127.0.0.1:") && told != "127.0.0.1:1" && told == logged,
            || format!("served by `{told}`, by the log `{logged}`"),
        )
    });
    Check {
        source: Source::AccessLog,
        ..check
    }
}

/// Filter state as the access log shows it.
pub fn logged(name: &'static str, value: &'static str) -> Check {
    let check = Check::new(move |seen| {
        let got = seen.filter_state.get(name).map(String::as_str);
        require(got == Some(value), || {
            format!("filter state {name}: {got:?} instead of {value:?}")
        })
    });
    Check {
        source: Source::AccessLog,
        ..check
    }
}

fn only(seen: &Observed) -> Result<&UpstreamSaw, String> {
    match seen.upstream.as_slice() {
        [one] => Ok(one),
        all => Err(format!("upstream: saw {} requests instead of one", all.len())),
    }
}

fn same(what: &str, got: &[u8], expected: &[u8]) -> Result<(), String> {
    require(got == expected, || {
        let at = got.iter().zip(expected).take_while(|(a, b)| a == b).count();
        let from = at.saturating_sub(40);
        let (got, expected) = (show(&got[from..]), show(&expected[from..]));
        format!("{what}: differs at byte {at}; from byte {from} got {got}, expected {expected}")
    })
}

fn has(what: &str, got: &[u8], part: &[u8]) -> Result<(), String> {
    require(find(got, part).is_some(), || {
        format!("{what}: lacks {} in {}", show(part), show(got))
    })
}

fn lacks(what: &str, got: &[u8], part: &[u8]) -> Result<(), String> {
    require(find(got, part).is_none(), || {
        format!("{what}: has {} in {}", show(part), show(got))
    })
}

fn field(what: &str, fields: &Fields, name: &str, value: Option<&[u8]>) -> Result<(), String> {
    let got = first(fields, name);
    require(got == value, || {
        format!(
            "{what} {name}: {:?} instead of {:?}",
            got.map(show),
            value.map(show)
        )
    })
}
