//! The aggregate: the state of an invoice, how events change it, and the decisions about it.

use es_core::{Aggregate, Apply, Context, Init, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Account, AccountPosted, InvalidAccount, InvoiceCreated, InvoiceCredited, InvoiceDisputed, InvoiceMigrated,
    InvoicePaid, Item, Money, PaymentMethod, Posting,
};

/// An invoice, folded from its events.
#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(
    init(InvoiceCreated, InvoiceMigrated),
    events(InvoicePaid, InvoiceDisputed, InvoiceCredited, AccountPosted),
    snapshot(every = 100, version = 2)
)]
pub struct Invoice {
    pub number: String,
    pub customer_id: String,
    pub amount: Money,
    pub credited: Money,
    pub currency: String,
    pub due_date: Timestamp,
    pub created_at: Timestamp,
    pub status: Status,
    /// What events without an account have changed, until it is posted.
    pub unposted: Vec<Posting>,
}

/// The status of an invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Status {
    /// Neither paid nor disputed.
    Pending,
    Disputed {
        reason: String,
    },
    Paid {
        payment_id: String,
        payment_method: PaymentMethod,
        paid_at: Timestamp,
    },
}

/// The content of a new invoice.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub invoice_number: String,
    pub customer_id: String,
    pub country: String,
    pub currency: String,
    pub due_date: Timestamp,
    pub items: Vec<Item>,
}

/// An incoming payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    pub id: String,
    pub method: PaymentMethod,
    pub amount: Money,
    pub at: Timestamp,
}

/// Why a decision about an invoice was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvoiceError {
    #[error("an invoice needs a positive amount, not {0}")]
    NotPositive(Money),
    #[error("the amount is too large; an invoice is at most {}", Money::LARGEST_INVOICE)]
    TooLarge,
    #[error(transparent)]
    InvalidAccount(#[from] InvalidAccount),
    #[error("the invoice is already paid, with payment {payment_id}")]
    AlreadyPaid { payment_id: String },
    #[error("the payment is {paid}, but {owed} is owed")]
    AmountMismatch { owed: Money, paid: Money },
    #[error("the invoice is disputed ({reason}); a credit has to settle the dispute first")]
    Disputed { reason: String },
    #[error("a credit of {credit} is more than the {owed} that is owed")]
    CreditTooLarge { owed: Money, credit: Money },
}

impl Invoice {
    /// Bills an order.
    pub fn create(order: Order) -> Result<InvoiceCreated, InvoiceError> {
        let amounts = order.items.iter().map(|item| item.amount);
        let amount = amounts.into_iter().try_fold(Money::ZERO, Money::checked_add).ok_or(InvoiceError::TooLarge)?;
        if !amount.is_positive() {
            return Err(InvoiceError::NotPositive(amount));
        }
        if amount > Money::LARGEST_INVOICE {
            return Err(InvoiceError::TooLarge);
        }
        Account::check(&order.customer_id, &order.currency)?;
        let Order { invoice_number, customer_id, country, currency, due_date, items } = order;
        Ok(InvoiceCreated { invoice_number, customer_id, country, amount, currency, due_date, items })
    }

    /// Accepts a payment of everything that is owed.
    pub fn pay(&self, payment: Payment) -> Result<InvoicePaid, InvoiceError> {
        self.refuse_if_paid()?;
        self.refuse_if_disputed()?;
        let owed = self.owed();
        if payment.amount != owed {
            return Err(InvoiceError::AmountMismatch { owed, paid: payment.amount });
        }
        Ok(InvoicePaid {
            payment_id: payment.id,
            payment_method: payment.method,
            paid_amount: payment.amount,
            paid_at: payment.at,
            account: Some(self.account()),
        })
    }

    /// Records that the customer disputes the invoice.
    pub fn dispute(&self, reason: impl Into<String>) -> Result<InvoiceDisputed, InvoiceError> {
        self.refuse_if_paid()?;
        self.refuse_if_disputed()?;
        Ok(InvoiceDisputed { reason: reason.into() })
    }

    /// Waives a part of the amount, which settles a dispute.
    pub fn credit(&self, amount: Money, reason: impl Into<String>) -> Result<InvoiceCredited, InvoiceError> {
        self.refuse_if_paid()?;
        if !amount.is_positive() {
            return Err(InvoiceError::NotPositive(amount));
        }
        let owed = self.owed();
        if amount > owed {
            return Err(InvoiceError::CreditTooLarge { owed, credit: amount });
        }
        Ok(InvoiceCredited { amount, reason: reason.into(), account: Some(self.account()) })
    }

    /// Posts to the account what events without an account have changed.
    pub fn post(&self) -> Vec<AccountPosted> {
        let postings = self.unposted.iter().cloned();
        postings.map(|posting| AccountPosted { account: self.account(), posting }).collect()
    }

    /// The amount without credits, which remains to be paid if the invoice is not paid.
    pub fn owed(&self) -> Money {
        // A credit is never more than what is owed, so this is exact.
        self.amount.checked_sub(self.credited).unwrap_or(self.amount)
    }

    fn account(&self) -> Account {
        Account { customer_id: self.customer_id.clone(), currency: self.currency.clone() }
    }

    fn refuse_if_paid(&self) -> Result<(), InvoiceError> {
        match &self.status {
            Status::Paid { payment_id, .. } => Err(InvoiceError::AlreadyPaid { payment_id: payment_id.clone() }),
            _ => Ok(()),
        }
    }

    fn refuse_if_disputed(&self) -> Result<(), InvoiceError> {
        match &self.status {
            Status::Disputed { reason } => Err(InvoiceError::Disputed { reason: reason.clone() }),
            _ => Ok(()),
        }
    }
}

impl Init<InvoiceCreated> for Invoice {
    fn init(event: InvoiceCreated, context: &Context) -> Self {
        Self {
            number: event.invoice_number,
            customer_id: event.customer_id,
            amount: event.amount,
            credited: Money::ZERO,
            currency: event.currency,
            due_date: event.due_date,
            created_at: context.timestamp(),
            status: Status::Pending,
            unposted: Vec::new(),
        }
    }
}

impl Init<InvoiceMigrated> for Invoice {
    fn init(event: InvoiceMigrated, _: &Context) -> Self {
        let status = event.paid_at.map_or(Status::Pending, |paid_at| Status::Paid {
            payment_id: "before the migration".to_owned(),
            payment_method: PaymentMethod::Unknown,
            paid_at,
        });
        let paid = event.paid_at.map(|at| Posting::Paid { amount: event.amount, at });
        Self {
            number: event.invoice_number,
            customer_id: event.customer_id,
            amount: event.amount,
            credited: Money::ZERO,
            currency: event.currency,
            due_date: event.due_date,
            created_at: event.created_at,
            status,
            unposted: paid.into_iter().collect(),
        }
    }
}

impl Apply<InvoicePaid> for Invoice {
    fn apply(&mut self, event: InvoicePaid, _: &Context) {
        let InvoicePaid { payment_id, payment_method, paid_amount, paid_at, account } = event;
        if account.is_none() {
            self.unposted.push(Posting::Paid { amount: paid_amount, at: paid_at });
        }
        self.status = Status::Paid { payment_id, payment_method, paid_at };
    }
}

impl Apply<InvoiceDisputed> for Invoice {
    fn apply(&mut self, event: InvoiceDisputed, _: &Context) {
        self.status = Status::Disputed { reason: event.reason };
    }
}

impl Apply<InvoiceCredited> for Invoice {
    fn apply(&mut self, event: InvoiceCredited, context: &Context) {
        self.credited = self.credited.checked_add(event.amount).unwrap_or(self.credited);
        self.status = Status::Pending;
        if event.account.is_none() {
            self.unposted.push(Posting::Credited { amount: event.amount, at: context.timestamp() });
        }
    }
}

impl Apply<AccountPosted> for Invoice {
    fn apply(&mut self, event: AccountPosted, _: &Context) {
        if let Some(posted) = self.unposted.iter().position(|posting| *posting == event.posting) {
            self.unposted.remove(posted);
        }
    }
}
