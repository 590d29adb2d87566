//! The aggregate of the benchmarks. Its event has the size of a payment.

use es_core::store::{Append, ExpectedVersion, NewEvent};
use es_core::{Aggregate, Apply, Context, Metadata, StreamId, Timestamp, Version, event};

/// An amount was posted.
#[event(version = 1)]
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) posting_id: String,
    pub(crate) account: String,
    pub(crate) cents: i64,
    pub(crate) text: String,
    pub(crate) at: Timestamp,
}

/// The sum of the posted amounts.
#[derive(Aggregate, Debug, Clone, Default)]
#[aggregate(events(Posted), snapshot(every = 100))]
pub(crate) struct Ledger {
    pub(crate) cents: i64,
    pub(crate) postings: u64,
    pub(crate) last: Option<String>,
}

impl Apply<Posted> for Ledger {
    fn apply(&mut self, event: Posted, _: &Context) {
        self.cents += event.cents;
        self.postings += 1;
        self.last = Some(event.posting_id);
    }
}

pub(crate) fn posted(number: u64) -> Posted {
    Posted {
        posting_id: format!("posting-{number:012}"),
        account: format!("account-{:06}", number % 1_000),
        cents: i64::try_from(number % 100_000).unwrap_or_default(),
        text: "monthly fee for cloud resources and support".into(),
        at: Timestamp::now(),
    }
}

pub(crate) fn metadata(number: u64) -> Metadata {
    Metadata::new().user(format!("user-{}", number % 500)).correlation(format!("correlation-{number}"))
}

pub(crate) fn new_event(number: u64) -> NewEvent {
    let event = LedgerEvent::from(posted(number));
    NewEvent::encode(&event, metadata(number)).expect("the event can be stored")
}

/// An append of several events to an aggregate that is known to have this version.
pub(crate) fn append(id: &str, version: u64, events: u64) -> Append {
    let stream = StreamId::of::<Ledger>(id).expect("the id is valid");
    let version = Version::NONE.plus(version);
    let events = (0..events).map(|offset| new_event(version.get() + offset)).collect();
    Append::new(stream, ExpectedVersion::observed(version), events)
}
