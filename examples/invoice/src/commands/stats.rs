//! Figures that are computed from the events.

use std::collections::{BTreeMap, HashMap, HashSet};

use es_core::{RecordedEvent, Timestamp};
use es_mongo::StoreStats;
use serde::Serialize;

use crate::connect::Connection;
use crate::domain::{Invoice, InvoiceEvent, Money};
use crate::failure::Failure;
use crate::view::{Show, View, bar, count, date, utc};

pub async fn stats(connection: &Connection, view: View) -> Result<(), Failure> {
    Ok(view.one(&read(connection).await?)?)
}

/// Reads every event once, as a stream, so that it needs only one small entry per invoice in
/// memory.
pub async fn read(connection: &Connection) -> Result<Stats, Failure> {
    let store = StoreFigures::from(connection.store.stats().await?);
    let bar = bar(Some(store.events), "reading events");
    let mut tally = Tally::default();
    let mut events = connection.store.events().read_as::<Invoice>();
    while let Some(event) = events.next().await {
        tally.add(&event?)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Stats { invoices: tally.figures, store })
}

/// Figures for the business, and figures for the operator.
#[derive(Debug, Serialize)]
pub struct Stats {
    #[serde(flatten)]
    invoices: Figures,
    store: StoreFigures,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    invoices: u64,
    total: Money,
    credited: Money,
    disputed: u64,
    paid: u64,
    paid_late: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreFigures {
    events: u64,
    archived: u64,
    snapshots: u64,
    aggregates: u64,
    events_per_aggregate: f64,
    by_type: BTreeMap<String, u64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    events_per_second: Option<f64>,
}

/// The intermediate figures during the reading.
struct Tally {
    figures: Figures,
    due_dates: HashMap<String, Timestamp>,
    disputed: HashSet<String>,
}

impl Default for Tally {
    fn default() -> Self {
        let (total, credited) = (Money::ZERO, Money::ZERO);
        let figures = Figures { invoices: 0, total, credited, disputed: 0, paid: 0, paid_late: 0 };
        Self { figures, due_dates: HashMap::new(), disputed: HashSet::new() }
    }
}

impl Tally {
    fn add(&mut self, event: &RecordedEvent<InvoiceEvent>) -> Result<(), Failure> {
        let id = &event.aggregate_id;
        match &event.data {
            InvoiceEvent::InvoiceCreated(created) => self.add_invoice(id, created.amount, created.due_date)?,
            InvoiceEvent::InvoiceMigrated(migrated) => {
                self.add_invoice(id, migrated.amount, migrated.due_date)?;
                if let Some(paid_at) = migrated.paid_at {
                    self.add_payment(id, paid_at);
                }
            }
            InvoiceEvent::InvoicePaid(paid) => self.add_payment(id, paid.paid_at),
            InvoiceEvent::InvoiceCredited(credited) => {
                self.figures.credited = add(self.figures.credited, credited.amount)?;
            }
            // The events before it are counted.
            InvoiceEvent::AccountPosted(_) => {}
            // An invoice that is disputed twice counts once.
            InvoiceEvent::InvoiceDisputed(_) => self.figures.disputed += u64::from(self.disputed.insert(id.clone())),
        }
        Ok(())
    }

    fn add_invoice(&mut self, id: &str, amount: Money, due: Timestamp) -> Result<(), Failure> {
        self.figures.invoices += 1;
        self.figures.total = add(self.figures.total, amount)?;
        self.due_dates.insert(id.to_owned(), due);
        Ok(())
    }

    fn add_payment(&mut self, id: &str, paid_at: Timestamp) {
        self.figures.paid += 1;
        // The due date is a day, so a payment at any time of that day is not late.
        let is_late = self.due_dates.remove(id).is_some_and(|due| date(paid_at) > date(due));
        self.figures.paid_late += u64::from(is_late);
    }
}

fn add(sum: Money, amount: Money) -> Result<Money, Failure> {
    sum.checked_add(amount).ok_or_else(|| "the sum of the amounts is too large to be exact".into())
}

impl From<StoreStats> for StoreFigures {
    fn from(stats: StoreStats) -> Self {
        Self {
            events: stats.events,
            archived: stats.archived,
            snapshots: stats.snapshots,
            aggregates: stats.aggregates,
            events_per_aggregate: stats.events_per_aggregate,
            by_type: stats.by_type.into_iter().collect(),
            first: stats.first,
            last: stats.last,
            events_per_second: stats.events_per_second,
        }
    }
}

impl Show for Stats {
    fn text(&self) -> String {
        let Self { invoices, store } = self;
        let time = |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), utc);
        let rate = store.events_per_second.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.2}"));
        let mut lines = vec![
            ("Invoices", count(invoices.invoices)),
            ("Total", invoices.total.to_string()),
            ("Credited", invoices.credited.to_string()),
            ("Disputed", count(invoices.disputed)),
            ("Paid", count(invoices.paid)),
            ("Paid late", count(invoices.paid_late)),
            ("", String::new()),
            ("Events", count(store.events)),
            ("  in the archive", count(store.archived)),
        ];
        lines.extend(store.by_type.iter().map(|(event_type, events)| (event_type.as_str(), count(*events))));
        lines.extend([
            ("Snapshots", count(store.snapshots)),
            ("Aggregates", count(store.aggregates)),
            ("Events per aggregate", format!("{:.2}", store.events_per_aggregate)),
            ("Events per second", rate),
            ("First event", time(store.first)),
            ("Last event", time(store.last)),
        ]);
        lines
            .iter()
            .map(|(name, value)| format!("{name:<20} {value:>20}").trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }
}
