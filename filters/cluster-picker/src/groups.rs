//! Groups of backends: who gets which share, and when one is taken out.

use crate::config::header;
use crate::random::{hash, unit};
use crate::raw::{RawClass, RawConfig, RawRollback, RawWhen};
use penstock_filter_api::{ConfigError, Headers, bounded};

/// Most groups.
const MAX_GROUPS: usize = 64;

/// The golden ratio's fraction: multiples of it fill 0..1 more evenly than any random numbers.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The groups of a configuration.
#[derive(Debug)]
pub(crate) struct Groups {
    groups: Vec<Group>,
    split_by: Option<String>,
    classes: Vec<Class>,
    pub(crate) rollback: Option<Rollback>,
}

#[derive(Debug)]
struct Group {
    name: String,
    share: u64,
    when: Option<RawWhen>,
}

/// Requests that only some groups take.
#[derive(Debug)]
struct Class {
    min: f64,
    max: f64,
    groups: Vec<usize>,
}

/// When a group is taken out.
#[derive(Debug)]
pub(crate) struct Rollback {
    pub(crate) group: usize,
    pub(crate) to: usize,
    min_requests: f64,
    more_errors: f64,
    first_token_ratio: f64,
}

/// Requests of a group after which those before count half: what is judged is how it is, not how it was.
const TALLIED: f64 = 10_000.0;

/// What a worker has seen of a group lately.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) requests: f64,
    pub(crate) errors: f64,
    pub(crate) first_token_s: f64,
    pub(crate) first_tokens: f64,
}

impl Tally {
    /// A request of the group ended.
    pub(crate) fn ended(&mut self, failed: bool) {
        self.requests += 1.0;
        self.errors += f64::from(u8::from(failed));
        if self.requests > TALLIED {
            let Self {
                requests,
                errors,
                first_token_s,
                first_tokens,
            } = self;
            for sum in [requests, errors, first_token_s, first_tokens] {
                *sum *= 0.5;
            }
        }
    }
}

impl Groups {
    pub(crate) fn new(raw: &RawConfig) -> Result<Self, ConfigError> {
        let mut groups: Vec<Group> = Vec::new();
        for (index, one) in raw.groups.iter().enumerate() {
            let under = |error: ConfigError| error.under(&format!("groups[{index}]"));
            if groups.iter().any(|known| known.name == one.name) || one.name.is_empty() {
                return Err(under(ConfigError::new("name", "empty, or given twice")));
            }
            let when = one.when.as_ref().map(|when| {
                Ok(RawWhen {
                    header: header("when.header", &when.header)?,
                    value: when.value.clone(),
                })
            });
            groups.push(Group {
                name: one.name.clone(),
                share: u64::from(one.share),
                when: when.transpose().map_err(under)?,
            });
        }
        if groups.len() > MAX_GROUPS {
            return Err(ConfigError::new("groups", "more than 64"));
        }
        if groups.is_empty() {
            groups.push(Group {
                name: "all".to_owned(),
                share: 1,
                when: None,
            });
        }
        if groups.iter().all(|group| group.share == 0) {
            return Err(ConfigError::new("groups", "one needs a share"));
        }
        let split_by = raw
            .split_by
            .as_deref()
            .map(|name| header("split_by", name))
            .transpose()?;
        let mut this = Self {
            groups,
            split_by,
            classes: Vec::new(),
            rollback: None,
        };
        for (index, class) in raw.classes.iter().enumerate() {
            let class = this
                .class(class)
                .map_err(|error| error.under(&format!("classes[{index}]")))?;
            this.classes.push(class);
        }
        let rollback = raw.rollback.as_ref().map(|raw| this.rollback(raw));
        this.rollback = rollback.transpose().map_err(|error| error.under("rollback"))?;
        Ok(this)
    }

    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.name == name)
    }

    pub(crate) fn name(&self, index: usize) -> &str {
        self.groups.get(index).map_or("", |group| &group.name)
    }

    /// The number that stands for a group where `weighted_clusters` compares it with running sums of weights.
    pub(crate) fn number(&self, index: usize) -> u64 {
        self.groups.iter().take(index).map(|group| group.share).sum()
    }

    /// Where a request falls in 0..1: by its header where there is one, else by the worker's sequence.
    pub(crate) fn point(&self, headers: &Headers, sequence: &mut f64) -> f64 {
        let value = self.split_by.as_deref().and_then(|name| headers.first(name));
        match value {
            Some(value) => unit(hash(value)),
            None => {
                *sequence = (*sequence + GOLDEN).fract();
                *sequence
            }
        }
    }

    /// The group whose header the request has.
    pub(crate) fn asked(&self, headers: &Headers) -> Option<usize> {
        self.groups.iter().position(|group| {
            group.when.as_ref().is_some_and(|when| match &when.value {
                None => headers.has(&when.header),
                Some(value) => headers.all(&when.header).any(|given| given == value.as_bytes()),
            })
        })
    }

    /// The group at `point`, among those that `may` take the request; shares of others fall to these in proportion.
    pub(crate) fn at(&self, point: f64, may: impl Fn(usize) -> bool) -> Option<usize> {
        let shares = || {
            self.groups
                .iter()
                .enumerate()
                .filter(|(index, group)| group.share > 0 && may(*index))
        };
        let total: u64 = shares().map(|(_, group)| group.share).sum();
        let mut left = point * total as f64;
        let mut last = None;
        for (index, group) in shares() {
            last = Some(index);
            left -= group.share as f64;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// Whether a group takes a request of so many tokens.
    pub(crate) fn takes(&self, group: usize, input_tokens: f64) -> bool {
        let class = self
            .classes
            .iter()
            .find(|class| class.min <= input_tokens && input_tokens <= class.max);
        class.is_none_or(|class| class.groups.contains(&group))
    }

    fn class(&self, raw: &RawClass) -> Result<Class, ConfigError> {
        let groups = raw.groups.iter().enumerate().map(|(index, name)| {
            let group = self.index(name);
            group.ok_or_else(|| ConfigError::new(format!("groups[{index}]"), "no such group"))
        });
        let groups = groups.collect::<Result<Vec<usize>, ConfigError>>()?;
        if groups.is_empty() {
            return Err(ConfigError::new("groups", "needs one"));
        }
        if raw.max_input_tokens > 0 && raw.max_input_tokens < raw.min_input_tokens {
            return Err(ConfigError::new("max_input_tokens", "less than min_input_tokens"));
        }
        Ok(Class {
            min: f64::from(raw.min_input_tokens),
            max: if raw.max_input_tokens == 0 {
                f64::INFINITY
            } else {
                f64::from(raw.max_input_tokens)
            },
            groups,
        })
    }

    fn rollback(&self, raw: &RawRollback) -> Result<Rollback, ConfigError> {
        let index = |field: &str, name: &str| {
            self.index(name)
                .ok_or_else(|| ConfigError::new(field, "no such group"))
        };
        let (group, to) = (index("group", &raw.group)?, index("to", &raw.to)?);
        if group == to {
            return Err(ConfigError::new("to", "the same group"));
        }
        bounded("more_errors_percent", raw.more_errors_percent, 0..=100)?;
        bounded(
            "max_first_token_percent",
            raw.max_first_token_percent,
            100..=10_000,
        )?;
        Ok(Rollback {
            group,
            to,
            min_requests: f64::from(bounded("min_requests", raw.min_requests, 1..=5000)?),
            more_errors: f64::from(raw.more_errors_percent) / 100.0,
            first_token_ratio: f64::from(raw.max_first_token_percent) / 100.0,
        })
    }
}

impl Rollback {
    /// Whether the group is worse than what it is compared with, by enough requests of both.
    pub(crate) fn is_due(&self, tallies: &[Tally]) -> bool {
        let (Some(new), Some(old)) = (tallies.get(self.group), tallies.get(self.to)) else {
            return false;
        };
        if new.requests < self.min_requests || old.requests < self.min_requests {
            return false;
        }
        let errors = |tally: &Tally| tally.errors / tally.requests.max(1.0);
        let first = |tally: &Tally| tally.first_token_s / tally.first_tokens.max(1.0);
        let slower =
            new.first_tokens >= self.min_requests * 0.5 && first(new) > first(old) * self.first_token_ratio;
        errors(new) > errors(old) + self.more_errors || slower
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::RawGroup;

    fn groups(shares: &[(&str, u32)]) -> Groups {
        let group = |(name, share): &(&str, u32)| RawGroup {
            name: (*name).to_owned(),
            share: *share,
            when: None,
        };
        let raw = RawConfig {
            groups: shares.iter().map(group).collect(),
            rollback: (shares.len() > 1).then(|| RawRollback {
                group: "canary".to_owned(),
                to: "stable".to_owned(),
                ..RawRollback::default()
            }),
            ..RawConfig::default()
        };
        Groups::new(&raw).unwrap()
    }

    #[test]
    fn shares_are_exact_over_ten_thousand_requests() {
        for shares in [[95, 5], [50, 50], [999, 1], [1, 2]] {
            let groups = groups(&[("stable", shares[0]), ("canary", shares[1])]);
            let (mut sequence, mut canary) = (0.3, 0);
            let none = Headers::default();
            for _ in 0..10_000 {
                let point = groups.point(&none, &mut sequence);
                canary += usize::from(groups.at(point, |_| true) == Some(1));
            }
            let wanted = f64::from(shares[1]) / f64::from(shares[0] + shares[1]);
            assert!(
                (f64::from(canary as u32) / 1e4 - wanted).abs() < 0.0005,
                "{shares:?}: {canary}"
            );
        }
    }

    #[test]
    fn a_user_stays_in_one_group_and_users_spread_by_share() {
        let raw = RawConfig {
            groups: vec![
                RawGroup {
                    name: "a".to_owned(),
                    share: 80,
                    when: None,
                },
                RawGroup {
                    name: "b".to_owned(),
                    share: 20,
                    when: None,
                },
            ],
            split_by: Some("X-User".to_owned()),
            ..RawConfig::default()
        };
        let groups = Groups::new(&raw).unwrap();
        let user = |id: usize| Headers::new(vec![("x-user".to_owned(), id.to_string().into_bytes())]);
        let place =
            |id: usize, mut sequence: f64| groups.at(groups.point(&user(id), &mut sequence), |_| true);
        let second = (0..10_000).filter(|id| place(*id, 0.1) == Some(1)).count();
        assert!((1900..2100).contains(&second), "{second}");
        assert!((0..100).all(|id| place(id, 0.1) == place(id, 0.9)));
    }

    #[test]
    fn the_share_of_a_group_that_cannot_falls_to_the_others() {
        let groups = groups(&[("stable", 90), ("canary", 10)]);
        assert_eq!(groups.at(0.95, |_| true), Some(1));
        assert_eq!(groups.at(0.95, |index| index == 0), Some(0));
        assert_eq!(groups.at(0.95, |_| false), None);
        assert_eq!((groups.number(0), groups.number(1)), (0, 90));
    }

    #[test]
    fn a_worse_canary_is_called_back_and_an_equal_one_is_not() {
        let groups = groups(&[("stable", 90), ("canary", 10)]);
        let rollback = groups.rollback.as_ref().unwrap();
        let tally = |requests: f64, errors: f64, first: f64| Tally {
            requests,
            errors,
            first_token_s: first * requests,
            first_tokens: requests,
        };
        let stable = tally(2000.0, 20.0, 0.2);
        assert!(!rollback.is_due(&[stable, tally(199.0, 199.0, 9.0)]));
        assert!(!rollback.is_due(&[stable, tally(200.0, 5.0, 0.39)]));
        assert!(rollback.is_due(&[stable, tally(200.0, 7.0, 0.2)]));
        assert!(rollback.is_due(&[stable, tally(200.0, 2.0, 0.41)]));
        assert!(!rollback.is_due(&[]));
    }
}
