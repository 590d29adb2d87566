use std::error::Error;

use es_core::repository::ImportedEvent;
use es_core::{Metadata, Repository, Timestamp};

pub async fn import(accounts: &Repository<BankAccount>, lines: &str) -> Result<usize, Box<dyn Error>> {
    let rows = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Row>, _>>()?;
    let mut events = rows.into_iter().map(|row| (row.aggregate_id.clone(), row)).peekable();
    let mut imported = 0;
    while let Some((id, first)) = events.next() {
        let mut past = vec![imported_event(first)?];
        while let Some((_, row)) = events.next_if(|(next, _)| *next == id) {
            past.push(imported_event(row)?);
        }
        accounts.import(&id, past).await?;
        imported += 1;
    }
    Ok(imported)
}

fn imported_event(row: Row) -> Result<ImportedEvent<BankAccountEvent>, Box<dyn Error>> {
    let time: Timestamp = row.metadata.get("time").ok_or("the row has no time")?.parse()?;
    let user = row.metadata.get("user").cloned().unwrap_or_default();
    Ok(ImportedEvent::new(row.payload, time, Metadata::new().user(user)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let lines = concat!(
        r#"{"aggregate_type":"account","aggregate_id":"a-1","sequence":1,"event_type":"AccountOpened","event_version":"1.0","payload":{"AccountOpened":{"account_id":"a-1"}},"metadata":{"time":"2024-05-01T10:00:00Z","user":"clerk_7"}}"#,
        "\n",
        r#"{"aggregate_type":"account","aggregate_id":"a-1","sequence":2,"event_type":"CustomerDepositedMoney","event_version":"1.0","payload":{"CustomerDepositedMoney":{"amount":200.0,"balance":200.0}},"metadata":{"time":"2024-05-02T10:00:00Z"}}"#,
    );
    let store = es_core::memory::MemoryStore::new();
    let accounts = Repository::<BankAccount>::new(&store);
    assert_eq!(import(&accounts, lines).await?, 1);
    assert_eq!(import(&accounts, lines).await?, 1, "a second run changes nothing");
    let account = accounts.load("a-1").await?;
    assert_eq!((account.version.get(), account.balance), (2, 200_00));
    Ok(())
}
