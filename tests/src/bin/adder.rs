//! Adds one to a counter from many tasks, as a separate process: `adder URI DATABASE PREFIX ID
//! TASKS`.
//!
//! Prints the acknowledged versions, one per line.

use es_mongo::{CollectionNames, MongoStore, mongodb::Client};
use tests::counter::{add_from_many_tasks, patient};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [uri, database, prefix, id, tasks] = arguments.as_slice() else {
        return Err("usage: adder URI DATABASE PREFIX ID TASKS".into());
    };
    let client = Client::with_uri_str(uri).await?;
    let store = MongoStore::builder(client, database).collections(CollectionNames::prefixed(prefix)).open().await?;
    let by = format!("process-{}", std::process::id());
    for version in add_from_many_tasks(&patient(&store), id, &by, tasks.parse()?).await {
        println!("{version}");
    }
    Ok(())
}
