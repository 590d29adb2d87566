//! Checks the protocol of positions in every state that a small system can reach.
//!
//! Run it with `cargo test -p protocol -- --nocapture` to see how many states a run has, and the
//! counterexample of each planted bug.

use std::time::Instant;

use protocol::config::{loaded, new_stream, two_events};
use protocol::properties::{
    ACKNOWLEDGED, AT_REST, CAUSAL, FOLLOWERS, FRONTIER, NOT_OVERTAKEN, REAL_TIME, STREAM_ORDER, UNIQUE,
};
use protocol::{Bug, Config, explore, search};

/// Every property holds in every state.
fn holds(config: Config) {
    let start = Instant::now();
    let report = explore(config);
    println!("{} states, every property holds ({:.1?})", report.states, start.elapsed());
    if let Some((property, trace)) = report.violated.first() {
        panic!("not in every state: {property}\n{trace}");
    }
}

/// Without the bug every property holds in every state, and with it, this property does not.
fn holds_without(bug: Bug, property: &'static str, config: Config) {
    holds(config.clone());
    let report = search(Config { bug: Some(bug), ..config }, property);
    let found = report.violated.iter().find(|(violated, _)| *violated == property);
    let Some((_, trace)) = found else {
        panic!("{bug:?} is not found in {} states", report.states);
    };
    println!("{bug:?} after {} states: not \"{property}\"\n{trace}", report.states);
}

/// Three writers, one of which writes two events in a transaction.
fn two_events_in_a_transaction() -> Config {
    Config::new(5, [&[loaded(0)], &[loaded(0)], &[two_events(1)]])
}

/// Three writers, two of which append to the same stream.
fn one_stream_for_two(positions: u8) -> Config {
    Config::new(positions, [&[loaded(0)], &[loaded(0)], &[new_stream(1)]])
}

/// A writer that has time to be alone, and two that come later.
fn alone(positions: u8, lone_phases: u8) -> Config {
    let first = [new_stream(0), new_stream(1), new_stream(2)];
    Config {
        lone_phases,
        readers: 0,
        ..Config::new(positions, [&first, &[new_stream(3), new_stream(4)], &[new_stream(5)]])
    }
}

/// A writer that is refused while it is alone.
fn alone_and_refused() -> Config {
    Config {
        lone_phases: 1,
        readers: 0,
        ..Config::new(5, [&[loaded(0), new_stream(1)], &[loaded(0), new_stream(3)], &[new_stream(5)]])
    }
}

#[test]
fn readers_stop_at_an_open_position() {
    holds_without(Bug::FrontierIgnored, FOLLOWERS, two_events_in_a_transaction());
    holds_without(Bug::FrontierIgnored, FRONTIER, two_events_in_a_transaction());
}

#[test]
fn readers_skip_the_lowest_open_position_first() {
    let config = Config { crashes: 1, losses: 1, ..two_events_in_a_transaction() };
    holds_without(Bug::SkipAhead, NOT_OVERTAKEN, config);
}

#[test]
fn writers_decide_their_unused_positions_if_readers_may_not_write() {
    holds_without(Bug::UnusedDropped, AT_REST, Config { readers_may_write: false, ..one_stream_for_two(5) });
}

#[test]
fn an_event_is_acknowledged_after_a_majority_has_it() {
    let config = Config { readers: 1, elections: 1, ..one_stream_for_two(4) };
    holds_without(Bug::AcknowledgedByOneNode, ACKNOWLEDGED, config);
}

#[test]
fn a_load_raises_the_known_position() {
    let config = Config { readers: 0, elections: 1, ..one_stream_for_two(5) };
    holds_without(Bug::LoadNotKnown, STREAM_ORDER, config.clone());
    holds_without(Bug::LoadNotKnown, CAUSAL, Config { elections: 0, resets: 1, ..config });
}

#[test]
fn a_page_is_read_in_the_session_that_saw_the_frontier() {
    let config = Config { lagging: true, ..Config::new(3, [&[new_stream(0)], &[new_stream(1)], &[new_stream(2)]]) };
    holds_without(Bug::PageOutsideSession, FOLLOWERS, config);
}

#[test]
fn the_archive_moves_nothing_above_the_frontier() {
    holds_without(Bug::ArchiveAboveFrontier, AT_REST, Config { moves: 1, crashes: 1, ..one_stream_for_two(4) });
}

#[test]
fn an_insert_checks_whether_the_archive_is_beyond_its_positions() {
    holds_without(Bug::InsertUnchecked, UNIQUE, Config { moves: 2, resets: 1, readers: 1, ..one_stream_for_two(5) });
}

#[test]
fn a_skip_checks_whether_the_archive_is_beyond_its_position() {
    holds_without(Bug::SkipUnchecked, UNIQUE, Config { moves: 2, losses: 1, readers: 1, ..one_stream_for_two(5) });
}

#[test]
fn a_writer_that_is_alone_looks_at_the_counter_and_others_compete() {
    holds_without(Bug::AloneIgnored, REAL_TIME, alone(6, 1));
}

#[test]
fn a_competitor_ends_only_the_lone_phase_that_it_met() {
    holds_without(Bug::EndsAnyLonePhase, REAL_TIME, alone(6, 2));
}

#[test]
fn a_competitor_ends_a_lone_phase_only_from_above_the_tickets() {
    holds_without(Bug::EndsLonePhaseFromBelow, REAL_TIME, alone_and_refused());
}

#[test]
fn a_writer_is_not_alone_after_a_lost_answer_of_the_counter() {
    holds_without(Bug::AloneAfterLostAsk, REAL_TIME, Config { losses: 1, ..alone_and_refused() });
}

#[test]
fn a_competitor_writes_above_all_that_it_knows() {
    let first = [new_stream(0), new_stream(1)];
    let config = Config::new(4, [&first, &[loaded(0)], &[new_stream(2)]]);
    let config = Config { lagging: true, readers: 0, lone_phases: 1, ..config };
    holds_without(Bug::CompetesBelowKnown, CAUSAL, config);
}

#[test]
fn a_writer_that_is_alone_may_crash() {
    holds(Config { crashes: 1, ..alone(6, 2) });
}

#[test]
fn a_process_with_several_batches_in_flight_may_be_alone() {
    let several = [new_stream(0), new_stream(1)];
    let config = Config::new(5, [&several, &[loaded(2)], &[loaded(2), new_stream(3)]]);
    let config = Config { processes: [0, 0, 1], lone_phases: 1, readers: 0, ..config };
    holds(Config { losses: 1, crashes: 1, ..config.clone() });
    holds(Config { elections: 1, positions: 4, ..config });
}

#[test]
fn an_insert_may_arrive_after_its_writer_was_refused_or_has_other_positions() {
    holds(Config { delays: 1, ..alone_and_refused() });
    holds(Config { delays: 1, elections: 1, moves: 1, readers: 0, ..one_stream_for_two(4) });
}

#[test]
fn an_archive_run_moves_events_of_a_writer_that_is_alone() {
    let first = [new_stream(0), new_stream(1)];
    let config = Config::new(4, [&first, &[loaded(2)], &[loaded(2)]]);
    holds(Config { moves: 1, lone_phases: 1, readers: 0, ..config });
}

#[test]
fn elections_take_back_the_counter_and_events_of_a_writer_that_is_alone() {
    let first = [new_stream(0), new_stream(1)];
    let config = Config::new(3, [&first, &[loaded(0)], &[new_stream(2)]]);
    holds(Config { elections: 2, lone_phases: 1, readers: 0, ..config });
}

#[test]
fn an_election_a_crash_and_an_archive_run_with_two_readers() {
    holds(Config { elections: 1, crashes: 1, moves: 1, ..one_stream_for_two(3) });
}
