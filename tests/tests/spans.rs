//! Every verb is a span that records its request and its outcome.
//!
//! This is a separate program, because spans are recorded for the whole process.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{LazyLock, Mutex};

use es_core::memory::MemoryStore;
use es_core::repository::ImportedEvent;
use es_core::store::{EventData, Store};
use es_core::subscription::{HandleError, Handler, Subscriptions};
use es_core::{Metadata, RecordedEvent, Repository, RetryPolicy, feed};
use es_mongo::Migrated;
use es_mongo::mongodb::bson::{Document, doc};
use tests::account::{Account, AccountEvent, AccountMigrated, Deposited, Opened, accounts, day};
use tests::empty_store;
use tests::wallet::Balance;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata as Described, Subscriber};

type Fields = BTreeMap<&'static str, String>;

/// Every span of the libraries, with the last value of each field.
#[derive(Default)]
struct Recorder(Mutex<Vec<(&'static str, Fields)>>);

static RECORDER: LazyLock<&'static Recorder> = LazyLock::new(|| {
    let recorder: &'static Recorder = Box::leak(Box::default());
    tracing::subscriber::set_global_default(recorder).unwrap();
    recorder
});

struct Noting<'a>(&'a mut Fields);

impl Visit for Noting<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for &'static Recorder {
    fn enabled(&self, described: &Described<'_>) -> bool {
        described.is_span() && described.target().starts_with("es_")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Noting(&mut fields));
        let mut spans = self.0.lock().unwrap();
        spans.push((span.metadata().name(), fields));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let at = usize::try_from(span.into_u64()).unwrap() - 1;
        values.record(&mut Noting(&mut self.0.lock().unwrap()[at].1));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Recorder {
    /// The last span with a name and an aggregate.
    #[track_caller]
    fn last(&self, name: &str, id: &str) -> Fields {
        let spans = self.0.lock().unwrap();
        let found = spans
            .iter()
            .rev()
            .find(|(known, fields)| *known == name && fields.get("id").is_some_and(|known| known == id));
        found.unwrap_or_else(|| panic!("no span {name} of {id} in {spans:?}")).1.clone()
    }

    /// The last span with a name whose id is invalid, so that the span has none.
    #[track_caller]
    fn last_without_id(&self, name: &str) -> Fields {
        let spans = self.0.lock().unwrap();
        let found = spans.iter().rev().find(|(known, fields)| *known == name && !fields.contains_key("id"));
        found.unwrap_or_else(|| panic!("no span {name} without an id in {spans:?}")).1.clone()
    }

    /// The span with a name and an aggregate that ended with an outcome.
    #[track_caller]
    fn find(&self, name: &str, id: &str, outcome: &str) -> Fields {
        let spans = self.0.lock().unwrap();
        let is_it = |fields: &Fields| {
            fields.get("id").is_some_and(|known| known == id)
                && fields.get("outcome").is_some_and(|known| known == outcome)
        };
        let found = spans.iter().find(|(known, fields)| *known == name && is_it(fields));
        found.unwrap_or_else(|| panic!("no span {name} of {id} ended in {outcome}: {spans:?}")).1.clone()
    }

    fn has(&self, name: &str) -> bool {
        self.0.lock().unwrap().iter().any(|(known, _)| *known == name)
    }

    #[track_caller]
    fn assert_ended(&self, name: &str, id: &str, version: Option<u64>, outcome: &str, error: Option<&str>) {
        let fields = self.last(name, id);
        let field = |name: &str| fields.get(name).map(String::as_str);
        assert_eq!(field("aggregate"), Some("Account"), "{name} of {id}: {fields:?}");
        assert_eq!(
            field("version"),
            version.map(|version| version.to_string()).as_deref(),
            "{name} of {id}: {fields:?}"
        );
        assert_eq!(field("outcome"), Some(outcome), "{name} of {id}: {fields:?}");
        match (field("error"), error) {
            (None, None) => {}
            (Some(found), Some(part)) => assert!(found.contains(part), "{name} of {id}: {fields:?}"),
            _ => panic!("{name} of {id}: {fields:?}"),
        }
    }
}

fn opened() -> Opened {
    Opened { owner: "o".into() }
}

fn deposited() -> Deposited {
    Deposited { cents: 1, source: "s".into() }
}

/// A handler that does nothing.
struct Passed;

impl Handler for Passed {
    async fn handle(&self, _: &[RecordedEvent<EventData>]) -> Result<(), HandleError> {
        Ok(())
    }
}

/// The id of an aggregate that no other test uses, because the spans of all tests are in one place.
fn unique(store: &str, name: &str) -> String {
    format!("{store}-{name}")
}

async fn each_call_is_a_span(store: impl Store + Clone, name: &str) {
    let spans = &*RECORDER;
    let accounts = Repository::<Account>::new(&store);
    let (a, missing, past) = (unique(name, "a"), unique(name, "missing"), unique(name, "past"));

    accounts.create(&a, opened()).await.unwrap();
    spans.assert_ended("create", &a, Some(1), "appended", None);
    accounts.create(&a, opened()).await.unwrap_err();
    spans.assert_ended("create", &a, None, "already exists", Some("already exists"));

    accounts.update(&a, |_| deposited()).once("key").await.unwrap();
    spans.assert_ended("update", &a, Some(2), "appended", None);
    accounts.update(&a, |_| deposited()).once("key").await.unwrap();
    spans.assert_ended("update", &a, Some(2), "already appended", None);
    accounts.update(&a, |_| Vec::<AccountEvent>::new()).await.unwrap();
    spans.assert_ended("update", &a, Some(2), "unchanged", None);
    accounts.update(&a, |_| Err::<Deposited, _>("secret")).await.unwrap_err();
    spans.assert_ended("update", &a, None, "rejected", None);
    accounts.update(&missing, |_| deposited()).await.unwrap_err();
    spans.assert_ended("update", &missing, None, "not found", None);

    let slow = accounts.clone().with_retry(RetryPolicy::never());
    let conflicting = |_: &_| {
        let faster = accounts.update(&a, |_| deposited());
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(faster.into_future())).unwrap();
        Ok::<_, String>(deposited())
    };
    slow.update(&a, conflicting).await.unwrap_err();
    let ended = spans.find("update", &a, "conflict");
    assert!(ended["error"].contains("conflict") || ended["error"].contains("version"), "{ended:?}");

    accounts.load(&a).await.unwrap();
    spans.assert_ended("load", &a, Some(3), "loaded", None);
    accounts.load_at(&a, 1).await.unwrap();
    spans.assert_ended("load", &a, Some(1), "loaded", None);
    accounts.load_at(&a, 9).await.unwrap_err();
    spans.assert_ended("load", &a, None, "not found", Some("has no version 9"));
    accounts.load_ignoring_snapshots_above(&a, 0).await.unwrap();
    spans.assert_ended("load", &a, Some(3), "loaded", None);
    accounts.load_as_of(&a, day(0)).await.unwrap_err();
    spans.assert_ended("load", &a, None, "not found", Some("does not exist"));
    accounts.load("").await.unwrap_err();
    let failed = spans.last_without_id("load");
    assert_eq!(failed["outcome"], "failed", "{failed:?}");

    accounts.history(&a).unwrap().collect().await.unwrap();
    spans.assert_ended("history", &a, Some(3), "read", None);

    let event = ImportedEvent::new(opened(), day(0), Metadata::new());
    accounts.import(&past, vec![event]).await.unwrap();
    spans.assert_ended("import", &past, Some(1), "appended", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_of_a_repository_is_a_span_with_its_outcome() {
    each_call_is_a_span(MemoryStore::new(), "memory").await;
    each_call_is_a_span(empty_store().await, "mongo").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_of_the_store_is_a_span() {
    let spans = &*RECORDER;
    let store = empty_store().await;
    accounts(&store).create("a", opened()).metadata(Metadata::new().correlation("c")).await.unwrap();
    store.database().collection::<Document>("old").insert_one(doc! { "_id": "b" }).await.unwrap();
    let convert = |old: Document| {
        let id = old.get_str("_id").map_err(|error| error.to_string())?;
        Ok::<_, String>(Migrated::new(id, AccountMigrated { owner: "o".into(), cents: 1 }))
    };
    store.migrate::<Account, Document>("old").run(convert).await.unwrap();
    store.events().read().collect().await.unwrap();
    store.trace("c").await.unwrap();
    store.follow(feed::From::beginning()).read().next().await.unwrap().unwrap();
    store.archive::<Account>(day(0)).run().await.unwrap();
    store.verify::<Account>().run().await.unwrap();
    store.stats().await.unwrap();
    let subscriptions = Subscriptions::on(&store).project::<Balance>();
    subscriptions.handle("count", feed::From::beginning(), Passed).catch_up().await.unwrap();
    let names = [
        "append",
        "query",
        "trace",
        "archive",
        "verify",
        "migrate",
        "stats",
        "follow",
        "subscription",
        "fold",
        "handle",
    ];
    for name in names {
        assert!(spans.has(name), "{name}");
    }
}
