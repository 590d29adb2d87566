//! Checks whether every append is stored as its callers were answered.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Asked, Broken, History, Mark, Place, Stored};

pub(super) fn check(history: &History, broken: &mut BTreeSet<Broken>) {
    let mut tries: BTreeMap<Mark, Vec<&Asked>> = BTreeMap::new();
    for asked in &history.asked {
        tries.entry(asked.mark).or_default().push(asked);
    }
    let mut stored: BTreeMap<Mark, Vec<&Stored>> = BTreeMap::new();
    for event in &history.stored {
        stored.entry(event.mark).or_default().push(event);
    }
    let resolved: BTreeMap<Mark, Option<Place>> =
        history.resolved.iter().map(|resolved| (resolved.mark, resolved.found)).collect();
    for (mark, events) in &mut stored {
        events.sort_by_key(|event| (event.index, event.position));
        match tries.get(mark) {
            Some(tries) => check_events(*mark, tries[0].events, events, broken),
            None => drop(broken.insert(Broken::NeverAsked(*mark))),
        }
    }
    for (mark, tries) in &tries {
        let first = stored.get(mark).map(|events| events[0]);
        check_tries(*mark, tries, first, broken);
        let is_unknown = tries.iter().any(|asked| asked.answer == Answer::Unknown);
        match resolved.get(mark) {
            None if is_unknown => drop(broken.insert(Broken::NotResolved(*mark))),
            Some(found) if *found != first.map(place) => drop(broken.insert(Broken::WronglyResolved(*mark))),
            _ => {}
        }
    }
}

fn place(event: &Stored) -> Place {
    Place { sequence: event.sequence, position: event.position }
}

/// All events of one append are stored, or none; each once, and consecutively.
fn check_events(mark: Mark, asked: u32, events: &[&Stored], broken: &mut BTreeSet<Broken>) {
    let distinct: BTreeSet<u32> = events.iter().map(|event| event.index).collect();
    if distinct.len() < events.len() {
        broken.insert(Broken::Duplicated(mark));
    } else {
        let follow = events.windows(2).all(|pair| {
            pair[0].stream == pair[1].stream
                && pair[0].sequence + 1 == pair[1].sequence
                && pair[0].position + 1 == pair[1].position
        });
        if !follow || !distinct.into_iter().eq(0..asked) {
            broken.insert(Broken::Torn(mark));
        }
    }
}

fn check_tries(mark: Mark, tries: &[&Asked], first: Option<&Stored>, broken: &mut BTreeSet<Broken>) {
    for asked in tries {
        let Some(place_told) = asked.answer.place() else { continue };
        match first {
            None => broken.insert(Broken::Lost(mark)),
            Some(event) if place(event) != place_told || event.stream != asked.stream => {
                broken.insert(Broken::Misplaced(mark))
            }
            Some(_) => continue,
        };
    }
    let acknowledged = tries.iter().filter(|asked| matches!(asked.answer, Answer::Acknowledged(_))).count();
    if acknowledged > 1 {
        broken.insert(Broken::AcknowledgedTwice(mark));
    }
    // An earlier attempt may have recorded it, if that attempt was sent before this one was
    // answered, and was not refused.
    for already in tries.iter().filter(|asked| matches!(asked.answer, Answer::Already(_))) {
        let may_have = |other: &&&Asked| {
            matches!(other.answer, Answer::Acknowledged(_) | Answer::Unknown) && other.asked <= already.answered
        };
        if tries.iter().find(may_have).is_none() {
            broken.insert(Broken::NotAlready(mark));
        }
    }
    let refused = |asked: &&Asked| matches!(asked.answer, Answer::Conflict | Answer::Refused);
    if first.is_some() && tries.iter().all(refused) {
        broken.insert(Broken::RefusedButStored(mark));
    }
}
