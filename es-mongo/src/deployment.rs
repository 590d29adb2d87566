//! The check of the server: a replica set or a sharded cluster that can keep what the store
//! promises.

use bson::doc;
use es_core::StoreError;
use es_core::store::Ordering;

use crate::error::store_error;
use crate::handles::Handles;
use crate::patience::Patience;

/// Refuses a server that cannot record several events together, and a global order if the events
/// are sharded.
pub(crate) async fn require_suitable(
    handles: &Handles,
    events: &str,
    ordering: Ordering,
    patience: &Patience,
) -> Result<(), StoreError> {
    match deployment(handles, patience).await? {
        Deployment::ReplicaSet => Ok(()),
        Deployment::ShardedCluster => require_possible(ordering, handles, events, patience).await,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deployment {
    ReplicaSet,
    ShardedCluster,
}

/// Finds out the kind of the server, and refuses a server that cannot record several events
/// together.
async fn deployment(handles: &Handles, patience: &Patience) -> Result<Deployment, StoreError> {
    let asked = handles.clone();
    let hello = patience.once(async move { asked.command(doc! { "hello": 1 }).await }).await?.map_err(store_error)?;
    if hello.contains_key("setName") {
        let members = ["hosts", "passives"].map(|members| hello.get_array(members).map_or(0, Vec::len));
        if members.into_iter().sum::<usize>() > 1 && {
            let asked = handles.clone();
            patience.once(async move { asked.is_direct().await }).await?
        } {
            return Err(StoreError::Unsafe {
                reason: "`directConnection=true` connects to a single node, which answers from its own copy when it is no longer the primary; remove the option and name the set with `replicaSet`".to_owned(),
            });
        }
        return Ok(Deployment::ReplicaSet);
    }
    if hello.get_str("msg").is_ok_and(|message| message == "isdbgrid") {
        return Ok(Deployment::ShardedCluster);
    }
    Err(StoreError::Unsafe {
        reason: "the server is not a replica set, so several events could not be recorded together; start it with `--replSet rs0` and run `rs.initiate()` (one node is enough)".to_owned(),
    })
}

/// Refuses a global order if the events are sharded. A collection that is not sharded is on one
/// shard, so both orderings are possible.
async fn require_possible(
    ordering: Ordering,
    handles: &Handles,
    events: &str,
    patience: &Patience,
) -> Result<(), StoreError> {
    if ordering == Ordering::PerAggregate {
        return Ok(());
    }
    let (asked, question) = (handles.clone(), doc! { "collStats": events });
    let stats = patience.once(async move { asked.command(question).await }).await?.map_err(store_error)?;
    if stats.get_bool("sharded").unwrap_or(false) {
        return Err(StoreError::Unsafe {
            reason: format!(
                "`{events}` is sharded, so its positions cannot be unique; open the store with `.ordering(Ordering::PerAggregate)`"
            ),
        });
    }
    Ok(())
}
