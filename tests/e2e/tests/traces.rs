//! The stand-in does what a real Envoy did: its traces are in `tests/fixtures/traces`, made by
//! `penstock-e2e --record tests/fixtures/traces`.

use penstock_e2e::chunking::Chunking;
use penstock_e2e::message::first;
use penstock_e2e::native::run_guest;
use penstock_e2e::scenario::{Protocol, Scenario};
use penstock_e2e::scripted::Scripted;
use penstock_e2e::trace::{file_name, trace, traces};
use serde_json::Value;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

/// Cuts nothing, and tells the end of a body by a call of its own, as a real proxy does.
const AS_RECORDED: Chunking = Chunking::At(usize::MAX);

fn recorded(scenario: &Scenario, protocol: Protocol) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/traces");
    let path = folder.join(file_name(scenario, protocol));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn imitated(scenario: &Scenario, protocol: Protocol) -> Value {
    let script = first(&scenario.request.headers, "x-script").unwrap_or_default();
    let lines: Rc<RefCell<Vec<String>>> = Rc::default();
    let guest = Scripted::new(std::str::from_utf8(script).unwrap(), lines.clone());
    let (seen, _misuse) = run_guest(scenario, protocol, AS_RECORDED, Box::new(guest));
    let lines: Vec<String> = lines
        .take()
        .into_iter()
        .map(|line| format!("trace: {line}"))
        .collect();
    trace(scenario, &seen, &lines)
}

/// How many bytes a read brings, and whether an upstream has written all before it is told to stop, is chance:
/// where limits are met only the outcome is compared.
fn comparable(mut trace: Value, scenario: &Scenario) -> Value {
    if scenario.name.contains("too large") {
        trace["callbacks"] = Value::Null;
        for upstream in trace["upstream"].as_array_mut().into_iter().flatten() {
            upstream["cancelled"] = Value::Null;
        }
    }
    trace
}

#[test]
fn the_stand_in_does_what_envoy_did() {
    let mut differences = Vec::new();
    for scenario in traces() {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let real = comparable(recorded(&scenario, protocol), &scenario);
            let imitated = comparable(imitated(&scenario, protocol), &scenario);
            if real != imitated {
                differences.push(format!(
                    "{} {}\nEnvoy {real}\nfake  {imitated}",
                    scenario.name,
                    protocol.name()
                ));
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences.join("\n\n")
    );
}
