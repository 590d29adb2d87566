//! Checks whether an append that was sent later has a higher position: after everything that its
//! process had seen before, and in an undisturbed run after everything that was acknowledged
//! before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Broken, History, Mark, Nanos, Stored};

/// A position, and since when it is known.
type Known = (Nanos, u64);

pub(super) fn check(history: &History, broken: &mut BTreeSet<Broken>) {
    let sent = sent(history);
    for (process, seen) in seen_by_process(history) {
        let own = sent.iter().filter(|(_, event)| event.mark.process == process);
        broken.extend(below(seen, own).map(Broken::AgainstCause));
    }
    if history.undisturbed {
        let acknowledged =
            history.asked.iter().filter_map(|asked| Some((asked.answered, asked.answer.place()?.position)));
        broken.extend(below(acknowledged.collect(), &sent).map(Broken::AgainstTime));
    }
}

/// The stored events with the time at which their append was sent first, in the order of these
/// times.
fn sent(history: &History) -> Vec<(Nanos, &Stored)> {
    let mut first_asked: BTreeMap<Mark, Nanos> = BTreeMap::new();
    for asked in &history.asked {
        let first = first_asked.entry(asked.mark).or_insert(asked.asked);
        *first = asked.asked.min(*first);
    }
    let mut sent: Vec<(Nanos, &Stored)> =
        history.stored.iter().filter_map(|event| Some((*first_asked.get(&event.mark)?, event))).collect();
    sent.sort_by_key(|(asked, _)| *asked);
    sent
}

/// Everything that each process has seen through its store: the answers to its appends, the
/// aggregates that it has loaded, and what its readers were given.
fn seen_by_process(history: &History) -> BTreeMap<u32, Vec<Known>> {
    let mut seen: BTreeMap<u32, Vec<Known>> = BTreeMap::new();
    for asked in &history.asked {
        if let Answer::Acknowledged(place) | Answer::Already(place) = asked.answer {
            let last = place.position + u64::from(asked.events) - 1;
            seen.entry(asked.mark.process).or_default().push((asked.answered, last));
        }
    }
    let places: BTreeMap<(&str, u64), u64> =
        history.stored.iter().map(|event| ((&*event.stream, event.sequence), event.position)).collect();
    for loaded in &history.loaded {
        if let Some(position) = places.get(&(&*loaded.stream, loaded.sequence)) {
            seen.entry(loaded.process).or_default().push((loaded.at, *position));
        }
    }
    for reader in history.readers.values() {
        seen.entry(reader.process).or_default().extend(reader.seen.iter().map(|seen| (seen.given, seen.position)));
    }
    seen
}

/// The appends that were sent after a position was known, and have an event at or below it. `sent`
/// is in the order of times.
fn below<'a>(
    mut known: Vec<Known>,
    sent: impl IntoIterator<Item = &'a (Nanos, &'a Stored)>,
) -> impl Iterator<Item = Mark> {
    known.sort_unstable();
    let (mut known, mut highest) = (known.into_iter().peekable(), 0);
    sent.into_iter().filter_map(move |(asked, event)| {
        while let Some((_, position)) = known.next_if(|(since, _)| since < asked) {
            highest = highest.max(position);
        }
        (event.position <= highest).then_some(event.mark)
    })
}
