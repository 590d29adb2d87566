use es_core::EventId;
use es_core::projection::{Project, Projection, Row, RowChanges};

/// A line for each invoice and each payment, and the totals of each month.
#[derive(Projection)]
#[projection(version = 1, rows(LedgerLine, MonthlyTotal), events(Invoice(InvoiceCreated, InvoicePaid, ..)))]
pub struct Ledger;

#[derive(Row, Debug, PartialEq)]
#[row(key = EventId, index(month, cents = -1))]
pub struct LedgerLine { month: String, customer: String, cents: i64 }

#[derive(Row, Debug, Default, PartialEq)]
#[row(key = String)]
pub struct MonthlyTotal { invoiced: i64, paid: i64, payments: u64 }

/// `2026-11`
fn month(context: &Context) -> String { context.timestamp().to_string().chars().take(7).collect() }

impl Project<InvoiceCreated> for Ledger {
    fn project(event: InvoiceCreated, context: &Context, rows: &mut RowChanges<Self>) {
        let InvoiceCreated { customer, cents } = event;
        rows.insert(context.event_id(), LedgerLine { month: month(context), customer, cents });
        rows.change_or_default(month(context), move |total: &mut MonthlyTotal| total.invoiced += cents);
    }
}

impl Project<InvoicePaid> for Ledger {
    fn project(event: InvoicePaid, context: &Context, rows: &mut RowChanges<Self>) {
        let InvoicePaid { customer, cents } = event;
        rows.insert(context.event_id(), LedgerLine { month: month(context), customer, cents: -cents });
        rows.change_or_default(month(context), move |total: &mut MonthlyTotal| {
            total.paid += cents;
            total.payments += 1;
        });
    }
}
