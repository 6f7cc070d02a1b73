//! Configuration structs from the tape: a serde deserializer that knows where it is.
//!
//! It stands in for `serde_json` in the modules: it is small, its errors name the node they came from, and it
//! hands a number that is no integer to `deserialize_any` as it is written, so that a decimal stays exact.

use crate::ConfigError;
use penstock_wire::{Kind, NodeId, Value};
use serde::de::{self, DeserializeSeed, Expected, Unexpected, Visitor};
use std::fmt::{self, Display};

/// Reads `root` as a `T`.
pub(crate) fn read<T: de::DeserializeOwned>(root: Value<'_>) -> Result<T, ConfigError> {
    T::deserialize(Node(root)).map_err(|fault| {
        let at = fault.at.map_or(root, |id| root.json().value(id));
        ConfigError::new(path(at), fault.message)
    })
}

/// What is wrong, and with which node.
#[derive(Debug)]
struct Fault {
    at: Option<NodeId>,
    message: String,
}

impl Fault {
    /// The innermost node that is known to be wrong holds.
    fn or_at(mut self, value: Value<'_>) -> Self {
        self.at.get_or_insert(value.id());
        self
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string();
        Self { at: None, message }
    }

    /// Names the kind only: a string may be a secret.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("invalid type: {}, expected {expected}", noun(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!(
            "invalid value: {}, expected {expected}",
            noun(found)
        ))
    }
}

fn noun(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        Unexpected::NewtypeStruct
        | Unexpected::Enum
        | Unexpected::UnitVariant
        | Unexpected::NewtypeVariant
        | Unexpected::TupleVariant
        | Unexpected::StructVariant
        | Unexpected::Other(_) => "something else",
    }
}

/// Such as `prices[2].input`; empty for the document.
fn path(of: Value<'_>) -> String {
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

/// A value or key to be read.
#[derive(Clone, Copy)]
struct Node<'v>(Value<'v>);

impl Node<'_> {
    fn wrong(self, expected: &dyn Expected) -> Fault {
        let found = match self.0.kind() {
            Kind::Null => Unexpected::Unit,
            Kind::Bool => Unexpected::Bool(false),
            Kind::Number => Unexpected::Float(0.0),
            Kind::String | Kind::Key => Unexpected::Str(""),
            Kind::Array => Unexpected::Seq,
            Kind::Object => Unexpected::Map,
        };
        <Fault as de::Error>::invalid_type(found, expected).or_at(self.0)
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.text() {
            Some(text) => visitor
                .visit_str(&text)
                .map_err(|fault: Fault| fault.or_at(self.0)),
            None => Err(self.wrong(&visitor)),
        }
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let read = match (self.0.as_u64(), self.0.as_i64()) {
            (Some(number), _) => visitor.visit_u64(number),
            (None, Some(number)) => visitor.visit_i64(number),
            (None, None) => return Err(self.wrong(&visitor)),
        };
        read.map_err(|fault: Fault| fault.or_at(self.0))
    }

    fn float<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.number_raw().parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            Ok(_) | Err(_) => Err(self.wrong(&visitor)),
        }
    }

    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.kind() != Kind::Array {
            return Err(self.wrong(&visitor));
        }
        let read = visitor.visit_seq(Items(self.0.items()));
        read.map_err(|fault: Fault| fault.or_at(self.0))
    }

    fn object<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.kind() != Kind::Object {
            return Err(self.wrong(&visitor));
        }
        let members = Members {
            rest: self.0.members(),
            value: self.0,
        };
        let read = visitor.visit_map(members);
        read.map_err(|fault: Fault| fault.or_at(self.0))
    }
}

macro_rules! reads {
    ($($method:ident => $as:ident,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.$as(visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Node<'_> {
    type Error = Fault;

    reads! {
        deserialize_u8 => integer,
        deserialize_u16 => integer,
        deserialize_u32 => integer,
        deserialize_u64 => integer,
        deserialize_i8 => integer,
        deserialize_i16 => integer,
        deserialize_i32 => integer,
        deserialize_i64 => integer,
        deserialize_f32 => float,
        deserialize_f64 => float,
        deserialize_char => text,
        deserialize_str => text,
        deserialize_string => text,
        deserialize_identifier => text,
        deserialize_seq => list,
        deserialize_map => object,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.kind() {
            Kind::Null => self.deserialize_unit(visitor),
            Kind::Bool => self.deserialize_bool(visitor),
            Kind::Number if self.0.as_i64().is_some() || self.0.as_u64().is_some() => self.integer(visitor),
            Kind::Number => {
                let read = visitor.visit_str(self.0.number_raw());
                read.map_err(|fault: Fault| fault.or_at(self.0))
            }
            Kind::String | Kind::Key => self.text(visitor),
            Kind::Array => self.list(visitor),
            Kind::Object => self.object(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.as_bool() {
            Some(truth) => visitor.visit_bool(truth),
            None => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() {
            visitor.visit_unit()
        } else {
            Err(self.wrong(&visitor))
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.object(visitor)
    }

    /// A variant without content is a string; with content, an object of that one member.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut members = self.0.members();
        let access = match (members.next(), members.next()) {
            (Some((name, content)), None) => Variant {
                name,
                content: Some(content),
            },
            _ if self.0.kind() == Kind::String => Variant {
                name: self.0,
                content: None,
            },
            _ => return Err(self.wrong(&visitor)),
        };
        visitor
            .visit_enum(access)
            .map_err(|fault: Fault| fault.or_at(self.0))
    }

    serde::forward_to_deserialize_any! { i128 u128 bytes byte_buf unit_struct tuple tuple_struct }
}

struct Items<'v, I: Iterator<Item = Value<'v>>>(I);

impl<'de, 'v, I: Iterator<Item = Value<'v>>> de::SeqAccess<'de> for Items<'v, I> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let item = self.0.next();
        item.map(|item| seed.deserialize(Node(item)).map_err(|fault| fault.or_at(item)))
            .transpose()
    }
}

struct Members<'v, I: Iterator<Item = (Value<'v>, Value<'v>)>> {
    rest: I,
    value: Value<'v>,
}

impl<'de, 'v, I: Iterator<Item = (Value<'v>, Value<'v>)>> de::MapAccess<'de> for Members<'v, I> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = value;
        seed.deserialize(Node(key))
            .map(Some)
            .map_err(|fault| fault.or_at(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(Node(self.value))
            .map_err(|fault| fault.or_at(self.value))
    }
}

struct Variant<'v> {
    name: Value<'v>,
    content: Option<Value<'v>>,
}

impl<'de, 'v> de::EnumAccess<'de> for Variant<'v> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Fault> {
        let variant = seed
            .deserialize(Node(self.name))
            .map_err(|fault| fault.or_at(self.name))?;
        Ok((variant, self))
    }
}

impl Variant<'_> {
    fn content(&self) -> Result<Node<'_>, Fault> {
        let missing = || <Fault as de::Error>::custom("this variant has content").or_at(self.name);
        self.content.map(Node).ok_or_else(missing)
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            Some(content) if !content.is_null() => {
                Err(<Fault as de::Error>::custom("this variant has no content").or_at(content))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.content()?.list(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.content()?.object(visitor)
    }
}
