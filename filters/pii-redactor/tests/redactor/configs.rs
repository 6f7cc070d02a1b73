//! What a configuration may say, and what it is told when it errs.

use crate::story::given;
use penstock_pii_redactor::MODULE;
use serde_json::json;

#[test]
fn an_error_says_where() {
    for (config, error) in [
        (r#"{"action": "encrypt"}"#, "action: unknown variant `encrypt`"),
        (r#"{"action": "hash"}"#, "action: hash needs `key`"),
        (
            r#"{"policies": [{"action": "hash"}]}"#,
            "policies[0].action: hash needs `key`",
        ),
        (r#"{"keyed": true}"#, "keyed: needs `key`"),
        (r#"{"key": "short"}"#, "key: shorter than 16 bytes"),
        (
            r#"{"enable": ["EMAIL_ADRESS"]}"#,
            "enable[0]: fits no entity and no rule",
        ),
        (
            r#"{"policies": [{"entities": ["X"], "action": "drop"}]}"#,
            "policies[0].entities[0]: fits no entity",
        ),
        (
            r#"{"policies": [{"scopes": ["usr"], "action": "drop"}]}"#,
            "policies[0].scopes[0]: no such scope",
        ),
        (
            r#"{"policies": [{"scopes": ["tool_name"], "action": "drop"}]}"#,
            "policies[0].scopes[0]: never scanned",
        ),
        (
            r#"{"policies": [{"action": "drop", "with": "x"}]}"#,
            "policies[0].with: has an effect with",
        ),
        (
            r#"{"policies": [{"scopes": []}]}"#,
            "policies[0]: missing field `action`",
        ),
        (r#"{"max_finds": 0}"#, "max_finds: not between 1 and 100000"),
        (r#"{"scope": {"apis": ["chat"]}}"#, "scope.apis[0]: no such API"),
        (
            r#"{"custom": [{"entity": "BADGE"}]}"#,
            "custom[0]: needs exactly one of literals, regex",
        ),
        (
            r#"{"custom": [{"entity": "badge", "regex": "x"}]}"#,
            "custom[0].entity: not a letter",
        ),
        (
            r#"{"custom": [{"entity": "B", "regex": "(a+)+\\1"}]}"#,
            "custom[0].regex: backreferences are not supported",
        ),
        (
            r#"{"custom": [{"entity": "B", "regex": "a", "check": "crc"}]}"#,
            "custom[0].check: no such check; there are: luhn",
        ),
        (
            r#"{"custom": [{"entity": "B", "regex": "a", "group": "1"}]}"#,
            "custom[0].regex: there is no such group",
        ),
        (
            r#"{"custom": [{"entity": "B", "literals": ["a"], "group": "1"}]}"#,
            "custom[0].group: has an effect with regex alone",
        ),
        (
            r#"{"custom": [{"entity": "B", "regex": "a"}, {"entity": "B", "regex": "b"}]}"#,
            "custom[1].id: there is a rule of this name",
        ),
    ] {
        let refused = (MODULE.load)(config).err().expect(config).to_string();
        assert!(refused.starts_with(error), "{config}\n  {refused}");
    }
}

#[test]
fn a_rule_of_the_user_masks_its_group_near_its_words() {
    let config = r#"{"custom": [
        {"entity": "BADGE", "regex": "\\bB-(\\d{5})\\b", "group": "1", "context": ["badge", "工牌"]},
        {"entity": "PROJECT", "literals": ["Blue Heron"]}
    ]}"#;
    let text =
        "badge B-12345 for BLUE HERON; vitamin, long after that word and far away from any other: B-12345";
    let story = given(config).asks(
        "/v1/chat/completions",
        &json!({"model": "m", "messages": [{"role": "user", "content": text}]}),
    );
    assert_eq!(
        story.sent()["messages"][0]["content"],
        "badge B-[BADGE_1] for [PROJECT_1]; vitamin, long after that word and far away from any other: B-12345"
    );
}

#[test]
fn policies_are_asked_in_order_by_entity_scope_and_direction() {
    let config = r#"{"action": "alert", "policies": [
        {"entities": ["email"], "scopes": ["system"], "action": "pass"},
        {"entities": ["EMAIL_*"], "direction": "response", "action": "block"},
        {"entities": ["EMAIL_ADDRESS"], "action": "replace", "with": "(an address)"}
    ]}"#;
    let story = given(config).asks(
        "/v1/chat/completions",
        &json!({"model": "m", "messages": [
            {"role": "system", "content": "You are help@corp.test"},
            {"role": "user", "content": "I am ana@corp.test"},
        ]}),
    );
    let sent = story.sent();
    assert_eq!(sent["messages"][0]["content"], "You are help@corp.test");
    assert_eq!(sent["messages"][1]["content"], "I am (an address)");
}

#[test]
fn values_that_are_allowed_stay() {
    let story = given(r#"{"allow": ["Help@Corp.test"]}"#).asks(
        "/v1/chat/completions",
        &json!({"model": "m", "messages": [{"role": "user", "content": "help@corp.test or ana@corp.test"}]}),
    );
    assert_eq!(
        story.sent()["messages"][0]["content"],
        "help@corp.test or [EMAIL_1]"
    );
}
