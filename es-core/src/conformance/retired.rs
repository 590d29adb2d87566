//! Laws of streams with retired events.

use std::future::IntoFuture;

use super::{Added, all, expect, stream};
use crate::repository::ImportedEvent;
use crate::store::{Append, EventData, ExpectedVersion, NewEvent, Store};
use crate::{Aggregate, Apply, Context, CreateError, LoadError, Metadata, Outcome, Repository, Timestamp, UpdateError};

/// The aggregate of the laws after one of its events was retired.
#[derive(Debug, Aggregate, Default)]
#[aggregate(name = "Numbers", events(Added), retired("Noted"), snapshot(every = 10), event_enum = RetiringEvent, crate = crate)]
pub struct Retiring {
    added: Vec<i64>,
}

impl Apply<Added> for Retiring {
    fn apply(&mut self, event: Added, _context: &Context) {
        self.added.push(event.number);
    }
}

/// Records two retired events as the first events of an aggregate.
async fn note<S: Store>(store: &S, id: &str) {
    let data = expect(EventData::encode("Noted", &Added { number: 0 }));
    let noted = expect(NewEvent::from_data("Noted", 1, data, Metadata::new()));
    expect(store.append(Append::new(stream(id), ExpectedVersion::NONE, vec![noted.clone(), noted])).await);
}

/// An aggregate with only retired events has not begun: every operation treats it as missing.
pub async fn an_aggregate_of_retired_events_only_does_not_exist(store: impl Store + Clone) {
    let repository = Repository::<Retiring>::new(&store);
    note(&store, "a").await;
    for id in ["a", "none"] {
        assert!(!expect(repository.exists(id).await), "{id} exists but cannot be loaded");
        let loads = [
            repository.load(id).await.map(drop),
            repository.load_as_of(id, Timestamp::now()).await.map(drop),
            repository.take_snapshot(id).await.map(drop),
        ];
        for load in loads {
            assert!(matches!(load, Err(LoadError::NotFound { .. })), "{id}: {load:?}");
        }
        let update = repository.update(id, |_| Added { number: 1 }).await;
        assert!(matches!(update, Err(UpdateError::NotFound { .. })), "{id}: {update:?}");
    }
    assert_eq!(expect(store.head(&stream("a")).await).version(), 2);
}

/// It can begin, once, after its retired events.
pub async fn an_aggregate_of_retired_events_only_can_be_created(store: impl Store + Clone) {
    let repository = Repository::<Retiring>::new(&store);
    let added = |number| Added { number };
    for id in ["created", "once", "imported", "raced"] {
        note(&store, id).await;
    }
    let created = expect(repository.create("created", added(1)).await);
    assert_eq!((created.version.get(), created.events[0].sequence.get()), (3, 3));
    for outcome in [Outcome::Appended, Outcome::AlreadyAppended] {
        let once = expect(repository.create("once", (added(1), added(2))).once("key").await);
        assert_eq!((once.version.get(), once.outcome), (4, outcome));
    }
    let past = ImportedEvent::new(added(1), Timestamp::from_millis(1_000), Metadata::new());
    let imported = expect(repository.import("imported", vec![past]).await);
    assert_eq!((imported.version.get(), imported.events[0].timestamp.as_millis()), (3, 1_000));
    let raced = all((0..4).map(|number| repository.create("raced", added(number)).into_future())).await;
    let won = raced.iter().filter(|answer| matches!(answer, Ok(created) if created.version == 3)).count();
    let lost = raced.iter().filter(|answer| matches!(answer, Err(CreateError::AlreadyExists { .. }))).count();
    assert_eq!((won, lost), (1, 3), "{raced:?}");
    for (id, added) in [("created", 1), ("once", 2), ("imported", 1), ("raced", 1)] {
        assert!(expect(repository.exists(id).await), "{id}");
        assert_eq!(expect(repository.load(id).await).added.len(), added, "{id}");
        let again = repository.create(id, Added { number: 9 }).await;
        let version = added as u64 + 2;
        assert!(matches!(again, Err(CreateError::AlreadyExists { version: found, .. }) if found == version), "{id}");
        assert_eq!(expect(store.head(&stream(id)).await).version(), version, "{id}");
    }
}
