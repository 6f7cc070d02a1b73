//! `penstock check` on files of Envoy and Istio.

use crate::run::{Ran, folder, penstock, penstock_on, repository};
use std::path::{Path, PathBuf};

/// The findings without the file's name.
fn findings(ran: &Ran) -> Vec<&str> {
    let line = |line: &'_ str| line.find(".yaml:").map_or(0, |at| at + 6);
    ran.out.lines().map(|text| &text[line(text)..]).collect()
}

fn check(name: &str) -> Ran {
    let path = format!("{}/tests/configs/{name}", env!("CARGO_MANIFEST_DIR"));
    penstock(&["check", &path])
}

/// Every file below a folder, if there is one.
fn below(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let paths = files.map(|file| file.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] })
        .collect()
}

/// The configurations that the repository offers its users.
#[test]
fn the_repositorys_own_files_are_well_in_every_way() {
    let mut checked = 0;
    for path in ["envoy-configs", "envoy-gateway", "istio"]
        .into_iter()
        .flat_map(|folder| below(&repository(folder)))
    {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let holds_one = text.contains("filters.http.wasm")
            || text.contains("pluginConfig")
            || text.contains("EnvoyExtensionPolicy");
        if path.extension().is_some_and(|extension| extension == "yaml")
            && holds_one
            && text.contains("token_meter")
        {
            let ran = penstock(&["check", "--strict", path.to_str().unwrap()]);
            assert_eq!(ran.code, 0, "{}", ran.out);
            checked += 1;
        }
    }
    assert!(checked >= 3);
}

#[test]
fn a_bootstrap_with_every_foot_gun() {
    let ran = check("careless.yaml");
    let place = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[0].typed_config.config";
    assert_eq!(ran.code, 0, "{}", ran.out);
    let wanted = [
        (26, "ok", ".configuration: token_meter"),
        (16, "warning", ": allow_on_headers_stop_iteration is not true"),
        (17, "warning", ": failure_policy is FAIL_OPEN"),
        (
            18,
            "warning",
            ": unknown field \"allow_on_header_stop_iteration\"",
        ),
        (20, "warning", ": vm_config.vm_id is empty"),
        (16, "warning", ": per_connection_buffer_limit_bytes is 65536"),
    ];
    for (line, severity, text) in wanted {
        let start = format!("{line}: {severity}: {place}{text}");
        assert!(
            findings(&ran).iter().any(|finding| finding.starts_with(&start)),
            "{start}\n{}",
            ran.out
        );
    }
    assert_eq!(findings(&ran).len(), wanted.len(), "{}", ran.out);
    let path = format!("{}/tests/configs/careless.yaml", env!("CARGO_MANIFEST_DIR"));
    let strict = penstock(&["check", "--strict", &path]);
    assert_eq!(strict.code, 1);
    assert!(
        strict.out.contains(": error: ") && !strict.out.contains(": warning: "),
        "{}",
        strict.out
    );
}

#[test]
fn a_budget_that_a_restart_forgets() {
    let ran = check("budgets.yaml");
    assert_eq!(ran.code, 0, "{}", ran.out);
    let wanted = [
        "2: ok: token_meter",
        "13: warning: token_meter.budgets[1].window: longer than an hour",
        "12: warning: token_meter.budgets[1].limit: the global rate limit holds at most 4294.967295",
        "22: warning: token_meter.budgets[3].window: longer than an hour",
    ];
    let found = findings(&ran);
    assert_eq!(found.len(), wanted.len(), "{}", ran.out);
    for (found, wanted) in found.into_iter().zip(wanted) {
        assert!(found.starts_with(wanted), "{found}\n{wanted}");
    }
}

#[test]
fn several_filters_in_one_file_and_only_ours() {
    let ran = check("several.yaml");
    assert_eq!(ran.code, 1);
    let lines: Vec<String> = findings(&ran)
        .iter()
        .map(|line| {
            line.replace(
                "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.",
                "",
            )
        })
        .collect();
    let wanted = [
        "27: ok: http_filters[0].typed_config.config.configuration: token_meter, exchange",
        "44: error: http_filters[1].typed_config.config.configuration: token_meter.prices[1].input: ",
        "61: ok: http_filters[3].typed_config.value.config.configuration: exchange, token_meter",
    ];
    assert_eq!(lines.len(), wanted.len(), "{}", ran.out);
    for (line, wanted) in lines.iter().zip(wanted) {
        assert!(line.starts_with(wanted), "{line}");
    }
}

#[test]
fn the_guard_beside_others() {
    let ran = check("guard.yaml");
    assert_eq!(ran.code, 1);
    let wanted = [
        "20: ok: document 1: EnvoyFilter/guard.spec.configPatches[0].patch.value.typed_config.config.configuration: \
         prompt_guard, pii_redactor, token_meter",
        "46: error: document 2: EnvoyFilter/slip.spec.configPatches[0].patch.value.typed_config.config.configuration: \
         prompt_guard.policies[0].scopes[1]: no such scope",
    ];
    assert_eq!(findings(&ran), wanted, "{}", ran.out);
}

#[test]
fn envoy_gateways_policies() {
    let ran = check("gateway.yaml");
    assert_eq!(ran.code, 0);
    let wanted = [
        "9: ok: document 1: EnvoyExtensionPolicy/good.spec.wasm[0].config: exchange, prompt_guard",
        "26: ok: document 2: EnvoyExtensionPolicy/careless.spec.wasm[1].config: token_meter",
        "22: warning: document 2: EnvoyExtensionPolicy/careless.spec.wasm[1]: an EnvoyExtensionPolicy never holds headers, \
         but the filter does (exchange.headers: hold): set it to release",
        "24: warning: document 2: EnvoyExtensionPolicy/careless.spec.wasm[1]: failOpen: all passes unread \
         while the module is not there, or has died",
    ];
    assert_eq!(findings(&ran), wanted, "{}", ran.out);
}

#[test]
fn istios_resources() {
    let ran = check("istio.yaml");
    assert_eq!(ran.code, 1);
    let wanted = [
        "22: ok: document 1: EnvoyFilter/meter.spec.configPatches[1].patch.value.typed_config.config.configuration: token_meter",
        "19: warning: document 1: EnvoyFilter/meter.spec.configPatches[1].patch.value.typed_config.config: a tag can move",
        "8: warning: document 1: EnvoyFilter/meter.spec.configPatches[0]: default_config is missing",
        "35: ok: document 2: WasmPlugin/meter.spec.pluginConfig: exchange, token_meter",
        "46: ok: document 3: WasmPlugin/careless.spec.pluginConfig: token_meter",
        "43: warning: document 3: WasmPlugin/careless.spec: a WasmPlugin never holds headers",
        "43: warning: document 3: WasmPlugin/careless.spec: failStrategy is not FAIL_RELOAD",
        "43: warning: document 3: WasmPlugin/careless.spec: a tag can move",
        "53: warning: document 4: TrafficExtension/meter.spec.wasm: a tag can move",
        "59: error: document 4: TrafficExtension/meter.spec.wasm.pluginConfig: token_meter.models.cap: ",
        "68: warning: document 5: items[0].EnvoyFilter/listed.spec: priority is missing",
        "70: ok: document 5: items[0].EnvoyFilter/listed.spec.configPatches[0].patch.value.typed_config.config.configuration: token_meter",
    ];
    for wanted in wanted {
        assert!(
            findings(&ran).iter().any(|line| line.starts_with(wanted)),
            "{wanted}\n{}",
            ran.out
        );
    }
    assert_eq!(findings(&ran).len(), wanted.len(), "{}", ran.out);
}

#[test]
fn a_config_map_with_envoys_file() {
    let bootstrap = std::fs::read_to_string(repository("envoy-configs/token-meter.yaml")).unwrap();
    let at = bootstrap
        .lines()
        .position(|line| line.contains("\"token_meter\""))
        .unwrap();
    let wrong = bootstrap.replace("\"token_meter\": {", "\"token_meter\": {\"mode\": \"on\",");
    let indented: String = wrong.lines().map(|line| format!("    {line}\n")).collect();
    let map = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: envoy}}\ndata:\n  readme.txt: no\n  envoy.yaml: |\n{indented}"
    );
    let ran = penstock_on(&["check", "-"], map.as_bytes());
    assert_eq!(ran.code, 1, "{}", ran.out);
    let start = format!(
        "standard input:{}: error: data[envoy.yaml]: static_resources.",
        at + 7
    );
    assert!(
        ran.out.starts_with(&start) && ran.out.contains("token_meter.mode: "),
        "{start}\n{}",
        ran.out
    );
}

/// Envoy's own reading of YAML, as seen in its config dump: fractions and long numbers in a Struct are texts.
#[test]
fn a_struct_is_read_as_envoy_reads_it() {
    let filter = |value: &str| {
        format!(
            "\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\nconfig:\n  name: penstock\n  configuration:\n    \"@type\": type.googleapis.com/google.protobuf.Struct\n    value: {value}\n"
        )
    };
    for (value, refused) in [
        (
            "{token_meter: {ask_usage: yes, prices: [{model: m, input: 0.25}]}}",
            None,
        ),
        ("{exchange: {max_hold_ms: 0x10}}", None),
        (
            "{exchange: {max_hold_ms: 10.0}}",
            Some("exchange.max_hold_ms: invalid type: a string"),
        ),
        (
            "{exchange: {max_held_bytes: 3000000000}}",
            Some("exchange.max_held_bytes: invalid type: a string"),
        ),
    ] {
        let ran = penstock_on(&["check", "-"], filter(value).as_bytes());
        match refused {
            None => assert_eq!(ran.code, 0, "{value}: {}", ran.out),
            Some(error) => assert!(ran.code == 1 && ran.out.contains(error), "{value}: {}", ran.out),
        }
        assert!(ran.out.contains("as protobuf"), "{}", ran.out);
    }
}

#[test]
fn files_among_others_may_hold_nothing() {
    let folder = folder("among_others");
    let (other, ours) = (folder.join("service.yaml"), folder.join("meter.yaml"));
    std::fs::write(&other, "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n").unwrap();
    std::fs::write(&ours, "token_meter: {}\n").unwrap();
    let (other, ours) = (other.to_str().unwrap(), ours.to_str().unwrap());
    let alone = penstock(&["check", other]);
    assert_eq!(alone.code, 1);
    assert!(
        alone.out.contains("no Penstock configuration in it"),
        "{}",
        alone.out
    );
    assert_eq!(penstock(&["check", other, ours]).code, 0);
    assert_eq!(penstock(&["check", other, "/nowhere.yaml", ours]).code, 2);
}
