//! The view with the rows of the live version, for the shell and for tools that know no versions.

use bson::{Document, doc};
use es_core::StoreError;
use es_core::error::ErrorChain;
use es_core::store::ReadModelId;
use futures_util::TryStreamExt;

use super::live::live_version;
use crate::error::{is_namespace_exists, is_unauthorized, store_error};
use crate::store::MongoStore;

/// What has the name of the view.
enum Existing {
    Nothing,
    ViewOn(String),
    Collection,
}

/// Lets the view show the live version. If that fails, the view follows at the next start of a
/// program that folds the read model.
pub(super) async fn follow(store: &MongoStore, name: &str) {
    if let Err(problem) = show(store, name).await {
        tracing::warn!(view = name, error = %ErrorChain::new(&problem), "the view does not show the live version yet");
    }
}

async fn show(store: &MongoStore, name: &str) -> Result<(), StoreError> {
    let view = store.view_name(name);
    // A different process may switch meanwhile. So the view is right when it needs no change.
    while let Some(live) = live_version(store, name).await? {
        let rows = store.rows_name(&ReadModelId { name: name.to_owned().into(), version: live.version });
        let changed = match existing(store, &view).await? {
            Existing::ViewOn(shown) if shown == rows => return Ok(()),
            Existing::ViewOn(_) => {
                let command = doc! { "collMod": &view, "viewOn": &rows, "pipeline": [] };
                store.collections().handles.write_command(command).await.map(drop)
            }
            Existing::Nothing => {
                store.database().create_collection(&view).view_on(rows).pipeline(Vec::<Document>::new()).await
            }
            Existing::Collection => {
                tracing::warn!(view, "there is no view of the live version, because a collection has its name");
                return Ok(());
            }
        };
        match changed {
            Ok(()) => {}
            Err(error) if is_namespace_exists(&error) => {}
            Err(error) if is_unauthorized(&error) => {
                tracing::warn!(view, "the user has no right to create or to change the view of the live version");
                return Ok(());
            }
            Err(error) => return Err(store_error(error)),
        }
    }
    Ok(())
}

async fn existing(store: &MongoStore, name: &str) -> Result<Existing, StoreError> {
    let found = store.collections().patience.ask(|| {
        let (database, filter) = (store.database().clone(), doc! { "name": name });
        async move { database.list_collections().filter(filter).await?.try_collect::<Vec<_>>().await }
    });
    let found = found.await?.into_iter().next();
    Ok(found.map_or(Existing::Nothing, |found| found.options.view_on.map_or(Existing::Collection, Existing::ViewOn)))
}
