//! What customers owe, from a read model.

use bson::{Bson, Document, doc};
use es_mongo::FindRows;
use serde::Serialize;

use super::read_models;
use crate::connect::Connection;
use crate::domain::{Money, OpenInvoice};
use crate::failure::Failure;
use crate::view::{Row, View, date};

pub async fn owed(connection: &Connection, customer: Option<&str>, limit: u32, view: View) -> Result<(), Failure> {
    Ok(view.list(&read(connection, customer, limit).await?)?)
}

/// The invoices that are not paid, those that are due first at the beginning.
pub async fn read(connection: &Connection, customer: Option<&str>, limit: u32) -> Result<Vec<Line>, Failure> {
    read_models::catch_up(connection).await?;
    let mut filter = doc! { "owed": { "$gt": 0 } };
    filter.extend(customer.map(|customer| ("customerId".to_owned(), Bson::from(customer))));
    let order: Document = doc! { "dueDate": 1, "_id": 1 };
    let rows = connection.store.read_model::<OpenInvoice>().find(filter).sort(order).limit(limit).await?;
    Ok(rows.into_iter().map(|(id, row)| Line::new(id.to_string(), row)).collect())
}

/// One line of the list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    invoice: String,
    customer: String,
    owed: Money,
    currency: String,
    due: String,
    is_disputed: bool,
}

impl Line {
    fn new(invoice: String, row: OpenInvoice) -> Self {
        let OpenInvoice { customer_id, owed, currency, due_date, is_disputed } = row;
        Self { invoice, customer: customer_id, owed, currency, due: date(due_date), is_disputed }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Invoice", "Customer", ">Owed", "Currency", "Due", "Disputed"];

    fn cells(&self) -> Vec<String> {
        let Self { invoice, customer, owed, currency, due, is_disputed } = self;
        let disputed = if *is_disputed { "yes" } else { "" };
        vec![invoice.clone(), customer.clone(), owed.to_string(), currency.clone(), due.clone(), disputed.to_owned()]
    }
}
