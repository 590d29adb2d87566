mod read_models;

use es_core::Timestamp;
use es_core::error::InvalidId;
use es_core::store::{EventData, EventSet};
use es_core::testing::given;

use super::*;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn day(text: &str) -> Timestamp {
    format!("{text}T00:00:00Z").parse().unwrap()
}

fn order(amounts: &[&str]) -> Order {
    let item = |amount: &&str| Item { description: "Support".into(), amount: money(amount) };
    Order {
        invoice_number: "INV-1".into(),
        customer_id: "cust_1".into(),
        country: "FR".into(),
        currency: "EUR".into(),
        due_date: day("2024-02-01"),
        items: amounts.iter().map(item).collect(),
    }
}

fn created() -> InvoiceCreated {
    Invoice::create(order(&["1200.00", "300.00"])).unwrap()
}

fn payment(amount: &str) -> Payment {
    let method = PaymentMethod::CreditCard;
    Payment { id: "pay_1".into(), method, amount: money(amount), at: day("2024-01-20") }
}

fn paid(amount: &str) -> InvoicePaid {
    InvoicePaid {
        payment_id: "pay_1".into(),
        payment_method: PaymentMethod::CreditCard,
        paid_amount: money(amount),
        paid_at: day("2024-01-20"),
        account: Some(account()),
    }
}

fn account() -> Account {
    Account { customer_id: "cust_1".into(), currency: "EUR".into() }
}

fn disputed() -> InvoiceDisputed {
    InvoiceDisputed { reason: "wrong hours".into() }
}

fn credited(amount: &str) -> InvoiceCredited {
    InvoiceCredited { amount: money(amount), reason: "goodwill".into(), account: Some(account()) }
}

#[test]
fn the_amount_of_an_invoice_is_the_sum_of_its_items() {
    assert_eq!(created().amount, money("1500.00"));
}

#[test]
fn an_invoice_without_an_amount_is_refused() {
    let refused = || Invoice::create(order(&[]));
    given::<Invoice>(()).when_new(refused).then_error(InvoiceError::NotPositive(Money::ZERO));
}

#[test]
fn an_invoice_that_no_read_model_could_add_up_is_refused() {
    let create = |order: Order| move || Invoice::create(order);
    let too_large = order(&["1000000000000000", "0.01"]);
    given::<Invoice>(()).when_new(create(too_large)).then_error(InvoiceError::TooLarge);
    let nobody = Order { customer_id: String::new(), ..order(&["1"]) };
    let refused = InvalidAccount::Customer(InvalidId::Empty);
    given::<Invoice>(()).when_new(create(nobody)).then_error(InvoiceError::InvalidAccount(refused));
    for currency in ["", "eur", "EURO", "E/R"] {
        let order = Order { currency: currency.into(), ..order(&["1"]) };
        let refused = InvalidAccount::Currency(currency.into());
        given::<Invoice>(()).when_new(create(order)).then_error(InvoiceError::InvalidAccount(refused));
    }
}

#[test]
fn the_owed_amount_can_be_paid() {
    given::<Invoice>(created()).when(|invoice| invoice.pay(payment("1500"))).then(paid("1500"));
}

#[test]
fn a_payment_of_a_different_amount_is_refused() {
    let mismatch = InvoiceError::AmountMismatch { owed: money("1500"), paid: money("1499.99") };
    given::<Invoice>(created()).when(|invoice| invoice.pay(payment("1499.99"))).then_error(mismatch);
}

#[test]
fn a_paid_invoice_cannot_be_paid_disputed_or_credited() {
    let already = || InvoiceError::AlreadyPaid { payment_id: "pay_1".into() };
    let paid = || given::<Invoice>((created(), paid("1500")));
    paid().when(|invoice| invoice.pay(payment("1500"))).then_error(already());
    paid().when(|invoice| invoice.dispute("too late")).then_error(already());
    paid().when(|invoice| invoice.credit(money("1"), "too late")).then_error(already());
}

#[test]
fn a_disputed_invoice_needs_a_credit_before_a_payment() {
    let refused = InvoiceError::Disputed { reason: "wrong hours".into() };
    given::<Invoice>((created(), disputed())).when(|invoice| invoice.pay(payment("1500"))).then_error(refused);
    given::<Invoice>((created(), disputed(), credited("300")))
        .when(|invoice| invoice.pay(payment("1200")))
        .then(paid("1200"));
}

#[test]
fn a_credit_is_at_most_the_owed_amount() {
    let error = InvoiceError::CreditTooLarge { owed: money("1200"), credit: money("1200.01") };
    given::<Invoice>((created(), credited("300")))
        .when(|invoice| invoice.credit(money("1200.01"), "goodwill"))
        .then_error(error);
}

#[test]
fn a_migrated_invoice_continues_like_any_other() {
    let InvoiceCreated { invoice_number, customer_id, amount, currency, due_date, .. } = created();
    let (created_at, paid_at) = (day("2022-05-01"), None);
    let migrated = InvoiceMigrated { invoice_number, customer_id, amount, currency, created_at, due_date, paid_at };
    given::<Invoice>(migrated).when(|invoice| invoice.pay(payment("1500"))).then(paid("1500"));
}

#[test]
fn a_payment_of_version_1_is_read_with_an_unknown_method() {
    let old = InvoicePaidV1 { payment_id: "pay_1".into(), paid_amount: money("9"), paid_at: day("2023-01-01") };
    let stored = EventData::encode("InvoicePaid", &old).unwrap();
    let read = InvoiceEvent::decode("InvoicePaid", 1, &stored).unwrap().into_vec();
    assert!(matches!(&read[..], [InvoiceEvent::InvoicePaid(paid)] if paid.payment_method == PaymentMethod::Unknown));
}

#[test]
fn fields_are_stored_under_the_names_that_other_programs_use() {
    let stored = EventData::encode("InvoicePaid", &paid("1500")).unwrap();
    let keys: Vec<_> = stored.as_raw().iter().map(|entry| entry.unwrap().0.to_string()).collect();
    assert_eq!(keys, ["paymentId", "paymentMethod", "paidAmount", "paidAt", "account"]);
    assert!(stored.as_raw().get_str("paymentMethod").is_ok_and(|method| method == "credit_card"));
}
