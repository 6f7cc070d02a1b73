//! Names of images.

use penstock_filter_api::ConfigError;

/// An image in a registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    /// Registry, path and, where there is no digest, tag.
    name: String,
    /// 64 hexadecimal digits; empty for what a tag names.
    sha256: String,
}

/// Whether a tag may stand where a digest belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tags {
    Refused,
    Allowed,
}

impl Image {
    /// Reads `REGISTRY/PATH@sha256:DIGEST`, with or without `oci://` before it.
    pub(super) fn parse(text: &str, tags: Tags) -> Result<Self, ConfigError> {
        let error = |why: &str| Err(ConfigError::new("image", why));
        let text = text.strip_prefix("oci://").unwrap_or(text);
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (path, tag) = tagged(name);
        let Some((registry, path)) = path.split_once('/') else {
            return error("registry.example/path/name@sha256:... is wanted");
        };
        if !registry.contains(['.', ':']) && registry != "localhost" {
            return error("the registry is missing: registry.example/path/name@sha256:... is wanted");
        }
        if !registry.chars().all(is_of_a_host) || !path.split('/').all(is_a_step) {
            return error("no name of an image: a path has small letters, digits and . _ - alone");
        }
        match (digest, tag) {
            (Some(digest), _) => Ok(Self {
                name: format!("{registry}/{path}"),
                sha256: sha256(digest)?,
            }),
            (None, Some(tag)) if !is_a_tag(tag) => error("no tag: letters, digits and . _ - are"),
            (None, Some(_)) if tags == Tags::Allowed => Ok(Self {
                name: name.to_owned(),
                sha256: String::new(),
            }),
            (None, Some(_)) => error(
                "a tag can move, and proxies would run different modules: name @sha256:... (`make oci-push` prints it), or set allow_tag",
            ),
            (None, None) => error("@sha256:... is missing; `make oci-push` prints it"),
        }
    }

    /// As Istio's agent reads it.
    pub(super) fn reference(&self) -> String {
        match self.sha256.as_str() {
            "" => self.name.clone(),
            sha256 => format!("{}@sha256:{sha256}", self.name),
        }
    }

    /// The last step of the path, such as `suite`.
    pub(super) fn repository(&self) -> &str {
        let (path, _) = tagged(&self.name);
        path.rsplit('/').next().unwrap_or_default()
    }
}

/// A name without its tag, and that. A colon before the last slash is a port's.
fn tagged(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        Some(_) | None => (name, None),
    }
}

fn sha256(digest: &str) -> Result<String, ConfigError> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() != 64 || !hex.bytes().all(is_hex) {
        return Err(ConfigError::new(
            "image",
            "no digest: @sha256: and 64 hexadecimal digits in small letters are wanted",
        ));
    }
    Ok(hex.to_owned())
}

fn is_of_a_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':')
}

fn is_a_step(step: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    step.starts_with(is_inner)
        && step.ends_with(is_inner)
        && step.chars().all(|c| is_inner(c) || matches!(c, '.' | '_' | '-'))
}

fn is_a_tag(tag: &str) -> bool {
    !tag.is_empty()
        && tag.len() <= 128
        && tag
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "5f1c9d0a5f1c9d0a5f1c9d0a5f1c9d0a5f1c9d0a5f1c9d0a5f1c9d0a5f1c9d0a";

    #[test]
    fn digests_are_wanted_and_tags_are_not() {
        let image = Image::parse(
            &format!("oci://127.0.0.1:5000/acme/suite:1@sha256:{HEX}"),
            Tags::Refused,
        )
        .unwrap();
        assert_eq!(
            (image.name.as_str(), image.sha256.as_str()),
            ("127.0.0.1:5000/acme/suite", HEX)
        );
        assert_eq!(image.repository(), "suite");
        let tagged = Image::parse("ghcr.io/acme/token-meter:0.1.0", Tags::Allowed).unwrap();
        assert_eq!(
            (tagged.name.as_str(), tagged.repository()),
            ("ghcr.io/acme/token-meter:0.1.0", "token-meter")
        );
        for (text, why) in [
            ("ghcr.io/acme/suite:1", "a tag can move"),
            ("ghcr.io/acme/suite", "@sha256:... is missing"),
            ("acme/suite@sha256:00", "the registry is missing"),
            ("suite", "is wanted"),
            ("ghcr.io/Acme/suite:1", "no name of an image"),
            ("ghcr.io/acme//suite:1", "no name of an image"),
            ("ghcr.io/acme/suite@sha256:5f1c", "no digest"),
            ("ghcr.io/acme/suite@md5:5f1c", "no digest"),
            ("ghcr.io/acme/suite:", "no tag"),
        ] {
            let error = Image::parse(text, Tags::Refused).unwrap_err();
            assert!(
                error.path == "image" && error.message.contains(why),
                "{text}: {error}"
            );
        }
        assert!(
            Image::parse(
                &format!("ghcr.io/acme/suite@sha256:{}", HEX.to_uppercase()),
                Tags::Refused
            )
            .is_err()
        );
    }
}
