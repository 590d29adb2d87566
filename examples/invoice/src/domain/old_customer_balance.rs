//! Version 1 of the read model `customer_balance`, which the previous release had.

use std::collections::BTreeMap;

use es_core::projection::{Keyed, Keys, Projection};
use es_core::{Apply, Context};

use super::{Invoice, InvoiceCreated, InvoiceMigrated, Money};

/// A customer, by the id of the customer: what was invoiced, in each currency.
#[derive(Projection, Debug, Clone, Default, PartialEq)]
#[projection(
    name = "customer_balance",
    version = 1,
    key = String,
    events(Invoice(InvoiceCreated, InvoiceMigrated, ..))
)]
pub struct OldCustomerBalance {
    pub invoiced: BTreeMap<String, Money>,
}

impl OldCustomerBalance {
    fn charge(&mut self, currency: String, amount: Money) {
        let invoiced = self.invoiced.entry(currency).or_insert(Money::ZERO);
        *invoiced = invoiced.plus(amount);
    }
}

impl Keyed<InvoiceCreated> for OldCustomerBalance {
    fn key(event: &InvoiceCreated, _: &Context) -> Keys<String> {
        event.customer_id.clone().into()
    }
}

impl Apply<InvoiceCreated> for OldCustomerBalance {
    fn apply(&mut self, event: InvoiceCreated, _: &Context) {
        self.charge(event.currency, event.amount);
    }
}

impl Keyed<InvoiceMigrated> for OldCustomerBalance {
    fn key(event: &InvoiceMigrated, _: &Context) -> Keys<String> {
        event.customer_id.clone().into()
    }
}

impl Apply<InvoiceMigrated> for OldCustomerBalance {
    fn apply(&mut self, event: InvoiceMigrated, _: &Context) {
        self.charge(event.currency, event.amount);
    }
}
