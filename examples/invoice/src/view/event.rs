//! A recorded event.

use es_core::RecordedEvent;

use super::{Row, date, utc};
use crate::domain::{Account, InvoiceEvent, Posting};

/// The event, its invoice and its user, in one line.
pub fn summary(event: &RecordedEvent<InvoiceEvent>) -> String {
    let user = event.metadata.user_id().unwrap_or("nobody");
    let (name, invoice, what) = (&event.event_type, &event.aggregate_id, details(&event.data));
    format!("{name} of {invoice} by {user}: {what}")
}

impl Row for RecordedEvent<InvoiceEvent> {
    const COLUMNS: &'static [&'static str] =
        &["Invoice", ">Seq.", "Time (UTC)", "Event", "Form", "User", "Correlation", "What"];

    fn cells(&self) -> Vec<String> {
        let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
        vec![
            self.aggregate_id.clone(),
            self.sequence.to_string(),
            utc(self.timestamp),
            self.event_type.clone(),
            format!("v{}", self.event_version),
            text(self.metadata.user_id()),
            text(self.metadata.correlation_id()),
            details(&self.data),
        ]
    }
}

fn details(event: &InvoiceEvent) -> String {
    match event {
        InvoiceEvent::InvoiceCreated(created) => {
            let due = date(created.due_date);
            format!("{} {} owed by {}, due {due}", created.amount, created.currency, created.customer_id)
        }
        InvoiceEvent::InvoiceMigrated(migrated) => {
            let state = if migrated.paid_at.is_some() { "paid" } else { "owed" };
            format!("{} {} {state} by {}", migrated.amount, migrated.currency, migrated.customer_id)
        }
        InvoiceEvent::InvoicePaid(paid) => {
            format!("{} by {}, payment {}", paid.paid_amount, paid.payment_method, paid.payment_id)
        }
        InvoiceEvent::InvoiceDisputed(disputed) => disputed.reason.clone(),
        InvoiceEvent::AccountPosted(posted) => {
            let Account { customer_id, currency } = &posted.account;
            let (amount, what, at) = match posted.posting {
                Posting::Credited { amount, at } => (amount, "waived", at),
                Posting::Paid { amount, at } => (amount, "paid", at),
            };
            format!("account of {customer_id}: {amount} {currency} {what} {}", date(at))
        }
        InvoiceEvent::InvoiceCredited(credited) => format!("{} waived: {}", credited.amount, credited.reason),
    }
}
