//! The assertions about stored names, which the compiler evaluates.

use super::Kind;
use crate::store::EventInfo;

/// Compares names in a `const` assertion, because `==` on strings is not `const`.
pub const fn same_name(left: &str, right: &str) -> bool {
    same_bytes(left.as_bytes(), right.as_bytes())
}

/// The assertions compare each event of a list with each one before it, so this decides what they
/// cost at compile time. There a call is slow, even that of `len`, and a pattern needs none.
const fn same_bytes(mut left: &[u8], mut right: &[u8]) -> bool {
    // Backwards, because the ends of event names differ more often than their beginnings.
    while let ([left_start @ .., left_end], [right_start @ .., right_end]) = (left, right) {
        if *left_end != *right_end {
            return false;
        }
        (left, right) = (left_start, right_start);
    }
    matches!((left, right), ([], []))
}

/// Whether every older name of a predecessor is one of its successor too, because only the names of
/// the newest version are looked up.
pub const fn keeps_aliases(old: &[&str], new: &[&str]) -> bool {
    let mut kept = 0;
    while kept < old.len() {
        let mut at = 0;
        while at < new.len() && !same_name(old[kept], new[at]) {
            at += 1;
        }
        if at == new.len() {
            return false;
        }
        kept += 1;
    }
    true
}

/// The first of `others`, up to `end`, that shares a stored name with `event`: its index, and the
/// name.
pub const fn first_clash<'a>(event: &EventInfo, others: &'a [EventInfo], end: usize) -> Option<(usize, &'a str)> {
    let name = event.event_type.as_bytes();
    let mut at = 0;
    while at < end {
        let other = &others[at];
        if same_bytes(other.event_type.as_bytes(), name) {
            return Some((at, other.event_type));
        }
        if !matches!((other.aliases, event.aliases), ([], []))
            && let Some(name) = shared_name(other, event)
        {
            return Some((at, name));
        }
        at += 1;
    }
    None
}

/// The entries of a list of events.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    events: &'a [EventInfo],
    /// The texts that errors show.
    shown: &'a [&'a str],
    kinds: &'a [Kind],
    /// The number of entries, from the first one, that are certainly right.
    right: usize,
}

impl<'a> List<'a> {
    /// The entries, as three tables of the same length.
    pub const fn new(events: &'a [EventInfo], shown: &'a [&'a str], kinds: &'a [Kind]) -> Self {
        Self { events, shown, kinds, right: right(events, kinds) }
    }
}

/// Compares digests of the names, because the compiler takes long for each step. From the first entry
/// on for which that is not enough, the assertions compare the names.
const fn right(events: &[EventInfo], kinds: &[Kind]) -> usize {
    const MOST: usize = 256;
    let mut digests = [0; MOST];
    let mut at = 0;
    while at < events.len() && at < MOST {
        if !matches!((&kinds[at], events[at].aliases), (Kind::Event, [])) {
            return at;
        }
        let digest = digest(events[at].event_type.as_bytes());
        let mut other = 0;
        while other < at {
            if digests[other] == digest {
                return at;
            }
            other += 1;
        }
        digests[at] = digest;
        at += 1;
    }
    at
}

/// Different names can have the same digest.
#[allow(clippy::manual_rotate, reason = "the compiler evaluates operators faster than a call")]
const fn digest(mut name: &[u8]) -> u64 {
    let mut digest = 0;
    while let [byte, rest @ ..] = name {
        digest = (digest << 5 | digest >> 59) ^ (*byte as u64);
        name = rest;
    }
    digest
}

/// Refuses an entry of a list that is an enum of events, an event that is split, or an event that
/// shares a stored name with one before it in the list.
///
/// # Panics
///
/// If it is so. It runs in a `const`, so the panic is a compile error in the
/// caller's code.
#[track_caller]
pub const fn assert_listed(at: usize, list: List<'_>) {
    if at < list.right {
        return;
    }
    if matches!(list.kinds[at], Kind::Set) {
        let shown = list.shown[at];
        let parts = ["`", shown, "` is an enum of events; write `events = ", shown, "` instead of listing it"];
        panic!("{}", Message::of(&parts).as_str());
    }
    assert_one_event(at, list);
}

/// The same for a variant that holds an event of a type, `held`.
///
/// # Panics
///
/// As [`assert_listed`].
#[track_caller]
pub const fn assert_held(held: &str, at: usize, list: List<'_>) {
    if matches!(list.kinds[at], Kind::Set) {
        let parts = ["`", held, "` is an enum of events, so it is not one event; write its variants here"];
        panic!("{}", Message::of(&parts).as_str());
    }
    assert_one_event(at, list);
}

#[track_caller]
const fn assert_one_event(at: usize, List { events, shown, kinds, right }: List<'_>) {
    if at < right {
        return;
    }
    if matches!(kinds[at], Kind::Split) {
        let parts = ["`", shown[at], "` is read as other events, because it is split; list it in `split(..)`"];
        panic!("{}", Message::of(&parts).as_str());
    }
    if let Some((other, name)) = first_clash(&events[at], events, at) {
        let tail = "`; list only the newest version of an event, or give one of them another `name`";
        let parts = ["`", shown[at], "` and `", shown[other], "` are both stored as `", name, tail];
        panic!("{}", Message::of(&parts).as_str());
    }
}

/// The first event that is stored under a name: its index, and the name.
pub const fn first_named<'a>(name: &str, events: &'a [EventInfo]) -> Option<(usize, &'a str)> {
    let mut at = 0;
    while at < events.len() {
        if has_name(&events[at], name) {
            return Some((at, events[at].event_type));
        }
        at += 1;
    }
    None
}

const fn shared_name(left: &EventInfo, right: &EventInfo) -> Option<&'static str> {
    if has_name(right, left.event_type) {
        return Some(left.event_type);
    }
    let mut at = 0;
    while at < left.aliases.len() {
        if has_name(right, left.aliases[at]) {
            return Some(left.aliases[at]);
        }
        at += 1;
    }
    None
}

const fn has_name(event: &EventInfo, name: &str) -> bool {
    if same_name(event.event_type, name) {
        return true;
    }
    let mut at = 0;
    while at < event.aliases.len() {
        if same_name(event.aliases[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

/// A message that a `const` assertion composes.
#[derive(Debug)]
pub struct Message {
    bytes: [u8; Self::CAPACITY],
    length: usize,
}

impl Message {
    const CAPACITY: usize = 1024;

    /// Concatenates the parts, and cuts the text if it is too long.
    pub const fn of(parts: &[&str]) -> Self {
        let mut message = Self { bytes: [0; Self::CAPACITY], length: 0 };
        let mut part = 0;
        while part < parts.len() {
            let bytes = parts[part].as_bytes();
            let mut at = 0;
            while at < bytes.len() && message.length < Self::CAPACITY {
                message.bytes[message.length] = bytes[at];
                message.length += 1;
                at += 1;
            }
            part += 1;
        }
        message
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "the stored names of the events clash",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event_type: &'static str, aliases: &'static [&'static str]) -> EventInfo {
        EventInfo { event_type, version: 1, aliases }
    }

    fn check(events: &[EventInfo], kinds: &[Kind]) {
        let shown: Vec<&str> = events.iter().map(|event| event.event_type).collect();
        let list = List::new(events, &shown, kinds);
        for at in 0..events.len() {
            assert_listed(at, list);
        }
    }

    fn check_events(events: &[EventInfo]) {
        check(events, &vec![Kind::Event; events.len()]);
    }

    /// Events with different names.
    fn many(count: usize) -> Vec<EventInfo> {
        let name = |at| -> &'static str { Box::leak(format!("Event{at}").into_boxed_str()) };
        (0..count).map(|at| event(name(at), &[])).collect()
    }

    #[test]
    fn different_names_may_have_one_digest() {
        let names = ["aXXXXXXXXXXXXa", "cXXXXXXXXXXXXe"];
        assert_eq!(digest(names[0].as_bytes()), digest(names[1].as_bytes()));
        check_events(&names.map(|name| event(name, &[])));
    }

    #[test]
    #[should_panic(expected = "`Event3` and `Event3` are both stored as `Event3`")]
    fn a_name_that_is_used_twice_is_refused() {
        let mut events = many(5);
        events[4] = events[3];
        check_events(&events);
    }

    #[test]
    #[should_panic(expected = "`Event300` and `Event299` are both stored as `Event299`")]
    fn a_name_that_is_an_alias_of_one_of_many_events_is_refused() {
        let mut events = many(301);
        events[300].aliases = &["Event299"];
        check_events(&events);
    }

    #[test]
    #[should_panic(expected = "`Event2` and `Event0` are both stored as `Event2`")]
    fn a_name_that_is_an_alias_of_an_earlier_event_is_refused() {
        let mut events = many(3);
        events[0].aliases = &["Event2"];
        check_events(&events);
    }

    #[test]
    #[should_panic(expected = "`Event1` is read as other events")]
    fn a_split_event_is_refused() {
        check(&many(2), &[Kind::Event, Kind::Split]);
    }

    #[test]
    fn many_events_with_different_names_are_accepted() {
        check_events(&many(300));
    }
}
