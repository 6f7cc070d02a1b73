//! Every rule by name, and what becomes of its findings where no policy says otherwise.

use crate::raw::Action;
use penstock_filter_api::Way;

/// A rule of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Names it in configuration, metrics and verdicts.
    pub id: &'static str,
    /// What it finds.
    pub about: &'static str,
    /// What becomes of a finding, by default.
    pub(crate) action: Action,
}

impl Rule {
    /// What becomes of a finding, by default, as configuration names it.
    pub fn default_action(&self) -> &'static str {
        self.action.name()
    }
}

/// Number of a rule: of the catalogue, then those of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RuleId(pub(crate) u16);

macro_rules! rules {
    ($($name:ident $id:literal $action:ident $about:literal;)*) => {
        /// The rules of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Known {
            $(#[doc = $about] $name,)*
        }

        /// The catalogue, in the order of [`Known`].
        pub const RULES: &[Rule] = &[$(Rule { id: $id, about: $about, action: Action::$action },)*];
    };
}

rules! {
    Injection "injection" Deny "Words of a user that set out to break the model's rules, by the classifier.";
    IndirectInjection "indirect_injection" Deny "Words to the model in what a tool gave back, or in a document, by the classifier.";
    ToolPoisoning "tool_poisoning" Deny "Words to the model in the description of a tool, by the classifier.";
    SplitInjection "split_injection" Deny "An attack that stands in no message alone, but in several together.";
    RoleForgery "role_forgery" Deny "Control tokens of a chat template, such as `<|im_start|>`, in a text that must not have any.";
    TurnForgery "turn_forgery" Alert "Lines that pass for turns of the conversation or for headings of a prompt.";
    HiddenText "hidden_text" Deny "Text in characters that nobody sees.";
    HiddenCharacters "hidden_characters" Alert "Words taken apart by characters that nobody sees.";
    EncodedText "encoded_text" Alert "Text inside base64, hexadecimal digits or escapes.";
    ExfiltrationLink "exfiltration_link" Alert "An image or link that is to be filled with what the model knows.";
    Judge "judge" Deny "The external judge calls it unsafe.";
    PromptTooLong "prompt_too_long" Deny "More text than `limits.prompt_bytes`.";
    TurnTooLong "turn_too_long" Deny "A message of more text than `limits.turn_bytes`.";
    TooManyMessages "too_many_messages" Deny "More messages than `limits.messages`.";
    TooManyTools "too_many_tools" Deny "More tools than `limits.tools`.";
    TooManyAttachments "too_many_attachments" Deny "More images, sounds, films and files than `limits.attachments`.";
    TooDeep "too_deep" Deny "JSON nested deeper than `limits.depth`.";
    Repetition "repetition" Alert "A long text that says the same over and over.";
    Gibberish "gibberish" Alert "A long text without words.";
    ToolNotAllowed "tool_not_allowed" Deny "A tool that `tools.allow` does not name.";
    ToolArguments "tool_arguments" Deny "Arguments of a tool call that its schema does not allow.";
    SystemPromptLeak "system_prompt_leak" Deny "An answer that repeats the system prompt, in any of its readings.";
    SystemSecret "system_secret" Deny "An answer that holds a secret of the system prompt.";
    Canary "canary" Deny "An answer that holds a canary.";
    Script "script" Strip "Script, frames, or handlers of events in an answer.";
    ScriptUrl "script_url" Strip "A link in an answer that runs script.";
    DataUrl "data_url" Strip "A link in an answer that carries its content.";
    ExternalImage "external_image" Strip "An image in an answer, from a host that is not listed.";
    ExternalLink "external_link" Alert "A link in an answer, to a host that is not listed.";
    HiddenOutput "hidden_output" Strip "Terminal escapes, or characters that nobody sees, in an answer.";
    ShellCommand "shell_command" Alert "A chain of shell commands in the arguments of a tool call.";
    SqlStatement "sql_statement" Alert "A statement of SQL that destroys or escapes, in the arguments of a tool call.";
    PathTraversal "path_traversal" Alert "A path out of its folder, or to what only the system reads, in the arguments of a tool call.";
    SsrfTarget "ssrf_target" Alert "A URL to the machine itself or to its network, in the arguments of a tool call.";
    UngroundedNumber "ungrounded_number" Pass "A number in an answer that stands nowhere in the prompt.";
    UngroundedDate "ungrounded_date" Pass "A date in an answer that stands nowhere in the prompt.";
    UngroundedUrl "ungrounded_url" Pass "A URL in an answer that stands nowhere in the prompt.";
    UngroundedQuote "ungrounded_quote" Pass "A quotation in an answer that stands nowhere in the prompt.";
    UngroundedCitation "ungrounded_citation" Pass "A source cited in an answer that stands nowhere in the prompt.";
}

/// What these find is a count or a judgement: there is nothing to take out.
const PLACELESS: [Known; 10] = [
    Known::SplitInjection,
    Known::Judge,
    Known::PromptTooLong,
    Known::TurnTooLong,
    Known::TooManyMessages,
    Known::TooManyTools,
    Known::TooManyAttachments,
    Known::TooDeep,
    Known::ToolNotAllowed,
    Known::ToolArguments,
];

/// Rules about what stands in an answer and comes from elsewhere, as in a request. Those of the user are, too.
pub(crate) const FOREIGN: &[Known] = &[
    Known::IndirectInjection,
    Known::ToolPoisoning,
    Known::RoleForgery,
    Known::TurnForgery,
    Known::HiddenText,
    Known::HiddenCharacters,
    Known::EncodedText,
    Known::ExfiltrationLink,
];
/// Rules about answers that give something away.
pub(crate) const LEAKS: &[Known] = &[Known::SystemPromptLeak, Known::SystemSecret, Known::Canary];
/// Rules about what does something when an answer is shown.
pub(crate) const MARKUP: &[Known] = &[
    Known::Script,
    Known::ScriptUrl,
    Known::DataUrl,
    Known::ExternalImage,
    Known::ExternalLink,
    Known::HiddenOutput,
];
/// Rules about what harms where a tool is called with it.
pub(crate) const ACTIVE: &[Known] = &[
    Known::ShellCommand,
    Known::SqlStatement,
    Known::PathTraversal,
    Known::SsrfTarget,
];
/// Rules about claims that rest on nothing.
pub(crate) const GROUNDING: &[Known] = &[
    Known::UngroundedNumber,
    Known::UngroundedDate,
    Known::UngroundedUrl,
    Known::UngroundedQuote,
    Known::UngroundedCitation,
];
/// The rules about answers, in the order in which a watch says what of each group is open.
pub(crate) const OUTPUT: [&[Known]; 4] = [LEAKS, MARKUP, ACTIVE, GROUNDING];

impl RuleId {
    /// Whether what it finds has a place in a text, and so can be taken out.
    pub(crate) fn has_place(self) -> bool {
        !PLACELESS.into_iter().any(|known| self == known.into())
    }

    /// Whether it is looked for on this way. Rules of the user are, on both.
    pub(crate) fn is_for(self, way: Way) -> bool {
        let bounds = Known::Judge.into()..=Known::Gibberish.into();
        let asks = [Known::Injection, Known::SplitInjection];
        let answers = Known::ToolArguments.into()..=Known::UngroundedCitation.into();
        match way {
            Way::Request => !answers.contains(&self),
            Way::Response => !bounds.contains(&self) && !asks.into_iter().any(|known| self == known.into()),
        }
    }
}

impl From<Known> for RuleId {
    fn from(known: Known) -> Self {
        Self(known as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, RULES};

    #[test]
    fn ids_are_unique_and_in_order() {
        for (index, rule) in RULES.iter().enumerate() {
            assert!(
                RULES.iter().take(index).all(|other| other.id != rule.id),
                "{}",
                rule.id
            );
            assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
        assert_eq!(
            RULES[Known::UngroundedCitation as usize].id,
            "ungrounded_citation"
        );
    }
}
