//! What an exchange costs.

use crate::story::{NOON, SECOND, cancelled, chat, given, model, usage};
use penstock_filter_api::{Record, Times};
use penstock_llm_api::{Api, Operation, Usage};
use proptest::prelude::*;

const COST: &str = "penstock_cost_nano_total";

/// Prices in the manner of the providers' lists.
const PRICES: &str = r#"{"prices": [
    {"model": "gpt-4o-audio*", "input": 2.5, "cached": "1.25", "output": 10, "audio_input": 40, "audio_output": 80},
    {"model": "claude-*", "api": "anthropic_messages", "input": "3", "cached": "0.30", "cache_write_5m": "3.75",
     "cache_write_1h": 6, "output": 15},
    {"model": "gemini-2.5-pro", "input": 1.25, "cached": "0.31", "output": 10,
     "tiers": [{"above_input_tokens": 200000, "input": 2.5, "cached": 0.625, "output": 15}]},
    {"model": "o3", "input": 2, "cached": 0.5, "output": 8, "reasoning": 4,
     "service_tiers": {"flex": {"multiplier": 0.5}, "priority": {"input": 3.5, "output": 14},
                       "batch": {"multiplier": "0.5", "cached": 0.1}}},
    {"model": "text-embedding-3-small", "input": 0.02}
]}"#;

struct Case {
    name: &'static str,
    model: &'static str,
    api: Api,
    tier: Option<&'static str>,
    usage: Usage,
    cost: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |name, model, api, tier, usage, cost| Case {
        name,
        model,
        api,
        tier,
        usage,
        cost,
    };
    let audio = Usage {
        cached_tokens: Some(200),
        input_audio_tokens: Some(300),
        reasoning_tokens: Some(100),
        output_audio_tokens: Some(150),
        ..usage(1000, 500)
    };
    let cached = Usage {
        cached_tokens: Some(6000),
        cache_creation_tokens: Some(3000),
        cache_creation_1h_tokens: Some(1000),
        ..usage(10_000, 500)
    };
    let thoughts = |input| Usage {
        reasoning_tokens: Some(1000),
        ..usage(input, 1500)
    };
    let thinking = Usage {
        cached_tokens: Some(100),
        reasoning_tokens: Some(300),
        ..usage(1000, 400)
    };
    let (chat, messages, gemini) = (Api::OpenAiChat, Api::AnthropicMessages, Api::Gemini);
    vec![
        // 500 x 2.5 + 200 x 1.25 + 300 x 40 + 250 x 10 + 100 x 10 + 150 x 80
        case(
            "audio, cached, reasoning",
            "gpt-4o-audio-preview",
            chat,
            None,
            audio,
            "0.029",
        ),
        // 1000 x 3 + 6000 x 0.30 + 2000 x 3.75 + 1000 x 6 + 500 x 15
        case(
            "both cache writes",
            "claude-sonnet-4-5",
            messages,
            None,
            cached,
            "0.0258",
        ),
        // 200000 x 1.25 + 1500 x 10: thoughts cost as the rest
        case(
            "at the tier's bound",
            "gemini-2.5-pro",
            gemini,
            None,
            thoughts(200_000),
            "0.265",
        ),
        // 200001 x 2.5 + 1500 x 15: every token at the tier's price
        case(
            "above the tier's bound",
            "gemini-2.5-pro",
            gemini,
            None,
            thoughts(200_001),
            "0.5225025",
        ),
        // 900 x 2 + 100 x 0.5 + 100 x 8 + 300 x 4
        case("a price of reasoning", "o3", chat, None, thinking, "0.00385"),
        case("half of it", "o3", chat, Some("flex"), thinking, "0.001925"),
        // 900 x 3.5 + 100 x 0.5 + 100 x 14 + 300 x 4
        case(
            "prices of a service tier",
            "o3",
            chat,
            Some("priority"),
            thinking,
            "0.0058",
        ),
        // 900 x 1 + 100 x 0.1 + 100 x 4 + 300 x 2
        case("factor and price", "o3", chat, Some("batch"), thinking, "0.00191"),
        case(
            "an unlisted service tier",
            "o3",
            chat,
            Some("default"),
            thinking,
            "0.00385",
        ),
        case(
            "one token",
            "text-embedding-3-small",
            Api::OpenAiEmbeddings,
            None,
            usage(1, 0),
            "0.00000002",
        ),
    ]
}

#[test]
fn every_token_is_paid_once() {
    for case in cases() {
        let record = Record {
            api: Some(case.api),
            service_tier: case.tier.map(str::to_owned),
            usage: case.usage,
            ..model(case.model, chat())
        };
        let story = given(PRICES).exchange(record);
        assert_eq!(
            story
                .line("cost")
                .and_then(|cost| cost.as_str().map(str::to_owned))
                .as_deref(),
            Some(case.cost),
            "{}",
            case.name
        );
        assert_eq!(
            story.host.sum(COST, "currency=USD"),
            nanos(case.cost),
            "{}",
            case.name
        );
    }
}

/// Decimal to 10^-9, cut.
fn nanos(cost: &str) -> u64 {
    pico(cost) as u64 / 1000
}

fn pico(cost: &str) -> u128 {
    let (whole, part) = cost.split_once('.').unwrap_or((cost, ""));
    format!("{whole}{part:0<12}").parse().unwrap()
}

#[test]
fn an_exchange_without_a_price_is_counted() {
    given(PRICES)
        .exchange(model("unlisted", chat()))
        .then("penstock_cost_missing_total", "model=unlisted", 1)
        .then(COST, "", 0)
        .no_ledger("cost");
    // Another API than the price is for.
    given(PRICES)
        .exchange(model("claude-3", chat()))
        .then("penstock_cost_missing_total", "", 1);
    // Output, of a model that has a price of input alone.
    let record = model("text-embedding-3-small", chat());
    given(PRICES)
        .exchange(record)
        .then("penstock_cost_missing_total", "", 1);
    // No table at all: nothing is missing.
    given("{}")
        .exchange(chat())
        .then("penstock_cost_missing_total", "", 0);
}

#[test]
fn an_estimate_costs_too() {
    given(PRICES)
        .exchange(model("o3", cancelled()))
        .ledger("estimated", "true")
        // 1000 x 2 + 200 x 8
        .ledger("cost", "\"0.0036\"");
}

#[test]
fn prices_change_at_midnight_utc() {
    let config = r#"{"prices": [
        {"model": "m", "from": "2026-01-16", "input": 3},
        {"model": "m", "from": "2026-02-01", "input": 4},
        {"model": "m", "input": 2}
    ]}"#;
    const DAY: u64 = 86_400 * SECOND;
    let midnight = NOON + DAY / 2;
    let at = |start| Record {
        operation: Operation::Embed,
        usage: usage(1_000_000, 0),
        times: Times {
            start,
            end: start + 5 * SECOND,
            ..Times::default()
        },
        ..model("m", chat())
    };
    for (start, cost) in [
        (1, "\"2\""),
        (midnight - 1, "\"2\""),
        (midnight, "\"3\""),
        (midnight + 16 * DAY - 1, "\"3\""),
        (midnight + 16 * DAY, "\"4\""),
        (midnight + 5000 * DAY, "\"4\""),
    ] {
        given(config).exchange(at(start)).ledger("cost", cost);
    }
}

#[test]
fn a_price_from_tomorrow_on_is_none_today() {
    let config = r#"{"prices": [{"model": "gpt-4.1", "from": "2026-01-16", "input": 3, "output": 3}]}"#;
    given(config)
        .exchange(chat())
        .then("penstock_cost_missing_total", "", 1);
}

#[test]
fn the_closest_price_holds() {
    let config = r#"{"prices": [
        {"model": "*", "input": 1, "output": 0},
        {"model": "gpt-4.1*", "input": 2, "output": 0},
        {"model": "gpt-4.1", "input": 3, "output": 0},
        {"model": "gpt-4.1", "from": "2026-01-10", "input": 6, "output": 0},
        {"model": "gpt-4.1", "api": "openai_responses", "input": 4, "output": 0},
        {"model": "gpt-4.1", "api": "openai_responses", "from": "2026-01-01", "input": 5, "output": 0}
    ]}"#;
    let record = |name, api| Record {
        api: Some(api),
        usage: usage(1_000_000, 1),
        ..model(name, chat())
    };
    for (name, api, cost) in [
        ("llama", Api::OpenAiChat, "\"1\""),
        ("gpt-4.1-mini", Api::OpenAiChat, "\"2\""),
        ("gpt-4.1", Api::OpenAiChat, "\"6\""),
        ("gpt-4.1", Api::OpenAiResponses, "\"5\""),
    ] {
        given(config).exchange(record(name, api)).ledger("cost", cost);
    }
    // The response names a dated snapshot that fits a pattern; the request names the model exactly.
    let alias = Record {
        response_model: Some("gpt-4.1-2025-04-14".to_owned()),
        ..record("gpt-4.1", Api::OpenAiChat)
    };
    given(config).exchange(alias).ledger("cost", "\"6\"");
}

#[test]
fn currencies_are_counted_apart() {
    let config = r#"{"currency": "EUR", "prices": [
        {"model": "a", "input": 1, "output": 1}, {"model": "b", "currency": "JPY", "input": 300, "output": 900}]}"#;
    given(config)
        .exchange(model("a", chat()))
        .exchange(model("b", chat()))
        .then(COST, "currency=EUR", 1_200_000)
        .then(COST, "currency=JPY", 480_000_000)
        .ledger("currency", "\"JPY\"");
}

#[test]
fn what_is_below_the_counters_unit_is_carried() {
    // 0.4 nano a token.
    let config = r#"{"prices": [{"model": "*", "input": "0.0004"}]}"#;
    let record = Record {
        operation: Operation::Embed,
        usage: usage(1, 0),
        ..chat()
    };
    given(config).exchanges(5, record).then(COST, "", 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever upstreams report, the counter is the sum of the exact costs, less than one unit off.
    #[test]
    fn the_counter_is_the_sum_of_the_ledger(
        price in 0u64..100_000_000_000_000,
        reports in prop::collection::vec((any::<Option<u64>>(), 0u64..1 << 26, 0u64..1 << 26, any::<u64>()), 1..20),
    ) {
        let price = format!("{}.{:06}", price / 1_000_000, price % 1_000_000);
        let config = format!(r#"{{"prices": [{{"model": "*", "input": "{price}", "output": "0.123457"}}]}}"#);
        let mut story = given(&config);
        let mut exact = 0;
        for (input, output, cached, reasoning) in reports {
            let usage = Usage {
                input_tokens: input.map(|input| input >> (input % 64)),
                output_tokens: Some(output),
                cached_tokens: Some(cached),
                reasoning_tokens: Some(reasoning),
                ..Usage::default()
            };
            story = story.exchange(Record { usage, ..chat() });
            exact += pico(story.line("cost").unwrap().as_str().unwrap());
        }
        prop_assert_eq!(u128::from(story.host.sum(COST, "")), exact / 1000);
    }
}
