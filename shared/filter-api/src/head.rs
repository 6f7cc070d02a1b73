//! Heads of a request and a response, as bytes: header values need not be UTF-8.

use penstock_llm_api::Target;

/// Header fields in wire order. Names are lower case, as Envoy gives them; values are any bytes.
///
/// They stay packed as the host hands them over, because most are never looked at: the number of fields, then the
/// sizes of each name and value (all of them `u32`, little-endian), then names and values, a NUL behind each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<u8>);

impl Headers {
    /// Packs fields.
    pub fn new(fields: Vec<(String, Vec<u8>)>) -> Self {
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes();
        let mut packed = size(fields.len()).to_vec();
        for (name, value) in &fields {
            packed.extend(size(name.len()));
            packed.extend(size(value.len()));
        }
        for text in fields.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
            packed.extend_from_slice(text);
            packed.push(0);
        }
        Self(packed)
    }

    /// Takes fields that are packed. Where the bytes are not what they should be, the fields end.
    pub fn packed(bytes: Vec<u8>) -> Self {
        Self(bytes)
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
        self.fields()
            .filter(move |(key, _)| *key == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// Whether a field called `name` is there.
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// All fields whose name is UTF-8, as it always is in Envoy.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields()
            .filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, value)))
    }

    fn fields(&self) -> Fields<'_> {
        let split = take_size(&self.0).and_then(|(count, rest)| rest.split_at_checked(count.checked_mul(8)?));
        let (sizes, texts) = split.unwrap_or_default();
        Fields { sizes, texts }
    }
}

/// Walks packed fields.
struct Fields<'a> {
    sizes: &'a [u8],
    texts: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name_size, sizes) = take_size(self.sizes)?;
        let (value_size, sizes) = take_size(sizes)?;
        let (name, texts) = self.texts.split_at_checked(name_size)?;
        let (value, texts) = texts.get(1..)?.split_at_checked(value_size)?;
        self.sizes = sizes;
        self.texts = texts.get(1..)?;
        Some((name, value))
    }
}

fn take_size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*size) as usize, rest))
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

#[cfg(test)]
mod tests {
    use super::Headers;

    #[test]
    fn fields_survive_their_packing() {
        let field = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
        let fields = vec![
            field("a", b"1"),
            field("b", b"\xff\0"),
            field("a", b""),
            field(":c", b"2"),
        ];
        let headers = Headers::new(fields);
        assert_eq!(headers.all("a").collect::<Vec<_>>(), [&b"1"[..], b""]);
        assert_eq!(
            (headers.first("b"), headers.text("b")),
            (Some(&b"\xff\0"[..]), None)
        );
        assert_eq!(
            headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["a", "b", "a", ":c"]
        );
        assert!(headers.has(":c") && !headers.has("c"));
    }

    #[test]
    fn bytes_that_end_early_are_fewer_fields() {
        let Headers(packed) = Headers::new(vec![("name".to_owned(), b"value".to_vec())]);
        for length in 0..packed.len() {
            let cut = Headers::packed(packed[..length].to_vec());
            assert_eq!(cut.iter().count(), 0, "{length}");
        }
        assert_eq!(Headers::packed(vec![0xff; 64]).iter().count(), 0);
    }
}
