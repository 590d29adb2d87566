//! Generates the source of the two crates that are compared.

use std::fmt::Write as _;

const AGGREGATES: usize = 10;
const EVENTS: usize = 20;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Uses the macros of es-core.
    Derived,
    /// Uses serde's derives, and traits of the same shape as es-core's.
    Plain,
}

impl Kind {
    pub(super) const BOTH: [Self; 2] = [Self::Derived, Self::Plain];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Derived => "derived",
            Self::Plain => "plain",
        }
    }

    fn imports(self) -> &'static str {
        match self {
            Self::Derived => "use es_core::{Aggregate, Apply, Context, Init, event};\n",
            Self::Plain => {
                "use serde::{Deserialize, Serialize};
                pub struct Context;
                pub trait Init<E> { fn init(event: E, context: &Context) -> Self; }
                pub trait Apply<E> { fn apply(&mut self, event: E, context: &Context); }\n"
            }
        }
    }

    fn before_event(self) -> &'static str {
        match self {
            Self::Derived => "#[event(version = 1)]\n",
            Self::Plain => SERDE,
        }
    }

    fn before_aggregate(self, aggregate: usize) -> String {
        match self {
            Self::Derived => {
                let events: Vec<String> = (1..EVENTS).map(|event| format!("A{aggregate}Event{event}")).collect();
                let events = events.join(", ");
                format!(
                    "#[derive(Aggregate)]\n#[aggregate(init(A{aggregate}Event0), events({events}), snapshot(every = 100))]\n"
                )
            }
            Self::Plain => SERDE.to_owned(),
        }
    }
}

const SERDE: &str = "#[derive(Serialize, Deserialize)]\n#[serde(rename_all = \"camelCase\")]\n";

pub(super) fn source(kind: Kind) -> String {
    let mut source = kind.imports().to_owned();
    for aggregate in 0..AGGREGATES {
        for event in 0..EVENTS {
            source.push_str(kind.before_event());
            let name = format!("A{aggregate}Event{event}");
            let _ = writeln!(
                source,
                "pub struct {name} {{ pub reference_number: String, pub cents: i64, pub note: Option<String>, pub tags: Vec<String> }}"
            );
            source.push_str(&implementation(aggregate, event, &name));
        }
        source.push_str(&kind.before_aggregate(aggregate));
        let _ = writeln!(
            source,
            "pub struct A{aggregate} {{ pub number: String, pub total: i64, pub notes: Vec<String>, pub tags: Vec<String> }}"
        );
    }
    source
}

fn implementation(aggregate: usize, event: usize, name: &str) -> String {
    if event == 0 {
        format!(
            "impl Init<{name}> for A{aggregate} {{
                fn init(event: {name}, _: &Context) -> Self {{
                    Self {{ number: event.reference_number, total: event.cents, notes: Vec::new(), tags: event.tags }}
                }}
            }}\n"
        )
    } else {
        format!(
            "impl Apply<{name}> for A{aggregate} {{
                fn apply(&mut self, event: {name}, _: &Context) {{
                    self.total += event.cents;
                    self.notes.extend(event.note);
                }}
            }}\n"
        )
    }
}
