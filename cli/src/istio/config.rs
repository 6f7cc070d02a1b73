//! The filters' part of the values, as a configuration that the filters accept.

use super::page;
use super::values::{Code, Form, RawValues};
use crate::check::{keys, settings};
use penstock_exchange::Engine;
use penstock_filter_api::{ConfigError, Module, Read, Value, wrong};
use penstock_suite::MODULES;
use penstock_wire::{JsonEdits, Kind, Limits, Tape, write_string};

/// Filters that tell tenants apart.
const KNOW_TENANTS: &[&str] = &["prompt_guard", "token_meter"];
/// The engine's own settings.
const ENGINE: &str = "exchange";
/// The field of them that says what the proxy holds.
const BUFFER: &str = "proxy_buffer_bytes";

/// An object as it stands, for somebody else to read.
#[derive(Clone, Debug, Default)]
pub(super) struct Json(String);

impl Read for Json {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        if from.kind() != Kind::Object {
            return Err(wrong(from, "an object"));
        }
        from.raw().clone_into(&mut self.0);
        Ok(())
    }
}

/// What a value of the file adds to the part of a filter that does not have it itself.
struct Addition {
    part: String,
    key: &'static str,
    json: String,
    /// Where it stands in the file.
    from: &'static str,
}

impl Addition {
    fn new(part: &str, key: &'static str, json: &str, from: &'static str) -> Self {
        Self {
            part: part.to_owned(),
            key,
            json: json.to_owned(),
            from,
        }
    }
}

/// The configuration, laid out, once the filters have accepted it.
pub(super) fn checked(raw: &RawValues, code: &Code) -> Result<String, ConfigError> {
    let additions = additions(raw)?;
    let json = added(&raw.filters.0, &additions)?;
    Engine::load(json.as_bytes(), &modules(code)).map_err(|error| written(error, &additions))?;
    surroundings(raw, &json)?;
    page::laid_out(&json)
}

/// The filters that are in the module: an image of one filter's name has that one.
fn modules(code: &Code) -> Vec<Module> {
    let name = match code {
        Code::Image(image) => image.repository(),
        Code::File(path) => path.rsplit('/').next().unwrap_or_default(),
    };
    let name = name.strip_prefix("penstock-").unwrap_or(name);
    let name = name.strip_suffix(".wasm").unwrap_or(name).replace('-', "_");
    let own = MODULES.iter().find(|module| module.name == name);
    own.map_or_else(|| MODULES.to_vec(), |module| vec![*module])
}

fn additions(raw: &RawValues) -> Result<Vec<Addition>, ConfigError> {
    let filters: Vec<String> = keys(&raw.filters.0)
        .into_iter()
        .filter(|part| part != ENGINE)
        .collect();
    let (mut additions, scope) = (of_engine(raw), format!("{{\"routes\":{}}}", list(&raw.routes)));
    if !raw.routes.is_empty() {
        additions.extend(
            filters
                .iter()
                .map(|part| Addition::new(part, "scope", &scope, "routes")),
        );
    }
    if let Some(tenant) = &raw.tenant {
        let mut known = filters
            .iter()
            .filter(|part| KNOW_TENANTS.contains(&part.as_str()))
            .peekable();
        if known.peek().is_none() {
            return Err(ConfigError::new(
                "tenant",
                "none of these filters tells tenants apart",
            ));
        }
        additions.extend(known.map(|part| Addition::new(part, "tenant", &tenant.0, "tenant")));
    }
    Ok(additions)
}

/// What the proxies around it can do.
fn of_engine(raw: &RawValues) -> Vec<Addition> {
    let mut additions = Vec::new();
    if raw.buffer_bytes > 0 {
        let bytes = raw.buffer_bytes.to_string();
        additions.push(Addition::new(ENGINE, BUFFER, &bytes, "buffer_bytes"));
    }
    if !raw.form.holds_headers() {
        additions.push(Addition::new(ENGINE, "headers", "\"release\"", "form"));
    }
    additions
}

impl Form {
    fn holds_headers(self) -> bool {
        match self {
            Self::Ecds | Self::Inline => true,
            Self::WasmPlugin | Self::TrafficExtension => false,
        }
    }
}

fn list(names: &[String]) -> String {
    let mut out = b"[".to_vec();
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(&mut out, name);
    }
    out.push(b']');
    String::from_utf8(out).unwrap_or_default()
}

/// The document with every addition whose key its part lacks. A part that is not there yet begins with the first.
fn added(json: &str, additions: &[Addition]) -> Result<String, ConfigError> {
    additions.iter().try_fold(json.to_owned(), |json, addition| {
        let tape = tape(&json)?;
        let view = tape.view(json.as_bytes());
        let mut edits = JsonEdits::new();
        match view.root().member(&addition.part) {
            None => edits.insert_member(
                view.root().id(),
                &addition.part,
                &format!("{{\"{}\":{}}}", addition.key, addition.json),
            ),
            Some(part) if part.kind() == Kind::Object && part.member(addition.key).is_none() => {
                edits.insert_member(part.id(), addition.key, &addition.json);
            }
            Some(_) => return Ok(json),
        }
        let bytes = edits
            .apply(view)
            .map_err(|error| ConfigError::new("filters", error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| ConfigError::new("filters", error.to_string()))
    })
}

fn tape(json: &str) -> Result<Tape, ConfigError> {
    let mut tape = Tape::new();
    match tape.parse(json.as_bytes(), &Limits::default()) {
        Ok(()) => Ok(tape),
        Err(error) => Err(ConfigError::new("filters", error.to_string())),
    }
}

/// The filters' error, at its place in the file of values.
fn written(error: ConfigError, additions: &[Addition]) -> ConfigError {
    let of = |addition: &&Addition| {
        let place = format!("{}.{}", addition.part, addition.key);
        let rest = error.path.strip_prefix(&place)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then(|| format!("{}{rest}", addition.from))
    };
    // An addition of routes is a member of its own: `scope.routes[1]` is `routes[1]`.
    match additions.iter().find_map(|addition| of(&addition)) {
        Some(path) => ConfigError::new(path.replacen("routes.routes", "routes", 1), error.message),
        None => error.under("filters"),
    }
}

/// What the proxy around the filters has to give them.
fn surroundings(raw: &RawValues, json: &str) -> Result<(), ConfigError> {
    let Some(settings) = settings(json) else {
        return Ok(());
    };
    let error = |path: &str, why: String| Err(ConfigError::new(path, why));
    if settings.hold_headers && !raw.form.holds_headers() {
        return error("filters.exchange.headers", "neither a WasmPlugin nor a TrafficExtension holds headers: requests would hang. Leave it out, or use form: ecds".to_owned());
    }
    let (buffer, request) = (raw.buffer_bytes as usize, settings.max_request_bytes);
    if buffer > 0 && buffer < request {
        return error(
            "buffer_bytes",
            format!(
                "less than exchange.max_request_bytes ({request}): the proxy would answer 413 before the filters can judge"
            ),
        );
    }
    if buffer > 0 && settings.proxy_buffer_bytes != buffer {
        return error(
            "filters.exchange.proxy_buffer_bytes",
            format!("not buffer_bytes ({buffer}): leave it out"),
        );
    }
    Ok(())
}
