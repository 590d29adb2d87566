//! What a value passes to serde, as a tree.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A value without parts: its kind, and its text.
    Leaf(&'static str, String),
    Bytes(Box<[u8]>),
    Unit,
    None,
    Some(Box<Self>),
    Newtype(Box<Self>),
    List(Vec<Self>),
    /// The fields of a struct or the entries of a map, in order.
    Document(Vec<(Self, Self)>),
    Variant(&'static str, Box<Self>),
    /// A type that BSON has and serde does not, such as a date.
    Bson(Box<Self>),
}

/// A part of a value that BSON cannot hold, or holds as something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    NewtypeKey,
    KeyIsNoText,
    KeyWithNul,
    DollarKey,
    TwiceWritten,
    SomeNone,
    TooLarge,
}

impl Trouble {
    /// BSON does not write it.
    pub(super) fn is_refused(self) -> bool {
        matches!(self, Self::KeyIsNoText | Self::KeyWithNul | Self::TooLarge)
    }

    /// The value is wrong whether or not it is read back.
    #[cfg(feature = "testing")]
    pub(super) fn is_wrong_always(self) -> bool {
        matches!(self, Self::DollarKey | Self::TwiceWritten)
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Self::NewtypeKey => "the key of a map is a newtype, which BSON can write but not read",
            Self::KeyIsNoText => "the key of a map is not text",
            Self::KeyWithNul => "the key of a map contains NUL",
            Self::DollarKey => "a key begins with `$`, so readers take it for a type and queries for an operator",
            Self::TwiceWritten => "a field is written twice, so a reader sees only one of them or refuses both",
            Self::SomeNone => "`Some(None)` is stored as null, which is read as `None`",
            Self::TooLarge => "the number is larger than the integers of BSON, which have 64 bits and a sign",
        }
    }

    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::NewtypeKey => "write `#[serde(transparent)]` on the type of the key",
            Self::KeyIsNoText => {
                "store a list of pairs, or make the key text with `#[serde(into = \"String\", try_from = \"String\")]`"
            }
            Self::KeyWithNul => "store a list of pairs, in which text may contain NUL",
            Self::DollarKey => "give the key a different first character, or store a list of pairs",
            Self::TwiceWritten => {
                "give one of the fields a different name with `#[serde(rename = \"..\")]`, and check the fields that `flatten` adds"
            }
            Self::SomeNone => "describe the three cases with an enum",
            Self::TooLarge => "store it as text or as a `Decimal128`",
        }
    }
}

/// The first place where two values differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) path: String,
    pub(super) before: String,
    pub(super) after: String,
}

impl Value {
    /// Every part that BSON cannot hold, with its path.
    pub(super) fn troubles(&self) -> Vec<(String, Trouble)> {
        let mut troubles = Vec::new();
        self.collect(String::new(), &mut troubles);
        troubles
    }

    fn collect(&self, path: String, troubles: &mut Vec<(String, Trouble)>) {
        match self {
            Self::Leaf("u64", text) if text.parse::<u64>().is_ok_and(|number| i64::try_from(number).is_err()) => {
                troubles.push((path, Trouble::TooLarge));
            }
            Self::Leaf("i128" | "u128", _) => troubles.push((path, Trouble::TooLarge)),
            Self::Leaf(..) | Self::Bytes(_) | Self::Unit | Self::None | Self::Bson(_) => {}
            Self::Some(inner) if matches!(inner.plain(), Self::None | Self::Unit) => {
                troubles.push((path, Trouble::SomeNone));
            }
            Self::Some(inner) | Self::Newtype(inner) => inner.collect(path, troubles),
            Self::Variant(name, inner) => inner.collect(format!("{path}<{name}>"), troubles),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    item.collect(format!("{path}[{at}]"), troubles);
                }
            }
            Self::Document(fields) => {
                let mut seen = BTreeSet::new();
                for (key, value) in fields {
                    let here = key_path(&path, key);
                    if let Some(trouble) = key.trouble_as_key() {
                        troubles.push((here.clone(), trouble));
                    }
                    if !seen.insert(key.as_key()) {
                        troubles.push((here.clone(), Trouble::TwiceWritten));
                    }
                    value.collect(here, troubles);
                }
            }
        }
    }

    fn trouble_as_key(&self) -> Option<Trouble> {
        match self {
            Self::Leaf("string" | "field", text) if text.starts_with('$') => Some(Trouble::DollarKey),
            Self::Leaf("string" | "field", text) if text.contains('\0') => Some(Trouble::KeyWithNul),
            Self::Leaf("string" | "field", _) => None,
            Self::Variant(_, inner) if **inner == Self::Unit => None,
            Self::Newtype(inner) => inner.trouble_as_key().or(Some(Trouble::NewtypeKey)),
            _ => Some(Trouble::KeyIsNoText),
        }
    }

    /// The value without the wrappers that are not stored.
    fn plain(&self) -> &Self {
        match self {
            Self::Newtype(inner) => inner.plain(),
            other => other,
        }
    }

    fn as_key(&self) -> Cow<'_, str> {
        match self.plain() {
            Self::Leaf(_, text) => text.into(),
            Self::Variant(name, _) => (*name).into(),
            other => format!("{other:?}").into(),
        }
    }

    /// The first place where two values differ. The order of fields and entries is ignored, and so
    /// is the order of lists with the same elements, because sets have none.
    pub(super) fn first_difference(&self, other: &Self, path: &str) -> Option<Difference> {
        match (self, other) {
            (Self::Some(left), Self::Some(right))
            | (Self::Newtype(left), Self::Newtype(right))
            | (Self::Bson(left), Self::Bson(right)) => left.first_difference(right, path),
            (Self::Variant(name, left), Self::Variant(other, right)) if name == other => {
                left.first_difference(right, &format!("{path}<{name}>"))
            }
            (Self::List(left), Self::List(right)) if left.len() == right.len() => {
                let mut pairs = left.iter().zip(right).enumerate();
                let difference =
                    pairs.find_map(|(at, (left, right))| left.first_difference(right, &format!("{path}[{at}]")));
                difference.filter(|_| sorted(left) != sorted(right))
            }
            (Self::Document(left), Self::Document(right)) => first_field_that_differs(left, right, path),
            (left, right) if left == right => None,
            (left, right) => {
                Some(Difference { path: path.to_owned(), before: left.to_string(), after: right.to_string() })
            }
        }
    }

    /// The value with everything sorted, for comparisons that ignore order.
    fn canonical(&self) -> String {
        match self {
            Self::Document(fields) => {
                let mut fields: Vec<_> =
                    fields.iter().map(|(key, value)| format!("{}:{}", key.as_key(), value.canonical())).collect();
                fields.sort();
                format!("{fields:?}")
            }
            Self::List(items) => format!("{:?}", sorted(items)),
            Self::Some(inner) => format!("some {}", inner.canonical()),
            Self::Newtype(inner) | Self::Bson(inner) => inner.canonical(),
            Self::Variant(name, inner) => format!("{name} {}", inner.canonical()),
            other => format!("{other:?}"),
        }
    }
}

fn sorted(items: &[Value]) -> Vec<String> {
    let mut items: Vec<_> = items.iter().map(Value::canonical).collect();
    items.sort();
    items
}

fn first_field_that_differs(left: &[(Value, Value)], right: &[(Value, Value)], path: &str) -> Option<Difference> {
    // If a field is written twice, the first value counts.
    let others: BTreeMap<_, _> = right.iter().rev().map(|(key, value)| (key.as_key(), value)).collect();
    let absent = |path, before: Option<&Value>, after: Option<&Value>| {
        let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        Some(Difference { path, before: shown(before), after: shown(after) })
    };
    for (key, value) in left {
        match others.get(&key.as_key()) {
            Some(other) if value == *other => {}
            Some(other) => {
                if let Some(difference) = value.first_difference(other, &key_path(path, key)) {
                    return Some(difference);
                }
            }
            None => return absent(key_path(path, key), Some(value), None),
        }
    }
    let known: BTreeSet<_> = left.iter().map(|(key, _)| key.as_key()).collect();
    let extra = right.iter().find(|(key, _)| !known.contains(&key.as_key()));
    extra.and_then(|(key, value)| absent(key_path(path, key), None, Some(value)))
}

fn key_path(path: &str, key: &Value) -> String {
    match key {
        Value::Leaf("field", name) if path.is_empty() => name.clone(),
        Value::Leaf("field", name) => format!("{path}.{name}"),
        key if path.is_empty() => key.as_key().escape_debug().to_string(),
        key => format!("{path}{{{}}}", key.as_key().escape_debug()),
    }
}

/// The form for messages, shortened if it is long.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf("string" | "field", text) => write!(f, "{text:?}"),
            Self::Leaf(kind, text) => write!(f, "{text} ({kind})"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Unit => f.write_str("()"),
            Self::None => f.write_str("None"),
            Self::Some(inner) => write!(f, "Some({inner})"),
            Self::Newtype(inner) | Self::Bson(inner) => inner.fmt(f),
            Self::Variant(name, inner) if **inner == Self::Unit => f.write_str(name),
            Self::Variant(name, inner) => write!(f, "{name}({inner})"),
            Self::List(items) => write!(f, "a list of {}", items.len()),
            Self::Document(fields) => write!(f, "a document of {} fields", fields.len()),
        }
    }
}
