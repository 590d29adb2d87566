//! Faults on three nodes with writers and readers in several processes, and a table of the results.
//!
//! `cargo run --release -p tests --bin faults -- --seed 7`, or `-- --soak` for ten minutes with a
//! fault every ten seconds. `RUST_LOG=debug` logs what the stores of all processes do.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tests::faults::{Doomed, Kind, Project, Run, Work};
use tracing_subscriber::filter::LevelFilter;

#[derive(Parser)]
struct Arguments {
    /// The seed of the order and the timing of the faults; random by default, and printed.
    #[arg(long)]
    seed: Option<u64>,
    /// The number of faults, by default 24, or 60 in a soak. Every kind comes once before any kind
    /// is repeated.
    #[arg(long)]
    faults: Option<usize>,
    /// The number of processes, each with writers and a reader.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    processes: u32,
    /// The number of writers of all processes together.
    #[arg(long, default_value_t = 16)]
    writers: u32,
    /// Only faults in which no node is elected and no writer is killed, so that the order of
    /// positions is checked against time.
    #[arg(long)]
    undisturbed: bool,
    /// Ten minutes, a fault every ten seconds, 32 writers, archive runs.
    #[arg(long)]
    soak: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// A process of a run.
    #[command(hide = true)]
    Work(Work),
    /// A process that folds the read models of a run.
    #[command(hide = true)]
    Project(Project),
    /// A process that is killed during an append.
    #[command(hide = true)]
    Doomed(Doomed),
}

#[tokio::main]
async fn main() -> Result<ExitCode, std::io::Error> {
    let told = std::env::var("RUST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::OFF);
    tracing_subscriber::fmt().with_max_level(told).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Work(work)) => {
            work.until_stopped().await;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Part::Project(project)) => {
            project.until_stopped().await;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Part::Doomed(doomed)) => {
            doomed.until_killed().await;
            return Ok(ExitCode::SUCCESS);
        }
        None => {}
    }
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(0..1_000_000));
    println!("seed {seed}");
    let program = std::env::current_exe()?;
    let mut kinds = Kind::ALL.to_vec();
    kinds.retain(|kind| !arguments.undisturbed || kind.elects_nobody_and_kills_no_writer());
    let run = Run {
        seed,
        faults: arguments.faults.unwrap_or(kinds.len() + 3),
        kinds,
        every: None,
        processes: arguments.processes,
        writers: arguments.writers,
        archive: false,
        program,
    };
    let run = if arguments.soak {
        Run {
            faults: arguments.faults.unwrap_or(60),
            every: Some(Duration::from_secs(10)),
            writers: 32,
            archive: true,
            ..run
        }
    } else {
        run
    };
    let outcome = run.run().await;
    println!("{}", outcome.table);
    for broken in outcome.broken.iter().take(50) {
        println!("{broken}");
    }
    Ok(if outcome.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
