//! The plugin, and its filter on one exchange.

use crate::book::{Book, Tally};
use crate::config::Config;
use crate::keyed::{Key, is_kept, naming};
use crate::mask::{Unwritable, mask};
use crate::piece::{Reading, Windows};
use crate::survey::{Request, Survey, Turn, is_left_alone};
use crate::vault::Vault;
use penstock_filter_api::{
    ConfigError, Cx, Denial, Failure, Filter, Head, Need, Needs, Open, OutputFlow, Piece, PieceEdits, Plugin,
    Policy, Prompt, PromptFlow, Record, Reply, Stage,
};
use penstock_llm_api::{Encoding, Texts};
use penstock_text_scan::RuleId;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Builds the plugin from its configuration.
pub(crate) fn load(json: &str) -> Result<Box<dyn Plugin>, ConfigError> {
    Ok(Box::new(Redactor {
        shared: Rc::new(Shared {
            config: Config::parse(json)?,
            book: RefCell::default(),
            opened: Cell::new(0),
            seed: json.as_bytes().to_vec(),
        }),
    }))
}

struct Redactor {
    shared: Rc<Shared>,
}

/// What the exchanges of one VM share. No content.
struct Shared {
    config: Config,
    book: RefCell<Book>,
    opened: Cell<u64>,
    /// For keys that hold for one exchange.
    seed: Vec<u8>,
}

impl Plugin for Redactor {
    fn policy(&self) -> Policy {
        let Config { mode, on_failure, .. } = self.shared.config;
        Policy {
            name: "pii_redactor",
            stage: Stage::Rewrite,
            mode,
            on_failure,
        }
    }

    fn open(&self, head: &Head, _cx: &mut Cx<'_>) -> Open {
        let config = &self.shared.config;
        let scope = &config.scope;
        if !head.target.operation.is_inference()
            || !scope.has_route(&head.route)
            || !scope.may_have_api(head.target.api)
        {
            return Open::Skip;
        }
        self.shared.opened.set(self.shared.opened.get() + 1);
        let filter = RedactorOne {
            shared: Rc::clone(&self.shared),
            survey: None,
            vault: Vault::default(),
            windows: Windows::default(),
            tally: Tally::default(),
            reads_answers: config.reads_answers,
        };
        let response = if config.reads_answers {
            Need::Decide
        } else {
            Need::Nothing
        };
        Open::Join(
            Box::new(filter),
            Needs {
                request: Need::Decide,
                response,
            },
        )
    }
}

struct RedactorOne {
    shared: Rc<Shared>,
    /// Of a request that is scanned in more than one turn.
    survey: Option<Survey>,
    vault: Vault,
    windows: Windows,
    tally: Tally,
    reads_answers: bool,
}

impl Filter for RedactorOne {
    fn on_prompt(&mut self, prompt: &mut Prompt<'_>, _reply: Option<&Reply>, cx: &mut Cx<'_>) -> PromptFlow {
        let shared = Rc::clone(&self.shared);
        let config = &shared.config;
        if !config.scope.has_model(prompt.model()) {
            self.reads_answers = false;
            return PromptFlow::Next;
        }
        let (json, texts) = (prompt.json(), prompt.texts());
        let request = Request {
            config,
            json,
            texts: &texts.texts,
        };
        let mut survey = match self.survey.take() {
            Some(survey) => survey,
            None => match self.look_at_unseen(config, &texts) {
                Some(denial) => return PromptFlow::Deny(denial),
                None => Survey::default(),
            },
        };
        match survey.go_on(request, prompt.may_wait(), &mut self.tally) {
            Turn::Done => {}
            Turn::Paused => {
                self.survey = Some(survey);
                return PromptFlow::Later;
            }
            Turn::TooMany => return PromptFlow::Fail(Failure::TooManyFinds),
        }
        if survey.parts().is_empty() {
            return PromptFlow::Next;
        }
        if let Some(rule) = survey.count(request, &mut self.tally) {
            return PromptFlow::Deny(denial(config, rule, "request"));
        }
        let key = naming(config, &texts, is_kept(prompt.dialect(), json), || {
            Key::once(&shared.seed, cx.now_ns(), shared.opened.get())
        });
        survey.teach(request, &mut self.vault, key.is_some());
        if let Err(Unwritable) = mask(request, &survey, &mut self.vault, key.as_ref(), prompt.edits()) {
            return PromptFlow::Fail(Failure::Bug);
        }
        if !self.vault.is_empty() {
            cx.bind_response();
        }
        PromptFlow::Next
    }

    fn on_output(
        &mut self,
        piece: &Piece<'_>,
        edits: &mut PieceEdits,
        _reply: Option<&Reply>,
        _cx: &mut Cx<'_>,
    ) -> OutputFlow {
        // Its signature would no longer fit; what it was signed of is what the model saw.
        if piece.signed || is_left_alone(piece.scope) {
            return OutputFlow::Clear;
        }
        // Its strings come one by one.
        if piece.encoding == Encoding::JsonValue {
            return OutputFlow::Clear;
        }
        let config = &self.shared.config;
        let mut window = self.windows.take(piece);
        let reading = Reading {
            piece,
            config,
            vault: &self.vault,
            window: &mut window,
            tally: &mut self.tally,
            edits,
        };
        match reading.read(self.reads_answers) {
            Ok(flow) => {
                self.windows.put(piece, window);
                flow
            }
            Err(rule) => OutputFlow::Cut(denial(config, rule, "answer")),
        }
    }

    fn on_end(&mut self, _record: &Record, cx: &mut Cx<'_>) {
        let config = &self.shared.config;
        let shadow = cx.shadow();
        self.shared
            .book
            .borrow_mut()
            .add(&self.tally, config, shadow, cx.ports());
        if let Some(line) = self.tally.line(&config.scanner).filter(|_| config.filter_state) {
            cx.ports().filter_state("penstock.pii", line.as_bytes());
        }
    }
}

impl RedactorOne {
    fn look_at_unseen(&mut self, config: &Config, texts: &Texts) -> Option<Denial> {
        for unseen in &texts.unseen {
            self.tally.unseen(unseen.kind);
        }
        let blind = texts
            .unseen
            .iter()
            .find(|unseen| unseen.kind.is_blind())
            .filter(|_| config.deny_unseen)?;
        let message = format!(
            "this content cannot be checked for personal data: {}",
            blind.kind.name()
        );
        Some(Denial::new(400, "unseen_content", message))
    }
}

fn denial(config: &Config, rule: RuleId, what: &str) -> Denial {
    let rule = config.scanner.rule(rule);
    Denial::new(
        400,
        "pii_blocked",
        format!("the {what} holds what must not pass: {}", rule.entity),
    )
}
