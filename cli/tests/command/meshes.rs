//! `penstock check` on Istio's manifests that are half-written, or that Istio would take without a word.

use crate::run::penstock_on;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Manifests as `penstock istio` renders them: `check` has nothing to say against them.
fn well(name: &str) -> String {
    let path = format!("{}/tests/istio/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// Changes what is well, a slip at a time, and wants a finding of that severity that says why.
fn slips(well: &str, slips: &[(&str, &str, &str, &str)]) {
    for (from, to, severity, why) in slips {
        let wrong = well.replacen(from, to, 1);
        assert_ne!(&wrong, well, "{from}");
        let ran = penstock_on(&["check", "-"], wrong.as_bytes());
        let severity_and_why = |line: &str| line.contains(&format!(": {severity}: ")) && line.contains(why);
        assert!(
            ran.out.lines().any(severity_and_why),
            "{from} -> {to}:\n{}",
            ran.out
        );
        assert_eq!(
            ran.code,
            i32::from(*severity == "error"),
            "{from} -> {to}:\n{}",
            ran.out
        );
        let strict = penstock_on(&["check", "--strict", "-"], wrong.as_bytes());
        assert_eq!(strict.code, 1, "{from} -> {to}");
    }
}

#[test]
fn what_istio_drops_in_silence_is_an_error() {
    slips(
        &well("gateway"),
        &[
            (
                "failure_policy",
                "failure_polcy",
                "error",
                "unknown field \"failure_polcy\", did you mean failure_policy: Istio drops it",
            ),
            (
                "base_interval",
                "interval",
                "error",
                "unknown field \"reload_config.backoff.interval\"",
            ),
            (
                "  timeout: 30s",
                "  time_out: 30s",
                "error",
                "unknown field \"vm_config.code.remote.http_uri.time_out\", did you mean timeout",
            ),
            (
                "runtime: envoy",
                "run_time: envoy",
                "error",
                "unknown field \"vm_config.run_time\", did you mean runtime",
            ),
            (
                "initial_fetch_timeout",
                "fetch_timeout",
                "error",
                "unknown field \"config_discovery.config_source.fetch_timeout\"",
            ),
        ],
    );
}

#[test]
fn slips_around_the_plugin() {
    slips(
        &well("gateway"),
        &[
            (
                "FAIL_RELOAD",
                "FAIL_RELOD",
                "error",
                "failure_policy is \"FAIL_RELOD\", did you mean FAIL_RELOAD",
            ),
            (
                "iteration: true",
                "iteration: false",
                "warning",
                "requests would hang",
            ),
            (
                "FAIL_RELOAD",
                "FAIL_OPEN",
                "warning",
                "bypassed for ever, and with it pii_redactor, prompt_guard, token_meter",
            ),
            (
                "              vm_id: penstock\n",
                "",
                "warning",
                "vm_config.vm_id is empty",
            ),
            (&format!("@sha256:{HEX}"), ":0.1.0", "warning", "a tag can move"),
            (
                &format!(
                    "http_uri:\n                    uri: oci://registry.example/penstock/suite@sha256:{HEX}"
                ),
                &format!(
                    "sha256: {HEX}\n                  http_uri:\n                    uri: oci://registry.example/penstock/suite"
                ),
                "warning",
                "so `latest` is pulled",
            ),
            (
                "http_uri:\n",
                &format!("sha256: sha256:{HEX}\n                  http_uri:\n"),
                "error",
                "without \"sha256:\"",
            ),
            (HEX, "0123", "error", "no digest"),
            (
                &format!("uri: oci://registry.example/penstock/suite@sha256:{HEX}"),
                "#",
                "error",
                "http_uri.uri is missing",
            ),
            (
                "              code:\n",
                "              kode:\n",
                "error",
                "there is no module",
            ),
        ],
    );
}

#[test]
fn slips_in_an_envoy_filter() {
    let found = "name: penstock\n        config_discovery";
    slips(
        &well("gateway"),
        &[
            (
                "INSERT_BEFORE",
                "INSERT_BESIDE",
                "error",
                "configPatches[0].patch.operation is \"INSERT_BESIDE\", did you mean INSERT_BEFORE",
            ),
            (
                "context: GATEWAY",
                "context: GATWAY",
                "error",
                "configPatches[0].match.context is \"GATWAY\", did you mean GATEWAY",
            ),
            ("  priority: 10\n", "", "warning", "priority is missing"),
            (
                "applyTo: EXTENSION_CONFIG",
                "applyTo: HTTP_FILTER",
                "error",
                "code.remote in a listener",
            ),
            (
                "applyTo: EXTENSION_CONFIG\n    match: ",
                "match: ",
                "error",
                "applyTo is missing",
            ),
            ("operation: ADD", "operation: MERGE", "error", "can only be added"),
            (
                "      operation: ADD\n",
                "",
                "error",
                "patch.operation is missing",
            ),
            (
                "          # What answers",
                "          - type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC\n          # What answers",
                "warning",
                "type_urls has RBAC",
            ),
            (
                ".lua.v3.Lua",
                ".cors.v3.Cors",
                "error",
                "default_config is of a type that type_urls does not list",
            ),
            (
                "          - type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n",
                "",
                "error",
                "type_urls lacks",
            ),
            (
                "config_source: {ads: {}, initial",
                "config_source: {initial",
                "warning",
                "not ads",
            ),
            (
                "fetch_timeout: 30s",
                "fetch_timeout: 0s",
                "warning",
                "waits for ever",
            ),
            (
                "- applyTo: EXTENSION_CONFIG\n    match: {context: GATEWAY}",
                "- applyTo: EXTENSION_CONFIG\n    match: {context: SIDECAR_INBOUND}",
                "warning",
                "for another context than GATEWAY",
            ),
            (
                found,
                &found.replace("penstock", "other"),
                "warning",
                "no EXTENSION_CONFIG of the name \"other\" is added",
            ),
            (
                "          config:\n",
                "          confg:\n",
                "error",
                "config is missing",
            ),
            (
                "  configPatches:",
                "  config_patches:",
                "error",
                "unknown field \"config_patches\", did you mean configPatches: the API refuses it",
            ),
        ],
    );
}

#[test]
fn slips_in_a_wasm_plugin() {
    slips(
        &well("wasmplugin"),
        &[
            (
                "failStrategy: FAIL_RELOAD",
                "failStrategy: FAIL_SOFT",
                "error",
                "failStrategy is \"FAIL_SOFT\"",
            ),
            (
                &format!("  url: oci://registry.example/penstock/prompt-guard@sha256:{HEX}\n"),
                "",
                "error",
                "url is missing",
            ),
            (&format!("@sha256:{HEX}"), ":0.1.0", "warning", "a tag can move"),
            (
                "  priority: 10",
                "  phase: AUTHN\n  priority: 10",
                "warning",
                "before authentication",
            ),
            (
                "failStrategy: FAIL_RELOAD",
                "failStrategy: FAIL_OPEN",
                "warning",
                "failStrategy is FAIL_OPEN",
            ),
            (
                "failStrategy",
                "failureStrategy",
                "error",
                "unknown field \"failureStrategy\", did you mean failStrategy",
            ),
            (
                "\"headers\": \"release\"",
                "\"headers\": \"hold\"",
                "warning",
                "never holds headers",
            ),
            (
                "  priority: 10",
                "  targetRefs: [{group: networking.istio.io, kind: Gateway, name: edge}]\n  priority: 10",
                "error",
                "selector and targetRefs",
            ),
        ],
    );
    slips(
        &well("trafficextension"),
        &[
            ("  wasm:\n", "  wasn:\n", "error", "wasm is missing"),
            (
                "selector: {matchLabels",
                "selector: {match_labels",
                "error",
                "did you mean matchLabels",
            ),
        ],
    );
}

#[test]
fn half_a_resource_is_an_error_and_not_nothing() {
    for (text, line, why) in [
        (
            "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: penstock}\n",
            1,
            "spec is missing",
        ),
        (
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: penstock}\nspec:\n",
            1,
            "spec is missing",
        ),
        (
            "apiVersion: x/v1\nkind: EnvoyFilter\nmetadata: {name: penstock}\nspec:\n  priority: 1\n",
            5,
            "configPatches is missing",
        ),
        (
            "apiVersion: x/v1\nkind: EnvoyFilter\nmetadata: {name: x}\nspec:\n  priority: 1\n  configPatches:\n  - applyTo: HTTP_FILTER\n    patch:\n      operation: INSERT_BEFORE\n      value: {name: penstock}\n",
            10,
            "typed_config is missing",
        ),
        (
            "apiVersion: x/v1\nkind: EnvoyFilter\nmetadata: {name: x}\nspec:\n  priority: 1\n  configPatches:\n  - applyTo: EXTENSION_CONFIG\n    patch:\n      operation: ADD\n      value: {name: penstock, typed_config: {config: {}}}\n",
            10,
            "typed_config has no @type",
        ),
    ] {
        let ran = penstock_on(&["check", "-"], text.as_bytes());
        let start = format!("standard input:{line}: error: ");
        assert!(
            ran.code == 1 && ran.out.starts_with(&start) && ran.out.contains(why),
            "{why}: {}",
            ran.out
        );
    }
}

#[test]
fn a_wasm_filter_without_a_plugin_is_an_error() {
    slips(
        &well("inline"),
        &[(
            "          config:\n",
            "          confg:\n",
            "error",
            "the filter has no plugin",
        )],
    );
}

/// Policies bring filters of Envoy's own, and stand beside ours where an overlay has both.
#[test]
fn the_policies_around_the_filters_are_well() {
    let components = format!("{}/../istio/components", env!("CARGO_MANIFEST_DIR"));
    let mut read = 0;
    for component in std::fs::read_dir(components).unwrap() {
        for file in std::fs::read_dir(component.unwrap().path()).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            if text.contains("\nkind: EnvoyFilter\n") {
                let both = format!("{}---\n{text}", well("gateway"));
                let ran = penstock_on(&["check", "-"], both.as_bytes());
                assert_eq!(ran.code, 0, "{}", ran.out);
                read += 1;
            }
        }
    }
    assert!(read > 5, "{read}");
}

/// Others' resources are none of our business.
#[test]
fn resources_of_others_are_left_alone() {
    let other = well("gateway")
        .replace("penstock", "coraza")
        .replace("token_meter", "rules")
        .replace("priority", "prio");
    let other = other
        .replace("pii_redactor", "a")
        .replace("prompt_guard", "b")
        .replace("exchange", "c");
    let ran = penstock_on(&["check", "-"], other.as_bytes());
    assert!(
        ran.out
            .contains("no Penstock configuration in it, only 1 of other Wasm filters"),
        "{}",
        ran.out
    );
}
