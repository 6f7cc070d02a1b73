//! Budgets: on some VMs over one store, and on a fake host.

mod exact;
mod stories;
mod vms;
mod workers;
