//! `penstock explain`: why the guard flags a text, or does not.

mod document;
mod page;

use crate::args::ExplainArgs;
use crate::{Console, guard, input};
use penstock_llm_api::Scope;
use penstock_prompt_guard::{Explained, RULES, Viewed};

/// What is to be told.
struct Account {
    scope: Scope,
    /// In hundredths.
    threshold: u8,
    explained: Explained,
}

/// Runs `penstock explain`.
pub(crate) fn run(args: &ExplainArgs, console: &mut Console<'_>) -> u8 {
    let preview = match guard::preview(args.config.as_deref()) {
        Ok(preview) => preview,
        Err(error) => return console.fail(&error),
    };
    let bytes = match input::read(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => return console.fail(&format!("{}: {error}", input::name(&args.file))),
    };
    let text = String::from_utf8_lossy(&bytes);
    let account = Account {
        scope: args.scope,
        threshold: preview.threshold(),
        explained: preview.explain(without_end(&text), args.scope),
    };
    if args.json {
        console.say(&document::of(&account))
    } else {
        console.say(&page::of(&account, console.out_paint))
    }
}

/// A file ends with a line break, a text does not.
fn without_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// What a rule is about; nothing of the user's own rules.
fn about(rule: &str) -> Option<&'static str> {
    RULES
        .iter()
        .find(|known| known.id == rule)
        .map(|known| known.about)
}

impl Account {
    /// The reading that says most.
    fn worst(&self) -> Option<&Viewed> {
        let views = self.explained.views.iter();
        views.reduce(|worst, view| if view.score > worst.score { view } else { worst })
    }
}
