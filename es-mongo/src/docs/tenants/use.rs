use es_mongo::dev::{DevServer, fresh_database_name};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = DevServer::shared().await?;
    let tenants = Tenants::new(Client::with_uri_str(server.uri()).await?);
    let [acme, globex] = ["acme", "globex"].map(|name| Tenant::new(&fresh_database_name(name)).unwrap());

    let accounts = tenants.repository::<Account>(&acme).await?;
    accounts.create("alice", Opened { owner: "Alice".into() }).await?;

    // The same id is a different account, or none, for a different tenant.
    let others = tenants.repository::<Account>(&globex).await?;
    assert!(!others.exists("alice").await?);
    assert_eq!(others.create("alice", Opened { owner: "Alice B.".into() }).await?.version, 1);

    assert!(Tenant::new("acme/../globex").is_none());
    tenants.close().await;
    Ok(())
}
