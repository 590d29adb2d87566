//! The read model of an accountant: what was invoiced, credited and paid in each month and year.

use es_core::projection::{Keyed, Keys, Projection};
use es_core::{Apply, Context, Timestamp};

use super::{AccountPosted, Invoice, InvoiceCreated, InvoiceCredited, InvoiceMigrated, InvoicePaid, Money, Posting};

/// A month or a year in one currency, by a key such as `2013-05/EUR` or `2013/EUR`. So each event
/// concerns two rows.
#[derive(Projection, Debug, Clone, Default, PartialEq)]
#[projection(
    version = 1,
    key = String,
    events(Invoice(InvoiceCreated, InvoiceMigrated, InvoiceCredited, InvoicePaid, AccountPosted, ..))
)]
pub struct MonthlyStatement {
    pub invoices: u64,
    pub invoiced: Money,
    pub credited: Money,
    pub payments: u64,
    pub paid: Money,
}

impl MonthlyStatement {
    fn invoice(&mut self, amount: Money) {
        self.invoices += 1;
        self.invoiced = self.invoiced.plus(amount);
    }

    fn credit(&mut self, amount: Money) {
        self.credited = self.credited.plus(amount);
    }

    fn pay(&mut self, amount: Money) {
        self.payments += 1;
        self.paid = self.paid.plus(amount);
    }
}

/// The month and the year of a time, in UTC.
fn rows_of(time: Timestamp, currency: &str) -> Vec<String> {
    let time = time.to_string();
    // `2013-05-31T..`, without the day, and without the month.
    let month = time.split_once('T').and_then(|(date, _)| date.rsplit_once('-')).map(|(month, _)| month);
    let year = month.and_then(|month| month.rsplit_once('-')).map(|(year, _)| year);
    month.into_iter().chain(year).map(|period| format!("{period}/{currency}")).collect()
}

impl Keyed<InvoiceCreated> for MonthlyStatement {
    fn key(event: &InvoiceCreated, context: &Context) -> Keys<String> {
        rows_of(context.timestamp(), &event.currency).into()
    }
}

impl Apply<InvoiceCreated> for MonthlyStatement {
    fn apply(&mut self, event: InvoiceCreated, _: &Context) {
        self.invoice(event.amount);
    }
}

impl Keyed<InvoiceMigrated> for MonthlyStatement {
    fn key(event: &InvoiceMigrated, _: &Context) -> Keys<String> {
        rows_of(event.created_at, &event.currency).into()
    }
}

impl Apply<InvoiceMigrated> for MonthlyStatement {
    fn apply(&mut self, event: InvoiceMigrated, _: &Context) {
        self.invoice(event.amount);
    }
}

impl Keyed<InvoiceCredited> for MonthlyStatement {
    fn key(event: &InvoiceCredited, context: &Context) -> Keys<String> {
        let rows = event.account.as_ref().map(|account| rows_of(context.timestamp(), &account.currency));
        rows.unwrap_or_default().into()
    }
}

impl Apply<InvoiceCredited> for MonthlyStatement {
    fn apply(&mut self, event: InvoiceCredited, _: &Context) {
        self.credit(event.amount);
    }
}

impl Keyed<InvoicePaid> for MonthlyStatement {
    fn key(event: &InvoicePaid, _: &Context) -> Keys<String> {
        let rows = event.account.as_ref().map(|account| rows_of(event.paid_at, &account.currency));
        rows.unwrap_or_default().into()
    }
}

impl Apply<InvoicePaid> for MonthlyStatement {
    fn apply(&mut self, event: InvoicePaid, _: &Context) {
        self.pay(event.paid_amount);
    }
}

impl Keyed<AccountPosted> for MonthlyStatement {
    fn key(event: &AccountPosted, _: &Context) -> Keys<String> {
        let (Posting::Credited { at, .. } | Posting::Paid { at, .. }) = event.posting;
        rows_of(at, &event.account.currency).into()
    }
}

impl Apply<AccountPosted> for MonthlyStatement {
    fn apply(&mut self, event: AccountPosted, _: &Context) {
        match event.posting {
            Posting::Credited { amount, .. } => self.credit(amount),
            Posting::Paid { amount, .. } => self.pay(amount),
        }
    }
}
