//! Decides how this writer gets its positions: it asks the counter, it is alone, or it competes
//! with a writer that is alone.
//!
//! ```text
//!            nobody else has asked for a while
//!   asking ────────────────────────────────────▶ alone
//!     │  ▲                                          │ a position was taken, a foreign position was
//!     │  └──────────────────────────────────────────┘ seen, or the counter shows a different writer
//!     │  ▲
//!     │  └── an event is stored while it competes
//!     ▼
//!   competing: a different writer is alone
//! ```
//!
//! To ask costs a round trip, and a process that writes alone would wait for it before each commit.
//! A process among others needs the counter: if all of them guessed the next position, all but one
//! would lose, and retry.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use es_core::store::BoxFuture;
use es_core::{Position, StoreError};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::append::skip::record_skips;
use crate::append::ticket::{self, Kind, Ticket};
use crate::collections::Collections;
use crate::positions::counter::{Answer, Ask, Solitude};
use crate::positions::skip::{Reason, Skip};

/// For how long a writer must not have met a different one before it is alone.
const ALONE_AFTER: Duration = Duration::from_secs(2);

/// How often a writer that is alone looks at the counter. Otherwise it would not notice a writer
/// that is always slightly too late.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The time limit of the skips for positions that came too late.
const LATE_SKIPS_WITHIN: Duration = Duration::from_secs(5);

/// The positions of one store.
#[derive(Debug)]
pub(super) struct Tickets {
    collections: Collections,
    state: Mutex<State>,
    /// Held while the counter is asked, so that each answer shows whether others have asked.
    asking: tokio::sync::Mutex<()>,
    /// Notified when a batch has its positions.
    taken: Notify,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    /// The last position that this writer has got.
    last: u64,
    /// The id with which this writer was alone the last time.
    own: Option<Solitude>,
    /// The last time at which a different writer was noticed.
    met: Instant,
    /// The number of batches that are being written.
    batches: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It knows nothing about the store.
    New,
    /// It asks the counter.
    Asking,
    /// It uses the positions after its last one.
    Alone { looked: Instant },
    /// A different writer is alone. `stored` is whether this one has stored an event above all
    /// positions that the counter had given out.
    Competing { with: Solitude, stored: bool },
}

impl State {
    /// A different writer was noticed.
    fn meet(&mut self) {
        self.met = Instant::now();
        if matches!(self.mode, Mode::Alone { .. }) {
            self.mode = Mode::Asking;
        }
    }
}

impl State {
    /// Forgets the last positions of a ticket, unless later ones are in use.
    fn withdraw(&mut self, ticket: &Ticket, unused: u64) -> bool {
        let is_last = self.last == ticket.last();
        if is_last {
            // The positions before the ticket may belong to others, which may give them back too. If
            // this writer asked for positions after them, they would stay open.
            self.last = if unused == ticket.left { ticket.before } else { self.last - unused };
        }
        is_last
    }
}

/// A batch that is being written.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Tickets);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().batches -= 1;
    }
}

impl Tickets {
    pub(super) fn new(collections: Collections) -> Self {
        let state = State { mode: Mode::New, last: 0, own: None, met: Instant::now(), batches: 0 };
        Self { collections, state: Mutex::new(state), asking: tokio::sync::Mutex::default(), taken: Notify::new() }
    }

    /// Whether a further batch may begin now.
    ///
    /// While one waits for its positions, appends are gathered instead: a batch that begins then
    /// would wait for the same answer of the counter, and ask once more.
    pub(super) fn allow_several(&self) -> bool {
        self.state().mode == Mode::Asking && self.asking.try_lock().is_ok()
    }

    /// Whether this writer is alone. A further batch ends that: both then ask the counter.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self.state().mode, Mode::Alone { .. })
    }

    /// Waits until a batch has its positions.
    pub(super) async fn taken(&self) {
        self.taken.notified().await;
    }

    /// Begins to write a batch.
    pub(super) fn begin(&self) -> Turn<'_> {
        self.state().batches += 1;
        Turn(self)
    }

    /// Gets positions for a batch. All of its requests must have arrived: a request may have seen
    /// every position that was given out before.
    pub(super) async fn take(&self, positions: u64) -> Result<Ticket, StoreError> {
        let taken = self.take_in_turn(positions).await;
        self.taken.notify_one();
        taken
    }

    async fn take_in_turn(&self, positions: u64) -> Result<Ticket, StoreError> {
        let _asking = self.asking.lock().await;
        if self.state().mode == Mode::New {
            // Otherwise a process that starts with a counter that is missing or was set back would
            // ask for positions that are taken.
            self.collections.read_newest().await?;
            self.state().mode = Mode::Asking;
        }
        if let Some(ticket) = self.take_alone(positions).await? {
            return Ok(ticket);
        }
        let ask = self.prepare(positions);
        match self.collections.counter.ask(ask, self.late(positions)).await? {
            Answer::Given { first, before, alone } => Ok(self.given(ask, first, before, alone)),
            Answer::Competes { with, next: above } => {
                self.collections.read_newest().await?;
                let mut state = self.state();
                state.mode = Mode::Competing { with, stored: false };
                state.met = Instant::now();
                // A node that is behind may show a lower position than this writer has seen.
                let next = position(self.collections.known.get() + 1)?;
                let before = state.last;
                Ok(Ticket { kind: Kind::Competing { with, above }, next, left: positions, before })
            }
        }
    }

    /// Returns positions that the counter has given too late, or records skips for them.
    fn late(&self, positions: u64) -> impl Fn(Position) -> BoxFuture<'static, ()> + Clone + Send + 'static {
        let collections = self.collections.clone();
        move |first| {
            let collections = collections.clone();
            let last = first.get() + positions - 1;
            Box::pin(async move {
                tracing::debug!(%first, positions, "positions came too late");
                if !collections.counter.give_back(last, positions).await.unwrap_or(false) {
                    let skips = ticket::positions(first, positions).map(|position| Skip::new(position, Reason::Unused));
                    // If it fails, readers record them.
                    let _ = record_skips(&collections, skips.collect(), LATE_SKIPS_WITHIN).await;
                }
            })
        }
    }

    /// A ticket without asking, if this writer is alone.
    async fn take_alone(&self, positions: u64) -> Result<Option<Ticket>, StoreError> {
        let Mode::Alone { looked } = self.state().mode else { return Ok(None) };
        let look = if looked.elapsed() < LOOK_EVERY { None } else { Some(self.collections.counter.look().await?) };
        let mut state = self.state();
        let is_over = look.is_some_and(|look| look.is_asked || look.alone != state.own || look.next > state.last);
        if is_over || self.collections.known.get() > state.last {
            state.meet();
            return Ok(None);
        }
        if state.batches > 1 {
            // A second batch at the same time needs the counter, although no other writer was met.
            state.mode = Mode::Asking;
            return Ok(None);
        }
        if look.is_some() {
            state.mode = Mode::Alone { looked: Instant::now() };
        }
        let (before, next) = (state.last, position(state.last + 1)?);
        state.last += positions;
        Ok(Some(Ticket { kind: Kind::Alone, next, left: positions, before }))
    }

    fn prepare(&self, positions: u64) -> Ask {
        let state = self.state();
        let known = self.collections.known.get();
        let met_nobody = known <= state.last && state.batches <= 1 && state.met.elapsed() >= ALONE_AFTER;
        Ask {
            positions,
            // The positions of this writer's other batches may not be stored yet.
            known: known.max(state.last),
            own: state.own,
            over: match state.mode {
                Mode::Competing { with, stored: true } => Some(with),
                _ => None,
            },
            alone_after: met_nobody.then(|| (Solitude::new(), state.last)),
        }
    }

    fn given(&self, ask: Ask, first: Position, before: u64, alone: bool) -> Ticket {
        let mut state = self.state();
        if before != state.last || first.get() != state.last + 1 {
            state.meet();
        }
        let ticket = Ticket { kind: Kind::Given, next: first, left: ask.positions, before: state.last };
        state.last = ticket.last();
        state.mode = match ask.alone_after {
            Some((solitude, _)) if alone => {
                state.own = Some(solitude);
                Mode::Alone { looked: Instant::now() }
            }
            _ => Mode::Asking,
        };
        ticket
    }

    /// Events are stored, the last of them at this position.
    pub(super) fn stored(&self, kind: Kind, last: Position) {
        self.collections.known.raise(last);
        self.collections.wakes.publish(last);
        let mut state = self.state();
        if let (Kind::Competing { with, above }, Mode::Competing { with: current, stored }) = (kind, &mut state.mode)
            && *current == with
        {
            // Up to `above`, the position may be the one that the writer alone is writing at.
            *stored |= last.get() > above;
        }
    }

    /// One of the positions of a batch was taken.
    pub(super) fn lost(&self) {
        self.state().meet();
    }

    /// Gives back the last positions of a ticket. Returns whether nobody has to record skips for
    /// them.
    pub(super) async fn give_back(&self, ticket: &Ticket, unused: u64) -> bool {
        if unused == 0 || self.withdraw(ticket, unused) {
            return true;
        }
        // The caller of a refused append often appends again at once. It must not ask before.
        let _asking = self.asking.lock().await;
        let given_back = self.collections.counter.give_back(ticket.last(), unused).await.unwrap_or(false);
        if given_back {
            self.state().withdraw(ticket, unused);
        }
        given_back
    }

    /// The same for positions that the counter has not given out. Once this writer has asked, the
    /// counter has given out the positions that it had alone, too.
    pub(super) fn withdraw(&self, ticket: &Ticket, unused: u64) -> bool {
        let mut state = self.state();
        match (ticket.kind, state.mode) {
            (Kind::Competing { .. }, _) => true,
            (Kind::Alone, Mode::Alone { .. }) => state.withdraw(ticket, unused),
            (Kind::Alone | Kind::Given, _) => false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn position(position: u64) -> Result<Position, StoreError> {
    Position::try_from(position).map_err(|error| StoreError::Backend { source: error.into() })
}
