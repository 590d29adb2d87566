//! The keys of the rows that an event concerns.

/// The keys of the rows that an event concerns: one, several or none.
///
/// ```
/// use es_core::projection::Keys;
///
/// let one: Keys<u64> = 7.into();
/// let several: Keys<u64> = vec![7, 8].into();
/// let perhaps: Keys<u64> = None.into();
/// assert_eq!((one.as_slice(), several.as_slice(), perhaps.as_slice()), (&[7][..], &[7, 8][..], &[][..]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys<K>(List<K>);

/// Nearly every event concerns one row, so a single key is not on the heap.
#[derive(Debug, Clone, PartialEq, Eq)]
enum List<K> {
    One([K; 1]),
    Many(Vec<K>),
}

impl<K> Keys<K> {
    /// No row.
    pub const fn none() -> Self {
        Self(List::Many(Vec::new()))
    }

    /// The keys.
    pub fn as_slice(&self) -> &[K] {
        match &self.0 {
            List::One(key) => key,
            List::Many(keys) => keys,
        }
    }
}

impl<K> From<K> for Keys<K> {
    fn from(key: K) -> Self {
        Self(List::One([key]))
    }
}

impl<K> From<Option<K>> for Keys<K> {
    fn from(key: Option<K>) -> Self {
        key.map_or(Self::none(), Self::from)
    }
}

impl<K> From<Vec<K>> for Keys<K> {
    fn from(keys: Vec<K>) -> Self {
        Self(List::Many(keys))
    }
}
