//! Folds events, so that `run` can count the instructions:
//! `dispatch <bare|bson> <2|20|200> <derived|own|hand> <all|first|last> <events>`.
//!
//! `bare` uses events without fields and without input, so it measures only the dispatch. `bson`
//! reads two fields as a store does.

use std::hint::black_box;

use es_core::error::BoxError;
use es_core::store::{BsonPayload, Decoded, Payload};
use es_core::{Aggregate, AggregateId, Context, EventId, Metadata, Sequence, Timestamp};
use serde::de::DeserializeOwned;
use serde::de::value::{Error, MapDeserializer};

macro_rules! generated {
    ($($module:ident)*) => {$(
        #[allow(dead_code, clippy::all, clippy::pedantic, reason = "it is generated")]
        mod $module {
            use es_core::{Aggregate, Apply, Context, event, events};
            use es_core::error::DecodeError;
            use es_core::store::{Decoded, EventSet, Payload};
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
    )*};
}

generated! { bare_2 bare_20 bare_200 bson_2 bson_20 bson_200 }

/// A payload without data, which costs nothing to read.
struct Nothing;

impl Payload for Nothing {
    fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        Ok(T::deserialize(MapDeserializer::<_, Error>::new(std::iter::empty::<(&str, u32)>()))?)
    }
}

/// Folds the parts of a split. It is a separate function, as in `es_core::Replay`.
#[inline(never)]
fn fold_parts<A: Aggregate>(state: &mut A, parts: Decoded<A::Event>, context: &Context) {
    for event in parts.into_vec() {
        _ = state.fold(event, context);
    }
}

macro_rules! fold {
    ($module:ident, $payload:expr, $side:expr, $which:expr, $events:expr, $context:expr) => {{
        let stored = match $which {
            "first" => &$module::STORED[..1],
            "last" => &$module::STORED[$module::STORED.len() - 1..],
            _ => $module::STORED,
        };
        let events = stored.iter().cycle().take($events);
        if $side == "derived" {
            let mut state = $module::Derived::default();
            for (event_type, version) in events {
                $module::derived(black_box(event_type), black_box(*version), $payload, &mut state, $context);
            }
            state.total
        } else if $side == "own" {
            let mut state = $module::Own::default();
            for (event_type, version) in events {
                $module::own(black_box(event_type), black_box(*version), $payload, &mut state, $context);
            }
            state.total
        } else {
            let mut state = $module::ByHand::default();
            for (event_type, version) in events {
                $module::by_hand(black_box(event_type), black_box(*version), $payload, &mut state, $context);
            }
            state.total
        }
    }};
}

fn main() -> Result<(), BoxError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [payload, count, side, which, events] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return Err("give payload, number of types, side, which of them, and how many events".into());
    };
    let events: usize = events.parse()?;
    let document = bson::rawdoc! { "cents": 5_i64, "owner": "Ada" };
    let data = BsonPayload(&document);
    let context = &Context::new(EventId::new(), AggregateId::new("a")?, Sequence::FIRST, Timestamp::now(), Metadata::new());
    let total = match (payload, count) {
        ("bare", "2") => fold!(bare_2, &Nothing, side, which, events, context),
        ("bare", "20") => fold!(bare_20, &Nothing, side, which, events, context),
        ("bare", "200") => fold!(bare_200, &Nothing, side, which, events, context),
        ("bson", "2") => fold!(bson_2, &data, side, which, events, context),
        ("bson", "20") => fold!(bson_20, &data, side, which, events, context),
        ("bson", "200") => fold!(bson_200, &data, side, which, events, context),
        _ => return Err("no such payload, or no such number of types".into()),
    };
    // All sides must print the same total. Otherwise one of them does less work.
    println!("{total}");
    Ok(())
}
