//! A recorded event.

use bson::Document;
use es_core::{Metadata, RecordedEvent, Timestamp};
use serde::{Serialize, Serializer, ser};

use super::{Row, date, utc};
use crate::domain::InvoiceEvent;

/// A recorded event of an invoice. As data it has the fields under which it is stored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    id: String,
    aggregate_id: String,
    aggregate_type: String,
    event_type: String,
    event_version: u32,
    event_data: InvoiceEvent,
    #[serde(serialize_with = "as_document")]
    metadata: Metadata,
    timestamp: Timestamp,
    sequence_number: u64,
    position: u64,
}

/// With the user's own keys, whatever they hold.
fn as_document<S: Serializer>(metadata: &Metadata, serializer: S) -> Result<S::Ok, S::Error> {
    Document::try_from(metadata.as_raw()).map_err(ser::Error::custom)?.serialize(serializer)
}

impl From<RecordedEvent<InvoiceEvent>> for EventView {
    fn from(event: RecordedEvent<InvoiceEvent>) -> Self {
        Self {
            id: event.id.to_string(),
            aggregate_id: event.aggregate_id,
            aggregate_type: event.aggregate_type,
            event_type: event.event_type,
            event_version: event.event_version,
            event_data: event.data,
            metadata: event.metadata,
            timestamp: event.timestamp,
            sequence_number: event.sequence.get(),
            position: event.position.get(),
        }
    }
}

impl EventView {
    pub fn time(&self) -> String {
        utc(self.timestamp)
    }

    /// What happened, to whom and by whom, in one line.
    pub fn summary(&self) -> String {
        let user = self.metadata.user_id().unwrap_or("nobody");
        let (event, invoice, what) = (&self.event_type, &self.aggregate_id, details(&self.event_data));
        format!("{event} of {invoice} by {user}: {what}")
    }
}

impl Row for EventView {
    const COLUMNS: &'static [&'static str] =
        &["Invoice", ">Seq.", "Time (UTC)", "Event", "Form", "User", "Correlation", "What"];

    fn cells(&self) -> Vec<String> {
        let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
        vec![
            self.aggregate_id.clone(),
            self.sequence_number.to_string(),
            utc(self.timestamp),
            self.event_type.clone(),
            format!("v{}", self.event_version),
            text(self.metadata.user_id()),
            text(self.metadata.correlation_id()),
            details(&self.event_data),
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
        InvoiceEvent::InvoiceCredited(credited) => format!("{} let off: {}", credited.amount, credited.reason),
    }
}
