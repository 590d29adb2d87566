//! Whether written events are read back before they are stored.

/// Whether an event is read back before it is stored, to find data that serializes but does not
/// deserialize.
///
/// serde writes many values that it cannot read back unchanged: a map whose key is a newtype, an
/// `IpAddr` inside an enum with `tag`, `Some(None)`. If such an event is stored, its aggregate no
/// longer loads. A check reads the written event, compares the two, and refuses the event with
/// [`StoreError::NotReadBack`](crate::StoreError::NotReadBack), which names the field.
///
/// The default is [`Always`](Self::Always) in a build with debug assertions, so that tests find
/// such events, and [`Never`](Self::Never) otherwise.
/// [`Repository::with_write_check`](crate::Repository::with_write_check) sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteCheck {
    /// Each event is read back. That costs less than a microsecond for an event with two fields,
    /// and about 10 µs for half a kilobyte.
    Always,
    /// No event is read back.
    Never,
}

impl Default for WriteCheck {
    fn default() -> Self {
        if cfg!(debug_assertions) { Self::Always } else { Self::Never }
    }
}
