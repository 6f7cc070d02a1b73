//! Configuration structs from the tape, in place: what the document does not say stays as it was.
//!
//! `serde`'s derived code was a fifth of each module: it keeps every field apart until the last, and drops all of
//! them at every error. Here a struct is read over its own defaults, and a field costs a name and a pointer.

use crate::ConfigError;
use penstock_wire::{Kind, Value};

/// Reads itself from a value of a configuration. [`reads!`](crate::reads) writes it for structs and enums.
pub trait Read {
    /// Takes over what stands at `from`, or says where and why not.
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError>;
}

/// Writes [`Read`] for a struct, by the names of its fields, or for an enum, by its words.
///
/// ```
/// use penstock_filter_api::{read, reads};
///
/// #[derive(Clone, Copy, Debug, Default, PartialEq)]
/// enum Finish {
///     #[default]
///     Raw,
///     Painted,
/// }
/// reads!(enum Finish { "raw" => Raw, "painted" => Painted });
///
/// #[derive(Debug, Default, PartialEq)]
/// struct Shelf {
///     width: u16,
///     finish: Finish,
/// }
/// reads!(struct Shelf { width, finish } needs width);
///
/// assert_eq!(read(r#"{"width": 80, "finish": "painted"}"#), Ok(Shelf { width: 80, finish: Finish::Painted }));
/// let refused = read::<Shelf>(r#"{"width": 80, "finish": "wax"}"#).map_err(|error| error.to_string());
/// assert_eq!(refused, Err("finish: unknown variant `wax`, expected one of: raw, painted".to_owned()));
/// ```
#[macro_export]
macro_rules! reads {
    (enum $name:ident { $($word:literal => $variant:ident),* $(,)? }) => {
        impl $crate::Read for $name {
            fn read(&mut self, from: $crate::Value<'_>) -> Result<(), $crate::ConfigError> {
                const VARIANTS: &[$name] = &[$($name::$variant),*];
                let index = $crate::word(from, &[$($word),*])?;
                if let Some(variant) = VARIANTS.get(index) {
                    *self = *variant;
                }
                Ok(())
            }
        }
    };
    (struct $name:ident { $($field:ident),* $(,)? } $(needs $($needed:ident),+)?) => {
        impl $crate::Read for $name {
            fn read(&mut self, from: $crate::Value<'_>) -> Result<(), $crate::ConfigError> {
                $crate::members(
                    from,
                    &[$(stringify!($field)),*],
                    &[$($(stringify!($needed)),+)?],
                    &mut [$(&mut self.$field),*],
                )
            }
        }
    };
}

/// Such as `prices[2].input`; empty for the document.
pub(crate) fn path(of: Value<'_>) -> String {
    let mut steps = Vec::new();
    let mut next = Some(of);
    while let Some(value) = next {
        next = value.parent();
        if let Some(key) = if value.kind() == Kind::Key {
            Some(value)
        } else {
            value.key()
        } {
            steps.push(format!(".{}", key.text().unwrap_or_default()));
        } else if let Some(parent) = next {
            let index = parent.items().take_while(|item| item.id() < value.id()).count();
            steps.push(format!("[{index}]"));
        }
    }
    steps.reverse();
    let path = steps.concat();
    path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
}

/// Reads the members of an object, each at most once and those in `needed` at least once. `names` are those of `fields`.
pub fn members(
    from: Value<'_>,
    names: &'static [&'static str],
    needed: &[&'static str],
    fields: &mut [&mut dyn Read],
) -> Result<(), ConfigError> {
    if from.kind() != Kind::Object {
        return Err(wrong(from, "an object"));
    }
    let mut seen = Vec::new();
    for (key, value) in from.members() {
        let mut known = names.iter().zip(fields.iter_mut());
        let Some((name, field)) = known.find(|(name, _)| key.eq_text(name)) else {
            return Err(unknown(key, "field", names));
        };
        if seen.contains(name) {
            return Err(ConfigError::at(from, &["duplicate field `", name, "`"]));
        }
        seen.push(*name);
        field.read(value)?;
    }
    match needed.iter().find(|needed| !seen.contains(needed)) {
        Some(missing) => Err(ConfigError::at(from, &["missing field `", missing, "`"])),
        None => Ok(()),
    }
}

/// Which of `words` a string is.
pub fn word(from: Value<'_>, words: &[&'static str]) -> Result<usize, ConfigError> {
    if from.kind() != Kind::String {
        return Err(wrong(from, "a string"));
    }
    let index = words.iter().position(|word| from.eq_text(word));
    index.ok_or_else(|| unknown(from, "variant", words))
}

fn unknown(value: Value<'_>, what: &str, known: &[&'static str]) -> ConfigError {
    let text = value.text().unwrap_or_default();
    ConfigError::at(
        value,
        &[
            "unknown ",
            what,
            " `",
            &text,
            "`, expected one of: ",
            &known.join(", "),
        ],
    )
}

/// Says what is expected, and of what is there only the kind: it may be a secret.
pub fn wrong(from: Value<'_>, expected: &str) -> ConfigError {
    let found = match from.kind() {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Number => "a number",
        Kind::String | Kind::Key => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    };
    ConfigError::at(from, &["invalid type: ", found, ", expected ", expected])
}

impl Read for bool {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        *self = from.as_bool().ok_or_else(|| wrong(from, "a boolean"))?;
        Ok(())
    }
}

impl Read for String {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        match (from.kind(), from.text()) {
            (Kind::String, Some(text)) => *self = text.into_owned(),
            (_, _) => return Err(wrong(from, "a string")),
        }
        Ok(())
    }
}

fn integer(from: Value<'_>, max: u64) -> Result<u64, ConfigError> {
    match (from.as_u64(), from.as_i64()) {
        (Some(number), _) if number <= max => Ok(number),
        (None, None) => Err(wrong(from, "an integer")),
        (_, _) => {
            let max = max.to_string();
            Err(ConfigError::at(
                from,
                &["invalid value: expected an integer from 0 to ", &max],
            ))
        }
    }
}

macro_rules! integers {
    ($($type:ty),*) => {
        $(impl Read for $type {
            fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
                // The bound makes the cast exact.
                *self = integer(from, <$type>::MAX as u64)? as $type;
                Ok(())
            }
        })*
    };
}
integers!(u8, u16, u32, u64, usize);

impl<T: Read + Default> Read for Option<T> {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        *self = None;
        if from.is_null() {
            return Ok(());
        }
        self.insert(T::default()).read(from)
    }
}

impl<T: Read + Default> Read for Vec<T> {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        if from.kind() != Kind::Array {
            return Err(wrong(from, "an array"));
        }
        self.clear();
        for item in from.items() {
            let mut new = T::default();
            new.read(item)?;
            self.push(new);
        }
        Ok(())
    }
}

/// An object with names of the user's own, in the order of the document.
impl<T: Read + Default> Read for Vec<(String, T)> {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        if from.kind() != Kind::Object {
            return Err(wrong(from, "an object"));
        }
        self.clear();
        for (key, value) in from.members() {
            if self.iter().any(|(name, _)| key.eq_text(name)) {
                return Err(ConfigError::at(key, &["given twice"]));
            }
            let mut new = T::default();
            new.read(value)?;
            self.push((key.text().unwrap_or_default().into_owned(), new));
        }
        Ok(())
    }
}
