//! Commands that record events: load, decide, append.

use std::time::Duration;

use es_core::{Committed, EventId, Timestamp};

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
    let by = By { correlation: by.correlation.or_else(|| Some(id.clone())), ..by };
    report(&connection.invoices().create(&id, Invoice::create(order)?).metadata(by.metadata()).await?, view)
}

pub async fn pay(connection: &Connection, pay: Pay, view: View) -> Result<(), Failure> {
    let Pay { id, amount, method, payment, by } = pay;
    let (id_of_payment, at) = (payment.unwrap_or_else(|| format!("pay_{}", EventId::new())), Timestamp::now());
    let invoices = connection.invoices();
    let paid = invoices.update(&id, |invoice| {
        let amount = amount.unwrap_or_else(|| invoice.owed());
        invoice.pay(Payment { id: id_of_payment.clone(), method, amount, at })
    });
    report(&paid.metadata(by.metadata()).caused_by_last_event().await?, view)
}

pub async fn dispute(connection: &Connection, id: &str, reason: &str, by: By, view: View) -> Result<(), Failure> {
    let invoices = connection.invoices();
    let disputed = invoices.update(id, |invoice| invoice.dispute(reason));
    report(&disputed.metadata(by.metadata()).caused_by_last_event().await?, view)
}

pub async fn credit(
    connection: &Connection,
    id: &str,
    amount: Money,
    reason: &str,
    by: By,
    view: View,
) -> Result<(), Failure> {
    let invoices = connection.invoices();
    let credited = invoices.update(id, |invoice| invoice.credit(amount, reason));
    report(&credited.metadata(by.metadata()).caused_by_last_event().await?, view)
}

fn report(committed: &Committed<InvoiceEvent>, view: View) -> Result<(), Failure> {
    Ok(view.list(&committed.events)?)
}
