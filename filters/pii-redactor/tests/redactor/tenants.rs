//! Many clients at once in one worker: none gets what another sent.

use crate::story::head;
use penstock_exchange::{Engine, Exchange};
use penstock_fake_envoy::{FakeEnvoy, Options, StreamId};
use penstock_pii_redactor::MODULE;
use serde_json::json;
use std::rc::Rc;

const TENANTS: usize = 1_000;

/// One client with values of its own, and what is left to happen to it.
struct Tenant {
    stream: StreamId,
    mail: String,
    steps: Vec<Step>,
}

/// What happens next, last first.
enum Step {
    Asks(Vec<u8>),
    Asked(Vec<u8>),
    Begins,
    Answers(Vec<u8>),
    Ends,
}

impl Tenant {
    fn new(number: usize, envoy: &mut FakeEnvoy, engine: &Rc<Engine>) -> Self {
        let mail = format!("tenant{number}@corp{}.test", number % 7);
        let ask = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": format!("I am {mail}")}]}).to_string();
        let (ask, rest) = ask.as_bytes().split_at(number % ask.len());
        let frames = ["You are [EMA", "IL_1], not [EM", "AIL_2]", "."].map(|text| {
            format!(
                "data: {}\n\n",
                json!({"choices": [{"index": 0, "delta": {"content": text}}]})
            )
        });
        let body = format!("{}data: [DONE]\n\n", frames.concat());
        let chunks = body.as_bytes().chunks(20 + number % 60);
        let mut steps = vec![Step::Asks(ask.to_vec()), Step::Asked(rest.to_vec()), Step::Begins];
        steps.extend(chunks.map(|chunk| Step::Answers(chunk.to_vec())));
        steps.push(Step::Ends);
        steps.reverse();
        let stream = envoy.open(Box::new(Exchange::new(Rc::clone(engine))));
        Self { stream, mail, steps }
    }

    fn step(&mut self, envoy: &mut FakeEnvoy) {
        let stream = self.stream;
        match self.steps.pop() {
            Some(Step::Asks(bytes)) => {
                let fields = [
                    (":method", "POST"),
                    (":path", "/v1/chat/completions"),
                    ("content-type", "application/json"),
                ];
                envoy.request_head(stream, head(&fields), false);
                envoy.request_body(stream, &bytes, false);
            }
            Some(Step::Asked(bytes)) => envoy.request_body(stream, &bytes, true),
            Some(Step::Begins) => {
                let fields = [(":status", "200"), ("content-type", "text/event-stream")];
                envoy.response_head(stream, head(&fields), false);
            }
            Some(Step::Answers(bytes)) => envoy.response_body(stream, &bytes, false),
            Some(Step::Ends) => envoy.response_body(stream, b"", true),
            None => {}
        }
    }

    fn text(&self, envoy: &FakeEnvoy) -> String {
        let body = String::from_utf8(envoy.client(self.stream).body.clone()).unwrap();
        let events = body
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line.strip_prefix("data: ")?).ok());
        events
            .map(|event| {
                event["choices"][0]["delta"]["content"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }
}

#[test]
fn a_thousand_interleaved_streams_never_cross() {
    for config in [r"{}", r#"{"keyed": true, "key": "0123456789abcdef"}"#] {
        let engine =
            Rc::new(Engine::load(format!(r#"{{"pii_redactor": {config}}}"#).as_bytes(), &[MODULE]).unwrap());
        let mut envoy = FakeEnvoy::new(Options::default());
        let mut tenants: Vec<Tenant> = (0..TENANTS)
            .map(|number| Tenant::new(number, &mut envoy, &engine))
            .collect();
        let mut dice = 1u64;
        let mut open: Vec<usize> = (0..TENANTS).collect();
        while !open.is_empty() {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (dice >> 33) as usize % open.len();
            let tenant = &mut tenants[open[at]];
            tenant.step(&mut envoy);
            if tenant.steps.is_empty() {
                open.swap_remove(at);
            }
        }
        assert_eq!(envoy.misuse(), [""; 0]);
        for tenant in &tenants {
            let sent = String::from_utf8(envoy.upstream(tenant.stream).body.clone()).unwrap();
            assert!(sent.contains("[EMAIL_") && !sent.contains("tenant"), "{sent}");
            let keyed = config.contains("keyed");
            // Under a key nobody gave out these names: they stay.
            let own = if keyed { "[EMAIL_1]" } else { tenant.mail.as_str() };
            assert_eq!(tenant.text(&envoy), format!("You are {own}, not [EMAIL_2]."));
        }
    }
}
