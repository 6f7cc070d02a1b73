//! Heads of a request and a response, as bytes: header values need not be UTF-8.

use penstock_llm_api::Target;

/// Header fields in wire order. Names are lower case, as Envoy gives them; values are any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// Takes the fields as the host gave them.
    pub fn new(fields: Vec<(String, Vec<u8>)>) -> Self {
        Self(fields)
    }

    /// The first field called `name`.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The first field called `name`, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every field called `name`, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Whether a field called `name` is there.
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// A request at its head: what the engine decided before any byte of the body.
#[derive(Clone, Debug)]
pub struct Head {
    /// The request's headers, with the pseudo-headers `:method`, `:path`, `:authority`.
    pub headers: Headers,
    /// Which operation of which API this is.
    pub target: Target,
    /// The route's name in Envoy, empty if it has none.
    pub route: String,
}
