//! Collections of other programs, which a migration and the gradual switch read.

use bson::{Document, doc};
use es_core::StoreError;

use crate::collections::Collections;

/// The number of names that an error lists.
const NAMES: usize = 20;

impl Collections {
    /// Fails if the database has no collection with this name. A query to it would return an empty
    /// answer.
    ///
    /// Every user may list the collections that the user may read.
    pub(crate) async fn require(&self, collection: &str) -> Result<(), StoreError> {
        if !self.names(doc! { "name": collection }).await?.is_empty() {
            return Ok(());
        }
        let mut names = self.names(doc! {}).await?;
        names.sort_unstable();
        names.truncate(NAMES);
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        Err(StoreError::Missing {
            what: format!("the collection `{collection}` of the database `{}`", self.handles.database().name()),
            instead: if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) },
        })
    }

    async fn names(&self, filter: Document) -> Result<Vec<String>, StoreError> {
        let command = doc! {
            "listCollections": 1, "filter": filter, "nameOnly": true, "authorizedCollections": true, "cursor": { "batchSize": 10_000 },
        };
        let ask = || {
            let (handles, command) = (self.handles.clone(), command.clone());
            async move { handles.command(command).await }
        };
        let answer: Document = self.patience.ask(ask).await?;
        let listed = answer.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
        let listed =
            listed.into_iter().flatten().filter_map(|collection| collection.as_document()?.get_str("name").ok());
        Ok(listed.filter(|name| !name.starts_with("system.")).map(str::to_owned).collect())
    }
}
