//! Carries out one fault, and heals it.

use std::path::Path;

use es_mongo::mongodb::bson::{Document, doc};
use futures_util::future::join_all;
use tokio::time::sleep;

use super::cluster::{Cluster, direct, direct_uri};
use super::doomed::kill_one;
use super::plan::{Fault, Kind};
use super::read_models::Projectors;
use super::worker::APPLICATION;
use crate::fail_point::FailPoint;
use crate::proxy::{Condition, Entrance, Flow, Party};

/// Carries out a fault and heals it. For a fail point it returns how often the fault occurred.
///
/// `program` is the program for a process of the run.
pub(super) async fn inject(cluster: &Cluster, projectors: &Projectors, fault: Fault, program: &Path) -> Option<i64> {
    match fault.kind {
        Kind::PrimaryKilled => {
            let primary = cluster.primary().await;
            primary.kill().await.unwrap();
            sleep(fault.hold).await;
            primary.restart().await.unwrap();
        }
        Kind::SecondaryKilled => {
            let secondary = cluster.secondary().await;
            secondary.kill().await.unwrap();
            sleep(fault.hold).await;
            secondary.restart().await.unwrap();
        }
        Kind::AllRestarted => {
            join_all(cluster.nodes().iter().map(async |node| node.kill().await.unwrap())).await;
            join_all(cluster.nodes().iter().map(async |node| node.restart().await.unwrap())).await;
        }
        Kind::PrimarySteppedDown => {
            let primary = direct(cluster.primary().await).await;
            // The step-down itself may cut off the answer.
            let _ = primary.database("admin").run_command(doc! { "replSetStepDown": 5, "force": true }).await;
        }
        Kind::PrimaryFrozen => {
            let primary = cluster.primary().await;
            primary.freeze().await.unwrap();
            sleep(fault.hold).await;
            primary.thaw().await.unwrap();
        }
        Kind::RequestsLost | Kind::AnswersLost | Kind::BothLost | Kind::Reset | Kind::PrimaryCutOff | Kind::SlowWay => {
            cut(cluster, fault).await;
        }
        Kind::ClosedBefore => {
            return fail(cluster, fault, doc! { "failCommands": ["insert"], "closeConnection": true }).await;
        }
        Kind::ClosedAfter => {
            let uri = direct_uri(cluster.primary().await);
            let data = doc! { "closeConnection": true };
            let mode = doc! { "times": fault.times };
            return until_held(FailPoint::set(&uri, "onPrimaryTransactionalWrite", mode, data).await, fault).await;
        }
        Kind::ErrorCode(code @ 112) => {
            let labels = ["TransientTransactionError"];
            let data =
                doc! { "failCommands": ["insert", "commitTransaction"], "errorCode": code, "errorLabels": labels };
            return fail(cluster, fault, data).await;
        }
        Kind::ErrorCode(code) => {
            let data = doc! { "failCommands": ["insert", "commitTransaction", "find"], "errorCode": code };
            return fail(cluster, fault, data).await;
        }
        Kind::ConcernTimedOut => {
            let timed_out = doc! { "code": 64, "codeName": "WriteConcernFailed", "errmsg": "waiting for replication timed out", "errInfo": { "wtimeout": true } };
            let data = doc! { "failCommands": ["insert", "commitTransaction"], "writeConcernError": timed_out };
            return fail(cluster, fault, data).await;
        }
        Kind::CommitUnknown => {
            let data = doc! { "failCommands": ["commitTransaction"], "closeConnection": true };
            return fail(cluster, fault, data).await;
        }
        Kind::WriterKilled => return kill_one(cluster, program).await,
        Kind::ProjectorKilled => projectors.kill_one(fault.hold).await,
        Kind::ProjectorFrozen => projectors.freeze_one(fault.hold).await,
        Kind::SlowAnswers => {
            let slow = i64::try_from(fault.hold.as_millis() / 2).unwrap();
            let data =
                doc! { "failCommands": ["insert", "commitTransaction"], "blockConnection": true, "blockTimeMS": slow };
            return fail(cluster, fault, data).await;
        }
    }
    None
}

async fn cut(cluster: &Cluster, fault: Fault) {
    let proxy = cluster.proxy(cluster.primary().await);
    let healthy = Condition::default();
    let (party, condition) = match fault.kind {
        Kind::RequestsLost => (Party::Clients, Condition { requests: Flow::Swallow, ..healthy }),
        Kind::AnswersLost => (Party::Clients, Condition { answers: Flow::Swallow, ..healthy }),
        Kind::Reset => (Party::Clients, Condition { entrance: Entrance::Closed, ..healthy }),
        Kind::SlowWay => {
            let delay = Flow::Delay(fault.hold / 20);
            (Party::Clients, Condition { requests: delay, answers: delay, ..healthy })
        }
        Kind::PrimaryCutOff => {
            (Party::Everybody, Condition { requests: Flow::Swallow, answers: Flow::Swallow, ..healthy })
        }
        _ => (Party::Clients, Condition { requests: Flow::Swallow, answers: Flow::Swallow, ..healthy }),
    };
    proxy.set(party, condition);
    if fault.kind == Kind::Reset {
        proxy.reset(party);
    }
    sleep(fault.hold).await;
    proxy.heal();
}

async fn fail(cluster: &Cluster, fault: Fault, data: Document) -> Option<i64> {
    let uri = direct_uri(cluster.primary().await);
    until_held(FailPoint::on_commands(&uri, APPLICATION, doc! { "times": fault.times }, data).await, fault).await
}

async fn until_held(fail_point: FailPoint, fault: Fault) -> Option<i64> {
    sleep(fault.hold).await;
    Some(fail_point.off().await)
}
