//! Checks whether BSON returns a value as it was written.

#[cfg(test)]
mod tests;

use crate::StoreError;
use crate::error::ErrorChain;
use crate::read_back::{Failure, Located, Refused, always_wrong, read_back};
use crate::store::{EventData, Sample};

/// Checks that each sample is read back from BSON unchanged.
///
/// ```
/// # use es_core::event;
/// use es_core::testing::assert_roundtrip;
///
/// #[event(version = 1)]
/// pub struct Paid { pub cents: i64, pub note: Option<String> }
///
/// assert_roundtrip::<Paid>([Paid { cents: 500, note: None }, Paid { cents: -1, note: Some("reversed".into()) }]);
/// ```
///
/// | what it finds | what BSON does | the remedy |
/// |---|---|---|
/// | a map whose key is a newtype | writes it, but cannot read it | `#[serde(transparent)]` on the key |
/// | a map whose key is a number, a bool or a tuple | refuses it | a list of pairs, or a key that is a text |
/// | `Some(None)` | reads `None` | an enum with a variant each |
/// | a field that is written twice (`flatten`, `rename`) | stores both, and reads one or none | a different name for one of them |
/// | a key that begins with `$` | stores it; some readers take it for a type, queries for an operator | a different key |
/// | a `u64` above `i64::MAX`, an `i128` or `u128` | refuses it | a text or a `Decimal128` |
/// | an address or the like inside `tag`, `untagged`, `flatten` | writes bytes, and reads a text | a text, or `#[serde(tag, content)]` |
/// | `skip_serializing` without `default`, `with` that does not reverse itself | writes what it cannot read | `default`, or a `with` that reverses itself |
///
/// It needs neither `PartialEq` nor `Debug`, because it compares what serde receives from the value
/// and from the value that is read back. So it **cannot see** what is lost before serde receives
/// anything: a time that a `serialize_with` rounds to milliseconds, as the helpers of `bson` do, a
/// float in place of a decimal, a field with `#[serde(skip)]`. [`assert_roundtrip_eq`] sees these.
/// Neither function sees what no sample contains.
///
/// ```should_panic
/// # use std::collections::BTreeMap;
/// # use es_core::event;
/// # use es_core::testing::assert_roundtrip;
/// # #[derive(serde::Serialize, serde::Deserialize, PartialEq, Eq, PartialOrd, Ord)]
/// pub struct Sku(String);
///
/// #[event(version = 1)]
/// pub struct Packed { pub counts: BTreeMap<Sku, u32> }
///
/// // panics: `Packed` cannot be read back .. at `counts{book}` .. write `#[serde(transparent)]` on the type of the key
/// assert_roundtrip::<Packed>([Packed { counts: [(Sku("book".into()), 2)].into() }]);
/// ```
///
/// # Panics
///
/// At the first sample that is not read back unchanged. The message contains the event, the path of
/// the field, and the remedy.
#[track_caller]
pub fn assert_roundtrip<E: Sample>(samples: impl IntoIterator<Item = E>) {
    for sample in samples {
        if let Err(failure) = roundtrip(&sample) {
            panic!("{failure}");
        }
    }
}

/// The same, and also compares the samples with `==`, which finds what is lost before serde
/// receives anything.
///
/// ```
/// # use es_core::{event, Timestamp};
/// use es_core::testing::assert_roundtrip_eq;
///
/// #[event(version = 1)]
/// #[derive(PartialEq)]
/// pub struct Shipped { pub at: Timestamp }
///
/// assert_roundtrip_eq::<Shipped>([Shipped { at: Timestamp::now() }]);
/// ```
///
/// # Panics
///
/// At the first sample that is not read back unchanged.
#[track_caller]
pub fn assert_roundtrip_eq<E: Sample + PartialEq>(samples: impl IntoIterator<Item = E>) {
    for sample in samples {
        match roundtrip(&sample) {
            Ok(read) if read == sample => {}
            Ok(_) => panic!(
                "`{}` is read back as a different value, although both are written the same: something is lost before it is written, such as \
                 the part of a time below a millisecond; round it when the event is created, or store it as a number or a text",
                sample.sample_info().event_type
            ),
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// Reads a sample back, or returns what is wrong with it.
fn roundtrip<E: Sample>(sample: &E) -> Result<E, String> {
    let info = sample.sample_info();
    let event_type = info.event_type;
    let data = EventData::encode(event_type, sample).map_err(|error| match error {
        StoreError::Encode { source, .. } => match source.downcast_ref::<Refused>() {
            Some(refused) => format!("{}\n  BSON reports: {}", show(event_type, &refused.failure), refused.source),
            None => ErrorChain::new(source.as_error()).to_string(),
        },
        error => ErrorChain::new(&error).to_string(),
    })?;
    if let Some(failure) = always_wrong(sample) {
        return Err(show(event_type, &failure));
    }
    let read =
        |payload: &Located<'_>| E::read_sample(&info, payload).map_err(|error| ErrorChain::new(&error).to_string());
    read_back(sample, &data, read).map_err(|failure| show(event_type, &failure))
}

fn show(event_type: &str, failure: &Failure) -> String {
    let at = failure.path.as_ref().map(|path| format!("\n  at `{path}`")).unwrap_or_default();
    format!("`{event_type}` {}{at}\n  {}", failure.what, failure.remedy)
}
