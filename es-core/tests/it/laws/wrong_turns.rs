//! Mistakes with appends in turn.

use es_core::StoreError;
use es_core::store::{Append, Appended, EventStore, ExpectedVersion, Receipt};

use super::wrong_store::{Mistake, WrongStore};

type Answers = Vec<Result<Appended, StoreError>>;

impl WrongStore {
    pub(super) async fn append_in_wrong_turn(&self, mut appends: Vec<Append>) -> Answers {
        let (Some(mistake), Some(first)) = (self.mistake, appends.first().cloned()) else {
            return self.right.append_in_turn(appends).await;
        };
        match mistake {
            Mistake::TurnAsOneAppend => self.as_one_append(&appends).await,
            Mistake::TurnBackwards => {
                appends.reverse();
                let mut answers = self.each_at_the_head(appends).await;
                answers.reverse();
                answers
            }
            Mistake::TurnGoesOnAfterAFailure => match self.right.append(first).await {
                Ok(appended) => {
                    let rest = self.each_at_the_head(appends.split_off(1)).await;
                    std::iter::once(Ok(appended)).chain(rest).collect()
                }
                Err(error) => vec![Err(error); appends.len()],
            },
            Mistake::TurnIsAllOrNothing => {
                let mut version = first.expected.version();
                let is_next = |append: &Append| {
                    let is_next = append.expected.version() == version && append.event_ids.is_none();
                    version = version.plus(append.events.len() as u64);
                    is_next && !append.events.is_empty()
                };
                if appends.iter().all(is_next) {
                    return self.right.append_in_turn(appends).await;
                }
                let conflict = |append: Append| {
                    let (stream, expected) = (append.stream, append.expected.version());
                    Err(StoreError::Conflict { stream, expected, actual: expected })
                };
                appends.into_iter().map(conflict).collect()
            }
            Mistake::TurnIgnoresTheVersion => self.each_at_the_head(appends).await,
            Mistake::TurnIsInterrupted => {
                let mut answers = Answers::new();
                for append in appends {
                    let answer = self.right.append(append).await;
                    // Whoever has recorded an append lets the others go first with the next one.
                    let rounds = if answer.is_ok() { 2 } else { 1 };
                    for _ in 0..rounds {
                        tokio::task::yield_now().await;
                    }
                    answers.push(answer);
                }
                answers
            }
            _ => self.right.append_in_turn(appends).await,
        }
    }

    async fn as_one_append(&self, appends: &[Append]) -> Answers {
        let events = appends.iter().flat_map(|append| append.events.clone()).collect();
        let mut whole = appends[0].clone();
        whole.events = events;
        let receipt = match self.right.append(whole).await {
            Ok(appended) => appended.into_receipt(),
            Err(error) => return vec![Err(error); appends.len()],
        };
        let mut stamps = receipt.stamps.into_iter();
        let of_append = |append: &Append| {
            let receipt = Receipt::new(stamps.by_ref().take(append.events.len()).collect());
            receipt.map(Appended::Now).ok_or(StoreError::EmptyAppend { stream: append.stream.clone() })
        };
        appends.iter().map(of_append).collect()
    }

    /// Records each append at the version that is reached.
    async fn each_at_the_head(&self, appends: Vec<Append>) -> Answers {
        let mut answers = Answers::new();
        for mut append in appends {
            let head = self.right.head(&append.stream).await.unwrap_or_default();
            append.expected = ExpectedVersion::observed(head);
            answers.push(self.right.append(append).await);
        }
        answers
    }
}
