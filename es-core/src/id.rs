//! Typed ids: the user's own types that identify aggregates.

mod event_id;
mod integers;
pub(crate) mod private;
#[cfg(feature = "uuid")]
mod uuid;

use std::borrow::Cow;
use std::sync::Arc;

use crate::AggregateId;
use crate::error::{BoxError, ErrorChain, InvalidId, Panicked};

/// A type that identifies aggregates: a newtype, an integer, a UUID, or any type with a text form.
///
/// `#[derive(Id)]` implements it, and [`IdFor`] with it. An aggregate declares its id type by
/// `#[aggregate(id = InvoiceId)]`. Then every function that takes the id of the aggregate takes
/// that type or its text, and the id of a different aggregate does not compile:
///
/// ```
/// # use es_core::memory::MemoryStore;
/// # use es_core::{event, Aggregate, Apply, Context, Id, Repository};
/// #[derive(Id, Clone, Debug, PartialEq)]
/// pub struct InvoiceId(u64);
///
/// # #[event(version = 1)]
/// # pub struct Paid { pub cents: i64 }
/// #[derive(Aggregate, Debug, Default)]
/// #[aggregate(events(Paid), id = InvoiceId)]
/// pub struct Invoice { cents: i64 }
/// # impl Apply<Paid> for Invoice {
/// #     fn apply(&mut self, event: Paid, _: &Context) { self.cents += event.cents; }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let invoices = Repository::<Invoice>::new(&MemoryStore::new());
/// invoices.create(InvoiceId(7), Paid { cents: 5 }).await?;
/// assert_eq!(invoices.load("7").await?.typed_id(), InvoiceId(7));
/// assert!(invoices.load("seven").await.unwrap_err().is_invalid_input());
/// # Ok(())
/// # }
/// ```
///
/// [`Init`](crate::Init) and [`Apply`](crate::Apply) get it by
/// [`context.id::<Self>()`](crate::Context::id).
///
/// # What is stored
///
/// The *canonical text* of the id: what [`to_text`](Self::to_text) writes. A text that a caller
/// passes is read and written again, so `"007"` and `"7"` are the same `u64`, and a UUID may have
/// upper-case digits. An id whose text cannot be read back as the same text is refused, because its
/// aggregate could not be loaded.
///
/// # An aggregate that had ids of text
///
/// An aggregate may declare an id type later. Its stored aggregates stay readable if their ids are
/// canonical texts of the type. Others are refused with [`InvalidId`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an id",
    label = "not an id",
    note = "write `#[derive(es_core::Id)]` on `{Self}`, or wrap it in a type that has this derive"
)]
pub trait Id: Sized + Send + Sync + 'static {
    /// The name of the type in errors.
    const NAME: &'static str;

    /// The text of the id, which is stored.
    fn to_text(&self) -> String;

    /// Reads the id from its text.
    ///
    /// # Errors
    ///
    /// The reason if the text is not such an id.
    fn from_text(text: &str) -> Result<Self, BoxError>;

    /// The id as it is stored.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if the text is not a valid id, or if it cannot be read back.
    fn to_aggregate_id(&self) -> Result<AggregateId, InvalidId> {
        let id = AggregateId::new(self.to_text())?;
        Self::from_aggregate_id(&id)?;
        Ok(id)
    }

    /// Reads a stored id.
    ///
    /// # Errors
    ///
    /// [`InvalidId::Malformed`] if its text is not such an id, and [`InvalidId::NotCanonical`] if
    /// it is not the canonical text of one.
    fn from_aggregate_id(id: &AggregateId) -> Result<Self, InvalidId> {
        let typed = read::<Self>(id.as_str())?;
        let canonical = typed.to_text();
        if canonical == id.as_str() {
            return Ok(typed);
        }
        Err(InvalidId::NotCanonical { id: id.to_string(), id_type: Self::NAME, canonical })
    }

    /// Reads a text that a caller passed, as it is stored.
    ///
    /// # Errors
    ///
    /// [`InvalidId::Malformed`] if the text is not such an id, and as
    /// [`to_aggregate_id`](Self::to_aggregate_id).
    fn canonical(text: &str) -> Result<AggregateId, InvalidId> {
        read::<Self>(text)?.to_aggregate_id()
    }
}

fn read<I: Id>(text: &str) -> Result<I, InvalidId> {
    let malformed = |reason: String| InvalidId::Malformed { id: text.to_owned(), id_type: I::NAME, reason };
    match Panicked::catch(|| I::from_text(text)) {
        Ok(Ok(id)) => Ok(id),
        Ok(Err(error)) => Err(malformed(ErrorChain::new(&*error).to_string())),
        Err(panicked) => Err(malformed(panicked.to_string())),
    }
}

/// What identifies an aggregate whose id type is `D`: a `D`, or its text.
///
/// Text is a `str`, `String`, `Cow<str>`, `Box<str>`, `Arc<str>` or [`AggregateId`]. If the
/// aggregate declares no id type, `D` is [`AggregateId`], and every type with `#[derive(Id)]`,
/// every integer and every text identifies it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an id of an aggregate that is identified by `{D}`",
    label = "expected `{D}` or its text",
    note = "pass an id of the type `{D}`, or its text as a `&str` or `String`; `AggregateId` is any text and any type with `#[derive(es_core::Id)]`"
)]
pub trait IdFor<D> {
    /// The id as it is stored.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if the id, or the text of one, is invalid.
    // The bound is here and not on the trait, because otherwise a `D` that is not an `Id` would be
    // an error at each call in addition to the one at the declaration.
    fn to_stored(&self) -> Result<AggregateId, InvalidId>
    where
        D: Id;
}

#[diagnostic::do_not_recommend]
impl<D, T: IdFor<D> + ?Sized> IdFor<D> for &T {
    fn to_stored(&self) -> Result<AggregateId, InvalidId>
    where
        D: Id,
    {
        T::to_stored(self)
    }
}

macro_rules! text {
    ($($text:ty),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<D> IdFor<D> for $text {
                fn to_stored(&self) -> Result<AggregateId, InvalidId>
                where
                    D: Id,
                {
                    D::canonical(self.as_ref())
                }
            }
        )*
    };
}

text!(str, String, Cow<'_, str>, Box<str>, Arc<str>, AggregateId);

/// Every text is canonical.
#[diagnostic::do_not_recommend]
impl Id for AggregateId {
    const NAME: &'static str = "AggregateId";

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, BoxError> {
        Ok(Self::new(text)?)
    }

    fn to_aggregate_id(&self) -> Result<AggregateId, InvalidId> {
        Ok(self.clone())
    }

    fn from_aggregate_id(id: &AggregateId) -> Result<Self, InvalidId> {
        Ok(id.clone())
    }

    fn canonical(text: &str) -> Result<AggregateId, InvalidId> {
        Self::new(text)
    }
}

/// Every text is canonical.
#[diagnostic::do_not_recommend]
impl Id for String {
    const NAME: &'static str = "String";

    fn to_text(&self) -> String {
        self.clone()
    }

    fn from_text(text: &str) -> Result<Self, BoxError> {
        Ok(text.to_owned())
    }

    fn canonical(text: &str) -> Result<AggregateId, InvalidId> {
        AggregateId::new(text)
    }
}

impl AggregateId {
    /// The id as a type of the user.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if its text is not the canonical text of such an id.
    ///
    /// ```
    /// # use es_core::AggregateId;
    /// assert_eq!(AggregateId::new("7")?.parse::<u64>()?, 7);
    /// assert!(AggregateId::new("seven")?.parse::<u64>().is_err());
    /// # Ok::<(), es_core::error::InvalidId>(())
    /// ```
    pub fn parse<I: Id>(&self) -> Result<I, InvalidId> {
        I::from_aggregate_id(self)
    }
}
