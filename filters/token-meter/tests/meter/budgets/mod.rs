//! Budgets: on some VMs over one store, and on a fake host.

mod configs;
mod exact;
mod exports;
mod fair;
mod interleavings;
mod layouts;
mod modes;
mod store;
mod stories;
mod vms;
mod workers;
