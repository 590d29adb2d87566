//! The program's own `mongod`, which keeps its data between calls.

use std::env;
use std::path::PathBuf;
use std::process;
use std::time::Duration;

use bson::{Document, doc};
use es_mongo::dev::DevServer;
use es_mongo::mongodb::Client;
use futures_util::TryStreamExt;

use crate::failure::Failure;
use crate::view::spinner;

/// The server. It ends with the process that started it.
///
/// A second process on the same data uses the server of the first process, so the first process
/// ends last.
#[derive(Debug)]
pub struct OwnServer {
    server: DevServer,
    app_name: String,
}

impl OwnServer {
    pub async fn start() -> Result<Self, Failure> {
        let app_name = format!("invoice-{}", process::id());
        let spinner = spinner("starting a MongoDB server (the first start may download it)");
        let builder = DevServer::builder().keep_in(data_folder()?).always_own().uri_option("appName", &app_name);
        let server = builder.start().await?;
        spinner.finish_and_clear();
        Ok(Self { server, app_name })
    }

    pub fn uri(&self) -> &str {
        self.server.uri()
    }

    /// Waits until no other process uses the server, if this process runs it.
    pub async fn leave(&self, client: &Client) -> Result<(), Failure> {
        if self.server.nodes().is_err() {
            return Ok(());
        }
        let spinner = spinner("waiting for another process that uses this MongoDB server");
        while self.is_used_by_others(client).await? {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        spinner.finish_and_clear();
        Ok(())
    }

    async fn is_used_by_others(&self, client: &Client) -> Result<bool, Failure> {
        let others = doc! { "appName": { "$regex": "^invoice-", "$ne": &self.app_name } };
        let connections = [doc! { "$currentOp": { "idleConnections": true } }, doc! { "$match": others }];
        let found: Option<Document> = client.database("admin").aggregate(connections).await?.try_next().await?;
        Ok(found.is_some())
    }
}

/// The folder for the data of the server.
fn data_folder() -> Result<PathBuf, Failure> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let in_home = |path: &str| named("HOME").map(|home| home.join(path));
    let user_data = || {
        // The XDG specification requires that a relative path is ignored.
        let xdg = named("XDG_DATA_HOME").filter(|path| path.is_absolute());
        let home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        xdg.or_else(|| in_home(home)).map(|folder| folder.join("es-mongo-invoice"))
    };
    named("INVOICE_DATA")
        .or_else(user_data)
        .ok_or_else(|| "no folder for the data; set INVOICE_DATA to a folder, or --uri to a server".into())
}
