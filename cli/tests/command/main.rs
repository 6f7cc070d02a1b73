//! The built `penstock`, run as its users run it.

mod captures;
mod checks;
mod configs;
mod forms;
mod pages;
mod run;
mod schemas;
