//! Integers identify aggregates by their decimal digits.

use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64,
    NonZeroU128,
};

use super::{Id, IdFor};
use crate::AggregateId;
use crate::error::{BoxError, InvalidId};

macro_rules! by_display {
    ($($id:ty),* $(,)?) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Id for $id {
                const NAME: &'static str = stringify!($id);

                fn to_text(&self) -> String {
                    self.to_string()
                }

                fn from_text(text: &str) -> Result<Self, BoxError> {
                    Ok(text.parse()?)
                }
            }

            #[diagnostic::do_not_recommend]
            impl IdFor<$id> for $id {
                fn to_stored(&self) -> Result<AggregateId, InvalidId> {
                    self.to_aggregate_id()
                }
            }

            #[diagnostic::do_not_recommend]
            impl IdFor<AggregateId> for $id {
                fn to_stored(&self) -> Result<AggregateId, InvalidId> {
                    self.to_aggregate_id()
                }
            }
        )*
    };
}

pub(super) use by_display;

by_display!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);
by_display!(NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128);
by_display!(NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128);
