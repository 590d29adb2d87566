//! Events that are parked with all that follows in their rows, on a server.

use std::sync::atomic::{AtomicBool, Ordering};

use es_core::dead_letters::{DeadLettersError, Retried};
use es_core::projection::{Keyed, Keys, Projection};
use es_core::read_model::ReadModelError;
use es_core::store::{ParkReason, ReadModelId, ReadModelStore};
use es_core::subscription::{OnError, Problem};
use es_core::{Apply, Context, event};
use es_mongo::Role;
use tests::secured::{PASSWORD, Secured};
use tests::{empty_store, open};

use super::*;

/// What each owner has earned, in order, with code that cannot fold some of it at first.
macro_rules! buggy {
    ($row:ident, $is_mended:ident) => {
        static $is_mended: AtomicBool = AtomicBool::new(false);

        #[derive(Projection, Debug, Default, PartialEq)]
        #[projection(version = 1, key = String, events(Wallet(Earned, ..)))]
        struct $row {
            cents: Vec<i64>,
        }

        impl Keyed<Earned> for $row {
            fn key(event: &Earned, _: &Context) -> Keys<String> {
                event.owner.clone().into()
            }
        }

        impl Apply<Earned> for $row {
            fn apply(&mut self, event: Earned, _: &Context) {
                self.cents.push(event.cents);
                assert!(event.cents != 13 || $is_mended.load(Ordering::Relaxed), "thirteen");
            }
        }
    };
}

fn parking<P: Projection>(store: &MongoStore) -> Subscriptions {
    Subscriptions::on(store).project_with::<P>(|options| options.partitions(4).on_error(OnError::Park))
}

/// Records what these owners have earned, in one append.
async fn earn(store: &MongoStore, wallet: &str, earned: Vec<(String, i64)>) -> Position {
    let decide = move |_: Option<&es_core::Loaded<Wallet>>| {
        earned.iter().map(|(owner, cents)| Earned { owner: owner.clone(), cents: *cents }).collect::<Vec<_>>()
    };
    Repository::<Wallet>::new(store).upsert(wallet, decide).await.unwrap().position().unwrap()
}

/// Catches up, also if the lease of a process that was killed has not ended.
async fn catch_up<P: Projection>(store: &MongoStore) {
    while let Err(error) = parking::<P>(store).catch_up().await {
        assert!(matches!(error, SubscriptionError::Held { .. }), "{error}");
        end_leases(store).await;
    }
}

/// Retries until it is not interrupted.
async fn retry<P: Projection<Key = String>>(store: &MongoStore, owner: &str) -> Retried {
    loop {
        match store.dead_letters::<P>().retry(owner).await {
            Ok(retried) => return retried,
            Err(DeadLettersError::Lost { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

buggy!(OneOfThousand, ONE_OF_THOUSAND_IS_MENDED);

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_rows_one_fails_and_all_others_are_the_fold_of_the_log() {
    let store = empty_store().await;
    let owners: Vec<_> = (0..1_000).map(|number| format!("owner {number}")).collect();
    let mut rounds = Vec::new();
    for round in 0..3 {
        let earned =
            owners.iter().map(|owner| (owner.clone(), if round == 1 && owner == "owner 500" { 13 } else { round }));
        rounds.push(earn(&store, "w", earned.collect()).await);
        // The last two rounds are folded in one batch.
        if round == 0 {
            catch_up::<OneOfThousand>(&store).await;
        }
    }
    catch_up::<OneOfThousand>(&store).await;
    for owner in owners.iter().filter(|owner| *owner != "owner 500") {
        let row = store.read_model::<OneOfThousand>().get(owner.as_str()).await.unwrap().unwrap();
        assert_eq!(row.cents, [0, 1, 2], "{owner}");
    }
    let letters = store.dead_letters::<OneOfThousand>().list().await.unwrap();
    let [failed, behind] = letters.as_slice() else { panic!("{letters:?}") };
    assert!(matches!(&failed.reason, ParkReason::Failed { error, .. } if error.contains("thirteen")), "{failed:?}");
    assert_eq!(behind.reason, ParkReason::Behind);
    assert!(rounds[0] < failed.position && failed.position <= rounds[1] && rounds[1] < behind.position);
    let closed = store.read_model::<OneOfThousand>().get("owner 500").await.unwrap_err();
    let ReadModelError::Parked { key, position, .. } = &closed else { panic!("{closed}") };
    assert_eq!((key.as_str(), *position), ("owner 500", failed.position));
    let stored = rows(&store, "one_of_thousand_v1").find_one(doc! { "_id": "owner 500" }).await.unwrap().unwrap();
    assert_eq!(stored.get_array("cents").unwrap().as_slice(), [0_i64.into()], "it is as before the event");
    let health = store.health().await.unwrap();
    assert_eq!(health.problems().map(|(_, problem)| problem).collect::<Vec<_>>(), [Problem::Parked { events: 2 }]);

    ONE_OF_THOUSAND_IS_MENDED.store(true, Ordering::Relaxed);
    assert_eq!(retry::<OneOfThousand>(&store, "owner 500").await.folded, 2);
    let log = folded::<OneOfThousand>(&store).await;
    for owner in &owners {
        let row = store.read_model::<OneOfThousand>().get(owner.as_str()).await.unwrap();
        assert_eq!(row.as_ref(), log.get(owner.as_str()), "{owner}");
    }
    assert_eq!(store.health().await.unwrap().problems().count(), 0);
}

buggy!(Killed, KILLED_IS_MENDED);

/// Every seventh event cannot be folded at first.
fn earned(number: usize) -> (String, i64) {
    let cents = if number.is_multiple_of(7) { 13 } else { i64::try_from(number).unwrap() + 100 };
    (OWNERS[number % 5].to_owned(), cents)
}

async fn assert_all_folded<P: Projection<Key = String, Row = P> + PartialEq + std::fmt::Debug>(store: &MongoStore) {
    catch_up::<P>(store).await;
    assert_eq!(store.dead_letters::<P>().list().await.unwrap(), []);
    let log = folded::<P>(store).await;
    for owner in &OWNERS[..5] {
        let row = store.read_model::<P>().get(*owner).await.unwrap();
        assert_eq!(row.as_ref(), log.get(*owner), "{owner}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_folded_or_parked_once_whenever_a_process_is_killed() {
    let store = empty_store().await;
    let writing = async {
        for number in 0..200 {
            earn(&store, &format!("wallet {}", number % 9), vec![earned(number)]).await;
        }
    };
    let killing = async {
        for round in 0..20 {
            let other = open(store.database().name()).await;
            let run = parking::<Killed>(&other).run();
            let killed = tokio::time::timeout(Duration::from_millis(9 * round), run).await;
            assert!(killed.is_err(), "{killed:?}");
            end_leases(&store).await;
        }
    };
    tokio::join!(writing, killing);
    catch_up::<Killed>(&store).await;
    let letters = store.dead_letters::<Killed>().list().await.unwrap();
    let is_failed = |letter: &&es_core::store::DeadLetter| letter.reason != ParkReason::Behind;
    assert_eq!(letters.iter().filter(is_failed).count(), 5, "the first failure of each owner");
    for owner in &OWNERS[..5] {
        let read = store.read_model::<Killed>().get(*owner).await;
        assert!(matches!(read, Err(ReadModelError::Parked { .. })), "{owner} {read:?}");
    }

    // The retries are killed, too.
    KILLED_IS_MENDED.store(true, Ordering::Relaxed);
    for round in 0..20 {
        let other = open(store.database().name()).await;
        let letters = other.dead_letters::<Killed>();
        let retrying = letters.retry(OWNERS[usize::try_from(round % 5).unwrap()]);
        drop(tokio::time::timeout(Duration::from_millis(5 * round), retrying).await);
    }
    for owner in &OWNERS[..5] {
        retry::<Killed>(&store, owner).await;
    }
    assert_all_folded::<Killed>(&store).await;
}

buggy!(Running, RUNNING_IS_MENDED);

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_while_others_fold_and_record_loses_nothing_and_counts_nothing_twice() {
    let store = empty_store().await;
    let other = open(store.database().name()).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(parking::<Running>(&other).run_until(async { drop(stopped.await) }));
    let writing = async {
        for number in 0..300 {
            earn(&store, &format!("wallet {}", number % 9), vec![earned(number)]).await;
        }
    };
    let retrying = async {
        // Something is parked before the code is mended.
        while !matches!(store.dead_letters::<Running>().list().await, Ok(letters) if !letters.is_empty()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        RUNNING_IS_MENDED.store(true, Ordering::Relaxed);
        for owner in OWNERS[..5].iter().cycle().take(25) {
            retry::<Running>(&store, owner).await;
        }
    };
    tokio::join!(writing, retrying);
    drop(stop);
    running.await.unwrap().unwrap();
    for owner in &OWNERS[..5] {
        retry::<Running>(&store, owner).await;
    }
    assert_all_folded::<Running>(&store).await;
}

/// No two wallets have the same owner.
#[derive(Projection, Debug, Default, PartialEq)]
#[projection(version = 1, key = aggregate_id, events(Wallet(Earned, ..)), unique(last_owner))]
struct Owned {
    last_owner: String,
}

impl Apply<Earned> for Owned {
    fn apply(&mut self, event: Earned, _: &Context) {
        self.last_owner = event.owner;
    }
}

async fn fold_owned(store: &MongoStore) {
    let subscriptions = Subscriptions::on(store).project_with::<Owned>(|options| options.on_error(OnError::Park));
    subscriptions.catch_up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_a_unique_index_refuses_is_parked_and_a_skip_opens_it() {
    let store = empty_store().await;
    for (wallet, owner) in [("w1", "ann"), ("w2", "bob"), ("w3", "cid")] {
        earn(&store, wallet, vec![(owner.to_owned(), 1)]).await;
    }
    fold_owned(&store).await;
    let refused = earn(&store, "w2", vec![("ann".to_owned(), 1)]).await;
    earn(&store, "w4", vec![("dora".to_owned(), 1)]).await;
    fold_owned(&store).await;
    earn(&store, "w2", vec![("eve".to_owned(), 1)]).await;
    fold_owned(&store).await;
    let letters = store.dead_letters::<Owned>();
    let listed = letters.list().await.unwrap();
    let [failed, behind] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((failed.key.as_str(), failed.position), ("w2", refused));
    let ParkReason::Failed { error, .. } = &failed.reason else { panic!("{failed:?}") };
    assert!(error.contains("`lastOwner_1`") && error.contains("`w2`"), "{error}");
    assert_eq!(behind.reason, ParkReason::Behind);
    let owned = store.read_model::<Owned>();
    assert_eq!(owned.get("w4").await.unwrap().unwrap().last_owner, "dora");
    assert!(matches!(owned.get("w2").await, Err(ReadModelError::Parked { .. })));
    // It is refused again as long as the other row has the value.
    let again = letters.retry("w2").await.unwrap();
    let ParkReason::Failed { error, attempts: 2 } = again.failed.clone().unwrap().reason else { panic!("{again:?}") };
    assert!(error.contains("`lastOwner_1`"), "{error}");

    let skipped = letters.skip(failed.position, "till", "the owner was wrong").await.unwrap();
    let stored = rows(&store, "skipped_events").find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!((stored.get_str("who").unwrap(), stored.get_str("why").unwrap()), ("till", "the owner was wrong"));
    assert_eq!(letters.retry("w2").await.unwrap().folded, 1);
    assert_eq!(owned.get("w2").await.unwrap().unwrap().last_owner, "eve");

    // After a reset, it is left out again, with its record.
    store.reset(&ReadModelId::of::<Owned>()).await.unwrap();
    fold_owned(&store).await;
    assert_eq!(owned.get("w2").await.unwrap().unwrap().last_owner, "eve");
    assert_eq!(letters.list().await.unwrap(), []);
    assert_eq!(letters.skipped().await.unwrap(), skipped);
}

buggy!(Restricted, RESTRICTED_IS_MENDED);

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_rights_are_enough_and_do_not_delete_what_was_skipped() {
    let secured = Secured::prepared().await;
    let on = |collection: &str, actions: &[&str]| {
        doc! { "resource": { "db": secured.admin.name(), "collection": collection }, "actions": actions }
    };
    let created = ["find", "insert", "createCollection", "listIndexes", "createIndex"];
    let changed = ["find", "insert", "update", "remove", "createCollection", "listIndexes", "createIndex"];
    let folds = doc! { "createRole": "folder", "roles": [secured.roles.name(Role::Writer)], "privileges": [
        on("subscriptions", &["find", "insert", "update", "remove", "createCollection"]),
        on("restricted_v1", &changed),
        on("dead_letters", &[&created[..], &["remove"]].concat()),
        on("skipped_events", &created),
    ] };
    secured.admin.run_command(folds).await.unwrap();
    let folder = doc! { "createUser": "folder", "pwd": PASSWORD, "roles": ["folder"] };
    secured.admin.run_command(folder).await.unwrap();
    let store = secured.try_open("folder").await.unwrap();

    let failed = earn(&store, "w", vec![("ann".into(), 13)]).await;
    earn(&store, "w", vec![("ann".into(), 1)]).await;
    parking::<Restricted>(&store).catch_up().await.unwrap();
    let letters = store.dead_letters::<Restricted>();
    letters.skip(failed, "till", "a test").await.unwrap();
    assert_eq!(letters.retry("ann").await.unwrap().folded, 1);
    store.reset(&ReadModelId::of::<Restricted>()).await.unwrap();
    parking::<Restricted>(&store).catch_up().await.unwrap();
    assert_eq!(store.read_model::<Restricted>().get("ann").await.unwrap().unwrap().cents, [1]);
    for name in ["dead_letters", "skipped_events"] {
        let indexes = rows(&store, name).list_index_names().await.unwrap();
        assert!(indexes.contains(&"subscription_1_key_1_position_1".to_owned()), "{name} {indexes:?}");
    }
    assert!(rows(&store, "skipped_events").delete_many(doc! {}).await.is_err(), "a record is deleted");
}

/// `Earned` of newer code.
#[event(version = 2, name = "Earned", since = 1)]
struct NewerEarned {
    owner: String,
    cents: i64,
}

buggy!(Old, OLD_IS_MENDED);

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_newer_code_is_left_to_newer_code_and_not_parked() {
    use es_core::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent};
    use es_core::{Metadata, StreamId};
    let store = empty_store().await;
    let newer = EventData::encode("Earned", &NewerEarned { owner: "ann".into(), cents: 5 }).unwrap();
    let newer = NewEvent::from_data("Earned", 2, newer, Metadata::new()).unwrap();
    let stream = StreamId::of::<Wallet>("w").unwrap();
    store.append(Append::new(stream, ExpectedVersion::NONE, vec![newer])).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_secs(2), parking::<Old>(&store).run());
    assert!(waits.await.is_err(), "it has stopped");
    assert_eq!(store.dead_letters::<Old>().list().await.unwrap(), []);
    let partitions = rows(&store, "subscriptions");
    let stopped = doc! { "$or": [{ "failure": { "$exists": true } }, { "position": { "$gt": 0 } }] };
    let counted = partitions.count_documents(stopped).await.unwrap();
    assert_eq!(counted, 0, "it has passed the event, or has stopped");
}
