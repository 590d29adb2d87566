//! Whether BSON gives back what it was given.

mod record;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;

use serde::Serialize;

use self::record::record;
use self::value::{Trouble, Value};
use crate::{Event, EventData};

/// Checks that each sample is read back from BSON as it was written.
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
/// | a map whose key is a newtype | writes it, and cannot read it | `#[serde(transparent)]` on the key |
/// | a map whose key is a number, a bool or a tuple | refuses it | a list of pairs, or a key that is a text |
/// | `Some(None)` | reads `None` | an enum with a variant each |
/// | a field that is written twice (`flatten`, `rename`) | stores both, and reads one or none | another name for one of them |
/// | a key that begins with `$` | stores it; some readers take it for a type, queries for an operator | another key |
/// | a `u64` above `i64::MAX`, an `i128` or `u128` | refuses it | a text or a `Decimal128` |
/// | an address or the like inside `tag`, `untagged`, `flatten` | writes bytes, and reads a text | a text, or `#[serde(tag, content)]` |
/// | `skip_serializing` without `default`, `with` that does not reverse itself | what the attribute says | what it reverses to |
///
/// It needs neither `PartialEq` nor `Debug`, for it compares what the value and what is read back give to serde. So it **cannot see**
/// what is lost before serde is given anything: a time that a `serialize_with` cuts to milliseconds, as the
/// helpers of `bson` do, a float that stands in for a decimal, a field with `#[serde(skip)]`. [`assert_roundtrip_eq`] sees these.
/// Neither sees what no sample shows.
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
/// At the first sample that is not read back as it was written, with the event, the path of the field, and the remedy.
#[track_caller]
pub fn assert_roundtrip<E: Event>(samples: impl IntoIterator<Item = E>) {
    for sample in samples {
        if let Err(failure) = roundtrip(&sample) {
            panic!("{failure}");
        }
    }
}

/// The same, and the samples are compared with `==` too, which sees what is lost before serde is given anything.
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
/// At the first sample that is not read back as it was written.
#[track_caller]
pub fn assert_roundtrip_eq<E: Event + PartialEq>(samples: impl IntoIterator<Item = E>) {
    for sample in samples {
        match roundtrip(&sample) {
            Ok(read) if read == sample => {}
            Ok(_) => panic!(
                "`{}` is read back as another value, though both are written alike: something is lost before it is written, such as \
                 the part of a time below a millisecond; cut it where the event is made, or store it as a number or a text",
                E::TYPE
            ),
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// What went wrong with a sample.
struct Failure {
    event: &'static str,
    what: String,
    path: Option<String>,
    remedy: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.event, self.what)?;
        if let Some(path) = &self.path {
            write!(f, "\n  at `{path}`")?;
        }
        write!(f, "\n  {}", self.remedy)
    }
}

fn roundtrip<E: Event>(sample: &E) -> Result<E, Failure> {
    let fail = |what: String, path: Option<String>, remedy: &str| Failure {
        event: E::TYPE,
        what,
        path,
        remedy: remedy.to_owned(),
    };
    let written = recorded(sample)?;
    let troubles = written.troubles();
    let blame = |what: String, trouble: Option<&(String, Trouble)>, otherwise: &str| match trouble {
        Some((path, trouble)) => fail(format!("{what}: {}", trouble.what()), Some(path.clone()), trouble.remedy()),
        None => fail(what, None, otherwise),
    };
    let data = EventData::encode(E::TYPE, sample).map_err(|error| {
        let trouble = troubles.iter().find(|(_, trouble)| trouble.is_refused());
        let source = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        blame(format!("cannot be written ({source})"), trouble, "store the value in a form that BSON has")
    })?;
    if let Some(trouble) = troubles.iter().find(|(_, trouble)| trouble.is_wrong_always()) {
        return Err(blame("is not stored as it is".to_owned(), Some(trouble), ""));
    }
    let read = E::decode(E::VERSION, &data).map_err(|error| {
        let trouble = troubles.iter().find(|(_, trouble)| !trouble.is_refused());
        let otherwise = "look for a type that writes another form than it reads: an address or an id inside of `tag`, `untagged` or `flatten` \
                         (store it as a text, or use `tag` with `content`), a field that is skipped and has no `default`, or a `with` that \
                         does not reverse itself";
        blame(format!("is written and cannot be read back ({error})"), trouble, otherwise)
    })?;
    compare(&written, &recorded(&read)?, &troubles, &fail)?;
    let again = EventData::encode(E::TYPE, &read).map_err(|error| {
        fail(format!("cannot be written a second time ({error})"), None, "make it read what it wrote")
    })?;
    let stored = |data: &EventData| {
        bson::Document::try_from(data.as_raw()).ok().and_then(|data| record(&data).ok()).unwrap_or(Value::Unit)
    };
    compare(&stored(&data), &stored(&again), &troubles, &fail)?;
    Ok(read)
}

fn recorded<E: Event>(event: &E) -> Result<Value, Failure> {
    fn of<T: Serialize>(value: &T) -> Result<Value, String> {
        record(value).map_err(|error| error.to_string())
    }
    of(event).map_err(|error| Failure {
        event: E::TYPE,
        what: format!("cannot be written ({error})"),
        path: None,
        remedy: "the type itself refuses the value: repair its `Serialize`, or give a value that it takes".to_owned(),
    })
}

fn compare(
    before: &Value,
    after: &Value,
    troubles: &[(String, Trouble)],
    fail: &dyn Fn(String, Option<String>, &str) -> Failure,
) -> Result<(), Failure> {
    let Some(difference) = before.first_difference(after, "") else { return Ok(()) };
    let known = troubles.iter().find(|(path, _)| *path == difference.path);
    let remedy = known.map_or("make the type read what it writes", |(_, trouble)| trouble.remedy());
    let what = format!("is read back as another value: {} becomes {}", difference.before, difference.after);
    Err(fail(what, Some(difference.path), remedy))
}
