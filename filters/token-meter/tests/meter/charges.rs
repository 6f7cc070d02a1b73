//! What an exchange is charged for.

use crate::story::{cancelled, chat, given, stream, usage};
use penstock_filter_api::{Origin, Outcome, Record};
use penstock_llm_api::{Api, Finish, Operation, Usage};

const TOKENS: &str = "penstock_tokens_total";
const ESTIMATED: &str = "penstock_usage_estimated_total";
const MISSING: &str = "penstock_usage_missing_total";

#[test]
fn reported_usage_is_counted_as_it_is() {
    given("{}")
        .exchange(chat())
        .then(TOKENS, "type=input", 1000)
        .then(TOKENS, "type=output", 200)
        .then("penstock_requests_total", "outcome=complete,origin=upstream", 1)
        .then(ESTIMATED, "", 0)
        .state("penstock.tokens", "1200")
        .ledger("estimated", "false");
}

#[test]
fn parts_of_the_totals_are_counted_beside_them() {
    let usage = Usage {
        cached_tokens: Some(600),
        cache_creation_tokens: Some(100),
        cache_creation_1h_tokens: Some(40),
        reasoning_tokens: Some(150),
        input_audio_tokens: Some(20),
        output_audio_tokens: Some(10),
        ..usage(1000, 200)
    };
    given("{}")
        .exchange(Record { usage, ..chat() })
        .then(TOKENS, "type=input", 1000)
        .then(TOKENS, "type=output", 200)
        .then(TOKENS, "type=cached", 600)
        .then(TOKENS, "type=cache_creation", 100)
        .then(TOKENS, "type=reasoning", 150)
        .then(TOKENS, "type=input_audio", 20)
        .then(TOKENS, "type=output_audio", 10)
        .ledger("cache_creation_1h_tokens", "40")
        .state("penstock.tokens", "1200");
}

#[test]
fn a_part_is_never_more_than_its_total() {
    let usage = Usage {
        cached_tokens: Some(900),
        cache_creation_tokens: Some(900),
        reasoning_tokens: Some(u64::MAX),
        ..usage(1000, 200)
    };
    given("{}")
        .exchange(Record { usage, ..chat() })
        .then(TOKENS, "type=cached", 900)
        .then(TOKENS, "type=cache_creation", 100)
        .then(TOKENS, "type=reasoning", 200);
}

#[test]
fn a_cancelled_stream_is_charged_for_what_was_produced() {
    given("{}")
        .exchange(cancelled())
        .then(TOKENS, "type=input", 1000)
        .then(TOKENS, "type=output", 200)
        .then(ESTIMATED, "reason=cancelled", 1)
        .then("penstock_requests_total", "outcome=cancelled", 1)
        .ledger("estimated", "true")
        .ledger("estimated_because", "\"cancelled\"");
}

#[test]
fn an_estimate_follows_what_the_model_taught() {
    // Texts of 2 bytes a token, such as this model sees them.
    let dense = Record {
        input_text_bytes: 2000,
        output_text_bytes: 400,
        ..chat()
    };
    given("{}")
        .exchanges(3000, dense)
        .exchange(Record {
            input_text_bytes: 2000,
            output_text_bytes: 100,
            ..cancelled()
        })
        .ledger("input_tokens", "1000")
        .ledger("output_tokens", "50");
}

#[test]
fn models_teach_apart() {
    let dense = Record {
        input_text_bytes: 2000,
        output_text_bytes: 400,
        ..chat()
    };
    given("{}")
        .exchanges(3000, dense)
        .exchange(Record {
            request_model: Some("another".to_owned()),
            ..cancelled()
        })
        .ledger("output_tokens", "200");
}

#[test]
fn what_is_known_of_a_broken_stream_is_kept() {
    // Anthropic: message_start brought the input and a first count of the output, then the client left.
    let usage = Usage {
        cached_tokens: Some(700),
        ..usage(5000, 3)
    };
    let record = Record {
        api: Some(Api::AnthropicMessages),
        usage,
        ..cancelled()
    };
    given("{}")
        .exchange(record)
        .ledger("input_tokens", "5000")
        .ledger("cached_tokens", "700")
        .ledger("output_tokens", "200")
        .ledger("estimated", "true");
}

#[test]
fn a_final_count_is_not_estimated_again() {
    // The same stream, but the client left after message_delta: the report is whole.
    let record = Record {
        api: Some(Api::AnthropicMessages),
        usage: usage(5000, 3),
        finish: Some(Finish::Stop),
        ..cancelled()
    };
    given("{}")
        .exchange(record)
        .ledger("output_tokens", "3")
        .ledger("estimated", "false");
}

#[test]
fn cumulative_counts_are_believed() {
    // Gemini reports with every event.
    let record = Record {
        api: Some(Api::Gemini),
        usage: usage(80, 90),
        ..cancelled()
    };
    given("{}")
        .exchange(record)
        .ledger("output_tokens", "90")
        .ledger("estimated", "false");
}

#[test]
fn half_a_report_is_completed() {
    // Ollama leaves prompt_eval_count out when the prompt was cached.
    let usage = Usage {
        output_tokens: Some(77),
        ..Usage::default()
    };
    given("{}")
        .exchange(Record { usage, ..chat() })
        .ledger("input_tokens", "1000")
        .ledger("output_tokens", "77")
        .then(ESTIMATED, "reason=not_reported", 1);
}

#[test]
fn embeddings_have_no_output() {
    let usage = Usage {
        input_tokens: Some(42),
        ..Usage::default()
    };
    let record = Record {
        operation: Operation::Embed,
        api: Some(Api::OpenAiEmbeddings),
        usage,
        output_text_bytes: 0,
        ..chat()
    };
    given("{}")
        .exchange(record.clone())
        .then(TOKENS, "type=input", 42)
        .then(TOKENS, "type=output", 0)
        .ledger("estimated", "false");
    let silent = Record {
        usage: Usage::default(),
        ..record
    };
    given("{}")
        .exchange(silent)
        .ledger("input_tokens", "1000")
        .ledger("estimated", "true");
}

#[test]
fn a_prompt_that_was_blocked_has_no_output() {
    let usage = Usage {
        input_tokens: Some(12),
        ..Usage::default()
    };
    given("{}")
        .exchange(Record {
            usage,
            output_text_bytes: 0,
            ..chat()
        })
        .ledger("output_tokens", "0")
        .ledger("estimated", "false");
}

#[test]
fn an_unbelievable_report_is_replaced() {
    given("{}")
        .exchange(Record {
            usage: usage(1 << 40, u64::MAX),
            ..chat()
        })
        .then(TOKENS, "type=input", 1000)
        .then(TOKENS, "type=output", 200)
        .then(ESTIMATED, "reason=implausible", 1);
}

#[test]
fn an_estimate_is_bounded_too() {
    given("{}")
        .exchange(Record {
            input_text_bytes: u64::MAX,
            output_text_bytes: 1 << 40,
            ..cancelled()
        })
        .then(TOKENS, "type=input", 1 << 25)
        .then(TOKENS, "type=output", 1 << 25);
}

#[test]
fn nothing_is_charged_that_no_model_did() {
    let untouched = Record {
        usage: Usage::default(),
        output_text_bytes: 0,
        ..chat()
    };
    let cases = [
        (
            "denied before upstream",
            Origin::Denied("prompt_guard"),
            Outcome::Denied,
            400,
        ),
        ("no upstream", Origin::Envoy, Outcome::UpstreamError, 503),
        (
            "the client left before a response",
            Origin::Nobody,
            Outcome::Cancelled,
            0,
        ),
        (
            "refused by the upstream",
            Origin::Upstream,
            Outcome::UpstreamError,
            429,
        ),
    ];
    for (case, origin, outcome, status) in cases {
        let story = given("{}").exchange(Record {
            origin,
            outcome,
            status,
            ..untouched.clone()
        });
        assert_eq!(story.host.sum(TOKENS, ""), 0, "{case}");
        assert_eq!(story.host.sum(MISSING, ""), 0, "{case}");
        story
            .state("penstock.tokens", "0")
            .then("penstock_requests_total", "", 1);
    }
}

#[test]
fn an_answer_from_the_cache_is_not_charged_again() {
    given("{}")
        .exchange(Record {
            origin: Origin::Answer("semantic_cache"),
            ..chat()
        })
        .then(TOKENS, "", 0)
        .then("penstock_requests_total", "origin=cache", 1)
        .state("penstock.tokens", "0");
}

#[test]
fn a_refused_response_is_charged_all_the_same() {
    given("{}")
        .exchange(Record {
            origin: Origin::Denied("prompt_guard"),
            outcome: Outcome::Denied,
            ..chat()
        })
        .then(TOKENS, "type=output", 200)
        .then("penstock_requests_total", "origin=filter,outcome=denied", 1);
    given("{}")
        .exchange(Record {
            outcome: Outcome::Cut,
            usage: Usage::default(),
            finish: None,
            ..stream()
        })
        .then(TOKENS, "type=output", 200)
        .then(ESTIMATED, "reason=cut", 1);
}

#[test]
fn an_error_within_a_stream_is_charged_for_what_came_before() {
    let broken = Record {
        outcome: Outcome::UpstreamError,
        ..cancelled()
    };
    given("{}")
        .exchange(broken.clone())
        .then(ESTIMATED, "reason=upstream_error", 1);
    given("{}")
        .exchange(Record {
            output_text_bytes: 0,
            ..broken
        })
        .then(TOKENS, "", 0);
}

#[test]
fn usage_that_nobody_knows_is_counted_as_missing() {
    let dark = Record {
        usage: Usage::default(),
        input_text_bytes: 0,
        output_text_bytes: 0,
        ..chat()
    };
    given("{}")
        .exchange(dark)
        .then(MISSING, "reason=not_reported", 1)
        .then(TOKENS, "", 0)
        .state("penstock.tokens", "0")
        .ledger("usage_missing_because", "\"not_reported\"");
}

#[test]
fn only_models_at_work_are_metered() {
    for operation in Operation::ALL {
        let metered = matches!(operation, Operation::Generate | Operation::Embed);
        let story = given("{}").exchange(Record {
            operation,
            api: None,
            ..chat()
        });
        assert_eq!(
            story.host.sum("penstock_requests_total", ""),
            u64::from(metered),
            "{operation:?}"
        );
    }
}
