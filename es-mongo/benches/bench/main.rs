//! What this library costs and saves, side by side with the bare driver in one run.
//!
//! `cargo bench -p es-mongo` runs everything; `cargo bench -p es-mongo -- append load` runs two sections.
//! Each figure is a line `name value unit`. Rounds of the rivals are interleaved and medians are printed, for machines are noisy.
//! Every write is `w: majority, j: true`, into collections with all indexes of the library, on one `mongod`.

mod append;
mod bare;
mod batches;
mod domain;
mod load;
mod processes;
mod report;
mod targets;

use es_mongo::dev::DevServer;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    // cargo passes `--bench`; whatever else is given names a section.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.split_first() {
        Some((first, rest)) if first == "worker" => runtime.block_on(processes::work(rest)),
        _ => runtime.block_on(run(&wanted)),
    }
}

async fn run(wanted: &[String]) -> Outcome {
    let is_wanted = |section: &str| wanted.is_empty() || wanted.iter().any(|name| name == section);
    let server = DevServer::builder().cache_size_gb(2.0).start().await?;
    let uri = server.uri();
    if is_wanted("targets") {
        targets::run(uri).await?;
    }
    if is_wanted("append") {
        append::run(uri).await?;
    }
    if is_wanted("batches") {
        batches::run(uri).await?;
    }
    if is_wanted("processes") {
        processes::run(uri).await?;
    }
    if is_wanted("load") {
        load::run(uri).await?;
    }
    Ok(())
}
