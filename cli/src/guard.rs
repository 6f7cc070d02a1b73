//! The guard of a configuration, and the roles that texts have for it.

use crate::config;
use penstock_llm_api::Scope;
use penstock_prompt_guard::Preview;
use std::ffi::OsStr;

/// The guard of a configuration file; without one, with its defaults.
pub(crate) fn preview(path: Option<&OsStr>) -> Result<Preview, String> {
    Preview::new(&config::part(path, "prompt_guard")?).map_err(|error| error.to_string())
}

/// The scope of a role: as a chat has them, or the scope's own name.
pub(crate) fn scope(role: &str) -> Option<Scope> {
    match role {
        "tool" => Some(Scope::ToolResult),
        "developer" => Some(Scope::System),
        other => Scope::from_name(other),
    }
}

/// The roles, for messages.
pub(crate) fn roles() -> String {
    let names: Vec<&str> = ["tool", "developer"]
        .into_iter()
        .chain(Scope::ALL.map(Scope::name))
        .collect();
    names.join(", ")
}
