//! Rows that are right, and rows that violate one rule.

use super::*;

/// Two aggregates whose events concern one list: at the positions 1 to 3 and 5.
fn events() -> Vec<Stored> {
    let in_stream = |stream: &str, event: Stored| Stored { stream: stream.into(), ..event };
    vec![
        in_stream("s", event(8, 0, 1, 1)),
        in_stream("t", event(16, 0, 1, 2)),
        in_stream("t", event(16, 1, 2, 3)),
        in_stream("s", event(24, 0, 2, 5)),
    ]
}

fn sum(marks: &[(u32, u32)]) -> Row {
    let weights = marks.iter().map(|(number, index)| weight(mark(*number), *index));
    Row::Sum { events: marks.len() as u64, sum: weights.sum() }
}

fn list(marks: &[(u32, u32)]) -> Row {
    Row::List(marks.iter().map(|(number, index)| entry(mark(*number), *index)).collect())
}

/// The key of the only list.
fn list_key() -> String {
    super::list_key(mark(8))
}

fn right_rows() -> BTreeMap<(Model, String), Row> {
    BTreeMap::from([
        ((Model::Sum, "s".to_owned()), sum(&[(8, 0), (24, 0)])),
        ((Model::Sum, "t".to_owned()), sum(&[(16, 0), (16, 1)])),
        ((Model::List, list_key()), list(&[(8, 0), (16, 0), (16, 1), (24, 0)])),
    ])
}

/// The stored events with the rows at the end and the rows that were read. Nothing was asked for, so
/// only the rules about rows are of interest.
fn with_rows(rows: BTreeMap<(Model, String), Row>, row_reads: Vec<RowRead>) -> History {
    History { rows, row_reads, skipped: vec![4], undisturbed: true, ..history(&[], &events()) }
}

/// The broken rules about rows.
fn misfolded(history: &History) -> Vec<Broken> {
    check(history).into_iter().filter(|broken| broken.harm() == Harm::Misfolded).collect()
}

/// The broken rules if one row is different at the end.
fn with_row(model: Model, key: &str, row: Row) -> Vec<Broken> {
    let mut rows = right_rows();
    rows.insert((model, key.to_owned()), row);
    misfolded(&with_rows(rows, Vec::new()))
}

fn read(at_least: u64, row: Option<Row>) -> RowRead {
    let (model, key) = match &row {
        Some(Row::Sum { .. }) => (Model::Sum, "s".to_owned()),
        _ => (Model::List, list_key()),
    };
    RowRead { process: 3, model, key, at_least, row }
}

/// The broken rules if these rows were read in this order.
fn with_reads(reads: Vec<RowRead>) -> Vec<Broken> {
    misfolded(&with_rows(right_rows(), reads))
}

#[test]
fn rows_that_are_the_fold_of_the_log_break_nothing() {
    let reads = vec![
        read(0, None),
        read(1, Some(list(&[(8, 0)]))),
        read(2, Some(list(&[(8, 0), (16, 0)]))),
        read(4, Some(list(&[(8, 0), (16, 0), (16, 1)]))),
        read(0, Some(sum(&[(8, 0)]))),
        read(5, Some(sum(&[(8, 0), (24, 0)]))),
    ];
    assert_eq!(with_reads(reads), []);
}

#[test]
fn a_wrong_row_is_found() {
    // One event less, two events in the wrong order, the events of a different aggregate.
    assert_eq!(with_row(Model::Sum, "s", sum(&[(8, 0)])), [Broken::WrongRow(Model::Sum, "s".into())]);
    let swapped = list(&[(8, 0), (16, 1), (16, 0), (24, 0)]);
    assert_eq!(with_row(Model::List, &list_key(), swapped), [Broken::WrongRow(Model::List, list_key())]);
    assert_eq!(with_row(Model::Sum, "s", sum(&[(16, 0), (16, 1)])), [Broken::WrongRow(Model::Sum, "s".into())]);
}

#[test]
fn a_missing_row_is_found() {
    for (model, key) in right_rows().into_keys() {
        let mut rows = right_rows();
        rows.remove(&(model, key.clone()));
        assert_eq!(misfolded(&with_rows(rows, Vec::new())), [Broken::MissingRow(model, key)]);
    }
}

#[test]
fn rows_without_any_row_are_all_missing_if_a_reader_has_read_one() {
    let reads = vec![read(1, Some(list(&[(8, 0)])))];
    assert_eq!(misfolded(&with_rows(BTreeMap::new(), reads)).len(), 3);
}

#[test]
fn a_row_for_which_there_is_no_event_is_found() {
    assert_eq!(with_row(Model::Sum, "u", sum(&[(8, 0)])), [Broken::ForeignRow(Model::Sum, "u".into())]);
}

#[test]
fn an_event_that_is_counted_twice_is_found() {
    let twice = sum(&[(8, 0), (8, 0), (24, 0)]);
    assert_eq!(with_row(Model::Sum, "s", twice), [Broken::CountedTwice(Model::Sum, "s".into())]);
    // Also if the number of events is right, because a different one is missing.
    let instead = list(&[(8, 0), (16, 0), (16, 0), (24, 0)]);
    assert_eq!(with_row(Model::List, &list_key(), instead), [Broken::CountedTwice(Model::List, list_key())]);
    let instead = sum(&[(8, 0), (8, 0)]);
    assert_eq!(with_row(Model::Sum, "s", instead), [Broken::WrongRow(Model::Sum, "s".into())]);
}

#[test]
fn a_row_that_was_never_the_fold_of_the_log_is_found_in_the_answer_to_a_reader() {
    let twice = list(&[(8, 0), (8, 0)]);
    let without_the_first = list(&[(16, 0)]);
    let more_than_stored = list(&[(8, 0), (16, 0), (16, 1), (24, 0), (32, 0)]);
    for row in [twice, without_the_first, more_than_stored, list(&[])] {
        assert_eq!(with_reads(vec![read(0, Some(row))]), [Broken::NotTheFirstEvents(3, Model::List, list_key())]);
    }
    let wrong = sum(&[(24, 0)]);
    assert_eq!(with_reads(vec![read(0, Some(wrong))]), [Broken::NotTheFirstEvents(3, Model::Sum, "s".into())]);
}

#[test]
fn an_answer_without_an_event_up_to_the_position_that_was_asked_for_is_found() {
    let early = |at_least| [Broken::ReadTooEarly(3, Model::List, list_key(), at_least)];
    assert_eq!(with_reads(vec![read(1, None)]), early(1));
    assert_eq!(with_reads(vec![read(3, Some(list(&[(8, 0), (16, 0)])))]), early(3));
    let before_the_last = read(5, Some(sum(&[(8, 0)])));
    assert_eq!(with_reads(vec![before_the_last]), [Broken::ReadTooEarly(3, Model::Sum, "s".into(), 5)]);
}

#[test]
fn a_row_that_becomes_older_is_found_in_an_undisturbed_run() {
    let reads = vec![read(0, Some(list(&[(8, 0), (16, 0)]))), read(0, Some(list(&[(8, 0)])))];
    assert_eq!(with_reads(reads.clone()), [Broken::RowWentBack(3, Model::List, list_key())]);
    let disturbed = History { undisturbed: false, ..with_rows(right_rows(), reads) };
    assert_eq!(misfolded(&disturbed), []);
}
