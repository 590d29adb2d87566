//! A writer: it writes one batch at a time. The writers of one process share a store handle.

use crate::config::{Append, Bug};
use crate::database::{Counter, Position};
use crate::insert::Late;
use crate::model::{Protocol, State};

/// Where the batch of a writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// Between two batches.
    #[default]
    Idle,
    /// The stream is loaded, and the batch is not formed yet.
    Loaded,
    /// The batch needs positions.
    Asking,
    /// The counter answered that a different writer is alone.
    Competing,
    /// The batch has positions. The insert is not sent, or its outcome is unknown.
    Placed,
    /// A transaction has inserted the first event and holds its keys.
    Holding,
    /// The insert took effect, and the answer is under way.
    Stored,
    /// Some positions of the ticket are not used.
    Unused,
    /// Every append has an answer.
    Done,
    /// The process has ended.
    Dead,
    /// The process has ended, and the server keeps its transaction open.
    DeadHolding,
}

/// How a process gets positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    #[default]
    Asking,
    Alone,
    /// A different writer is alone.
    Competing {
        with: u8,
        /// Whether an event is stored since then that ends its lone phase.
        stored: bool,
    },
}

/// Who chose the positions of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Origin {
    /// The counter.
    #[default]
    Ticket,
    Alone,
    Competing {
        with: u8,
        /// The highest position that the counter had given out.
        above: Position,
    },
}

/// What all writers of a process share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Handle {
    /// The highest position that the store handle remembers.
    pub known: Position,
    /// The highest position that the process has seen. It differs from `known` only by a bug.
    pub seen: Position,
    pub mode: Mode,
    /// The last position that the process got.
    pub last: Position,
    /// The id with which the process was alone the last time, or 0.
    pub own: u8,
}

/// The memory of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Writer {
    pub phase: Phase,
    /// The index of the current append.
    pub append: u8,
    /// The sequence of its first event.
    pub sequence: u8,
    pub handle: Handle,
    pub origin: Origin,
    /// The first position of the batch.
    pub first: Position,
    /// Whether the append was refused.
    pub refused: bool,
    /// The highest position that the writer had seen when it formed the batch.
    pub after_seen: Position,
    /// The highest position that was acknowledged when the writer formed the batch.
    pub after_acknowledged: Position,
}

/// A step of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Load,
    /// Asks the counter, perhaps to be alone from then on.
    Ask {
        alone: bool,
        answer: Answer,
    },
    /// Asks the counter of the deposed primary.
    AskDeposed,
    /// Takes the positions after its last one without asking.
    WriteAlone,
    ReadNewest,
    /// Reads the newest position on a node that is behind.
    ReadOldNewest,
    Insert,
    /// The insert is delayed in the network. The writer sends it again.
    DelayInsert,
    Commit,
    Acknowledge,
    /// The answer is lost, or the primary changed before a majority had the insert.
    LoseAnswer,
    GiveBack,
    RecordSkips,
    Crash,
    /// The transaction of a process that is dead or frozen is ended.
    EndTransaction,
}

/// Whether the answer of the counter arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Arrives,
    Lost,
}

impl Writer {
    /// Whether the writer does nothing more.
    pub fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Done | Phase::Dead)
    }

    /// Whether an open transaction of the writer has inserted its first event.
    pub fn is_holding(&self) -> bool {
        matches!(self.phase, Phase::Holding | Phase::DeadHolding)
    }

    /// Whether the writer has formed a batch that is not finished.
    fn is_in_flight(&self) -> bool {
        !self.is_settled() && !matches!(self.phase, Phase::Idle | Phase::Loaded | Phase::DeadHolding)
    }

    fn crash(&mut self) {
        *self = match self.phase {
            Phase::Done | Phase::DeadHolding => *self,
            Phase::Holding => Self {
                phase: Phase::DeadHolding,
                append: self.append,
                sequence: self.sequence,
                first: self.first,
                ..Self::default()
            },
            _ => Self::dead(),
        };
    }

    pub fn dead() -> Self {
        Self { phase: Phase::Dead, ..Self::default() }
    }

    /// Forms the batch. An append that begins later is part of the next one.
    fn form(&mut self, state: &State) {
        if matches!(self.phase, Phase::Idle | Phase::Loaded) {
            if self.phase == Phase::Idle {
                self.sequence = 1;
            }
            self.after_seen = self.handle.seen;
            self.after_acknowledged = state.acknowledged.iter().copied().max().unwrap_or(0);
        }
    }

    /// Another writer was noticed.
    pub fn meet(&mut self) {
        if self.handle.mode == Mode::Alone {
            self.handle.mode = Mode::Asking;
        }
    }

    /// Whether the counter gives this writer no ticket.
    fn competes(&self, counter: Counter, ends_any: bool) -> bool {
        let over = match self.handle.mode {
            Mode::Competing { with, stored: true } => ends_any || counter.alone == with,
            _ => false,
        };
        counter.alone != 0 && counter.alone != self.handle.own && !over
    }

    /// Whether the counter lets the writer be alone from its next ticket on.
    fn may_be_alone(&self, counter: Counter) -> bool {
        self.handle.known <= self.handle.last && counter.next == self.handle.last && !counter.asked
    }
}

impl Protocol {
    pub fn append_of(&self, state: &State, writer: usize) -> Append {
        self.config.writers[writer][usize::from(state.writers[writer].append)]
    }

    pub fn ticket(&self, state: &State, writer: usize) -> std::ops::RangeInclusive<Position> {
        let first = state.writers[writer].first;
        first..=first + self.append_of(state, writer).events - 1
    }

    pub fn writer_steps(&self, state: &State, index: usize, steps: &mut Vec<Step>) {
        let writer = &state.writers[index];
        match writer.phase {
            Phase::Idle if self.append_of(state, index).loads => steps.push(Step::Load),
            Phase::Idle | Phase::Loaded | Phase::Asking => self.steps_to_positions(state, index, steps),
            Phase::Competing => {
                let (read, behind) = (state.set.majority.newest(), state.set.lagging.newest());
                let events = self.append_of(state, index).events;
                if read.max(writer.handle.known) + events <= self.config.positions {
                    steps.push(Step::ReadNewest);
                    if self.config.lagging && behind != read {
                        steps.push(Step::ReadOldNewest);
                    }
                }
            }
            Phase::Placed => {
                if self.may_insert(state, index, writer) {
                    steps.push(Step::Insert);
                }
                if state.left.delays > 0 && self.append_of(state, index).events == 1 {
                    steps.push(Step::DelayInsert);
                }
            }
            Phase::Holding => {
                let second = writer.first + 1;
                if !state.is_held(second) && !state.is_undecided(second) {
                    steps.push(Step::Commit);
                }
                if state.left.losses > 0 {
                    steps.push(Step::EndTransaction);
                }
            }
            Phase::Stored => {
                let number = self.config.number(index, writer.append);
                let database =
                    if self.config.has(Bug::AcknowledgedByOneNode) { state.set.now() } else { &state.set.majority };
                if database.find(number).is_some() {
                    steps.push(Step::Acknowledge);
                }
                if state.left.losses > 0 || state.set.now().find(number).is_none() {
                    steps.push(Step::LoseAnswer);
                }
            }
            Phase::Unused => {
                if state.set.now().counter.next == *self.ticket(state, index).end() {
                    steps.push(Step::GiveBack);
                } else if !self.ticket(state, index).any(|position| state.is_held(position)) {
                    steps.push(Step::RecordSkips);
                }
            }
            Phase::DeadHolding => steps.push(Step::EndTransaction),
            Phase::Done | Phase::Dead => {}
        }
        let is_alive = !writer.is_settled() && writer.phase != Phase::DeadHolding;
        if state.left.crashes > 0 && is_alive {
            steps.push(Step::Crash);
        }
    }

    /// The ways to the positions of a batch: alone, or from the counter.
    fn steps_to_positions(&self, state: &State, index: usize, steps: &mut Vec<Step>) {
        let writer = &state.writers[index];
        // Several batches of a process are in flight only while it asks the counter.
        let is_single = !self.siblings(index).any(|other| state.writers[other].is_in_flight());
        if !is_single && writer.phase != Phase::Asking && writer.handle.mode != Mode::Asking {
            return;
        }
        let events = self.append_of(state, index).events;
        let fits = |last: Position| last + events <= self.config.positions;
        let counter = state.set.now().counter;
        if is_single && writer.handle.mode == Mode::Alone && writer.handle.known <= writer.handle.last {
            if fits(writer.handle.last) {
                steps.push(Step::WriteAlone);
            }
            // It asks only if its look at the counter shows a different writer.
            if !counter.asked && counter.alone == writer.handle.own && counter.next <= writer.handle.last {
                return;
            }
        }
        let known = writer.handle.known.max(writer.handle.last);
        let fits_counter = |counter: Counter| fits(counter.next.max(known)) || self.competes(writer, counter);
        if fits_counter(counter) {
            let may_be_alone =
                is_single && state.left.alone > 0 && writer.may_be_alone(counter) && !self.competes(writer, counter);
            for alone in [false, true] {
                if alone && !may_be_alone {
                    continue;
                }
                steps.push(Step::Ask { alone, answer: Answer::Arrives });
                if state.left.losses > 0 {
                    steps.push(Step::Ask { alone, answer: Answer::Lost });
                }
            }
        }
        if state.set.deposed.is_some_and(fits_counter) {
            steps.push(Step::AskDeposed);
        }
    }

    fn competes(&self, writer: &Writer, counter: Counter) -> bool {
        writer.competes(counter, self.config.has(Bug::EndsAnyLonePhase)) && !self.config.has(Bug::AloneIgnored)
    }

    /// The other writers of the same process.
    fn siblings(&self, index: usize) -> impl Iterator<Item = usize> {
        let processes = self.config.processes;
        (0..processes.len()).filter(move |other| *other != index && processes[*other] == processes[index])
    }

    pub fn writer_step(&self, state: &mut State, index: usize, step: Step) {
        self.step(state, index, step);
        let handle = state.writers[index].handle;
        let is_done = |state: &State, index: usize| state.writers[index].is_settled();
        let all_done = is_done(state, index) && self.siblings(index).all(|other| is_done(state, other));
        for member in self.siblings(index).chain([index]) {
            let writer = &mut state.writers[member];
            // A process that has ended has no memory.
            writer.handle = if all_done || writer.phase == Phase::DeadHolding { Handle::default() } else { handle };
        }
    }

    fn step(&self, state: &mut State, index: usize, step: Step) {
        let mut writer = state.writers[index];
        match step {
            Step::Load => {
                let stream = self.append_of(state, index).stream;
                let (sequence, position) = state.set.majority.head(&self.config, stream);
                writer.sequence = sequence + 1;
                writer.handle.seen = writer.handle.seen.max(position);
                if !self.config.has(Bug::LoadNotKnown) {
                    writer.handle.known = writer.handle.known.max(position);
                }
                writer.phase = Phase::Loaded;
            }
            Step::Ask { alone, answer } => {
                let mut counter = state.set.now().counter;
                let asked = self.ask(state, index, &mut counter, alone);
                state.write(|database| database.counter = counter);
                match answer {
                    Answer::Arrives => writer = asked,
                    Answer::Lost => {
                        state.left.losses -= 1;
                        if !self.config.has(Bug::AloneAfterLostAsk) {
                            writer.meet();
                        }
                    }
                }
            }
            Step::AskDeposed => {
                let mut counter = state.set.deposed.take().expect("a deposed primary");
                writer = self.ask(state, index, &mut counter, false);
            }
            Step::WriteAlone => {
                writer.form(state);
                writer.first = writer.handle.last + 1;
                writer.handle.last += self.append_of(state, index).events;
                writer.origin = Origin::Alone;
                writer.phase = Phase::Placed;
            }
            Step::ReadNewest => {
                let newest = state.set.majority.newest();
                self.compete(&mut writer, newest);
            }
            Step::ReadOldNewest => {
                state.is_stormy = true;
                let newest = state.set.lagging.newest();
                self.compete(&mut writer, newest);
            }
            Step::DelayInsert => {
                state.left.delays -= 1;
                let writer = Writer { handle: Handle::default(), ..writer };
                state.late = Some(Late { index, writer });
            }
            Step::Insert => return self.send(state, index),
            Step::Commit => return self.commit(state, index),
            Step::Acknowledge => writer = self.acknowledge(state, index),
            Step::LoseAnswer => {
                let number = self.config.number(index, writer.append);
                if state.set.now().find(number).is_some() {
                    state.left.losses -= 1;
                }
                writer.phase = Phase::Placed;
            }
            Step::GiveBack => {
                let (before, last) = (writer.first - 1, *self.ticket(state, index).end());
                state.write(|database| database.counter.next = before);
                if writer.handle.last == last {
                    writer.handle.last = before;
                }
                writer = self.leave_ticket(index, &writer);
            }
            Step::RecordSkips => {
                let ticket = self.ticket(state, index);
                state.write(|database| ticket.for_each(|position| database.skip(position)));
                writer = self.leave_ticket(index, &writer);
            }
            Step::Crash => {
                state.left.crashes -= 1;
                for member in self.siblings(index).chain([index]) {
                    state.writers[member].crash();
                }
                return;
            }
            Step::EndTransaction if writer.phase == Phase::Holding => {
                state.left.losses -= 1;
                writer.phase = Phase::Placed;
            }
            Step::EndTransaction => writer = Writer::dead(),
        }
        state.writers[index] = writer;
    }

    /// The command that asks the counter. Returns the writer after the answer.
    fn ask(&self, state: &mut State, index: usize, counter: &mut Counter, alone: bool) -> Writer {
        let mut writer = state.writers[index];
        writer.form(state);
        if self.competes(&writer, *counter) {
            counter.asked = true;
            writer.handle.mode = Mode::Competing { with: counter.alone, stored: false };
            writer.origin = Origin::Competing { with: counter.alone, above: counter.next };
            writer.phase = Phase::Competing;
            return writer;
        }
        let events = self.append_of(state, index).events;
        writer.first = counter.next.max(writer.handle.known).max(writer.handle.last) + 1;
        writer.handle.last = writer.first + events - 1;
        writer.origin = Origin::Ticket;
        writer.phase = Phase::Placed;
        counter.next = writer.handle.last;
        counter.asked = false;
        if alone {
            state.left.alone -= 1;
            writer.handle.own = self.config.lone_phases - state.left.alone;
            writer.handle.mode = Mode::Alone;
            counter.alone = writer.handle.own;
        } else {
            writer.handle.mode = Mode::Asking;
            if !self.config.has(Bug::AloneIgnored) || counter.alone == writer.handle.own {
                counter.alone = 0;
            }
        }
        writer
    }

    fn compete(&self, writer: &mut Writer, newest: Position) {
        writer.first =
            1 + if self.config.has(Bug::CompetesBelowKnown) { newest } else { newest.max(writer.handle.known) };
        writer.phase = Phase::Placed;
    }

    fn acknowledge(&self, state: &mut State, index: usize) -> Writer {
        let mut writer = state.writers[index];
        let number = self.config.number(index, writer.append);
        let last = *self.ticket(state, index).end();
        state.acknowledged[usize::from(number)] = last;
        writer.handle.known = writer.handle.known.max(last);
        writer.handle.seen = writer.handle.seen.max(last);
        if let (Origin::Competing { with, above }, Mode::Competing { with: current, stored }) =
            (writer.origin, &mut writer.handle.mode)
        {
            let ends = writer.first > above || self.config.has(Bug::EndsLonePhaseFromBelow);
            *stored |= with == *current && ends;
        }
        self.next_append(index, &writer)
    }
}
