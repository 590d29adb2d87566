//! A writer that is killed between its insert and its commit.

use std::path::Path;
use std::process::Command;

use es_core::repository::IntoEvents;
use es_core::store::{Append, EventStore as _, ExpectedVersion, NewEvent};
use es_core::{Metadata, StreamId};
use es_mongo::mongodb::bson::doc;

use super::cluster::{Cluster, direct_uri};
use super::run::DATABASE;
use super::tally::{Tally, TallyEvent, noted};
use super::worker::open_as;
use crate::fail_point::FailPoint;
use crate::history::Mark;

/// The application name for the fail point.
const APPLICATION: &str = "doomed";

/// A process whose appends never succeed.
#[derive(Debug, Clone, clap::Args)]
pub struct Doomed {
    /// The connection string of the set.
    #[arg(long)]
    pub uri: String,
    /// The database.
    #[arg(long)]
    pub database: String,
}

impl Doomed {
    /// Appends until it is killed. None of its events may ever be stored, because the commits never
    /// reach the server.
    ///
    /// # Panics
    ///
    /// If the store cannot be opened.
    pub async fn until_killed(&self) {
        let store = open_as(&self.uri, &self.database, APPLICATION).await;
        for number in 0.. {
            let mark = Mark { process: u32::MAX, writer: 0, number };
            let encode = |event| {
                let event: TallyEvent = IntoEvents::into_events(event).remove(0);
                NewEvent::encode(&event, Metadata::new()).unwrap()
            };
            let events = noted(mark, 5).into_iter().map(encode).collect();
            let stream = StreamId::of::<Tally>(APPLICATION).unwrap();
            let answer = store.append(Append::new(stream, ExpectedVersion::NONE, events)).await;
            assert!(answer.is_err(), "an append without a commit is acknowledged: {answer:?}");
        }
    }
}

/// Starts such a process, and kills it while its transaction is open and everything is written.
/// Returns how often it tried to commit.
pub(super) async fn kill_one(cluster: &Cluster, program: &Path) -> Option<i64> {
    let uri = direct_uri(cluster.primary().await);
    let data = doc! { "failCommands": ["commitTransaction"], "closeConnection": true };
    let commits_lost = FailPoint::on_commands(&uri, APPLICATION, doc! { "times": 1_000_000 }, data).await;
    let mut doomed = Command::new(program);
    let mut doomed = doomed.args(["doomed", "--uri", &cluster.uri(), "--database", DATABASE]).spawn().unwrap();
    commits_lost.met().await;
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    Some(commits_lost.off().await)
}
