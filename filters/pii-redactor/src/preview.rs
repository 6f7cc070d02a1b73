//! What a configuration finds and does, without an exchange: for the command line and for evaluation.

use crate::book::Tally;
use crate::config::Config;
use crate::keyed::{Key, is_kept, naming};
use crate::mask::{Unwritable, mask};
use crate::survey::{Request, Survey, Turn};
use crate::vault::Vault;
use penstock_filter_api::ConfigError;
use penstock_llm_api::{Dialect, Texts, request_texts};
use penstock_text_scan::{Find, Rule};
use penstock_wire::{Json, JsonEdits};

/// A configuration of the redactor to try out.
///
/// ```
/// use penstock_pii_redactor::Preview;
///
/// let preview = Preview::new(r#"{"disable": ["PHONE_NUMBER"]}"#)?;
/// let finds = preview.finds("mail ana@corp.test or call +34 600 123 456");
/// assert_eq!((finds[0].start, finds[0].end, finds.len()), (5, 18, 1));
/// assert_eq!(preview.rule(&finds[0]).entity, "EMAIL_ADDRESS");
/// # Ok::<(), penstock_filter_api::ConfigError>(())
/// ```
pub struct Preview {
    config: Config,
}

/// A request as it would leave.
#[derive(Clone, Debug)]
pub struct Redacted {
    /// The body, or why there is none.
    pub body: Result<Vec<u8>, String>,
    /// What was found, and what became of it.
    pub finds: Vec<Found>,
    /// Kinds of content that nobody here can read.
    pub unseen: Vec<&'static str>,
}

/// Finds of one rule in one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Name of the entity.
    pub entity: String,
    /// Id of the rule.
    pub rule: String,
    /// Scope of the texts.
    pub scope: &'static str,
    /// What becomes of them.
    pub action: &'static str,
    /// How many there are.
    pub count: u64,
}

impl Preview {
    /// Loads the value under `pii_redactor`.
    pub fn new(json: &str) -> Result<Self, ConfigError> {
        Config::parse(json).map(|config| Self { config })
    }

    /// What a text holds, by byte offsets, in order, without overlap. What becomes of a find depends on its scope and is not
    /// decided here; entities that no policy would touch anywhere are not looked for.
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

    /// Redacts a request.
    pub fn redact(&self, dialect: Dialect<'_>, json: Json<'_>) -> Redacted {
        let texts = request_texts(dialect, json);
        let request = Request {
            config: &self.config,
            json,
            texts: &texts.texts,
        };
        let (mut survey, mut tally) = (Survey::default(), Tally::default());
        let turn = survey.go_on(request, false, &mut tally);
        let blocked = survey.count(request, &mut tally);
        let body = match (turn, blocked) {
            (Turn::TooMany, _) => Err(format!("more than {} finds", self.config.max_finds)),
            (_, Some(rule)) => Err(format!("{} is blocked", self.config.scanner.rule(rule).entity)),
            (Turn::Done | Turn::Paused, None) => self.masked(dialect, request, &texts, &survey),
        };
        let finds = tally.finds(&self.config.scanner);
        let mut unseen: Vec<&str> = texts.unseen.iter().map(|unseen| unseen.kind.name()).collect();
        unseen.dedup();
        Redacted { body, finds, unseen }
    }

    fn masked(
        &self,
        dialect: Dialect<'_>,
        request: Request<'_>,
        texts: &Texts,
        survey: &Survey,
    ) -> Result<Vec<u8>, String> {
        // In an exchange the time goes into it.
        let kept = is_kept(dialect, request.json);
        let key = naming(&self.config, texts, kept, || Key::once(b"", 0, 0));
        let (mut vault, mut edits) = (Vault::default(), JsonEdits::new());
        survey.teach(request, &mut vault, key.is_some());
        mask(request, survey, &mut vault, key.as_ref(), &mut edits)
            .map_err(|Unwritable| "an edit cannot be written".to_owned())?;
        edits.apply(request.json).map_err(|error| error.to_string())
    }
}
