//! Tests of the checker on constructed histories, each of which violates one rule.

mod read_models;

use super::*;

fn mark(number: u32) -> Mark {
    Mark { process: 0, writer: 0, number }
}

fn place(at: u64) -> Place {
    Place { sequence: at, position: at }
}

/// An attempt of one event, sent at ten times `at` and answered five later.
fn asked(number: u32, at: u64, answer: Answer) -> Asked {
    let (asked, answered) = (Nanos(at * 10), Nanos(at * 10 + 5));
    Asked { mark: mark(number), stream: "s".into(), events: 1, asked, answered, answer }
}

fn acknowledged(number: u32) -> Asked {
    asked(number, number.into(), Answer::Acknowledged(place(number.into())))
}

fn several(number: u32, events: u32, answer: Answer) -> Asked {
    Asked { events, ..asked(number, number.into(), answer) }
}

fn event(number: u32, index: u32, sequence: u64, position: u64) -> Stored {
    Stored { mark: mark(number), index, stream: "s".into(), sequence, position }
}

fn stored(number: u32, at: u64) -> Stored {
    event(number, 0, at, at)
}

/// An event that a reader was given at the time at which the append of that number is sent.
fn seen(number: u32, position: u64) -> Seen {
    Seen { position, mark: mark(number), index: 0, given: Nanos(u64::from(number) * 10) }
}

fn reader(process: u32, seen: Vec<Seen>) -> BTreeMap<String, Reader> {
    BTreeMap::from([("r".to_owned(), Reader { process, seen })])
}

fn history(asked: &[Asked], stored: &[Stored]) -> History {
    History { asked: asked.to_vec(), stored: stored.to_vec(), ..History::default() }
}

fn breaks(history: &History, expected: &Broken) {
    let broken = check(history);
    assert!(broken.contains(expected), "{broken:?}");
}

#[test]
fn a_sound_history_breaks_nothing() {
    let again = asked(1, 9, Answer::Already(place(1)));
    let asked = [
        acknowledged(1),
        again,
        asked(2, 2, Answer::Unknown),
        asked(3, 3, Answer::Unknown),
        asked(4, 4, Answer::Conflict),
        asked(5, 5, Answer::Refused),
        several(6, 2, Answer::Acknowledged(place(3))),
    ];
    let stored = [stored(1, 1), stored(2, 2), event(6, 0, 3, 3), event(6, 1, 4, 4)];
    let resolved = vec![Resolved { mark: mark(2), found: Some(place(2)) }, Resolved { mark: mark(3), found: None }];
    let loaded = vec![Loaded { process: 0, stream: "s".into(), sequence: 2, at: Nanos(59) }];
    let readers = reader(0, vec![seen(1, 1), seen(2, 2), seen(6, 3)]);
    let sound = History { resolved, loaded, readers, undisturbed: true, ..history(&asked, &stored) };
    assert_eq!(check(&sound), BTreeSet::new());
}

#[test]
fn an_acknowledged_append_that_is_missing_is_lost() {
    breaks(&history(&[acknowledged(1)], &[]), &Broken::Lost(mark(1)));
}

#[test]
fn a_refused_append_that_is_stored_is_found() {
    for answer in [Answer::Refused, Answer::Conflict] {
        breaks(&history(&[asked(1, 1, answer)], &[stored(1, 1)]), &Broken::RefusedButStored(mark(1)));
    }
}

#[test]
fn an_event_that_is_stored_twice_is_found() {
    breaks(&history(&[acknowledged(1)], &[stored(1, 1), stored(1, 2)]), &Broken::Duplicated(mark(1)));
}

#[test]
fn two_acknowledgements_of_one_append_are_found() {
    let again = asked(1, 2, Answer::Acknowledged(place(1)));
    breaks(&history(&[acknowledged(1), again], &[stored(1, 1)]), &Broken::AcknowledgedTwice(mark(1)));
}

#[test]
fn an_event_elsewhere_than_acknowledged_is_found() {
    breaks(&history(&[acknowledged(2)], &[stored(2, 1)]), &Broken::Misplaced(mark(2)));
    let elsewhere = Stored { stream: "other".into(), ..stored(1, 1) };
    breaks(&history(&[acknowledged(1)], &[elsewhere]), &Broken::Misplaced(mark(1)));
}

#[test]
fn an_already_that_no_earlier_attempt_can_have_recorded_is_found() {
    let already = asked(1, 2, Answer::Already(place(1)));
    breaks(&history(std::slice::from_ref(&already), &[stored(1, 1)]), &Broken::NotAlready(mark(1)));
    breaks(&history(&[asked(1, 1, Answer::Conflict), already.clone()], &[stored(1, 1)]), &Broken::NotAlready(mark(1)));
    breaks(&history(&[already, asked(1, 9, Answer::Unknown)], &[stored(1, 1)]), &Broken::NotAlready(mark(1)));
}

#[test]
fn an_already_that_is_not_stored_is_lost() {
    let already = asked(1, 2, Answer::Already(place(1)));
    breaks(&history(&[asked(1, 1, Answer::Unknown), already], &[]), &Broken::Lost(mark(1)));
}

#[test]
fn an_event_that_nobody_asked_for_is_found() {
    breaks(&history(&[], &[stored(1, 1)]), &Broken::NeverAsked(mark(1)));
}

#[test]
fn an_append_of_several_events_that_is_stored_in_part_is_found() {
    let three = several(1, 3, Answer::Acknowledged(place(1)));
    let part = [event(1, 0, 1, 1), event(1, 1, 2, 2)];
    breaks(&history(&[three], &part), &Broken::Torn(mark(1)));
}

#[test]
fn events_of_one_append_with_a_foreign_event_in_between_are_found() {
    let two = several(1, 2, Answer::Acknowledged(place(1)));
    let other = asked(2, 1, Answer::Acknowledged(place(2)));
    let torn = [event(1, 0, 1, 1), event(2, 0, 2, 2), event(1, 1, 3, 3)];
    breaks(&history(&[two, other], &torn), &Broken::Torn(mark(1)));
}

#[test]
fn an_unknown_outcome_has_to_be_resolved_correctly() {
    let unknown = [asked(1, 1, Answer::Unknown)];
    breaks(&history(&unknown, &[stored(1, 1)]), &Broken::NotResolved(mark(1)));
    let resolved = |found| vec![Resolved { mark: mark(1), found }];
    let missing = History { resolved: resolved(None), ..history(&unknown, &[stored(1, 1)]) };
    breaks(&missing, &Broken::WronglyResolved(mark(1)));
    let invented = History { resolved: resolved(Some(place(1))), ..history(&unknown, &[]) };
    breaks(&invented, &Broken::WronglyResolved(mark(1)));
}

#[test]
fn gaps_and_repetitions_are_found() {
    let asked = [asked(1, 1, Answer::Unknown), asked(2, 1, Answer::Unknown)];
    breaks(&history(&asked, &[event(1, 0, 1, 1), event(2, 0, 3, 2)]), &Broken::Sequences("s".into()));
    breaks(&history(&asked, &[event(1, 0, 1, 1), event(2, 0, 1, 2)]), &Broken::Sequences("s".into()));
    breaks(&history(&asked, &[event(1, 0, 1, 1), event(2, 0, 2, 1)]), &Broken::GivenTwice(1));
}

#[test]
fn a_position_with_neither_an_event_nor_a_skip_is_open() {
    let with_gap = history(&[acknowledged(1), acknowledged(2)], &[event(1, 0, 1, 1), event(2, 0, 2, 4)]);
    breaks(&with_gap, &Broken::Open(2));
    breaks(&History { skipped: vec![2], ..with_gap.clone() }, &Broken::Open(3));
    let decided = check(&History { skipped: vec![2, 3], ..with_gap });
    assert!(!decided.iter().any(|broken| matches!(broken, Broken::Open(_))), "{decided:?}");
}

#[test]
fn a_position_with_both_an_event_and_a_skip_is_found() {
    let skipped = History { skipped: vec![1], ..history(&[acknowledged(1)], &[stored(1, 1)]) };
    breaks(&skipped, &Broken::GivenTwice(1));
}

#[test]
fn a_stream_against_the_order_of_positions_is_found() {
    let asked = [asked(1, 1, Answer::Unknown), asked(2, 1, Answer::Unknown)];
    breaks(&history(&asked, &[event(1, 0, 1, 2), event(2, 0, 2, 1)]), &Broken::OutOfOrder("s".into()));
}

/// Two streams: the append 1 of process 0 is stored at position 2, and then the append 2 of a
/// process is sent and stored at position 1.
fn against_time(process: u32) -> History {
    let early = asked(1, 1, Answer::Acknowledged(Place { sequence: 1, position: 2 }));
    let mark = Mark { process, ..mark(2) };
    let late = asked(2, 2, Answer::Acknowledged(Place { sequence: 1, position: 1 }));
    let late = Asked { mark, stream: "t".into(), ..late };
    let late_event = Stored { mark, stream: "t".into(), ..event(2, 0, 1, 1) };
    history(&[early, late], &[event(1, 0, 1, 2), late_event])
}

fn only_in_readers(broken: &Broken) -> bool {
    broken.harm() == Harm::Missed
}

#[test]
fn a_position_below_one_that_was_acknowledged_before_it_was_asked_for_is_found_in_an_undisturbed_run() {
    let late = Mark { process: 1, ..mark(2) };
    breaks(&History { undisturbed: true, ..against_time(1) }, &Broken::AgainstTime(late));
    // After an election the counter of positions may go back, and process 1 has not seen the event.
    assert_eq!(check(&against_time(1)), BTreeSet::new());
}

#[test]
fn a_position_below_one_that_the_same_process_has_appended_is_found() {
    breaks(&against_time(0), &Broken::AgainstCause(mark(2)));
}

#[test]
fn a_position_below_one_that_the_process_has_loaded_is_found() {
    let late = Mark { process: 1, ..mark(2) };
    let loaded = |process, at| vec![Loaded { process, stream: "s".into(), sequence: 1, at: Nanos(at) }];
    breaks(&History { loaded: loaded(1, 19), ..against_time(1) }, &Broken::AgainstCause(late));
    // Loaded after the append was sent, or by a different process.
    assert_eq!(check(&History { loaded: loaded(1, 20), ..against_time(1) }), BTreeSet::new());
    assert_eq!(check(&History { loaded: loaded(2, 19), ..against_time(1) }), BTreeSet::new());
}

#[test]
fn a_position_below_one_that_a_reader_of_the_process_was_given_is_found() {
    let late = Mark { process: 1, ..mark(2) };
    let given = |process| reader(process, vec![Seen { given: Nanos(19), ..seen(1, 2) }]);
    breaks(&History { readers: given(1), ..against_time(1) }, &Broken::AgainstCause(late));
    let by_others = check(&History { readers: given(2), ..against_time(1) });
    assert!(by_others.iter().all(only_in_readers), "{by_others:?}");
}

fn followed(seen: Vec<Seen>) -> History {
    let stored = [stored(1, 1), stored(2, 2), event(3, 0, 3, 4)];
    let third = asked(3, 3, Answer::Acknowledged(Place { sequence: 3, position: 4 }));
    let asked = [acknowledged(1), acknowledged(2), third];
    History { readers: reader(0, seen), skipped: vec![3], ..history(&asked, &stored) }
}

#[test]
fn a_reader_passes_a_skip() {
    assert_eq!(check(&followed(vec![seen(1, 1), seen(2, 2), seen(3, 4)])), BTreeSet::new());
}

#[test]
fn a_reader_that_missed_an_event_is_found() {
    breaks(&followed(vec![seen(2, 2)]), &Broken::Missed("r".into(), 0));
    breaks(&followed(vec![seen(1, 1), seen(3, 4)]), &Broken::Missed("r".into(), 1));
}

#[test]
fn a_reader_that_received_a_position_at_or_below_one_that_it_had_passed_is_found() {
    breaks(&followed(vec![seen(1, 1), seen(1, 1)]), &Broken::WentBack("r".into(), 1));
    breaks(&followed(vec![seen(1, 1), seen(2, 2), seen(1, 1)]), &Broken::WentBack("r".into(), 2));
}

#[test]
fn a_reader_that_saw_an_event_that_is_not_stored_is_found() {
    breaks(&followed(vec![seen(2, 1)]), &Broken::SawOther("r".into(), 1));
    breaks(&followed(vec![seen(1, 1), seen(2, 2), seen(3, 3)]), &Broken::SawOther("r".into(), 3));
    breaks(&followed(vec![seen(1, 1), seen(2, 2), seen(3, 4), seen(4, 5)]), &Broken::SawOther("r".into(), 5));
}

#[test]
fn a_reader_that_ends_before_the_last_event_of_its_process_is_found() {
    breaks(&followed(vec![seen(1, 1), seen(2, 2)]), &Broken::Behind("r".into(), 4));
    breaks(&followed(vec![]), &Broken::Behind("r".into(), 4));
    // The events of a different process may come later.
    let mut other = followed(vec![seen(1, 1)]);
    other.readers = reader(7, vec![seen(1, 1)]);
    assert_eq!(check(&other), BTreeSet::new());
}
