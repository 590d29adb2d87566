//! Checks the positions in the events and the archive: from 1, each has exactly one event or skip.

use std::collections::HashMap;
use std::time::Duration;

use bson::doc;
use bson::raw::RawBson;
use es_core::{Position, StoreError};
use tokio::time::sleep;

use super::order::ByPosition;
use super::{Finding, VerificationReport};
use crate::collections::Collections;
use crate::document::field::{ID, POSITION, SEQUENCE};
use crate::document::{documents, integer_in, position_in, stream_index};
use crate::error::store_error;
use crate::merge::{Found, Merge};

/// The number of positions that are looked up at once.
const LOOKUP: usize = 500;

/// How long a position may be missing, because an append has it and is not stored yet.
const GRACE: Duration = Duration::from_secs(2);

/// The first and the last of several missing positions.
type Gap = (Position, Position);

pub(super) async fn check(collections: &Collections, report: &mut VerificationReport) -> Result<(), StoreError> {
    let mut merge = Merge::new(collections.clone(), ByPosition::all());
    let mut expected = Position::FIRST;
    let (mut twice, mut gaps) = (Vec::new(), Vec::new());
    while let Some(found) = merge.next().await? {
        let Found::Same { in_use, archived } = found else {
            let reason = format!("`{POSITION}` is missing or has a different type");
            report.found(Finding::Malformed { what: "an event document".to_owned(), reason });
            continue;
        };
        let Some(position) = in_use.first().or(archived.first()).and_then(|document| position_in(document)) else {
            let reason = format!("`{POSITION}` is below 1");
            report.found(Finding::Malformed { what: "an event document".to_owned(), reason });
            continue;
        };
        gaps.extend(gap(expected, position));
        expected = position.next();
        if in_use.len() > 1 || archived.len() > 1 {
            report.found(Finding::DuplicatePosition { position });
        } else if in_use.len() + archived.len() > 1 {
            twice.push(position);
            if twice.len() >= LOOKUP {
                compare(collections, &std::mem::take(&mut twice), report).await?;
            }
        }
    }
    compare(collections, &twice, report).await?;
    if !gaps.is_empty() {
        sleep(GRACE).await;
        for gap in gaps {
            report_missing(collections, gap, report).await?;
        }
    }
    Ok(())
}

/// Reports the positions of a gap that are still missing.
async fn report_missing(
    collections: &Collections,
    (first, last): Gap,
    report: &mut VerificationReport,
) -> Result<(), StoreError> {
    let mut merge = Merge::new(collections.clone(), ByPosition::between(first, last));
    let (mut expected, mut missing) = (first, Vec::new());
    while let Some(found) = merge.next().await? {
        let Found::Same { in_use, archived } = found else { continue };
        let Some(position) = in_use.first().or(archived.first()).and_then(|document| position_in(document)) else {
            continue;
        };
        missing.extend(gap(expected, position));
        expected = position.next();
    }
    missing.extend(gap(expected, last.next()));
    for (first, last) in missing {
        report.found(Finding::PositionGap { first, last });
    }
    Ok(())
}

/// The positions from one on that are before another, if there are any.
fn gap(first: Position, before: Position) -> Option<Gap> {
    let last = Position::try_from(before.get() - 1).ok()?;
    (first <= last).then_some((first, last))
}

/// If events are ordered only within their aggregate, the position of an event is its sequence.
pub(super) async fn check_per_aggregate(
    collections: &Collections,
    report: &mut VerificationReport,
) -> Result<(), StoreError> {
    for collection in [&collections.events, &collections.archive] {
        let in_order = collections.find(collection, doc! {}).sort(stream_index());
        let mut batches = in_order.projection(doc! { POSITION: 1, SEQUENCE: 1 }).batches().await?;
        while let Some(batch) = batches.next().await? {
            for document in documents(batch.doc_slices().map_err(store_error)?) {
                let document = document?;
                let count = |field| integer_in(document, field);
                if count(POSITION) != count(SEQUENCE) {
                    report.found(Finding::Malformed {
                        what: format!("the event document with _id {:?}", document.get(ID).ok().flatten()),
                        reason: format!("`{POSITION}` is not its `{SEQUENCE}`"),
                    });
                }
            }
        }
    }
    Ok(())
}

/// Reports the positions that one event has in the events collection and a different event has in
/// the archive.
async fn compare(
    collections: &Collections,
    positions: &[Position],
    report: &mut VerificationReport,
) -> Result<(), StoreError> {
    if positions.is_empty() {
        return Ok(());
    }
    let wanted: Vec<i64> = positions.iter().map(|position| position.as_i64()).collect();
    let mut ids: HashMap<Position, RawBson> = HashMap::with_capacity(positions.len());
    for collection in [&collections.events, &collections.archive] {
        let found = collections.find(collection, doc! { POSITION: { "$in": wanted.clone() } });
        for document in found.projection(doc! { POSITION: 1 }).all().await? {
            let Some(position) = position_in(&document) else { continue };
            let id = document.get(ID).ok().flatten().map_or(RawBson::Null, RawBson::from);
            if ids.get(&position).is_some_and(|other| *other != id) {
                report.found(Finding::DuplicatePosition { position });
            }
            ids.insert(position, id);
        }
    }
    Ok(())
}
