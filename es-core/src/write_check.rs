//! Whether what is written is read back first.

/// Whether an event is read back before it is stored, to find what serializes and does not deserialize.
///
/// serde writes many values that it does not read back as they were: a map whose key is a newtype, an `IpAddr` inside an enum with `tag`,
/// `Some(None)`. Once stored, such an event keeps its aggregate from loading. A check reads what was just written, compares the two, and
/// refuses the event with [`StoreError::NotReadBack`](crate::StoreError::NotReadBack), which names the field.
///
/// The default is [`Always`](Self::Always) in a build with debug assertions, so that every test finds it, and [`Never`](Self::Never)
/// otherwise. [`Repository::with_write_check`](crate::Repository::with_write_check) sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteCheck {
    /// Each event is read back. That costs less than a microsecond for an event of two fields, and about 10 for half a kilobyte.
    Always,
    /// No event is read back.
    Never,
}

impl Default for WriteCheck {
    fn default() -> Self {
        if cfg!(debug_assertions) { Self::Always } else { Self::Never }
    }
}
