//! What was invoiced, credited and paid in each month and year, and by which events, from a read model.

use std::str::FromStr;

use bson::{Bson, doc};
use es_mongo::FindRows;
use serde::Serialize;

use super::read_models;
use crate::connect::Connection;
use crate::domain::{Change, Money, MonthlyStatement, PeriodTotal, StatementLine};
use crate::failure::Failure;
use crate::view::{Row, View, count, date};

pub async fn statement(
    connection: &Connection,
    period: Option<&Period>,
    currency: Option<&str>,
    view: View,
) -> Result<(), Failure> {
    Ok(view.list(&read(connection, period, currency).await?)?)
}

pub async fn events(
    connection: &Connection,
    period: Option<&Period>,
    currency: Option<&str>,
    limit: u32,
    view: View,
) -> Result<(), Failure> {
    Ok(view.list(&read_events(connection, period, currency, limit).await?)?)
}

/// The months in order, each year after its months.
pub async fn read(
    connection: &Connection,
    period: Option<&Period>,
    currency: Option<&str>,
) -> Result<Vec<Line>, Failure> {
    read_models::catch_up(connection).await?;
    let rows = connection
        .store
        .read_model::<MonthlyStatement>()
        .rows::<PeriodTotal>()
        .find(doc! {})
        .sort(doc! { "_id": 1 })
        .await?;
    let lines = rows.into_iter().filter_map(|(key, row)| Line::new(&key, &row));
    let is_wanted = |line: &Line| {
        period.is_none_or(|period| period.contains(&line.period))
            && currency.is_none_or(|currency| currency == line.currency)
    };
    Ok(lines.filter(is_wanted).collect())
}

/// The events of a period in the order of their times.
pub async fn read_events(
    connection: &Connection,
    period: Option<&Period>,
    currency: Option<&str>,
    limit: u32,
) -> Result<Vec<EventLine>, Failure> {
    read_models::catch_up(connection).await?;
    // In the order of texts, `.` follows `-`, so `2013.` is after every month of 2013.
    let months = period.map(|Period(period)| doc! { "$gte": period, "$lt": format!("{period}.") });
    let mut filter = doc! {};
    filter.extend(months.map(|months| ("month".to_owned(), months.into())));
    filter.extend(currency.map(|currency| ("currency".to_owned(), Bson::from(currency))));
    let lines = connection.store.read_model::<MonthlyStatement>().rows::<StatementLine>();
    let found = lines.find(filter).sort(doc! { "month": 1, "at": 1, "_id": 1 }).limit(limit).await?;
    Ok(found.into_iter().map(|(_, line)| EventLine::from(line)).collect())
}

/// A month such as `2013-05`, or a year such as `2013`, which contains its months.
#[derive(Debug, Clone)]
pub struct Period(String);

impl Period {
    fn contains(&self, period: &str) -> bool {
        period.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_number = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_period = match text.split_once('-') {
            Some((year, month)) => is_number(year, 4) && is_number(month, 2) && ("01"..="12").contains(&month),
            None => is_number(text, 4),
        };
        if is_period {
            Ok(Self(text.to_owned()))
        } else {
            Err("a period is a month such as 2013-05, or a year such as 2013".to_owned())
        }
    }
}

/// One month or year in one currency.
#[derive(Debug, Serialize)]
pub struct Line {
    period: String,
    currency: String,
    invoices: u64,
    invoiced: Money,
    credited: Money,
    payments: u64,
    paid: Money,
}

impl Line {
    fn new(key: &str, row: &PeriodTotal) -> Option<Self> {
        let PeriodTotal { invoices, invoiced, credited, payments, paid } = *row;
        let (period, currency) = key.split_once('/')?;
        Some(Self {
            period: period.to_owned(),
            currency: currency.to_owned(),
            invoices,
            invoiced,
            credited,
            payments,
            paid,
        })
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["Period", "Currency", ">Invoices", ">Invoiced", ">Credited", ">Payments", ">Paid"];

    fn cells(&self) -> Vec<String> {
        let Self { period, currency, invoices, invoiced, credited, payments, paid } = self;
        vec![
            period.clone(),
            currency.clone(),
            count(*invoices),
            invoiced.to_string(),
            credited.to_string(),
            count(*payments),
            paid.to_string(),
        ]
    }
}

/// One event.
#[derive(Debug, Serialize)]
pub struct EventLine {
    date: String,
    invoice: String,
    customer: String,
    change: Change,
    amount: Money,
    currency: String,
}

impl From<StatementLine> for EventLine {
    fn from(line: StatementLine) -> Self {
        let StatementLine { at, invoice, customer_id, currency, change, amount, .. } = line;
        Self { date: date(at), invoice, customer: customer_id, change, amount, currency }
    }
}

impl Row for EventLine {
    const COLUMNS: &'static [&'static str] = &["Date", "Invoice", "Customer", "Change", ">Amount", "Currency"];

    fn cells(&self) -> Vec<String> {
        let Self { date, invoice, customer, change, amount, currency } = self;
        let change = format!("{change:?}").to_lowercase();
        vec![date.clone(), invoice.clone(), customer.clone(), change, amount.to_string(), currency.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_contains_its_months() {
        let (year, month): (Period, Period) = ("2013".parse().unwrap(), "2013-05".parse().unwrap());
        let periods = ["2013-04", "2013-05", "2013", "2014"];
        assert_eq!(periods.map(|period| year.contains(period)), [true, true, true, false]);
        assert_eq!(periods.map(|period| month.contains(period)), [false, true, false, false]);
    }

    #[test]
    fn an_invalid_period_is_refused() {
        for text in ["", "13", "2013-", "2013-5", "2013-00", "2013-13", "2013-05-01", "May"] {
            assert!(text.parse::<Period>().is_err(), "{text:?}");
        }
    }
}
