//! Tests of the checker on constructed histories, each of which violates one rule.

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

fn seen(number: u32, position: u64) -> Seen {
    Seen { position, mark: mark(number), index: 0 }
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
    let followed = BTreeMap::from([("r".to_owned(), vec![seen(1, 1), seen(2, 2), seen(6, 3)])]);
    assert_eq!(check(&History { resolved, followed, ..history(&asked, &stored) }), BTreeSet::new());
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
    breaks(&history(&asked, &[event(1, 0, 1, 1), event(2, 0, 2, 3)]), &Broken::Positions(1));
    breaks(&history(&asked, &[event(1, 0, 1, 1), event(2, 0, 2, 1)]), &Broken::Positions(1));
}

#[test]
fn a_stream_against_the_order_of_positions_is_found() {
    let asked = [asked(1, 1, Answer::Unknown), asked(2, 1, Answer::Unknown)];
    breaks(&history(&asked, &[event(1, 0, 1, 2), event(2, 0, 2, 1)]), &Broken::OutOfOrder("s".into()));
}

#[test]
fn a_position_below_one_that_was_acknowledged_before_it_was_asked_for_is_found() {
    let early = asked(1, 1, Answer::Acknowledged(Place { sequence: 1, position: 2 }));
    let late = asked(2, 2, Answer::Acknowledged(Place { sequence: 1, position: 1 }));
    let late_event = Stored { stream: "t".into(), ..event(2, 0, 1, 1) };
    let late = Asked { stream: "t".into(), ..late };
    breaks(&history(&[early, late], &[event(1, 0, 1, 2), late_event]), &Broken::AgainstTime(mark(2)));
}

fn followed(seen: Vec<Seen>) -> History {
    let followed = BTreeMap::from([("r".to_owned(), seen)]);
    History { followed, ..history(&[acknowledged(1), acknowledged(2)], &[stored(1, 1), stored(2, 2)]) }
}

#[test]
fn a_reader_that_missed_an_event_or_saw_one_twice_is_found() {
    breaks(&followed(vec![seen(2, 2)]), &Broken::Missed("r".into(), 0));
    breaks(&followed(vec![seen(1, 1), seen(1, 1)]), &Broken::Missed("r".into(), 1));
}

#[test]
fn a_reader_that_saw_an_event_that_is_not_stored_is_found() {
    breaks(&followed(vec![seen(2, 1)]), &Broken::SawOther("r".into(), 1));
    breaks(&followed(vec![seen(1, 1), seen(2, 2), seen(2, 3)]), &Broken::SawOther("r".into(), 3));
}
