//! The counter: a small document that gives out positions.
//!
//! It is written without waiting for a majority, so an election can set it back. That is safe: the
//! unique index on positions refuses a position that is taken, and the writer asks again with a
//! higher [known](super::Known) position.
//!
//! While a writer is `alone`, it uses the positions after its last one without asking, and the
//! counter gives out none. A different writer that asks then leaves its mark in `asked`, and
//! competes: it writes at the position after the newest one. Once it has stored an event above
//! `next`, the position that the first writer wants next is taken, so that writer cannot go on
//! without asking. Only then is `alone` removed.

use bson::oid::ObjectId;
use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};
use es_core::{Position, StoreError};
use mongodb::Collection;
use mongodb::error::Result as DriverResult;

use crate::document::field::ID;
use crate::error::malformed;
use crate::handles::Handles;
use crate::patience::Patience;

/// The `_id` of the counter.
const COUNTER: &str = "counter";

/// The fields of the counter.
mod field {
    /// The highest position that was given out.
    pub(super) const NEXT: &str = "next";
    /// The writer that uses positions without asking, by an id that is new each time.
    pub(super) const ALONE: &str = "alone";
    /// A different writer that has asked in the meantime.
    pub(super) const ASKED: &str = "asked";
}

/// The highest position that the counter gives out. The rest is a reserve for writers that do not
/// ask.
const LIMIT: i64 = i64::MAX - (1 << 32);

/// The counter of a store.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    handles: Handles,
    documents: Collection<Document>,
    patience: Patience,
}

/// The time during which one writer is alone.
pub(crate) type Solitude = ObjectId;

/// A request for positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    /// The number of positions.
    pub(crate) positions: u64,
    /// The highest position that the writer has seen.
    pub(crate) known: u64,
    /// The id with which the writer itself was alone.
    pub(crate) own: Option<Solitude>,
    /// A solitude of a different writer that has ended, because this writer has stored an event
    /// above all positions that the counter had given out.
    pub(crate) over: Option<Solitude>,
    /// Begins a solitude if the counter gave out no position after this one, which the writer has
    /// got last.
    pub(crate) alone_after: Option<(Solitude, u64)>,
}

/// The answer to [`Ask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These positions belong to the writer.
    Given {
        first: Position,
        /// The highest position that the counter had given out before.
        before: u64,
        /// Whether the writer is alone from now on.
        alone: bool,
    },
    /// A different writer is alone.
    Competes {
        /// Its id.
        with: Solitude,
        /// The highest position that the counter has given out.
        next: u64,
    },
}

/// What a look at the counter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) next: u64,
    pub(crate) alone: Option<Solitude>,
    pub(crate) is_asked: bool,
}

impl Counter {
    pub(crate) fn new(handles: Handles, collection: &str, patience: Patience) -> Self {
        Self { documents: handles.records(collection), handles, patience }
    }

    /// The same counter, with another time limit for its answers.
    pub(crate) fn with_patience(&self, patience: Patience) -> Self {
        Self { patience, ..self.clone() }
    }

    /// Asks for positions. If a frozen node is asked twice, the positions of the answer that comes
    /// too late go to `late`. Positions whose answer was lost belong to nobody, so readers skip them.
    pub(crate) async fn ask<L>(
        &self,
        ask: Ask,
        late: impl Fn(Position) -> L + Clone + Send + 'static,
    ) -> Result<Answer, StoreError>
    where
        L: Future<Output = ()> + Send + 'static,
    {
        // A retryable write of the driver costs the server half as much again, because it keeps a
        // copy of the counter for each of them.
        let command = doc! {
            "findAndModify": self.documents.name(), "query": { ID: COUNTER }, "update": ask.update(), "upsert": true,
            "writeConcern": { "w": 1 },
        };
        let question = || {
            let (handles, command) = (self.handles.clone(), command.clone());
            async move { handles.command(command).await }
        };
        let late = move |answer| {
            let late = late.clone();
            async move {
                if let Ok(Answer::Given { first, .. }) = ask.read(answer) {
                    late(first).await;
                }
            }
        };
        ask.read(self.patience.ask_for(question, late).await?)
    }

    /// Gives back the last positions of a ticket, if none was given out after them. Returns whether
    /// it did.
    pub(crate) async fn give_back(&self, last: u64, unused: u64) -> Result<bool, StoreError> {
        let (last, reduced) = (stored(last)?, stored(last.saturating_sub(unused))?);
        let given_back = self.patience.ask(|| {
            let documents = self.documents.clone();
            async move {
                let filter = doc! { ID: COUNTER, field::NEXT: last };
                documents.update_one(filter, doc! { "$set": { field::NEXT: reduced } }).await
            }
        });
        Ok(given_back.await?.matched_count == 1)
    }

    pub(crate) async fn look(&self) -> Result<Look, StoreError> {
        let found = self.patience.ask(|| {
            let documents = self.documents.clone();
            async move { documents.find_one(doc! { ID: COUNTER }).await }
        });
        let counter = found.await?.unwrap_or_default();
        Ok(Look { next: next_in(&counter), alone: alone_in(&counter), is_asked: counter.contains_key(field::ASKED) })
    }
}

/// Raises the counter to a position, and waits until a majority has it. `documents` writes durably.
pub(crate) async fn raise_durably(documents: &Collection<RawDocumentBuf>, position: Position) -> DriverResult<()> {
    let raise = doc! { "$max": { field::NEXT: position.as_i64() } };
    documents.update_one(doc! { ID: COUNTER }, raise).upsert(true).await.map(drop)
}

impl Ask {
    /// The update, which the server computes from the stored counter. [`answer`](Self::answer)
    /// computes the same.
    fn update(&self) -> Vec<Document> {
        let alone = format!("${}", field::ALONE);
        let is_number = doc! { "$isNumber": format!("${}", field::NEXT) };
        let next = doc! { "$cond": [is_number, { "$toLong": format!("${}", field::NEXT) }, 0_i64] };
        let known = i64::try_from(self.known).unwrap_or(i64::MAX);
        let positions = i64::try_from(self.positions).unwrap_or(i64::MAX);
        let ended: Vec<Bson> = [self.own, self.over].into_iter().flatten().map(Bson::from).collect();
        let competes = doc! { "$and": [
            { "$ne": [{ "$type": &alone }, "missing"] }, { "$not": [{ "$in": [&alone, ended] }] },
        ] };
        let from = doc! { "$max": ["$$next", known] };
        let is_full = doc! { "$gt": ["$$from", LIMIT.saturating_sub(positions)] };
        let given = doc! { "$let": { "vars": { "from": from }, "in": {
            "$cond": [is_full, "$$next", { "$add": ["$$from", positions] }],
        } } };
        let given = doc! { "$let": { "vars": { "next": next.clone() }, "in": given } };
        let alone_then: Bson = match self.alone_after {
            None => "$$REMOVE".into(),
            Some((solitude, last)) => {
                let last = i64::try_from(last).unwrap_or(i64::MAX);
                let nobody_asked = doc! { "$eq": [{ "$type": format!("${}", field::ASKED) }, "missing"] };
                doc! { "$cond": [{ "$and": [{ "$eq": [next, last] }, nobody_asked] }, solitude, "$$REMOVE"] }.into()
            }
        };
        vec![doc! { "$set": {
            field::NEXT: { "$cond": [competes.clone(), format!("${}", field::NEXT), given] },
            field::ALONE: { "$cond": [competes.clone(), &alone, alone_then] },
            field::ASKED: { "$cond": [competes, true, "$$REMOVE"] },
        } }]
    }

    /// The answer, from the server's answer to the command.
    fn read(&self, mut answer: Document) -> Result<Answer, StoreError> {
        match answer.remove("value") {
            Some(Bson::Document(before)) => self.answer(&before),
            _ => self.answer(&Document::new()),
        }
    }

    /// The answer, from the counter as it was before.
    fn answer(&self, counter: &Document) -> Result<Answer, StoreError> {
        let (solitude, before) = (alone_in(counter), next_in(counter));
        if let Some(solitude) = solitude
            && ![self.own, self.over].contains(&Some(solitude))
        {
            return Ok(Answer::Competes { with: solitude, next: before });
        }
        let from = before.max(self.known);
        let limit = u64::try_from(LIMIT).unwrap_or(u64::MAX);
        if from > limit.saturating_sub(self.positions) {
            return Err(full(from));
        }
        let first = Position::try_from(from + 1).map_err(|_| full(from))?;
        let asked = counter.contains_key(field::ASKED);
        let alone = !asked && self.alone_after.is_some_and(|(_, last)| last == before);
        Ok(Answer::Given { first, before, alone })
    }
}

fn alone_in(counter: &Document) -> Option<Solitude> {
    // A value of a different type was set by hand. It belongs to no writer, but the server sees
    // it, so this must see it too.
    counter.get(field::ALONE).map(|alone| alone.as_object_id().unwrap_or_default())
}

/// The highest position that the counter has given out. If it was set to anything else by hand, it
/// starts at 0.
fn next_in(counter: &Document) -> u64 {
    #[allow(clippy::cast_possible_truncation, reason = "the server truncates it in the same way")]
    let next = match counter.get(field::NEXT) {
        Some(Bson::Int64(next)) => *next,
        Some(Bson::Int32(next)) => (*next).into(),
        Some(Bson::Double(next)) => *next as i64,
        _ => 0,
    };
    u64::try_from(next).unwrap_or(0)
}

fn full(next: u64) -> StoreError {
    malformed(
        "the counter of positions",
        format!("its `{}` is {next}, which leaves no positions; delete the document to repair it", field::NEXT),
    )
}

fn stored(position: u64) -> Result<i64, StoreError> {
    i64::try_from(position).map_err(|_| full(position))
}
