//! Values in the lists of a tool's arguments.

use crate::story::given;
use serde_json::json;

fn sent(arguments: &str) -> String {
    let call = json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}});
    let body = json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]});
    let story = given("{}").asks("/v1/chat/completions", &body);
    let sent = story.sent();
    sent["messages"][0]["tool_calls"][0]["function"]["arguments"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_number_in_a_list_is_not_all_that_there_is() {
    // Both have the check digit of a routing number; alone in a text they would be taken for one.
    for arguments in [
        r#"{"ids":[21000021,121000358]}"#,
        r#"["121000358"]"#,
        r#"[["x",121000358]]"#,
    ] {
        assert_eq!(sent(arguments), arguments);
    }
}

#[test]
fn the_key_of_a_list_speaks_for_what_is_in_it() {
    assert_eq!(
        sent(r#"{"routing numbers":["121000358"]}"#),
        r#"{"routing numbers":["[ABA_ROUTING_NUMBER_1]"]}"#
    );
}

#[test]
fn a_long_key_is_not_read_again_for_every_value_under_it() {
    let began = std::time::Instant::now();
    let long = format!("{} routing number", "é".repeat(50_000));
    let arguments = json!({ long.as_str(): vec!["121000358"; 2_000] }).to_string();
    assert!(sent(&arguments).ends_with(r#","[ABA_ROUTING_NUMBER_1]"]}"#));
    // Reading 200 MB would take minutes.
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}
