//! Laws of appends to one stream that are sent together.

use super::append::{append_id, named, with_key};
use super::{all, append, expect, is_conflict, number, numbers, stored, stream};
use crate::store::{Append, Appended, ExpectedVersion, Store};
use crate::{EventId, StoreError, Version};

/// Each append that is sent together with others is an append like any other: it has its own
/// events, receipt, ids and key.
pub async fn appends_in_turn_are_recorded_in_order_each_with_its_own_receipt(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [0])).await);
    let cases: [(&str, u32, &[i64]); 3] = [("first", 1, &[1]), ("second", 2, &[2, 3]), ("third", 4, &[4])];
    let turn = cases.iter().map(|(key, expected, events)| with_key("a", *expected, key, events)).collect();
    let answers = store.append_in_turn(turn).await;
    assert_eq!(answers.len(), 3, "{answers:?}");
    let stored = stored(&store, &stream("a")).await;
    assert_eq!(stored.iter().map(number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(stored.is_sorted_by_key(|event| event.position), "positions grow along the stream");
    for ((key, expected, events), answer) in cases.into_iter().zip(answers) {
        let Ok(Appended::Now(receipt)) = answer else { panic!("{key}: {answer:?}") };
        assert_eq!(receipt.version, Version::from(expected).plus(events.len() as u64), "{key}");
        let of_key = stored.iter().filter(|event| events.contains(&number(event)));
        let of_key: Vec<_> = of_key.map(|event| (event.id, event.sequence, event.position)).collect();
        let stamps: Vec<_> = receipt.stamps.iter().map(|stamp| (stamp.id, stamp.sequence, stamp.position)).collect();
        assert_eq!(stamps, of_key, "{key}");
        assert_eq!(expect(store.find_append(&stream("a"), &append_id(key)).await), Some(receipt), "{key}");
    }
    assert!(store.append_in_turn(Vec::new()).await.is_empty());
}

/// The appends before one that is not recorded are recorded, and those after it are not: the
/// version that they expect was not reached.
pub async fn of_appends_in_turn_none_is_recorded_after_one_that_is_not(store: impl Store + Clone) {
    type IsExpected = fn(&Result<Appended, StoreError>) -> bool;
    let second = |id: &str| with_key(id, 2, "second", &[2]);
    let ids = |append: Append| Append { event_ids: Some(EventId::block(3)), ..append };
    let other = |append: Append| Append { events: vec![named("Removed", &[])], ..append };
    let beyond = |append: Append| Append { expected: ExpectedVersion::exactly(7.into()), ..append };
    let cases: [(&str, Append, IsExpected); 5] = [
        (
            "repeated",
            second("repeated").with_id(append_id("used")),
            |answer| matches!(answer, Ok(Appended::Already(receipt)) if receipt.version == 1),
        ),
        ("reused", other(second("reused")).with_id(append_id("used")), |answer| {
            matches!(answer, Err(StoreError::AppendIdReused { .. }))
        }),
        ("ids", ids(second("ids")), |answer| matches!(answer, Err(StoreError::Refused { .. }))),
        ("empty", append("empty", 2, []), |answer| matches!(answer, Err(StoreError::EmptyAppend { .. }))),
        ("beyond", beyond(second("beyond")), |answer| matches!(answer, Err(StoreError::Conflict { .. }))),
    ];
    for (id, failing, is_expected) in cases {
        expect(store.append(with_key(id, 0, "used", &[0])).await);
        let third = with_key(id, 3, "third", &[3]);
        let answers = store.append_in_turn(vec![with_key(id, 1, "first", &[1]), failing, third]).await;
        let [first, second, third] = answers.as_slice() else { panic!("{id}: {answers:?}") };
        assert!(matches!(first, Ok(Appended::Now(receipt)) if receipt.version == 2), "{id}: {first:?}");
        assert!(is_expected(second), "{id}: {second:?}");
        assert!(matches!(third, Err(StoreError::Conflict { expected, .. }) if *expected == 3), "{id}: {third:?}");
        assert_eq!(numbers(&store, id).await, [0, 1], "{id}");
        assert_eq!(expect(store.find_append(&stream(id), &append_id("third")).await), None, "{id}");
        let again = expect(store.append(with_key(id, 2, "third", &[3])).await);
        assert!(matches!(again, Appended::Now(_)), "{id}: {again:?}");
    }
}

/// If the first of them meets a conflict, nothing is recorded.
pub async fn appends_in_turn_that_expect_an_older_version_are_conflicts_and_write_nothing(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [1, 2])).await);
    for first in [0, 1, 3] {
        let turn = (first..first + 3).map(|expected| append("a", expected, [9])).collect();
        let answers = store.append_in_turn(turn).await;
        assert!(is_conflict(&answers[0], first.into(), 2), "{answers:?}");
        let are_conflicts = answers.iter().all(|answer| matches!(answer, Err(StoreError::Conflict { .. })));
        assert!(answers.len() == 3 && are_conflicts, "{answers:?}");
    }
    assert_eq!(numbers(&store, "a").await, [1, 2]);
}

/// Of several callers that send appends in turn after the same version, one wins with all of them.
pub async fn one_of_concurrent_callers_wins_with_all_its_appends_in_turn(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [0])).await);
    let turn = |caller: i64| (1_u32..=3).map(|expected| append("a", expected, [caller])).collect();
    let answers = all((1..=8).map(|caller| store.append_in_turn(turn(caller)))).await;
    let won = answers.iter().filter(|answers| answers.iter().all(Result::is_ok)).count();
    let is_conflict = |answer: &Result<Appended, StoreError>| matches!(answer, Err(StoreError::Conflict { .. }));
    let lost = answers.iter().filter(|answers| answers.iter().all(is_conflict)).count();
    assert_eq!((won, lost), (1, 7), "{answers:?}");
    let numbers = numbers(&store, "a").await;
    assert!(numbers.len() == 4 && numbers[1..].iter().all(|number| *number == numbers[1]), "{numbers:?}");
}
