//! Compares this library with the bare driver in one run.
//!
//! `cargo bench -p es-mongo` runs everything. `cargo bench -p es-mongo -- append.128 load` runs a
//! part of one section and all of another section. Each figure is a line `name value unit`. The
//! rivals run in interleaved rounds and medians are printed, because other work on the machine
//! disturbs single rounds. Every write is `w: majority, j: true`, into collections with all indexes
//! of the library, on one `mongod`.

#![allow(clippy::disallowed_methods, reason = "the bare driver is the rival")]

mod append;
mod archive;
mod bare;
mod batches;
mod document;
mod domain;
mod feed;
mod growth;
mod load;
mod memory;
mod processes;
mod report;
mod targets;

use es_mongo::dev::DevServer;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    // cargo passes `--bench`. The other arguments are names of sections.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.split_first() {
        Some((first, rest)) if first == "worker" => runtime.block_on(processes::work(rest)),
        Some((first, rest)) if first == "memory-worker" => runtime.block_on(memory::work(rest)),
        _ => runtime.block_on(run(&Wanted(arguments))),
    }
}

/// The requested sections and parts of sections. If none is named, all of them.
struct Wanted(Vec<String>);

impl Wanted {
    /// Whether the section, or a part of it, is requested.
    fn section(&self, section: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| name.split('.').next() == Some(section))
    }

    /// Whether the part is requested, by its name or with its section.
    fn part(&self, section: &str, part: impl std::fmt::Display) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| *name == section || *name == format!("{section}.{part}"))
    }

    /// Whether the part is requested by its name.
    fn named(&self, section: &str, part: impl std::fmt::Display) -> bool {
        self.0.contains(&format!("{section}.{part}"))
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
    if wanted.section("processes") {
        processes::run(uri, wanted).await?;
    }
    if wanted.section("feed") {
        feed::run(uri, wanted).await?;
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
