//! Decides which appends share one commit.

use std::collections::{HashSet, VecDeque};

use es_core::{StoreError, StreamId};

use crate::append::commit::Heads;
use crate::append::request::Request;

/// The largest number of events in one commit, unless a single append has more.
///
/// This is far below the 100,000 documents at which the driver would split an insert. A larger
/// batch would only delay the answer to its first caller.
const MAX_EVENTS: usize = 2_000;

/// The largest size of one commit in bytes, unless a single append is larger. This is far below the
/// 48 MB at which the driver would split an insert.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The size of a batch, in commits of the largest size. It is above one only if a single append is
/// larger than that.
pub(crate) fn commits_worth(batch: &[Request]) -> u32 {
    let events: usize = batch.iter().map(Request::events).sum();
    let bytes: usize = batch.iter().map(Request::bytes).sum();
    let commits = events.div_ceil(MAX_EVENTS).max(bytes.div_ceil(MAX_BYTES)).max(1);
    u32::try_from(commits).unwrap_or(u32::MAX)
}

/// Appends that wait for the next commit, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Batcher {
    waiting: VecDeque<Request>,
    events: usize,
    bytes: usize,
}

impl Batcher {
    pub(crate) fn push(&mut self, request: Request) {
        self.events += request.events();
        self.bytes += request.bytes();
        self.waiting.push_back(request);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.events < MAX_EVENTS && self.bytes < MAX_BYTES
    }

    /// Takes the appends of the next commit: at most one for each stream, and none for a stream
    /// that a different commit is writing to. The others stay here, in order.
    pub(crate) fn take(&mut self, busy: &HashSet<StreamId>) -> Vec<Request> {
        let waiting = std::mem::take(&mut self.waiting);
        (self.events, self.bytes) = (0, 0);
        let mut batch = Vec::new();
        let shares = shares(&waiting, busy);
        for (request, shares) in waiting.into_iter().zip(shares) {
            if shares {
                batch.push(request);
            } else {
                self.push(request);
            }
        }
        batch
    }

    /// Answers appends that expect a version that their stream has passed. An append with an id is
    /// not answered here, because a commit must first look up the id.
    pub(crate) fn answer_outdated(&mut self, heads: &Heads) {
        let is_outdated = |request: &Request| {
            let head = heads.get(request.stream());
            request.append_id().is_none() && head.is_some_and(|head| request.prepared.expected() < *head)
        };
        if heads.is_empty() || !self.waiting.iter().any(is_outdated) {
            return;
        }
        for request in std::mem::take(self).waiting {
            match heads.get(request.stream()) {
                Some(actual) if is_outdated(&request) => {
                    let (stream, expected) = (request.stream().clone(), request.prepared.expected());
                    request.answer(Err(StoreError::Conflict { stream, expected, actual: *actual }));
                }
                _ => self.push(request),
            }
        }
    }
}

/// For each waiting append, whether it is part of the next commit.
fn shares(waiting: &VecDeque<Request>, busy: &HashSet<StreamId>) -> Vec<bool> {
    let mut streams = HashSet::with_capacity(waiting.len());
    let (mut events, mut bytes, mut is_full) = (0, 0, false);
    let mut shares = Vec::with_capacity(waiting.len());
    for request in waiting {
        // A later append to the same stream must not go first.
        let is_first = !busy.contains(request.stream()) && streams.insert(request.stream());
        let fits = events + request.events() <= MAX_EVENTS && bytes + request.bytes() <= MAX_BYTES;
        let share = is_first && !is_full && (fits || events == 0);
        is_full |= is_first && !share;
        if share {
            events += request.events();
            bytes += request.bytes();
        }
        shares.push(share);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;
    use es_core::store::{Append, EventData, ExpectedVersion, NewEvent};
    use es_core::{Metadata, StreamId, Timestamp};
    use std::time::Duration;

    fn request(id: &str, events: usize) -> Request {
        let stream = StreamId::new("Test", id).unwrap();
        let data = EventData::from(bson::serialize_to_raw_document_buf(&doc! {}).unwrap());
        let event = NewEvent::from_data("Happened", 1, data, Metadata::new()).unwrap();
        let append = Append::new(stream, ExpectedVersion::NONE, vec![event; events]);
        Request::new(append, Timestamp::now(), Duration::from_secs(1)).unwrap().0
    }

    fn ids(requests: &[Request]) -> Vec<&str> {
        requests.iter().map(|request| request.stream().aggregate_id().as_str()).collect()
    }

    #[test]
    fn appends_to_one_stream_do_not_share_a_commit() {
        let mut batcher = Batcher::default();
        for id in ["a", "b", "a", "c"] {
            batcher.push(request(id, 1));
        }
        let batch = batcher.take(&HashSet::new());
        assert_eq!(ids(&batch), ["a", "b", "c"]);
        let busy = HashSet::from([batch[0].stream().clone()]);
        assert!(batcher.take(&busy).is_empty());
        assert_eq!(ids(&batcher.take(&HashSet::new())), ["a"]);
    }

    #[test]
    fn what_exceeds_a_commit_waits_in_order_for_the_next() {
        let mut batcher = Batcher::default();
        for id in ["a", "b", "c"] {
            batcher.push(request(id, MAX_EVENTS - 1));
        }
        assert_eq!(ids(&batcher.take(&HashSet::new())), ["a"]);
        assert_eq!(ids(&batcher.take(&HashSet::new())), ["b"]);
        assert_eq!(batcher.len(), 1);
    }

    #[test]
    fn an_append_larger_than_a_commit_gets_a_separate_one() {
        let mut batcher = Batcher::default();
        batcher.push(request("a", MAX_EVENTS + 1));
        let batch = batcher.take(&HashSet::new());
        assert_eq!((ids(&batch), commits_worth(&batch)), (vec!["a"], 2));
    }
}
