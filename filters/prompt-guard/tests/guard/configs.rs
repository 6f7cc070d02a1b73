//! Configurations that are refused, and where.

use penstock_prompt_guard::MODULE;

#[test]
fn a_wrong_configuration_names_its_place() {
    for (config, path) in [
        (r#"{"threshold": 0}"#, "threshold"),
        (r#"{"threshold": 100}"#, "threshold"),
        (r#"{"polices": []}"#, "polices"),
        (
            r#"{"policies": [{"rules": ["nothing"], "action": "deny"}]}"#,
            "policies[0].rules[0]",
        ),
        (r#"{"policies": [{"rules": ["injection"]}]}"#, "policies[0]"),
        (
            r#"{"policies": [{"scopes": ["users"], "action": "deny"}]}"#,
            "policies[0].scopes[0]",
        ),
        (
            r#"{"policies": [{"tenants": ["a"], "action": "deny"}]}"#,
            "policies[0].tenants",
        ),
        (
            r#"{"policies": [{"rules": ["role_forgery", "split_injection"], "action": "strip"}]}"#,
            "policies[0].rules[1]",
        ),
        (
            r#"{"policies": [{"rules": ["judge"], "direction": "response", "action": "deny"}]}"#,
            "policies[0].rules[0]",
        ),
        (
            r#"{"policies": [{"rules": ["canary"], "direction": "request", "action": "deny"}]}"#,
            "policies[0].rules[0]",
        ),
        (r#"{"header": ":path"}"#, "header"),
        (r#"{"header": "x guard"}"#, "header"),
        (r#"{"header": "Content-Length"}"#, "header"),
        (r#"{"custom": [{"id": "a"}]}"#, "custom[0]"),
        (
            r#"{"custom": [{"id": "injection", "phrases": ["x"]}]}"#,
            "custom[0].id",
        ),
        (r#"{"custom": [{"id": "A", "phrases": ["x"]}]}"#, "custom[0].id"),
        (
            r#"{"custom": [{"id": "a", "phrases": ["x"]}, {"id": "a", "phrases": ["y"]}]}"#,
            "custom[1].id",
        ),
        (r#"{"custom": [{"id": "a", "regex": "("}]}"#, "custom[0].regex"),
        (r#"{"judge": {"cluster": ""}}"#, "judge.cluster"),
        (
            r#"{"judge": {"cluster": "j", "raw": true, "path": "/a\r\nb"}}"#,
            "judge.path",
        ),
        (
            r#"{"judge": {"cluster": "j", "raw": true, "authorization": "a\nb"}}"#,
            "judge.authorization",
        ),
        (
            r#"{"judge": {"cluster": "j", "raw": true, "timeout_ms": 0}}"#,
            "judge.timeout_ms",
        ),
        (r#"{"block": {}}"#, "block"),
        (
            r#"{"tenant": {"header": "x"}, "block": {"after": 0}}"#,
            "block.after",
        ),
        (r#"{"tenant": {}}"#, "tenant"),
        (r#"{"max_series": 0}"#, "max_series"),
        (r#"{"scope": {"apis": ["openai"]}}"#, "scope.apis[0]"),
    ] {
        let error = (MODULE.load)(config)
            .err()
            .unwrap_or_else(|| panic!("taken: {config}"));
        assert_eq!(error.path, path, "{config}: {error}");
    }
}
