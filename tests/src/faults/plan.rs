//! The order and the timing of the faults, from a seed, so that a run can be repeated.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The primary is killed with SIGKILL and started again.
    PrimaryKilled,
    /// The primary steps down.
    PrimarySteppedDown,
    /// The primary is stopped with SIGSTOP and continued after a while.
    PrimaryFrozen,
    /// A secondary is killed with SIGKILL and started again.
    SecondaryKilled,
    /// All nodes are killed and started again.
    AllRestarted,
    /// Requests of clients to the primary are lost.
    RequestsLost,
    /// Answers of the primary to clients are lost.
    AnswersLost,
    /// Both are lost.
    BothLost,
    /// All connections of clients to the primary are reset, and so are new ones for a while.
    Reset,
    /// Nobody can reach the primary.
    PrimaryCutOff,
    /// Connections to the primary are slow.
    SlowWay,
    /// The connection is closed before a write.
    ClosedBefore,
    /// The connection is closed after a write.
    ClosedAfter,
    /// The server returns an error with this code.
    ErrorCode(i32),
    /// The write concern was not met in time.
    ConcernTimedOut,
    /// The answer to a commit is lost repeatedly.
    CommitUnknown,
    /// The server answers slowly.
    SlowAnswers,
    /// A writer is killed with SIGKILL between its insert and its commit.
    WriterKilled,
    /// A process that folds read models is killed with SIGKILL and started again.
    ProjectorKilled,
    /// A process that folds read models is stopped with SIGSTOP until it has lost its leases, and
    /// continued.
    ProjectorFrozen,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 24] = [
        Self::PrimaryKilled,
        Self::PrimarySteppedDown,
        Self::PrimaryFrozen,
        Self::SecondaryKilled,
        Self::AllRestarted,
        Self::RequestsLost,
        Self::AnswersLost,
        Self::BothLost,
        Self::Reset,
        Self::PrimaryCutOff,
        Self::SlowWay,
        Self::ClosedBefore,
        Self::ClosedAfter,
        Self::ErrorCode(91),
        Self::ErrorCode(189),
        Self::ErrorCode(10107),
        Self::ErrorCode(11600),
        Self::ErrorCode(112),
        Self::ConcernTimedOut,
        Self::CommitUnknown,
        Self::SlowAnswers,
        Self::WriterKilled,
        Self::ProjectorKilled,
        Self::ProjectorFrozen,
    ];

    /// Whether no node is elected and no writer is killed. A run with such faults only keeps the
    /// order of time: see [`History::undisturbed`](crate::history::History::undisturbed).
    pub fn elects_nobody_and_kills_no_writer(self) -> bool {
        match self {
            Self::PrimaryKilled
            | Self::PrimarySteppedDown
            | Self::PrimaryFrozen
            | Self::SecondaryKilled
            | Self::AllRestarted
            | Self::PrimaryCutOff
            | Self::WriterKilled => false,
            Self::RequestsLost
            | Self::AnswersLost
            | Self::BothLost
            | Self::Reset
            | Self::SlowWay
            | Self::ClosedBefore
            | Self::ClosedAfter
            | Self::ErrorCode(_)
            | Self::ConcernTimedOut
            | Self::CommitUnknown
            | Self::SlowAnswers
            | Self::ProjectorKilled
            | Self::ProjectorFrozen => true,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrimaryKilled => "primary killed",
            Self::PrimarySteppedDown => "primary stepped down",
            Self::PrimaryFrozen => "primary frozen",
            Self::SecondaryKilled => "secondary killed",
            Self::AllRestarted => "all nodes restarted",
            Self::RequestsLost => "requests lost",
            Self::AnswersLost => "answers lost",
            Self::BothLost => "requests and answers lost",
            Self::Reset => "connections reset",
            Self::PrimaryCutOff => "primary cut off",
            Self::SlowWay => "slow connections",
            Self::ClosedBefore => "closed before the write",
            Self::ClosedAfter => "closed after the write",
            Self::ErrorCode(code) => return write!(f, "error {code}"),
            Self::ConcernTimedOut => "write concern error 64",
            Self::CommitUnknown => "unknown commit result",
            Self::SlowAnswers => "slow answers",
            Self::WriterKilled => "writer killed",
            Self::ProjectorKilled => "projector killed",
            Self::ProjectorFrozen => "projector frozen",
        })
    }
}

/// One fault of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    /// The longest duration of the fault.
    pub(super) hold: Duration,
    /// The pause after the fault.
    pub(super) rest: Duration,
    /// How often the fail point acts.
    pub(super) times: i32,
}

/// This many faults of these kinds: all kinds in an order from the seed, and then again in a
/// different order.
pub(super) fn draw(seed: u64, kinds: &[Kind], faults: usize) -> Vec<Fault> {
    let mut random = Rng::with_seed(seed);
    let mut plan = Vec::with_capacity(faults);
    let mut deck = Vec::new();
    while plan.len() < faults {
        if deck.is_empty() {
            deck.extend_from_slice(kinds);
            random.shuffle(&mut deck);
        }
        let Some(kind) = deck.pop() else { break };
        plan.push(Fault {
            kind,
            hold: Duration::from_millis(random.u64(1_500..5_000)),
            rest: Duration::from_millis(random.u64(500..2_000)),
            times: random.i32(1..=6),
        });
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_plans_and_different_seeds_do_not() {
        assert_eq!(draw(7, &Kind::ALL, 30), draw(7, &Kind::ALL, 30));
        assert_ne!(draw(7, &Kind::ALL, 30), draw(8, &Kind::ALL, 30));
    }

    #[test]
    fn every_kind_comes_once_before_any_is_repeated() {
        let mut kinds: Vec<Kind> = draw(7, &Kind::ALL, Kind::ALL.len()).iter().map(|fault| fault.kind).collect();
        kinds.sort_unstable();
        let mut all = Kind::ALL.to_vec();
        all.sort_unstable();
        assert_eq!(kinds, all);
    }
}
