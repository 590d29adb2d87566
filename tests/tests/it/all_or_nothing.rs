//! A refusal by the server within a batch or an append affects no other append, and leaves nothing
//! behind.

use es_core::repository::IntoEvents;
use es_core::store::{Append, Appended, EventData, EventStore, ExpectedVersion, NewEvent};
use es_core::{Metadata, StoreError, StreamId, Version};
use es_mongo::mongodb::bson::doc;
use futures_util::future::join_all;
use tests::counter::{Counter, CounterEvent, OneAdded};
use tests::empty_store;

fn event() -> NewEvent {
    let event: CounterEvent = OneAdded { by: "someone".into() }.into_events().remove(0);
    NewEvent::encode(&event, Metadata::new()).unwrap()
}

fn append(id: &str, events: Vec<NewEvent>) -> Append {
    Append::new(StreamId::of::<Counter>(id).unwrap(), ExpectedVersion::NONE, events)
}

/// An event that the validator of the collection refuses, because versions count from 1.
fn refused_by_the_server() -> NewEvent {
    let data = EventData::encode("OneAdded", &OneAdded { by: "someone".into() }).unwrap();
    NewEvent::from_data("OneAdded", 0, data, Metadata::new()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_second_event_the_server_refuses_leaves_nothing() {
    let store = empty_store().await;
    let answer = store.append(append("a", vec![event(), refused_by_the_server(), event()])).await;
    assert!(matches!(answer, Err(StoreError::Refused { .. })), "{answer:?}");
    assert_eq!(store.head(&StreamId::of::<Counter>("a").unwrap()).await.unwrap().version(), Version::NONE);
    let next = store.append(append("b", vec![event()])).await.unwrap();
    assert_eq!(next.receipt().stamps[0].position.get(), 1, "a refused append has used a position");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_appends_in_the_middle_of_a_batch_leave_no_hole() {
    let store = empty_store().await;
    store.append(append("s7", vec![event()])).await.unwrap();
    let ids: Vec<String> = (0..20).map(|number| format!("s{number}")).collect();
    let appends = ids.iter().map(|id| {
        let event = if id == "s12" { refused_by_the_server() } else { event() };
        store.append(append(id, vec![event]))
    });
    let answers = join_all(appends).await;
    let refused: Vec<usize> =
        answers.iter().enumerate().filter(|(_, answer)| answer.is_err()).map(|(at, _)| at).collect();
    assert_eq!(refused, [7, 12], "{answers:?}");
    let receipts = answers.iter().flatten().map(Appended::receipt);
    let mut acknowledged: Vec<u64> = receipts.map(|receipt| receipt.stamps[0].position.get()).collect();
    acknowledged.sort_unstable();
    assert_eq!(acknowledged, (2..=19).collect::<Vec<u64>>());
    let events = store.database().collection::<es_mongo::mongodb::bson::Document>("events");
    let highest = events.find_one(doc! {}).sort(doc! { "position": -1 }).await.unwrap().unwrap();
    assert_eq!(highest.get_i64("position").unwrap(), 19);
    assert_eq!(events.count_documents(doc! {}).await.unwrap(), 19);
}
