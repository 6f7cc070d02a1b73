//! `penstock istio`: Istio's manifests from one file of values.

mod config;
mod image;
mod page;
mod render;
mod target;
mod values;

pub(crate) use values::{Form, schema};

use crate::args::IstioArgs;
use crate::check::Source;
use crate::{Console, OK, REFUSED, input};
use penstock_filter_api::ConfigError;
use values::{RawValues, Values};

/// Runs `penstock istio`.
pub(crate) fn run(args: &IstioArgs, console: &mut Console<'_>) -> u8 {
    let name = input::name(&args.file);
    let bytes = match input::read(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => return console.fail(&format!("{name}: {error}")),
    };
    let source = match Source::one(&bytes, &args.file) {
        Ok(source) => source,
        Err((line, why)) => return refuse(&name, line, &why, console),
    };
    match values(&source, args).and_then(|values| render::manifests(&values)) {
        Ok(manifests) => {
            console.say(&manifests);
            OK
        }
        Err(error) => refuse(&name, source.line(&error.path), &error.to_string(), console),
    }
}

/// The values of the file, and what the command line says instead.
fn values(source: &Source, args: &IstioArgs) -> Result<Values, ConfigError> {
    let mut raw: RawValues = penstock_filter_api::read(&source.json())?;
    if let Some(form) = args.form {
        raw.form = form;
    }
    if let Some(image) = &args.image {
        raw.image = Some(image.clone());
    }
    Values::new(raw)
}

fn refuse(name: &str, line: usize, why: &str, console: &mut Console<'_>) -> u8 {
    let error = console.err_paint.error("error:");
    console.note(&format!("{name}:{line}: {error} {why}\n"));
    REFUSED
}
