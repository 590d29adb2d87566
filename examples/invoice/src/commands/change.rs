//! Commands that record something: load, decide, append.

use std::time::Duration;

use es_core::{Committed, EventId, Metadata, Timestamp};

use crate::cli::{By, Create, Pay};
use crate::connect::Connection;
use crate::domain::{Invoice, InvoiceEvent, Item, Money, Order, Payment};
use crate::failure::Failure;
use crate::view::View;

pub async fn create(connection: &Connection, create: Create, view: View) -> Result<(), Failure> {
    let Create { id, customer, amount, currency, country, description, days_to_pay, by } = create;
    let order = Order {
        invoice_number: id.clone(),
        customer_id: customer,
        country,
        currency,
        due_date: Timestamp::now().plus(Duration::from_secs(u64::from(days_to_pay) * 24 * 60 * 60)),
        items: vec![Item { description, amount }],
    };
    let metadata = Metadata::new().user(by.user).correlation(by.correlation.unwrap_or_else(|| id.clone()));
    let committed = connection.invoices().create(&id, Invoice::create(order)?, metadata).await?;
    report(&committed, view)
}

pub async fn pay(connection: &Connection, pay: Pay, view: View) -> Result<(), Failure> {
    let Pay { id, amount, method, payment, by } = pay;
    let payment = payment.unwrap_or_else(|| format!("pay_{}", EventId::new()));
    let at = Timestamp::now();
    let metadata = metadata(connection, &id, by).await?;
    let decide = |invoice: &Invoice| {
        let amount = amount.unwrap_or_else(|| invoice.owed());
        invoice.pay(Payment { id: payment.clone(), method, amount, at })
    };
    report(&connection.invoices().update(&id, metadata, decide).await?, view)
}

pub async fn dispute(connection: &Connection, id: &str, reason: &str, by: By, view: View) -> Result<(), Failure> {
    let metadata = metadata(connection, id, by).await?;
    report(&connection.invoices().update(id, metadata, |invoice| invoice.dispute(reason)).await?, view)
}

pub async fn credit(
    connection: &Connection,
    id: &str,
    amount: Money,
    reason: &str,
    by: By,
    view: View,
) -> Result<(), Failure> {
    let metadata = metadata(connection, id, by).await?;
    report(&connection.invoices().update(id, metadata, |invoice| invoice.credit(amount, reason)).await?, view)
}

/// Who does it, and because of what: the invoice's first event, whose correlation is carried on unless told otherwise.
async fn metadata(connection: &Connection, id: &str, by: By) -> Result<Metadata, Failure> {
    let first = connection.invoices().history(id)?.next().await.transpose()?;
    let metadata = first.map_or_else(Metadata::new, |first| Metadata::caused_by(&first)).user(by.user);
    Ok(match by.correlation {
        Some(correlation) => metadata.correlation(correlation),
        None => metadata,
    })
}

fn report(committed: &Committed<InvoiceEvent>, view: View) -> Result<(), Failure> {
    Ok(view.list(&committed.events)?)
}
