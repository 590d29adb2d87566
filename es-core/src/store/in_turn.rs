//! Appends to one stream, one after the other.

use super::{Append, Appended, EventStore, ExpectedVersion, Head};
use crate::{StoreError, StreamId, Version};

/// How far several appends in turn have got, for [`EventStore::append_in_turn`].
///
/// It decides which of them may be sent. Ask it before each append, and report each answer.
#[derive(Debug, Default)]
pub struct InTurn(Reached);

#[derive(Debug, Default)]
enum Reached {
    /// None was sent.
    #[default]
    Nothing,
    /// All of them so far are recorded in this stream, up to this head.
    Head(StreamId, Head),
    /// One of them was not recorded, and this is the version that the aggregate had.
    Failed(Version),
}

impl InTurn {
    /// The head that an append follows, or `None` if it is the first one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if the append must not be sent: one before it was not recorded, or
    /// it does not follow the last one.
    pub fn admit(&self, append: &Append) -> Result<Option<Head>, StoreError> {
        let expected = append.expected.version();
        let actual = match &self.0 {
            Reached::Nothing => return Ok(None),
            Reached::Head(reached, head) if head.version() == expected && *reached == append.stream => {
                return Ok(Some(*head));
            }
            Reached::Head(_, head) => head.version(),
            Reached::Failed(actual) => *actual,
        };
        Err(StoreError::Conflict { stream: append.stream.clone(), expected, actual })
    }

    /// An append to a stream, which expected a version, has this answer.
    pub fn answered(&mut self, stream: &StreamId, expected: Version, answer: &Result<Appended, StoreError>) {
        self.0 = match (&self.0, answer) {
            (Reached::Failed(actual), _) | (_, Err(StoreError::Conflict { actual, .. })) => Reached::Failed(*actual),
            (_, Ok(Appended::Now(receipt))) => Reached::Head(stream.clone(), receipt.head()),
            (_, Ok(Appended::Already(_)) | Err(_)) => Reached::Failed(expected),
        };
    }
}

/// Sends each append after the previous one was recorded.
pub(super) async fn one_after_another(
    store: &(impl EventStore + ?Sized),
    appends: Vec<Append>,
) -> Vec<Result<Appended, StoreError>> {
    let mut answers = Vec::with_capacity(appends.len());
    let mut turn = InTurn::default();
    for mut append in appends {
        let (stream, expected) = (append.stream.clone(), append.expected.version());
        let answer = match turn.admit(&append) {
            Ok(head) => {
                append.expected = head.map_or(append.expected, ExpectedVersion::observed);
                store.append(append).await
            }
            Err(refused) => Err(refused),
        };
        turn.answered(&stream, expected, &answer);
        answers.push(answer);
    }
    answers
}
