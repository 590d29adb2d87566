//! An invoice, now or at an earlier time.

use es_core::Loaded;
use es_core::store::StateRef;
use serde::{Serialize, Serializer};

use super::{Row, Show, date, utc};
use crate::domain::{Invoice, Status};

/// An invoice at one version. Its JSON form is that of a snapshot.
#[derive(Debug, Serialize)]
pub struct InvoiceView {
    id: String,
    version: u64,
    #[serde(serialize_with = "as_state")]
    state: Invoice,
}

fn as_state<S: Serializer>(invoice: &Invoice, serializer: S) -> Result<S::Ok, S::Error> {
    StateRef(invoice).serialize(serializer)
}

impl From<Loaded<Invoice>> for InvoiceView {
    fn from(loaded: Loaded<Invoice>) -> Self {
        Self { id: loaded.id.to_string(), version: loaded.version.get(), state: loaded.state }
    }
}

impl InvoiceView {
    fn status(&self) -> String {
        match &self.state.status {
            Status::Pending => "pending".to_owned(),
            Status::Disputed { reason } => format!("disputed: {reason}"),
            Status::Paid { payment_id, payment_method, paid_at } => {
                format!("paid {} by {payment_method}, payment {payment_id}", date(*paid_at))
            }
        }
    }
}

impl Show for InvoiceView {
    fn text(&self) -> String {
        let invoice = &self.state;
        let lines = [
            ("Invoice", format!("{} (number {})", self.id, invoice.number)),
            ("Version", self.version.to_string()),
            ("Customer", invoice.customer_id.clone()),
            ("Amount", format!("{} {}", invoice.amount, invoice.currency)),
            ("Credited", format!("{} {}", invoice.credited, invoice.currency)),
            ("Created", utc(invoice.created_at)),
            ("Due", date(invoice.due_date)),
            ("Status", self.status()),
        ];
        lines.map(|(name, value)| format!("{name:<9} {value}")).join("\n")
    }
}

impl Row for InvoiceView {
    const COLUMNS: &'static [&'static str] =
        &["Invoice", ">Version", "Customer", ">Amount", ">Credited", "Currency", "Due", "Status"];

    fn cells(&self) -> Vec<String> {
        let invoice = &self.state;
        vec![
            self.id.clone(),
            self.version.to_string(),
            invoice.customer_id.clone(),
            invoice.amount.to_string(),
            invoice.credited.to_string(),
            invoice.currency.clone(),
            date(invoice.due_date),
            self.status(),
        ]
    }
}
