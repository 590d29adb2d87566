//! The commands to nodes: check that a node answers, initiate a set, find the primary.

use std::time::Duration;

use bson::{Bson, Document, doc};
use mongodb::Client;
use mongodb::options::ClientOptions;

use super::error::DevError;
use crate::handles::Handles;

/// The time limit of one command to one node. A frozen node accepts connections but never answers.
const QUESTION: Duration = Duration::from_secs(2);

/// The state of a node, as it reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Uninitiated,
    Primary,
    Secondary,
    /// Starting, recovering, or not part of its configuration.
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct Hello {
    pub(super) set: Option<String>,
    pub(super) role: Role,
}

/// A connection to one node, whatever the role of the node is.
#[derive(Debug)]
pub(super) struct Direct {
    client: Client,
}

impl Direct {
    /// `uri_options` are the options that the user has set, such as TLS. They start with `&` or are
    /// empty.
    pub(super) async fn new(address: &str, uri_options: &str) -> Result<Self, DevError> {
        let uri = format!("mongodb://{address}/?directConnection=true&maxPoolSize=1{uri_options}");
        let to = DevError::driver("connect to the started server");
        let mut options = match ClientOptions::parse(uri).await {
            Ok(options) => options,
            Err(error) => return Err(to(error)),
        };
        options.server_selection_timeout = Some(QUESTION);
        options.connect_timeout = Some(QUESTION);
        Ok(Self { client: Client::with_options(options).map_err(to)? })
    }

    async fn run(&self, command: Document) -> mongodb::error::Result<Document> {
        Handles::new(&self.client, "admin").command(command).await
    }

    /// Returns `None` if the node does not answer in time.
    pub(super) async fn hello(&self) -> Option<Hello> {
        let answer = tokio::time::timeout(QUESTION, self.run(doc! { "hello": 1 })).await.ok()?.ok()?;
        let is = |field| answer.get_bool(field).unwrap_or(false);
        let role = if is("isreplicaset") {
            Role::Uninitiated
        } else if is("isWritablePrimary") {
            Role::Primary
        } else if is("secondary") {
            Role::Secondary
        } else {
            Role::Other
        };
        Some(Hello { set: answer.get_str("setName").ok().map(str::to_owned), role })
    }

    pub(super) async fn initiate(&self, set: &str, addresses: &[String]) -> Result<(), DevError> {
        let members: Vec<Bson> =
            (0_i32..).zip(addresses).map(|(id, address)| Bson::Document(doc! { "_id": id, "host": address })).collect();
        let config = doc! {
            "_id": set,
            "members": members,
            // A tenth of the defaults, so that a test of an election takes seconds.
            "settings": { "electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500 },
        };
        self.run(doc! { "replSetInitiate": config }).await.map_err(DevError::driver("initiate the replica set"))?;
        Ok(())
    }

    /// Gives the members of a kept set the addresses of this run. The reconfiguration is forced,
    /// because no member can be elected before it finds its address in the configuration.
    pub(super) async fn move_to(&self, addresses: &[String]) -> Result<(), DevError> {
        const DOING: &str = "give the kept replica set its new addresses";
        let answer = self.run(doc! { "replSetGetConfig": 1 }).await.map_err(DevError::driver(DOING))?;
        let malformed = || DevError::driver(DOING)(mongodb::error::Error::custom("the configuration has no members"));
        let mut config = answer.get_document("config").map_err(|_| malformed())?.clone();
        let version = config.get_i32("version").map_err(|_| malformed())?;
        let members = config.get_array_mut("members").map_err(|_| malformed())?;
        let mut moved = false;
        for (member, address) in members.iter_mut().zip(addresses) {
            let member = member.as_document_mut().ok_or_else(malformed)?;
            if member.get_str("host").ok() != Some(address.as_str()) {
                member.insert("host", address);
                moved = true;
            }
        }
        if moved {
            config.insert("version", version + 1);
            let command = doc! { "replSetReconfig": config, "force": true };
            self.run(command).await.map_err(DevError::driver(DOING))?;
        }
        Ok(())
    }
}
