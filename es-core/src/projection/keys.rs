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
///
/// An event that does not have the key in its data is [`routed`](Self::routed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys<K>(List<K>);

/// Nearly every event concerns one row, so a single key is not on the heap.
#[derive(Debug, Clone, PartialEq, Eq)]
enum List<K> {
    One([K; 1]),
    Many(Vec<K>),
    Routed,
}

impl<K> Keys<K> {
    /// No row.
    pub const fn none() -> Self {
        Self(List::Many(Vec::new()))
    }

    /// The rows of the last event before this one, of the same aggregate, that names any.
    ///
    /// A payment need not repeat the customer of its invoice:
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # use es_core::{event, Aggregate, Apply, Context, Init};
    /// use es_core::projection::{Keyed, Keys, Projection};
    /// use es_core::testing::given;
    ///
    /// #[event(version = 1)]
    /// pub struct InvoiceCreated { pub customer: String, pub cents: i64 }
    /// #[event(version = 1)]
    /// pub struct InvoicePaid { pub cents: i64 }
    /// # #[derive(Aggregate)]
    /// # #[aggregate(init(InvoiceCreated), events(InvoicePaid))]
    /// # pub struct Invoice {}
    /// # impl Init<InvoiceCreated> for Invoice { fn init(_: InvoiceCreated, _: &Context) -> Self { Self {} } }
    /// # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
    ///
    /// /// What each customer owes.
    /// #[derive(Projection, Default)]
    /// #[projection(version = 1, key = String, events(Invoice(InvoiceCreated, InvoicePaid)))]
    /// pub struct CustomerBalance { open: i64 }
    ///
    /// impl Keyed<InvoiceCreated> for CustomerBalance {
    ///     fn key(event: &InvoiceCreated, _: &Context) -> Keys<String> { event.customer.clone().into() }
    /// }
    /// # impl Apply<InvoiceCreated> for CustomerBalance {
    /// #     fn apply(&mut self, event: InvoiceCreated, _: &Context) { self.open += event.cents; }
    /// # }
    ///
    /// impl Keyed<InvoicePaid> for CustomerBalance {
    ///     fn key(_: &InvoicePaid, _: &Context) -> Keys<String> { Keys::routed() }
    /// }
    /// # impl Apply<InvoicePaid> for CustomerBalance {
    /// #     fn apply(&mut self, event: InvoicePaid, _: &Context) { self.open -= event.cents; }
    /// # }
    ///
    /// let rows = given::<Invoice>((InvoiceCreated { customer: "ann".into(), cents: 500 }, InvoicePaid { cents: 200 }))
    ///     .rows::<CustomerBalance>();
    /// assert_eq!(rows.get("ann").map(|row| row.open), Some(300));
    /// # }
    /// ```
    ///
    /// Only events that the projection lists are taken into account, and not those that name no row or
    /// are routed too. If there is no such event, the event cannot be folded.
    ///
    /// The rows are found in the log, and nothing is stored for them. A process remembers those of the
    /// newest aggregates. It reads the stream of any other aggregate once.
    pub const fn routed() -> Self {
        Self(List::Routed)
    }

    /// The keys that the event names. None if it is [`routed`](Self::routed).
    pub fn as_slice(&self) -> &[K] {
        match &self.0 {
            List::One(key) => key,
            List::Many(keys) => keys,
            List::Routed => &[],
        }
    }

    pub(super) const fn is_routed(&self) -> bool {
        matches!(self.0, List::Routed)
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
