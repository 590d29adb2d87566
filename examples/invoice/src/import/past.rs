//! The content of one line: the history of an invoice.

use std::time::Duration;

use csv::StringRecord;
use es_core::error::ErrorChain;
use es_core::repository::ImportedEvent;
use es_core::{Metadata, Timestamp};

use super::date;
use crate::domain::{
    Account, Invoice, InvoiceCreated, InvoiceDisputed, InvoiceError, InvoiceEvent, InvoicePaid, Item, Money, Order,
    PaymentMethod,
};
use crate::failure::Failure;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The positions of the columns that matter. Other columns may exist, in any order.
#[derive(Debug)]
pub struct Columns {
    count: usize,
    country: usize,
    customer: usize,
    number: usize,
    invoiced: usize,
    due: usize,
    amount: usize,
    disputed: usize,
    settled: usize,
}

impl Columns {
    pub fn find(header: &StringRecord) -> Result<Self, Failure> {
        let column = |name: &str| {
            let found = header.iter().position(|title| title.trim().trim_start_matches('\u{feff}') == name);
            found.ok_or_else(|| format!("line 1: the column `{name}` is missing"))
        };
        Ok(Self {
            count: header.len(),
            country: column("countryCode")?,
            customer: column("customerID")?,
            number: column("invoiceNumber")?,
            invoiced: column("InvoiceDate")?,
            due: column("DueDate")?,
            amount: column("InvoiceAmount")?,
            disputed: column("Disputed")?,
            settled: column("SettledDate")?,
        })
    }

    /// The number of all columns, including those that do not matter.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The content of a line, or why it cannot be read.
    pub fn read(&self, record: &StringRecord) -> Result<PastInvoice, String> {
        let field = |column: usize| record.get(column).unwrap_or_default().trim();
        let text = |name: &str, column| match field(column) {
            "" => Err(format!("{name} is empty")),
            text => Ok(text.to_owned()),
        };
        let day = |name: &str, column| {
            let text = field(column);
            date::parse(text).ok_or_else(|| format!("{name}: `{text}` is not a date such as 1/31/2013"))
        };
        let amount: Money = field(self.amount).parse().map_err(|error| format!("InvoiceAmount: {error}"))?;
        let invoiced = day("InvoiceDate", self.invoiced)?;
        let settled = match field(self.settled) {
            "" => None,
            _ => Some(day("SettledDate", self.settled)?),
        };
        if settled.is_some_and(|settled| settled < invoiced) {
            return Err(format!("SettledDate: {} is before the InvoiceDate", field(self.settled)));
        }
        let disputed = match field(self.disputed) {
            "Yes" => true,
            "No" => false,
            other => return Err(format!("Disputed: `{other}` is neither Yes nor No")),
        };
        let number = text("invoiceNumber", self.number)?;
        let order = Order {
            invoice_number: number.clone(),
            customer_id: text("customerID", self.customer)?,
            country: text("countryCode", self.country)?,
            currency: "USD".to_owned(),
            due_date: day("DueDate", self.due)?,
            items: vec![Item { description: "as invoiced".to_owned(), amount }],
        };
        let created = Invoice::create(order).map_err(|error| match error {
            InvoiceError::InvalidAccount(error) => format!("customerID: {}", ErrorChain::new(&error)),
            error => format!("InvoiceAmount: {error}"),
        })?;
        let account = Account { customer_id: created.customer_id.clone(), currency: created.currency.clone() };
        Ok(PastInvoice { number, created, invoiced, disputed, settled, account: Some(account) })
    }
}

/// An invoice that was created, and perhaps disputed and paid.
#[derive(Debug, Clone, PartialEq)]
pub struct PastInvoice {
    /// Its number, which becomes its id.
    pub number: String,
    created: InvoiceCreated,
    invoiced: Timestamp,
    disputed: bool,
    /// `None` if the invoice is open. Later events come with a later file.
    settled: Option<Timestamp>,
    /// The account of the payment.
    account: Option<Account>,
}

impl PastInvoice {
    /// The history as it was recorded before payments named an account.
    pub fn without_account(self) -> Self {
        Self { account: None, ..self }
    }

    /// The events for the store. They have one correlation, and the creation caused all later
    /// events.
    pub fn into_import(self) -> Vec<ImportedEvent<InvoiceEvent>> {
        let Self { number, created, invoiced, disputed, settled, account } = self;
        let metadata = |user: &str| Metadata::new().user(user).correlation(format!("invoice-{number}"));
        // The customer's actions are recorded with the customer as the user.
        let by_customer = metadata(&created.customer_id);
        let paid_amount = created.amount;
        let mut events = vec![ImportedEvent::new(created, invoiced, metadata("billing"))];
        let Some(settled) = settled else { return events };
        if disputed {
            let disputed = InvoiceDisputed { reason: "not recorded".to_owned() };
            let event = ImportedEvent::new(disputed, halfway(invoiced, settled), by_customer.clone());
            events.push(event.caused_by_first());
        }
        let paid = InvoicePaid {
            payment_id: format!("pay_{number}"),
            payment_method: PaymentMethod::Unknown,
            paid_amount,
            paid_at: settled,
            account,
        };
        events.push(ImportedEvent::new(paid, settled, by_customer).caused_by_first());
        events
    }
}

/// The file does not contain the date of the dispute. Half of the days between invoice and payment
/// is used, so that every import gives the same date.
fn halfway(invoiced: Timestamp, settled: Timestamp) -> Timestamp {
    let days = (settled.as_millis() - invoiced.as_millis()) / DAY_MILLIS;
    let half = u64::try_from(days / 2).unwrap_or(0);
    invoiced.plus(Duration::from_secs(half * 24 * 60 * 60))
}
