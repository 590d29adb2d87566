//! Roles of the server with exactly the rights that a store needs.

use std::collections::BTreeSet;
use std::fmt;

use bson::{Document, doc};
use es_core::StoreError;
use es_core::store::ReadModelId;
use mongodb::Database;

use crate::error::{check_database, check_name, is_role_exists, store_error};
use crate::handles::Handles;
use crate::options::CollectionNames;

/// The task of a user of the store. [`Roles`] describes how a role is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Loads, queries, traces, follows, counts and verifies, and reads rows of read models and their
    /// health. It cannot write. If a writer that has reserved a position has died, a follower with
    /// this role waits until a writer or a follower of a writer records that the position is skipped.
    Reader,
    /// All of [`Reader`](Self::Reader); appends events and stores snapshots. It can neither update
    /// nor delete an event.
    Writer,
    /// All of [`Reader`](Self::Reader); moves old events into the archive, and takes the snapshots
    /// that this needs. It is the only role that can delete events, and it cannot add any.
    Archivist,
    /// Creates the collections, the indexes and the validator, by opening the store once. It can
    /// neither read nor change a document.
    Preparer,
    /// All of [`Reader`](Self::Reader); folds the read models that [`Roles::read_model`] names, runs
    /// handlers, and pauses, resumes and resets them. It can neither add nor change nor delete an
    /// event.
    Projector,
    /// Reads the old documents of a migration. Grant it together with [`Writer`](Self::Writer) for
    /// [`MongoStore::migrate`](crate::MongoStore::migrate), and together with
    /// [`Reader`](Self::Reader) or [`Writer`](Self::Writer) for
    /// [`MigratingRepository`](crate::MigratingRepository).
    Documents,
}

/// The roles of one store, each with the least rights for its task.
///
/// | | events | archive | snapshots | sessions | positions | task |
/// |---|---|---|---|---|---|---|
/// | [`Reader`](Role::Reader) | find, changeStream | find | find | | find | load, query, trace, follow, stats, verify |
/// | [`Writer`](Role::Writer) | find, changeStream, insert | find | find, insert, update, remove | find, insert, update, remove | find, insert, update | append, snapshot, and what a reader does |
/// | [`Archivist`](Role::Archivist) | find, changeStream, remove | find, insert | find, insert, update, remove | find, insert, update, remove | find, insert, update | archive, and what a reader does |
/// | [`Preparer`](Role::Preparer) | create, index, validator | create, index | create, index | create | create | open, the first time and after an upgrade |
/// | [`Projector`](Role::Projector) | find, changeStream | find | find | find, insert, update, remove | find | fold, and what a reader does |
/// | [`Documents`](Role::Documents) | | | | | | the old documents of a migration: find |
///
/// | | subscriptions | dead letters | skipped events | rows of each [read model](Roles::read_model) | view of the live version |
/// |---|---|---|---|---|---|
/// | [`Reader`](Role::Reader), [`Writer`](Role::Writer), [`Archivist`](Role::Archivist) | find | find | find | find | find |
/// | [`Projector`](Role::Projector) | find, insert, update, remove, create | find, insert, remove, create, index | find, insert, create, index | find, insert, update, remove, create, index | find, create, change |
///
/// All roles except the last may list the collections of the database and the indexes of the store,
/// which opening needs. If nothing is missing, opening a store writes nothing. So a program runs as
/// [`Writer`](Role::Writer), and an administrator opens the store once as
/// [`Preparer`](Role::Preparer). No role can update an event or an archived event, or drop a
/// collection or an index.
///
/// The rows of a read model are in a collection that has its name and version. The server grants
/// rights on a collection by its exact name, so [`read_model`](Self::read_model) names each of them,
/// and [`create`](Self::create) is repeated before a new version is folded. If a process folds and
/// appends, its user has both roles.
///
/// If a different role lacks `createIndex` on the rows, somebody else has to create their indexes:
/// the projection starts without an index of `index(..)`, and not without one of `unique(..)`.
///
/// If a dead client has left a transaction open, another writer that uses the same user of the
/// server ends it within seconds; no additional right is needed. Writers with different users
/// cannot end each other's transactions, so the server ends them after a minute, unless their users
/// also have the privileges `inprog` and `killAnySession` on the cluster.
///
/// [`create`](Self::create) creates the roles, as a user with the right to do so (`userAdmin` on
/// the database). Grant them to users with the tools of the server:
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
    read_models: Vec<ReadModelId>,
}

impl Role {
    /// The last part of the role's name.
    fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Archivist => "archivist",
            Self::Preparer => "preparer",
            Self::Projector => "projector",
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

/// What a role may do with read models.
struct OnReadModels {
    subscriptions: &'static [&'static str],
    dead_letters: &'static [&'static str],
    skipped_events: &'static [&'static str],
    rows: &'static [&'static str],
    views: &'static [&'static str],
}

const READS: OnReadModels = OnReadModels {
    subscriptions: &["find"],
    dead_letters: &["find"],
    skipped_events: &["find"],
    rows: &["find"],
    views: &["find"],
};

/// Nobody may change or delete what was skipped.
const FOLDS: OnReadModels = OnReadModels {
    subscriptions: &["find", "insert", "update", "remove", "createCollection"],
    dead_letters: &["find", "insert", "remove", "createCollection", "createIndex", LIST_INDEXES],
    skipped_events: &["find", "insert", "createCollection", "createIndex", LIST_INDEXES],
    rows: &["find", "insert", "update", "remove", "createCollection", "createIndex", LIST_INDEXES],
    views: &["find", "createCollection", "collMod"],
};

/// Notices new events at once. Without it, followers ask for them several times a second.
const CHANGE_STREAM: &str = "changeStream";

impl Roles {
    /// The roles of the store with these collections: [`Reader`](Role::Reader),
    /// [`Writer`](Role::Writer), [`Archivist`](Role::Archivist), [`Preparer`](Role::Preparer) and
    /// [`Projector`](Role::Projector).
    pub fn of(names: CollectionNames) -> Self {
        Self { names, documents: Vec::new(), read_models: Vec::new() }
    }

    /// Adds the role [`Documents`](Role::Documents) for this collection in the same database. May
    /// be called several times.
    #[must_use]
    pub fn documents(mut self, collection: impl Into<String>) -> Self {
        self.documents.push(collection.into());
        self
    }

    /// Adds the rows of a read model to the roles: `.read_model(ReadModelId::of::<Balance>())`. May be
    /// called several times.
    #[must_use]
    pub fn read_model(mut self, model: ReadModelId) -> Self {
        self.read_models.push(model);
        self
    }

    /// The name of a role: the name of the events collection, `_`, and the task: `events_writer`.
    ///
    /// So two stores in one database have separate roles.
    pub fn name(&self, role: Role) -> String {
        format!("{}_{role}", self.names.events)
    }

    /// The commands that create the roles in this database, to read them or to run them by other
    /// means. Each is an argument of `db.runCommand` in the shell.
    pub fn commands(&self, database: &str) -> Vec<Document> {
        let made = self.made();
        made.map(|role| {
            doc! { "createRole": self.name(role), "privileges": self.privileges(role, database), "roles": [] }
        })
        .collect()
    }

    /// Creates the roles in a database. If a role with the name exists, it gets exactly these
    /// privileges and no inherited roles; its `authenticationRestrictions` and its users are not
    /// changed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unauthorized`] if the user of this handle may not create roles there,
    /// [`StoreError::InvalidName`] for a name that the server would misread, and
    /// [`StoreError::Unavailable`] as the server reports.
    pub async fn create(&self, database: &Database) -> Result<(), StoreError> {
        check_database(database.name())?;
        let (rows, documents) = (self.rows().collect::<Vec<_>>(), &self.documents);
        for name in self.names.all().into_iter().chain(documents.iter().chain(&rows).map(String::as_str)) {
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
        [Role::Reader, Role::Writer, Role::Archivist, Role::Preparer, Role::Projector].into_iter().chain(documents)
    }

    /// The collections of rows.
    fn rows(&self) -> impl Iterator<Item = String> {
        self.read_models.iter().map(|model| self.names.rows(model))
    }

    /// The views of the live versions.
    fn views(&self) -> BTreeSet<String> {
        self.read_models.iter().map(|model| self.names.view(&model.name)).collect()
    }

    fn privileges(&self, role: Role, database: &str) -> Vec<Document> {
        let CollectionNames {
            events,
            snapshots,
            archive,
            sessions,
            positions,
            subscriptions,
            dead_letters,
            skipped_events,
            rows_prefix: _,
        } = &self.names;
        let on = |collection: &str, actions: &[&str]| doc! { "resource": { "db": database, "collection": collection }, "actions": actions };
        let any_collection = "";
        let list = on(any_collection, &["listCollections"]);
        let read_models = |may: OnReadModels| -> Vec<Document> {
            let fixed = [
                on(subscriptions, may.subscriptions),
                on(dead_letters, may.dead_letters),
                on(skipped_events, may.skipped_events),
            ];
            let rows = self.rows().map(|rows| on(&rows, may.rows));
            let views = self.views().into_iter().map(|view| on(&view, may.views));
            fixed.into_iter().chain(rows).chain(views).collect()
        };
        let (events_and_more, of_read_models) = match role {
            Role::Reader => (
                vec![
                    list,
                    on(events, &["find", CHANGE_STREAM, LIST_INDEXES]),
                    on(archive, &["find", LIST_INDEXES]),
                    on(snapshots, &["find", LIST_INDEXES]),
                    on(positions, &["find"]),
                ],
                read_models(READS),
            ),
            Role::Writer => (
                vec![
                    list,
                    on(events, &["find", CHANGE_STREAM, "insert", LIST_INDEXES]),
                    on(archive, &["find", LIST_INDEXES]),
                    on(snapshots, &["find", "insert", "update", "remove", LIST_INDEXES]),
                    on(sessions, &["find", "insert", "update", "remove"]),
                    on(positions, &["find", "insert", "update"]),
                ],
                read_models(READS),
            ),
            Role::Archivist => (
                vec![
                    list,
                    on(events, &["find", CHANGE_STREAM, "remove", LIST_INDEXES]),
                    on(archive, &["find", "insert", LIST_INDEXES]),
                    on(snapshots, &["find", "insert", "update", "remove", LIST_INDEXES]),
                    on(sessions, &["find", "insert", "update", "remove"]),
                    on(positions, &["find", "insert", "update"]),
                ],
                read_models(READS),
            ),
            Role::Preparer => (
                vec![
                    list,
                    on(events, &["createCollection", "createIndex", "collMod", LIST_INDEXES]),
                    on(archive, &["createCollection", "createIndex", LIST_INDEXES]),
                    on(snapshots, &["createCollection", "createIndex", LIST_INDEXES]),
                    on(sessions, &["createCollection"]),
                    on(positions, &["createCollection"]),
                ],
                Vec::new(),
            ),
            Role::Projector => (
                vec![
                    list,
                    on(events, &["find", CHANGE_STREAM, LIST_INDEXES]),
                    on(archive, &["find", LIST_INDEXES]),
                    on(snapshots, &["find", LIST_INDEXES]),
                    on(sessions, &["find", "insert", "update", "remove"]),
                    on(positions, &["find"]),
                ],
                read_models(FOLDS),
            ),
            Role::Documents => (self.documents.iter().map(|documents| on(documents, &["find"])).collect(), Vec::new()),
        };
        events_and_more.into_iter().chain(of_read_models).collect()
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

    /// The roles with this action on this collection.
    fn who_may(action: &str, collection: &str) -> Vec<Role> {
        let model = ReadModelId { name: "balance".into(), version: 2 };
        let roles = Roles::of(CollectionNames::default()).documents("old").read_model(model);
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
        assert_eq!(who_may("update", "events_sessions"), [Role::Writer, Role::Archivist, Role::Projector]);
        for (action, collection) in [("update", "events"), ("update", "events_archive"), ("remove", "events_archive")] {
            assert_eq!(who_may(action, collection), [], "{action} on {collection}");
        }
    }

    #[test]
    fn only_the_projector_may_write_rows() {
        let readers = [Role::Reader, Role::Writer, Role::Archivist, Role::Projector];
        for collection in ["subscriptions", "balance_v2"] {
            assert_eq!(who_may("find", collection), readers, "{collection}");
            for action in ["insert", "update", "remove", "createCollection"] {
                assert_eq!(who_may(action, collection), [Role::Projector], "{action} on {collection}");
            }
        }
        assert_eq!(who_may("find", "balance_v1"), []);
        assert_eq!(who_may("find", "balance"), readers);
        assert_eq!(who_may("collMod", "balance"), [Role::Projector]);
        assert_eq!(who_may("update", "balance"), []);
        assert_eq!(who_may("insert", "skipped_events"), [Role::Projector]);
        assert_eq!(who_may("remove", "dead_letters"), [Role::Projector]);
        for (action, collection) in
            [("update", "skipped_events"), ("remove", "skipped_events"), ("update", "dead_letters")]
        {
            assert_eq!(who_may(action, collection), [], "{action} on {collection}");
        }
    }

    #[test]
    fn old_documents_are_only_read() {
        assert_eq!(who_may("find", "old"), [Role::Documents]);
        let roles = Roles::of(CollectionNames::default());
        assert_eq!(roles.commands("bank").len(), 5);
    }

    #[test]
    fn two_stores_in_one_database_have_separate_roles() {
        let (plain, billing) = (CollectionNames::default(), CollectionNames::prefixed("billing_"));
        assert_eq!(Roles::of(plain).name(Role::Archivist), "events_archivist");
        assert_eq!(Roles::of(billing).name(Role::Archivist), "billing_events_archivist");
    }
}
