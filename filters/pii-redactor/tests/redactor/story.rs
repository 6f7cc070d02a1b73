//! `given(config).asks(path, request).answers(response)`: one exchange, both ends.

use penstock_pii_redactor::MODULE;

pub(crate) use penstock_fake_envoy::{Story, head};

/// An exchange under this configuration of the redactor.
pub(crate) fn given(config: &str) -> Story {
    under(&format!(r#"{{"pii_redactor": {config}}}"#))
}

/// An exchange under this whole configuration.
pub(crate) fn under(document: &str) -> Story {
    Story::under(document, &[MODULE]).unwrap()
}
