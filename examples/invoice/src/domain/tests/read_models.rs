//! The rows of the read models.

use es_core::memory::MemoryStore;
use es_core::projection::{Projection, Rows};
use es_core::repository::ImportedEvent;
use es_core::store::{Append, EventStore, ExpectedVersion, NewEvent};
use es_core::testing::rows;
use es_core::{Metadata, Repository, StreamId};

use super::*;

/// The events of several invoices.
struct Ledger {
    store: MemoryStore,
    invoices: Repository<Invoice>,
}

impl Ledger {
    fn new() -> Self {
        let store = MemoryStore::new();
        let invoices = Repository::new(&store);
        Self { store, invoices }
    }

    /// Records an invoice on a day.
    async fn create(&self, id: &str, (amount, currency): (&str, &str), on: &str, due: &str) {
        let order = Order { currency: currency.into(), due_date: day(due), ..order(&[amount]) };
        let created = ImportedEvent::new(Invoice::create(order).unwrap(), day(on), Metadata::new());
        self.invoices.import(id, vec![created]).await.unwrap();
    }

    async fn pay(&self, id: &str, on: &str) {
        let pay = |invoice: &Invoice| {
            invoice.pay(Payment {
                id: "pay".into(),
                method: PaymentMethod::Unknown,
                amount: invoice.owed(),
                at: day(on),
            })
        };
        self.invoices.update(id, |invoice| pay(invoice)).await.unwrap();
    }

    async fn credit(&self, id: &str, amount: &str) {
        self.invoices.update(id, |invoice| invoice.credit(money(amount), "goodwill")).await.unwrap();
    }

    /// Records an event as a program recorded it that did not know accounts.
    async fn record_old(&self, id: &str, event_type: &'static str, data: EventData) {
        let stream = StreamId::of::<Invoice>(id).unwrap();
        let head = self.store.head(&stream).await.unwrap();
        let event = NewEvent::from_data(event_type, 1, data, Metadata::new()).unwrap();
        let append = Append::new(stream, ExpectedVersion::exactly(head.version()), vec![event]);
        self.store.append(append).await.unwrap();
    }

    /// Records a payment of version 1.
    async fn pay_before_accounts(&self, id: &str, amount: &str, on: &str) {
        let old = InvoicePaidV1 { payment_id: "pay".into(), paid_amount: money(amount), paid_at: day(on) };
        self.record_old(id, "InvoicePaid", EventData::encode("InvoicePaid", &old).unwrap()).await;
    }

    /// Records a credit of version 1.
    async fn credit_before_accounts(&self, id: &str, amount: &str) {
        let amount: bson::Decimal128 = amount.parse().unwrap();
        let old = bson::doc! { "amount": amount, "reason": "goodwill" };
        self.record_old(id, "InvoiceCredited", EventData::encode("InvoiceCredited", &old).unwrap()).await;
    }

    async fn post(&self, id: &str) -> usize {
        self.invoices.update(id, |invoice| invoice.post()).await.unwrap().events.len()
    }

    fn rows<P: Projection>(&self) -> Rows<P> {
        rows(&self.store)
    }

    fn balance(&self) -> CustomerBalance {
        self.rows().get("cust_1").cloned().unwrap()
    }
}

/// A balance of `cust_1`, without the invoiced, credited and paid amounts.
fn open(balance: &Balance) -> (&str, String, u64, Option<Timestamp>) {
    (&balance.currency, balance.open.to_string(), balance.open_invoices, balance.earliest_due)
}

#[tokio::test]
async fn amounts_of_different_currencies_are_never_added() {
    let ledger = Ledger::new();
    ledger.create("1", ("70.00", "USD"), "2024-01-01", "2024-02-02").await;
    ledger.create("2", ("10.00", "EUR"), "2024-01-01", "2024-02-03").await;
    ledger.create("3", ("20.00", "EUR"), "2024-01-01", "2024-02-01").await;
    let balances = ledger.balance().balances;
    let expected = [("EUR", "30.00", 2, "2024-02-01"), ("USD", "70.00", 1, "2024-02-02")];
    let expected = expected.map(|(currency, sum, count, due)| (currency, sum.to_owned(), count, Some(day(due))));
    assert_eq!(balances.iter().map(open).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn the_earliest_due_date_is_that_of_an_open_invoice() {
    let ledger = Ledger::new();
    for (id, due) in [("1", "2024-02-01"), ("2", "2024-02-03"), ("3", "2024-02-02")] {
        ledger.create(id, ("10.00", "EUR"), "2024-01-01", due).await;
    }
    let earliest = || ledger.balance().balances[0].earliest_due;
    assert_eq!(earliest(), Some(day("2024-02-01")));
    ledger.pay("1", "2024-01-20").await;
    assert_eq!(earliest(), Some(day("2024-02-02")));
    // Nothing is owed any more after a credit of all.
    ledger.credit("3", "10.00").await;
    assert_eq!(earliest(), Some(day("2024-02-03")));
    ledger.pay("2", "2024-01-20").await;
    let balance = ledger.balance().balances.remove(0);
    assert_eq!(open(&balance), ("EUR", "0.00".to_owned(), 0, None));
    let [invoiced, credited, paid] = [balance.invoiced, balance.credited, balance.paid].map(|sum| sum.to_string());
    assert_eq!([invoiced, credited, paid], ["30.00", "10.00", "20.00"]);
}

#[tokio::test]
async fn events_without_an_account_fold_as_those_with_one_when_they_are_posted() {
    let (old, new) = (Ledger::new(), Ledger::new());
    for ledger in [&old, &new] {
        ledger.create("1", ("100.00", "EUR"), "2024-01-01", "2024-02-01").await;
        ledger.create("2", ("10.00", "EUR"), "2024-01-01", "2024-02-02").await;
    }
    new.credit("1", "30.00").await;
    new.pay("1", "2024-03-05").await;
    new.credit("2", "4.00").await;

    old.credit_before_accounts("1", "20.00").await;
    old.credit_before_accounts("1", "10.00").await;
    old.pay_before_accounts("1", "70.00", "2024-03-05").await;
    old.credit_before_accounts("2", "4.00").await;
    assert_eq!(old.rows::<Unposted>().get("1"), Some(&Unposted { events: 3 }));
    assert_ne!(old.balance(), new.balance());
    for (id, events) in [("1", 3), ("2", 1)] {
        assert_eq!((old.post(id).await, old.post(id).await), (events, 0));
    }
    assert!(old.rows::<Unposted>().is_empty());
    assert_eq!(old.balance(), new.balance());
    let this_month = Timestamp::now().to_string()[..7].to_owned();
    for period in ["2024-01", "2024-03", "2024", &this_month] {
        let key = format!("{period}/EUR");
        let (old, new) = (old.rows::<MonthlyStatement>(), new.rows::<MonthlyStatement>());
        let (old, new) = (old.of::<PeriodTotal>(), new.of::<PeriodTotal>());
        assert!(new.get(&key).is_some(), "{key}");
        assert_eq!(old.get(&key), new.get(&key), "{key}");
    }
    // There may still be programs that know no account.
    old.pay_before_accounts("2", "6.00", "2024-03-06").await;
    new.pay("2", "2024-03-06").await;
    assert_eq!(old.post("2").await, 1);
    assert_eq!(old.balance(), new.balance());
    assert!(new.rows::<Unposted>().is_empty());
}

#[tokio::test]
async fn a_new_event_may_come_before_an_older_one_is_posted() {
    let ledger = Ledger::new();
    ledger.create("1", ("100.00", "EUR"), "2024-01-01", "2024-02-01").await;
    ledger.credit_before_accounts("1", "30.00").await;
    ledger.credit("1", "20.00").await;
    ledger.pay("1", "2024-01-20").await;
    ledger.post("1").await;
    let balance = ledger.balance().balances.remove(0);
    assert_eq!(open(&balance), ("EUR", "0.00".to_owned(), 0, None));
    assert_eq!((balance.credited, balance.paid), (money("50"), money("50")));
}

#[tokio::test]
async fn an_invoice_that_was_paid_before_its_migration_is_not_open() {
    let ledger = Ledger::new();
    let migrated = InvoiceMigrated {
        invoice_number: "OLD-1".into(),
        customer_id: "cust_1".into(),
        amount: money("50"),
        currency: "EUR".into(),
        created_at: day("2022-05-31"),
        due_date: day("2022-06-30"),
        paid_at: Some(day("2022-06-01")),
    };
    ledger.invoices.create("old", migrated).await.unwrap();
    ledger.post("old").await;
    let balance = ledger.balance().balances.remove(0);
    assert_eq!(open(&balance), ("EUR", "0.00".to_owned(), 0, None));
    let statement = ledger.rows::<MonthlyStatement>();
    let [may, june] = ["2022-05/EUR", "2022-06/EUR"].map(|month| statement.of::<PeriodTotal>().get(month).unwrap());
    assert_eq!((may.invoiced, may.payments), (money("50"), 0));
    assert_eq!((june.invoices, june.payments, june.paid), (0, 1, money("50")));
}

#[tokio::test]
async fn an_event_changes_its_month_and_its_year_in_its_currency() {
    let ledger = Ledger::new();
    ledger.create("1", ("10.00", "EUR"), "2023-12-31", "2024-02-01").await;
    ledger.create("2", ("20.00", "EUR"), "2024-01-01", "2024-02-01").await;
    ledger.create("3", ("70.00", "USD"), "2024-01-31", "2024-02-01").await;
    ledger.pay("1", "2024-01-31").await;
    ledger.pay("3", "2024-02-01").await;
    let rows = ledger.rows::<MonthlyStatement>();
    let totals = rows.of::<PeriodTotal>();
    let row = |invoices, invoiced: &str, payments, paid: &str| PeriodTotal {
        invoices,
        invoiced: money(invoiced),
        credited: Money::ZERO,
        payments,
        paid: money(paid),
    };
    let expected = [
        ("2023-12/EUR", row(1, "10", 0, "0")),
        ("2023/EUR", row(1, "10", 0, "0")),
        ("2024-01/EUR", row(1, "20", 1, "10")),
        ("2024-01/USD", row(1, "70", 0, "0")),
        ("2024-02/USD", row(0, "0", 1, "70")),
        ("2024/EUR", row(1, "20", 1, "10")),
        ("2024/USD", row(1, "70", 1, "70")),
    ];
    for (key, expected) in &expected {
        assert_eq!(totals.get(*key), Some(expected), "{key}");
    }
    assert_eq!(totals.len(), expected.len());
}

#[tokio::test]
async fn each_event_is_a_line_of_its_month() {
    let ledger = Ledger::new();
    ledger.create("1", ("10.00", "EUR"), "2023-12-31", "2024-02-01").await;
    ledger.create("2", ("70.00", "USD"), "2024-01-31", "2024-02-01").await;
    ledger.pay("1", "2024-01-30").await;
    // Of an event without an account, the line is that of the event that posts it.
    ledger.pay_before_accounts("2", "70.00", "2024-02-01").await;
    ledger.post("2").await;
    let rows = ledger.rows::<MonthlyStatement>();
    let mut lines: Vec<_> = rows.of::<StatementLine>().iter().collect();
    lines.sort_by_key(|line| line.at);
    let shown = lines.iter().map(|line| {
        let StatementLine { month, at, invoice, customer_id, currency, change, amount } = line;
        format!("{month} {} {invoice} {customer_id} {currency} {change:?} {amount}", &at.to_string()[..10])
    });
    let expected = [
        "2023-12 2023-12-31 1 cust_1 EUR Invoiced 10.00",
        "2024-01 2024-01-30 1 cust_1 EUR Paid 10.00",
        "2024-01 2024-01-31 2 cust_1 USD Invoiced 70.00",
        "2024-02 2024-02-01 2 cust_1 USD Paid 70.00",
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}
