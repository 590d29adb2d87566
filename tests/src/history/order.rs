//! Checks whether the stored events have one order, which contains the order of each stream.

use std::collections::{BTreeMap, BTreeSet};

use super::{Broken, History, Stored};

pub(super) fn check(history: &History, broken: &mut BTreeSet<Broken>) {
    let mut positions: Vec<u64> = history.stored.iter().map(|event| event.position).collect();
    positions.extend(&history.skipped);
    positions.sort_unstable();
    for pair in positions.windows(2) {
        if pair[0] == pair[1] {
            broken.insert(Broken::GivenTwice(pair[0]));
        }
    }
    positions.dedup();
    if let Some((_, open)) = positions.iter().zip(1..).find(|(position, expected)| **position != *expected) {
        broken.insert(Broken::Open(open));
    }
    check_streams(&by_position(history), broken);
}

/// The stored events in the order of their positions.
pub(super) fn by_position(history: &History) -> Vec<&Stored> {
    let mut by_position: Vec<&Stored> = history.stored.iter().collect();
    by_position.sort_by_key(|event| event.position);
    by_position
}

fn check_streams(by_position: &[&Stored], broken: &mut BTreeSet<Broken>) {
    let mut streams: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for event in by_position {
        streams.entry(&event.stream).or_default().push(event.sequence);
    }
    for (stream, mut sequences) in streams {
        if !sequences.is_sorted() {
            broken.insert(Broken::OutOfOrder(stream.to_owned()));
        }
        sequences.sort_unstable();
        if !sequences.into_iter().zip(1..).all(|(sequence, expected)| sequence == expected) {
            broken.insert(Broken::Sequences(stream.to_owned()));
        }
    }
}
