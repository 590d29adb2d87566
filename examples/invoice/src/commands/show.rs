//! Shows an invoice, now or at an earlier time, and its history.

use es_core::Timestamp;

use crate::connect::Connection;
use crate::failure::Failure;
use crate::view::{InvoiceView, View};

pub async fn show(
    connection: &Connection,
    id: &str,
    at_version: Option<u32>,
    as_of: Option<Timestamp>,
    view: View,
) -> Result<(), Failure> {
    let invoices = connection.invoices();
    let invoice = match (at_version, as_of) {
        (Some(version), _) => invoices.load_at(id, version).await?,
        (None, Some(time)) => invoices.load_as_of(id, time).await?,
        (None, None) => invoices.load(id).await?,
    };
    Ok(view.one(&InvoiceView::from(invoice))?)
}

pub async fn history(connection: &Connection, id: &str, view: View) -> Result<(), Failure> {
    let events = connection.invoices().history(id)?.collect().await?;
    if events.is_empty() {
        return Err(format!("invoice `{id}` does not exist").into());
    }
    Ok(view.list(&events)?)
}
