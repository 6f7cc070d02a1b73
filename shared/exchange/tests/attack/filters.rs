//! Filters made of closures.

use crate::stage::Ends;
use penstock_filter_api::{
    Callout, Cx, Denial, Filter, Head, Mode, Need, Needs, OnFailure, Open, OutputFlow, Piece, PieceEdits,
    Plugin, Policy, Prompt, PromptFlow, Record, Reply, Stage,
};
use penstock_llm_api::Encoding;
use std::rc::Rc;

/// What a filter does with a piece.
pub(crate) type Judge = Box<dyn FnMut(&Piece<'_>, &mut PieceEdits, Option<&Reply>) -> OutputFlow>;
/// What a filter does with a prompt.
pub(crate) type Prompted = Box<dyn FnMut(&mut Prompt<'_>, Option<&Reply>, &mut Cx<'_>) -> PromptFlow>;

/// One filter of a test.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) mode: Mode,
    pub(crate) on_failure: OnFailure,
    pub(crate) needs: Needs,
    pub(crate) output: Rc<dyn Fn() -> Judge>,
    pub(crate) prompt: Rc<dyn Fn() -> Prompted>,
    pub(crate) ends: Ends,
}

/// A filter that decides on both sides and has nothing against anything.
pub(crate) fn agrees() -> Spec {
    Spec {
        mode: Mode::Enforce,
        on_failure: OnFailure::Closed,
        needs: Needs {
            request: Need::Decide,
            response: Need::Decide,
        },
        output: Rc::new(|| Box::new(|_, _, _| OutputFlow::Clear)),
        prompt: Rc::new(|| Box::new(|_, _, _| PromptFlow::Next)),
        ends: Ends::default(),
    }
}

/// A filter that judges output so.
pub(crate) fn judges(
    judge: impl Fn(&Piece<'_>, &mut PieceEdits, Option<&Reply>) -> OutputFlow + Clone + 'static,
) -> Spec {
    agrees().output(move || Box::new(judge.clone()))
}

/// A filter that judges prompts so.
pub(crate) fn prompted(
    judge: impl Fn(&mut Prompt<'_>, Option<&Reply>, &mut Cx<'_>) -> PromptFlow + Clone + 'static,
) -> Spec {
    Spec {
        prompt: Rc::new(move || Box::new(judge.clone())),
        ..agrees()
    }
}

impl Spec {
    pub(crate) fn output(self, make: impl Fn() -> Judge + 'static) -> Self {
        Self {
            output: Rc::new(make),
            ..self
        }
    }

    pub(crate) fn open(self) -> Self {
        Self {
            on_failure: OnFailure::Open,
            ..self
        }
    }

    pub(crate) fn shadow(self) -> Self {
        Self {
            mode: Mode::Shadow,
            ..self
        }
    }

    pub(crate) fn needs(self, request: Need, response: Need) -> Self {
        Self {
            needs: Needs { request, response },
            ..self
        }
    }

    pub(crate) fn plugin(self, name: &'static str, slot: usize) -> Box<dyn Plugin> {
        Box::new(Scripted {
            spec: self,
            name,
            slot,
        })
    }
}

struct Scripted {
    spec: Spec,
    name: &'static str,
    slot: usize,
}

impl Plugin for Scripted {
    fn policy(&self) -> Policy {
        let stages = [Stage::Admit, Stage::Inspect, Stage::Rewrite, Stage::Reuse];
        Policy {
            name: self.name,
            stage: stages[self.slot],
            mode: self.spec.mode,
            on_failure: self.spec.on_failure,
        }
    }

    fn open(&self, _: &Head, _: &mut Cx<'_>) -> Open {
        let one = One {
            name: self.name,
            output: (self.spec.output)(),
            prompt: (self.spec.prompt)(),
            ends: self.spec.ends.clone(),
        };
        Open::Join(Box::new(one), self.spec.needs)
    }
}

struct One {
    name: &'static str,
    output: Judge,
    prompt: Prompted,
    ends: Ends,
}

impl Filter for One {
    fn on_prompt(&mut self, prompt: &mut Prompt<'_>, reply: Option<&Reply>, cx: &mut Cx<'_>) -> PromptFlow {
        (self.prompt)(prompt, reply, cx)
    }

    fn on_output(
        &mut self,
        piece: &Piece<'_>,
        edits: &mut PieceEdits,
        reply: Option<&Reply>,
        _: &mut Cx<'_>,
    ) -> OutputFlow {
        (self.output)(piece, edits, reply)
    }

    fn on_end(&mut self, record: &Record, _: &mut Cx<'_>) {
        self.ends.borrow_mut().push((self.name, record.outcome));
    }
}

/// A question that the judge answers.
pub(crate) fn callout() -> Callout {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Callout {
        cluster: "judge".to_owned(),
        headers: vec![
            header(":method", "POST"),
            header(":path", "/"),
            header(":authority", "judge"),
        ],
        body: Vec::new(),
        timeout_ms: 10_000,
    }
}

pub(crate) fn denial() -> Denial {
    Denial::new(403, "not_here", "not here")
}

/// Replaces a word wherever it stands, also across pieces, and holds a tail only while it could begin the word.
pub(crate) fn replaces(from: &'static str, to: &'static str) -> Spec {
    judges(move |piece, edits, _| {
        if piece.encoding == Encoding::JsonValue {
            return OutputFlow::Clear;
        }
        let window = format!("{}{}", piece.held, piece.text);
        let base = piece.start - piece.held.len() as u64;
        let mut decided = 0;
        while let Some(at) = window[decided..].find(from) {
            let start = decided + at;
            decided = start + from.len();
            edits.replace(base + start as u64..base + decided as u64, to);
        }
        let tail = window
            .char_indices()
            .map(|(at, _)| at)
            .filter(|at| *at >= decided);
        let mut undecided = tail.filter(|at| from.starts_with(&window[*at..]));
        match undecided.next() {
            Some(at) if !piece.last => OutputFlow::HoldFrom(base + at as u64),
            Some(_) | None => OutputFlow::Clear,
        }
    })
}
