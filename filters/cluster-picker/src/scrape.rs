//! What a poll of a backend tells of its load.
