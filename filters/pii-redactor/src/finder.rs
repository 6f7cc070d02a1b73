//! The finds of a configuration in a text alone, without an exchange.

use crate::config::Config;
use penstock_filter_api::ConfigError;
use penstock_text_scan::{Find, Rule};

/// What a configuration finds, for tools: the filter's own rules and allowed values. What becomes of a find depends on
/// its scope and is not decided here; entities that no policy would touch anywhere are not looked for.
pub struct Finder {
    config: Config,
}

impl Finder {
    /// Reads a configuration, as the filter does.
    pub fn new(json: &str) -> Result<Self, ConfigError> {
        Config::parse(json).map(|config| Self { config })
    }

    /// What the text holds, by byte offsets, in order, without overlap.
    pub fn finds(&self, text: &str) -> Vec<Find> {
        let mut finds = self.config.scanner.scan(text);
        finds.retain(|find| {
            !self
                .config
                .allows(text.get(find.start..find.end).unwrap_or_default())
        });
        finds
    }

    /// The rule of a find.
    pub fn rule(&self, find: &Find) -> Rule<'_> {
        self.config.scanner.rule(find.rule)
    }
}
