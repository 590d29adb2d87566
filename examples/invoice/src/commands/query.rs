//! Queries across all invoices. The store returns a stream, from the collection of events and from
//! the archive.

use es_core::query::{EventQuery, QueryCursor, SelectsFrom};
use es_core::{RecordedEvent, Timestamp};
use serde::Serialize;

use crate::connect::Connection;
use crate::domain::{Invoice, InvoiceEvent};
use crate::failure::Failure;
use crate::view::{Show, View, summary, utc};

pub async fn by_user(
    connection: &Connection,
    user: &str,
    limit: u64,
    after: Option<QueryCursor>,
    view: View,
) -> Result<(), Failure> {
    list(connection.store.events().by_user(user).newest_first().limit(limit), after, view).await
}

pub async fn by_type(
    connection: &Connection,
    event_type: &str,
    (since, until): (Option<Timestamp>, Option<Timestamp>),
    limit: u64,
    after: Option<QueryCursor>,
    view: View,
) -> Result<(), Failure> {
    let mut query = connection.store.events().of_type(event_type).limit(limit);
    if let Some(since) = since {
        query = query.since(since);
    }
    if let Some(until) = until {
        query = query.until(until);
    }
    list(query, after, view).await
}

pub async fn trace(connection: &Connection, correlation: &str, view: View) -> Result<(), Failure> {
    let traced = Traced::read(connection, correlation).await?;
    if traced.is_empty() {
        return Err(format!("the correlation `{correlation}` has no events").into());
    }
    Ok(view.each(&traced)?)
}

/// Shows one page. Whether there is a next page is not part of the data, so it goes to stderr.
async fn list<S: SelectsFrom<Invoice>>(
    query: EventQuery<S>,
    after: Option<QueryCursor>,
    view: View,
) -> Result<(), Failure> {
    let query = match after {
        Some(cursor) => query.after(cursor),
        None => query,
    };
    let page = query.page_as::<Invoice>().await?;
    view.list(&page.events)?;
    if let Some(next) = page.next {
        eprintln!("more events with: --after {next}");
    }
    Ok(())
}

/// One event of a tree of causes and effects.
#[derive(Debug, Serialize)]
pub struct Traced {
    depth: usize,
    #[serde(flatten)]
    event: RecordedEvent<InvoiceEvent>,
}

impl Traced {
    /// Every event of the correlation, each cause before its effects.
    pub async fn read(connection: &Connection, correlation: &str) -> Result<Vec<Self>, Failure> {
        let trace = connection.store.trace(correlation).await?;
        let mut traced = Vec::with_capacity(trace.len());
        for (depth, event) in trace.iter().filter(|(_, event)| event.is_of::<Invoice>()) {
            for data in event.decode::<Invoice>()?.into_vec() {
                let event = event.as_stored().record(data);
                traced.push(Self { depth, event });
            }
        }
        Ok(traced)
    }
}

impl Show for Traced {
    fn text(&self) -> String {
        let indent = "   ".repeat(self.depth);
        let branch = if self.depth == 0 { "" } else { "└─ " };
        format!("{}  {indent}{branch}{}", utc(self.event.timestamp), summary(&self.event))
    }
}
