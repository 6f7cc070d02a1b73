//! Names with `*`.

/// A name to compare with: exact, or with `*` for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

/// How closely a [`Glob`] fits a name. An exact name fits closer than any pattern, and a pattern with
/// more literal characters closer than one with fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// So many characters of the pattern are literal.
    Pattern(usize),
    /// The names are equal.
    Exact,
}

impl Glob {
    /// A name, or a pattern with `*`.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a name.
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// How closely `name` fits, if it does.
    pub fn fit(&self, name: &str) -> Option<Fit> {
        if self.is_exact() {
            return (self.0 == name).then_some(Fit::Exact);
        }
        matches(&self.0, name).then(|| Fit::Pattern(self.0.bytes().filter(|byte| *byte != b'*').count()))
    }

    /// Whether `name` fits.
    pub fn is_match(&self, name: &str) -> bool {
        self.fit(name).is_some()
    }
}

/// Each literal between two stars is taken where it first occurs: no backtracking.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.as_bytes().strip_prefix(head.as_bytes()) else {
        return false;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for literal in middle.split('*') {
        let Some(rest) = after(name, literal.as_bytes()) else {
            return false;
        };
        name = rest;
    }
    name.ends_with(tail.as_bytes())
}

/// What follows the first `literal`. Search by the standard library is 3 kB of a module, for names of some bytes.
fn after<'n>(name: &'n [u8], literal: &[u8]) -> Option<&'n [u8]> {
    (0..=name.len()).find_map(|at| name.get(at..)?.strip_prefix(literal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "gpt-4.1"),
            ("gpt-4.1*", "gpt-4.1"),
            ("gpt-4.1*", "gpt-4.1-mini"),
            ("*-mini", "gpt-4.1-mini"),
            ("gpt-*-mini", "gpt-4.1-mini"),
            ("g*4*1*i", "gpt-4.1-mini"),
            ("**a**", "xax"),
            ("a*a", "aa"),
        ] {
            assert!(Glob::new(pattern).is_match(name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "x"),
            ("gpt-4.1", "gpt-4.1-mini"),
            ("gpt-4.1-*", "gpt-4.1"),
            ("*-mini", "gpt-4.1-mini-2"),
            ("a*a", "a"),
            ("a*b*c", "acb"),
            ("*ab*ab*", "xaby"),
        ] {
            assert!(!Glob::new(pattern).is_match(name), "{pattern} {name}");
        }
    }

    #[test]
    fn the_closest_fit_is_the_greatest() {
        let fit = |pattern: &str| Glob::new(pattern).fit("gpt-4.1-mini");
        assert!(fit("gpt-4.1-mini") > fit("gpt-4.1-*"));
        assert!(fit("gpt-4.1-*") > fit("gpt-*"));
        assert!(fit("gpt-*") > fit("*"));
        assert!(fit("*") > fit("claude-*"));
    }
}
