//! The smallest aggregate that shows a lost update: a number that is incremented.

use std::convert::Infallible;
use std::time::Duration;

use es_core::store::Store;
use es_core::{Aggregate, Apply, Committed, Context, Repository, RetryPolicy, UpdateError, event};

/// One was added.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneAdded {
    /// Who added it, to distinguish the additions.
    pub by: String,
}

/// The number of additions.
#[derive(Aggregate, Debug, Clone, PartialEq, Eq, Default)]
#[aggregate(events(OneAdded), snapshot(every = 20))]
pub struct Counter {
    /// The number.
    pub total: u64,
}

impl Apply<OneAdded> for Counter {
    fn apply(&mut self, _event: OneAdded, _context: &Context) {
        self.total += 1;
    }
}

/// The result of an addition.
pub type AddAnswer = Result<Committed<CounterEvent>, UpdateError<Infallible>>;

/// A repository that retries long enough for every task to succeed.
pub fn patient(store: &(impl Store + Clone)) -> Repository<Counter> {
    Repository::new(store).with_retry(RetryPolicy::default().within(Duration::from_secs(120)))
}

/// Adds one.
///
/// # Errors
///
/// As [`Repository::update`].
pub async fn add_one(repository: &Repository<Counter>, id: &str, by: &str) -> AddAnswer {
    repository.update(id, |_| OneAdded { by: by.to_owned() }).by(by).await
}

/// Adds one from this many concurrent tasks, and returns the acknowledged versions.
///
/// # Panics
///
/// If an addition fails, which does not happen with retries.
pub async fn add_from_many_tasks(repository: &Repository<Counter>, id: &str, by: &str, tasks: usize) -> Vec<u64> {
    let mut running = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let (repository, id, by) = (repository.clone(), id.to_owned(), format!("{by}-{task}"));
        running.spawn(async move { add_one(&repository, &id, &by).await });
    }
    let answers = running.join_all().await;
    let version = |answer: AddAnswer| match answer {
        Ok(committed) => committed.version.get(),
        Err(error) => panic!("{error}"),
    };
    answers.into_iter().map(version).collect()
}
