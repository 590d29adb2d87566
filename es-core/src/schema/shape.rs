//! The shape that a type stores: the names and kinds of its values, but not the names of its Rust
//! types.

use std::collections::BTreeMap;

use super::tree::Node;

/// The stored shape of a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Shape {
    /// Nothing is known yet, for example about the elements of an empty list.
    #[default]
    Unknown,
    /// A value without parts, by its kind: `string`, `i64`, `date`.
    Leaf(&'static str),
    Option(Box<Self>),
    List(Box<Self>),
    /// Keys and values.
    Map(Box<Self>, Box<Self>),
    Tuple(Vec<Self>),
    Document(Vec<Field>),
    /// The variants by their place in the declaration.
    Enum(Tagging, BTreeMap<usize, (String, Self)>),
    /// The type that many levels further up.
    Recursive(usize),
}

/// One field of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) shape: Shape,
    /// Data without the field can be read.
    pub(super) optional: bool,
}

/// Where the name of a variant is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tagging {
    /// `"open"`, `{ paid: .. }`
    External,
    /// `{ kind: "paid", data: .. }`
    Adjacent { tag: String, content: String },
    /// `{ kind: "paid", .. }`
    Internal { tag: String },
}

impl Shape {
    /// Combines the results of two readings of the same type.
    pub(super) fn merge(&mut self, seen: Self) {
        match (self, seen) {
            (_, Self::Unknown | Self::Recursive(_)) => {}
            (this @ (Self::Unknown | Self::Recursive(_)), seen) => *this = seen,
            (Self::Option(this), Self::Option(seen)) | (Self::List(this), Self::List(seen)) => this.merge(*seen),
            (Self::Map(key, value), Self::Map(seen_key, seen_value)) => {
                key.merge(*seen_key);
                value.merge(*seen_value);
            }
            (Self::Tuple(this), Self::Tuple(seen)) => {
                for (this, seen) in this.iter_mut().zip(seen) {
                    this.merge(seen);
                }
            }
            (Self::Document(this), Self::Document(seen)) => {
                for field in seen {
                    match this.iter_mut().find(|known| known.name == field.name) {
                        Some(known) => known.shape.merge(field.shape),
                        None => this.push(field),
                    }
                }
            }
            (Self::Enum(_, this), Self::Enum(_, seen)) => {
                for (at, (name, shape)) in seen {
                    this.entry(at).or_insert_with(|| (name, Self::Unknown)).1.merge(shape);
                }
            }
            _ => {}
        }
    }

    /// Whether the value is only a name, or is not stored at all.
    pub(super) fn is_unit(&self) -> bool {
        match self {
            Self::Unknown | Self::Leaf("null") => true,
            Self::Document(fields) => fields.is_empty(),
            _ => false,
        }
    }

    /// The shape as a line and the lines below it.
    pub(super) fn to_node(&self, label: &str) -> Node {
        let (kind, children) = self.describe();
        Node { line: format!("{label}: {kind}"), children }
    }

    /// The fields of a document, or the shape itself if it is not a document.
    pub(super) fn to_nodes(&self) -> Vec<Node> {
        match self {
            Self::Document(fields) => fields.iter().map(Field::to_node).collect(),
            other => vec![other.to_node("document")],
        }
    }

    fn describe(&self) -> (String, Vec<Node>) {
        match self {
            Self::Unknown => ("unknown".to_owned(), Vec::new()),
            Self::Leaf(kind) => ((*kind).to_owned(), Vec::new()),
            Self::Option(inner) => {
                let (kind, children) = inner.describe();
                (format!("{kind} | null"), children)
            }
            Self::List(inner) => {
                let (kind, children) = inner.describe();
                (format!("list of {kind}"), children)
            }
            Self::Map(key, value) => {
                let (kind, mut children) = value.describe();
                match &**key {
                    Self::Leaf("string") | Self::Unknown => (format!("map of {kind}"), children),
                    key => {
                        children.insert(0, key.to_node("(key)"));
                        (format!("map of {kind}"), children)
                    }
                }
            }
            Self::Tuple(items) => {
                let children = items.iter().enumerate().map(|(at, item)| item.to_node(&at.to_string())).collect();
                ("tuple".to_owned(), children)
            }
            Self::Document(fields) => ("document".to_owned(), fields.iter().map(Field::to_node).collect()),
            Self::Enum(tagging, variants) => {
                let variant = |(name, shape): &(String, Self)| match shape {
                    shape if shape.is_unit() => Node { line: name.clone(), children: Vec::new() },
                    shape => shape.to_node(name),
                };
                let kind = match tagging {
                    Tagging::External => "one of".to_owned(),
                    Tagging::Adjacent { tag, content } => format!("one of, named in {tag}, with {content}"),
                    Tagging::Internal { tag } => format!("one of, named in {tag}"),
                };
                (kind, variants.values().map(variant).collect())
            }
            Self::Recursive(1) => ("the type around it".to_owned(), Vec::new()),
            Self::Recursive(up) => (format!("the type {up} around it"), Vec::new()),
        }
    }
}

impl Field {
    fn to_node(&self) -> Node {
        let mark = if self.optional { "?" } else { "" };
        self.shape.to_node(&format!("{}{mark}", self.name))
    }
}
