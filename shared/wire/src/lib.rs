//! JSON tape with edits by span; SSE, NDJSON and JSON-array framing.
