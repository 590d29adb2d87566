//! Decides which appends share one commit.

use std::collections::{HashSet, VecDeque};

use es_core::StreamId;

use crate::append::commit::Heads;
use crate::append::request::Request;

/// The largest number of events in one commit, unless a single append has more.
///
/// This is far below the 100,000 documents at which the driver would split an insert. A larger
/// batch would only delay the answer to its first caller.
pub(crate) const MAX_EVENTS: usize = 2_000;

/// The largest size of one commit in bytes, unless a single append is larger. This is far below the
/// 48 MB at which the driver would split an insert.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Transactions with at least this number of events are not written at the same time.
///
/// Large transactions with neighbouring positions slow each other down on the server. With up to 2,000
/// events in each, four at a time, an insert that takes 0.1 s alone took up to 10 s on MongoDB 6.0.5. It
/// was running all the time, and waited for no lock.
const MANY_EVENTS: usize = 500;

/// Whether a batch is a transaction with many events.
pub(crate) fn is_large_transaction(batch: &[Request]) -> bool {
    are_large(batch.iter())
}

fn are_large<'a>(requests: impl Iterator<Item = &'a Request>) -> bool {
    let sizes = requests.map(Request::events);
    let (events, largest) = sizes.fold((0, 0), |(sum, largest), events| (sum + events, largest.max(events)));
    events >= MANY_EVENTS && largest > 1
}

/// The size of a batch, in commits of the largest size. It is above one only if a single append is
/// larger than that.
pub(crate) fn commits_worth(batch: &[Request]) -> u32 {
    let events: usize = batch.iter().map(Request::events).sum();
    let bytes: usize = batch.iter().map(Request::bytes).sum();
    let commits = events.div_ceil(MAX_EVENTS).max(bytes.div_ceil(MAX_BYTES)).max(1);
    u32::try_from(commits).unwrap_or(u32::MAX)
}

/// An append, and those to the same stream that follow it in the same commit.
#[derive(Debug)]
pub(crate) struct Group {
    first: Request,
    /// Each expects the version after the one before it.
    followers: Vec<Request>,
}

impl Group {
    pub(crate) fn one(request: Request) -> Self {
        Self { first: request, followers: Vec::new() }
    }

    /// Appends to one stream, of which each expects the version after the previous one. `None` if
    /// there are none.
    pub(crate) fn in_turn(requests: Vec<Request>) -> Option<Self> {
        let mut requests = requests.into_iter();
        let first = requests.next()?;
        let mut followers: Vec<_> = requests.collect();
        let mut previous = &first;
        for follower in &mut followers {
            follower.follow(previous);
            previous = follower;
        }
        Some(Self { first, followers })
    }

    fn all(&self) -> impl Iterator<Item = &Request> {
        std::iter::once(&self.first).chain(&self.followers)
    }

    fn events(&self) -> usize {
        self.all().map(Request::events).sum()
    }

    fn bytes(&self) -> usize {
        self.all().map(Request::bytes).sum()
    }
}

/// Appends that wait for the next commit, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Batcher {
    waiting: VecDeque<Group>,
    events: usize,
    bytes: usize,
}

impl Batcher {
    pub(crate) fn push(&mut self, group: Group) {
        self.events += group.events();
        self.bytes += group.bytes();
        self.waiting.push_back(group);
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

    /// Takes the appends of the next commit: at most one group for each stream, and none for a
    /// stream that a different commit is writing to. The others stay here, in order.
    pub(crate) fn take(&mut self, busy: &HashSet<StreamId>) -> Vec<Request> {
        let waiting = std::mem::take(&mut self.waiting);
        (self.events, self.bytes) = (0, 0);
        let mut batch = Vec::new();
        let shares = shares(&waiting, busy);
        for (group, shares) in waiting.into_iter().zip(shares) {
            if shares {
                batch.push(group.first);
                batch.extend(group.followers);
            } else {
                self.push(group);
            }
        }
        batch
    }

    /// Whether [`take`](Self::take) takes a transaction with many events.
    pub(crate) fn is_large_transaction(&self, busy: &HashSet<StreamId>) -> bool {
        let shares = self.waiting.iter().zip(shares(&self.waiting, busy));
        let taken = shares.filter_map(|(group, shares)| shares.then_some(group));
        are_large(taken.flat_map(Group::all))
    }

    /// Answers appends that expect a version that their stream has passed. An append with an id is
    /// not answered here, because a commit must first look up the id.
    pub(crate) fn answer_outdated(&mut self, heads: &Heads) {
        let is_outdated = |group: &Group| {
            let head = heads.get(group.first.stream());
            let has_no_id = group.all().all(|request| request.append_id().is_none());
            has_no_id && head.is_some_and(|head| group.first.prepared.expected() < *head)
        };
        if heads.is_empty() || !self.waiting.iter().any(is_outdated) {
            return;
        }
        for group in std::mem::take(self).waiting {
            match heads.get(group.first.stream()) {
                Some(actual) if is_outdated(&group) => {
                    for request in std::iter::once(group.first).chain(group.followers) {
                        request.answer_conflict(*actual);
                    }
                }
                _ => self.push(group),
            }
        }
    }
}

/// For each waiting group, whether it is part of the next commit.
fn shares(waiting: &VecDeque<Group>, busy: &HashSet<StreamId>) -> Vec<bool> {
    let mut streams = HashSet::with_capacity(waiting.len());
    let (mut events, mut bytes, mut is_full) = (0, 0, false);
    let mut shares = Vec::with_capacity(waiting.len());
    for group in waiting {
        // A later append to the same stream must not go first.
        let stream = group.first.stream();
        let is_first = !busy.contains(stream) && streams.insert(stream);
        let fits = events + group.events() <= MAX_EVENTS && bytes + group.bytes() <= MAX_BYTES;
        let share = is_first && !is_full && (fits || events == 0);
        is_full |= is_first && !share;
        if share {
            events += group.events();
            bytes += group.bytes();
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

    fn group(id: &str, events: usize) -> Group {
        Group::one(request(id, events))
    }

    fn ids(requests: &[Request]) -> Vec<&str> {
        requests.iter().map(|request| request.stream().aggregate_id().as_str()).collect()
    }

    #[test]
    fn appends_to_one_stream_do_not_share_a_commit() {
        let mut batcher = Batcher::default();
        for id in ["a", "b", "a", "c"] {
            batcher.push(group(id, 1));
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
            batcher.push(group(id, MAX_EVENTS - 1));
        }
        assert_eq!(ids(&batcher.take(&HashSet::new())), ["a"]);
        assert_eq!(ids(&batcher.take(&HashSet::new())), ["b"]);
        assert_eq!(batcher.len(), 1);
    }

    #[test]
    fn a_transaction_is_large_if_it_has_many_events_and_one_append_has_several() {
        let mut batcher = Batcher::default();
        for id in 0..MANY_EVENTS {
            batcher.push(group(&id.to_string(), 1));
        }
        assert!(!batcher.is_large_transaction(&HashSet::new()));
        batcher.push(group("several", 2));
        assert!(batcher.is_large_transaction(&HashSet::new()));
        assert!(is_large_transaction(&batcher.take(&HashSet::new())));
        batcher.push(group("a", MANY_EVENTS));
        batcher.push(group("b", 2));
        let busy = HashSet::from([StreamId::new("Test", "a").unwrap()]);
        assert!(!batcher.is_large_transaction(&busy));
    }

    #[test]
    fn an_append_larger_than_a_commit_gets_a_separate_one() {
        let mut batcher = Batcher::default();
        batcher.push(group("a", MAX_EVENTS + 1));
        let batch = batcher.take(&HashSet::new());
        assert_eq!((ids(&batch), commits_worth(&batch)), (vec!["a"], 2));
    }
}
