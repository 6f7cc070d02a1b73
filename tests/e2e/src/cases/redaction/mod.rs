//! The redactor: the upstream sees placeholders, the client its own values.

mod answers;
mod bodies;
mod dialects;
mod hostile;
mod refusals;

use crate::check::{Check, counted};
use crate::scenario::{Module, Scenario, Setup};

/// What the client sends and what must not leave.
const VALUE: &str = "ana.roe@example.org";
/// What the upstream sees of it.
const STAND_IN: &str = "[EMAIL_1]";
/// Where one or the other stands in the texts of this folder.
const MARK: &str = "§";

/// All of this folder.
pub fn cases() -> Vec<Scenario> {
    [
        dialects::cases(),
        bodies::cases(),
        answers::cases(),
        refusals::cases(),
        hostile::cases(),
    ]
    .concat()
}

/// The redactor with this configuration.
fn redactor(config: &str) -> Setup {
    redactor_in("{}", config)
}

/// The redactor and the engine with these configurations.
fn redactor_in(exchange: &str, config: &str) -> Setup {
    Setup::with(
        Module::Redactor,
        format!(r#"{{"exchange":{exchange},"pii_redactor":{config}}}"#),
    )
}

/// As the client writes and reads it.
fn plain(text: &str) -> String {
    text.replace(MARK, VALUE)
}

/// As the upstream reads and writes it.
fn masked(text: &str) -> String {
    text.replace(MARK, STAND_IN)
}

/// So many e-mail addresses were found in texts of this scope, and met this action.
fn found(scope: &str, direction: &str, action: &str, count: i64) -> Check {
    counted(
        format!(
            "penstock_pii_finds_total.entity=.=EMAIL_ADDRESS;.;rule=.=email;.;scope=.={scope};.;\
             direction=.={direction};.;action=.={action};.;"
        ),
        count,
    )
}

/// So many e-mail addresses came back to the client.
fn restored(count: i64) -> Check {
    counted("penstock_pii_restored_total.entity=.=EMAIL_ADDRESS;.;", count)
}

/// The engine's counter of failures moved by one for the redactor.
fn failed(kind: &str) -> Check {
    counted(
        format!("penstock_failures_total.filter=.=pii_redactor;.;kind=.={kind};.;"),
        1,
    )
}

/// The engine's counter of refusals moved by one for the redactor.
fn denied(code: &str) -> Check {
    counted(
        format!("penstock_denied_total.filter=.=pii_redactor;.;code=.={code};.;"),
        1,
    )
}
