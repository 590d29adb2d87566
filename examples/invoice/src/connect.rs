//! The store that the commands work on.

use std::env;
use std::path::PathBuf;

use es_core::Repository;
use es_mongo::MongoStore;
use es_mongo::dev::DevServer;

use crate::cli::Options;
use crate::domain::Invoice;
use crate::failure::Failure;
use crate::view::spinner;

/// An open store, and the server under it where the program runs one of its own.
#[derive(Debug)]
pub struct Connection {
    pub store: MongoStore,
    /// It ends with this handle, and its data stays.
    _server: Option<DevServer>,
}

impl Connection {
    /// Opens the database that the options name.
    pub async fn open(options: &Options) -> Result<Self, Failure> {
        Self::open_database(options, &options.database).await
    }

    pub async fn open_database(options: &Options, database: &str) -> Result<Self, Failure> {
        if options.memory {
            return Err("--memory is for the demo; the other commands need a server".into());
        }
        if let Some(uri) = options.uri.as_deref().filter(|uri| !uri.is_empty()) {
            return Ok(Self { store: MongoStore::connect(uri, database).await?, _server: None });
        }
        let spinner = spinner("starting a MongoDB server (the first start may have to download it)");
        let server = DevServer::builder().keep_in(data_folder()?).always_own().start().await?;
        spinner.finish_and_clear();
        Ok(Self { store: MongoStore::connect(server.uri(), database).await?, _server: Some(server) })
    }

    pub fn invoices(&self) -> Repository<Invoice, MongoStore> {
        Repository::new(self.store.clone())
    }
}

/// Where the program's own server keeps its data.
fn data_folder() -> Result<PathBuf, Failure> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let in_home = |path: &str| named("HOME").map(|home| home.join(path));
    let user_data = || {
        // The XDG specification says that a relative path is to be ignored.
        let xdg = named("XDG_DATA_HOME").filter(|path| path.is_absolute());
        let home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        xdg.or_else(|| in_home(home)).map(|folder| folder.join("es-mongo-invoice"))
    };
    named("INVOICE_DATA")
        .or_else(user_data)
        .ok_or_else(|| "no folder for the data: set INVOICE_DATA to one, or --uri to a server".into())
}
