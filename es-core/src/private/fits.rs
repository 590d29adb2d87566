//! The types that BSON cannot hold, as far as a type shows it.

use core::marker::PhantomData;

/// A type that a field names. `Bson::<T>::FITS` is false if BSON cannot hold a `T`.
#[derive(Debug)]
pub struct Bson<T>(PhantomData<T>);

/// The type of the keys of a map. `BsonKey::<T>::FITS` is false if `T` is not a key of a document.
#[derive(Debug)]
pub struct BsonKey<T>(PhantomData<T>);

/// All other types fit. The constants of the types themselves take precedence.
pub trait Fits {
    /// Whether BSON can hold the type.
    const FITS: bool = true;
}

impl<T> Fits for Bson<T> {}

impl<T> Fits for BsonKey<T> {}

macro_rules! do_not_fit {
    ($($kind:ident: $($ty:ty),+;)+) => {$($(
        impl $kind<$ty> {
            /// BSON cannot hold it.
            pub const FITS: bool = false;
        }
    )+)+};
}

do_not_fit! {
    Bson: i128, u128;
    BsonKey: bool, char, f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, ();
}
