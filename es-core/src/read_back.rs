//! Checks whether BSON returns a value as it was written.

mod locate;
mod record;
mod value;

use std::fmt;

use serde::Serialize;

pub(crate) use self::locate::Located;
use self::record::record;
use self::value::{Trouble, Value};
use crate::error::{ErrorChain, Panicked};
use crate::event_types::{BoxError, DecodeError};
use crate::store::{Decoded, EventData, EventSet, Payload, State, StateRef};
use crate::{Aggregate, StoreError};

/// The reason why a value is not stored.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is wrong, as the predicate of a sentence.
    pub(crate) what: String,
    pub(crate) path: Option<String>,
    pub(crate) remedy: &'static str,
}

impl Failure {
    fn blame(what: &str, (path, trouble): &(String, Trouble)) -> Self {
        Self { what: format!("{what}: {}", trouble.what()), path: Some(path.clone()), remedy: trouble.remedy() }
    }

    fn into_store_error(self, what_is_stored: &str) -> StoreError {
        let Self { what, path, remedy } = self;
        StoreError::NotReadBack { what: what_is_stored.to_owned(), field: path, reason: format!("it {what}; {remedy}") }
    }
}

/// BSON does not accept a value.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) failure: Failure,
    pub(crate) source: BoxError,
}

impl Refused {
    /// Finds the field that BSON did not accept.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T, source: impl Into<BoxError>) -> Self {
        let what = "cannot be written";
        let failure = match troubles(value).iter().find(|(_, trouble)| trouble.is_refused()) {
            Some(trouble) => Failure::blame(what, trouble),
            None => {
                Failure { what: what.to_owned(), path: None, remedy: "store the value in a form that BSON supports" }
            }
        };
        Self { failure, source: source.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { what, path, remedy } = &self.failure;
        match path {
            Some(path) => write!(f, "`{path}` {what}; {remedy}"),
            None => write!(f, "it {what}; {remedy}"),
        }
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// Reads an event back from its written form.
pub(crate) fn check_event<E: EventSet>(event: &E, written: &EventData) -> Result<(), StoreError> {
    let (event_type, version) = (event.event_type(), event.event_version());
    let read = |payload: &Located<'_>| match E::decode(event_type, version, payload) {
        Ok(Decoded::One(read)) => Ok(read),
        Ok(Decoded::Many(_) | Decoded::Retired) => Err("its stored name is read as something else".to_owned()),
        Err(DecodeError::Data { source, .. }) => Err(ErrorChain::new(source.as_error()).to_string()),
        Err(error) => Err(ErrorChain::new(&error).to_string()),
    };
    read_back(event, written, read).map(drop).map_err(|failure| failure.into_store_error(event_type))
}

/// Writes a state and reads it back. A panic in its code is an error too.
pub(crate) fn write_state<A: Aggregate>(state: &A) -> Result<EventData, StoreError> {
    let state = StateRef(state);
    let written = state.encode()?;
    let read = |payload: &Located<'_>| payload.decode::<State<A>>().map_err(|error| error.to_string());
    let checked = Panicked::catch(|| read_back(&state, &written, read)).unwrap_or_else(|panicked| {
        Err(Failure {
            what: format!("cannot be read back ({panicked})"),
            path: None,
            remedy: "repair its `Deserialize`",
        })
    });
    checked.map_err(|failure| failure.into_store_error(A::TYPE))?;
    Ok(written)
}

/// Reads a value back from its written form, and compares what both pass to serde.
pub(crate) fn read_back<T: Serialize, R: Serialize>(
    value: &T,
    written: &EventData,
    read: impl FnOnce(&Located<'_>) -> Result<R, String>,
) -> Result<R, Failure> {
    let payload = Located::new(written.as_raw());
    let read = read(&payload).map_err(|error| unreadable(value, &error, payload.into_path()))?;
    compare(value, &read)?;
    Ok(read)
}

/// A failure that exists whether or not the value is read back.
#[cfg(feature = "testing")]
pub(crate) fn always_wrong<T: Serialize>(value: &T) -> Option<Failure> {
    let troubles = troubles(value);
    let trouble = troubles.iter().find(|(_, trouble)| trouble.is_wrong_always())?;
    Some(Failure::blame("is not stored as it is", trouble))
}

fn troubles<T: Serialize + ?Sized>(value: &T) -> Vec<(String, Trouble)> {
    record(value).map(|written| written.troubles()).unwrap_or_default()
}

fn unreadable<T: Serialize>(value: &T, error: &str, path: Option<String>) -> Failure {
    let what = format!("cannot be read back ({error})");
    let troubles = troubles(value);
    let mut candidates = troubles.iter().filter(|(_, trouble)| !trouble.is_refused());
    let known = candidates.find(|(at, _)| path.as_deref().is_none_or(|path| plain(at).starts_with(&plain(path))));
    match known {
        Some(trouble) => Failure::blame(&what, trouble),
        None => Failure {
            what,
            path,
            remedy: "look for a type whose `Serialize` and `Deserialize` use different forms: an address or an id inside `tag`, `untagged` or \
                     `flatten` (store it as text, or use `tag` with `content`), a field that is skipped and has no `default`, or a \
                     `with` that does not reverse itself",
        },
    }
}

/// A path without the brackets that mark the kinds of its parts.
fn plain(path: &str) -> String {
    path.replace(['{', '<', '['], ".").replace(['}', '>', ']'], "")
}

fn compare<T: Serialize, R: Serialize>(value: &T, read: &R) -> Result<(), Failure> {
    let (before, after) = (recorded(value)?, recorded(read)?);
    if before == after {
        return Ok(());
    }
    let Some(difference) = before.first_difference(&after, "") else { return Ok(()) };
    // A value that is written differently each time, such as an encrypted value, may still be
    // correct.
    if before.first_difference(&recorded(value)?, "").is_some_and(|noise| noise.path == difference.path) {
        return Ok(());
    }
    let troubles = before.troubles();
    let known = troubles.iter().find(|(path, _)| *path == difference.path);
    Err(Failure {
        what: format!("is read back as a different value: {} becomes {}", difference.before, difference.after),
        path: Some(difference.path),
        remedy: known.map_or("make the type read what it writes", |(_, trouble)| trouble.remedy()),
    })
}

fn recorded<T: Serialize>(value: &T) -> Result<Value, Failure> {
    record(value).map_err(|error| Failure {
        what: format!("cannot be written ({error})"),
        path: None,
        remedy: "the type itself refuses the value: repair its `Serialize`, or use a value that it accepts",
    })
}

/// Refusals of values that BSON does not accept, for the tests of error texts.
#[cfg(test)]
pub(crate) fn refusals() -> [Box<dyn std::error::Error>; 2] {
    let source = || std::io::Error::other("the cable is cut");
    [Box::new(Refused::of(&std::collections::BTreeMap::from([(7, 1)]), source())), Box::new(Refused::of(&5, source()))]
}
