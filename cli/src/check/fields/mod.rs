//! Fields of the messages around a filter, as Envoy 1.40 and Istio 1.31 have them: what neither knows is somebody's slip.

mod envoy;
mod istio;

pub(super) use envoy::{HTTP_FILTER, PLUGIN};
pub(super) use istio::{ENVOY_FILTER, TRAFFIC_EXTENSION, WASM_PLUGIN};

use super::node::{Node, is_field};
use crate::args::hint;

/// The fields of a message, by name.
pub(super) struct Message(&'static [(&'static str, Holds)]);

/// What a field may hold; a list, these.
enum Holds {
    /// What is not told here.
    Anything,
    Fields(&'static Message),
    OneOf(&'static [&'static str]),
}

/// How fields may be spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// protobuf's JSON takes `vm_config` and `vmConfig`.
    Either,
    /// Kubernetes takes `configPatches` alone.
    Camel,
}

/// Something that the message does not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// A field, such as `vm_config.code.remote`; with a hint behind it where it looks like a known one.
    Field { line: usize, name: String },
    /// A word, in a sentence.
    Word { line: usize, why: String },
}

/// Every slip in a node, and in what it holds.
pub(super) fn slips(node: &Node, message: &Message, spelling: Spelling) -> Vec<Slip> {
    let mut slips = Vec::new();
    message.search(node, spelling, "", &mut slips);
    slips
}

impl Message {
    fn search(&self, node: &Node, spelling: Spelling, path: &str, slips: &mut Vec<Slip>) {
        for (index, item) in node.items().iter().enumerate() {
            self.search(item, spelling, &format!("{path}[{index}]"), slips);
        }
        for member in node.members() {
            let path = match path {
                "" => member.key.clone(),
                path => format!("{path}.{}", member.key),
            };
            let known = self
                .0
                .iter()
                .find(|(name, _)| is_known(&member.key, name, spelling));
            match known {
                Some((_, Holds::Anything)) => {}
                Some((_, Holds::Fields(message))) => message.search(&member.node, spelling, &path, slips),
                Some((_, Holds::OneOf(words))) => slips.extend(no_word(&member.node, words, &path)),
                None => slips.push(Slip::Field {
                    line: member.line,
                    name: format!("{path:?}{}", self.near(&member.key)),
                }),
            }
        }
    }

    fn near(&self, key: &str) -> String {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        hint(key, &names)
    }
}

fn is_known(key: &str, name: &str, spelling: Spelling) -> bool {
    match spelling {
        Spelling::Either => is_field(key, name),
        Spelling::Camel => key == name,
    }
}

/// protobuf's JSON takes numbers for words, too.
fn no_word(node: &Node, words: &[&str], path: &str) -> Option<Slip> {
    let word = node.text();
    if words.contains(&word) || word.parse::<u32>().is_ok() {
        return None;
    }
    Some(Slip::Word {
        line: node.line,
        why: format!(
            "{path} is {word:?}{}; there are: {}",
            hint(word, words),
            words.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    fn found(text: &str, message: &Message, spelling: Spelling) -> Vec<(usize, String)> {
        let node = yaml::documents(text).unwrap().remove(0);
        let slips = slips(&node, message, spelling).into_iter();
        slips
            .map(|slip| match slip {
                Slip::Field { line, name } => (line, name),
                Slip::Word { line, why } => (line, why),
            })
            .collect()
    }

    #[test]
    fn slips_have_their_path_and_a_hint() {
        let plugin = "name: x\nvmConfig:\n  vm_id: y\n  code: {remote: {http_uri: {ur: z}}}\nfail_policy: OPEN\nfailure_policy: FAIL_RELOD\nconfiguration: {anything: 1}\n";
        assert_eq!(
            found(plugin, &PLUGIN, Spelling::Either),
            [
                (
                    4,
                    "\"vmConfig.code.remote.http_uri.ur\", did you mean uri".to_owned()
                ),
                (5, "\"fail_policy\", did you mean failure_policy".to_owned()),
                (
                    6,
                    "failure_policy is \"FAIL_RELOD\", did you mean FAIL_RELOAD; there are: UNSPECIFIED, FAIL_RELOAD, FAIL_CLOSED, FAIL_OPEN"
                        .to_owned()
                ),
            ]
        );
        let spec = "config_patches: []\nconfigPatches:\n- {applyto: X, patch: {operation: INSERT_BESIDE}}\n";
        let found = found(spec, &ENVOY_FILTER, Spelling::Camel);
        let wanted = [
            "\"config_patches\", did you mean configPatches",
            "\"configPatches[0].applyto\", did you mean applyTo",
            "configPatches[0].patch.operation is \"INSERT_BESIDE\", did you mean INSERT_BEFORE",
        ];
        assert_eq!(found.len(), wanted.len());
        for ((_, found), wanted) in found.iter().zip(wanted) {
            assert!(found.starts_with(wanted), "{found}");
        }
    }
}
