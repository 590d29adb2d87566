//! The documents of the older system, and their conversion into events.

use std::process::ExitCode;

use bson::Bson;
use es_core::error::ErrorChain;
use es_core::{Metadata, Timestamp};
use es_mongo::{Migrated, MigrationReport};
use serde::{Deserialize, Serialize};

use crate::connect::Connection;
use crate::domain::{Account, Invoice, InvoiceMigrated, Money};
use crate::failure::Failure;
use crate::view::{Show, View, bar, count};

/// One document of the old collection: the last state of an invoice, without its history.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingDocument {
    #[serde(rename = "_id")]
    pub id: Bson,
    pub invoice_number: String,
    pub customer_id: String,
    /// As the old program stored it, possibly as a float.
    pub amount: Bson,
    pub currency: String,
    pub created_at: Timestamp,
    pub due_date: Timestamp,
    #[serde(default)]
    pub paid_at: Option<Timestamp>,
}

pub async fn migrate(connection: &Connection, collection: &str, view: View) -> Result<ExitCode, Failure> {
    let migration = run(connection, collection).await?;
    view.one(&migration)?;
    Ok(if migration.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Converts each document into an event. The documents are kept, and documents that are already
/// migrated are skipped.
pub async fn run(connection: &Connection, collection: &str) -> Result<MigrationView, Failure> {
    let bar = bar(None, "migrating documents");
    let progress = bar.clone();
    let report = connection
        .store
        .migrate::<Invoice, BillingDocument>(collection)
        .progress(move |report| progress.set_position(report.documents))
        .run(convert)
        .await?;
    bar.finish_and_clear();
    Ok(report.into())
}

/// The event for a document, or the reason why there is none.
fn convert(document: BillingDocument) -> Result<Migrated<Invoice>, String> {
    let id = match document.id {
        Bson::String(id) => id,
        Bson::ObjectId(id) => id.to_hex(),
        other => return Err(format!("`{other}` is not a valid invoice id")),
    };
    Account::check(&document.customer_id, &document.currency).map_err(|error| ErrorChain::new(&error).to_string())?;
    let event = InvoiceMigrated {
        invoice_number: document.invoice_number,
        customer_id: document.customer_id,
        amount: exact(&document.amount)?,
        currency: document.currency,
        created_at: document.created_at,
        due_date: document.due_date,
        paid_at: document.paid_at,
    };
    let metadata = Metadata::new().user("migration").correlation(format!("migration-{id}"));
    Ok(Migrated::new(id, event).metadata(metadata))
}

fn exact(amount: &Bson) -> Result<Money, String> {
    let exact = match amount {
        Bson::Double(float) => Money::from_float(*float),
        Bson::String(text) => text.parse(),
        Bson::Int32(_) | Bson::Int64(_) | Bson::Decimal128(_) => amount.to_string().parse(),
        other => return Err(format!("`{other}` is not an amount")),
    };
    exact.map_err(|error| error.to_string())
}

/// The result of a migration.
#[derive(Debug, Serialize)]
pub struct MigrationView {
    documents: u64,
    migrated: u64,
    already: u64,
    failed: u64,
    failures: Vec<String>,
}

impl From<MigrationReport> for MigrationView {
    fn from(report: MigrationReport) -> Self {
        Self {
            documents: report.documents,
            migrated: report.migrated,
            already: report.already,
            failed: report.failed,
            failures: report.failures.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Show for MigrationView {
    fn text(&self) -> String {
        let [documents, migrated, already, failed] =
            [self.documents, self.migrated, self.already, self.failed].map(count);
        let mut lines =
            vec![format!("{documents} documents: {migrated} migrated, {already} already existed, {failed} failed")];
        lines.extend(self.failures.iter().cloned());
        lines.join("\n")
    }
}
