//! What each customer owes, from a read model.

use std::collections::BTreeMap;

use bson::{Document, doc};
use es_mongo::FindRows;
use serde::Serialize;

use super::read_models;
use crate::connect::Connection;
use crate::domain::{Balance, CustomerBalance, Money};
use crate::failure::Failure;
use crate::view::{Row, Show, View, count, date, table};

/// The number of balances that an import shows.
const LARGEST: usize = 10;

/// Which customers are listed.
#[derive(Debug, Default)]
pub struct Selection<'a> {
    pub customer: Option<&'a str>,
    /// Only those who owe something.
    pub open: bool,
}

pub async fn balances(
    connection: &Connection,
    selection: Selection<'_>,
    limit: u32,
    view: View,
) -> Result<(), Failure> {
    Ok(view.list(&read(connection, selection, limit).await?)?)
}

/// The balances of customers, the largest at the beginning.
pub async fn read(connection: &Connection, selection: Selection<'_>, limit: u32) -> Result<Vec<Line>, Failure> {
    read_models::catch_up(connection).await?;
    let Selection { customer, open } = selection;
    let mut filter = customer.map_or_else(Document::new, |customer| doc! { "_id": customer });
    if open {
        filter.insert("balances.open", doc! { "$gt": 0 });
    }
    let rows = connection.store.read_model::<CustomerBalance>().find(filter).sort(largest_first()).limit(limit).await?;
    Ok(lines(rows).collect())
}

/// A customer with balances in several currencies is placed by the largest number.
fn largest_first() -> Document {
    doc! { "balances.open": -1, "balances.invoiced": -1, "_id": 1 }
}

fn lines(rows: Vec<(String, CustomerBalance)>) -> impl Iterator<Item = Line> {
    rows.into_iter().flat_map(|(customer, row)| {
        row.balances.into_iter().map(move |balance| Line { customer: Some(customer.clone()), ..Line::from(balance) })
    })
}

/// The balance of a customer in one currency.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// `None` if it is the sum over all customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    open: Money,
    currency: String,
    open_invoices: u64,
    earliest_due: Option<String>,
    invoices: u64,
    invoiced: Money,
    credited: Money,
    paid: Money,
}

impl From<Balance> for Line {
    fn from(balance: Balance) -> Self {
        let Balance { currency, open, open_invoices, earliest_due, invoices, invoiced, credited, paid } = balance;
        let earliest_due = earliest_due.map(date);
        Self { customer: None, open, currency, open_invoices, earliest_due, invoices, invoiced, credited, paid }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &[
        "Customer",
        ">Open",
        "Currency",
        ">Open invoices",
        "Earliest due",
        ">Invoices",
        ">Invoiced",
        ">Credited",
        ">Paid",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.customer.clone().unwrap_or_else(|| "all".to_owned()),
            self.open.to_string(),
            self.currency.clone(),
            count(self.open_invoices),
            self.earliest_due.clone().unwrap_or_default(),
            count(self.invoices),
            self.invoiced.to_string(),
            self.credited.to_string(),
            self.paid.to_string(),
        ]
    }
}

/// The balances of all customers in short.
#[derive(Debug, Serialize)]
pub struct Summary {
    customers: u64,
    /// The sum over all customers, for each currency.
    totals: Vec<Line>,
    largest: Vec<Line>,
}

/// Adds up the balances of all customers.
pub async fn summary(connection: &Connection) -> Result<Summary, Failure> {
    read_models::catch_up(connection).await?;
    let rows = connection.store.read_model::<CustomerBalance>().find(doc! {}).sort(largest_first()).await?;
    let mut totals: BTreeMap<&str, Balance> = BTreeMap::new();
    for balance in rows.iter().flat_map(|(_, row)| &row.balances) {
        let total = match totals.remove(balance.currency.as_str()) {
            Some(total) => total.checked_add(balance).ok_or("the sum of the balances is too large to be exact")?,
            None => balance.clone(),
        };
        totals.insert(&balance.currency, total);
    }
    let totals = totals.into_values().map(Line::from).collect();
    let customers = rows.len().try_into()?;
    Ok(Summary { customers, totals, largest: lines(rows).take(LARGEST).collect() })
}

impl Show for Summary {
    fn text(&self) -> String {
        let Self { customers, totals, largest } = self;
        let title = format!("\nThe largest balances of {} customers, and the sum over all of them:", count(*customers));
        let lines: Vec<&Line> = largest.iter().chain(totals).collect();
        format!("{title}\n{}", table(&lines))
    }
}
