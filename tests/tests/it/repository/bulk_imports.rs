//! The import of many aggregates: complete, repeatable, and with an account of what failed.

use es_core::memory::MemoryStore;
use es_core::repository::{ImportError, ImportedEvent, ImportedHistory};
use es_core::store::Store;
use es_core::{Metadata, Repository, StoreError};
use futures_util::stream;
use tests::account::{Account, AccountEvent, Deposited, Opened, day};
use tests::empty_store;

fn past(events: i64) -> Vec<ImportedEvent<AccountEvent>> {
    let opened = ImportedEvent::new(Opened { owner: "o".into() }, day(0), Metadata::new());
    let deposited = |at| ImportedEvent::new(Deposited { cents: at, source: "s".into() }, day(at), Metadata::new());
    [opened].into_iter().chain((1..events).map(deposited)).collect()
}

async fn is_complete_and_can_be_repeated(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    // Some have a part of their past, or a different one.
    accounts.import("account-7", past(2)).await.unwrap();
    accounts.create("account-8", Opened { owner: "else".into() }).await.unwrap();
    let histories = || {
        let all = (0..300_i64).map(|number| ImportedHistory::new(format!("account-{number}"), past(number % 7 + 1)));
        let invalid = [
            ImportedHistory::new("", past(1)),
            ImportedHistory::new("unfoldable", past(3).split_off(1)),
            ImportedHistory::new("empty", Vec::new()),
        ];
        stream::iter(all.chain(invalid))
    };
    let mut told = Vec::new();
    let report = accounts.import_many(histories()).in_flight(40).progress(|report| told.push(report.histories));
    let report = report.await.unwrap();
    assert_eq!(told, (1..=303).collect::<Vec<_>>());
    // The past of account 7 has one event, of which it already had two.
    let counts = (report.histories, report.imported, report.continued, report.already, report.failed);
    assert_eq!(counts, (303, 298, 0, 2, 3), "{report:?}");
    let events: u64 = (0..300).filter(|number| ![7, 8].contains(number)).map(|number| number % 7 + 1).sum();
    assert_eq!(report.events, events);
    let mut failures: Vec<_> = report.failures.iter().map(|failure| (failure.stream.clone(), &failure.error)).collect();
    failures.sort_by_key(|(stream, _)| stream.as_ref().map(|stream| stream.aggregate_id().to_string()));
    assert!(matches!(failures[0], (None, ImportError::Store(StoreError::InvalidId(_)))), "{failures:?}");
    assert!(matches!(failures[1], (Some(_), ImportError::Differs { .. })), "{failures:?}");
    assert!(matches!(failures[2], (Some(_), ImportError::Store(StoreError::Unfoldable { .. }))), "{failures:?}");

    // A longer past is completed.
    let longer = (0..300_i64).map(|number| ImportedHistory::new(format!("account-{number}"), past(7)));
    let report = accounts.import_many(stream::iter(longer)).await.unwrap();
    let full = (0..300).filter(|number| number % 7 == 6).count() as u64;
    let counts = (report.histories, report.imported, report.continued, report.already, report.failed);
    assert_eq!(counts, (300, 0, 299 - full, full, 1), "{report:?}");
    for number in [0, 7, 299] {
        let account = accounts.load(format!("account-{number}")).await.unwrap();
        assert_eq!((account.version.get(), account.cents), (7, 1 + 2 + 3 + 4 + 5 + 6));
    }
    let report = accounts.import_many(histories()).await.unwrap();
    assert_eq!((report.imported, report.continued, report.events), (0, 0, 0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_many_is_complete_and_can_be_repeated() {
    is_complete_and_can_be_repeated(MemoryStore::new()).await;
    is_complete_and_can_be_repeated(empty_store().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_many_ends_if_the_store_cannot_record() {
    let store = empty_store().await;
    store.close().await;
    let mut taken = 0;
    let endless = stream::repeat_with(|| {
        taken += 1;
        ImportedHistory::<Account>::new(format!("account-{taken}"), past(2))
    });
    let error = Repository::<Account>::new(&store).import_many(endless).in_flight(10).await.unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error}");
    assert_eq!(taken, 10);
}
