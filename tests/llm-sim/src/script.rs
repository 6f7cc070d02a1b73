//! What is said: an [`Answer`] made from the seed, the request and the controls, before any dialect renders it.
//!
//! One piece is one token. Truth is counted here, never read back from the bytes.

use crate::controls::{Content, Controls};
use crate::dialect::{Ask, Cache};
use crate::rng::Rng;
use crate::words;

/// Everything a dialect needs to render one answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Ids, fingerprints and the like are drawn from here, so they repeat with the request.
    pub rng: Rng,
    /// Unix seconds, a function of the seed: two runs give the same bytes.
    pub created: u64,
    pub choices: Vec<Choice>,
    pub usage: Usage,
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub index: u32,
    /// Reasoning pieces, in order, before the text.
    pub reasoning: Vec<String>,
    pub text: Vec<String>,
    pub tools: Vec<ToolCall>,
    pub finish: Finish,
}

#[derive(Clone, Debug)]
pub struct ToolCall {
    pub name: String,
    /// Letters and digits; each dialect puts its prefix before it.
    pub id: String,
    /// The JSON of the arguments, cut anywhere, also inside an escape.
    pub arguments: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    Length,
    Tools,
}

/// The truth: what a bill must say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input: uncached, read from the cache, and written to it.
    pub input: u64,
    pub cached: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    /// All output, reasoning included.
    pub output: u64,
    pub reasoning: u64,
}

impl Usage {
    pub fn cache_creation(&self) -> u64 {
        self.cache_write_5m + self.cache_write_1h
    }

    /// Input that was neither read from the cache nor written to it.
    pub fn uncached(&self) -> u64 {
        self.input - self.cached - self.cache_creation()
    }

    pub fn total(&self) -> u64 {
        self.input + self.output
    }
}

impl Choice {
    pub fn text(&self) -> String {
        self.text.concat()
    }

    pub fn reasoning(&self) -> String {
        self.reasoning.concat()
    }

    fn tokens(&self) -> u64 {
        let arguments: usize = self.tools.iter().map(|tool| tool.arguments.len()).sum();
        (self.reasoning.len() + self.text.len() + arguments) as u64
    }
}

impl ToolCall {
    pub fn arguments(&self) -> String {
        self.arguments.concat()
    }
}

impl Answer {
    pub fn write(seed: u64, ask: &Ask, controls: &Controls) -> Self {
        let salt = [ask.model.as_bytes(), ask.operation.name().as_bytes()];
        let texts = ask.texts.iter().map(String::as_bytes);
        let mut rng = Rng::from_parts(seed, salt.into_iter().chain(texts));
        let choices: Vec<Choice> = (0..ask.n)
            .map(|index| choice(index, ask, controls, &mut rng))
            .collect();
        let usage = usage(seed, ask, controls, &choices);
        Self {
            rng,
            created: 1_760_000_000 + seed % 1_000_000,
            choices,
            usage,
        }
    }
}

fn usage(seed: u64, ask: &Ask, controls: &Controls, choices: &[Choice]) -> Usage {
    let counted = controls.input.unwrap_or_else(|| count_input(seed, ask));
    let (cached, write_5m, write_1h) = match ask.cache {
        Cache::Silent => (0, 0, 0),
        Cache::Reads => (controls.cached, 0, 0),
        Cache::ReadsAndWrites => (controls.cached, controls.cache_write, controls.cache_write_1h),
    };
    let tool_prompt = if ask.cache == Cache::Reads {
        controls.tool_prompt
    } else {
        0
    };
    let special = cached + write_5m + write_1h;
    // A prompt is never wholly cached: at least its last token is read anew.
    let prompt = if special > 0 {
        counted.max(special + 1)
    } else {
        counted
    };
    Usage {
        input: prompt + tool_prompt,
        cached,
        cache_write_5m: write_5m,
        cache_write_1h: write_1h,
        output: choices.iter().map(Choice::tokens).sum(),
        reasoning: choices.iter().map(|choice| choice.reasoning.len() as u64).sum(),
    }
}

/// A token is about four bytes; each text adds 2 to 4 for its envelope, as the seed has it.
pub fn count_input(seed: u64, ask: &Ask) -> u64 {
    let tokens = ask.texts.iter().map(|text| count_text(seed, text)).sum::<u64>();
    (tokens + ask.ids).max(1)
}

pub fn count_text(seed: u64, text: &str) -> u64 {
    text.len().div_ceil(4) as u64 + Rng::from_parts(seed, [text.as_bytes()]).range(2, 4)
}

fn choice(index: u32, ask: &Ask, controls: &Controls, rng: &mut Rng) -> Choice {
    let reasoning = words::plain(rng, if index == 0 { controls.reason as usize } else { 0 });
    let wanted = controls.out.map(|n| n as usize);
    let mut text = match (&controls.say, controls.tool, wanted) {
        (Some(say), _, _) => words::cut(say, rng, wanted),
        (None, tools, None) if tools > 0 => Vec::new(),
        (None, _, _) => pieces(controls.content, ask, wanted, rng),
    };
    let tools: Vec<ToolCall> = (0..controls.tool)
        .map(|position| tool_call(position, ask, controls.content, rng))
        .collect();
    let limit = ask.max_tokens.filter(|_| !controls.heedless).unwrap_or(u64::MAX);
    let finish = if (text.len() as u64) > limit {
        text.truncate(limit as usize);
        Finish::Length
    } else if tools.is_empty() {
        Finish::Stop
    } else {
        Finish::Tools
    };
    Choice {
        index,
        reasoning,
        text,
        tools,
        finish,
    }
}

fn pieces(content: Content, ask: &Ask, wanted: Option<usize>, rng: &mut Rng) -> Vec<String> {
    match content {
        Content::Plain => {
            let count = wanted.unwrap_or(rng.range(12, 40) as usize);
            words::plain(rng, count)
        }
        Content::Long => words::plain(rng, wanted.unwrap_or(2000)),
        Content::Unicode => words::cut(words::UNICODE, rng, wanted),
        Content::Pii => words::cut(words::PII, rng, wanted),
        Content::Echo => words::cut(last_text(ask), rng, wanted),
    }
}

fn last_text(ask: &Ask) -> &str {
    ask.texts.last().map_or("", String::as_str)
}

fn tool_call(position: u32, ask: &Ask, content: Content, rng: &mut Rng) -> ToolCall {
    let name = match ask.tools.len() {
        0 => words::TOOLS[position as usize % words::TOOLS.len()].to_owned(),
        n => ask.tools[position as usize % n].clone(),
    };
    let arguments = match content {
        Content::Echo => words::repeated(last_text(ask)),
        Content::Plain | Content::Unicode | Content::Pii | Content::Long => words::arguments(rng),
    };
    ToolCall {
        name,
        id: rng.id(24),
        arguments: words::cut(&arguments, rng, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask() -> Ask {
        Ask {
            model: "m".into(),
            n: 1,
            texts: vec!["write to jane@example.com".into()],
            ..Ask::default()
        }
    }

    fn answer(seed: u64, sim: &str) -> Answer {
        Answer::write(seed, &ask(), &Controls::default().overlaid(sim).unwrap())
    }

    #[test]
    fn an_answer_is_a_function_of_seed_and_request() {
        assert_eq!(
            answer(1, "out=9").choices[0].text(),
            answer(1, "out=9").choices[0].text()
        );
        assert_ne!(
            answer(1, "out=9").choices[0].text(),
            answer(2, "out=9").choices[0].text()
        );
    }

    #[test]
    fn counts_are_what_the_controls_say() {
        let usage = answer(1, "out=9;reason=4;in=50;cached=20").usage;
        assert_eq!((usage.input, usage.output, usage.reasoning), (50, 13, 4));
        // An API that is silent about its cache has none.
        assert_eq!(usage.cached, 0);
        let ask = Ask {
            cache: Cache::ReadsAndWrites,
            ..ask()
        };
        let controls = Controls::default()
            .overlaid("in=5;cached=20;cache_write=3")
            .unwrap();
        let usage = Answer::write(1, &ask, &controls).usage;
        assert_eq!((usage.input, usage.uncached()), (24, 1));
    }

    #[test]
    fn an_echo_is_in_the_arguments_of_tools_too() {
        let ask = Ask {
            texts: vec!["call \"Jane\"".into()],
            ..ask()
        };
        let controls = Controls::default().overlaid("content=echo;tool=1").unwrap();
        let answer = Answer::write(1, &ask, &controls);
        let arguments: serde_json::Value =
            serde_json::from_str(&answer.choices[0].tools[0].arguments()).unwrap();
        assert_eq!(
            arguments,
            serde_json::json!({"text": "call \"Jane\"", "again": ["call \"Jane\""]})
        );
    }

    #[test]
    fn only_a_heedless_answer_is_longer_than_allowed() {
        let ask = Ask {
            max_tokens: Some(3),
            ..ask()
        };
        let output = |controls: &str| {
            let controls = Controls::default().overlaid(controls).unwrap();
            Answer::write(1, &ask, &controls).usage.output
        };
        assert_eq!((output("out=20"), output("out=20;heedless=1")), (3, 20));
    }

    #[test]
    fn what_is_said_can_be_chosen() {
        assert_eq!(
            answer(1, "content=echo").choices[0].text(),
            "write to jane@example.com"
        );
        assert_eq!(answer(1, "say=a%3Bb%20%E2%9C%93").choices[0].text(), "a;b ✓");
        assert_eq!(answer(1, "content=pii").choices[0].text(), words::PII);
        assert_eq!(answer(1, "content=unicode;out=500").choices[0].text.len(), 500);
    }
}
