//! Does one task as a separate process, which a test kills: `victim URI DATABASE append ID EVENTS
//! KEY`, `victim URI DATABASE many`, `victim URI DATABASE snapshot ID`, `victim URI DATABASE
//! archive STEP TIME`, `victim URI DATABASE migrate DOCUMENTS`, `victim URI DATABASE project`.
//!
//! Its connections have the name of the database, so that a fail point can select them. Prints
//! `ready` before it begins, and `done` if it lives until the end. It logs warnings to stderr.

use std::error::Error;
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use es_core::store::EventStore;
use es_mongo::MongoStore;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::options::ClientOptions;
use tests::account::{Account, accounts, day};
use tests::killed::{OldAccount, convert, keyed};
use tests::wallet::subscriptions;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [uri, database, work @ ..] = arguments.as_slice() else {
        return Err("usage: victim URI DATABASE WORK ..".into());
    };
    let mut options = ClientOptions::parse(*uri).await?;
    options.app_name = Some((*database).to_owned());
    let store = MongoStore::builder(Client::with_options(options)?, *database).open().await?;
    println!("ready");
    match *work {
        ["append", id, events, key] => drop(store.append(keyed(id, events.parse()?, key)).await?),
        ["many"] => append_many(&store).await,
        ["snapshot", id] => drop(accounts(&store).take_snapshot(id).await?),
        ["archive", step, time] => archive(&store, step, time.parse()?).await?,
        ["migrate", documents] => migrate(&store, documents.parse()?).await?,
        ["project"] => {
            // A test may have changed the clock.
            println!("{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs());
            subscriptions(&store).run().await?;
        }
        _ => return Err(format!("unknown task: {work:?}").into()),
    }
    println!("done");
    Ok(())
}

/// Appends from sixteen tasks, each to separate streams, forever. Each append has a key, and
/// acknowledged appends are printed.
async fn append_many(store: &MongoStore) {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..16 {
        let store = store.clone();
        tasks.spawn(async move {
            for number in 0.. {
                let id = format!("{task}-{number}");
                // Every fourth append has several events, so that its batch needs a transaction.
                match store.append(keyed(&id, if number % 4 == 0 { 3 } else { 1 }, "key")).await {
                    Ok(_) => println!("{id}"),
                    Err(error) => eprintln!("{error}"),
                }
            }
        });
    }
    tasks.join_all().await;
}

async fn archive(store: &MongoStore, step: &str, time: u32) -> Result<(), Box<dyn Error>> {
    let (step, reached) = (step.to_owned(), AtomicU32::new(0));
    let run = store.archive::<Account>(day(8)).batch(7).at_step(move |at| {
        if format!("{at:?}") == step && reached.fetch_add(1, Ordering::Relaxed) + 1 == time {
            die();
        }
        ControlFlow::Continue(())
    });
    run.run().await?;
    Ok(())
}

async fn migrate(store: &MongoStore, documents: u64) -> Result<(), Box<dyn Error>> {
    let run = store.migrate::<Account, OldAccount>("accounts").progress(move |report| {
        if report.documents >= documents {
            die();
        }
    });
    run.run(convert).await?;
    Ok(())
}

/// Ends this process as `kill -9` does, without any cleanup.
fn die() {
    let _ = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
    loop {
        std::thread::park();
    }
}
