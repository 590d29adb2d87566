//! A short run with faults: three nodes, 16 writers in two processes. `cargo run --release -p tests
//! --bin faults` is the long run.

use tests::faults::{Kind, Run};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_nodes_die_and_connections_are_cut() {
    let kinds = vec![
        Kind::PrimaryKilled,
        Kind::PrimaryFrozen,
        Kind::AnswersLost,
        Kind::CommitUnknown,
        Kind::ClosedAfter,
        Kind::WriterKilled,
    ];
    let program = env!("CARGO_BIN_EXE_faults").into();
    let faults = kinds.len();
    let seed = fastrand::u64(0..1_000_000);
    println!("seed {seed}");
    let run = Run { seed, kinds, faults, every: None, writers: 16, archive: false, program };
    let outcome = run.run().await;
    println!("{}", outcome.table);
    assert!(outcome.broken.is_empty(), "{:#?}", outcome.broken);
}
