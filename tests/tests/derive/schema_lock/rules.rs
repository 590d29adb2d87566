//! The rules, each between two releases.

use es_core::Aggregate;

use super::Lock;
use super::releases::*;

/// The lock of the first release.
pub(crate) fn first() -> Lock {
    let lock = Lock::new();
    lock.update::<first::Invoice>().unwrap();
    lock
}

/// The next release is refused, with and without an update, and the file does not change.
#[track_caller]
fn assert_refused<A: Aggregate>(lock: &Lock, parts: &[&str]) {
    let before = lock.text();
    let (checked, updated) = (lock.check::<A>().unwrap_err(), lock.update::<A>().unwrap_err());
    for part in parts {
        assert!(checked.contains(part), "`{part}` is missing in:\n{checked}");
        assert!(updated.contains(part), "`{part}` is missing in:\n{updated}");
    }
    assert!(updated.contains("nothing was written"), "{updated}");
    assert!(checked.starts_with("the schema of Invoice differs from ") && checked.contains("events.lock"), "{checked}");
    assert_eq!(lock.text(), before);
}

/// The next release has something new: the check reports it, and an update records it.
#[track_caller]
fn assert_recorded<A: Aggregate>(lock: &Lock, parts: &[&str]) -> String {
    let checked = lock.check::<A>().unwrap_err();
    for part in parts.iter().chain(&["run `ES_UPDATE=1 cargo test` to record it"]) {
        assert!(checked.contains(part), "`{part}` is missing in:\n{checked}");
    }
    assert!(!checked.contains("broken:"), "{checked}");
    lock.update::<A>().unwrap();
    lock.check::<A>().unwrap();
    lock.text()
}

#[test]
fn without_a_file_everything_is_new() {
    let lock = Lock::new();
    let error = lock.check::<first::Invoice>().unwrap_err();
    assert!(error.contains("new: the aggregate Invoice") && error.contains("new: the event Paid"), "{error}");
    assert!(error.contains("ES_UPDATE=1 cargo test"), "{error}");
    assert!(!lock.path.exists());
}

#[test]
fn a_new_version_is_added_and_the_old_one_stays() {
    let lock = first();
    let old = lock.text();
    let text = assert_recorded::<new_version::Invoice>(&lock, &["new: version 2 of Paid"]);
    assert!(text.contains("    version 2\n      shape\n        cents: i64\n"), "{text}");
    let version = &old[old.find("    version 1\n").unwrap()..old.find("  event Sent").unwrap()];
    assert!(text.contains(version), "{text}");
    assert_refused::<first::Invoice>(&lock, &["broken: Paid version 2 was released, but no type reads it"]);
}

#[test]
fn a_different_shape_of_a_released_version_is_refused() {
    assert_refused::<changed_shape::Invoice>(
        &first(),
        &[
            "broken: the shape of Paid version 1 changed, but the version was released",
            "\n    -amount: i64\n    +amount: string\n     method: string\n",
            "`#[event(version = 2, from = PaidV1)]`",
            "`impl From<PaidV1>`",
            "delete its lines",
            "broken: a stored Paid version 1 can no longer be read",
        ],
    );
}

#[test]
fn a_required_field_is_refused() {
    assert_refused::<required_field::Invoice>(&first(), &["    +by: string\n", "missing field `by`"]);
}

#[test]
fn the_order_of_fields_and_events_does_not_matter() {
    first().check::<another_order::Invoice>().unwrap();
}

#[test]
fn an_optional_field_is_compatible_and_recorded_as_added() {
    let lock = first();
    let text = assert_recorded::<optional_field::Invoice>(
        &lock,
        &[
            "compatible: Paid version 1 has additions that stored data need not have",
            "    +by?: string | null\n",
            "`#[event(version = 2, since = 1)]`",
        ],
    );
    assert!(
        text.contains(
            "        method: string\n        added by?: string | null\n      sample\n        amount: Long(1)\n"
        ),
        "{text}"
    );
    assert_refused::<first::Invoice>(&lock, &["the shape of Paid version 1 changed", "-by?: string | null"]);
}

#[test]
fn a_version_that_reads_older_ones_is_new() {
    let text = assert_recorded::<since::Invoice>(&first(), &["new: version 2 of Paid"]);
    assert!(text.contains("    version 2\n      since 1\n"), "{text}");
    assert!(
        text.contains("    version 1\n      shape\n        amount: i64\n        method: string\n      sample\n"),
        "{text}"
    );
}

#[test]
fn a_version_that_includes_older_ones_with_a_different_shape_is_refused() {
    assert_refused::<since_of_another_shape::Invoice>(
        &first(),
        &[
            "`since = 1` of Paid version 2 includes version 1, which has a different shape",
            "-method: string",
            "`from` instead of `since`",
        ],
    );
}

#[test]
fn a_removed_event_is_refused() {
    assert_refused::<without_sent::Invoice>(
        &first(),
        &["broken: the event Sent was released, but nothing reads it", "`retired(\"Sent\")`", "`alias = \"Sent\"`"],
    );
}

#[test]
fn an_event_may_be_retired_and_remains_retired() {
    let lock = first();
    let text = assert_recorded::<retired_sent::Invoice>(&lock, &["new: the event Sent is retired"]);
    assert!(text.contains("  retired Sent\n") && !text.contains("event Sent"), "{text}");
    assert_refused::<without_sent::Invoice>(&lock, &["the name Sent was retired, but is no longer listed as retired"]);
    assert_refused::<first::Invoice>(
        &lock,
        &["the name Sent was retired, but is no longer listed as retired", "another `name`"],
    );
}

#[test]
fn an_event_may_be_renamed_if_its_old_name_is_still_read() {
    let lock = first();
    assert_refused::<renamed_without_alias::Invoice>(&lock, &["broken: the event Sent was released"]);
    let text = assert_recorded::<renamed::Invoice>(&lock, &["new: Sent is called Delivered"]);
    assert!(text.contains("  event Delivered\n    alias Sent\n    version 1\n"), "{text}");
    assert_refused::<renamed_without_alias::Invoice>(
        &lock,
        &["no longer read under its older name Sent", "`alias = \"Sent\"`"],
    );
}

#[test]
fn a_different_shape_of_the_state_needs_a_new_version() {
    let lock = first();
    assert_refused::<changed_state::Invoice>(
        &lock,
        &[
            "the state of Invoice changed, but its version is still 1",
            "+count?: u32",
            "`#[aggregate(snapshot(version = 2))]`",
        ],
    );
    let text = assert_recorded::<changed_state_version::Invoice>(&lock, &["new: version 2 of the state of Invoice"]);
    assert!(text.contains("  state 2\n    total: i64\n    count?: u32\n"), "{text}");
    assert_refused::<first::Invoice>(&lock, &["has version 1, but version 2 was released", "`snapshot(version = 3)`"]);
}

#[test]
fn a_stored_sample_that_is_no_longer_accepted_is_refused() {
    assert_refused::<stricter::Invoice>(
        &first(),
        &[
            "broken: a stored Paid version 1 can no longer be read",
            "1 is too little",
            "    amount: Long(1)\n",
            "accept this sample",
        ],
    );
}

#[test]
fn a_new_variant_is_compatible_and_a_removed_one_is_not() {
    let lock = Lock::new();
    lock.update::<with_enum::Invoice>().unwrap();
    let difference = "     methods: list of one of\n";
    let text = assert_recorded::<with_another_variant::Invoice>(
        &lock,
        &["compatible: Paid version 1", difference, "+  Points: document\n    +    count: u32"],
    );
    assert!(text.contains("          added Points: document\n            count: u32\n"), "{text}");
    assert_refused::<with_enum::Invoice>(&lock, &["the shape of Paid version 1 changed", "-  Points: document"]);
}

#[test]
fn a_problem_of_every_sample_is_reported_once() {
    let lock = Lock::new();
    lock.update::<with_enum::Invoice>().unwrap();
    assert!(lock.text().matches("      sample\n").count() > 1);
    let error = lock.check::<with_enum_under_another_name::Invoice>().unwrap_err();
    assert_eq!(error.matches("can no longer be read").count(), 1, "{error}");
}
