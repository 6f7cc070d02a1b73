//! `given(config).asked(request).answers(response)`: one exchange, both ends.

use penstock_exchange::{Engine, Exchange};
use penstock_fake_envoy::{FakeEnvoy, Options, Pairs, StreamId};
use penstock_filter_api::labelled;
use penstock_pii_redactor::MODULE;
use serde_json::Value;
use std::rc::Rc;

/// A running exchange.
pub(crate) struct Story {
    pub(crate) envoy: FakeEnvoy,
    pub(crate) stream: StreamId,
}

/// An exchange under this configuration of the redactor.
pub(crate) fn given(config: &str) -> Story {
    under(&format!(r#"{{"pii_redactor": {config}}}"#))
}

/// An exchange under this whole configuration.
pub(crate) fn under(document: &str) -> Story {
    let engine = Engine::load(document.as_bytes(), &[MODULE]).unwrap();
    let roomy = Options {
        buffer_limit_bytes: 16 << 20,
        ..Options::default()
    };
    let mut envoy = FakeEnvoy::new(roomy);
    let stream = envoy.open(Box::new(Exchange::new(Rc::new(engine))));
    Story { envoy, stream }
}

pub(crate) fn head(fields: &[(&str, &str)]) -> Pairs {
    let fields = fields.iter();
    fields
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

impl Story {
    /// The client posts this document.
    pub(crate) fn asks(mut self, path: &str, body: &Value) -> Self {
        let fields = [
            (":method", "POST"),
            (":path", path),
            ("content-type", "application/json"),
        ];
        self.envoy.request_head(self.stream, head(&fields), false);
        self.envoy
            .request_body(self.stream, body.to_string().as_bytes(), true);
        self
    }

    /// A counter by its name and labels.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let metrics = self.envoy.metrics();
        metrics.get(&labelled(name, labels)).copied().unwrap_or_default()
    }

    /// What the upstream has got.
    pub(crate) fn sent(&self) -> Value {
        serde_json::from_slice(&self.envoy.upstream(self.stream).body).unwrap_or_default()
    }

    /// The upstream answers with a document.
    pub(crate) fn answers(mut self, body: &Value) -> Value {
        let fields = [(":status", "200"), ("content-type", "application/json")];
        self.envoy.response_head(self.stream, head(&fields), false);
        self.envoy
            .response_body(self.stream, body.to_string().as_bytes(), true);
        serde_json::from_slice(&self.envoy.client(self.stream).body).unwrap_or_default()
    }

    /// The upstream answers with these pieces of a stream.
    pub(crate) fn upstream_streams<'b>(
        &mut self,
        content_type: &str,
        pieces: impl IntoIterator<Item = &'b [u8]>,
    ) {
        let fields = [(":status", "200"), ("content-type", content_type)];
        self.envoy.response_head(self.stream, head(&fields), false);
        for piece in pieces {
            self.envoy.response_body(self.stream, piece, false);
        }
        self.envoy.response_body(self.stream, b"", true);
        assert_eq!(self.envoy.misuse(), [""; 0]);
    }

    /// The same; what the client has got.
    pub(crate) fn streams<'b>(
        mut self,
        content_type: &str,
        pieces: impl IntoIterator<Item = &'b [u8]>,
    ) -> Vec<u8> {
        self.upstream_streams(content_type, pieces);
        self.envoy.client(self.stream).body.clone()
    }
}
