//! The contract between a filter and the exchange engine.
