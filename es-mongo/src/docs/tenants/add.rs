use es_mongo::mongodb::bson::doc;
use es_mongo::{CollectionNames, Role, Roles};

/// Adds a tenant: its roles, its collections, and the right of the user `bank` to append and read.
async fn add(admin: &Client, tenant: &Tenant) -> Result<(), Box<dyn std::error::Error>> {
    let database = tenant.database();
    let roles = Roles::of(CollectionNames::default());
    roles.create(&admin.database(&database)).await?;
    MongoStore::builder(admin.clone(), database.clone()).open().await?.close().await;
    let writer = doc! { "role": roles.name(Role::Writer), "db": database };
    admin.database("admin").run_command(doc! { "grantRolesToUser": "bank", "roles": [writer] }).await?;
    Ok(())
}
