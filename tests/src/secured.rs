//! A server with authentication, and stores whose users have roles.

use es_core::StoreError;
use es_core::store::ReadModelId;
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::bson::doc;
use es_mongo::mongodb::{Client, Database};
use es_mongo::{CollectionNames, MongoStore, Role, Roles};
use tokio::sync::OnceCell;

use crate::wallet::{Balance, Entries};

/// The password of every user here, the same when it is percent-encoded. Nothing else contains it,
/// so if a log contains it, it comes from a connection string.
pub const PASSWORD: &str = "correcthorsebattery7";

/// The collection of old documents that [`Role::Documents`] may read.
pub const DOCUMENTS: &str = "accounts";

/// The server that all tests of one program share.
///
/// # Panics
///
/// If it cannot be started.
pub async fn server() -> &'static DevServer {
    static SERVER: OnceCell<DevServer> = OnceCell::const_new();
    let start = DevServer::builder().always_own().authentication("root", PASSWORD).start();
    SERVER.get_or_try_init(|| start).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A database with the roles of a store and a user for each.
#[derive(Debug)]
pub struct Secured {
    /// The database, as a user with all rights.
    pub admin: Database,
    /// The roles that were created in it.
    pub roles: Roles,
}

impl Secured {
    /// A new database, with roles and users but without collections.
    ///
    /// # Panics
    ///
    /// If the roles or the users cannot be created.
    pub async fn unprepared() -> Self {
        let admin = Client::with_uri_str(server().await.uri()).await.unwrap_or_else(|error| panic!("{error}"));
        let admin = admin.database(&fresh_database_name("secured"));
        let roles = Roles::of(CollectionNames::default()).documents(DOCUMENTS);
        let roles = roles.read_model(ReadModelId::of::<Balance>()).read_model(ReadModelId::of::<Entries>());
        roles.create(&admin).await.unwrap_or_else(|error| panic!("{error}"));
        let secured = Self { admin, roles };
        for role in [Role::Reader, Role::Writer, Role::Archivist, Role::Preparer, Role::Projector] {
            secured.user(&role.to_string(), &[role]).await;
        }
        secured
    }

    /// A new database in which everything is prepared.
    ///
    /// # Panics
    ///
    /// If a user with [`Role::Preparer`] cannot prepare it.
    pub async fn prepared() -> Self {
        let secured = Self::unprepared().await;
        secured.open_as(Role::Preparer).await;
        secured
    }

    /// Creates a user with some roles.
    ///
    /// # Panics
    ///
    /// If the server does not create it.
    pub async fn user(&self, name: &str, roles: &[Role]) {
        let roles: Vec<String> = roles.iter().map(|role| self.roles.name(*role)).collect();
        let command = doc! { "createUser": name, "pwd": PASSWORD, "roles": roles };
        self.admin.run_command(command).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The connection string of a user.
    ///
    /// # Panics
    ///
    /// If the server cannot be started.
    pub async fn uri(&self, user: &str, password: &str) -> String {
        let uri = server().await.uri();
        let servers = uri.rsplit_once('@').map_or(uri, |(_login, servers)| servers);
        format!("mongodb://{user}:{password}@{servers}&authSource={}", self.admin.name())
    }

    /// Opens the store as a user of this name.
    ///
    /// # Errors
    ///
    /// As [`MongoStore::connect`].
    pub async fn try_open(&self, user: &str) -> Result<MongoStore, StoreError> {
        MongoStore::connect(&self.uri(user, PASSWORD).await, self.admin.name()).await
    }

    /// Opens the store as the user with one role.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn open_as(&self, role: Role) -> MongoStore {
        self.try_open(&role.to_string()).await.unwrap_or_else(|error| panic!("{error}"))
    }
}
