//! The additional features of a MongoDB store: queries, traces, the archive, migration, read models,
//! the daily check, figures.

use bson::Bson;
use es_core::LoadError;
use es_core::rebuild::Sample;
use es_mongo::{LoadedFrom, MigratingRepository, ReadMode};

use super::basics::payment;
use super::story::Story;
use crate::commands::balances::Selection;
use crate::commands::migrate::{self, BillingDocument};
use crate::commands::query::Traced;
use crate::commands::{balances, owed, rebuild, search, statement, stats, upkeep};
use crate::connect::Connection;
use crate::domain::{AccountPosted, CustomerBalance, Invoice, InvoicePaid, OldCustomerBalance};
use crate::failure::Failure;
use crate::view::InvoiceView;

const OLD_COLLECTION: &str = "billing_documents";

pub async fn tell(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    query(story, connection).await?;
    trace(story, connection).await?;
    archive(story, connection).await?;
    migrate(story, connection).await?;
    switch(story, connection).await?;
    new_version(story, connection).await?;
    owed(story, connection).await?;
    balances(story, connection).await?;
    statement(story, connection).await?;
    search(story, connection).await?;
    verify(story, connection).await?;
    story.step("Figures that are computed from the events")?;
    story.one(&stats::read(connection).await?)
}

async fn query(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step("All payments since 2023, the last events of one user, and all events of one correlation")?;
    let events = || connection.store.events();
    let payments = events().of::<InvoicePaid>().since("2023-01-01T00:00:00Z".parse()?);
    story.list(&payments.read_as::<Invoice>().collect().await?)?;
    let last_of_user = events().by_user("cust_456").newest_first().limit(2);
    story.list(&last_of_user.read_as::<Invoice>().collect().await?)?;
    let together = events().of_correlation("corr_abc");
    story.list(&together.read_as::<Invoice>().collect().await?)
}

async fn trace(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step("The events of one correlation, as a tree of causes and effects")?;
    story.each(&Traced::read(connection, "corr_def").await?)
}

async fn archive(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step("Events from before 2024 move to the archive, and remain readable")?;
    let invoices = connection.invoices();
    let before = invoices.load_at("invoice_7", 2).await?;
    story.one(&upkeep::archive_before(connection, "2024-01-01T00:00:00Z".parse()?).await?)?;
    let same = invoices.load_at("invoice_7", 2).await? == before;
    story.outcome(format!("invoice_7 at version 2 is the same as before: {same}"))
}

async fn migrate(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step(
        "Documents of an older system are migrated to events; an invalid document is reported, and the others are migrated",
    )?;
    let document = |number: u32, amount: Bson| -> Result<BillingDocument, Failure> {
        Ok(BillingDocument {
            id: Bson::from(format!("old_{number}")),
            invoice_number: format!("OLD-{number}"),
            customer_id: "cust_456".to_owned(),
            amount,
            currency: "EUR".to_owned(),
            created_at: "2022-05-01T00:00:00Z".parse()?,
            due_date: "2022-06-01T00:00:00Z".parse()?,
            paid_at: None,
        })
    };
    let documents = [document(1, 1500.10.into())?, document(2, 99.into())?, document(3, "a lot".into())?];
    connection.store.database().collection(OLD_COLLECTION).insert_many(documents).await?;
    story.one(&migrate::run(connection, OLD_COLLECTION).await?)?;
    story.outcome("a second run changes nothing:")?;
    story.one(&migrate::run(connection, OLD_COLLECTION).await?)?;
    story.list(&[connection.invoices().load("old_1").await?].map(InvoiceView::from))
}

async fn switch(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step("A flag moves reads from documents to events step by step: old_1 is migrated, old_3 is not")?;
    for (flag, mode) in [
        ("the old documents only", ReadMode::Documents),
        ("events if there are any", ReadMode::WhereMigrated),
        ("events only", ReadMode::EventSourced),
    ] {
        let gradual = MigratingRepository::<Invoice, BillingDocument>::new(&connection.store, OLD_COLLECTION, mode);
        let mut found = Vec::new();
        for id in ["old_1", "old_3"] {
            let source = match gradual.load(id).await {
                Ok(LoadedFrom::EventSourced(_)) => "from its events",
                Ok(LoadedFrom::Document(_)) => "from its document",
                Err(LoadError::NotFound { .. }) => "not found",
                Err(error) => return Err(error.into()),
            };
            found.push(format!("{id} {source}"));
        }
        story.outcome(format!("{flag}: {}", found.join(", ")))?;
    }
    Ok(())
}

async fn new_version(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step(
        "A read model of the previous release; its new version is built, compared with all events, and made live",
    )?;
    story.one(&rebuild::build::<OldCustomerBalance>(connection).await?)?;
    story.list(&rebuild::list(connection).await?)?;
    story.one(&rebuild::build::<CustomerBalance>(connection).await?)?;
    story.one(&rebuild::compare::<CustomerBalance>(connection, Sample::All).await?)?;
    rebuild::switch::<CustomerBalance>(connection).await?;
    story.list(&rebuild::list(connection).await?)
}

async fn owed(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step("A read model lists what is owed, by due date; a payment removes the invoice from the list")?;
    story.list(&owed::read(connection, None, 100).await?)
}

async fn balances(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step("A second read model adds up what each customer owes; a payment changes it at once")?;
    story.list(&balances::read(connection, Selection::default(), 100).await?)?;
    story.outcome("old_2 is paid:")?;
    let invoices = connection.invoices();
    invoices.update("old_2", |invoice| invoice.pay(payment("pay_old_2", invoice.owed()))).by("user_789").await?;
    story.list(&balances::read(connection, Selection::default(), 100).await?)?;
    story.outcome("the payment of version 1 names no customer, so an event that does was recorded once:")?;
    let posted = connection.store.events().of::<AccountPosted>();
    story.list(&posted.read_as::<Invoice>().collect().await?)
}

async fn statement(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step("A third read model has totals of each month and year, and a line for each event that changes them")?;
    story.list(&statement::read(connection, None, None).await?)?;
    story.outcome("the events of 2022:")?;
    story.list(&statement::read_events(connection, Some(&"2022".parse()?), None, 100).await?)
}

async fn search(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step("A handler keeps a search list in a collection of the program; here, what is about cust_456")?;
    story.list(&search::find(connection, &["cust_456".to_owned()], 100).await?)
}

async fn verify(story: &mut Story, connection: &Connection) -> Result<(), Failure> {
    story.step(
        "The daily check reads everything: streams have no gaps, events are readable, snapshots match their events",
    )?;
    story.one(&upkeep::check(connection).await?)
}
