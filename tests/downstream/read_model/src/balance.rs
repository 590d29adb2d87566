use es_core::projection::{Keyed, Keys, Projection};
use es_core::{Apply, Context, Init};

use crate::domain::{Customer, CustomerErased, CustomerRegistered, Invoice, InvoiceCreated, InvoicePaid};

#[derive(Projection, Debug, PartialEq)]
#[projection(
    version = 1, key = String,
    init(Customer(CustomerRegistered)),
    events(Invoice(InvoiceCreated, InvoicePaid, ..)),
    remove(Customer(CustomerErased)),
)]
pub struct CustomerBalance { pub name: String, pub open: i64 }

impl Keyed<CustomerRegistered> for CustomerBalance {
    fn key(_: &CustomerRegistered, context: &Context) -> Keys<String> { context.aggregate_id().to_string().into() }
}
impl Init<CustomerRegistered> for CustomerBalance {
    fn init(event: CustomerRegistered, _: &Context) -> Self { Self { name: event.name, open: 0 } }
}
impl Keyed<CustomerErased> for CustomerBalance {
    fn key(_: &CustomerErased, context: &Context) -> Keys<String> { context.aggregate_id().to_string().into() }
}
impl Keyed<InvoiceCreated> for CustomerBalance {
    fn key(event: &InvoiceCreated, _: &Context) -> Keys<String> { event.customer.clone().into() }
}
impl Apply<InvoiceCreated> for CustomerBalance {
    fn apply(&mut self, event: InvoiceCreated, _: &Context) { self.open += event.cents; }
}
impl Keyed<InvoicePaid> for CustomerBalance {
    fn key(event: &InvoicePaid, _: &Context) -> Keys<String> { event.customer.clone().into() }
}
impl Apply<InvoicePaid> for CustomerBalance {
    fn apply(&mut self, event: InvoicePaid, _: &Context) { self.open -= event.cents; }
}
