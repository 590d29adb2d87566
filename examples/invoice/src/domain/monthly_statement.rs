//! The read model of an accountant: what was invoiced, credited and paid in each month and year, and
//! each event of a month.

use es_core::projection::{Project, Projection, Row, RowChanges};
use es_core::{Context, EventId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Account, AccountPosted, Invoice, InvoiceCreated, InvoiceCredited, InvoiceMigrated, InvoicePaid, Money, Posting,
};

/// Each event is a line of its month, and changes the totals of the month and of the year.
///
/// Version 1 had the totals only.
#[derive(Projection, Debug)]
#[projection(
    version = 2,
    rows(StatementLine, PeriodTotal),
    events(Invoice(InvoiceCreated, InvoiceMigrated, InvoiceCredited, InvoicePaid, AccountPosted, ..))
)]
pub struct MonthlyStatement;

/// What one event has changed.
#[derive(Row, Debug, Clone, PartialEq)]
#[row(key = EventId, index(month, at))]
pub struct StatementLine {
    /// A month such as `2013-05`, in UTC.
    pub month: String,
    pub at: Timestamp,
    pub invoice: String,
    pub customer_id: String,
    pub currency: String,
    pub change: Change,
    pub amount: Money,
}

/// How an event changes what is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Invoiced,
    Credited,
    Paid,
}

/// A month or a year in one currency, by a key such as `2013-05/EUR` or `2013/EUR`.
#[derive(Row, Debug, Clone, Default, PartialEq)]
#[row(key = String)]
pub struct PeriodTotal {
    pub invoices: u64,
    pub invoiced: Money,
    pub credited: Money,
    pub payments: u64,
    pub paid: Money,
}

impl PeriodTotal {
    fn add(&mut self, change: Change, amount: Money) {
        match change {
            Change::Invoiced => {
                self.invoices += 1;
                self.invoiced = self.invoiced.plus(amount);
            }
            Change::Credited => self.credited = self.credited.plus(amount),
            Change::Paid => {
                self.payments += 1;
                self.paid = self.paid.plus(amount);
            }
        }
    }
}

impl MonthlyStatement {
    fn enter(
        (change, amount): (Change, Money),
        at: Timestamp,
        account: Account,
        context: &Context,
        rows: &mut RowChanges<Self>,
    ) {
        let Account { customer_id, currency } = account;
        // `2013-05-31T..`, without the day, and without the month.
        let month: String = at.to_string().chars().take_while(|letter| *letter != 'T').collect();
        let month = month.rsplit_once('-').map_or("", |(month, _)| month);
        let year = month.rsplit_once('-').map_or("", |(year, _)| year);
        for period in [month, year] {
            let add = move |total: &mut PeriodTotal| total.add(change, amount);
            rows.change_or_default(format!("{period}/{currency}"), add);
        }
        let (month, invoice) = (month.to_owned(), context.aggregate_id().to_string());
        let line = StatementLine { month, at, invoice, customer_id, currency, change, amount };
        rows.insert(context.event_id(), line);
    }
}

impl Project<InvoiceCreated> for MonthlyStatement {
    fn project(event: InvoiceCreated, context: &Context, rows: &mut RowChanges<Self>) {
        let InvoiceCreated { customer_id, currency, amount, .. } = event;
        let account = Account { customer_id, currency };
        Self::enter((Change::Invoiced, amount), context.timestamp(), account, context, rows);
    }
}

impl Project<InvoiceMigrated> for MonthlyStatement {
    fn project(event: InvoiceMigrated, context: &Context, rows: &mut RowChanges<Self>) {
        let InvoiceMigrated { customer_id, currency, amount, created_at, .. } = event;
        Self::enter((Change::Invoiced, amount), created_at, Account { customer_id, currency }, context, rows);
    }
}

impl Project<InvoiceCredited> for MonthlyStatement {
    fn project(event: InvoiceCredited, context: &Context, rows: &mut RowChanges<Self>) {
        if let Some(account) = event.account {
            Self::enter((Change::Credited, event.amount), context.timestamp(), account, context, rows);
        }
    }
}

impl Project<InvoicePaid> for MonthlyStatement {
    fn project(event: InvoicePaid, context: &Context, rows: &mut RowChanges<Self>) {
        if let Some(account) = event.account {
            Self::enter((Change::Paid, event.paid_amount), event.paid_at, account, context, rows);
        }
    }
}

impl Project<AccountPosted> for MonthlyStatement {
    fn project(event: AccountPosted, context: &Context, rows: &mut RowChanges<Self>) {
        let (change, at) = match event.posting {
            Posting::Credited { amount, at } => ((Change::Credited, amount), at),
            Posting::Paid { amount, at } => ((Change::Paid, amount), at),
        };
        Self::enter(change, at, event.account, context, rows);
    }
}
