//! Import of many aggregates from another system.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::error::InvalidId;
use crate::repository::{Committed, ImportError, ImportedEvent, Outcome, Repository, span};
use crate::store::BoxFuture;
use crate::{Aggregate, IdFor, StoreError, StreamId};

/// The number of histories that are recorded at the same time by default.
const IN_FLIGHT: usize = 1_024;

/// The number of events that are recorded at the same time, unless a single history has more.
const EVENTS_IN_FLIGHT: usize = 20_000;

/// The number of failures that a report names.
const MAX_FAILURES: usize = 100;

/// The past of one aggregate, for [`Repository::import_many`].
pub struct ImportedHistory<A: Aggregate> {
    stream: Result<StreamId, InvalidId>,
    events: Vec<ImportedEvent<A::Event>>,
}

impl<A: Aggregate> ImportedHistory<A> {
    /// The events of the aggregate with this id, oldest first. An invalid id is a failure of this
    /// history.
    pub fn new(id: impl IdFor<A::Id>, events: Vec<ImportedEvent<A::Event>>) -> Self {
        Self { stream: StreamId::of::<A>(id), events }
    }
}

/// Records the past of many aggregates; [`Repository::import_many`] returns it.
#[must_use = "nothing is recorded until the import is awaited"]
pub struct ImportMany<'a, A: Aggregate> {
    repository: &'a Repository<A>,
    histories: Pin<Box<dyn Stream<Item = ImportedHistory<A>> + Send + 'a>>,
    in_flight: usize,
    progress: Option<Listener<'a>>,
}

type Listener<'a> = Box<dyn FnMut(&ImportReport) + Send + 'a>;

/// The results of an import of many aggregates, final or so far.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ImportReport {
    /// The processed histories: the sum of the next four counts.
    pub histories: u64,
    /// Histories that this run recorded as a whole.
    pub imported: u64,
    /// Histories of which this run recorded the rest.
    pub continued: u64,
    /// Histories that were recorded before.
    pub already: u64,
    /// Histories that could not be imported.
    pub failed: u64,
    /// The events that this run recorded.
    pub events: u64,
    /// The reasons: the first 100 of them.
    pub failures: Vec<ImportFailure>,
}

/// A history that could not be imported.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ImportFailure {
    /// The aggregate, if its id is valid.
    pub stream: Option<StreamId>,
    /// Why it could not be imported.
    pub error: ImportError,
}

impl fmt::Display for ImportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stream {
            Some(stream) => write!(f, "{stream}: {}", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl<A: Aggregate> Repository<A> {
    /// Records the past of many aggregates, each as [`import`](Self::import) does, when the import
    /// is awaited. Many of them are recorded at the same time, so that they share commits.
    ///
    /// If a history cannot be imported, the report counts and names it, and the run continues. A
    /// run that was stopped can be repeated: histories that are recorded are compared, and those of
    /// which a part is recorded are completed.
    ///
    /// The histories are taken from the stream as fast as they are recorded, so it may be longer
    /// than the memory holds.
    ///
    /// ```
    /// # use es_core::{event, Aggregate, Apply, Context, Metadata, Repository, Timestamp, memory::MemoryStore};
    /// # #[event(version = 1)]
    /// # pub struct Deposited { pub cents: i64 }
    /// # #[derive(Aggregate, Default)]
    /// # #[aggregate(events(Deposited))]
    /// # pub struct Account { cents: i64 }
    /// # impl Apply<Deposited> for Account {
    /// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
    /// # }
    /// use es_core::repository::{ImportedEvent, ImportedHistory};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let accounts = Repository::<Account>::new(&MemoryStore::new());
    /// let rows = [("alice", 500, 1_700_000_000_000), ("bob", 300, 1_700_000_060_000)];
    /// let histories = rows.map(|(owner, cents, millis)| {
    ///     let deposited = ImportedEvent::new(Deposited { cents }, Timestamp::from_millis(millis), Metadata::new());
    ///     ImportedHistory::new(owner, vec![deposited])
    /// });
    /// let report = accounts
    ///     .import_many(futures_util::stream::iter(histories))
    ///     .progress(|report| println!("{} accounts", report.histories))
    ///     .await?;
    /// assert_eq!((report.imported, report.failed), (2, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Every error that keeps the store from recording. Histories that were recorded before the
    /// error stay recorded. Errors that concern a single history are in the report instead.
    pub fn import_many<'a>(
        &'a self,
        histories: impl Stream<Item = ImportedHistory<A>> + Send + 'a,
    ) -> ImportMany<'a, A> {
        ImportMany { repository: self, histories: Box::pin(histories), in_flight: IN_FLIGHT, progress: None }
    }
}

impl<'a, A: Aggregate> ImportMany<'a, A> {
    /// Sets the number of histories that are recorded at the same time: 1,024 by default, at least 1.
    /// Fewer are recorded at the same time if they have many events: 20,000 together.
    pub fn in_flight(self, histories: usize) -> Self {
        Self { in_flight: histories.max(1), ..self }
    }

    /// Calls `listener` with the results so far, after each history.
    pub fn progress(self, listener: impl FnMut(&ImportReport) + Send + 'a) -> Self {
        Self { progress: Some(Box::new(listener)), ..self }
    }

    async fn run(self) -> Result<ImportReport, StoreError> {
        let mut run = Run {
            import: self,
            is_over: false,
            is_waiting: false,
            running: Vec::new(),
            report: ImportReport::default(),
            stopped: None,
        };
        poll_fn(|context| run.poll(context)).await;
        match run.stopped {
            Some(error) => Err(error),
            None => Ok(run.report),
        }
    }
}

/// An import in progress.
struct Run<'a, A: Aggregate> {
    import: ImportMany<'a, A>,
    /// Whether no further history is taken.
    is_over: bool,
    /// Whether the next history is not ready.
    is_waiting: bool,
    running: Vec<Running<'a, A>>,
    report: ImportReport,
    /// The error that ended it.
    stopped: Option<StoreError>,
}

/// A history that is being recorded.
struct Running<'a, A: Aggregate> {
    stream: Option<StreamId>,
    events: usize,
    import: BoxFuture<'a, Result<Committed<A::Event>, ImportError>>,
}

impl<A: Aggregate> Run<'_, A> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.take(context);
        let mut finished = Vec::new();
        self.running.retain_mut(|running| match running.import.as_mut().poll(context) {
            Poll::Ready(result) => {
                finished.push((running.stream.take(), running.events, result));
                false
            }
            Poll::Pending => true,
        });
        for (stream, events, result) in finished {
            self.count(stream, events, result);
        }
        if self.running.is_empty() && self.is_over {
            return Poll::Ready(());
        }
        if !self.is_over && !self.is_waiting && self.has_room() {
            // There is room for more histories, after other tasks have run.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Takes further histories from the stream, as long as there is room.
    fn take(&mut self, context: &mut Context<'_>) {
        self.is_waiting = false;
        while !self.is_over && self.has_room() {
            match self.import.histories.as_mut().poll_next(context) {
                Poll::Ready(Some(ImportedHistory { stream, events })) => {
                    let repository = self.import.repository;
                    let (known, count) = (stream.as_ref().ok().cloned(), events.len());
                    let span = span::of_call!("import", A::TYPE, known.as_ref());
                    let import = span::follow(span, async move { repository.import_in(stream?, events).await });
                    self.running.push(Running { stream: known, events: count, import: Box::pin(import) });
                }
                Poll::Ready(None) => self.is_over = true,
                Poll::Pending => {
                    self.is_waiting = true;
                    return;
                }
            }
        }
    }

    fn has_room(&self) -> bool {
        let events: usize = self.running.iter().map(|running| running.events).sum();
        self.running.len() < self.import.in_flight && events < EVENTS_IN_FLIGHT
    }

    fn count(&mut self, stream: Option<StreamId>, events: usize, result: Result<Committed<A::Event>, ImportError>) {
        let report = &mut self.report;
        match result {
            Ok(committed) if committed.outcome == Outcome::Appended => {
                let recorded = committed.events.len();
                report.events += recorded as u64;
                let count = if recorded == events { &mut report.imported } else { &mut report.continued };
                *count += 1;
            }
            Ok(_) => report.already += 1,
            // The others that are in progress are recorded in any case, so they are counted first.
            Err(ImportError::Store(error)) if error.concerns_the_store() => {
                self.is_over = true;
                self.stopped.get_or_insert(error);
                return;
            }
            Err(error) => {
                report.failed += 1;
                if report.failures.len() < MAX_FAILURES {
                    report.failures.push(ImportFailure { stream, error });
                }
            }
        }
        report.histories += 1;
        if let Some(progress) = &mut self.import.progress {
            progress(report);
        }
    }
}

impl<'a, A: Aggregate> IntoFuture for ImportMany<'a, A> {
    type Output = Result<ImportReport, StoreError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<A: Aggregate> fmt::Debug for ImportedHistory<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportedHistory")
            .field("stream", &self.stream)
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

impl<A: Aggregate> fmt::Debug for ImportMany<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportMany")
            .field("aggregate", &A::TYPE)
            .field("in_flight", &self.in_flight)
            .finish_non_exhaustive()
    }
}
