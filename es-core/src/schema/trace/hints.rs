//! What is known about the data at a place: from the user's samples, and from what the type itself
//! has written.

use bson::Bson;

#[derive(Debug, Clone, Default)]
pub(super) struct Hints {
    /// Data that the type accepts, according to the user.
    pub(super) given: Vec<Bson>,
    /// The written form of the value of the last reading.
    pub(super) written: Option<Bson>,
}

impl Hints {
    /// The same for a part of the value.
    fn map(&self, part: impl Fn(&Bson) -> Option<Bson>) -> Self {
        Self { given: self.given.iter().filter_map(&part).collect(), written: self.written.as_ref().and_then(&part) }
    }

    pub(super) fn field(&self, name: &str) -> Self {
        self.map(|value| value.as_document()?.get(name).cloned())
    }

    /// Only those of documents in which a field has a value.
    pub(super) fn tagged(&self, tag: &str, name: &str) -> Self {
        self.map(|value| (value.as_document()?.get(tag)? == &Bson::String(name.to_owned())).then(|| value.clone()))
    }

    pub(super) fn element(&self, at: usize) -> Self {
        self.map(|value| value.as_array()?.get(at).cloned())
    }

    /// The names of all fields, as often as they occur.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.given.iter().chain(&self.written).filter_map(Bson::as_document).flat_map(bson::Document::keys)
    }

    /// The names of the fields of the provided data.
    pub(super) fn given_keys(&self) -> Self {
        let keys = self.given.iter().filter_map(Bson::as_document).flat_map(bson::Document::keys);
        Self { given: keys.cloned().map(Bson::String).collect(), written: None }
    }

    /// The name of the first provided variant: a text, or the only key of a document.
    pub(super) fn variant(&self) -> Option<&str> {
        self.given.iter().find_map(|value| match value {
            Bson::String(name) => Some(name.as_str()),
            Bson::Document(document) => document.keys().next().map(String::as_str),
            _ => None,
        })
    }

    /// The values that can be used unchanged.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Bson> {
        self.given.iter().filter(|value| !matches!(value, Bson::Null))
    }
}
