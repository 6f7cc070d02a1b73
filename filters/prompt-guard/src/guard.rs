//! The plugin, and its filter on one exchange.

use crate::answer::{Answer, Outcome as Read};
use crate::block::{self, Outcome};
use crate::book::{Book, Event, Tally};
use crate::compare::{Draft, Systems};
use crate::config::Config;
use crate::flood;
use crate::mask::masked;
use crate::policy::Party;
use crate::raw::Action;
use crate::rule::{Known, RuleId};
use crate::strip::strip;
use crate::survey::{Grey, Reader, Survey};
use crate::verdict::{Finding, Verdict};
use penstock_filter_api::{
    ConfigError, Cx, Denial, Failure, Filter, Head, Need, Needs, OnFailure, Open, OutputFlow, Piece,
    PieceEdits, Plugin, Policy, Prompt, PromptFlow, Record, Reply, Stage, Way,
};
use penstock_guard_model::Scratch;
use penstock_llm_api::{Api, Encoding, Operation, Part, Scope, Texts, text_of};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

const SECOND_NS: u64 = 1_000_000_000;

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
struct Shared {
    config: Config,
    book: RefCell<Book>,
    scratch: RefCell<Scratch>,
    systems: RefCell<Systems>,
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

struct GuardOne {
    shared: Rc<Shared>,
    party: Party,
    /// Of a request that is read in more than one turn, or about which the judge was asked.
    reading: Option<Box<Reading>>,
    answer: Option<Answer>,
    verdict: Verdict,
    tally: Tally,
}

/// How far a request was read.
struct Reading {
    texts: Texts,
    survey: Survey,
    /// Of the answer, once the survey is done.
    draft: Option<Draft>,
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
            Read::Flow(flow) => {
                self.annotate(config, known, piece.part, cx);
                flow
            }
            Read::Cut(finding) => OutputFlow::Cut(denial(config, &finding)),
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

    /// Begins to read a request.
    fn begin(&mut self, config: &Config, prompt: &Prompt<'_>) -> Result<Box<Reading>, Denial> {
        let texts = prompt.texts();
        match self.measure(config, prompt, &texts) {
            Some(denial) => Err(denial),
            None => Ok(Box::new(Reading {
                texts,
                survey: Survey::default(),
                draft: None,
            })),
        }
    }

    /// Looks for attacks, a turn at a time. Gives why it is not done, if it is not.
    fn look(&mut self, config: &Config, reading: &mut Reading, prompt: &Prompt<'_>) -> Option<PromptFlow> {
        let shared = Rc::clone(&self.shared);
        let mut reader = Reader {
            config,
            scratch: &mut shared.scratch.borrow_mut(),
        };
        let Reading { texts, survey, .. } = reading;
        if !survey.go_on(&mut reader, prompt.json(), &texts.texts, prompt.may_wait()) {
            return Some(PromptFlow::Later);
        }
        self.judge(config, survey);
        self.doubt(config, survey, prompt).map(PromptFlow::Wait)
    }

    /// Reads what the answer is compared with, a turn at a time. Gives why it is not done, if it is not.
    fn compare(&mut self, config: &Config, reading: &mut Reading, prompt: &Prompt<'_>) -> Option<PromptFlow> {
        if !config.reads_answers || self.verdict.denied().is_some() {
            return None;
        }
        let (json, texts) = (prompt.json(), &reading.texts);
        let draft = reading.draft.take();
        let mut draft =
            draft.unwrap_or_else(|| Draft::new(config, &mut self.shared.systems.borrow_mut(), json, texts));
        if !draft.go_on(json, &texts.texts, prompt.may_wait()) {
            reading.draft = Some(draft);
            return Some(PromptFlow::Later);
        }
        let answer = draft.finish(config);
        for what in answer.unwatched() {
            self.tally.add(Event::Unwatched(what), 1);
        }
        self.answer = Some(answer);
        None
    }

    /// Looks at what a request is made of, before its texts.
    fn measure(&mut self, config: &Config, prompt: &Prompt<'_>, texts: &Texts) -> Option<Denial> {
        for unseen in &texts.unseen {
            self.tally.add(Event::Unseen(unseen.kind), 1);
        }
        for rule in flood::over(&config.limits, prompt.json(), texts) {
            self.find(config, rule.into(), Scope::User, 0, 100);
        }
        if config.tools.refuses(&self.party, prompt.json(), &texts.texts) {
            self.find(config, Known::ToolNotAllowed.into(), Scope::ToolName, 0, 100);
        }
        let blind = texts
            .unseen
            .iter()
            .find(|unseen| unseen.kind.is_blind())
            .filter(|_| config.deny_unseen);
        if let Some(blind) = blind {
            let message = format!("this content cannot be checked: {}", blind.kind.name());
            return Some(Denial::new(400, "unseen_content", message));
        }
        self.verdict.denied().map(|finding| denial(config, finding))
    }

    fn find(&mut self, config: &Config, rule: RuleId, scope: Scope, message: u32, score: u8) -> Action {
        let action = config.policies.decide(rule, Way::Request, scope, &self.party);
        self.verdict.add(Finding {
            rule,
            way: Way::Request,
            scope,
            message,
            score,
            action,
        });
        action
    }

    /// Decides about everything that was found.
    fn judge(&mut self, config: &Config, survey: &Survey) {
        self.tally.add(Event::RequestBytes, survey.bytes);
        for part in &survey.parts {
            self.find(
                config,
                part.found.rule,
                part.text.scope,
                part.text.message,
                part.found.score,
            );
        }
    }

    /// The question to the judge, where one is to be asked.
    fn doubt(
        &mut self,
        config: &Config,
        survey: &Survey,
        prompt: &Prompt<'_>,
    ) -> Option<penstock_filter_api::Callout> {
        let (judge, Grey { text, at, .. }) = (config.judge.as_ref()?, survey.grey?);
        if self.verdict.denied().is_some() || !prompt.may_wait() {
            return None;
        }
        let text_ = text_of(prompt.json(), text.node);
        self.tally
            .add(Event::Asked(if judge.raw { "raw" } else { "masked" }), 1);
        let scope = text.scope.name();
        if judge.raw {
            return Some(judge.ask(&text_, at, scope));
        }
        // All of it is masked: half a name is none.
        let before = text_.get(..text_.floor_char_boundary(at)).unwrap_or_default();
        Some(judge.ask(&masked(&text_), masked(before).len(), scope))
    }

    /// Takes the judge's word. Gives why the request cannot go on.
    fn hear(&mut self, config: &Config, survey: &Survey, reply: &Reply) -> Option<PromptFlow> {
        let (judge, Grey { text, score, .. }) = (config.judge.as_ref()?, survey.grey?);
        let verdict = judge.verdict(reply);
        let said = match verdict {
            Some(true) => "unsafe",
            Some(false) => "safe",
            None => "failed",
        };
        self.tally.add(Event::Judged(said), 1);
        if verdict == Some(true) {
            self.find(config, Known::Judge.into(), text.scope, text.message, score);
        }
        let refuses = verdict.is_none() && judge.on_failure == OnFailure::Closed;
        refuses.then(|| match config.on_failure {
            OnFailure::Closed => PromptFlow::Fail(Failure::Callout),
            // Failures of the guard itself pass. This is none.
            OnFailure::Open => PromptFlow::Deny(Denial::new(503, "callout", "the judge gave no answer")),
        })
    }

    /// Acts on the verdict.
    fn close(
        &mut self,
        config: &Config,
        survey: &Survey,
        prompt: &mut Prompt<'_>,
        cx: &mut Cx<'_>,
    ) -> PromptFlow {
        self.remember(config, cx);
        if let Some(finding) = self.verdict.denied() {
            return PromptFlow::Deny(denial(config, finding));
        }
        let stays = match self.verdict.action() {
            Action::Strip => self.strip(config, survey, prompt),
            Action::Pass | Action::Alert | Action::Annotate | Action::Deny => None,
        };
        if let Some(denial) = stays {
            return PromptFlow::Deny(denial);
        }
        let told = self.verdict.header(&config.policies, 0);
        if let Some(header) = config.header.as_deref().filter(|_| !told.is_empty()) {
            cx.set_request_header(header, &told);
        }
        PromptFlow::Next
    }

    /// Reads what stands in an answer and comes from elsewhere: results and descriptions of tools, documents.
    fn read_foreign(
        &mut self,
        config: &Config,
        piece: &Piece<'_>,
        edits: &mut PieceEdits,
    ) -> Option<OutputFlow> {
        if !is_foreign(piece.scope) || piece.part == Part::Echo {
            return None;
        }
        self.tally.add(Event::AnswerBytes, piece.text.len() as u64);
        let (found, _) = Reader {
            config,
            scratch: &mut self.shared.scratch.borrow_mut(),
        }
        .read(piece.text, piece.scope);
        let mut parts = Vec::new();
        let mut stripped = None;
        for one in found {
            let (rule, scope, message) = (one.rule, piece.scope, piece.message);
            let action = config.policies.decide(rule, Way::Response, scope, &self.party);
            let finding = Finding {
                rule,
                way: Way::Response,
                scope,
                message,
                score: one.score,
                action,
            };
            self.verdict.hear(finding, piece.part);
            if action == Action::Strip && !piece.signed {
                parts.push(one.range);
                stripped = stripped.or(Some(finding));
            } else if action >= Action::Strip {
                return Some(OutputFlow::Cut(denial(config, &finding)));
            }
        }
        let Some(finding) = stripped else {
            return Some(OutputFlow::Clear);
        };
        let Some(left) = self.stripped(config, (Way::Response, piece.scope), piece.text, parts) else {
            return Some(OutputFlow::Cut(denial(config, &finding)));
        };
        edits.replace(piece.start..piece.start + piece.text.len() as u64, left);
        Some(OutputFlow::Clear)
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

    /// Counts an attack against its tenant.
    fn remember(&mut self, config: &Config, cx: &mut Cx<'_>) {
        let (Some(block), Some(tenant)) = (&config.block, &self.party.tenant) else {
            return;
        };
        if !self
            .verdict
            .findings()
            .iter()
            .any(|finding| is_attack(finding.rule))
        {
            return;
        }
        let now_s = cx.now_ns() / SECOND_NS;
        match block::offend(cx.ports(), block, tenant, now_s) {
            Outcome::Counted => {}
            Outcome::Blocked => self.tally.add(Event::Blocked, 1),
            Outcome::Lost => self.tally.add(Event::Uncounted, 1),
        }
    }

    /// Takes what was found out of the request. Gives why that is not enough, if it is not.
    fn strip(&mut self, config: &Config, survey: &Survey, prompt: &mut Prompt<'_>) -> Option<Denial> {
        let goes = |part: &&crate::survey::Part| {
            let (rule, scope) = (part.found.rule, part.text.scope);
            config.policies.decide(rule, Way::Request, scope, &self.party) == Action::Strip
        };
        let mut parts: Vec<_> = survey.parts.iter().filter(goes).collect();
        parts.sort_by_key(|part| part.text.node.index());
        for parts in parts.chunk_by(|one, next| one.text.node == next.text.node) {
            let first = parts.first()?;
            let text = text_of(prompt.json(), first.text.node);
            let ranges = parts.iter().map(|part| part.found.range.clone()).collect();
            let Some(left) = self.stripped(config, (Way::Request, first.text.scope), &text, ranges) else {
                let finding = Finding {
                    rule: first.found.rule,
                    way: Way::Request,
                    scope: first.text.scope,
                    message: first.text.message,
                    score: first.found.score,
                    action: Action::Deny,
                };
                self.verdict.add(finding);
                return Some(denial(config, &finding));
            };
            prompt.edits().replace_text(first.text.node, 0..text.len(), &left);
        }
        None
    }

    /// A text without these parts, and without what is then to be taken out. `None` where a finding stays.
    fn stripped(
        &self,
        config: &Config,
        (way, scope): (Way, Scope),
        text: &str,
        parts: Vec<Range<usize>>,
    ) -> Option<String> {
        let mut reader = Reader {
            config,
            scratch: &mut self.shared.scratch.borrow_mut(),
        };
        strip(text, parts, |left| {
            let mut parts = Vec::new();
            for found in reader.read(left, scope).0 {
                match config.policies.decide(found.rule, way, scope, &self.party) {
                    Action::Deny => return None,
                    Action::Strip => parts.push(found.range),
                    Action::Pass | Action::Alert | Action::Annotate => {}
                }
            }
            Some(parts)
        })
    }
}

/// Whether a text comes from neither the model nor the client.
fn is_foreign(scope: Scope) -> bool {
    match scope {
        Scope::ToolResult | Scope::ToolDefinition | Scope::Document => true,
        Scope::System
        | Scope::User
        | Scope::Assistant
        | Scope::ToolName
        | Scope::ToolCall
        | Scope::Metadata => false,
        Scope::Output | Scope::Reasoning | Scope::Refusal | Scope::Other => false,
    }
}

/// Whether a finding speaks of somebody who means harm.
fn is_attack(rule: RuleId) -> bool {
    use Known::{
        HiddenText, IndirectInjection, Injection, Judge, RoleForgery, SplitInjection, ToolPoisoning,
    };
    [
        Injection,
        SplitInjection,
        RoleForgery,
        HiddenText,
        Judge,
        IndirectInjection,
        ToolPoisoning,
    ]
    .into_iter()
    .any(|known| rule == known.into())
}

fn denial(config: &Config, finding: &Finding) -> Denial {
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
