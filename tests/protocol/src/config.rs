//! A configuration of the model: what the writers append, how much goes wrong, and which bug is
//! planted.

/// One append: a batch with one or two events of one stream.
#[derive(Debug, Clone, Copy)]
pub struct Append {
    pub stream: u8,
    pub events: u8,
    /// Whether the writer loads the stream first. The first event of a new stream needs no load.
    pub loads: bool,
}

/// An append of one event to a new stream.
pub const fn new_stream(stream: u8) -> Append {
    Append { stream, events: 1, loads: false }
}

/// An append of two events to a new stream.
pub const fn two_events(stream: u8) -> Append {
    Append { stream, events: 2, loads: false }
}

/// An append of one event that expects the version of the stream that its writer has loaded.
pub const fn loaded(stream: u8) -> Append {
    Append { stream, events: 1, loads: true }
}

/// A bug of one part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A reader delivers events above an open position.
    FrontierIgnored,
    /// A reader records the skip of the highest open position instead of the lowest one.
    SkipAhead,
    /// A writer forgets the unused positions of its ticket.
    UnusedDropped,
    /// A writer acknowledges an event that a majority does not have yet.
    AcknowledgedByOneNode,
    /// A load does not raise the highest position that its writer knows.
    LoadNotKnown,
    /// A reader takes a page from a node that does not have the frontier yet.
    PageOutsideSession,
    /// The archive moves events above the frontier.
    ArchiveAboveFrontier,
    /// The counter hands out tickets although a writer is alone.
    AloneIgnored,
    /// An insert does not check whether the archive is already beyond its positions.
    InsertUnchecked,
    /// A skip does not check whether the archive is already beyond its position.
    SkipUnchecked,
    /// A competitor that has stored an event below the tickets in use ends the lone phase.
    EndsLonePhaseFromBelow,
    /// A competitor ends every lone phase, not only the one that it met.
    EndsAnyLonePhase,
    /// A writer goes on alone after a request to the counter whose answer was lost.
    AloneAfterLostAsk,
    /// A competitor writes after the newest position that it reads, even if it knows a higher one.
    CompetesBelowKnown,
}

/// The bounds of a run. Each number limits how often something happens.
#[derive(Debug, Clone)]
pub struct Config {
    pub writers: [Vec<Append>; 3],
    /// The process of each writer.
    pub processes: [u8; 3],
    /// The number of positions. A request for a higher one never gets an answer.
    pub positions: u8,
    pub readers: usize,
    pub readers_may_write: bool,
    /// Whether the first reader follows on a node that may be behind.
    pub lagging: bool,
    /// How often a writer may begin to be alone.
    pub lone_phases: u8,
    pub moves: u8,
    pub crashes: u8,
    pub losses: u8,
    /// Whether one insert arrives late, after its writer has sent it again.
    pub delays: u8,
    pub elections: u8,
    pub resets: u8,
    pub bug: Option<Bug>,
}

impl Config {
    /// Two readers that may write, and nothing that goes wrong.
    pub fn new(positions: u8, writers: [&[Append]; 3]) -> Self {
        Self {
            writers: writers.map(<[Append]>::to_vec),
            processes: [0, 1, 2],
            positions,
            readers: 2,
            readers_may_write: true,
            lagging: false,
            lone_phases: 0,
            moves: 0,
            crashes: 0,
            losses: 0,
            delays: 0,
            elections: 0,
            resets: 0,
            bug: None,
        }
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// The number of an append among the appends of all writers.
    pub fn number(&self, writer: usize, append: u8) -> u8 {
        let before: usize = self.writers[..writer].iter().map(Vec::len).sum();
        u8::try_from(before).expect("a few appends") + append
    }

    /// The append with this number.
    pub fn append(&self, number: u8) -> Append {
        let mut number = usize::from(number);
        for appends in &self.writers {
            if number < appends.len() {
                return appends[number];
            }
            number -= appends.len();
        }
        unreachable!("no append has the number {number}")
    }
}
