//! The command line.

mod budgets;
mod fleets;
mod hint;
mod manifests;
mod texts;

pub(crate) use budgets::{BudgetsArgs, Source};
pub(crate) use fleets::{FleetArgs, Question, SimulateArgs};
pub(crate) use hint::hint;
pub(crate) use manifests::IstioArgs;
pub(crate) use texts::{DisguiseArgs, ExplainArgs, RedactArgs, ScanArgs, Scanner};

use crate::check::Strictness;
use crate::help::Topic;
use crate::read::BytesPerToken;
use lexopt::{Arg, Parser, ValueExt};
use penstock_llm_api::Api;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

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
    Explain(ExplainArgs),
    Simulate(Box<SimulateArgs>),
    Fleet(FleetArgs),
    Budgets(BudgetsArgs),
    Istio(IstioArgs),
    Disguise(DisguiseArgs),
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

const COMMANDS: &[&str] = &[
    "check", "schema", "read", "scan", "redact", "explain", "simulate", "fleet", "budgets", "istio", "help",
];
/// Where Envoy's admin usually is.
const ADMIN: &str = "http://127.0.0.1:9901";
const CHECK_OPTIONS: &[&str] = &["--strict", "--help"];
const SCHEMA_OPTIONS: &[&str] = &["--help"];
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
        "scan" => texts::scan(parser),
        "redact" => texts::redact(parser),
        "explain" => texts::explain(parser),
        "simulate" => fleets::simulate(parser),
        "fleet" => fleets::fleet(parser),
        "budgets" => budgets::budgets(parser),
        "istio" => manifests::istio(parser),
        "disguise" => texts::disguise(parser),
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
    let name = name.to_string_lossy();
    let topic = Topic::of(&name).ok_or_else(|| unknown_command(&name))?;
    Ok(Command::Help(topic))
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

/// The pause between two looks at a proxy.
fn seconds(text: &str) -> Result<Duration, ArgError> {
    let seconds: Option<f64> = text.trim().parse().ok();
    let seconds = seconds.filter(|seconds| (0.1..=86_400.0).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| ArgError(format!("--watch {text:?}: not from 0.1 to 86400 seconds")))
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
