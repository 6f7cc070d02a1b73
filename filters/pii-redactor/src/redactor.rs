//! The plugin, and its filter on one exchange.

use crate::answer::{Window, is_answer};
use crate::book::{Book, Tally};
use crate::config::Config;
use crate::keyed::Key;
use crate::mask::mask;
use crate::policy::Way;
use crate::restore::{Place, Sought, seek};
use crate::survey::{Request, Survey, Turn, is_structured};
use crate::vault::{Entry, Vault};
use penstock_filter_api::{
    ConfigError, Cx, Denial, Failure, Filter, Head, Need, Needs, Open, OutputFlow, Piece, PieceEdits, Plugin,
    Policy, Prompt, PromptFlow, Record, Reply, Stage,
};
use penstock_llm_api::{ChannelId, Encoding, Operation, Part, Texts, UnseenKind};
use penstock_text_scan::RuleId;
use std::cell::{Cell, RefCell};
use std::ops::Range;
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
        if !carries_text(head.target.operation)
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
            windows: Vec::new(),
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

/// Whether texts of people go with this operation.
fn carries_text(operation: Operation) -> bool {
    match operation {
        Operation::Generate | Operation::Embed => true,
        Operation::Manage
        | Operation::Upload
        | Operation::Batch
        | Operation::Realtime
        | Operation::Mcp
        | Operation::Grpc
        | Operation::NotLlm
        | Operation::Unknown => false,
    }
}

struct RedactorOne {
    shared: Rc<Shared>,
    /// Of a request that is scanned in more than one turn.
    survey: Option<Survey>,
    vault: Vault,
    windows: Vec<(ChannelId, Window)>,
    tally: Tally,
    reads_answers: bool,
}

impl Filter for RedactorOne {
    fn on_prompt(&mut self, prompt: &mut Prompt<'_>, _reply: Option<&Reply>, cx: &mut Cx<'_>) -> PromptFlow {
        let shared = Rc::clone(&self.shared);
        let config = &shared.config;
        let named = prompt
            .request()
            .model
            .as_deref()
            .or(prompt.head().target.model.as_deref());
        if !config.scope.has_model(named) {
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
        let key = self.key(&texts, cx);
        survey.teach(request, &mut self.vault, key.is_some());
        mask(request, &survey, &mut self.vault, key.as_ref(), prompt.edits());
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
        if piece.signed {
            return OutputFlow::Clear;
        }
        let shared = Rc::clone(&self.shared);
        let mut window = self.take_window(piece);
        window.push(piece);
        let begin = piece.start.saturating_sub(piece.held.len() as u64);
        let text = [piece.held, piece.text].concat();
        let json = is_json(piece.encoding);
        let place = Place {
            before: window.before(begin),
            json,
            last: piece.last,
        };
        let sought = seek(&self.vault, &text, place);
        let mut open = begin + sought.open as u64;
        if self.reads_answers && is_answer(piece.scope, piece.part) {
            self.tally.scanned(Way::Response, piece.text.len());
            let stand_ins = sought.ranges(begin);
            let verdict = window.judge(
                piece,
                (&stand_ins, open),
                (&shared.config, &self.vault),
                &mut self.tally,
            );
            for (range, with) in verdict.edits {
                // What has left already cannot be taken back.
                let range = range.start.max(begin)..range.end.max(begin);
                if !range.is_empty() {
                    edits.replace(range, written(&with, json));
                }
            }
            if let Some(rule) = verdict.blocked {
                return OutputFlow::Cut(denial(&shared.config, rule, "answer"));
            }
            open = verdict.open;
        }
        let open = self.restore(piece, &sought, begin..open, &mut window, edits);
        window.trim();
        if piece.part == Part::Delta && !piece.last {
            self.windows.push((piece.channel, window));
        }
        if sought.doubtful && open == begin + sought.open as u64 {
            return OutputFlow::LingerFrom(open);
        }
        OutputFlow::HoldFrom(open)
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
    /// Writes the originals of the stand-ins that end in a range of the channel. Gives the end of the range, or where a
    /// stand-in begins that reaches beyond it.
    fn restore(
        &mut self,
        piece: &Piece<'_>,
        sought: &Sought,
        range: Range<u64>,
        window: &mut Window,
        edits: &mut PieceEdits,
    ) -> u64 {
        for stand_in in &sought.found {
            let at = range.start + stand_in.range.start as u64..range.start + stand_in.range.end as u64;
            if at.end > range.end {
                return range.end.min(at.start);
            }
            match stand_in.entry.and_then(|index| self.vault.entry(index)) {
                Some(entry) => {
                    window.restored(at.clone());
                    write_original(entry, piece, at, edits);
                    if counts(piece.part) {
                        self.tally.restored(entry.rule);
                    }
                }
                None if counts(piece.part) => self.tally.unknown(1),
                None => {}
            }
        }
        range.end
    }

    /// What was seen of a channel; of a text that comes whole nothing is kept.
    fn take_window(&mut self, piece: &Piece<'_>) -> Window {
        let known = |(channel, _): &(ChannelId, Window)| *channel == piece.channel;
        match self.windows.iter().position(known) {
            Some(at) if piece.part == Part::Delta => self.windows.swap_remove(at).1,
            Some(_) | None => Window::default(),
        }
    }

    fn look_at_unseen(&mut self, config: &Config, texts: &Texts) -> Option<Denial> {
        for unseen in &texts.unseen {
            self.tally.unseen(unseen.kind);
        }
        let blind = texts
            .unseen
            .iter()
            .find(|unseen| is_blind(unseen.kind))
            .filter(|_| config.deny_unseen)?;
        let message = format!(
            "this content cannot be checked for personal data: {}",
            blind.kind.name()
        );
        Some(Denial::new(400, "unseen_content", message))
    }

    /// What names placeholders, if not a number. Where the server keeps what it was sent, a number would come again for
    /// another value.
    fn key(&self, texts: &Texts, cx: &Cx<'_>) -> Option<Key> {
        let config = &self.shared.config;
        let stateful = texts
            .unseen
            .iter()
            .any(|unseen| unseen.kind == UnseenKind::Reference);
        match &config.key {
            Some(key) if config.keyed || stateful => Some(key.clone()),
            None if stateful => Key::once(&self.shared.seed, cx.now_ns(), self.shared.opened.get()),
            Some(_) | None => None,
        }
    }
}

/// Whether a kind of content may hold personal data that nobody here can see.
fn is_blind(kind: UnseenKind) -> bool {
    match kind {
        UnseenKind::Image | UnseenKind::Audio | UnseenKind::Video | UnseenKind::File => true,
        UnseenKind::Encrypted | UnseenKind::Tokens | UnseenKind::Remote | UnseenKind::TooDeep => true,
        // It was sent before, and went through here.
        UnseenKind::Reference => false,
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

/// Whether a text is new, and not one that was counted before.
fn counts(part: Part) -> bool {
    matches!(part, Part::Delta | Part::Whole)
}

fn is_json(encoding: Encoding) -> bool {
    match encoding {
        Encoding::Plain => false,
        Encoding::JsonInString | Encoding::JsonFragment => true,
    }
}

/// Puts the original in the place of its stand-in. A number that is all of a value of JSON is a number again.
fn write_original(entry: &Entry, piece: &Piece<'_>, at: Range<u64>, edits: &mut PieceEdits) {
    let json = is_json(piece.encoding);
    let all = at.end - at.start == piece.text.len() as u64;
    if entry.is_number && all && !json && piece.part != Part::Delta && is_structured(piece.scope) {
        edits.replace_value(entry.original.clone());
    } else {
        edits.replace(at, written(&entry.original, json));
    }
}

/// A value as it stands in plain text, or between the quotes of JSON source text.
fn written(value: &str, json: bool) -> String {
    if !json {
        return value.to_owned();
    }
    let mut raw = Vec::new();
    penstock_wire::write_string(&mut raw, value);
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    String::from_utf8_lossy(inner).into_owned()
}
