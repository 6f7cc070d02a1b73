//! One exchange, both ends, told as a story: `Story::under(document, modules).asks(path, body).answers(body)`.

use crate::{FakeEnvoy, Options, Pairs, StreamId};
use penstock_exchange::{Engine, Exchange};
use penstock_filter_api::{ConfigError, Module, labelled};
use serde_json::Value;
use std::rc::Rc;

/// A running exchange.
pub struct Story {
    /// The proxy that it runs in.
    pub envoy: FakeEnvoy,
    /// Its number there.
    pub stream: StreamId,
    engine: Rc<Engine>,
}

/// Fields of a head.
pub fn head(fields: &[(&str, &str)]) -> Pairs {
    let fields = fields.iter();
    fields
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

impl Story {
    /// An exchange under a whole configuration of these filters, in a proxy with room for large bodies.
    ///
    /// # Errors
    /// A configuration that the filters refuse.
    pub fn under(document: &str, modules: &[Module]) -> Result<Self, ConfigError> {
        let roomy = Options {
            buffer_limit_bytes: 16 << 20,
            ..Options::default()
        };
        Self::in_proxy(roomy, document, modules)
    }

    /// The same in a proxy of these options.
    ///
    /// # Errors
    /// A configuration that the filters refuse.
    pub fn in_proxy(options: Options, document: &str, modules: &[Module]) -> Result<Self, ConfigError> {
        let engine = Rc::new(Engine::load(document.as_bytes(), modules)?);
        let mut envoy = FakeEnvoy::new(options);
        envoy.serve_root(Rc::clone(&engine));
        let stream = envoy.open(Box::new(Exchange::new(Rc::clone(&engine))));
        Ok(Self {
            envoy,
            stream,
            engine,
        })
    }

    /// The next exchange in the same proxy.
    pub fn again(mut self) -> Self {
        self.stream = self.envoy.open(Box::new(Exchange::new(Rc::clone(&self.engine))));
        self
    }

    /// The status and the error code that the client has got.
    pub fn refusal(&self) -> (String, String) {
        let body: Value = serde_json::from_str(&self.body()).unwrap_or_default();
        let code = body
            .pointer("/error/code")
            .and_then(Value::as_str)
            .unwrap_or_default();
        (
            String::from_utf8_lossy(self.status()).into_owned(),
            code.to_owned(),
        )
    }

    /// The upstream begins an answer with this head.
    pub fn begins(&mut self, status: &str, fields: &[(&str, &str)]) {
        let fields: Vec<(&str, &str)> = [(":status", status)].iter().chain(fields).copied().collect();
        self.envoy.response_head(self.stream, head(&fields), false);
    }

    /// The body that the client has got.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.envoy.client(self.stream).body).into_owned()
    }

    /// The status that the client has got.
    pub fn status(&self) -> &[u8] {
        self.envoy
            .client(self.stream)
            .field(":status")
            .unwrap_or_default()
    }

    /// Whether the request has left for the upstream.
    pub fn has_left(&self) -> bool {
        self.envoy.upstream(self.stream).head.is_some()
    }

    /// The client posts this document, with these headers too.
    pub fn asks_with(mut self, path: &str, headers: &[(&str, &str)], body: &Value) -> Self {
        let mut fields = vec![
            (":method", "POST"),
            (":path", path),
            ("content-type", "application/json"),
        ];
        fields.extend(headers);
        self.envoy.request_head(self.stream, head(&fields), false);
        self.envoy
            .request_body(self.stream, body.to_string().as_bytes(), true);
        self
    }

    /// The client posts this document.
    pub fn asks(self, path: &str, body: &Value) -> Self {
        self.asks_with(path, &[], body)
    }

    /// A counter by its name and labels.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let metrics = self.envoy.metrics();
        metrics.get(&labelled(name, labels)).copied().unwrap_or_default()
    }

    /// What the upstream has got.
    pub fn sent(&self) -> Value {
        serde_json::from_slice(&self.envoy.upstream(self.stream).body).unwrap_or_default()
    }

    /// The upstream answers with a document.
    pub fn answers(mut self, body: &Value) -> Value {
        let fields = [(":status", "200"), ("content-type", "application/json")];
        self.envoy.response_head(self.stream, head(&fields), false);
        self.envoy
            .response_body(self.stream, body.to_string().as_bytes(), true);
        serde_json::from_slice(&self.envoy.client(self.stream).body).unwrap_or_default()
    }

    /// The upstream answers with these pieces of a stream.
    pub fn upstream_streams<'b>(&mut self, content_type: &str, pieces: impl IntoIterator<Item = &'b [u8]>) {
        let fields = [(":status", "200"), ("content-type", content_type)];
        self.envoy.response_head(self.stream, head(&fields), false);
        for piece in pieces {
            self.envoy.response_body(self.stream, piece, false);
        }
        self.envoy.response_body(self.stream, b"", true);
        assert_eq!(self.envoy.misuse(), [""; 0]);
    }

    /// The same; what the client has got.
    pub fn streams<'b>(mut self, content_type: &str, pieces: impl IntoIterator<Item = &'b [u8]>) -> Vec<u8> {
        self.upstream_streams(content_type, pieces);
        self.envoy.client(self.stream).body.clone()
    }
}
