use es_core::projection::Projection;

/// The invoices by customer, those with the highest open amount first.
#[derive(Projection)]
#[projection(version = 1, key = aggregate_id, init(Invoice(InvoiceCreated)), events(Invoice(InvoicePaid, ..)))]
#[projection(index(customer, open = -1))]
pub struct OpenInvoice { customer: String, open: i64 }

impl Init<InvoiceCreated> for OpenInvoice {
    fn init(event: InvoiceCreated, _: &Context) -> Self { Self { customer: event.customer, open: event.cents } }
}

impl Apply<InvoicePaid> for OpenInvoice {
    fn apply(&mut self, event: InvoicePaid, _: &Context) { self.open -= event.cents; }
}
