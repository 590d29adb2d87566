use es_core::{Aggregate, Apply, Context, Init, event};

#[event(version = 1)]
pub struct CustomerRegistered { pub name: String }

#[event(version = 1)]
pub struct CustomerErased;

#[derive(Aggregate)]
#[aggregate(init(CustomerRegistered), ends(CustomerErased))]
pub struct Customer {}

impl Init<CustomerRegistered> for Customer {
    fn init(_: CustomerRegistered, _: &Context) -> Self { Self {} }
}

#[event(version = 1)]
pub struct InvoiceCreated { pub customer: String, pub cents: i64 }

#[event(version = 1)]
pub struct InvoicePaid { pub customer: String, pub cents: i64 }

#[event(version = 1)]
pub struct ReminderSent;

#[derive(Aggregate)]
#[aggregate(init(InvoiceCreated), events(InvoicePaid), informs(ReminderSent))]
pub struct Invoice {}

impl Init<InvoiceCreated> for Invoice {
    fn init(_: InvoiceCreated, _: &Context) -> Self { Self {} }
}

impl Apply<InvoicePaid> for Invoice {
    fn apply(&mut self, _: InvoicePaid, _: &Context) {}
}
