use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use es_core::{Repository, StoreError};
use es_mongo::MongoStore;
use es_mongo::mongodb::Client;
use tokio::sync::OnceCell;

/// The stores of all tenants, on one client.
pub struct Tenants {
    client: Client,
    stores: Mutex<HashMap<Tenant, Arc<OnceCell<MongoStore>>>>,
}

impl Tenants {
    pub fn new(client: Client) -> Self {
        Self { client, stores: Mutex::default() }
    }

    /// The store of a tenant, opened at its first use.
    pub async fn store(&self, tenant: &Tenant) -> Result<MongoStore, StoreError> {
        let cell = {
            let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(stores.entry(tenant.clone()).or_default())
        };
        let open = || MongoStore::builder(self.client.clone(), tenant.database()).open();
        cell.get_or_try_init(open).await.cloned()
    }

    /// The aggregates of one type of a tenant.
    pub async fn repository<A: es_core::Aggregate>(&self, tenant: &Tenant) -> Result<Repository<A>, StoreError> {
        Ok(Repository::new(&self.store(tenant).await?))
    }

    /// Waits until the accepted appends of all tenants are answered, before the program ends.
    pub async fn close(&self) {
        let cells = std::mem::take(&mut *self.stores.lock().unwrap_or_else(PoisonError::into_inner));
        for cell in cells.into_values() {
            if let Some(store) = cell.get() {
                store.close().await;
            }
        }
    }
}
