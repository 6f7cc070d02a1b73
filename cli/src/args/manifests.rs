//! The command line of what renders manifests.

use super::{ArgError, Command, hint, unexpected};
use crate::help::Topic;
use crate::istio::Form;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;

const ISTIO_OPTIONS: &[&str] = &["--form", "--image", "--help"];

/// The command line of `penstock istio`.
#[derive(Debug, Default)]
pub(crate) struct IstioArgs {
    pub(crate) file: OsString,
    /// In place of the file's.
    pub(crate) form: Option<Form>,
    /// In place of the file's.
    pub(crate) image: Option<String>,
}

pub(super) fn istio(parser: &mut Parser) -> Result<Command, ArgError> {
    let (mut args, mut file) = (IstioArgs::default(), None);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Istio)),
            Arg::Short('f') | Arg::Long("form") => args.form = Some(form(&parser.value()?.string()?)?),
            Arg::Short('i') | Arg::Long("image") => args.image = Some(parser.value()?.string()?),
            Arg::Value(value) if file.is_none() => file = Some(value),
            other => return Err(unexpected(&other, ISTIO_OPTIONS, "penstock istio --help")),
        }
    }
    args.file = file.ok_or_else(|| ArgError("values are missing: try `penstock istio --help`".to_owned()))?;
    Ok(Command::Istio(args))
}

fn form(word: &str) -> Result<Form, ArgError> {
    let known = Form::ALL.iter().find(|form| form.word() == word);
    known.copied().ok_or_else(|| {
        let words: Vec<&str> = Form::ALL.iter().map(|form| form.word()).collect();
        ArgError(format!(
            "no form is called {word:?}{}; there are: {}",
            hint(word, &words),
            words.join(", ")
        ))
    })
}
