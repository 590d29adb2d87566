//! Compares this library with the bare driver in one run.
//!
//! `cargo bench -p es-mongo` runs everything. `cargo bench -p es-mongo -- append.128 load` runs a
//! part of one section and all of another section. For `fleet`, `hot`, `cache` and `import`, `--rounds=3` and
//! `--seconds=2` set the number and the length of the rounds, and `--short` stands for one round of
//! 2 s. Each figure is a line `name value unit`. The rivals run in interleaved rounds and medians
//! are printed, because other work on the machine disturbs single rounds. Every write is
//! `w: majority, j: true`, into collections with all indexes of the library, on one `mongod`.

#![allow(clippy::disallowed_methods, reason = "the bare driver is the rival")]

mod append;
mod archive;
mod bare;
mod batches;
mod cache;
mod document;
mod domain;
mod feed;
mod fleet;
mod growth;
mod hot;
mod import;
mod load;
mod members;
mod memory;
mod read_side;
mod report;
mod targets;

use std::time::Duration;

use es_mongo::dev::DevServer;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.split_first() {
        Some((first, rest)) if first == "fleet-worker" => runtime.block_on(fleet::work(rest)),
        Some((first, rest)) if first == "hot-worker" => runtime.block_on(hot::work(rest)),
        Some((first, rest)) if first == "memory-worker" => runtime.block_on(memory::work(rest)),
        Some((first, rest)) if first == "read-side-worker" => runtime.block_on(read_side::work(rest)),
        _ => runtime.block_on(run(&Wanted::new(arguments)?)),
    }
}

/// The requested sections and parts of sections, all of them if none is named, and the options.
struct Wanted {
    parts: Vec<String>,
    rounds: Option<u64>,
    seconds: Option<u64>,
    short: bool,
}

impl Wanted {
    fn new(arguments: Vec<String>) -> Result<Self, Box<dyn std::error::Error>> {
        let mut wanted = Self { parts: Vec::new(), rounds: None, seconds: None, short: false };
        for argument in arguments {
            match argument.split_once('=') {
                Some(("--rounds", rounds)) => wanted.rounds = Some(rounds.parse()?),
                Some(("--seconds", seconds)) => wanted.seconds = Some(seconds.parse()?),
                None if argument == "--short" => wanted.short = true,
                // From cargo.
                None if argument == "--bench" => {}
                None if !argument.starts_with('-') => wanted.parts.push(argument),
                _ => {
                    return Err(format!(
                        "`{argument}` is not an option; there are --short, --rounds=N and --seconds=N"
                    )
                    .into());
                }
            }
        }
        Ok(wanted)
    }

    /// The number of rounds: one in a short run.
    fn rounds(&self, default: u64) -> u64 {
        self.rounds.unwrap_or(if self.short { 1 } else { default }).max(1)
    }

    /// The length of a round: 2 s in a short run.
    fn round(&self, default: Duration) -> Duration {
        let default = if self.short { Duration::from_secs(2) } else { default };
        self.seconds.map_or(default, Duration::from_secs)
    }

    /// Whether the section, or a part of it, is requested.
    fn section(&self, section: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|name| name.split('.').next() == Some(section))
    }

    /// Whether the part is requested, by its name or with its section.
    fn part(&self, section: &str, part: impl std::fmt::Display) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|name| *name == section || *name == format!("{section}.{part}"))
    }

    /// Whether the part is requested by its name.
    fn named(&self, section: &str, part: impl std::fmt::Display) -> bool {
        self.parts.contains(&format!("{section}.{part}"))
    }
}

async fn run(wanted: &Wanted) -> Outcome {
    let server = DevServer::builder().cache_size_gb(2.0).start().await?;
    let uri = server.uri();
    if wanted.section("targets") {
        targets::run(uri).await?;
    }
    if wanted.section("append") {
        append::run(uri, wanted).await?;
    }
    if wanted.section("batches") {
        batches::run(uri).await?;
    }
    if wanted.section("fleet") {
        fleet::run(uri, wanted).await?;
    }
    if wanted.section("hot") {
        hot::run(uri, wanted).await?;
    }
    if wanted.section("import") {
        import::run(uri, wanted).await?;
    }
    if wanted.section("cache") {
        cache::run(uri, wanted).await?;
    }
    if wanted.section("feed") {
        feed::run(uri, wanted).await?;
    }
    if wanted.section("read_side") {
        read_side::run(uri, wanted).await?;
    }
    if wanted.section("load") {
        load::run(uri, wanted).await?;
    }
    if wanted.section("memory") {
        memory::run(uri).await?;
    }
    if wanted.section("archive") {
        archive::run(uri).await?;
    }
    if wanted.section("growth") {
        growth::run(uri, wanted).await?;
    }
    Ok(())
}
