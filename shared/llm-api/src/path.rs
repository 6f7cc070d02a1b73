//! A request path, taken apart only where every server would take it apart the same way.
//!
//! The questions are kept out of line: they are asked dozens of times, and a module that ships is small.

/// Longer paths are nobody's API, in bytes without the query.
const MAX_PATH_BYTES: usize = 4096;

/// How often a path may be decoded on its way: by a proxy, by a gateway, by the server.
const MAX_ENCODINGS: usize = 3;

/// A path without ambiguity: decoded segments, none of them empty or made of dots.
pub(crate) struct Path {
    segments: Vec<String>,
    query: String,
}

impl Path {
    /// `None` for a path that servers may read differently.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if path.len() > MAX_PATH_BYTES || path.contains(['#', '\\']) {
            return None;
        }
        // One slash at the end is common and harmless; an empty path is that of `OPTIONS *`.
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() {
            return Some(Self {
                segments: Vec::new(),
                query: query.to_owned(),
            });
        }
        let segments = path.split('/').map(segment).collect::<Option<Vec<_>>>()?;
        let path = Self {
            segments,
            query: query.to_owned(),
        };
        (!path.folds_to_known()).then_some(path)
    }

    /// The path as the most forgiving servers read it: escapes decoded again and again, backslashes as slashes,
    /// parameters cut, empty and dot segments folded away, what is no printable ASCII dropped.
    pub(crate) fn folded(path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let mut bytes = path.as_bytes().to_vec();
        for _ in 0..MAX_ENCODINGS {
            bytes = unescaped(&bytes);
        }
        let path: String = bytes
            .iter()
            .copied()
            .filter(u8::is_ascii)
            .map(char::from)
            .collect();
        let path = path.split(['?', '#', '\0']).next().unwrap_or_default();
        let mut segments: Vec<String> = Vec::new();
        for raw in path.split(['/', '\\']) {
            let name = raw.split(';').next().unwrap_or_default();
            let name = name.replace(|c: char| c.is_ascii_control(), "");
            match name.trim() {
                ".." => drop(segments.pop()),
                name if name.chars().all(|c| c == '.') => {}
                name => segments.push(name.trim_end_matches('.').to_owned()),
            }
        }
        let query = String::new();
        Self { segments, query }
    }

    /// The same in small letters, but for the verbs that `verbs` spells.
    pub(crate) fn in_small_letters(&self, verbs: &[&str]) -> Self {
        let small = |segment: &String| {
            let (name, verb) = segment.rsplit_once(':').unwrap_or((segment, ""));
            match verbs.iter().find(|known| known.eq_ignore_ascii_case(verb)) {
                Some(verb) => format!("{}:{verb}", name.to_ascii_lowercase()),
                None => segment.to_ascii_lowercase(),
            }
        };
        Self {
            segments: self.segments.iter().map(small).collect(),
            query: String::new(),
        }
    }

    pub(crate) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The value of a query parameter, as written.
    #[inline(never)]
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, v)| v)
    }

    #[inline(never)]
    pub(crate) fn has(&self, segment: &str) -> bool {
        self.segments.iter().any(|own| own == segment)
    }

    pub(crate) fn last(&self) -> Option<&str> {
        self.segments.last().map(String::as_str)
    }

    #[inline(never)]
    pub(crate) fn ends_with(&self, tail: &[&str]) -> bool {
        self.segments.len() >= tail.len()
            && self
                .segments
                .iter()
                .rev()
                .zip(tail.iter().rev())
                .all(|(a, b)| a == b)
    }

    /// Whether these segments stand in a row anywhere.
    #[inline(never)]
    pub(crate) fn holds(&self, row: &[&str]) -> bool {
        self.segments
            .windows(row.len())
            .any(|window| window.iter().zip(row).all(|(a, b)| a == b))
    }

    /// The segment after the last `segment`.
    #[inline(never)]
    pub(crate) fn after(&self, segment: &str) -> Option<&str> {
        let at = self.segments.iter().rposition(|own| own == segment)?;
        self.segments.get(at.checked_add(1)?).map(String::as_str)
    }

    /// The last segment, if the one before it is `segment`.
    #[inline(never)]
    pub(crate) fn last_after(&self, segment: &str) -> Option<&str> {
        let mut back = self.segments.iter().rev();
        let last = back.next()?;
        (back.next()? == segment).then_some(last)
    }

    /// `M` and `verb` of a last segment `M:verb`.
    pub(crate) fn verb(&self) -> Option<(&str, &str)> {
        self.last()?.rsplit_once(':')
    }

    /// The segment after the last version (`v1`, `v1beta`, `v1alpha1`) or, on Azure, after `openai`.
    #[inline(never)]
    pub(crate) fn after_version(&self) -> Option<&str> {
        let version = self.segments.iter().rposition(|segment| is_version(segment));
        let at = version.or_else(|| self.segments.iter().rposition(|segment| segment == "openai"))?;
        self.segments.get(at.checked_add(1)?).map(String::as_str)
    }

    pub(crate) fn has_version(&self) -> bool {
        self.segments
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|segment| is_version(segment))
    }

    /// Whether the last segment stands where APIs put theirs: alone, after a version, after `openai`, or after
    /// an Azure deployment.
    #[inline(never)]
    pub(crate) fn is_versioned_tail(&self) -> bool {
        let mut back = self.segments.iter().rev().skip(1);
        match (back.next(), back.next()) {
            (None, _) => true,
            (Some(before), _) if is_version(before) || before == "openai" => true,
            (Some(_), Some(before)) => before == "deployments",
            (Some(_), None) => false,
        }
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.segments.len() == 1
    }

    /// Whether the path would be known in small letters but is not as written.
    fn folds_to_known(&self) -> bool {
        const NAMES: &[&str] = &[
            "completions",
            "responses",
            "embeddings",
            "messages",
            "chat",
            "generate",
            "embed",
        ];
        self.last().is_some_and(|last| {
            NAMES
                .iter()
                .any(|name| last.eq_ignore_ascii_case(name) && last != *name)
        })
    }
}

/// `v`, a digit, and letters or digits.
#[inline(never)]
fn is_version(segment: &str) -> bool {
    let rest = segment.strip_prefix('v').unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Decodes one segment; `None` when it is empty, made of dots, or hides a character that splits paths.
#[inline(never)]
fn segment(raw: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => escaped(bytes.next()?, bytes.next()?)?,
            byte => byte,
        });
    }
    let splits =
        |byte: &u8| matches!(byte, b'/' | b'\\' | b'%' | b';' | b'?' | b'#') || byte.is_ascii_control();
    if decoded.is_empty() || decoded.iter().any(splits) || decoded.iter().all(|byte| *byte == b'.') {
        return None;
    }
    String::from_utf8(decoded).ok()
}

/// Decodes what is well-formed, and leaves the rest as it stands.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, tail)) = rest.split_first() {
        let escape = match tail {
            [high, low, after @ ..] if *byte == b'%' => escaped(*high, *low).map(|byte| (byte, after)),
            _ => None,
        };
        let (byte, tail) = escape.unwrap_or((*byte, tail));
        decoded.push(byte);
        rest = tail;
    }
    decoded
}

fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
