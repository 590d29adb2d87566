//! The insert of a batch, and what a writer does with its positions if the insert is refused.

use crate::config::{Append, Bug};
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

/// An insert that is delayed in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Late {
    pub index: usize,
    /// The writer when it sent the insert.
    pub writer: Writer,
}

impl Protocol {
    /// Whether an insert does not have to wait for a different one.
    pub fn may_insert(&self, state: &State, index: usize, writer: &Writer) -> bool {
        self.insert(state, index, writer) != Insert::Waits
    }

    /// What the insert at the positions of the batch does on the primary.
    fn insert(&self, state: &State, index: usize, writer: &Writer) -> Insert {
        let Append { stream, events, .. } = self.config.writers[index][usize::from(writer.append)];
        let mut ticket = writer.first..writer.first + events;
        let (now, majority) = (state.set.now(), &state.set.majority);
        if let Some(position) = now.find(self.config.number(index, writer.append)) {
            return Insert::Own(position);
        }
        let mut holders = state.writers.iter().enumerate().filter(|(_, other)| other.is_holding());
        let is_held = holders.any(|(other, holder)| {
            ticket.contains(&holder.first)
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
        match ticket.find(|position| !now.live(*position).is_open()) {
            Some(taken) => if_majority(!state.is_undecided(taken), Insert::Taken),
            None => Insert::Succeeds,
        }
    }

    pub fn send(&self, state: &mut State, index: usize) {
        match self.insert(state, index, &state.writers[index]) {
            Insert::Waits => unreachable!("the step is not enabled"),
            Insert::Own(position) => {
                // A late insert may have used the positions of an earlier ticket. Nobody uses those
                // of this one, so readers skip them.
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
        self.store_events(state, index, state.writers[index]);
        state.writers[index].phase = Phase::Stored;
    }

    fn store_events(&self, state: &mut State, index: usize, writer: Writer) {
        let append = self.config.number(index, writer.append);
        let events = self.config.append(append).events;
        state.wrong.causal |= writer.first <= writer.after_seen;
        state.wrong.real_time |= !state.is_stormy && writer.first <= writer.after_acknowledged;
        state.write(|database| {
            for part in 0..events {
                let event = Event { append, part, sequence: writer.sequence + part };
                *database.live_mut(writer.first + part) = Slot::of(event);
            }
        });
    }

    /// An insert arrives at the primary although its writer no longer waits for the answer.
    pub fn arrive_late(&self, state: &mut State) {
        let Some(Late { index, writer }) = state.late.take() else { return };
        if self.insert(state, index, &writer) == Insert::Succeeds {
            self.store_events(state, index, writer);
        }
    }

    /// A position is taken. The writer reads the newest one, and needs other positions.
    fn lose_positions(&self, state: &mut State, index: usize) {
        let newest = state.set.majority.newest();
        let writer = &mut state.writers[index];
        writer.handle.known = writer.handle.known.max(newest);
        writer.meet();
        self.abandon(state, index);
    }

    /// The batch does not use its positions. Those of a ticket must be decided.
    fn abandon(&self, state: &mut State, index: usize) {
        let are_open = self.ticket(state, index).any(|position| state.set.now().slot(position).is_open());
        let mut writer = state.writers[index];
        if writer.origin == Origin::Alone {
            writer.handle.last = writer.first - 1;
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
            return Writer { phase: Phase::Done, handle: writer.handle, ..Writer::default() };
        }
        Writer { append: writer.append + 1, handle: writer.handle, ..Writer::default() }
    }
}
