//! The time without acknowledged appends.

use std::time::Duration;

use crate::history::Nanos;

/// The longest time within a window without an acknowledged append. `acknowledged` is sorted.
pub(super) fn longest_without(acknowledged: &[Nanos], from: Nanos, until: Nanos) -> Duration {
    let first = acknowledged.partition_point(|moment| *moment < from);
    let mut last = from.0;
    let mut longest = 0;
    for moment in &acknowledged[first..] {
        let at = moment.0.min(until.0);
        longest = longest.max(at - last);
        last = at;
        if *moment >= until {
            break;
        }
    }
    Duration::from_nanos(longest.max(until.0 - last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest(acknowledged: &[u64], from: u64, until: u64) -> u64 {
        let acknowledged: Vec<Nanos> = acknowledged.iter().map(|at| Nanos(*at)).collect();
        u64::try_from(longest_without(&acknowledged, Nanos(from), Nanos(until)).as_nanos()).unwrap()
    }

    #[test]
    fn the_longest_gap_within_the_window_counts_with_both_of_its_ends() {
        assert_eq!(longest(&[1, 12, 14, 19, 30], 10, 20), 5);
        assert_eq!(longest(&[1, 12, 30], 10, 20), 8);
        assert_eq!(longest(&[18, 19], 10, 20), 8);
        assert_eq!(longest(&[], 10, 20), 10);
    }
}
