//! What the store has stored after the rounds of a row.

use std::collections::HashMap;

use es_mongo::MongoStore;
use es_mongo::mongodb::bson::doc;
use es_mongo::mongodb::bson::raw::RawDocumentBuf;
use futures_util::TryStreamExt;

use crate::Outcome;

/// Checks that no position is open, that the order of each stream is the order of positions, and
/// that what was acknowledged is stored. A position is open if it has neither an event nor a skip.
pub(super) async fn positions(store: &MongoStore, acknowledged: u64, failed: u64) -> Outcome {
    let events = store.database().collection::<RawDocumentBuf>("events");
    let fields = doc! { "_id": 0, "position": 1, "aggregateId": 1, "aggregateType": 1, "sequenceNumber": 1 };
    let mut cursor = events.find(doc! {}).sort(doc! { "position": 1 }).projection(fields).batch_size(50_000).await?;
    let (mut last, mut stored) = (0, 0);
    let mut heads = HashMap::new();
    while let Some(event) = cursor.try_next().await? {
        let position = event.get_i64("position")?;
        assert_eq!(position, last + 1, "a position is open, or given out twice");
        last = position;
        if event.get_str("aggregateType")? == "$skip" {
            continue;
        }
        stored += 1;
        let head = heads.entry(event.get_str("aggregateId")?.to_owned()).or_insert(0);
        *head += 1;
        assert_eq!(
            event.get_i64("sequenceNumber")?,
            *head,
            "the order of positions differs from the order of a stream"
        );
    }
    assert!(
        (acknowledged..=acknowledged + failed).contains(&stored),
        "{stored} events are stored, {acknowledged} appends were acknowledged, and {failed} failed"
    );
    Ok(())
}
