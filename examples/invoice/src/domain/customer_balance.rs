//! The read model of a billing clerk: what each customer owes.

use es_core::projection::{Keyed, Keys, Projection};
use es_core::{Apply, Context, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Account, AccountPosted, Invoice, InvoiceCreated, InvoiceCredited, InvoiceMigrated, InvoicePaid, Money, Posting,
};

/// A customer, by the id of the customer.
///
/// The open invoices are part of the row, so the earliest due date is right after each payment. A row
/// of 16 MiB has about 100,000 of them.
#[derive(Projection, Debug, Clone, Default, PartialEq)]
#[projection(
    version = 2,
    key = String,
    events(Invoice(InvoiceCreated, InvoiceMigrated, InvoiceCredited, InvoicePaid, AccountPosted, ..))
)]
pub struct CustomerBalance {
    /// One for each currency, in the order of their names. Amounts of different currencies are never
    /// added.
    pub balances: Vec<Balance>,
    open_items: Vec<OpenItem>,
}

/// What a customer owes in one currency.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    pub currency: String,
    pub open: Money,
    pub open_invoices: u64,
    /// The earliest due date of an open invoice.
    pub earliest_due: Option<Timestamp>,
    pub invoices: u64,
    pub invoiced: Money,
    pub credited: Money,
    pub paid: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenItem {
    invoice: String,
    currency: String,
    owed: Money,
    due_date: Timestamp,
}

impl Balance {
    /// The sum of two balances in one currency, or `None` if it is too large to be exact.
    pub fn checked_add(self, other: &Self) -> Option<Self> {
        Some(Self {
            currency: self.currency,
            open: self.open.checked_add(other.open)?,
            open_invoices: self.open_invoices + other.open_invoices,
            earliest_due: self.earliest_due.into_iter().chain(other.earliest_due).min(),
            invoices: self.invoices + other.invoices,
            invoiced: self.invoiced.checked_add(other.invoiced)?,
            credited: self.credited.checked_add(other.credited)?,
            paid: self.paid.checked_add(other.paid)?,
        })
    }
}

impl CustomerBalance {
    fn charge(&mut self, context: &Context, currency: &str, amount: Money, due_date: Timestamp) {
        let balance = self.in_currency(currency);
        balance.invoices += 1;
        balance.invoiced = balance.invoiced.plus(amount);
        let invoice = context.aggregate_id().to_string();
        self.open_items.push(OpenItem { invoice, currency: currency.to_owned(), owed: amount, due_date });
        self.add_up(currency);
    }

    fn credit(&mut self, context: &Context, currency: &str, amount: Money) {
        let balance = self.in_currency(currency);
        balance.credited = balance.credited.plus(amount);
        let invoice = context.aggregate_id().as_str();
        if let Some(item) = self.open_items.iter_mut().find(|item| item.invoice == invoice) {
            // A credit is never more than what is owed, so this is exact.
            item.owed = item.owed.checked_sub(amount).unwrap_or(Money::ZERO);
        }
        self.open_items.retain(|item| item.owed.is_positive());
        self.add_up(currency);
    }

    fn settle(&mut self, context: &Context, currency: &str, amount: Money) {
        let balance = self.in_currency(currency);
        balance.paid = balance.paid.plus(amount);
        let invoice = context.aggregate_id().as_str();
        self.open_items.retain(|item| item.invoice != invoice);
        self.add_up(currency);
    }

    fn in_currency(&mut self, currency: &str) -> &mut Balance {
        let found = self.balances.binary_search_by(|balance| balance.currency.as_str().cmp(currency));
        let at = found.unwrap_or_else(|at| {
            self.balances.insert(at, Balance { currency: currency.to_owned(), ..Balance::default() });
            at
        });
        &mut self.balances[at]
    }

    /// Computes what follows from the open invoices in one currency.
    fn add_up(&mut self, currency: &str) {
        let (mut open, mut open_invoices, mut earliest_due) = (Money::ZERO, 0, None);
        for item in self.open_items.iter().filter(|item| item.currency == currency) {
            open = open.plus(item.owed);
            open_invoices += 1;
            earliest_due = earliest_due.into_iter().chain([item.due_date]).min();
        }
        let balance = self.in_currency(currency);
        (balance.open, balance.open_invoices, balance.earliest_due) = (open, open_invoices, earliest_due);
    }
}

fn row_of(account: Option<&Account>) -> Keys<String> {
    account.map(|account| account.customer_id.clone()).into()
}

impl Keyed<InvoiceCreated> for CustomerBalance {
    fn key(event: &InvoiceCreated, _: &Context) -> Keys<String> {
        event.customer_id.clone().into()
    }
}

impl Apply<InvoiceCreated> for CustomerBalance {
    fn apply(&mut self, event: InvoiceCreated, context: &Context) {
        self.charge(context, &event.currency, event.amount, event.due_date);
    }
}

impl Keyed<InvoiceMigrated> for CustomerBalance {
    fn key(event: &InvoiceMigrated, _: &Context) -> Keys<String> {
        event.customer_id.clone().into()
    }
}

impl Apply<InvoiceMigrated> for CustomerBalance {
    fn apply(&mut self, event: InvoiceMigrated, context: &Context) {
        self.charge(context, &event.currency, event.amount, event.due_date);
    }
}

impl Keyed<InvoiceCredited> for CustomerBalance {
    fn key(event: &InvoiceCredited, _: &Context) -> Keys<String> {
        row_of(event.account.as_ref())
    }
}

impl Apply<InvoiceCredited> for CustomerBalance {
    fn apply(&mut self, event: InvoiceCredited, context: &Context) {
        if let Some(account) = event.account {
            self.credit(context, &account.currency, event.amount);
        }
    }
}

impl Keyed<InvoicePaid> for CustomerBalance {
    fn key(event: &InvoicePaid, _: &Context) -> Keys<String> {
        row_of(event.account.as_ref())
    }
}

impl Apply<InvoicePaid> for CustomerBalance {
    fn apply(&mut self, event: InvoicePaid, context: &Context) {
        if let Some(account) = event.account {
            self.settle(context, &account.currency, event.paid_amount);
        }
    }
}

impl Keyed<AccountPosted> for CustomerBalance {
    fn key(event: &AccountPosted, _: &Context) -> Keys<String> {
        row_of(Some(&event.account))
    }
}

impl Apply<AccountPosted> for CustomerBalance {
    fn apply(&mut self, event: AccountPosted, context: &Context) {
        let currency = event.account.currency;
        match event.posting {
            Posting::Credited { amount, .. } => self.credit(context, &currency, amount),
            Posting::Paid { amount, .. } => self.settle(context, &currency, amount),
        }
    }
}
