use es_mongo::MongoStore;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MongoStore::connect(&std::env::var("MONGODB_URI")?, "bank").await?;
    let listener = TcpListener::bind("0.0.0.0:8080").await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    axum::serve(listener, router(Repository::new(&store))).with_graceful_shutdown(stop).await?;
    store.close().await;
    Ok(())
}
