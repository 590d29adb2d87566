//! Short runs with faults: three nodes, 16 writers in four processes, read models in two more.
//! `cargo run --release -p tests --bin faults` is the long run.

use tests::faults::{Kind, Run};
use tokio::sync::Mutex;

/// One run at a time, because each starts three nodes and six processes.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_nodes_die_and_connections_are_cut() {
    run(vec![
        Kind::PrimaryKilled,
        Kind::PrimaryFrozen,
        Kind::AnswersLost,
        Kind::CommitUnknown,
        Kind::ClosedAfter,
        Kind::WriterKilled,
        Kind::ProjectorKilled,
        Kind::ProjectorFrozen,
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_positions_is_the_order_of_time_if_no_node_is_elected_and_no_writer_killed() {
    let kinds = vec![Kind::AnswersLost, Kind::ClosedAfter, Kind::ProjectorKilled];
    assert!(kinds.iter().all(|kind| kind.elects_nobody_and_kills_no_writer()));
    run(kinds).await;
}

async fn run(kinds: Vec<Kind>) {
    let _turn = TURN.lock().await;
    let program = env!("CARGO_BIN_EXE_faults").into();
    let faults = kinds.len();
    let seed = fastrand::u64(0..1_000_000);
    println!("seed {seed}");
    let run = Run { seed, kinds, faults, every: None, processes: 4, writers: 16, archive: false, program };
    let outcome = run.run().await;
    println!("{}", outcome.table);
    assert!(outcome.broken.is_empty(), "{:#?}", outcome.broken);
}
