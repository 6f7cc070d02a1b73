//! The command lines of what reads texts: `scan`, `redact`, `explain`, `disguise`.

use super::{ArgError, Command, api, hint, unexpected};
use crate::guard;
use crate::help::Topic;
use lexopt::{Arg, Parser, ValueExt};
use penstock_llm_api::{Api, Scope};
use penstock_text_scan::disguise::Disguise;
use std::ffi::{OsStr, OsString};

/// The command line of `penstock scan`.
#[derive(Debug)]
pub(crate) struct ScanArgs {
    pub(crate) scanner: Scanner,
    pub(crate) file: OsString,
    pub(crate) config: Option<OsString>,
}

/// What looks at texts, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scanner {
    /// Personal data and secrets.
    Redactor,
    /// Attacks in prompts.
    Guard,
    /// Answers that leak their system prompt.
    Leaks,
}

/// The command line of `penstock redact`.
#[derive(Debug)]
pub(crate) struct RedactArgs {
    pub(crate) file: OsString,
    pub(crate) config: Option<OsString>,
    pub(crate) api: Option<Api>,
}

/// The command line of `penstock explain`.
#[derive(Debug)]
pub(crate) struct ExplainArgs {
    pub(crate) file: OsString,
    pub(crate) config: Option<OsString>,
    pub(crate) scope: Scope,
    pub(crate) json: bool,
}

/// The command line of `penstock disguise`.
#[derive(Debug)]
pub(crate) struct DisguiseArgs {
    pub(crate) kinds: Vec<Disguise>,
    pub(crate) file: OsString,
}

const SCAN_OPTIONS: &[&str] = &["--config", "--leak", "--help"];
const REDACT_OPTIONS: &[&str] = &["--config", "--api", "--help"];
const EXPLAIN_OPTIONS: &[&str] = &["--config", "--role", "--json", "--help"];
const DISGUISE_OPTIONS: &[&str] = &["--help"];
/// Filters that find something in texts.
const SCANNERS: &[&str] = &["redactor", "guard"];
/// Every disguise.
const ALL: &str = "all";

pub(super) fn scan(parser: &mut Parser) -> Result<Command, ArgError> {
    let (mut values, mut config, mut leak) = (Vec::new(), None, false);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Scan)),
            Arg::Short('c') | Arg::Long("config") => config = Some(parser.value()?),
            Arg::Long("leak") => leak = true,
            Arg::Value(value) if values.len() < 2 => values.push(value),
            other => return Err(unexpected(&other, SCAN_OPTIONS, "penstock scan --help")),
        }
    }
    let mut values = values.into_iter();
    let scanner = scanner(&values.next().unwrap_or_default().to_string_lossy())?;
    let scanner = if leak { scanner.of_leaks()? } else { scanner };
    let file = values.next().unwrap_or_else(|| "-".into());
    not_both(&file, config.as_deref())?;
    Ok(Command::Scan(ScanArgs {
        scanner,
        file,
        config,
    }))
}

fn scanner(name: &str) -> Result<Scanner, ArgError> {
    match name {
        "redactor" => Ok(Scanner::Redactor),
        "guard" => Ok(Scanner::Guard),
        _ => Err(ArgError(format!(
            "what is to scan{}? There are: {}; try `penstock scan --help`",
            hint(name, SCANNERS),
            SCANNERS.join(", ")
        ))),
    }
}

impl Scanner {
    /// What `--leak` makes of it.
    fn of_leaks(self) -> Result<Self, ArgError> {
        match self {
            Self::Guard | Self::Leaks => Ok(Self::Leaks),
            Self::Redactor => Err(ArgError("--leak is for `penstock scan guard`".to_owned())),
        }
    }
}

pub(super) fn redact(parser: &mut Parser) -> Result<Command, ArgError> {
    let (mut file, mut config, mut api_named) = (None, None, None);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Redact)),
            Arg::Short('c') | Arg::Long("config") => config = Some(parser.value()?),
            Arg::Short('a') | Arg::Long("api") => api_named = Some(api(&parser.value()?.string()?)?),
            Arg::Value(value) if file.is_none() => file = Some(value),
            other => return Err(unexpected(&other, REDACT_OPTIONS, "penstock redact --help")),
        }
    }
    let file = file.unwrap_or_else(|| "-".into());
    not_both(&file, config.as_deref())?;
    Ok(Command::Redact(RedactArgs {
        file,
        config,
        api: api_named,
    }))
}

pub(super) fn explain(parser: &mut Parser) -> Result<Command, ArgError> {
    let (mut file, mut config, mut scope, mut json) = (None, None, Scope::User, false);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Explain)),
            Arg::Short('c') | Arg::Long("config") => config = Some(parser.value()?),
            Arg::Short('r') | Arg::Long("role") => scope = role(&parser.value()?.string()?)?,
            Arg::Short('j') | Arg::Long("json") => json = true,
            Arg::Value(value) if file.is_none() => file = Some(value),
            other => return Err(unexpected(&other, EXPLAIN_OPTIONS, "penstock explain --help")),
        }
    }
    let file = file.unwrap_or_else(|| "-".into());
    not_both(&file, config.as_deref())?;
    Ok(Command::Explain(ExplainArgs {
        file,
        config,
        scope,
        json,
    }))
}

fn role(name: &str) -> Result<Scope, ArgError> {
    let unknown = || {
        ArgError(format!(
            "no role is called {name:?}; there are: {}",
            guard::roles()
        ))
    };
    guard::scope(name).ok_or_else(unknown)
}

pub(super) fn disguise(parser: &mut Parser) -> Result<Command, ArgError> {
    let mut values = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Disguise)),
            Arg::Value(value) if values.len() < 2 => values.push(value),
            other => return Err(unexpected(&other, DISGUISE_OPTIONS, "penstock disguise --help")),
        }
    }
    let mut values = values.into_iter();
    let kinds = kinds(&values.next().unwrap_or_default().to_string_lossy())?;
    let file = values.next().unwrap_or_else(|| "-".into());
    Ok(Command::Disguise(DisguiseArgs { kinds, file }))
}

fn kinds(name: &str) -> Result<Vec<Disguise>, ArgError> {
    let named = Disguise::ALL
        .into_iter()
        .filter(|kind| name == ALL || kind.name() == name);
    let named: Vec<Disguise> = named.collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let known: Vec<&str> = Disguise::ALL
        .map(Disguise::name)
        .into_iter()
        .chain([ALL])
        .collect();
    Err(ArgError(format!(
        "which disguise{}? There are: {}; try `penstock disguise --help`",
        hint(name, &known),
        known.join(", ")
    )))
}

fn not_both(file: &OsStr, config: Option<&OsStr>) -> Result<(), ArgError> {
    if file == "-" && config.is_some_and(|config| config == "-") {
        let both = "standard input cannot be both FILE and --config";
        return Err(ArgError(both.to_owned()));
    }
    Ok(())
}
