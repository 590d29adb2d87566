//! A recorded event.

use es_core::{RecordedEvent, Timestamp};
use serde::Serialize;

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
    metadata: MetadataView,
    timestamp: Timestamp,
    sequence_number: u64,
    position: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MetadataView {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causation_id: Option<String>,
}

impl From<RecordedEvent<InvoiceEvent>> for EventView {
    fn from(event: RecordedEvent<InvoiceEvent>) -> Self {
        let metadata = MetadataView {
            user_id: event.metadata.user_id().map(str::to_owned),
            correlation_id: event.metadata.correlation_id().map(str::to_owned),
            causation_id: event.metadata.causation_id().map(str::to_owned),
        };
        Self {
            id: event.id.to_string(),
            aggregate_id: event.aggregate_id,
            aggregate_type: event.aggregate_type,
            event_type: event.event_type,
            event_version: event.event_version,
            event_data: event.data,
            metadata,
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
        let user = self.metadata.user_id.as_deref().unwrap_or("nobody");
        let (event, invoice, what) = (&self.event_type, &self.aggregate_id, details(&self.event_data));
        format!("{event} of {invoice} by {user}: {what}")
    }
}

impl Row for EventView {
    const COLUMNS: &'static [&'static str] =
        &["Invoice", ">Seq.", "Time (UTC)", "Event", "Form", "User", "Correlation", "What"];

    fn cells(&self) -> Vec<String> {
        let text = |id: &Option<String>| id.clone().unwrap_or_default();
        vec![
            self.aggregate_id.clone(),
            self.sequence_number.to_string(),
            utc(self.timestamp),
            self.event_type.clone(),
            format!("v{}", self.event_version),
            text(&self.metadata.user_id),
            text(&self.metadata.correlation_id),
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
