//! Configurations of budgets, good and bad.

use crate::story::refused;
use penstock_filter_api::OnFailure;
use penstock_token_meter::{MODULE, warnings};

/// A budget of the minute, with these fields in front.
fn with(fields: &str) -> String {
    format!(r#"{{"tenant": {{"header": "x-tenant"}}, "budgets": [{{"name": "a", {fields}}}]}}"#)
}

const MINUTE: &str = r#""window": {"per": "minute"}"#;

#[test]
fn every_kind_of_budget_is_taken() {
    for fields in [
        r#""unit": "tokens", "limit": 1000000000000, "window": {"per": "second", "kind": "sliding"}"#,
        r#""unit": "requests", "key": ["tenant", "route", "model", "api", "api_key"], "limit": "1", "window": {"per": "month", "timezone": "-05:30"}"#,
        r#""unit": "input_tokens", "window": {"bucket": {"rate_per_s": "0.5", "burst": 10}}, "on_state_error": "open""#,
        r#""unit": "output_tokens", "limit": 1, "window": {"per": "day", "kind": "calendar"}, "soft": true, "reserve": "most""#,
        r#""unit": "streams", "limit": 5, "scope": {"routes": ["a*"], "tenants": ["b"]}, "max_keys": 8, "mode": "shadow""#,
        r#""unit": "tokens", "key": ["model"], "limit": 1, "window": {"per": "month"}, "fair": {"weights": {"a": 1000, "b*": 1}, "default": 7}"#,
        r#""unit": "requests", "limit": 1, "window": {"per": "hour", "kind": "sliding"}, "fair": {}"#,
        r#""unit": "tokens", "window": {"bucket": {"rate_per_s": "0.000001", "burst": 1000000000000}}, "fair": {}"#,
        r#""unit": "streams", "limit": 5, "fair": {"default": 3}"#,
    ] {
        let config = with(fields);
        let loaded = (MODULE.load)(&config);
        assert!(loaded.is_ok(), "{config}: {:?}", loaded.err());
    }
    let money = r#"{"prices": [{"model": "*", "input": 1}], "budgets": [
        {"name": "usd", "unit": "money", "limit": "0.000001", "window": {"per": "hour"}}]}"#;
    assert!((MODULE.load)(money).is_ok());
}

#[test]
fn an_error_says_where() {
    let requests = |more: &str| with(&format!(r#""unit": "requests", {more}"#));
    for (config, error) in [
        (with(r#""limit": 1"#), "budgets[0]: missing field `unit`"),
        (
            with(r#""unit": "words""#),
            "budgets[0].unit: unknown variant `words`",
        ),
        (requests(r#""limits": 1"#), "budgets[0].limits: unknown field"),
        (requests(MINUTE), "budgets[0].limit: needed"),
        (requests(r#""limit": 1"#), "budgets[0].window: needed"),
        (
            requests(&format!(r#""limit": 0, {MINUTE}"#)),
            "budgets[0].limit: 0 would let nobody in",
        ),
        (
            requests(&format!(r#""limit": -1, {MINUTE}"#)),
            "budgets[0].limit: not a decimal number",
        ),
        (
            requests(&format!(r#""limit": 1.5, {MINUTE}"#)),
            "budgets[0].limit: not a whole number",
        ),
        (
            requests(&format!(r#""limit": 1e13, {MINUTE}"#)),
            "budgets[0].limit: larger than 10^12",
        ),
        (
            requests(r#""limit": 1, "window": {}"#),
            "budgets[0].window: needs exactly one of per, bucket",
        ),
        (
            requests(r#""limit": 1, "window": {"per": "week"}"#),
            "budgets[0].window.per: unknown variant `week`",
        ),
        (
            requests(r#""limit": 1, "window": {"per": "day", "timezone": "Europe/Berlin"}"#),
            "budgets[0].window.timezone: not an offset",
        ),
        (
            requests(r#""limit": 1, "window": {"per": "day", "kind": "sliding", "timezone": "UTC"}"#),
            "budgets[0].window.timezone: only of calendar",
        ),
        (
            requests(r#""window": {"per": "day", "bucket": {"rate_per_s": 1, "burst": 1}}"#),
            "budgets[0].window: needs exactly one of",
        ),
        (
            requests(r#""window": {"bucket": {"rate_per_s": 1}}"#),
            "budgets[0].window.bucket: missing field `burst`",
        ),
        (
            requests(r#""window": {"bucket": {"rate_per_s": 0, "burst": 1}}"#),
            "budgets[0].window.bucket.rate_per_s: 0 would never",
        ),
        (
            requests(r#""window": {"bucket": {"rate_per_s": 1, "burst": 0}}"#),
            "budgets[0].window.bucket.burst: 0 would",
        ),
        (
            requests(&format!(r#""key": ["tenant", "user"], "limit": 1, {MINUTE}"#)),
            "budgets[0].key[1]: unknown variant `user`",
        ),
        (
            requests(&format!(r#""key": ["route", "route"], "limit": 1, {MINUTE}"#)),
            "budgets[0].key[1]: given twice",
        ),
        (
            requests(&format!(r#""soft": true, "limit": 1, {MINUTE}"#)),
            "budgets[0].soft: only of units that have output",
        ),
        (
            requests(&format!(r#""max_keys": 7, "limit": 1, {MINUTE}"#)),
            "budgets[0].max_keys: not between",
        ),
        (
            requests(&format!(r#""scope": {{"apis": ["x"]}}, "limit": 1, {MINUTE}"#)),
            "budgets[0].scope.apis[0]: no such API",
        ),
        (
            with(&format!(r#""unit": "money", "limit": 1, {MINUTE}"#)),
            "budgets[0].unit: money needs prices",
        ),
        (
            with(&format!(r#""unit": "streams", "limit": 1, {MINUTE}"#)),
            "budgets[0].window: streams are counted while",
        ),
        (
            requests(&format!(r#""limit": 1, {MINUTE}"#)).replace(r#""a""#, r#""A b""#),
            "budgets[0].name: not 1 to 48 of",
        ),
        (
            requests(&format!(
                r#""key": ["tenant"], "fair": {{}}, "limit": 1, {MINUTE}"#
            )),
            "budgets[0].fair: by its key each tenant has an account",
        ),
        (
            requests(&format!(
                r#""fair": {{"weights": {{"a": 1, "b": 0}}}}, "limit": 1, {MINUTE}"#
            )),
            "budgets[0].fair.weights.b: not between 1 and 1000",
        ),
        (
            requests(&format!(
                r#""fair": {{"weights": {{"a": 1, "a": 2}}}}, "limit": 1, {MINUTE}"#
            )),
            "budgets[0].fair.weights.a: given twice",
        ),
        (
            requests(&format!(r#""fair": {{"default": 1001}}, "limit": 1, {MINUTE}"#)),
            "budgets[0].fair.default: not between 1 and 1000",
        ),
        (
            requests(&format!(r#""fair": {{"weight": {{}}}}, "limit": 1, {MINUTE}"#)),
            "budgets[0].fair.weight: unknown field",
        ),
        (
            requests(&format!(r#""limit": 1, {MINUTE}"#)).replace(r#""a""#, r#""unavailable""#),
            "budgets[0].name: the code of refusals where",
        ),
        (
            requests(r#""limit": 1, "window": {"per": "0s"}"#),
            "budgets[0].window.per: unknown variant `0s`",
        ),
        (
            requests(r#""limit": 1, "window": {"per": 0}"#),
            "budgets[0].window.per: invalid type",
        ),
        (
            requests(r#""limit": 1, "window": {"per": "day", "timezone": "+24:00"}"#),
            "budgets[0].window.timezone: not an offset",
        ),
        (
            requests(r#""window": {"bucket": {"rate_per_s": -1, "burst": 1}}"#),
            "budgets[0].window.bucket.rate_per_s: not a decimal number",
        ),
        (
            requests(r#""window": {"bucket": {"rate_per_s": 1, "burst": -1}}"#),
            "budgets[0].window.bucket.burst: not a decimal number",
        ),
        (
            requests(&format!(r#""max_keys": -1, "limit": 1, {MINUTE}"#)),
            "budgets[0].max_keys: invalid value",
        ),
        (
            requests(&format!(r#""key": "tenant", "limit": 1, {MINUTE}"#)),
            "budgets[0].key: invalid type",
        ),
        (
            r#"{"tenant": {"cookie": "user"}}"#.to_owned(),
            "tenant.cookie: unknown field",
        ),
        (
            r#"{"gates": {"max_output_tokens": -1}}"#.to_owned(),
            "gates.max_output_tokens: invalid value",
        ),
        (
            r#"{"gates": {"max_cost": -1}}"#.to_owned(),
            "gates.max_cost: not a decimal number",
        ),
        (
            r#"{"gates": {"max_input_tokens": 0}}"#.to_owned(),
            "gates.max_input_tokens: 0 would",
        ),
        (
            r#"{"gates": {"models": [""]}}"#.to_owned(),
            "gates.models[0]: empty",
        ),
        (
            r#"{"gates": {"max_price": 1}}"#.to_owned(),
            "gates.max_price: unknown field",
        ),
        (
            r#"{"gates": "all"}"#.to_owned(),
            "gates: invalid type: a string, expected an object or an array",
        ),
        (
            r#"{"gates": [{"models": ["a"]}, {"max_cost": 0}]}"#.to_owned(),
            "gates[1].max_cost: 0 would",
        ),
        (
            r#"{"gates": [{"scope": {"user": ["a"]}}]}"#.to_owned(),
            "gates[0].scope.user: unknown field",
        ),
        (
            r#"{"gates": [{"scope": {"apis": ["soap"]}, "models": ["a"]}]}"#.to_owned(),
            "gates[0].scope.apis[0]: no such API",
        ),
        (
            r#"{"gates": [{"scope": {"routes": ["a"]}}]}"#.to_owned(),
            "gates[0]: bounds nothing",
        ),
        (
            r#"{"gates": {"scope": {"routes": ["a"]}}}"#.to_owned(),
            "gates: bounds nothing",
        ),
        (
            r#"{"gates": [{"scope": {"tenants": ["a"]}, "models": ["a"]}]}"#.to_owned(),
            "gates[0].scope.tenants: needs `tenant`",
        ),
        (
            r#"{"tenant": {"header": "x-team", "hash": true}, "gates": [{"scope": {"tenants": ["0123456789abcdef", "*", "a"]}, "models": ["a"]}]}"#.to_owned(),
            "gates[0].scope.tenants[2]: tenants are hashed, and this is no hash",
        ),
        (
            format!(r#"{{"gates": [{}]}}"#, [r#"{"models": ["a"]}"#; 101].join(", ")),
            "gates: more than 100",
        ),
    ] {
        let found = refused(&config);
        assert!(found.contains(error), "{config}\n  {found}");
    }
    let one = r#"{"name": "a", "unit": "streams", "limit": 1}"#;
    assert!(
        refused(&format!(r#"{{"budgets": [{one}, {one}]}}"#))
            .contains("budgets[1].name: another budget has the same")
    );
    // A name is taken even while its budget is off, so that switching it on is never refused.
    let off = one.replace(r#""unit""#, r#""mode": "off", "unit""#);
    assert!(refused(&format!(r#"{{"budgets": [{off}, {one}]}}"#)).contains("budgets[1].name: another"));
    let keyed = one.replace(r#""unit""#, r#""key": ["tenant"], "unit""#);
    assert!(refused(&format!(r#"{{"budgets": [{keyed}]}}"#)).contains("budgets[0].key[0]: needs `tenant`"));
    let fair = one.replace(r#""unit""#, r#""fair": {}, "unit""#);
    assert!(refused(&format!(r#"{{"budgets": [{fair}]}}"#)).contains("budgets[0].fair: needs `tenant`"));
    let many = vec![one; 33].join(",");
    assert!(refused(&format!(r#"{{"budgets": [{many}]}}"#)).contains("budgets: more than 32"));
}

#[test]
fn a_check_tells_what_a_restart_forgets_and_the_global_limit_cannot_hold() {
    let of = |unit: &str, limit: &str, window: &str| {
        format!(
            r#"{{"prices": [{{"model": "*", "input": 1}}], "budgets": [
                {{"name": "first", "unit": "requests", "limit": 1, "window": {{"per": "hour"}}}},
                {{"name": "a", "unit": "{unit}", {limit} "window": {{{window}}}}}]}}"#
        )
    };
    let paths = |config: &str| -> Vec<String> {
        assert!((MODULE.load)(config).is_ok(), "{config}");
        warnings(config).into_iter().map(|warning| warning.path).collect()
    };
    let (window, limit) = ("budgets[1].window", "budgets[1].limit");
    for (unit, amount, per, wanted) in [
        ("tokens", "4294967296", "hour", &[][..]),
        ("tokens", "4294967295", "day", &[window]),
        ("tokens", "4294967296", "month", &[window, limit]),
        ("requests", "4294967296", "day", &[window, limit]),
        ("money", "4294.967295", "month", &[window]),
        ("money", "4294.967296", "month", &[window, limit]),
    ] {
        let config = of(
            unit,
            &format!(r#""limit": {amount},"#),
            &format!(r#""per": "{per}""#),
        );
        assert_eq!(paths(&config), wanted, "{config}");
        let off = config.replace(r#""name": "a","#, r#""name": "a", "mode": "off","#);
        assert_eq!(paths(&off), [""; 0], "{off}");
    }
    let bucket = |burst: u64| {
        of(
            "tokens",
            "",
            &format!(r#""bucket": {{"rate_per_s": 1, "burst": {burst}}}"#),
        )
    };
    assert_eq!(paths(&bucket(3600)), [""; 0]);
    assert_eq!(paths(&bucket(5_000_000_000)), [window]);
    assert_eq!(warnings("{"), []);
}

#[test]
fn who_enforces_a_budget_fails_closed_unless_it_says_otherwise() {
    let streams = r#""budgets": [{"name": "a", "unit": "streams", "limit": 1}]"#;
    for (config, on_failure) in [
        ("{}".to_owned(), OnFailure::Open),
        (format!("{{{streams}}}"), OnFailure::Closed),
        (r#"{"gates": {"models": ["a"]}}"#.to_owned(), OnFailure::Closed),
        (
            r#"{"gates": [{"scope": {"routes": ["a"]}, "models": ["a"]}]}"#.to_owned(),
            OnFailure::Closed,
        ),
        (r#"{"gates": {}}"#.to_owned(), OnFailure::Open),
        (r#"{"gates": []}"#.to_owned(), OnFailure::Open),
        (format!(r#"{{"on_failure": "open", {streams}}}"#), OnFailure::Open),
        (
            format!("{{{streams}}}").replace(r#""name""#, r#""mode": "shadow", "name""#),
            OnFailure::Open,
        ),
        (
            format!("{{{streams}}}").replace(r#""name""#, r#""mode": "off", "name""#),
            OnFailure::Open,
        ),
    ] {
        assert_eq!(
            (MODULE.load)(&config).unwrap().policy().on_failure,
            on_failure,
            "{config}"
        );
    }
}
