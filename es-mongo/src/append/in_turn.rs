//! Records appends to one stream, of which each expects the version after the previous one.

use std::sync::Arc;

use es_core::store::{Append, Appended, InTurn};
use es_core::{StoreError, Timestamp};

use crate::append::batch::{Group, MAX_EVENTS};
use crate::append::queue::Appender;
use crate::append::request::{Answer, Request};
use crate::append::{check, refuse_unobserved};
use crate::collections::Collections;
use crate::metrics;

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
    let (mut turn, mut appends) = (InTurn::default(), appends.into_iter().peekable());
    while let Some(first) = appends.next() {
        if let Err(refused) = turn.admit(&first) {
            answers.push(Err(refused));
            continue;
        }
        let stream = first.stream.clone();
        let (mut requests, mut waiting, mut answered) = (Vec::new(), Vec::new(), Vec::new());
        let (mut events, mut next) = (0, Some(first));
        // All that the commit of the first one has room for, or up to one that cannot be sent.
        let refused = loop {
            let Some(append) = next else { break None };
            let expected = append.expected.version();
            events += append.events.len();
            let version = expected.plus(append.events.len() as u64);
            match prepare(collections, appender, append, requests.is_empty(), now).await {
                Ok((request, answer)) => {
                    waiting.push((expected, Arc::clone(&request.prepared), answer));
                    requests.push(request);
                }
                Err(answer) => break Some((expected, answer)),
            }
            next = appends.next_if(|next| {
                let follows = next.stream == stream && next.expected.version() == version;
                follows && !next.events.is_empty() && events + next.events.len() <= MAX_EVENTS
            });
        };
        let sent = match Group::in_turn(requests) {
            Some(group) => appender.send(group).await,
            None => Ok(()),
        };
        for (expected, prepared, answer) in waiting {
            let answer = match &sent {
                Ok(()) => appender.receive(&prepared, answer).await,
                Err(error) => Err(error.clone()),
            };
            answered.push((expected, answer));
        }
        for (expected, answer) in answered.into_iter().chain(refused) {
            metrics::appended(timer, &answer);
            turn.answered(&stream, expected, &answer);
            answers.push(answer);
        }
    }
    answers
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
