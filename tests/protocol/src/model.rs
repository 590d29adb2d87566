//! The states of the whole system, and the steps between them.

use stateright::{Model, Property};

use crate::archive::{Archive, ArchiveStep};
use crate::config::Config;
use crate::database::{Counter, Database, MAX_POSITIONS, Position, ReplicaSet};
use crate::insert::Late;
use crate::properties;
use crate::reader::{Reader, ReaderStep};
use crate::writer::{Phase, Step, Writer};

/// The highest number of appends in a run.
pub const MAX_APPENDS: usize = 7;

/// How often something may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Left {
    pub crashes: u8,
    pub losses: u8,
    pub delays: u8,
    pub elections: u8,
    pub resets: u8,
    pub moves: u8,
    pub alone: u8,
}

/// What went wrong in a step, and cannot be seen in the state after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Wrong {
    pub causal: bool,
    pub real_time: bool,
    pub overtaken: bool,
}

/// A state of the system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct State {
    pub set: ReplicaSet,
    pub writers: [Writer; 3],
    pub readers: [Reader; 2],
    pub archive: Archive,
    /// An insert that is delayed in the network.
    pub late: Option<Late>,
    /// The last position of each append that was acknowledged, or 0.
    pub acknowledged: [Position; MAX_APPENDS],
    pub left: Left,
    /// Whether an election or a reset of the counter has happened.
    pub is_stormy: bool,
    pub wrong: Wrong,
}

impl State {
    /// Writes on the primary.
    pub fn write<T>(&mut self, change: impl FnOnce(&mut Database) -> T) -> T {
        self.set.write(self.left.elections > 0, change)
    }

    /// Whether a transaction holds the position.
    pub fn is_held(&self, position: Position) -> bool {
        self.writers.iter().any(|writer| writer.is_holding() && writer.first == position)
    }

    /// Whether the primary has something at the position that a majority does not have yet.
    pub fn is_undecided(&self, position: Position) -> bool {
        !self.set.now().slot(position).is_open() && self.set.majority.slot(position).is_open()
    }
}

/// A step of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Writer(usize, Step),
    Reader(usize, ReaderStep),
    Archive(ArchiveStep),
    /// A majority has the oldest pending write.
    Commit,
    /// An election keeps so many of the pending writes.
    Elect(usize),
    /// The insert that was delayed arrives.
    Arrive,
    /// Somebody deletes the counter.
    Reset,
    /// The node that is behind catches up.
    CatchUp,
}

/// The protocol in one configuration.
pub struct Protocol {
    pub config: Config,
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let Config { crashes, losses, delays, elections, resets, moves, lone_phases: alone, .. } = self.config;
        assert!(usize::from(self.config.positions) <= MAX_POSITIONS);
        let mut state =
            State { left: Left { crashes, losses, delays, elections, resets, moves, alone }, ..State::default() };
        for (writer, appends) in state.writers.iter_mut().zip(&self.config.writers) {
            if appends.is_empty() {
                writer.phase = Phase::Done;
            }
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let mut steps = Vec::new();
        for writer in 0..3 {
            self.writer_steps(state, writer, &mut steps);
            actions.extend(steps.drain(..).map(|step| Action::Writer(writer, step)));
        }
        let mut steps = Vec::new();
        for reader in 0..self.config.readers {
            self.reader_steps(state, reader, &mut steps);
            actions.extend(steps.drain(..).map(|step| Action::Reader(reader, step)));
        }
        let mut steps = Vec::new();
        self.archive_steps(state, &mut steps);
        actions.extend(steps.into_iter().map(Action::Archive));
        if !state.set.pending.is_empty() {
            actions.push(Action::Commit);
            if state.left.elections > 0 {
                actions.extend((0..state.set.pending.len()).map(Action::Elect));
            }
        }
        if let Some(Late { index, writer }) = &state.late
            && self.may_insert(state, *index, writer)
        {
            actions.push(Action::Arrive);
        }
        if state.left.resets > 0 && state.set.now().counter != Counter::default() {
            actions.push(Action::Reset);
        }
        if self.config.lagging && state.set.lagging != state.set.majority {
            actions.push(Action::CatchUp);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Writer(writer, step) => self.writer_step(&mut state, writer, step),
            Action::Reader(reader, step) => self.reader_step(&mut state, reader, step),
            Action::Archive(step) => Self::archive_step(&mut state, step),
            Action::Commit => state.set.commit(),
            Action::Elect(keep) => {
                state.left.elections -= 1;
                state.is_stormy = true;
                state.set.elect(keep, state.left.elections > 0);
                // Transactions end with the primary.
                for writer in &mut state.writers {
                    match writer.phase {
                        Phase::Holding => writer.phase = Phase::Placed,
                        Phase::DeadHolding => *writer = Writer::dead(),
                        _ => {}
                    }
                }
            }
            Action::Arrive => self.arrive_late(&mut state),
            Action::Reset => {
                state.left.resets -= 1;
                state.is_stormy = true;
                state.write(|database| database.counter = Counter::default());
            }
            Action::CatchUp => state.set.lagging = state.set.majority,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
