//! Records appends to one stream, of which each expects the version after the previous one.

use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;

use es_core::store::{Append, Appended};
use es_core::{StoreError, Timestamp, Version};

use crate::append::batch::{Group, MAX_EVENTS};
use crate::append::queue::Appender;
use crate::append::request::{Answer, Request};
use crate::append::{check, refuse_unobserved};
use crate::collections::Collections;
use crate::metrics;

/// How far the appends have got.
#[derive(Clone, Copy)]
enum Reached {
    /// None was sent.
    Nothing,
    /// All of them so far are recorded, up to this version.
    Version(Version),
    /// One of them was not recorded, and this is the version that the aggregate had.
    Failed(Version),
}

impl Reached {
    fn after(self, answer: &Result<Appended, StoreError>, expected: Version) -> Self {
        match (self, answer) {
            (Self::Failed(_), _) => self,
            (_, Ok(Appended::Now(receipt))) => Self::Version(receipt.version),
            (_, Err(StoreError::Conflict { actual, .. })) => Self::Failed(*actual),
            (_, Ok(Appended::Already(_)) | Err(_)) => Self::Failed(expected),
        }
    }
}

/// Records the appends, as many together as share a commit. There is one answer for each of them.
#[tracing::instrument(level = "debug", skip_all, fields(appends = appends.len()))]
pub(crate) async fn append_in_turn(
    collections: &Collections,
    appender: &Appender,
    appends: Vec<Append>,
    now: Timestamp,
) -> Vec<Result<Appended, StoreError>> {
    let timer = metrics::Timer::start();
    let mut answers = Vec::with_capacity(appends.len());
    let (mut reached, mut appends) = (Reached::Nothing, appends.into_iter().peekable());
    let stream = appends.peek().map(|first| first.stream.clone());
    while let Some(first) = appends.next() {
        let expected = first.expected.version();
        let actual = match reached {
            Reached::Nothing => None,
            Reached::Version(version) if version == expected && stream.as_ref() == Some(&first.stream) => None,
            Reached::Version(actual) | Reached::Failed(actual) => Some(actual),
        };
        if let Some(actual) = actual {
            answers.push(Err(StoreError::Conflict { stream: first.stream, expected, actual }));
            continue;
        }
        let together = take_together(first, &mut appends);
        let expected: Vec<_> = together.iter().map(|append| append.expected.version()).collect();
        let answered = submit(collections, appender, together, now).await;
        for (answer, expected) in answered.into_iter().zip(expected) {
            metrics::appended(timer, &answer);
            reached = reached.after(&answer, expected);
            answers.push(answer);
        }
    }
    answers
}

/// An append, and those after it that can share its commit.
fn take_together(first: Append, rest: &mut Peekable<IntoIter<Append>>) -> Vec<Append> {
    let (mut events, mut version) = (first.events.len(), first.expected.version());
    version = version.plus(events as u64);
    let stream = first.stream.clone();
    let mut together = vec![first];
    while let Some(next) = rest.next_if(|next| {
        let follows = next.stream == stream && next.expected.version() == version;
        follows && !next.events.is_empty() && events + next.events.len() <= MAX_EVENTS
    }) {
        events += next.events.len();
        version = version.plus(next.events.len() as u64);
        together.push(next);
    }
    together
}

/// Sends appends as one group.
async fn submit(
    collections: &Collections,
    appender: &Appender,
    appends: Vec<Append>,
    now: Timestamp,
) -> Vec<Result<Appended, StoreError>> {
    let mut answers = Vec::with_capacity(appends.len());
    let (mut requests, mut waiting) = (Vec::with_capacity(appends.len()), Vec::with_capacity(appends.len()));
    let mut refused = None;
    for (at, append) in appends.into_iter().enumerate() {
        let (stream, expected) = (append.stream.clone(), append.expected.version());
        if let Some(actual) = refused {
            answers.push(Err(StoreError::Conflict { stream, expected, actual }));
            continue;
        }
        match prepare(collections, appender, append, at == 0, now).await {
            Ok((request, answer)) => {
                waiting.push((Arc::clone(&request.prepared), answer));
                requests.push(request);
            }
            Err(answer) => {
                refused = Some(match &answer {
                    Err(StoreError::Conflict { actual, .. }) => *actual,
                    _ => expected,
                });
                answers.push(answer);
            }
        }
    }
    let mut recorded = Vec::with_capacity(waiting.len() + answers.len());
    let sent = match Group::in_turn(requests) {
        Some(group) => appender.send(group).await,
        None => Ok(()),
    };
    for (prepared, answer) in waiting {
        recorded.push(match &sent {
            Ok(()) => appender.receive(&prepared, answer).await,
            Err(error) => Err(error.clone()),
        });
    }
    recorded.append(&mut answers);
    recorded
}

/// Prepares an append for the queue, or answers it.
async fn prepare(
    collections: &Collections,
    appender: &Appender,
    append: Append,
    is_first: bool,
    now: Timestamp,
) -> Result<(Request, Answer), Result<Appended, StoreError>> {
    check(collections, &append).map_err(Err)?;
    // The version of each further append exists once the one before it is recorded.
    if is_first && let Some(answer) = refuse_unobserved(collections, &append).await.map_err(Err)? {
        return Err(Ok(answer));
    }
    Request::new(append, now, appender.deadline()).map_err(Err)
}
