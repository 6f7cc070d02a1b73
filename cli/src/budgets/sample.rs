//! One statistic, as Envoy's `/stats` writes it (labels in its name) and as `/stats/prometheus` does (labels taken out).

/// Before each name, behind whatever Envoy puts there.
const PREFIX: &str = "penstock_budget_";

/// A statistic of a budget.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sample<'t> {
    /// What is counted, without [`PREFIX`].
    pub(super) metric: &'t str,
    pub(super) labels: Vec<(&'t str, &'t str)>,
    pub(super) value: u64,
}

impl<'t> Sample<'t> {
    /// Reads a line; none where it is of something else.
    pub(super) fn parse(line: &'t str) -> Option<Self> {
        let (_, rest) = line.split_once(PREFIX).filter(|_| !line.starts_with('#'))?;
        match rest.find(['.', '{', ' ', ':'])? {
            end if rest.get(end..)?.starts_with('{') => {
                Self::of_prometheus(rest.get(..end)?, rest.get(end + 1..)?)
            }
            end => Self::of_envoy(rest.get(..end)?, rest.get(end..)?),
        }
    }

    /// `.LABEL=.=VALUE;.;LABEL=.=VALUE;.;: 12`
    fn of_envoy(metric: &'t str, rest: &'t str) -> Option<Self> {
        let (labels, value) = rest.rsplit_once(": ")?;
        let labels = labels.trim_start_matches('.').split_terminator(";.;");
        Some(Self {
            metric,
            labels: labels
                .map(|label| label.split_once("=.="))
                .collect::<Option<_>>()?,
            value: number(value)?,
        })
    }

    /// `LABEL="VALUE",LABEL="VALUE"} 12`. The values of budgets hold nothing that would have to be escaped.
    fn of_prometheus(metric: &'t str, rest: &'t str) -> Option<Self> {
        let (labels, value) = rest.split_once('}')?;
        let labels = labels.split_terminator(',').map(|label| {
            let (name, value) = label.split_once('=')?;
            Some((name.trim(), value.trim().trim_matches('"')))
        });
        Some(Self {
            metric,
            labels: labels.collect::<Option<_>>()?,
            value: number(value.split_whitespace().next()?)?,
        })
    }

    pub(super) fn label(&self, name: &str) -> Option<&'t str> {
        let label = self.labels.iter().find(|(known, _)| *known == name);
        label.map(|(_, value)| *value)
    }
}

/// Whole, or as Prometheus itself writes large ones.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let exact = text.parse().ok();
    exact.or_else(|| {
        text.parse::<f64>()
            .ok()
            .filter(|value| *value >= 0.0)
            .map(|value| value as u64)
    })
}

/// Whether a text has a line `NAME: NUMBER`.
pub(super) fn is_statistics(text: &str) -> bool {
    let value = |line: &str| line.rsplit_once(": ").and_then(|(_, value)| number(value));
    text.lines().any(|line| value(line).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let labels = [("budget", "team"), ("account", "own"), ("model", "a:b/c.d")];
        for line in [
            "wasmcustom.penstock_budget_used.budget=.=team;.;account=.=own;.;model=.=a:b/c.d;.;: 12",
            "penstock_budget_used{budget=\"team\",account=\"own\",model=\"a:b/c.d\"} 12",
            "penstock_budget_used{budget=\"team\", account=\"own\", model=\"a:b/c.d\",} 1.2e+01 1768478400",
        ] {
            let sample = Sample::parse(line).unwrap();
            assert_eq!((sample.metric, sample.value), ("used", 12), "{line}");
            assert_eq!(sample.labels, labels, "{line}");
        }
    }

    #[test]
    fn what_is_none_is_left_out() {
        for line in [
            "",
            "# TYPE penstock_budget_used gauge",
            "wasmcustom.penstock_tokens_total.type=.=input;.;: 7",
            "wasmcustom.penstock_budget_used.budget=.=team;.;: many",
            "wasmcustom.penstock_budget_used.budget;.;: 1",
            "penstock_budget_used{budget=\"team\"",
            "penstock_budget_used{budget} 1",
            "penstock_budget_used{budget=\"team\"} -1",
            "penstock_budget_",
            "penstock_budget_used",
        ] {
            assert_eq!(Sample::parse(line), None, "{line}");
        }
    }
}
