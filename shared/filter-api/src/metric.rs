//! Metric names. Labels are carried in the name, for Envoy's stats tags to take out again.

/// A metric that the host has defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetricId(pub u32);

/// The kinds a host offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Exports a level. Never read back as state: a dead VM leaves it where it was.
    Gauge,
    /// Distribution of whole numbers.
    Histogram,
}

/// Longest label value in bytes; what is longer is cut.
const MAX_LABEL_BYTES: usize = 64;

/// `name` with labels: `penstock_x_total.model=.=gpt-4.1;.;tenant=.=acme;.;`.
/// Values keep letters, digits and `-_./:@`; all else becomes `_`.
///
/// ```
/// use penstock_filter_api::labelled;
/// assert_eq!(labelled("n", &[("model", "a;b")]), "n.model=.=a_b;.;");
/// ```
pub fn labelled(name: &str, labels: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(name.len().saturating_add(labels.len().saturating_mul(32)));
    out.push_str(name);
    for (index, (key, value)) in labels.iter().enumerate() {
        if index == 0 {
            out.push('.');
        }
        out.push_str(key);
        out.push_str("=.=");
        out.extend(value.bytes().take(MAX_LABEL_BYTES).map(label_char));
        out.push_str(";.;");
    }
    out
}

fn label_char(byte: u8) -> char {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b':' | b'@' => byte as char,
        _ => '_',
    }
}
