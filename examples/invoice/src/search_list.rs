//! A list for searching invoices, which a handler keeps in a collection of this program.

use bson::{Document, doc};
use es_core::RecordedEvent;
use es_core::store::{EventData, FeedFilter};
use es_core::subscription::{HandleError, Handler};
use es_mongo::MongoStore;
use es_mongo::mongodb::Database;
use es_mongo::mongodb::error::Result as DriverResult;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::domain::{Invoice, InvoiceCreated, InvoiceEvent, InvoiceMigrated, Item, Money};

const COLLECTION: &str = "invoice_search";

/// The words of each invoice, by its id.
///
/// A handler has effects outside the read models, so it may get an event twice. To write the entry of
/// an invoice twice changes nothing.
pub struct SearchList {
    database: Database,
}

/// An invoice in the list.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    #[serde(rename(deserialize = "_id"))]
    pub invoice: String,
    pub customer: String,
    pub amount: Money,
    pub currency: String,
}

impl SearchList {
    pub fn of(store: &MongoStore) -> Self {
        Self { database: store.database().clone() }
    }

    /// The invoices that have a word with each of these beginnings.
    pub async fn find(&self, beginnings: &[String], limit: u32) -> DriverResult<Vec<Entry>> {
        let beginnings = beginnings.iter().flat_map(|text| words([text.as_str()]));
        let has_word = beginnings.map(|word| {
            // The last letter there is, so every longer word is below it.
            let end = format!("{word}{}", char::MAX);
            doc! { "words": { "$elemMatch": { "$gte": word, "$lte": end } } }
        });
        let all: Vec<Document> = has_word.collect();
        let filter = if all.is_empty() {
            doc! {}
        } else {
            doc! { "$and": all }
        };
        let entries = self.database.collection::<Entry>(COLLECTION);
        entries.find(filter).sort(doc! { "_id": 1 }).limit(limit.into()).await?.try_collect().await
    }
}

impl Handler for SearchList {
    fn filter(&self) -> FeedFilter {
        FeedFilter::of::<Invoice>()
    }

    async fn handle(&self, events: &[RecordedEvent<EventData>]) -> Result<(), HandleError> {
        let mut updates = Vec::new();
        for event in events {
            for of_invoice in event.decode::<Invoice>()?.into_vec() {
                let entry = match of_invoice {
                    InvoiceEvent::InvoiceCreated(created) => entry_of_created(&created),
                    InvoiceEvent::InvoiceMigrated(migrated) => entry_of_migrated(&migrated),
                    _ => continue,
                };
                let entry = entry.map_err(HandleError::refused)?;
                updates.push(doc! { "q": { "_id": event.aggregate_id.as_str() }, "u": entry, "upsert": true });
            }
        }
        if updates.is_empty() {
            return Ok(());
        }
        let command = doc! { "update": COLLECTION, "updates": updates, "writeConcern": { "w": "majority" } };
        let answer = self.database.run_command(command).await?;
        match answer.get_array("writeErrors").ok().and_then(|errors| errors.first()) {
            Some(error) => Err(HandleError::from(format!("an entry was not written: {error}"))),
            None => Ok(()),
        }
    }
}

fn entry_of_created(created: &InvoiceCreated) -> bson::error::Result<Document> {
    let InvoiceCreated { invoice_number, customer_id, country, amount, currency, items, .. } = created;
    let items = items.iter().map(|Item { description, .. }| description.as_str());
    let words = words([&**invoice_number, customer_id, country].into_iter().chain(items));
    entry(customer_id, *amount, currency, words)
}

fn entry_of_migrated(migrated: &InvoiceMigrated) -> bson::error::Result<Document> {
    let InvoiceMigrated { invoice_number, customer_id, amount, currency, .. } = migrated;
    entry(customer_id, *amount, currency, words([&**invoice_number, customer_id]))
}

fn entry(customer: &str, amount: Money, currency: &str, words: Vec<String>) -> bson::error::Result<Document> {
    let amount = bson::serialize_to_bson(&amount)?;
    Ok(doc! { "customer": customer, "amount": amount, "currency": currency, "words": words })
}

/// The words of several texts, in lower case, each once.
fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let split = texts.into_iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
    let mut words: Vec<_> = split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_lower_case_and_each_is_there_once() {
        assert_eq!(words(["INV-7", "Éclairs, éclairs & Tea"]), ["7", "inv", "tea", "éclairs"]);
        assert_eq!(words([" ", "--"]), Vec::<String>::new());
    }
}
