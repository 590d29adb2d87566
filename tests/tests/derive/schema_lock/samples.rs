//! The user's samples, for types that accept no generated value.

use es_core::schema::Check;
use es_core::{Aggregate, Apply, Context, event};
use es_mongo::mongodb::bson;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Lock, apply_nothing};

/// A type that accepts no generated value.
#[derive(Serialize, Deserialize, Clone)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Iban(String);

impl TryFrom<String> for Iban {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text == "DE02120300000000202051" { Ok(Self(text)) } else { Err(format!("{text} is not an account")) }
    }
}

impl From<Iban> for String {
    fn from(iban: Iban) -> Self {
        iban.0
    }
}

#[event(version = 1)]
pub(crate) struct Transferred {
    from_account: Iban,
    cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Transferred))]
pub(crate) struct Account {
    last: Option<String>,
}

apply_nothing!(Account: Transferred);

#[test]
fn a_type_that_accepts_no_generated_value_uses_one_of_the_user() {
    let lock = Lock::new();
    let error = lock.update::<Account>().unwrap_err();
    for part in
        ["Transferred version 1", "`fromAccount`", "text is not an account", "`Check::<..>::new(..).sample(..).run()`"]
    {
        assert!(error.contains(part), "`{part}` is missing in:\n{error}");
    }
    let transferred = || Transferred { from_account: Iban("DE02120300000000202051".into()), cents: -7 };
    Check::<Account>::new(&lock.path).sample(transferred()).update(true).run();
    Check::<Account>::new(&lock.path).sample(transferred()).update(false).run();
    let text = lock.text();
    assert!(text.contains("        fromAccount: \"DE02120300000000202051\"\n        cents: Long(-7)\n"), "{text}");
}

/// The types that only BSON has.
#[event(version = 1)]
pub(crate) struct Replicated {
    at: bson::Timestamp,
    of: bson::Regex,
}

/// Accepts any value, and then refuses it.
#[derive(Serialize)]
pub(crate) struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bson::Bson::deserialize(deserializer)?;
        Err(serde::de::Error::custom("no value is accepted"))
    }
}

#[event(version = 1)]
pub(crate) struct Refusing {
    it: Nothing,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Refusing))]
pub(crate) struct Refuser;

apply_nothing!(Refuser: Refusing);

#[test]
fn a_type_that_refuses_everything_is_an_error_and_not_an_endless_search() {
    let error = Lock::new().update::<Refuser>().unwrap_err();
    assert!(error.contains("no value can be generated for `it`: no value is accepted"), "{error}");
}

#[derive(Aggregate, Default)]
#[aggregate(events(Replicated))]
pub(crate) struct Replica;

apply_nothing!(Replica: Replicated);

#[test]
fn the_types_that_only_bson_has_are_known() {
    let lock = Lock::new();
    lock.update::<Replica>().unwrap();
    lock.check::<Replica>().unwrap();
    let text = lock.text();
    assert!(text.contains("        at: timestamp\n        of: regex\n"), "{text}");
}
