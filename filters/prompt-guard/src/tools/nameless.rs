//! Tools that a request turns on without a name: what a provider runs itself is known by its type, or by its key.

use penstock_filter_api::{Kind, Value};

/// How deep lists of tools are looked for in tools.
const MAX_DEPTH: usize = 4;
/// Members of a request that are a tool, and its name.
const MEMBERS: [(&str, &str); 2] = [("web_search_options", "web_search"), ("mcp_servers", "mcp")];
/// Members of a tool that hold others. Their names are texts.
const LISTS: [&str; 2] = ["functionDeclarations", "function_declarations"];

/// The names of those that a request turns on.
pub(super) fn each(root: Value<'_>) -> impl Iterator<Item = String> {
    let mut names = Vec::new();
    for (member, name) in MEMBERS {
        if root.member(member).is_some_and(is_something) {
            names.push(name.to_owned());
        }
    }
    if let Some(tools) = root.member("tools") {
        list(tools, MAX_DEPTH, &mut names);
    }
    names.into_iter()
}

fn list(tools: Value<'_>, depth: usize, names: &mut Vec<String>) {
    for tool in tools.items() {
        let kind = tool.member("type").and_then(Value::text);
        match kind.as_deref() {
            Some(kind) if tool.member("name").is_none() && !is_named(kind) || is_run_by_server(kind) => {
                names.push(kind.to_owned());
            }
            Some(_) => {}
            None if tool.member("name").is_none() && tool.member("function").is_none() => {
                let keys = tool.members().filter_map(|(key, _)| key.text());
                names.extend(keys.filter(|key| !LISTS.contains(&&**key)).map(|key| camel(&key)));
            }
            None => {}
        }
        if let Some(inner) = tool.member("tools").filter(|_| depth > 0) {
            list(inner, depth - 1, names);
        }
    }
}

/// Whether tools of a type have a name of their own.
fn is_named(kind: &str) -> bool {
    matches!(kind, "function" | "custom" | "namespace")
}

/// Anthropic's types end with a day and go with a name; a name beside any other says nothing.
fn is_run_by_server(kind: &str) -> bool {
    let day = kind.rsplit('_').next().unwrap_or_default();
    let has_day = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    !is_named(kind) && !has_day
}

fn is_something(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Null => false,
        Kind::Array => value.items().next().is_some(),
        Kind::Bool | Kind::Number | Kind::String | Kind::Key | Kind::Object => true,
    }
}

/// Gemini takes `google_search` for `googleSearch`.
fn camel(key: &str) -> String {
    let mut words = key.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::each;
    use penstock_wire::{Limits, Tape};

    fn names(json: &str) -> Vec<String> {
        let mut tape = Tape::new();
        tape.parse(json.as_bytes(), &Limits::default()).unwrap();
        each(tape.view(json.as_bytes()).root()).collect()
    }

    #[test]
    fn what_a_server_runs_is_known_by_its_type_or_key() {
        for (json, name) in [
            (r#"{"tools":[{"type":"web_search"}]}"#, "web_search"),
            (r#"{"tools":[{"type":"mcp","name":"get_time"}]}"#, "mcp"),
            (r#"{"tools":[{"google_search":{}}]}"#, "googleSearch"),
            (
                r#"{"tools":[{"functionDeclarations":[{"name":"f"}],"codeExecution":{}}]}"#,
                "codeExecution",
            ),
            (
                r#"{"tools":[{"type":"namespace","name":"n","tools":[{"type":"shell"}]}]}"#,
                "shell",
            ),
            (r#"{"web_search_options":{}}"#, "web_search"),
            (
                r#"{"mcp_servers":[{"type":"url","url":"https://a.test"}]}"#,
                "mcp",
            ),
        ] {
            assert_eq!(names(json), [name], "{json}");
        }
    }

    #[test]
    fn what_has_a_name_is_known_by_that() {
        for json in [
            r#"{"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","name":"f"}]}"#,
            r#"{"tools":[{"type":"custom","custom":{"name":"f"}},{"name":"f","input_schema":{}}]}"#,
            r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}],"mcp_servers":[]}"#,
            r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}],"web_search_options":null}"#,
            r#"{"tools":null}"#,
        ] {
            assert_eq!(names(json), [""; 0], "{json}");
        }
    }
}
