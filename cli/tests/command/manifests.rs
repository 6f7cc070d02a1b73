//! `penstock istio`.

use crate::run::{penstock, penstock_on, repository};
use serde_json::Value;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn values(name: &str) -> String {
    format!("{}/tests/istio/{name}.values.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// What is rendered, which `penstock check` has nothing to say against.
fn rendered(args: &[&str]) -> String {
    let ran = penstock(&[&["istio"], args].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    let checked = penstock_on(&["check", "--strict", "-"], ran.out.as_bytes());
    assert_eq!(checked.code, 0, "{args:?}: {}", checked.out);
    ran.out
}

fn golden(args: &[&str], name: &str) {
    let out = rendered(args);
    let path = format!("{}/tests/istio/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &out).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(out, kept, "UPDATE_GOLDEN=1 writes {path}");
}

#[test]
fn manifests_are_those_that_are_kept() {
    for name in ["gateway", "everywhere", "inline", "wasmplugin"] {
        golden(&[&values(name)], name);
    }
    golden(
        &["--form", "trafficextension", &values("wasmplugin")],
        "trafficextension",
    );
}

/// What the repository offers for kustomize.
#[test]
fn the_meshs_manifests_are_rendered_from_the_values_beside_them() {
    for folder in [
        "overlays/gateway",
        "overlays/sidecar",
        "overlays/egress",
        "examples/inline",
        "examples/wasmplugin",
        "examples/trafficextension",
    ] {
        let folder = repository("istio").join(folder);
        let out = rendered(&[folder.join("values.yaml").to_str().unwrap()]);
        let path = folder.join("filters.yaml");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &out).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(out, kept, "UPDATE_GOLDEN=1 writes {}", path.display());
    }
}

/// Refusals, by a change to values that are well.
#[test]
fn what_is_wrong_is_named_with_its_line_and_path() {
    let well = std::fs::read_to_string(values("gateway")).unwrap();
    for (from, to, line, why) in [
        (
            "filter_state: all",
            "filter_state: al",
            6,
            "filters.token_meter.filter_state: ",
        ),
        ("prompt_guard: {}", "prompt_gard: {}", 8, "filters.prompt_gard: "),
        (
            "exchange: {}",
            "exchange: {proxy_buffer_bytes: 1000}",
            5,
            "filters.exchange.proxy_buffer_bytes: not buffer_bytes",
        ),
        (
            "at: gateway",
            "at: gatway",
            3,
            "targets[0].at: unknown variant `gatway`",
        ),
        (
            "targets:",
            "priority: high\ntargets:",
            2,
            "priority: invalid type: a string",
        ),
        (
            "targets:\n- {at: gateway}",
            "targets: []",
            2,
            "targets: no proxy is meant",
        ),
        (
            "- {at: gateway}",
            "- {at: gateway}\n- {at: gateway}",
            4,
            "targets[1]: another target has the same place",
        ),
        (
            "{at: gateway}",
            "{at: gateway, labels: {\"a b\": c}}",
            3,
            "targets[0].labels: no label",
        ),
        (
            "{at: gateway}",
            "{at: gateway, namespace: A}",
            3,
            "targets[0].namespace: no name",
        ),
        ("targets:", "name: Penstock\ntargets:", 2, "name: no name"),
        (
            "targets:",
            "buffer_bytes: 4096\ntargets:",
            2,
            "buffer_bytes: less than exchange.max_request_bytes",
        ),
        (
            "targets:",
            "tenant: {headr: x}\ntargets:",
            2,
            "tenant.headr: unknown field",
        ),
        (
            "targets:",
            "routes: [chat, \"\"]\ntargets:",
            2,
            "routes[1]: empty",
        ),
        (
            "targets:",
            "module: /x.wasm\ntargets:",
            2,
            "module: only form: inline",
        ),
        (
            "targets:",
            "form: inline\ntargets:",
            1,
            "image: form: inline takes no image",
        ),
        ("targets:", "imag: x\ntargets:", 2, "imag: unknown field"),
        ("filters:", "filter:", 4, "filter: unknown field"),
        ("@sha256:0123", "@sha256:012", 1, "image: no digest"),
        (&format!("@sha256:{HEX}"), ":0.1.0", 1, "image: a tag can move"),
        (&format!("@sha256:{HEX}"), "", 1, "image: @sha256:... is missing"),
        (
            "registry.example/penstock/suite",
            "penstock/suite",
            1,
            "image: the registry is missing",
        ),
        // The meter's own image has the meter alone.
        (
            "penstock/suite",
            "penstock/token-meter",
            7,
            "filters.pii_redactor: ",
        ),
        ("targets:", "targets: [", 3, "not YAML"),
        ("targets:", "---\ntargets:", 3, "a second document"),
    ] {
        let wrong = well.replacen(from, to, 1);
        assert_ne!(wrong, well, "{from}");
        let ran = penstock_on(&["istio", "-"], wrong.as_bytes());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{from}: {}", ran.err);
        let start = format!("standard input:{line}: error: ");
        assert!(
            ran.err.starts_with(&start) && ran.err.contains(why),
            "{from} -> {to}: {}",
            ran.err
        );
    }
}

#[test]
fn heads_are_not_held_where_they_cannot_be() {
    let well = std::fs::read_to_string(values("gateway")).unwrap();
    let held = well.replace("exchange: {}", "exchange: {headers: hold}");
    let ran = penstock_on(&["istio", "--form", "wasmplugin", "-"], held.as_bytes());
    assert!(
        ran.code == 1 && ran.err.contains(":5: error: filters.exchange.headers: "),
        "{}",
        ran.err
    );
    assert_eq!(penstock_on(&["istio", "-"], held.as_bytes()).code, 0);
}

#[test]
fn the_command_line_names_another_image_or_form() {
    let tagged = penstock(&["istio", "--image", "ghcr.io/acme/suite:1", &values("gateway")]);
    assert!(
        tagged.code == 1 && tagged.err.contains("image: a tag can move"),
        "{}",
        tagged.err
    );
    let other = rendered(&[
        "-i",
        &format!("ghcr.io/acme/suite@sha256:{}", HEX.replace('0', "f")),
        &values("gateway"),
    ]);
    assert!(other.contains("oci://ghcr.io/acme/suite@sha256:f123"), "{other}");
}

#[test]
fn a_tag_is_taken_where_it_is_allowed() {
    let well = std::fs::read_to_string(values("gateway")).unwrap();
    let tagged = well.replace(&format!("@sha256:{HEX}"), ":0.1.0\nallow_tag: true");
    let ran = penstock_on(&["istio", "-"], tagged.as_bytes());
    assert!(
        ran.code == 0 && ran.out.contains("oci://registry.example/penstock/suite:0.1.0"),
        "{}",
        ran.err
    );
}

/// The proxies are told of every label that the configurations for plain Envoy take out of names, too.
#[test]
fn every_label_of_the_metrics_is_named() {
    let out = rendered(&[&values("gateway")]);
    let tags = out
        .split("extraStatTags: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let tags: Vec<&str> = tags.split(',').collect();
    let mut known: Vec<String> = Vec::new();
    for file in std::fs::read_dir(repository("envoy-configs")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
        known.extend(
            text.split("{tag_name: ")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once(',')?.0.to_owned())),
        );
    }
    known.sort_unstable();
    known.dedup();
    assert!(known.len() > 20, "{known:?}");
    assert_eq!(tags, known);
    let mesh = std::fs::read_to_string(repository("istio/mesh-config.yaml")).unwrap();
    let words = mesh.split("extraStatTags:").nth(1).unwrap().split_whitespace();
    assert_eq!(words.filter(|word| *word != "-").collect::<Vec<_>>(), known);
}

#[test]
fn the_schema_knows_what_the_values_are() {
    let schema: Value = serde_json::from_str(&penstock(&["schema", "istio"]).out).unwrap();
    let document: Value = serde_json::from_str(&penstock(&["schema", "document"]).out).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["filters"]["properties"], document["properties"]);
    // The parser names its fields when it refuses another.
    let refused = penstock_on(&["istio", "-"], b"nobody: 1").err;
    let fields = refused.split("expected one of: ").nth(1).unwrap().trim();
    let mut fields: Vec<&str> = fields.split(", ").collect();
    fields.sort_unstable();
    let mut known: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    known.sort_unstable();
    assert_eq!(fields, known);
    for (name, property) in schema["properties"].as_object().unwrap() {
        assert!(property["description"].is_string(), "{name} is not described");
    }
}
