//! `penstock check`: configurations, wherever they stand.

mod around;
mod fields;
mod find;
mod module;
mod node;
mod place;
mod resource;
mod scalar;
mod site;
mod source;
mod yaml;

use crate::read::{BytesPerToken, Options};
use crate::{Console, OK, REFUSED, USAGE, input};
use around::Remark;
use find::{Finder, Given, Host, Site, carried};
use node::{Node, is_field};
use penstock_exchange::Engine;
use penstock_suite::MODULES;
use resource::Resource;
use scalar::Reader;
use site::{Finding, Severity};

pub(crate) use scalar::written;
pub(crate) use site::{keys, settings};
pub(crate) use source::Source;
use std::ffi::{OsStr, OsString};

/// Whether warnings are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    Lenient,
    Strict,
}

/// Runs `penstock check`.
pub(crate) fn run(files: &[OsString], strictness: Strictness, console: &mut Console<'_>) -> u8 {
    let mut tally = Tally::default();
    for path in files {
        let name = input::name(path);
        match input::read(path) {
            Ok(bytes) => {
                for finding in check(&bytes, path) {
                    tally.take(finding.severity, strictness);
                    print(&name, &finding, strictness, console);
                }
            }
            Err(error) => {
                console.fail(&format!("{name}: {error}"));
                tally.unreadable = true;
            }
        }
    }
    tally.code()
}

/// What came of all files.
#[derive(Default)]
struct Tally {
    found: bool,
    refused: bool,
    unreadable: bool,
}

impl Tally {
    fn take(&mut self, severity: Severity, strictness: Strictness) {
        match severity {
            Severity::Nothing => {}
            Severity::Ok => self.found = true,
            Severity::Warning => self.refused |= strictness == Strictness::Strict,
            Severity::Error => self.refused = true,
        }
    }

    /// Files without a configuration are well among others: a folder holds many things.
    fn code(&self) -> u8 {
        match self {
            Self { unreadable: true, .. } => USAGE,
            Self {
                refused: false,
                found: true,
                ..
            } => OK,
            Self { .. } => REFUSED,
        }
    }
}

fn print(name: &str, finding: &Finding, strictness: Strictness, console: &mut Console<'_>) {
    let paint = console.out_paint;
    let severity = match (finding.severity, strictness) {
        (Severity::Ok, _) => paint.good("ok"),
        (Severity::Nothing, _) => paint.warning("nothing"),
        (Severity::Warning, Strictness::Lenient) => paint.warning("warning"),
        (Severity::Warning, Strictness::Strict) | (Severity::Error, _) => paint.error("error"),
    };
    let place = if finding.path.is_empty() {
        String::new()
    } else {
        format!("{}: ", finding.path)
    };
    console.say(&format!(
        "{name}:{}: {severity}: {place}{}\n",
        finding.line, finding.message
    ));
}

/// Everything that is to say about a file.
fn check(bytes: &[u8], path: &OsStr) -> Vec<Finding> {
    let documents = match documents(bytes, path) {
        Ok(documents) => documents,
        Err(finding) => return vec![finding],
    };
    let mut findings = Vec::new();
    let mut foreign = 0;
    let mut resources = Vec::new();
    let several = documents.len() > 1;
    for (index, document) in documents.iter().enumerate() {
        let prefix = if several {
            format!("document {}", index + 1)
        } else {
            String::new()
        };
        document.visit(&prefix, &mut |site| {
            if site.is_ours() {
                findings.extend(site.check());
            } else {
                foreign += 1;
            }
        });
        resources.extend(document.resources(&prefix));
    }
    findings.extend(around_them(&resources));
    if findings.is_empty() {
        let others = if foreign > 0 {
            format!(", only {foreign} of other Wasm filters")
        } else {
            String::new()
        };
        let nothing = whole_file(1, format!("no Penstock configuration in it{others}"));
        findings.push(Finding {
            severity: Severity::Nothing,
            ..nothing
        });
    }
    findings
}

/// What is to say about Istio's resources, each by itself and together.
fn around_them(resources: &[Resource<'_>]) -> Vec<Finding> {
    let alone = resources.iter().flat_map(|resource| {
        let remarks = resource.remarks().into_iter();
        remarks.map(|(place, remark)| (step(&resource.path, &place), remark))
    });
    let remarks = alone.chain(resource::pairs(resources));
    let finding = |(path, remark): (String, Remark)| Finding {
        line: remark.line,
        severity: remark.severity,
        path,
        message: remark.message,
    };
    remarks.map(finding).collect()
}

fn step(path: &str, place: &str) -> String {
    if place.is_empty() {
        path.to_owned()
    } else {
        format!("{path}.{place}")
    }
}

/// One document of a file.
struct Document {
    root: Node,
    reader: Reader,
    /// Lines of the file above it.
    above: usize,
}

impl Document {
    /// Shows every configuration in the document, those in the files of a ConfigMap too.
    fn visit(&self, prefix: &str, show: &mut dyn FnMut(&Site<'_>)) {
        let files = carried(&self.root);
        for (file, above, root) in &files {
            let inner = Self {
                root: root.clone(),
                reader: Reader::Envoy,
                above: self.above + above,
            };
            inner.visit(&join(prefix, &format!("data[{file}]")), show);
        }
        let sites = Finder::search(&self.root, self.reader).sites;
        if sites.is_empty() && files.is_empty() && !self.is_of_a_proxy() {
            return show(&Site {
                path: prefix.to_owned(),
                line: self.root.line,
                above: self.above,
                host: Host::Document,
                config: Given::Tree { node: &self.root },
                reader: Reader::Kubernetes,
            });
        }
        for mut site in sites {
            site.path = join(prefix, &site.path);
            site.above = self.above;
            show(&site);
        }
    }

    /// Istio's resources that load one of our filters, or have our name.
    fn resources(&self, prefix: &str) -> Vec<Resource<'_>> {
        let Finder { sites, resources, .. } = Finder::search(&self.root, self.reader);
        let loads = |resource: &Resource<'_>| {
            sites
                .iter()
                .any(|site| site.is_ours() && site.path.starts_with(&format!("{}.", resource.path)))
        };
        let ours = resources
            .into_iter()
            .filter(|resource| loads(resource) || resource.has_our_name());
        ours.map(|resource| Resource {
            path: join(prefix, &resource.path),
            ..resource
        })
        .collect()
    }

    /// Whether the document is one of Envoy's or Kubernetes', and not a configuration alone.
    fn is_of_a_proxy(&self) -> bool {
        const KEYS: &[&str] = &[
            "apiVersion",
            "kind",
            "@type",
            "static_resources",
            "dynamic_resources",
            "admin",
            "node",
            "resources",
            "filter_chains",
            "http_filters",
            "typed_config",
            "listeners",
            "clusters",
        ];
        self.root
            .members()
            .iter()
            .any(|member| KEYS.iter().any(|key| is_field(&member.key, key)))
    }
}

fn join(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", path) => path.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}: {path}"),
    }
}

fn documents(bytes: &[u8], path: &OsStr) -> Result<Vec<Document>, Finding> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(whole_file(1, "not UTF-8".to_owned()));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = |reader| {
        move |root| Document {
            root,
            reader,
            above: 0,
        }
    };
    if let Some(root) = Node::from_json(text) {
        return Ok(vec![document(Reader::Kubernetes)(root)]);
    }
    if path.to_string_lossy().ends_with(".json") {
        return Err(not_json(text));
    }
    match yaml::documents(text) {
        Ok(roots) => Ok(roots.into_iter().map(document(Reader::Envoy)).collect()),
        Err(error) => Err(whole_file(error.line, format!("not YAML: {}", error.message))),
    }
}

fn not_json(text: &str) -> Finding {
    let mut tape = penstock_wire::Tape::new();
    match tape.parse(text.as_bytes(), &node::LIMITS) {
        Ok(()) => whole_file(1, "larger than any configuration".to_owned()),
        Err(error) => {
            let before = text.as_bytes().get(..error.offset).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            whole_file(line, error.to_string())
        }
    }
}

fn whole_file(line: usize, message: String) -> Finding {
    Finding {
        line,
        severity: Severity::Error,
        path: String::new(),
        message,
    }
}

/// The one configuration of a file, as JSON that the filters accept.
pub(crate) fn configuration(bytes: &[u8], path: &OsStr) -> Result<String, String> {
    let documents = documents(bytes, path).map_err(|finding| finding.message)?;
    let mut found = Vec::new();
    for document in &documents {
        document.visit("", &mut |site| {
            if site.is_ours() {
                found.push(site.json());
            }
        });
    }
    let several = found.len();
    let json = match (found.pop(), several) {
        (Some(json), 1) => json,
        (None, _) => return Err("no Penstock configuration in it".to_owned()),
        _ => {
            return Err(format!(
                "{several} Penstock configurations in it: one is to be chosen"
            ));
        }
    };
    Engine::load(json.as_bytes(), MODULES).map_err(|error| error.to_string())?;
    Ok(json)
}

/// What `penstock read` takes from a configuration: custom APIs, routes, the ratio of estimates.
pub(crate) fn options(bytes: &[u8], path: &OsStr) -> Result<Options, String> {
    let json = configuration(bytes, path)?;
    Ok(Options {
        api: None,
        settings: site::settings(&json),
        bytes_per_token: ratio(&json).unwrap_or_default(),
    })
}

fn ratio(json: &str) -> Option<BytesPerToken> {
    let mut tape = penstock_wire::Tape::new();
    tape.parse(json.as_bytes(), &node::LIMITS).ok()?;
    let ratio = tape
        .view(json.as_bytes())
        .root()
        .pointer("/token_meter/estimate/bytes_per_token")?;
    let text = ratio
        .text()
        .map_or_else(|| ratio.number_raw().to_owned(), |text| text.into_owned());
    BytesPerToken::parse(&text)
}
