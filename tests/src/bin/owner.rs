//! Starts a development server as a separate process: `owner [FOLDER]`.
//!
//! Without a folder the data is deleted. Prints the connection string, then the log file and the
//! process of its node, or the messages of a server without nodes or without its own primary. Ends
//! when its input ends, which is immediately if it has no input. Prints both forms of an error.

use std::io::Read;

use es_mongo::dev::{DevError, DevServer};

#[tokio::main]
async fn main() {
    if let Err(error) = own().await {
        eprintln!("{error:?}\n{error}");
        std::process::exit(1);
    }
}

async fn own() -> Result<(), DevError> {
    let builder = match std::env::args().nth(1) {
        Some(folder) => DevServer::builder().keep_in(folder),
        None => DevServer::builder(),
    };
    let server = builder.start().await?;
    println!("{}", server.uri());
    match server.nodes() {
        Ok(nodes) => println!("{}\n{}", nodes[0].log_file().display(), nodes[0].process_id().unwrap_or_default()),
        Err(error) => println!("{error:?}\n{:?}", server.primary().await.err()),
    }
    // Only the end of the input matters, not how it comes.
    let _ = std::io::stdin().read(&mut [0]);
    Ok(())
}
