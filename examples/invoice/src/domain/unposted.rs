//! The invoices with events that other read models cannot fold yet.

use es_core::projection::{Keyed, Keys, Projection};
use es_core::{Apply, Context};

use super::{AccountPosted, Invoice, InvoiceCredited, InvoiceMigrated, InvoicePaid};

/// An invoice, by its id, with credits or payments that name no account. [`AccountPosted`] names it,
/// and removes the row.
#[derive(Projection, Debug, Clone, Default, PartialEq)]
#[projection(
    version = 1,
    key = String,
    events(Invoice(InvoiceMigrated, InvoiceCredited, InvoicePaid, ..)),
    remove(Invoice(AccountPosted))
)]
pub struct Unposted {
    pub events: u64,
}

fn row_if(is_unposted: bool, context: &Context) -> Keys<String> {
    is_unposted.then(|| context.aggregate_id().to_string()).into()
}

impl Keyed<InvoiceMigrated> for Unposted {
    fn key(event: &InvoiceMigrated, context: &Context) -> Keys<String> {
        row_if(event.paid_at.is_some(), context)
    }
}

impl Apply<InvoiceMigrated> for Unposted {
    fn apply(&mut self, _: InvoiceMigrated, _: &Context) {
        self.events += 1;
    }
}

impl Keyed<InvoiceCredited> for Unposted {
    fn key(event: &InvoiceCredited, context: &Context) -> Keys<String> {
        row_if(event.account.is_none(), context)
    }
}

impl Apply<InvoiceCredited> for Unposted {
    fn apply(&mut self, _: InvoiceCredited, _: &Context) {
        self.events += 1;
    }
}

impl Keyed<InvoicePaid> for Unposted {
    fn key(event: &InvoicePaid, context: &Context) -> Keys<String> {
        row_if(event.account.is_none(), context)
    }
}

impl Apply<InvoicePaid> for Unposted {
    fn apply(&mut self, _: InvoicePaid, _: &Context) {
        self.events += 1;
    }
}

impl Keyed<AccountPosted> for Unposted {
    fn key(_: &AccountPosted, context: &Context) -> Keys<String> {
        row_if(true, context)
    }
}
