//! Samples of the user's, for types that accept nothing that could be made up.

use es_core::schema::Check;
use es_core::{Aggregate, Apply, Context, event};
use serde::{Deserialize, Serialize};

use crate::{Lock, apply_nothing};

/// A type that accepts nothing that could be made up.
#[derive(Serialize, Deserialize, Clone)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Iban(String);

impl TryFrom<String> for Iban {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text == "DE02120300000000202051" { Ok(Self(text)) } else { Err(format!("{text} is no account")) }
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
fn a_type_that_accepts_no_made_up_value_takes_one_of_the_users() {
    let lock = Lock::new();
    let error = lock.update::<Account>().unwrap_err();
    for part in
        ["Transferred version 1", "`fromAccount`", "text is no account", "`Check::<..>::new(..).sample(..).run()`"]
    {
        assert!(error.contains(part), "`{part}` is missing in:\n{error}");
    }
    let transferred = || Transferred { from_account: Iban("DE02120300000000202051".into()), cents: -7 };
    Check::<Account>::new(&lock.path).sample(transferred()).update(true).run();
    Check::<Account>::new(&lock.path).sample(transferred()).update(false).run();
    let text = lock.text();
    assert!(text.contains("        fromAccount: \"DE02120300000000202051\"\n        cents: Long(-7)\n"), "{text}");
}
