//! The whole flow, step by step.

mod basics;
mod mongo;
mod story;

use es_core::Repository;
use es_core::memory::MemoryStore;
use es_mongo::dev::fresh_database_name;

use crate::cli::Options;
use crate::connect::Connection;
use crate::domain::Invoice;
use crate::failure::Failure;
use crate::view::View;

use story::Story;

pub async fn run(options: &Options, keep: bool, view: View) -> Result<(), Failure> {
    let mut story = Story::new(view);
    if options.memory {
        story.note("In memory, without a server.")?;
        basics::tell(&mut story, &Repository::<Invoice>::new(&MemoryStore::new())).await?;
        return story.note(
            "\nQueries, archive, migration and verification need a server; run the demo without --memory to see them.",
        );
    }
    // A separate database, so that the demo prints the same every time and touches nothing else.
    let database = fresh_database_name("invoice_demo");
    let connection = Connection::open_database(options, &database).await?;
    story.note(format!("On MongoDB, in the database {database}."))?;
    let result = tell(&mut story, &connection).await;
    let closed = end(&story, connection, keep).await;
    result.and(closed)
}

async fn tell(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    basics::tell(story, &connection.invoices()).await?;
    mongo::tell(story, connection).await
}

async fn end(story: &Story, connection: Connection, keep: bool) -> Result<(), Failure> {
    let database = connection.store.database();
    if keep {
        story.note(format!("\nThe database {} is kept.", database.name()))?;
    } else {
        database.drop().await?;
    }
    connection.close().await
}
