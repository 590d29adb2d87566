//! Three nodes behind proxies.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use es_mongo::dev::{DevServer, Node};
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;

use super::run::DATABASE;
use crate::proxy::Proxy;

/// How long a set may take until its primary accepts writes.
const FORMED_WITHIN: Duration = Duration::from_secs(60);

/// A set whose configuration contains the addresses of the proxies, so that nodes and drivers
/// connect through them.
pub(super) struct Cluster {
    server: DevServer,
    proxies: Vec<Proxy>,
    set: String,
}

impl Cluster {
    pub(super) async fn start() -> Self {
        let server = DevServer::builder().nodes(3).always_own().start().await.unwrap();
        let mut proxies = Vec::new();
        for node in server.nodes().unwrap() {
            let upstream: SocketAddr = node.address().parse().unwrap();
            proxies.push(Proxy::in_front_of(upstream).await.unwrap());
        }
        let primary = server.primary().await.unwrap();
        let admin = direct(primary).await;
        let answer = admin.database("admin").run_command(doc! { "replSetGetConfig": 1 }).await.unwrap();
        let mut config = answer.get_document("config").unwrap().clone();
        let version = config.get_i32("version").unwrap();
        config.insert("version", version + 1);
        for (member, proxy) in config.get_array_mut("members").unwrap().iter_mut().zip(&proxies) {
            member.as_document_mut().unwrap().insert("host", proxy.address().to_string());
        }
        let set = config.get_str("_id").unwrap().to_owned();
        // Forced, because the addresses of all members change at once.
        admin.database("admin").run_command(doc! { "replSetReconfig": config, "force": true }).await.unwrap();
        let cluster = Self { server, proxies, set };
        cluster.wait_until_it_writes().await;
        cluster
    }

    /// A connection string for the proxies.
    pub(super) fn uri(&self) -> String {
        let hosts: Vec<String> = self.proxies.iter().map(|proxy| proxy.address().to_string()).collect();
        format!("mongodb://{}/?replicaSet={}", hosts.join(","), self.set)
    }

    pub(super) fn nodes(&self) -> &[Node] {
        self.server.nodes().unwrap()
    }

    pub(super) async fn primary(&self) -> &Node {
        self.server.primary().await.unwrap()
    }

    pub(super) async fn secondary(&self) -> &Node {
        let primary = self.primary().await.address().to_owned();
        self.nodes().iter().find(|node| node.address() != primary).unwrap()
    }

    /// The proxy in front of a node.
    pub(super) fn proxy(&self, node: &Node) -> &Proxy {
        let at = self.nodes().iter().position(|other| other.address() == node.address()).unwrap();
        &self.proxies[at]
    }

    /// The operations and open transactions of clients, as the primary reports them, for the report
    /// of a run that stalls.
    pub(super) async fn what_clients_do(&self) -> String {
        let admin = direct(self.primary().await).await.database("admin");
        let of_clients = doc! { "$or": [
            { "ns": { "$regex": format!("^{DATABASE}\\.") } },
            { "transaction.parameters.autocommit": false },
        ] };
        let stages = [doc! { "$currentOp": { "allUsers": true, "idleSessions": true } }, doc! { "$match": of_clients }];
        let operations: Vec<Document> = admin.aggregate(stages).await.unwrap().try_collect().await.unwrap();
        format!("{operations:#?}")
    }

    async fn wait_until_it_writes(&self) {
        let started = Instant::now();
        let client = Client::with_uri_str(self.uri()).await.unwrap();
        let probe = client.database("probe").collection::<Document>("probe");
        while let Err(error) = probe.insert_one(doc! {}).await {
            assert!(started.elapsed() < FORMED_WITHIN, "the set accepts no writes: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The connection string of a node itself, without its proxy.
pub(super) fn direct_uri(node: &Node) -> String {
    format!("mongodb://{}/?directConnection=true", node.address())
}

pub(super) async fn direct(node: &Node) -> Client {
    Client::with_uri_str(direct_uri(node)).await.unwrap()
}
