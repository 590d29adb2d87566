//! Roles of the server that may do what a store does, and nothing else.

use std::fmt;

use bson::{Document, doc};
use es_core::StoreError;
use mongodb::Database;

use crate::error::{check_database, check_name, is_role_exists, store_error};
use crate::handles::Handles;
use crate::options::CollectionNames;

/// What a user of a store is there for; see [`Roles`] for how a role is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Loads, queries, traces, counts and verifies. It writes nothing.
    Reader,
    /// What a [`Reader`](Self::Reader) may, and appends events and keeps snapshots. It can neither update nor delete an event.
    Writer,
    /// What a [`Reader`](Self::Reader) may, and moves old events into the archive with the snapshots that this needs.
    /// The only role that may delete from the events, and it may not add to them.
    Archivist,
    /// Makes the collections, the indexes and the validator, by opening the store once. It sees and changes no document.
    Preparer,
    /// Reads the old documents of a migration. Given beside [`Writer`](Self::Writer) for [`MongoStore::migrate`](crate::MongoStore::migrate), and beside
    /// [`Reader`](Self::Reader) or [`Writer`](Self::Writer) for [`Gradual`](crate::Gradual).
    Documents,
}

/// The roles of one store, each with the least that its part needs.
///
/// | | events | archive | snapshots | sessions | the store |
/// |---|---|---|---|---|---|
/// | [`Reader`](Role::Reader) | find | find | find | | load, query, trace, stats, verify |
/// | [`Writer`](Role::Writer) | find, insert | find | find, insert, update, remove | find, insert, update, remove | append, snapshot, and what a reader does |
/// | [`Archivist`](Role::Archivist) | find, remove | find, insert | find, insert, update, remove | find, insert, update, remove | archive, and what a reader does |
/// | [`Preparer`](Role::Preparer) | create, index, validator | create, index | create, index | create | open, the first time and after an upgrade |
/// | [`Documents`](Role::Documents) | | | | | the old documents of a migration: find |
///
/// All of them but the last may list the collections of the database and the indexes of the store, which opening asks for. Opening a store in
/// which nothing is missing writes nothing, so a program runs as [`Writer`](Role::Writer), and whoever installs it opens the store once as
/// [`Preparer`](Role::Preparer). No role may update an event or an archived one, or drop a collection or an index.
///
/// A transaction that a dead client has left open is ended, within seconds, by any other writer of the same user of the server: that needs no right of its
/// own. Writers with different users cannot end each other's, so the server ends it after a minute, unless their users have the privileges `inprog` and
/// `killAnySession` on the cluster too.
///
/// The roles are made here, by a user who may (`userAdmin` on the database). They are given to users with the tools of the server:
/// `db.getSiblingDB("bank").createUser({ user: "till", pwd: passwordPrompt(), roles: ["events_writer"] })`.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use es_mongo::mongodb::Client;
/// use es_mongo::{CollectionNames, MongoStore, Role, Roles};
///
/// let admin = Client::with_uri_str("mongodb://admin:secret@localhost/?replicaSet=rs0").await?;
/// let roles = Roles::of(CollectionNames::default());
/// roles.create(&admin.database("bank")).await?;
/// assert_eq!(roles.name(Role::Writer), "events_writer");
///
/// // Once, as a user with the role `events_preparer`:
/// MongoStore::connect("mongodb://installer:secret@localhost/?replicaSet=rs0&authSource=bank", "bank").await?;
/// // From then on, as a user with the role `events_writer`:
/// let store = MongoStore::connect("mongodb://till:secret@localhost/?replicaSet=rs0&authSource=bank", "bank").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    names: CollectionNames,
    documents: Vec<String>,
}

impl Role {
    /// What the name of the role ends with.
    fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Archivist => "archivist",
            Self::Preparer => "preparer",
            Self::Documents => "documents",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Every role needs these to open a store in which nothing is missing.
const LIST_INDEXES: &str = "listIndexes";

impl Roles {
    /// The roles of the store with these collections: [`Reader`](Role::Reader), [`Writer`](Role::Writer), [`Archivist`](Role::Archivist)
    /// and [`Preparer`](Role::Preparer).
    pub fn of(names: CollectionNames) -> Self {
        Self { names, documents: Vec::new() }
    }

    /// The role [`Documents`](Role::Documents) too, for this collection of the same database. May be called for several.
    #[must_use]
    pub fn documents(mut self, collection: impl Into<String>) -> Self {
        self.documents.push(collection.into());
        self
    }

    /// The name of a role: that of the collection of events, `_`, and what it is: `events_writer`.
    ///
    /// So two stores in one database have roles of their own.
    pub fn name(&self, role: Role) -> String {
        format!("{}_{role}", self.names.events)
    }

    /// The commands that make the roles in this database, for whoever wants to read them or run them by other means:
    /// each is an argument of `db.runCommand` in the shell.
    pub fn commands(&self, database: &str) -> Vec<Document> {
        let made = self.made();
        made.map(|role| {
            doc! { "createRole": self.name(role), "privileges": self.privileges(role, database), "roles": [] }
        })
        .collect()
    }

    /// Makes the roles in a database. A role of that name that exists gets exactly these privileges and no inherited roles; where it may be used from (its
    /// `authenticationRestrictions`) stays, and so do the users that have it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unauthorized`] if the user of this handle may not create roles there, [`StoreError::InvalidName`] for a
    /// name that the server would misread, and [`StoreError::Unavailable`] if the server cannot be reached.
    pub async fn create(&self, database: &Database) -> Result<(), StoreError> {
        check_database(database.name())?;
        let Self { names, documents } = self;
        for name in [&names.events, &names.snapshots, &names.archive, &names.sessions].into_iter().chain(documents) {
            check_name(name)?;
        }
        let handles = Handles::from(database);
        for command in self.commands(database.name()) {
            let created = handles.write_command(command.clone()).await;
            match created {
                Err(error) if is_role_exists(&error) => update(&handles, command).await?,
                created => drop(created.map_err(store_error)?),
            }
        }
        Ok(())
    }

    fn made(&self) -> impl Iterator<Item = Role> + use<> {
        let documents = (!self.documents.is_empty()).then_some(Role::Documents);
        [Role::Reader, Role::Writer, Role::Archivist, Role::Preparer].into_iter().chain(documents)
    }

    fn privileges(&self, role: Role, database: &str) -> Vec<Document> {
        let CollectionNames { events, snapshots, archive, sessions } = &self.names;
        let on = |collection: &str, actions: &[&str]| doc! { "resource": { "db": database, "collection": collection }, "actions": actions };
        let any_collection = "";
        let list = on(any_collection, &["listCollections"]);
        match role {
            Role::Reader => vec![
                list,
                on(events, &["find", LIST_INDEXES]),
                on(archive, &["find", LIST_INDEXES]),
                on(snapshots, &["find", LIST_INDEXES]),
            ],
            Role::Writer => vec![
                list,
                on(events, &["find", "insert", LIST_INDEXES]),
                on(archive, &["find", LIST_INDEXES]),
                on(snapshots, &["find", "insert", "update", "remove", LIST_INDEXES]),
                on(sessions, &["find", "insert", "update", "remove"]),
            ],
            Role::Archivist => vec![
                list,
                on(events, &["find", "remove", LIST_INDEXES]),
                on(archive, &["find", "insert", LIST_INDEXES]),
                on(snapshots, &["find", "insert", "update", "remove", LIST_INDEXES]),
                on(sessions, &["find", "insert", "update", "remove"]),
            ],
            Role::Preparer => vec![
                list,
                on(events, &["createCollection", "createIndex", "collMod", LIST_INDEXES]),
                on(archive, &["createCollection", "createIndex", LIST_INDEXES]),
                on(snapshots, &["createCollection", "createIndex", LIST_INDEXES]),
                on(sessions, &["createCollection"]),
            ],
            Role::Documents => self.documents.iter().map(|documents| on(documents, &["find"])).collect(),
        }
    }
}

async fn update(handles: &Handles, create: Document) -> Result<(), StoreError> {
    let mut command = Document::new();
    for (key, value) in create {
        command.insert(if key == "createRole" { "updateRole".to_owned() } else { key }, value);
    }
    handles.write_command(command).await.map(drop).map_err(store_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the roles have this action on this collection.
    fn who_may(action: &str, collection: &str) -> Vec<Role> {
        let roles = Roles::of(CollectionNames::default()).documents("old");
        let may = |role: &Role| {
            roles.privileges(*role, "bank").iter().any(|privilege| {
                privilege.get_document("resource").unwrap().get_str("collection").unwrap() == collection
                    && privilege.get_array("actions").unwrap().contains(&action.into())
            })
        };
        roles.made().filter(may).collect()
    }

    #[test]
    fn only_the_archivist_may_delete_events_and_nobody_may_update_one() {
        assert_eq!(who_may("remove", "events"), [Role::Archivist]);
        assert_eq!(who_may("insert", "events"), [Role::Writer]);
        assert_eq!(who_may("insert", "events_archive"), [Role::Archivist]);
        assert_eq!(who_may("update", "events_sessions"), [Role::Writer, Role::Archivist]);
        for (action, collection) in [("update", "events"), ("update", "events_archive"), ("remove", "events_archive")] {
            assert_eq!(who_may(action, collection), [], "{action} on {collection}");
        }
    }

    #[test]
    fn old_documents_are_only_read() {
        assert_eq!(who_may("find", "old"), [Role::Documents]);
        let roles = Roles::of(CollectionNames::default());
        assert_eq!(roles.commands("bank").len(), 4);
    }

    #[test]
    fn two_stores_in_one_database_have_roles_of_their_own() {
        let (plain, billing) = (CollectionNames::default(), CollectionNames::prefixed("billing_"));
        assert_eq!(Roles::of(plain).name(Role::Archivist), "events_archivist");
        assert_eq!(Roles::of(billing).name(Role::Archivist), "billing_events_archivist");
    }
}
