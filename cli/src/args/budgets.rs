//! The command line of `budgets`.

use super::{ADMIN, ArgError, Command, seconds, unexpected};
use crate::admin::Admin;
use crate::help::Topic;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::time::Duration;

/// The command line of `penstock budgets`.
#[derive(Debug)]
pub(crate) struct BudgetsArgs {
    pub(crate) sources: Vec<Source>,
    /// Most accounts of a budget in the table.
    pub(crate) top: usize,
    pub(crate) watch: Option<Duration>,
    pub(crate) json: bool,
}

/// Where statistics come from.
#[derive(Debug)]
pub(crate) enum Source {
    Proxy(Admin),
    /// What a proxy has answered once.
    File(OsString),
}

const OPTIONS: &[&str] = &["--admin", "--file", "--top", "--watch", "--json", "--help"];

pub(super) fn budgets(parser: &mut Parser) -> Result<Command, ArgError> {
    let mut args = BudgetsArgs {
        sources: Vec::new(),
        top: 20,
        watch: None,
        json: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Budgets)),
            Arg::Short('a') | Arg::Long("admin") => args.sources.push(proxy(&parser.value()?.string()?)?),
            Arg::Short('f') | Arg::Long("file") => args.sources.push(Source::File(parser.value()?)),
            Arg::Short('n') | Arg::Long("top") => args.top = top(&parser.value()?.string()?)?,
            Arg::Short('w') | Arg::Long("watch") => args.watch = Some(seconds(&parser.value()?.string()?)?),
            Arg::Short('j') | Arg::Long("json") => args.json = true,
            other => return Err(unexpected(&other, OPTIONS, "penstock budgets --help")),
        }
    }
    let saved = args
        .sources
        .iter()
        .any(|source| matches!(source, Source::File(_)));
    if saved && args.watch.is_some() {
        return Err(ArgError(
            "--watch looks at a proxy: a --file does not change".to_owned(),
        ));
    }
    if args.sources.is_empty() {
        args.sources.push(proxy(ADMIN)?);
    }
    Ok(Command::Budgets(args))
}

fn proxy(text: &str) -> Result<Source, ArgError> {
    Admin::parse(text).map(Source::Proxy).map_err(ArgError)
}

fn top(text: &str) -> Result<usize, ArgError> {
    text.parse()
        .map_err(|_| ArgError(format!("--top {text:?}: not a whole number")))
}
