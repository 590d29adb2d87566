//! The metrics of read models.

use es_core::store::{ReadModelId, ReadModelStore, RowCommit, Take};
use metrics_exporter_prometheus::PrometheusBuilder;
use tests::empty_store;

use super::*;

/// All of it runs on one thread, so the recorder of the thread sees it.
#[tokio::test]
async fn batches_rows_leases_and_the_lag_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = ::metrics::set_default_local_recorder(&recorder);
    let store = empty_store().await;
    for number in 0..20 {
        record(&store, &format!("wallet {number}"), number).await;
    }
    Subscriptions::on(&store).project::<Entries>().catch_up().await.unwrap();
    store.read_model::<Entries>().get("wallet 1").await.unwrap().unwrap();
    let text = recorder.handle().render();
    let expected = [
        r#"es_mongo_fold_commit_seconds_count{read_model="entries@1",outcome="committed"} 1"#,
        r#"es_mongo_fold_rows_total{read_model="entries@1"} 20"#,
        r#"es_mongo_fold_leases_total{read_model="entries@1"} 1"#,
        r#"es_mongo_fold_lag_positions{read_model="entries@1",partition="0"} 0"#,
        // The reader. The fold begins with the first event, so there are no rows to read.
        r#"es_mongo_rows_read_seconds_count{read_model="entries@1"} 1"#,
    ];
    for line in expected {
        assert!(text.lines().any(|shown| shown == line), "{line} is missing:\n{text}");
    }

    // The lease ends while a worker has it, and belongs to somebody else before the commit.
    let partition = ReadModelId::of::<Entries>().partition(0);
    let lease = store.take_lease(&partition, "first", Duration::from_secs(10), Take::IfFree).await.unwrap().unwrap();
    end_leases(&store).await;
    store.take_lease(&partition, "second", Duration::from_secs(10), Take::IfFree).await.unwrap().unwrap();
    let commit = RowCommit {
        partition,
        fence: lease.fence,
        from: lease.position,
        to: lease.position,
        rows: Vec::new(),
        letters: es_core::store::LetterChanges::default(),
        is_live: true,
        lease_lasts: Duration::from_secs(10),
    };
    assert!(!store.commit_rows(commit).await.unwrap());
    let text = recorder.handle().render();
    let lost = r#"es_mongo_fold_commit_seconds_count{read_model="entries@1",outcome="lost"} 1"#;
    assert!(text.lines().any(|shown| shown == lost), "{text}");
}
