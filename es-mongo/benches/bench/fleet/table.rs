//! All rows at a glance.

use super::measured::Measured;
use super::row::Row;
use super::{Ratios, Rivals, in_all, of_rounds};

/// Prints a table in the form that `BENCHMARKS.md` has.
pub(super) fn print(rows: &[(&Row, Rivals)]) {
    println!();
    println!(
        "| processes × writers | store | without a global order | driver | rate to driver | p50 | p99 | rate to the store without order | least share | failed | missed |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (row, rivals) in rows {
        let ratios = Ratios::new(rivals);
        let rate = row.per_second.map_or(String::new(), |per_second| format!(", {per_second} events/s a process"));
        println!(
            "| {} × {}{rate} | {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} |",
            row.processes,
            row.writers,
            cell(&rivals.store),
            cell(&rivals.per_aggregate),
            cell(&rivals.driver),
            ratios.rate_to_driver,
            ratios.p50_to_driver,
            ratios.p99_to_driver,
            ratios.rate_to_per_aggregate,
            of_rounds(&rivals.store, Measured::least_share),
            in_all(&rivals.store, |round| round.failed),
            in_all(&rivals.store, |round| round.missed),
        );
    }
}

fn cell(rounds: &[Measured]) -> String {
    format!(
        "{:.0} events/s, {:.1} / {:.1} ms",
        of_rounds(rounds, Measured::rate),
        of_rounds(rounds, Measured::p50),
        of_rounds(rounds, Measured::p99)
    )
}
