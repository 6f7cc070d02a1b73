//! The command line.

use crate::check::Strictness;
use crate::help::Topic;
use crate::read::BytesPerToken;
use lexopt::{Arg, Parser, ValueExt};
use penstock_llm_api::Api;
use std::ffi::OsString;
use std::fmt;

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Help(Topic),
    Version,
    Check {
        files: Vec<OsString>,
        strictness: Strictness,
    },
    Schema(Option<String>),
    Read(ReadArgs),
    Scan(ScanArgs),
    Redact(RedactArgs),
}

/// The command line of `penstock read`.
#[derive(Debug, Default)]
pub(crate) struct ReadArgs {
    pub(crate) file: OsString,
    pub(crate) request: Option<OsString>,
    pub(crate) json: bool,
    pub(crate) api: Option<Api>,
    pub(crate) config: Option<OsString>,
    pub(crate) bytes_per_token: Option<BytesPerToken>,
}

/// The command line of `penstock scan`.
#[derive(Debug)]
pub(crate) struct ScanArgs {
    pub(crate) file: OsString,
    pub(crate) config: Option<OsString>,
}

/// The command line of `penstock redact`.
#[derive(Debug)]
pub(crate) struct RedactArgs {
    pub(crate) file: OsString,
    pub(crate) config: Option<OsString>,
    pub(crate) api: Option<Api>,
}

/// A command line that makes no sense, with a hint.
#[derive(Debug)]
pub(crate) struct ArgError(String);

impl fmt::Display for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for ArgError {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

const COMMANDS: &[&str] = &["check", "schema", "read", "scan", "redact", "help"];
const CHECK_OPTIONS: &[&str] = &["--strict", "--help"];
const SCHEMA_OPTIONS: &[&str] = &["--help"];
const SCAN_OPTIONS: &[&str] = &["--config", "--help"];
const REDACT_OPTIONS: &[&str] = &["--config", "--api", "--help"];
/// Filters that find something in texts.
const SCANNERS: &[&str] = &["redactor"];
const READ_OPTIONS: &[&str] = &[
    "--request",
    "--json",
    "--api",
    "--config",
    "--bytes-per-token",
    "--help",
];

/// Reads the arguments behind the program's name.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Command, ArgError> {
    let mut parser = Parser::from_args(args);
    match parser.next()? {
        None => Err(ArgError("a command is missing: try `penstock --help`".to_owned())),
        Some(Arg::Short('h') | Arg::Long("help")) => Ok(Command::Help(Topic::All)),
        Some(Arg::Short('V') | Arg::Long("version")) => Ok(Command::Version),
        Some(Arg::Value(name)) => command(&name.to_string_lossy(), &mut parser),
        Some(other) => Err(unexpected(&other, &["--help", "--version"], "penstock --help")),
    }
}

fn command(name: &str, parser: &mut Parser) -> Result<Command, ArgError> {
    match name {
        "check" => check(parser),
        "schema" => schema(parser),
        "read" => read(parser),
        "scan" => scan(parser),
        "redact" => redact(parser),
        "help" => help(parser),
        other => Err(unknown_command(other)),
    }
}

fn help(parser: &mut Parser) -> Result<Command, ArgError> {
    let Some(arg) = parser.next()? else {
        return Ok(Command::Help(Topic::All));
    };
    let Arg::Value(name) = arg else {
        return Err(unexpected(&arg, &[], "penstock --help"));
    };
    Ok(Command::Help(match &*name.to_string_lossy() {
        "check" => Topic::Check,
        "schema" => Topic::Schema,
        "read" => Topic::Read,
        "scan" => Topic::Scan,
        "redact" => Topic::Redact,
        "help" => Topic::All,
        other => return Err(unknown_command(other)),
    }))
}

fn check(parser: &mut Parser) -> Result<Command, ArgError> {
    let (mut files, mut strictness) = (Vec::new(), Strictness::Lenient);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Check)),
            Arg::Long("strict") => strictness = Strictness::Strict,
            Arg::Value(file) => files.push(file),
            other => return Err(unexpected(&other, CHECK_OPTIONS, "penstock check --help")),
        }
    }
    if files.is_empty() {
        return Err(ArgError(
            "a file is missing: try `penstock check --help`".to_owned(),
        ));
    }
    Ok(Command::Check { files, strictness })
}

fn schema(parser: &mut Parser) -> Result<Command, ArgError> {
    let mut name = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Schema)),
            Arg::Value(value) if name.is_none() => name = Some(value.to_string_lossy().into_owned()),
            other => return Err(unexpected(&other, SCHEMA_OPTIONS, "penstock schema --help")),
        }
    }
    Ok(Command::Schema(name))
}

fn read(parser: &mut Parser) -> Result<Command, ArgError> {
    let (mut args, mut file) = (ReadArgs::default(), None);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Read)),
            Arg::Short('j') | Arg::Long("json") => args.json = true,
            Arg::Short('r') | Arg::Long("request") => args.request = Some(parser.value()?),
            Arg::Short('c') | Arg::Long("config") => args.config = Some(parser.value()?),
            Arg::Short('a') | Arg::Long("api") => args.api = Some(api(&parser.value()?.string()?)?),
            Arg::Long("bytes-per-token") => args.bytes_per_token = Some(ratio(&parser.value()?.string()?)?),
            Arg::Value(value) if file.is_none() => file = Some(value),
            other => return Err(unexpected(&other, READ_OPTIONS, "penstock read --help")),
        }
    }
    args.file = file.ok_or_else(|| ArgError("a file is missing: try `penstock read --help`".to_owned()))?;
    if args.file == "-" && args.request.as_deref().is_some_and(|request| request == "-") {
        return Err(ArgError(
            "standard input cannot be both FILE and --request".to_owned(),
        ));
    }
    if args.api == Some(Api::Custom) && args.config.is_none() {
        return Err(ArgError(
            "--api custom needs --config with its description".to_owned(),
        ));
    }
    Ok(Command::Read(args))
}

fn scan(parser: &mut Parser) -> Result<Command, ArgError> {
    let (mut values, mut config) = (Vec::new(), None);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Scan)),
            Arg::Short('c') | Arg::Long("config") => config = Some(parser.value()?),
            Arg::Value(value) if values.len() < 2 => values.push(value),
            other => return Err(unexpected(&other, SCAN_OPTIONS, "penstock scan --help")),
        }
    }
    let mut values = values.into_iter();
    let filter = values.next().unwrap_or_default();
    if !SCANNERS.iter().any(|known| filter == *known) {
        return Err(ArgError(format!(
            "what is to scan? There are: {}; try `penstock scan --help`",
            SCANNERS.join(", ")
        )));
    }
    let file = values.next().unwrap_or_else(|| "-".into());
    not_both(&file, config.as_ref())?;
    Ok(Command::Scan(ScanArgs { file, config }))
}

fn not_both(file: &OsString, config: Option<&OsString>) -> Result<(), ArgError> {
    if file == "-" && config.is_some_and(|config| config == "-") {
        let both = "standard input cannot be both FILE and --config";
        return Err(ArgError(both.to_owned()));
    }
    Ok(())
}

fn redact(parser: &mut Parser) -> Result<Command, ArgError> {
    let mut args = RedactArgs {
        file: "-".into(),
        config: None,
        api: None,
    };
    let mut named = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Redact)),
            Arg::Short('c') | Arg::Long("config") => args.config = Some(parser.value()?),
            Arg::Short('a') | Arg::Long("api") => args.api = Some(api(&parser.value()?.string()?)?),
            Arg::Value(file) if !named => {
                named = true;
                args.file = file;
            }
            other => return Err(unexpected(&other, REDACT_OPTIONS, "penstock redact --help")),
        }
    }
    not_both(&args.file, args.config.as_ref())?;
    Ok(Command::Redact(args))
}

fn api(name: &str) -> Result<Api, ArgError> {
    Api::from_name(name).ok_or_else(|| {
        let names = Api::ALL.map(Api::name);
        ArgError(format!(
            "no API is called {name:?}{}; there are: {}",
            hint(name, &names),
            names.join(", ")
        ))
    })
}

fn ratio(text: &str) -> Result<BytesPerToken, ArgError> {
    BytesPerToken::parse(text)
        .ok_or_else(|| ArgError(format!("--bytes-per-token {text:?}: not a decimal from 1 to 15")))
}

fn unknown_command(name: &str) -> ArgError {
    ArgError(format!(
        "no command is called {name:?}{}: try `penstock --help`",
        hint(name, COMMANDS)
    ))
}

fn unexpected(arg: &Arg<'_>, options: &[&str], page: &str) -> ArgError {
    let (what, near) = match arg {
        Arg::Short(letter) => (format!("option -{letter}"), String::new()),
        Arg::Long(name) => (format!("option --{name}"), hint(&format!("--{name}"), options)),
        Arg::Value(value) => (format!("argument {:?}", value.to_string_lossy()), String::new()),
    };
    ArgError(format!("{what} is not known here{near}: try `{page}`"))
}

/// The known name that the user probably meant.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|known| (distance(name, known), known)).min();
    match near {
        Some((distance, known)) if distance <= 1 + name.len() / 4 => format!(", did you mean {known}"),
        _ => String::new(),
    }
}

/// Letters to insert, remove or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, up) in b.chars().zip(row.iter().skip(1)) {
            left = (corner + usize::from(from != to)).min(left + 1).min(up + 1);
            corner = *up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(
            (distance("", "abc"), distance("abc", ""), distance("abc", "abc")),
            (3, 3, 0)
        );
        assert_eq!((distance("chek", "check"), distance("kitten", "sitting")), (1, 3));
    }

    #[test]
    fn hints_are_near_or_none() {
        assert_eq!(hint("--strickt", CHECK_OPTIONS), ", did you mean --strict");
        assert_eq!(hint("--verbose", CHECK_OPTIONS), "");
    }
}
