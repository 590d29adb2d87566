#![deny(warnings)]

use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Opened {
    pub owner: String,
}

/// Has no `Debug`.
#[event(version = 1)]
#[derive(Clone, PartialEq, Hash)]
pub struct PasswordSet {
    pub hash: String,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Opened, PasswordSet), event_enum = AccountFact, event_enum(Clone, PartialEq, std::hash::Hash))]
pub struct Account {
    owner: String,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: Opened, _: &Context) {
        self.owner = event.owner;
    }
}

impl Apply<PasswordSet> for Account {
    fn apply(&mut self, _: PasswordSet, _: &Context) {}
}

/// A match without a wildcard: a new event is an error here.
fn describe(fact: &AccountFact) -> String {
    match fact {
        AccountFact::Opened(Opened { owner }) => format!("opened by {owner}"),
        AccountFact::PasswordSet(_) => "password set".to_owned(),
    }
}

fn main() {
    let opened = AccountFact::from(Opened { owner: "Ada".into() });
    assert!(opened == opened.clone());
    assert_eq!(format!("{opened:?}"), r#"Opened { owner: "Ada" }"#);
    assert_eq!(describe(&opened), "opened by Ada");
    let secret = AccountFact::from(PasswordSet { hash: "x".into() });
    assert_eq!(format!("{secret:?}"), "PasswordSet");
}
