//! The part of the demo that works on every store: append, conflict, rebuild, upcast, snapshot.

use es_core::repository::ImportedEvent;
use es_core::store::{Append, EventData, ExpectedVersion, NewEvent};
use es_core::{Metadata, Repository, StreamId, Timestamp, Version};

use super::story::Story;
use crate::domain::{
    Account, Invoice, InvoiceCredited, InvoiceDisputed, InvoiceEvent, InvoicePaid, InvoicePaidV1, Item, Money, Order,
    Payment, PaymentMethod,
};
use crate::failure::Failure;
use crate::view::InvoiceView;

pub async fn tell(story: &mut Story, invoices: &Repository<Invoice>) -> Result<(), Failure> {
    create(story, invoices).await?;
    pay_concurrently(story, invoices).await?;
    append_on_a_stale_version(story, invoices).await?;
    dispute_and_credit(story, invoices).await?;
    go_back_in_time(story, invoices).await?;
    read_version_1(story, invoices).await?;
    snapshot(story, invoices).await
}

async fn create(story: &mut Story, invoices: &Repository<Invoice>) -> Result<(), Failure> {
    story.step("An invoice is created by its first event")?;
    let metadata = Metadata::new().user("user_789").correlation("corr_abc");
    let created = invoices.create("invoice_123", Invoice::create(order("invoice_123")?)?).metadata(metadata).await?;
    story.list(&created.events)?;
    story.one(&InvoiceView::from(invoices.load("invoice_123").await?))
}

async fn pay_concurrently(story: &mut Story, invoices: &Repository<Invoice>) -> Result<(), Failure> {
    story.step("Two clerks pay it at the same time, and one of them wins")?;
    let amount = invoices.load("invoice_123").await?.owed();
    let pay = async |clerk: &str| {
        let mut asked = 0;
        let metadata = Metadata::new().user(clerk).correlation("corr_abc");
        let payment = payment(&format!("pay_of_{clerk}"), amount);
        let paid = invoices
            .update("invoice_123", |invoice| {
                asked += 1;
                invoice.pay(payment.clone())
            })
            .metadata(metadata)
            .await;
        (asked, paid)
    };
    let ((asked_ann, ann), (asked_bob, bob)) = tokio::join!(pay("ann"), pay("bob"));
    for (clerk, asked, paid) in [("ann", asked_ann, ann), ("bob", asked_bob, bob)] {
        let outcome = match paid {
            Ok(paid) => format!("paid, the invoice has version {}", paid.version),
            Err(error) => error.to_string(),
        };
        story.outcome(format!("{clerk}, {asked} decision(s): {outcome}"))?;
    }
    let payments = invoices.history("invoice_123")?.collect().await?.len() - 1;
    story.outcome(format!("{payments} payment is recorded"))
}

async fn append_on_a_stale_version(story: &mut Story, invoices: &Repository<Invoice>) -> Result<(), Failure> {
    story.step("An append that expects an outdated version fails with a conflict, and writes nothing")?;
    let disputed = InvoiceEvent::from(InvoiceDisputed { reason: "too late".to_owned() });
    let events = vec![NewEvent::encode(&disputed, Metadata::new().user("user_789"))?];
    let expected = ExpectedVersion::exactly(Version::from(1));
    let append = Append::new(StreamId::of::<Invoice>("invoice_123")?, expected, events);
    story.refused("a dispute of version 1", invoices.store().append(append).await)
}

async fn dispute_and_credit(story: &mut Story, invoices: &Repository<Invoice>) -> Result<(), Failure> {
    story.step("A second invoice is disputed, credited and paid; each event names the event that caused it")?;
    let id = "invoice_124";
    let metadata = Metadata::new().user("user_789").correlation("corr_def");
    let created = invoices.create(id, Invoice::create(order(id)?)?).metadata(metadata).await?;
    let by = |user, cause| Metadata::caused_by(cause).user(user);

    let metadata = by("cust_456", &created.events[0]);
    let disputed =
        invoices.update(id, |invoice| invoice.dispute("support was not asked for")).metadata(metadata.clone()).await?;
    let full = payment("pay_790", "1500.00".parse()?);
    story.refused(
        "a payment during the dispute",
        invoices.update(id, |invoice| invoice.pay(full.clone())).metadata(metadata).await,
    )?;

    let let_off: Money = "300.00".parse()?;
    let metadata = by("user_789", &disputed.events[0]);
    let credited =
        invoices.update(id, |invoice| invoice.credit(let_off, "support refunded")).metadata(metadata).await?;
    let metadata = by("cust_456", &credited.events[0]);
    invoices.update(id, |invoice| invoice.pay(payment("pay_791", invoice.owed()))).metadata(metadata).await?;
    story.list(&invoices.history(id)?.collect().await?)
}

async fn go_back_in_time(story: &mut Story, invoices: &Repository<Invoice>) -> Result<(), Failure> {
    story.step("The history from an older system is imported, and can be loaded at any version and time")?;
    let id = "invoice_7";
    let metadata = || Metadata::new().user("import").correlation("corr_import");
    let account = Some(Account { customer_id: "cust_456".to_owned(), currency: "EUR".to_owned() });
    let credited =
        InvoiceCredited { amount: "0.01".parse()?, reason: "our mistake".to_owned(), account: account.clone() };
    let paid = InvoicePaid {
        payment_id: "pay_7".to_owned(),
        payment_method: PaymentMethod::BankTransfer,
        paid_amount: "1499.99".parse()?,
        paid_at: "2023-03-01T09:00:00Z".parse()?,
        account,
    };
    let past: [(InvoiceEvent, &str); 4] = [
        (Invoice::create(order(id)?)?.into(), "2023-01-10T09:00:00Z"),
        (InvoiceDisputed { reason: "wrong address".to_owned() }.into(), "2023-02-01T09:00:00Z"),
        (credited.into(), "2023-02-10T09:00:00Z"),
        (paid.into(), "2023-03-01T09:00:00Z"),
    ];
    let past: Result<Vec<_>, Failure> =
        past.into_iter().map(|(event, time)| Ok(ImportedEvent::new(event, time.parse()?, metadata()))).collect();
    invoices.import(id, past?).await?;
    story.outcome("at version 1, at version 3, as of 2023-02-05, and today:")?;
    story.list(
        &[
            invoices.load_at(id, 1).await?,
            invoices.load_at(id, 3).await?,
            invoices.load_as_of(id, "2023-02-05T00:00:00Z".parse()?).await?,
            invoices.load(id).await?,
        ]
        .map(InvoiceView::from),
    )
}

async fn read_version_1(story: &mut Story, invoices: &Repository<Invoice>) -> Result<(), Failure> {
    story.step("An event of version 1, which has no payment method, is read by the current code")?;
    let id = "invoice_8";
    let metadata = Metadata::new().user("user_789").correlation("corr_old");
    let created = invoices.create(id, Invoice::create(order(id)?)?).metadata(metadata).await?;
    let paid_at = Timestamp::now();
    let old = InvoicePaidV1 { payment_id: "pay_8".to_owned(), paid_amount: "1500.00".parse()?, paid_at };
    let data = EventData::encode("InvoicePaid", &old)?;
    let event = NewEvent::from_data("InvoicePaid", 1, data, Metadata::caused_by(&created.events[0]))?;
    let expected = ExpectedVersion::exactly(created.version);
    invoices.store().append(Append::new(StreamId::of::<Invoice>(id)?, expected, vec![event])).await?;
    story.list(&invoices.history(id)?.collect().await?)?;
    story.list(&[invoices.load(id).await?].map(InvoiceView::from))
}

async fn snapshot(story: &mut Story, invoices: &Repository<Invoice>) -> Result<(), Failure> {
    story.step("A snapshot makes loading faster; it is taken automatically every 100 events, or by hand")?;
    let before = invoices.load("invoice_124").await?;
    let version = invoices.take_snapshot("invoice_124").await?;
    let same = invoices.load("invoice_124").await? == before;
    story.outcome(format!("snapshot at version {version}; loading from it gives the same state: {same}"))
}

fn order(number: &str) -> Result<Order, Failure> {
    let item = |description: &str, amount: &str| -> Result<Item, Failure> {
        Ok(Item { description: description.to_owned(), amount: amount.parse()? })
    };
    Ok(Order {
        invoice_number: number.replace("invoice_", "INV-"),
        customer_id: "cust_456".to_owned(),
        country: "FR".to_owned(),
        currency: "EUR".to_owned(),
        due_date: "2027-01-31T00:00:00Z".parse()?,
        items: vec![item("Cloud Resources", "1200.00")?, item("Support", "300.00")?],
    })
}

pub(super) fn payment(id: &str, amount: Money) -> Payment {
    Payment { id: id.to_owned(), method: PaymentMethod::CreditCard, amount, at: Timestamp::now() }
}
