//! Checks whether the stored events have the promised order, and whether the readers saw that
//! order.

use std::collections::{BTreeMap, BTreeSet};

use super::{Broken, History, Mark, Nanos, Stored};

pub(super) fn check(history: &History, broken: &mut BTreeSet<Broken>) {
    let mut by_position: Vec<&Stored> = history.stored.iter().collect();
    by_position.sort_by_key(|event| event.position);
    for (event, expected) in by_position.iter().zip(1..) {
        if event.position != expected {
            broken.insert(Broken::Positions(expected - 1));
            break;
        }
    }
    check_streams(&by_position, broken);
    check_time(history, broken);
    check_readers(history, &by_position, broken);
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

/// If an append was acknowledged before another was sent, it has the lower position.
fn check_time(history: &History, broken: &mut BTreeSet<Broken>) {
    let mut first_asked: BTreeMap<Mark, Nanos> = BTreeMap::new();
    let mut acknowledged: Vec<(Nanos, u64)> = Vec::new();
    for asked in &history.asked {
        let first = first_asked.entry(asked.mark).or_insert(asked.asked);
        *first = asked.asked.min(*first);
        if let Some(place) = asked.answer.place() {
            acknowledged.push((asked.answered, place.position));
        }
    }
    acknowledged.sort_unstable();
    let mut stored: Vec<(Nanos, &Stored)> =
        history.stored.iter().filter_map(|event| Some((*first_asked.get(&event.mark)?, event))).collect();
    stored.sort_by_key(|(asked, _)| *asked);
    let mut acknowledged = acknowledged.into_iter().peekable();
    let mut highest = 0;
    for (asked, event) in stored {
        while let Some((_, position)) = acknowledged.next_if(|(answered, _)| *answered < asked) {
            highest = highest.max(position);
        }
        if event.position <= highest {
            broken.insert(Broken::AgainstTime(event.mark));
        }
    }
}

/// Every reader has seen a prefix of the stored events, each event once and in order.
fn check_readers(history: &History, by_position: &[&Stored], broken: &mut BTreeSet<Broken>) {
    for (reader, seen) in &history.followed {
        for (seen, expected) in seen.iter().zip(1..) {
            if seen.position != expected {
                broken.insert(Broken::Missed(reader.clone(), expected - 1));
                break;
            }
            let is_stored = usize::try_from(expected - 1).ok().and_then(|at| by_position.get(at));
            if is_stored.is_none_or(|event| (event.mark, event.index) != (seen.mark, seen.index)) {
                broken.insert(Broken::SawOther(reader.clone(), expected));
                break;
            }
        }
    }
}
