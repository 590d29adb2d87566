//! The domain: invoices and their events. Nothing here depends on how events are stored.

mod events;
mod invoice;
mod money;
mod open_invoice;
#[cfg(test)]
mod tests;

pub use events::{
    InvoiceCreated, InvoiceCredited, InvoiceDisputed, InvoiceMigrated, InvoicePaid, InvoicePaidV1, Item, PaymentMethod,
};
#[cfg(test)]
pub use invoice::InvoiceError;
pub use invoice::{Invoice, InvoiceEvent, Order, Payment, Status};
pub use money::Money;
pub use open_invoice::OpenInvoice;
