//! What a killed process and its successor have in common.
#![allow(clippy::unwrap_used, reason = "a test ends if its preparation fails")]

use es_core::store::{Append, AppendId, ExpectedVersion, NewEvent};
use es_core::{Metadata, StreamId};
use es_mongo::Migrated;
use serde::Deserialize;

use crate::account::{Account, AccountEvent, AccountMigrated, Deposited, Opened};

/// An append with a key that opens an account and has this many events.
///
/// # Panics
///
/// If the names are invalid.
#[must_use]
pub fn keyed(id: &str, events: usize, key: &str) -> Append {
    let opened = AccountEvent::from(Opened { owner: id.to_owned() });
    let encode = |event: &AccountEvent| NewEvent::encode(event, Metadata::new()).unwrap();
    let deposited = encode(&Deposited { cents: 1, source: "x".to_owned() }.into());
    let events = std::iter::once(encode(&opened)).chain(std::iter::repeat_n(deposited, events - 1)).collect();
    let stream = StreamId::of::<Account>(id).unwrap();
    Append::new(stream, ExpectedVersion::NONE, events).with_id(AppendId::new(key).unwrap())
}

/// A document of the older system.
#[derive(Debug, Deserialize)]
pub struct OldAccount {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: String,
}

/// The aggregate for it.
///
/// # Errors
///
/// Never.
pub fn convert(old: OldAccount) -> Result<Migrated<Account>, std::convert::Infallible> {
    Ok(Migrated::new(old.id, AccountMigrated { owner: "o".to_owned(), cents: 100 }))
}
