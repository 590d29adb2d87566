//! Explores all states of a configuration.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use stateright::{Checker as _, HasDiscoveries, Model as _};

use crate::config::Config;
use crate::model::Protocol;

/// The result of a run.
#[derive(Debug)]
pub struct Report {
    /// The number of different states.
    pub states: usize,
    /// Each property that does not hold, with the shortest way to a state that violates it.
    pub violated: Vec<(&'static str, String)>,
}

/// Explores all states, until a property does not hold.
pub fn explore(config: Config) -> Report {
    run(config, HasDiscoveries::AnyFailures)
}

/// Explores all states, until this property does not hold.
pub fn search(config: Config, property: &'static str) -> Report {
    run(config, HasDiscoveries::AnyOf(BTreeSet::from([property])))
}

fn run(config: Config, until: HasDiscoveries) -> Report {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = Protocol { config }.checker().threads(threads).finish_when(until).spawn_bfs().join();
    let violated = checker.discoveries().into_iter().map(|(property, path)| {
        let mut trace = String::new();
        for (state, action) in path.into_vec() {
            let database = state.set.now();
            match action {
                Some(action) => writeln!(trace, "    {database:?}\n  {action:?}"),
                None => writeln!(trace, "    {database:?}"),
            }
            .expect("a string");
        }
        (property, trace)
    });
    Report { states: checker.unique_state_count(), violated: violated.collect() }
}
