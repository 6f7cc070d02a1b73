//! The plugin, and its filter on one exchange.

use crate::answer::{Answer, Outcome};
use crate::block;
use crate::book::{Book, Event, Tally};
use crate::compare::Systems;
use crate::config::Config;
use crate::policy::Party;
use crate::request::Reading;
use crate::verdict::{Finding, Verdict};
use penstock_filter_api::{
    ConfigError, Cx, Denial, Filter, Head, Need, Needs, Open, OutputFlow, Piece, PieceEdits, Plugin, Policy,
    Prompt, PromptFlow, Record, Reply, Stage, Way,
};
use penstock_guard_model::Scratch;
use penstock_llm_api::{Api, Encoding, Operation, Part};
use std::cell::RefCell;
use std::rc::Rc;

pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// Builds the plugin from its configuration.
pub(crate) fn load(json: &str) -> Result<Box<dyn Plugin>, ConfigError> {
    Ok(Box::new(Guard {
        shared: Rc::new(Shared {
            config: Config::parse(json)?,
            book: RefCell::default(),
            scratch: RefCell::default(),
            systems: RefCell::default(),
        }),
    }))
}

struct Guard {
    shared: Rc<Shared>,
}

/// What the exchanges of one VM share. No content.
pub(crate) struct Shared {
    config: Config,
    book: RefCell<Book>,
    pub(crate) scratch: RefCell<Scratch>,
    pub(crate) systems: RefCell<Systems>,
}

impl Plugin for Guard {
    fn policy(&self) -> Policy {
        let Config { mode, on_failure, .. } = self.shared.config;
        Policy {
            name: "prompt_guard",
            stage: Stage::Inspect,
            mode,
            on_failure,
        }
    }

    fn open(&self, head: &Head, cx: &mut Cx<'_>) -> Open {
        let config = &self.shared.config;
        let scope = &config.scope;
        let target = &head.target;
        let is_mcp = target.operation == Operation::Mcp && target.api == Some(Api::Mcp);
        let is_read = is_mcp || target.operation.is_inference();
        if !is_read || !scope.has_route(&head.route) || !scope.may_have_api(target.api) {
            return Open::Skip;
        }
        let tenant = config
            .tenant
            .as_ref()
            .and_then(|tenant| tenant.read(head, cx.ports()));
        let mut one = GuardOne {
            shared: Rc::clone(&self.shared),
            party: Party {
                route: head.route.clone(),
                tenant,
            },
            reading: None,
            answer: None,
            verdict: Verdict::default(),
            tally: Tally::default(),
        };
        if let Some(denial) = one.refused(cx) {
            self.shared
                .book
                .borrow_mut()
                .add(&one.verdict, &one.tally, config, cx.shadow(), cx.ports());
            return Open::Deny(denial);
        }
        // What a client says of itself there is nobody's finding.
        if let Some(header) = config.header.as_deref().filter(|header| head.headers.has(header)) {
            cx.remove_request_header(header);
        }
        // What a tool server answers is what a model will read.
        let response = if config.reads_answers || is_mcp {
            Need::Decide
        } else {
            Need::Nothing
        };
        Open::Join(
            Box::new(one),
            Needs {
                request: Need::Decide,
                response,
            },
        )
    }
}

/// One exchange under the guard.
pub(crate) struct GuardOne {
    pub(crate) shared: Rc<Shared>,
    pub(crate) party: Party,
    /// Of a request that is read in more than one turn, or about which the judge was asked.
    reading: Option<Box<Reading>>,
    pub(crate) answer: Option<Answer>,
    pub(crate) verdict: Verdict,
    pub(crate) tally: Tally,
}

impl Filter for GuardOne {
    fn on_prompt(&mut self, prompt: &mut Prompt<'_>, reply: Option<&Reply>, cx: &mut Cx<'_>) -> PromptFlow {
        let shared = Rc::clone(&self.shared);
        let config = &shared.config;
        if !config.scope.has_model(prompt.model()) {
            return PromptFlow::Next;
        }
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => match self.begin(config, prompt) {
                Ok(reading) => reading,
                Err(denial) => return PromptFlow::Deny(denial),
            },
        };
        let flow = match reply {
            Some(reply) => self.hear(config, &reading.survey, reply),
            None if reading.draft.is_none() => self.look(config, &mut reading, prompt),
            None => None,
        };
        let flow = flow.or_else(|| self.compare(config, &mut reading, prompt));
        match flow {
            Some(flow) => {
                self.reading = Some(reading);
                flow
            }
            None => self.close(config, &reading.survey, prompt, cx),
        }
    }

    fn on_output(
        &mut self,
        piece: &Piece<'_>,
        edits: &mut PieceEdits,
        _reply: Option<&Reply>,
        cx: &mut Cx<'_>,
    ) -> OutputFlow {
        let shared = Rc::clone(&self.shared);
        let config = &shared.config;
        let known = self.verdict.findings().len();
        if let Some(flow) = self.read_foreign(config, piece, edits) {
            self.annotate(config, known, piece.part, cx);
            return flow;
        }
        let Some(answer) = &mut self.answer else {
            return OutputFlow::Clear;
        };
        // Arguments that are shown as a whole come once more, one by one.
        if piece.encoding != Encoding::JsonValue {
            self.tally.add(Event::AnswerBytes, piece.text.len() as u64);
        }
        match answer.read(piece, (config, &self.party), edits, &mut self.verdict) {
            Outcome::Flow(flow) => {
                self.annotate(config, known, piece.part, cx);
                flow
            }
            Outcome::Cut(finding) => OutputFlow::Cut(denial(config, &finding)),
        }
    }

    fn on_end(&mut self, _record: &Record, cx: &mut Cx<'_>) {
        let config = &self.shared.config;
        let shadow = cx.shadow();
        self.shared
            .book
            .borrow_mut()
            .add(&self.verdict, &self.tally, config, shadow, cx.ports());
        if let Some(line) = self
            .verdict
            .line(&config.policies)
            .filter(|_| config.filter_state)
        {
            cx.ports().filter_state("penstock.guard", line.as_bytes());
        }
    }
}

impl GuardOne {
    /// Why a tenant is refused at the head, if it is.
    fn refused(&mut self, cx: &mut Cx<'_>) -> Option<Denial> {
        self.shared.config.block.as_ref()?;
        let now_s = cx.now_ns() / SECOND_NS;
        let left = block::left(cx.ports(), self.party.tenant.as_deref()?, now_s)?;
        self.tally.add(Event::Refused, 1);
        if cx.shadow() {
            return None;
        }
        let mut denial = Denial::new(429, "tenant_blocked", "too many attacks: refused for some time");
        denial.retry_after_s = Some(left);
        Some(denial)
    }

    /// Tells the client of what was found in an answer since: in the head of one that comes whole, behind a stream.
    fn annotate(&self, config: &Config, known: usize, part: Part, cx: &mut Cx<'_>) {
        let told = self.verdict.header(&config.policies, known);
        let Some(header) = config.header.as_deref().filter(|_| !told.is_empty()) else {
            return;
        };
        if part == Part::Delta {
            cx.add_response_trailer(header, &told);
        } else {
            cx.set_response_header(header, &told);
        }
    }
}

/// How an exchange is refused for a finding.
pub(crate) fn denial(config: &Config, finding: &Finding) -> Denial {
    let what = match finding.way {
        Way::Request => "request",
        Way::Response => "answer",
    };
    let message = format!(
        "the {what} was refused: {} in {}",
        config.id(finding.rule),
        finding.scope.name()
    );
    Denial::new(400, "prompt_guard", message)
}
