//! Queries for one event or one aggregate: they find everything that is read as the requested
//! event, and refuse a name that does not exist.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use es_core::error::QueryError;
use es_core::memory::MemoryStore;
use es_core::query::EventQuery;
use es_core::repository::{Events, IntoEvents};
use es_core::store::{EventSet, Store};
use es_core::{Event, Position, Repository, StoreError, StreamId};
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;
use tests::account::{Account, Deposited, append, day, import, raw};
use tests::empty_store;
use tests::log::{Log, log_this_thread};
use tests::order::{Closed, Order, OrderEvent, Paid, Shipped, record};
use tests::stores::TestStore;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

tests::on_both_stores! {
    an_event_is_found_under_every_name_and_in_every_form_in_which_it_was_stored
    a_name_that_does_not_exist_is_an_error_and_not_an_empty_answer
    the_events_of_one_aggregate_come_in_their_order_whatever_their_timestamps
    positions_bound_a_query_and_determine_its_order
}

/// Two orders with every name and every form in which a payment was ever stored, and other events.
async fn record_orders(store: &(impl Store + Clone)) {
    let first = [
        ("Paid", doc! { "cents": 100_i64 }),
        ("Payed", doc! { "cents": 200_i64 }),
        ("Reminded", doc! {}),
        ("PaidAndShipped", doc! { "cents": 300_i64, "address": "here" }),
        ("Settled", doc! { "cents": 400_i64 }),
    ];
    let second = [
        ("PayedAndShipped", doc! { "cents": 500_i64, "address": "there" }),
        ("Shipped", doc! { "address": "elsewhere" }),
        ("Settled", doc! { "cents": null }),
        ("Closed", doc! {}),
    ];
    record(store, "first", day(0), &first).await;
    record(store, "second", day(1), &second).await;
    import(store, "an-account", 3).await;
}

/// The events in their current form.
async fn meant(events: Events<OrderEvent>) -> Vec<(&'static str, u64)> {
    let events = events.collect().await.unwrap();
    events.into_iter().map(|event| (event.data.event_type(), event.position.get())).collect()
}

/// A query for one event finds the same as a filter over all events of the aggregate.
async fn finds_what_is_left_of_all<E: Event + IntoEvents<OrderEvent>>(store: &impl TestStore) {
    let all = || store.events();
    let mut expected = meant(all().read_as::<Order>()).await;
    expected.retain(|(event_type, _)| *event_type == E::TYPE);
    assert!(expected.len() >= 3, "{expected:?}");
    assert_eq!(meant(all().of::<E>().read_as::<Order>()).await, expected);
    assert_eq!(meant(all().of_type(E::TYPE).by_user("shop").read_as::<Order>()).await, expected);
    assert_eq!(meant(all().of::<E>().after_position(Position::FIRST).read_as::<Order>()).await.len(), {
        expected.iter().filter(|(_, position)| *position > 1).count()
    });
    assert_eq!(all().of::<E>().count_as::<Order>().await.unwrap(), expected.len() as u64);
    assert_eq!(all().of::<E>().limit(2).count_as::<Order>().await.unwrap(), 2);
    assert_eq!(meant(all().of::<E>().limit(2).read_as::<Order>()).await, expected[..2]);
    expected.reverse();
    assert_eq!(meant(all().of::<E>().newest_first().read_as::<Order>()).await, expected);
}

async fn an_event_is_found_under_every_name_and_in_every_form_in_which_it_was_stored(store: impl TestStore) {
    record_orders(&store).await;
    for name in ["Paid", "Payed"] {
        let paid = store.events().of_type(name).read_as::<Order>().collect().await.unwrap();
        let cents = paid.iter().map(|event| match &event.data {
            OrderEvent::Paid(paid) => paid.cents,
            other => panic!("{other:?}"),
        });
        assert_eq!(cents.sum::<i64>(), 1_500);
    }
    for archived in [false, true] {
        if archived {
            assert!(store.archive_before::<Order>(day(50)).await.is_none_or(|moved| moved > 0));
        }
        finds_what_is_left_of_all::<Paid>(&store).await;
        finds_what_is_left_of_all::<Shipped>(&store).await;
        finds_what_is_left_of_all::<Closed>(&store).await;
    }
    let literally = store.events().stored_as("PaidAndShipped");
    assert_eq!(literally.clone().count().await.unwrap(), 1);
    assert_eq!(meant(literally.read_as::<Order>()).await, [("Paid", 4), ("Shipped", 4)]);
}

#[track_caller]
fn assert_unknown<T: std::fmt::Debug>(answer: Result<T, StoreError>, event_type: &str, reason: &str) {
    let error = answer.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StoreError::Query(QueryError::UnknownEventType { .. })), "{text}");
    assert!(text.contains(&format!("`{event_type}`")) && text.contains(reason), "{text}");
}

async fn a_name_that_does_not_exist_is_an_error_and_not_an_empty_answer<S: TestStore>(store: S) {
    record_orders(&store).await;
    for (name, reason) in [
        ("Payd", "Order has `Paid`, `Shipped`, `Closed`"),
        ("Deposited", "Order has"),
        ("Reminded", "Order has retired it"),
        ("PaidAndShipped", "Order reads it as `Paid`, `Shipped`"),
        ("PayedAndShipped", "Order reads it as `Paid`, `Shipped`"),
        ("", "Order has"),
    ] {
        let query = || store.events().of_type(name);
        assert_unknown(query().read_as::<Order>().collect().await, name, reason);
        assert_unknown(query().limit(5).page_as::<Order>().await, name, reason);
        assert_unknown(query().count_as::<Order>().await, name, reason);
    }
    let reason = "nothing is stored under it";
    for archived in [false, true] {
        if archived {
            store.archive_before::<Order>(day(50)).await;
        }
        let query = || store.events().stored_as("Payd");
        assert_unknown(query().read().collect().await, "Payd", reason);
        assert_unknown(query().newest_first().limit(5).page().await, "Payd", reason);
        assert_unknown(query().count().await, "Payd", reason);
        assert_unknown(query().read_as::<Order>().collect().await, "Payd", "Order has `Paid`, `Shipped`, `Closed`");
        let of_another = store.events().stored_as("Deposited");
        assert_unknown(of_another.read_as::<Order>().collect().await, "Deposited", "Order has");
        // An aggregate knows names under which nothing is stored yet.
        let not_yet = S::empty().await;
        for name in ["Paid", "Payed", "PayedAndShipped", "Reminded"] {
            assert!(not_yet.events().stored_as(name).read_as::<Order>().collect().await.unwrap().is_empty());
        }
        // A name may exist without an event among the selected ones.
        let none = || store.events().stored_as("Payed").since(day(70));
        assert_eq!(none().read().collect().await.unwrap(), []);
        assert_eq!(none().count().await.unwrap(), 0);
    }
}

async fn the_events_of_one_aggregate_come_in_their_order_whatever_their_timestamps(store: impl TestStore) {
    import(&store, "a", 3).await;
    import(&store, "b", 3).await;
    let late = vec![
        raw("Deposited", 1, &doc! { "cents": 1_i64 }, day(-9)),
        raw("Deposited", 1, &doc! { "cents": 1_i64 }, day(9)),
    ];
    append(&store, "a", 3, late).await;
    let stream = StreamId::of::<Account>("a").unwrap();
    let query = || store.events().of_aggregate(&stream);
    let sequences = async |query: EventQuery| -> Vec<u64> {
        query.read().collect().await.unwrap().iter().map(|event| event.sequence.get()).collect()
    };
    for archived in [false, true] {
        if archived {
            store.archive_before::<Account>(day(50)).await;
        }
        assert_eq!(sequences(query()).await, [1, 2, 3, 4, 5]);
        assert_eq!(sequences(query().newest_first().limit(2)).await, [5, 4]);
        assert_eq!(sequences(query().since(day(1))).await, [2, 3, 5]);
        assert_eq!(sequences(query().stored_as("Deposited").by_user("clerk")).await, [2, 3]);
        assert_eq!(sequences(query().after_position(Position::FIRST).until(day(2))).await, [2, 3, 4]);
        assert_eq!(query().count().await.unwrap(), 5);
        assert_eq!(query().of::<Deposited>().read_as::<Account>().collect().await.unwrap().len(), 4);
        assert_eq!(store.events().of_aggregates::<Account>().count().await.unwrap(), 8);
        assert_eq!(store.events().of_aggregates::<Order>().count().await.unwrap(), 0);
    }
    for refused in
        [query().of_aggregates::<Order>(), store.events().of_aggregates::<Order>().of_aggregates::<Account>()]
    {
        let error = refused.read().collect().await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Query(QueryError::Conditions { reason }) if reason.contains("Order")),
            "{error}"
        );
    }
    let error = query().read_as::<Order>().collect().await.unwrap_err();
    assert!(matches!(error, StoreError::Query(QueryError::Conditions { .. })), "{error}");
    let other = StreamId::new("Order", "a").unwrap();
    assert_eq!(sequences(store.events().of_aggregate(&other)).await, [0; 0]);
}

async fn positions_bound_a_query_and_determine_its_order(store: impl TestStore) {
    for (id, at) in [("a", 9), ("b", 5), ("c", 7)] {
        let past = vec![("Paid", doc! { "cents": 1_i64 }); 4];
        record(&store, id, day(at), &past).await;
    }
    let at = |position| Position::try_from(position).unwrap();
    let positions = async |query: EventQuery| -> Vec<u64> {
        query.read().collect().await.unwrap().iter().map(|event| event.position.get()).collect()
    };
    let all = || store.events();
    for archived in [false, true] {
        if archived {
            assert!(store.archive_before::<Order>(day(8)).await.is_none_or(|moved| moved > 0));
        }
        assert_eq!(positions(all().after_position(at(3)).until_position(at(6))).await, [4, 5, 6]);
        assert_eq!(positions(all().after_position(at(9)).newest_first()).await, [12, 11, 10]);
        assert_eq!(positions(all().until_position(at(6)).since(day(6))).await, [1, 2, 3, 4]);
        assert_eq!(positions(all().until_position(at(2)).by_user("shop")).await, [1, 2]);
        assert_eq!(positions(all().after_position(at(12))).await, [0; 0]);
        assert_eq!(all().after_position(at(3)).until_position(at(6)).count().await.unwrap(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_is_the_number_of_events_that_are_read() {
    let store = empty_store().await;
    for id in ["a", "b", "c"] {
        import(&store, id, 20).await;
    }
    let all = || store.events();
    let queries = || {
        [
            all(),
            all().limit(7),
            all().limit(0),
            all().stored_as("Deposited").newest_first(),
            all().by_user("clerk").since(day(3)).until(day(15)),
            all().by_user("nobody"),
            all().of_correlation("nothing"),
            all().until_position(Position::try_from(33).unwrap()),
        ]
    };
    let collection = |name| store.database().collection::<Document>(name);
    for state in ["in use", "archived", "archived, with copies of a run that was killed"] {
        if state == "archived" {
            assert_eq!(store.archive::<Account>(day(12)).run().await.unwrap().moved, 36);
        } else if state != "in use" {
            let left: Vec<Document> =
                collection("events").find(doc! {}).limit(5).await.unwrap().try_collect().await.unwrap();
            collection("events_archive").insert_many(left).await.unwrap();
        }
        for query in queries() {
            let read = query.clone().read().collect().await.unwrap().len() as u64;
            assert_eq!(query.clone().count().await.unwrap(), read, "{state}: {query:?}");
        }
        assert_eq!(all().count().await.unwrap(), 60);
    }
}

#[tokio::test]
async fn a_query_and_a_history_have_spans_with_the_kinds_of_their_conditions_and_no_value_of_a_user() {
    assert_spans(MemoryStore::empty().await, None).await;
    assert_spans(MongoStore::empty().await, Some(r#"read_stream{aggregate="Order"}"#)).await;
}

/// The spans of both stores, and one more of this store.
async fn assert_spans(store: impl TestStore, of_the_store: Option<&str>) {
    record_orders(&store).await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::DEBUG).with_ansi(false);
    let logged = log_this_thread(subscriber.with_span_events(FmtSpan::NEW).with_writer(log.clone()).finish());
    let query = store.events().of::<Paid>().by_user("secret-user").of_correlation("secret-correlation").newest_first();
    query.read_as::<Order>().collect().await.unwrap();
    store.events().of_aggregate(&StreamId::of::<Order>("first").unwrap()).count().await.unwrap();
    Repository::<Order>::new(&store).history("first").unwrap().collect().await.unwrap();
    drop(logged);
    let text = log.text();
    for span in [
        r#"query{aggregate="Order" event="Paid" order="time" newest_first=true one_aggregate=false by_user=true of_correlation=true continued=false}"#,
        r#"query{aggregate="Order" order="sequence" newest_first=false one_aggregate=true by_user=false of_correlation=false continued=false}"#,
    ]
    .into_iter()
    .chain(of_the_store)
    {
        assert!(text.contains(span), "{span} is not in {text}");
    }
    assert!(!text.contains("secret"), "{text}");
}
