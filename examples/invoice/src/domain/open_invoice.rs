//! The list of what is open, by due date.

use es_core::projection::Projection;
use es_core::{Apply, Context, Init, Timestamp};

use super::{Invoice, InvoiceCreated, InvoiceCredited, InvoiceDisputed, InvoiceMigrated, InvoicePaid, Money};

/// An invoice that is not paid. With the payment, the row is removed.
#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(
    version = 1,
    key = aggregate_id,
    init(Invoice(InvoiceCreated, InvoiceMigrated)),
    events(Invoice(InvoiceCredited, InvoiceDisputed, ..)),
    remove(Invoice(InvoicePaid))
)]
pub struct OpenInvoice {
    pub customer_id: String,
    pub owed: Money,
    pub currency: String,
    pub due_date: Timestamp,
    pub is_disputed: bool,
}

impl Init<InvoiceCreated> for OpenInvoice {
    fn init(event: InvoiceCreated, _: &Context) -> Self {
        let InvoiceCreated { customer_id, amount, currency, due_date, .. } = event;
        Self { customer_id, owed: amount, currency, due_date, is_disputed: false }
    }
}

impl Init<InvoiceMigrated> for OpenInvoice {
    fn init(event: InvoiceMigrated, _: &Context) -> Self {
        let InvoiceMigrated { customer_id, amount, currency, due_date, paid_at, .. } = event;
        let owed = if paid_at.is_some() { Money::ZERO } else { amount };
        Self { customer_id, owed, currency, due_date, is_disputed: false }
    }
}

impl Apply<InvoiceCredited> for OpenInvoice {
    fn apply(&mut self, event: InvoiceCredited, _: &Context) {
        // A credit is never more than what is owed, so this is exact.
        self.owed = self.owed.checked_sub(event.amount).unwrap_or(Money::ZERO);
        self.is_disputed = false;
    }
}

impl Apply<InvoiceDisputed> for OpenInvoice {
    fn apply(&mut self, _: InvoiceDisputed, _: &Context) {
        self.is_disputed = true;
    }
}
