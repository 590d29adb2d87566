//! Checks of the types of fields, with better error messages than those of the compiler and of
//! serde, which they precede.

use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that a field of an event may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of an event, because it cannot be sent between threads",
    label = "not `Send`",
    note = "use a type that is `Send`: `Arc` instead of `Rc`, and `dyn Trait + Send` instead of `dyn Trait`"
)]
pub trait InEvent: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> InEvent for T {}

/// A type that a field of a state may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a state, because threads cannot share it",
    label = "not `Send` and `Sync`",
    note = "use a type that is `Send` and `Sync`: `Arc` instead of `Rc`, a plain value, an atomic or a `Mutex` instead of `Cell` and `RefCell`, and `dyn Trait + Send + Sync` instead of `dyn Trait`"
)]
pub trait InState: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> InState for T {}

/// Requires that a field may be in an event.
#[derive(Debug)]
pub struct EventField<T: InEvent>(PhantomData<T>);

/// Requires that a field may be in a state.
#[derive(Debug)]
pub struct StateField<T: InState>(PhantomData<T>);

/// A type that a field may have. It is serde's two traits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored",
    label = "serde cannot both write and read `{Self}`",
    note = "write `#[derive(serde::Serialize, serde::Deserialize)]` on `{Self}`, or on the type inside it that lacks it, if the type is yours; give the field `#[serde(with = \"..\")]`, or leave it out of what is stored with `#[serde(skip)]`"
)]
pub trait Storable {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Storable for T {}

/// A generic event that can be stored. Its parameters decide whether it can.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored",
    label = "serde cannot both write and read `{Self}`",
    note = "write `#[derive(serde::Serialize, serde::Deserialize)]` on the arguments of `{Self}`"
)]
pub trait StoredWhole: Serialize + DeserializeOwned + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + 'static> StoredWhole for T {}

/// An array that serde can store if it can store the elements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored, because it has more than 32 elements",
    label = "serde stores arrays of up to 32 elements",
    note = "use a `Vec`, or give the field `#[serde(with = \"..\")]`, such as `BigArray` of the crate `serde-big-array`"
)]
pub trait ShortArray {}

#[diagnostic::do_not_recommend]
impl<T, const N: usize> ShortArray for [T; N] where [u8; N]: Serialize + DeserializeOwned {}

/// Finds the part of a field that cannot be stored.
///
/// `inside` is an inherent method for the collections of the standard library, and leads to their
/// elements. For every other type it is the method of [`Whole`], and leads nowhere. So the error
/// names `Money` for a `Vec<Option<Money>>`, and the macro need not know what `Vec` is.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> Probe<T> {
    /// The probe of a type.
    pub const NEW: Self = Self(PhantomData);
}

macro_rules! inside {
    ($([$($generics:tt)*] $collection:ty => $element:ty;)+) => {$(
        impl<$($generics)*> Probe<$collection> {
            /// The elements.
            pub fn inside(self) -> Probe<$element> {
                Probe::NEW
            }
        }
    )+};
}

inside! {
    [T] Option<T> => T;
    [T] Box<T> => T;
    [T] Vec<T> => T;
    [T] VecDeque<T> => T;
    [T: Ord] BTreeSet<T> => T;
    [T: Eq + Hash, S: BuildHasher + Default] HashSet<T, S> => T;
    [K: Storable + Ord, V] BTreeMap<K, V> => V;
    [K: Storable + Eq + Hash, V, S: BuildHasher + Default] HashMap<K, V, S> => V;
}

impl<T, const N: usize> Probe<[T; N]> {
    /// The elements.
    pub fn inside(self) -> Probe<T>
    where
        [T; N]: ShortArray,
    {
        Probe::NEW
    }
}

/// Types that are stored as a whole.
pub trait Whole: Sized {
    /// The same type.
    fn inside(self) -> Self {
        self
    }
}

impl<T: ?Sized> Whole for Probe<T> {}

impl<T: Send> Probe<T> {
    /// The type, if it may be in an event.
    pub fn in_event(self) -> Self {
        self
    }
}

impl<T: Send + Sync> Probe<T> {
    /// The type, if it may be in a state.
    pub fn in_state(self) -> Self {
        self
    }
}

/// Types that were refused before.
pub trait Refusal: Sized {
    /// A type that can be stored, so that no second error follows.
    fn in_event(self) -> Probe<()> {
        Probe::NEW
    }

    /// A type that can be stored, so that no second error follows.
    fn in_state(self) -> Probe<()> {
        Probe::NEW
    }
}

impl<T: ?Sized> Refusal for Probe<T> {}

/// A field that is written.
///
/// The inherent `lent` takes precedence over that of [`Refused`](super::Refused) if its bound holds.
#[derive(Debug)]
pub struct Lent<'a, T: ?Sized>(pub &'a T);

impl<'a, T: Serialize + ?Sized> Lent<'a, T> {
    /// The field.
    #[inline]
    pub fn lent(self) -> &'a T {
        self.0
    }
}

/// Requires that the type can be stored.
pub fn stored<T: Storable>(_: Probe<T>) {}
