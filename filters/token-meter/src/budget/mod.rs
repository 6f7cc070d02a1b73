//! Budgets that hold: what an exchange may use is set aside before it runs, and booked when it is over.
//!
//! * `raw`, `quantity`, `rule`, `gates`: what is configured.
//! * `window`, `calendar`: when a budget begins anew.
//! * `shared`, `layout`, `place`, `held`, `account`: the accounts in shared data, and their atomic changes.
//! * `fair`, `shares`, `level`: accounts that tenants share by weight.
//! * `workers`: whose reservations are worth something.
//! * `client`: who asks. `demand`, `quantile`: what an exchange will use. `tab`, `hold`: what it holds. `till`: what the exchanges of a VM share.
//! * `desk`: one exchange, from its prompt to its end.
//! * `standing`, `headers`: what clients are told of it. `metric`, `exports`, `shown`: what operators are. `warnings`: what a check says of
//!   its configuration.

mod account;
mod calendar;
mod client;
mod demand;
mod desk;
mod exports;
mod fair;
mod gates;
mod headers;
mod held;
mod hold;
mod layout;
mod level;
mod metric;
mod place;
mod quantile;
mod quantity;
mod raw;
mod rule;
mod shared;
mod shares;
mod shown;
mod standing;
mod tab;
mod till;
mod warnings;
mod window;
#[cfg(test)]
mod window_tests;
mod workers;

pub(crate) use client::Client;
pub(crate) use demand::Truth;
pub(crate) use desk::{Arrival, Desk, Rules};
pub(crate) use gates::{Gates, RawGates};
pub(crate) use raw::RawBudget;
pub(crate) use rule::{Grounds, budgets};
pub(crate) use till::Till;
