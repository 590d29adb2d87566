//! Checks what the readers that follow the positions were given.

use std::collections::{BTreeMap, BTreeSet};

use super::order::by_position;
use super::{Answer, Broken, History, Reader, Stored};

/// Every reader has seen the stored events from the first one on, each event once and in the order
/// of positions, at least until the last one that its process has appended.
pub(super) fn check(history: &History, broken: &mut BTreeSet<Broken>) {
    let stored = by_position(history);
    let mut last_of: BTreeMap<u32, u64> = BTreeMap::new();
    for asked in &history.asked {
        if let Answer::Acknowledged(place) | Answer::Already(place) = asked.answer {
            let last = last_of.entry(asked.mark.process).or_default();
            *last = place.position.max(*last);
        }
    }
    for (name, reader) in &history.readers {
        if let Err(violation) = follow(name, reader, &stored) {
            broken.insert(violation);
        } else if let Some(last) = last_of.get(&reader.process)
            && reader.seen.last().is_none_or(|seen| seen.position < *last)
        {
            broken.insert(Broken::Behind(name.clone(), *last));
        }
    }
}

/// Compares what a reader has seen with the stored events, up to the first difference.
fn follow(name: &str, reader: &Reader, stored: &[&Stored]) -> Result<(), Broken> {
    let mut stored = stored.iter();
    let mut passed = 0;
    for seen in &reader.seen {
        if seen.position <= passed {
            return Err(Broken::WentBack(name.to_owned(), passed));
        }
        match stored.next() {
            Some(event) if event.position < seen.position => return Err(Broken::Missed(name.to_owned(), passed)),
            Some(event) if (event.position, event.mark, event.index) == (seen.position, seen.mark, seen.index) => {}
            _ => return Err(Broken::SawOther(name.to_owned(), seen.position)),
        }
        passed = seen.position;
    }
    Ok(())
}
