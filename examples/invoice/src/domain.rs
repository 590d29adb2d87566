//! The domain: invoices and their events. Nothing here depends on how events are stored.

mod customer_balance;
mod events;
mod invoice;
mod money;
mod monthly_statement;
mod old_customer_balance;
mod open_invoice;
#[cfg(test)]
mod tests;
mod unposted;

pub use customer_balance::{Balance, CustomerBalance};
pub use events::{
    Account, AccountPosted, InvalidAccount, InvoiceCreated, InvoiceCredited, InvoiceDisputed, InvoiceMigrated,
    InvoicePaid, InvoicePaidV1, Item, PaymentMethod, Posting,
};
pub use invoice::{Invoice, InvoiceError, InvoiceEvent, Order, Payment, Status};
pub use money::Money;
pub use monthly_statement::{Change, MonthlyStatement, PeriodTotal, StatementLine};
pub use old_customer_balance::OldCustomerBalance;
pub use open_invoice::OpenInvoice;
pub use unposted::Unposted;
