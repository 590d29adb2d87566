//! The insert of a batch, and what a writer does with its positions if the insert is refused.

use crate::config::Bug;
use crate::database::{Event, Position, Slot};
use crate::model::{Protocol, State};
use crate::writer::{Origin, Phase, Writer};

/// The effect of an insert on the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Insert {
    /// A transaction holds one of the keys, or a majority does not have the key yet.
    Waits,
    /// The events are already stored.
    Own(Position),
    Conflict,
    Taken,
    Succeeds,
}

impl Protocol {
    /// Whether an insert does not have to wait for a different one.
    pub fn may_insert(&self, state: &State, index: usize) -> bool {
        self.insert(state, index) != Insert::Waits
    }

    /// What the insert at the positions of the batch does on the primary.
    fn insert(&self, state: &State, index: usize) -> Insert {
        let writer = &state.writers[index];
        let stream = self.append_of(state, index).stream;
        let (now, majority) = (state.set.now(), &state.set.majority);
        if let Some(position) = now.find(self.config.number(index, writer.append)) {
            return Insert::Own(position);
        }
        let mut holders = state.writers.iter().enumerate().filter(|(_, other)| other.is_holding());
        let is_held = holders.any(|(other, holder)| {
            self.ticket(state, index).contains(&holder.first)
                || (self.append_of(state, other).stream == stream && holder.sequence <= writer.sequence)
        });
        if is_held {
            return Insert::Waits;
        }
        let if_majority = |has: bool, insert| if has { insert } else { Insert::Waits };
        if now.head(&self.config, stream).0 >= writer.sequence {
            return if_majority(majority.head(&self.config, stream).0 >= writer.sequence, Insert::Conflict);
        }
        if !self.config.has(Bug::InsertUnchecked) && now.archive_reaches(writer.first) {
            return Insert::Taken;
        }
        match self.ticket(state, index).find(|position| !now.live(*position).is_open()) {
            Some(taken) => if_majority(!state.is_undecided(taken), Insert::Taken),
            None => Insert::Succeeds,
        }
    }

    pub fn send(&self, state: &mut State, index: usize) {
        match self.insert(state, index) {
            Insert::Waits => unreachable!("the step is not enabled"),
            Insert::Own(position) => {
                state.writers[index].first = position;
                state.writers[index].phase = Phase::Stored;
            }
            Insert::Conflict => {
                state.writers[index].refused = true;
                self.abandon(state, index);
            }
            Insert::Taken => self.lose_positions(state, index),
            Insert::Succeeds if self.append_of(state, index).events > 1 => {
                state.writers[index].phase = Phase::Holding;
            }
            Insert::Succeeds => self.store(state, index),
        }
    }

    pub fn commit(&self, state: &mut State, index: usize) {
        let second = state.set.now().slot(state.writers[index].first + 1);
        if second.is_open() {
            self.store(state, index);
        } else {
            state.wrong.overtaken |= second == Slot::SKIP;
            self.lose_positions(state, index);
        }
    }

    fn store(&self, state: &mut State, index: usize) {
        let writer = state.writers[index];
        let append = self.config.number(index, writer.append);
        let ticket = self.ticket(state, index);
        state.wrong.causal |= writer.first <= writer.after_seen;
        state.wrong.real_time |= !state.is_stormy && writer.first <= writer.after_acknowledged;
        state.write(|database| {
            for (part, position) in (0..).zip(ticket) {
                let event = Event { append, part, sequence: writer.sequence + part };
                *database.live_mut(position) = Slot::of(event);
            }
        });
        state.writers[index].phase = Phase::Stored;
    }

    /// A position is taken. The writer reads the newest one, and needs other positions.
    fn lose_positions(&self, state: &mut State, index: usize) {
        let newest = state.set.majority.newest();
        let writer = &mut state.writers[index];
        writer.known = writer.known.max(newest);
        writer.meet();
        self.abandon(state, index);
    }

    /// The batch does not use its positions. Those of a ticket must be decided.
    fn abandon(&self, state: &mut State, index: usize) {
        let are_open = self.ticket(state, index).any(|position| state.set.now().slot(position).is_open());
        let mut writer = state.writers[index];
        if writer.origin == Origin::Alone {
            writer.last = writer.first - 1;
        }
        let must_decide = are_open && writer.origin == Origin::Ticket && !self.config.has(Bug::UnusedDropped);
        state.writers[index] =
            if must_decide { Writer { phase: Phase::Unused, ..writer } } else { self.leave_ticket(index, &writer) };
    }

    pub fn leave_ticket(&self, index: usize, writer: &Writer) -> Writer {
        if writer.refused {
            self.next_append(index, writer)
        } else {
            Writer { phase: Phase::Asking, origin: Origin::Ticket, first: 0, ..*writer }
        }
    }

    pub fn next_append(&self, index: usize, writer: &Writer) -> Writer {
        if usize::from(writer.append) + 1 == self.config.writers[index].len() {
            return Writer { phase: Phase::Done, ..Writer::default() };
        }
        Writer {
            append: writer.append + 1,
            known: writer.known,
            seen: writer.seen,
            mode: writer.mode,
            last: writer.last,
            own: writer.own,
            ..Writer::default()
        }
    }
}
