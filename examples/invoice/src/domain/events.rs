//! The events of an invoice. Their fields are stored in camelCase.

use std::fmt;
use std::str::FromStr;

use es_core::error::InvalidId;
use es_core::{AggregateId, Timestamp, event};
use serde::{Deserialize, Serialize};

use super::Money;

/// A customer owes an amount.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct InvoiceCreated {
    pub invoice_number: String,
    pub customer_id: String,
    pub country: String,
    pub amount: Money,
    pub currency: String,
    pub due_date: Timestamp,
    pub items: Vec<Item>,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub description: String,
    pub amount: Money,
}

/// The customer has paid what was owed.
#[event(version = 3, since = 2, from = InvoicePaidV1)]
#[derive(Debug, Clone, PartialEq)]
pub struct InvoicePaid {
    pub payment_id: String,
    pub payment_method: PaymentMethod,
    pub paid_amount: Money,
    pub paid_at: Timestamp,
    /// `None` in an event of version 1 or 2; see [`AccountPosted`].
    #[serde(default)]
    pub account: Option<Account>,
}

/// Version 1 of the payment, without its method. It is kept so that old events stay readable
/// forever.
#[event(version = 1, name = "InvoicePaid")]
#[derive(Debug, Clone, PartialEq)]
pub struct InvoicePaidV1 {
    pub payment_id: String,
    pub paid_amount: Money,
    pub paid_at: Timestamp,
}

impl From<InvoicePaidV1> for InvoicePaid {
    fn from(old: InvoicePaidV1) -> Self {
        Self {
            payment_id: old.payment_id,
            payment_method: PaymentMethod::Unknown,
            paid_amount: old.paid_amount,
            paid_at: old.paid_at,
            account: None,
        }
    }
}

/// The customer disputes the invoice. It cannot be paid until a credit has settled the dispute.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct InvoiceDisputed {
    pub reason: String,
}

/// A part of the amount is waived, which settles a dispute.
#[event(version = 2, since = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct InvoiceCredited {
    pub amount: Money,
    pub reason: String,
    /// `None` in an event of version 1; see [`AccountPosted`].
    #[serde(default)]
    pub account: Option<Account>,
}

/// The state of an invoice in a document of the older system.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct InvoiceMigrated {
    pub invoice_number: String,
    pub customer_id: String,
    pub amount: Money,
    pub currency: String,
    pub created_at: Timestamp,
    pub due_date: Timestamp,
    /// When it was paid, if it was. The payment is posted by [`AccountPosted`].
    pub paid_at: Option<Timestamp>,
}

/// What an earlier event of the invoice has changed in the account of the customer.
///
/// That event does not name the account, so a read model by customer cannot find its row by it. It
/// finds it by this one, which is recorded once.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct AccountPosted {
    pub account: Account,
    pub posting: Posting,
}

/// Who owes, and in which currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub customer_id: String,
    pub currency: String,
}

/// Why nothing can be owed in an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccount {
    #[error("the customer is invalid")]
    Customer(#[source] InvalidId),
    #[error("`{0}` is not a currency such as EUR")]
    Currency(String),
}

impl Account {
    /// Read models have a row for each customer and for each currency, so both must be able to be a
    /// part of a key.
    pub fn check(customer_id: &str, currency: &str) -> Result<(), InvalidAccount> {
        AggregateId::new(customer_id).map_err(InvalidAccount::Customer)?;
        if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Err(InvalidAccount::Currency(currency.to_owned()));
        }
        Ok(())
    }
}

/// A change of what is owed, with its own time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Posting {
    Credited { amount: Money, at: Timestamp },
    Paid { amount: Money, at: Timestamp },
}

/// How a payment was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    BankTransfer,
    CreditCard,
    DirectDebit,
    /// The method was not recorded.
    Unknown,
}

impl PaymentMethod {
    const ALL: [Self; 4] = [Self::BankTransfer, Self::CreditCard, Self::DirectDebit, Self::Unknown];

    const fn name(self) -> &'static str {
        match self {
            Self::BankTransfer => "bank_transfer",
            Self::CreditCard => "credit_card",
            Self::DirectDebit => "direct_debit",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PaymentMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|method| method.name()).collect();
            format!("a payment is one of {}", known.join(", "))
        })
    }
}
