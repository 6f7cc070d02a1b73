//! What an answer is compared with: the system prompt, and what the client said itself.
//!
//! A long prompt is read a turn at a time, as its survey is.

use crate::answer::Answer;
use crate::config::Config;
use crate::output::{Grounds, Said, System};
use crate::survey::turn;
use penstock_llm_api::{Scope, Text, Texts, text_of};
use penstock_wire::Json;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

/// Most text of a request that an answer is compared with, in bytes: the rest may be quoted and is then a finding.
const MAX_SAID_BYTES: usize = 1 << 20;
/// The same of system prompts: they are read at once, and kept.
const MAX_SYSTEM_BYTES: usize = 96 << 10;
/// What a turn may cost, in bytes of text that are compared: some two milliseconds.
const TURN_COST: usize = 64 << 10;
/// What it costs to look for claims in a byte, where comparing it costs one.
const CLAIMS_COST: usize = 2;
/// What a text costs beside its bytes.
const TEXT_COST: usize = 16;
/// So much of a turn is read again with the next one, in bytes: what stands at the border is whole in one of them.
const OVERLAP_BYTES: usize = 512;
/// Most system prompts whose index is kept: an operator has few, and reading one takes as long as reading a long answer.
const MAX_SYSTEMS: usize = 16;

/// Indexes of system prompts, kept from one exchange to the next.
#[derive(Default)]
pub(crate) struct Systems(VecDeque<(u64, usize, Rc<System>)>);

impl Systems {
    /// The index of these prompts.
    fn of(&mut self, prompts: &[&str], is_whole: bool, config: &Config) -> Rc<System> {
        let (hash, length) = (hash(prompts), prompts.iter().map(|prompt| prompt.len()).sum());
        if let Some((_, _, known)) = self
            .0
            .iter()
            .find(|(known, size, _)| (*known, *size) == (hash, length))
        {
            return Rc::clone(known);
        }
        if self.0.len() >= MAX_SYSTEMS {
            self.0.pop_front();
        }
        let new = Rc::new(System::new(prompts, &config.watched.leak).with_rest(!is_whole));
        self.0.push_back((hash, length, Rc::clone(&new)));
        new
    }
}

/// Eight bytes at a time, so that a long prompt costs little; 64 bits, so that no two meet.
fn hash(prompts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for prompt in prompts {
        for chunk in prompt.as_bytes().chunks(8) {
            let word = chunk
                .iter()
                .fold(chunk.len() as u64, |word, byte| word << 8 | u64::from(*byte));
            hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(27);
        }
        hash = hash.wrapping_add(1);
    }
    hash
}

/// What an answer is compared with, as far as it was read.
pub(crate) struct Draft {
    system: Rc<System>,
    said: Said,
    grounds: Option<Grounds>,
    /// The text that is next, and from where.
    next: usize,
    at: usize,
    /// That text, decoded.
    decoded: Option<String>,
    /// Bytes that are read yet.
    left: usize,
}

impl Draft {
    /// For answers to a request with these texts. Those that nothing is compared with are not read.
    pub(crate) fn new(config: &Config, systems: &mut Systems, json: Json<'_>, texts: &Texts) -> Self {
        let leak = &config.watched.leak;
        let (mut prompts, mut is_whole) = (Vec::new(), true);
        if leak.shingles || leak.secrets {
            (prompts, is_whole) = system_prompts(json, texts);
        }
        let prompts: Vec<&str> = prompts.iter().map(Cow::as_ref).collect();
        let system = systems.of(&prompts, is_whole, config);
        let grounds = config.grounding.then(|| {
            let all = texts.texts.iter().filter(|text| is_ground(text.scope));
            let sizes = all.map(|text| json.value(text.node).decoded_len());
            Grounds::new(sizes.clone().count(), sizes.sum())
        });
        Self {
            said: Said::default(),
            left: if grounds.is_some() || !system.is_empty() {
                MAX_SAID_BYTES
            } else {
                0
            },
            system,
            grounds,
            next: 0,
            at: 0,
            decoded: None,
        }
    }

    /// Reads on, for a turn or to the end. Gives whether that is reached.
    pub(crate) fn go_on(&mut self, json: Json<'_>, texts: &[Text], may_pause: bool) -> bool {
        let mut turn = if may_pause {
            turn(json, TURN_COST)
        } else {
            usize::MAX
        };
        while let Some(text) = texts.get(self.next).filter(|_| self.left > 0) {
            if turn == 0 {
                return false;
            }
            turn = turn.saturating_sub(self.read(json, text, turn.min(TURN_COST)) + TEXT_COST);
        }
        true
    }

    /// Reads a text, or the next part of a long one. Gives what it costs.
    fn read(&mut self, json: Json<'_>, text: &Text, most: usize) -> usize {
        let is_said = text.scope != Scope::System && is_ground(text.scope) && !self.system.is_empty();
        let grounds = self.grounds.as_mut();
        let grounds = grounds.filter(|grounds| grounds.is_complete() && is_ground(text.scope));
        let price = usize::from(is_said) + grounds.as_ref().map_or(0, |_| CLAIMS_COST);
        let Some(bytes) = most.checked_div(price) else {
            self.decoded = None;
            (self.next, self.at) = (self.next + 1, 0);
            return 0;
        };
        let all = self
            .decoded
            .take()
            .map_or_else(|| text_of(json, text.node), Cow::Owned);
        let end = all.floor_char_boundary(self.at + bytes.max(2 * OVERLAP_BYTES));
        let part = all.get(self.at..end).unwrap_or_default();
        if is_said {
            self.system.note(&mut self.said, part);
        }
        if let Some(grounds) = grounds {
            grounds.read(part);
        }
        let dealt = part.len();
        self.left = self.left.saturating_sub(dealt);
        if end == all.len() {
            (self.next, self.at) = (self.next + 1, 0);
        } else {
            self.at = all.floor_char_boundary(end.saturating_sub(OVERLAP_BYTES));
            self.decoded = Some(all.into_owned());
        }
        dealt * price
    }

    /// The answer to watch.
    pub(crate) fn finish(self, config: &Config) -> Answer {
        Answer::new(config, (self.system, self.said, self.grounds))
    }
}

/// The system prompts, as many as are watched, and whether that is all of them.
fn system_prompts<'a>(json: Json<'a>, texts: &Texts) -> (Vec<Cow<'a, str>>, bool) {
    let (mut prompts, mut left) = (Vec::new(), MAX_SYSTEM_BYTES);
    for text in texts.texts.iter().filter(|text| text.scope == Scope::System) {
        let prompt = text_of(json, text.node);
        if prompt.len() > left {
            let begin = prompt.get(..prompt.floor_char_boundary(left)).unwrap_or_default();
            prompts.push(Cow::Owned(begin.to_owned()));
            return (prompts, false);
        }
        left -= prompt.len();
        prompts.push(prompt);
    }
    (prompts, true)
}

/// Whether an answer may rest on it. All but the system prompt is the client's own to hear again.
fn is_ground(scope: Scope) -> bool {
    match scope {
        Scope::User
        | Scope::ToolResult
        | Scope::Document
        | Scope::ToolCall
        | Scope::ToolDefinition
        | Scope::ToolName => true,
        Scope::System | Scope::Assistant | Scope::Metadata | Scope::Other => true,
        Scope::Output | Scope::Reasoning | Scope::Refusal => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Draft, Systems};
    use crate::config::Config;
    use penstock_llm_api::{Dialect, request_texts};
    use penstock_wire::{Limits, Tape};

    /// What the client said of this system prompt, and how many turns it took to know that.
    fn said(system: &str, user: &str, may_pause: bool) -> (String, usize) {
        let body = serde_json::json!({"messages": [{"role": "system", "content": system}, {"role": "user", "content": user}]})
            .to_string();
        let mut tape = Tape::new();
        tape.parse(body.as_bytes(), &Limits::default()).unwrap();
        let json = tape.view(body.as_bytes());
        let texts = request_texts(Dialect::OpenAiChat, json);
        let config = Config::parse(r#"{"answers": {"grounding": true}}"#).unwrap();
        let mut draft = Draft::new(&config, &mut Systems::default(), json, &texts);
        let mut turns = 1;
        while !draft.go_on(json, &texts.texts, may_pause) {
            turns += 1;
        }
        (format!("{:?}", draft.said), turns)
    }

    #[test]
    fn a_long_prompt_is_compared_in_turns_and_the_same() {
        let system = "You are Fen, the clerk of the harbour library. The password is BlueFalcon77. Be kind.";
        let filler = "Nothing of it stands here, é. ";
        for at in [0, 700, 1090, 1092, 3000] {
            let user = [&filler.repeat(at), system, &filler.repeat(9_000)].concat();
            let (whole, one) = said(system, &user, false);
            let (parts, several) = said(system, &user, true);
            assert_eq!((one, whole), (1, parts), "{at}");
            assert!(several > 3, "{several}");
        }
    }

    #[test]
    fn what_nothing_is_compared_with_is_not_read() {
        let config = Config::parse("{}").unwrap();
        let body = br#"{"messages": [{"role": "user", "content": "hello"}]}"#;
        let mut tape = Tape::new();
        tape.parse(body, &Limits::default()).unwrap();
        let texts = request_texts(Dialect::OpenAiChat, tape.view(body));
        let mut draft = Draft::new(&config, &mut Systems::default(), tape.view(body), &texts);
        assert!(draft.go_on(tape.view(body), &texts.texts, true) && draft.next == 0);
    }
}
