//! Whether a request is let in: not when even the best backend would begin its answer too late.

use crate::config::header;
use crate::raw::RawAdmission;
use penstock_filter_api::{ConfigError, Denial, Headers};

/// Bounds on the predicted time to the first token.
#[derive(Debug)]
pub(crate) struct Admission {
    first_token_s: f64,
    header: String,
    priority_header: String,
    /// Name, and the part of the bound that it may use; `None` is let in always.
    priorities: Vec<(String, Option<f64>)>,
    status: u16,
}

impl Admission {
    pub(crate) fn new(raw: RawAdmission) -> Result<Self, ConfigError> {
        if ![429, 503].contains(&raw.status) {
            return Err(ConfigError::new("status", "neither 429 nor 503"));
        }
        if raw.first_token_ms == 0 {
            return Err(ConfigError::new("first_token_ms", "0 would let nobody in"));
        }
        if let Some((name, _)) = raw.priorities.iter().find(|(_, percent)| *percent > 100) {
            return Err(ConfigError::new(format!("priorities.{name}"), "more than 100"));
        }
        let part = |percent: u32| (percent > 0).then_some(f64::from(percent) / 100.0);
        Ok(Self {
            first_token_s: f64::from(raw.first_token_ms) / 1000.0,
            header: header("header", &raw.header)?,
            priority_header: header("priority_header", &raw.priority_header)?,
            priorities: raw
                .priorities
                .into_iter()
                .map(|(name, percent)| (name, part(percent)))
                .collect(),
            status: raw.status,
        })
    }

    /// The longest that this request may be predicted to wait for its first token, in seconds; `None` for as long as it takes.
    pub(crate) fn bound(&self, headers: &Headers) -> Option<f64> {
        let own = headers
            .text(&self.header)
            .and_then(|value| value.trim().parse::<u32>().ok());
        let own = own
            .filter(|ms| *ms > 0)
            .map_or(f64::INFINITY, |ms| f64::from(ms) / 1000.0);
        let priority = headers.text(&self.priority_header).map(str::trim);
        let known = self
            .priorities
            .iter()
            .find(|(name, _)| Some(name.as_str()) == priority);
        let part = known.map_or(Some(1.0), |(_, part)| *part);
        part.map(|part| part * own.min(self.first_token_s))
    }

    /// The refusal of a request that would wait `first_token_s` where `bound` is allowed.
    pub(crate) fn refusal(&self, first_token_s: f64, bound: f64) -> Denial {
        let wait = (first_token_s - bound).clamp(1.0, 60.0).ceil();
        Denial {
            status: self.status,
            code: "overloaded",
            message: "All backends are busy: the answer would begin too late.".to_owned(),
            retry_after_s: Some(wait as u64),
        }
    }

    /// The refusal where no backend takes requests now.
    pub(crate) fn nobody(&self) -> Denial {
        self.refusal(f64::INFINITY, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        Headers::new(fields.iter().map(field).collect())
    }

    #[test]
    fn a_bound_of_the_requests_own_and_its_priority_lower_it() {
        let priorities = vec![("batch".to_owned(), 50), ("vip".to_owned(), 0)];
        let raw = RawAdmission {
            first_token_ms: 10_000,
            priorities,
            ..RawAdmission::default()
        };
        let admission = Admission::new(raw).unwrap();
        let bound = |fields: &[(&str, &str)]| admission.bound(&headers(fields));
        assert_eq!(bound(&[]), Some(10.0));
        assert_eq!(bound(&[("x-penstock-priority", "batch")]), Some(5.0));
        assert_eq!(bound(&[("x-penstock-priority", "vip")]), None);
        assert_eq!(bound(&[("x-slo-ttft-ms", "2000")]), Some(2.0));
        assert_eq!(
            bound(&[("x-slo-ttft-ms", "2000"), ("x-penstock-priority", "batch")]),
            Some(1.0)
        );
        for hostile in ["-1", "1e9", "NaN", "", "99999999999999999999", "0"] {
            assert_eq!(bound(&[("x-slo-ttft-ms", hostile)]), Some(10.0), "{hostile}");
        }
        assert_eq!(admission.refusal(12.5, 10.0).retry_after_s, Some(3));
        assert_eq!(admission.nobody().retry_after_s, Some(60));
    }
}
