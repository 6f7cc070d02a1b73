//! A request under the guard: what is found in it, what the judge is asked, what becomes of it.

use crate::block::{self, Outcome};
use crate::book::Event;
use crate::compare::Draft;
use crate::config::Config;
use crate::flood;
use crate::guard::{GuardOne, SECOND_NS, denial};
use crate::mask::masked;
use crate::raw::Action;
use crate::rule::{Known, RuleId};
use crate::strip::strip;
use crate::survey::{Grey, Part, Reader, Survey};
use crate::verdict::Finding;
use penstock_filter_api::{Callout, Cx, Denial, Failure, OnFailure, Prompt, PromptFlow, Reply, Way};
use penstock_llm_api::{Scope, Texts, text_of};
use std::ops::Range;
use std::rc::Rc;

/// How far a request was read.
pub(crate) struct Reading {
    texts: Texts,
    pub(crate) survey: Survey,
    /// Of the answer, once the survey is done.
    pub(crate) draft: Option<Draft>,
}

impl GuardOne {
    /// Begins to read a request.
    pub(crate) fn begin(&mut self, config: &Config, prompt: &Prompt<'_>) -> Result<Box<Reading>, Denial> {
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
    pub(crate) fn look(
        &mut self,
        config: &Config,
        reading: &mut Reading,
        prompt: &Prompt<'_>,
    ) -> Option<PromptFlow> {
        let shared = Rc::clone(&self.shared);
        let mut reader = Reader {
            config,
            scratch: &mut shared.scratch.borrow_mut(),
        };
        let Reading { texts, survey, .. } = reading;
        if !survey.go_on(&mut reader, prompt.json(), &texts.texts, prompt.may_wait()) {
            return Some(PromptFlow::Later);
        }
        self.settle(config, survey);
        self.question(config, survey, prompt).map(PromptFlow::Wait)
    }

    /// Reads what the answer is compared with, a turn at a time. Gives why it is not done, if it is not.
    pub(crate) fn compare(
        &mut self,
        config: &Config,
        reading: &mut Reading,
        prompt: &Prompt<'_>,
    ) -> Option<PromptFlow> {
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
    fn settle(&mut self, config: &Config, survey: &Survey) {
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
    fn question(&mut self, config: &Config, survey: &Survey, prompt: &Prompt<'_>) -> Option<Callout> {
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
    pub(crate) fn hear(&mut self, config: &Config, survey: &Survey, reply: &Reply) -> Option<PromptFlow> {
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
    pub(crate) fn close(
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
        let goes = |part: &&Part| {
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
    pub(crate) fn stripped(
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
