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
