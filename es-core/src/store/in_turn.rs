//! Appends to one stream, one after the other.

use super::{Append, Appended, EventStore, ExpectedVersion, Head};
use crate::{StoreError, Version};

/// How far the appends have got.
enum Reached {
    /// None was sent.
    Nothing,
    /// All of them so far are recorded, up to this head.
    Head(Head),
    /// One of them was not recorded, and this is the version that the aggregate had.
    Failed(Version),
}

/// Sends each append after the previous one was recorded.
pub(super) async fn one_after_another(
    store: &(impl EventStore + ?Sized),
    appends: Vec<Append>,
) -> Vec<Result<Appended, StoreError>> {
    let mut answers = Vec::with_capacity(appends.len());
    let stream = appends.first().map(|first| first.stream.clone());
    let mut reached = Reached::Nothing;
    for mut append in appends {
        let expected = append.expected.version();
        let actual = match reached {
            Reached::Nothing => None,
            Reached::Head(head) if head.version() == expected && stream.as_ref() == Some(&append.stream) => {
                append.expected = ExpectedVersion::observed(head);
                None
            }
            Reached::Head(head) => Some(head.version()),
            Reached::Failed(actual) => Some(actual),
        };
        let answer = match actual {
            None => store.append(append).await,
            Some(actual) => Err(StoreError::Conflict { stream: append.stream, expected, actual }),
        };
        reached = match (&answer, reached) {
            (Ok(Appended::Now(receipt)), _) => Reached::Head(receipt.head()),
            (_, Reached::Failed(actual)) => Reached::Failed(actual),
            (Err(StoreError::Conflict { actual, .. }), _) => Reached::Failed(*actual),
            (Ok(Appended::Already(_)) | Err(_), _) => Reached::Failed(expected),
        };
        answers.push(answer);
    }
    answers
}
