//! The properties of each state.

use stateright::Property;

use crate::database::Position;
use crate::model::{MAX_APPENDS, Protocol, State};
use crate::writer::Writer;

pub const UNIQUE: &str = "a position holds one thing, in the events or in the archive";
pub const STREAM_ORDER: &str = "the order of positions contains the order of each stream";
pub const CAUSAL: &str = "an append gets a higher position than all that its writer has seen";
pub const REAL_TIME: &str = "an append gets a higher position than all that were acknowledged before";
pub const FOLLOWERS: &str = "a follower was given everything up to where it is";
pub const FRONTIER: &str = "no position is open at or below a recorded frontier";
pub const ACKNOWLEDGED: &str = "an acknowledged event is stored once, at the position of its receipt";
pub const NOT_OVERTAKEN: &str = "no skip takes a position of a transaction in flight";
pub const AT_REST: &str = "no position stays open at rest";

/// All properties. Each holds in every state.
pub(crate) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(UNIQUE, Protocol::unique),
        Property::always(STREAM_ORDER, Protocol::stream_order),
        Property::always(CAUSAL, |_, state: &State| !state.wrong.causal),
        Property::always(REAL_TIME, |_, state: &State| !state.wrong.real_time),
        Property::always(FOLLOWERS, |_, state: &State| followers(state)),
        Property::always(FRONTIER, |_, state: &State| frontier(state)),
        Property::always(ACKNOWLEDGED, Protocol::acknowledged),
        Property::always(NOT_OVERTAKEN, |_, state: &State| !state.wrong.overtaken),
        Property::always(AT_REST, Protocol::at_rest),
    ]
}

fn followers(state: &State) -> bool {
    state.readers.iter().all(|reader| reader.is_right(&state.set.majority))
}

fn frontier(state: &State) -> bool {
    let (now, majority) = (state.set.now(), &state.set.majority);
    now.frontier <= now.decided() && majority.frontier <= majority.decided()
}

impl Protocol {
    fn positions(&self) -> std::ops::RangeInclusive<Position> {
        1..=self.config.positions
    }

    fn unique(&self, state: &State) -> bool {
        let now = state.set.now();
        self.positions().all(|position| {
            let (live, archived) = (now.live(position), now.archived(position));
            live.is_open() || archived.is_open() || live == archived
        })
    }

    fn stream_order(&self, state: &State) -> bool {
        let now = state.set.now();
        let mut heads = [0; MAX_APPENDS];
        self.positions().filter_map(|position| now.slot(position).event()).all(|event| {
            let stream = usize::from(self.config.append(event.append).stream);
            heads[stream] += 1;
            heads[stream] == event.sequence
        })
    }

    fn acknowledged(&self, state: &State) -> bool {
        (0..).zip(state.acknowledged).filter(|(_, last)| *last > 0).all(|(append, last)| {
            let events = self.config.append(append).events;
            self.positions().all(|position| {
                let part = position.checked_sub(last + 1 - events).filter(|part| *part < events);
                let event = state.set.majority.slot(position).event().filter(|event| event.append == append);
                event.map(|event| event.part) == part
            })
        })
    }

    /// If only readers can move, they can decide the lowest open position, and each reader that has
    /// nothing to do was given everything.
    fn at_rest(&self, state: &State) -> bool {
        let majority = &state.set.majority;
        let rests =
            state.writers.iter().all(Writer::is_settled) && state.set.pending.is_empty() && state.archive.copied == 0;
        if !rests {
            return true;
        }
        let open = majority.decided() + 1;
        let is_decidable = self.config.readers_may_write && !majority.archive_reaches(open);
        if open <= majority.newest() && !is_decidable {
            return false;
        }
        (0..self.config.readers).filter(|reader| !self.is_behind(*reader)).all(|reader| {
            let mut steps = Vec::new();
            self.reader_steps(state, reader, &mut steps);
            !steps.is_empty() || state.readers[reader].passed == majority.newest()
        })
    }
}
