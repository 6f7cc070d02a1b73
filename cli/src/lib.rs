//! The penstock command.
