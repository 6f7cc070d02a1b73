//! The wire dialects of LLM APIs: detect, texts by scope, usage, edits, errors.
