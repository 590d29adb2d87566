//! The history of invoices, from a CSV file.

mod date;
mod past;
mod table;

pub use past::PastInvoice;
pub use table::{Line, Lines};
