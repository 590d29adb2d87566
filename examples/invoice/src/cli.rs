//! The command line.
#![allow(clippy::doc_markdown, reason = "these comments are the help of the program, which is not Markdown")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use es_core::query::QueryCursor;
use es_core::store::ReadModelId;
use es_core::{Metadata, Position, Timestamp};

use crate::commands::Period;
use crate::domain::{Money, PaymentMethod};

/// Event-sourced invoices on MongoDB.
///
/// Without a command it runs the demo. Without --uri it starts its own `mongod`, which keeps its
/// data between calls in the folder INVOICE_DATA, or by default in the user's data folder.
#[derive(Debug, Parser)]
#[command(name = "invoice", version)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The replica set to use, such as mongodb://localhost:27017/?replicaSet=rs0
    // The variable may contain a password, so the help does not show its value.
    #[arg(long, global = true, env = "MONGODB_URI", hide_env_values = true)]
    pub uri: Option<String>,
    /// The database
    #[arg(long, global = true, default_value = "invoices")]
    pub database: String,
    /// Run the demo in memory, without a server
    #[arg(long, global = true)]
    pub memory: bool,
    /// Print data instead of tables: one JSON document per line
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole flow step by step, in a separate database
    Demo {
        /// Keep the demo's database instead of dropping it at the end
        #[arg(long)]
        keep: bool,
    },
    /// Import invoices and their history from a CSV file, and show the largest balances
    Import { file: PathBuf },
    /// Create an invoice
    Create(Create),
    /// Show an invoice, now or at an earlier time
    Show {
        id: String,
        /// Show the invoice as it was after N events
        #[arg(long, value_name = "N", conflicts_with = "as_of")]
        at_version: Option<u32>,
        /// Show the invoice as it was at this time in UTC: 2024-02-29T12:00:00Z, or 2024-02-29 for
        /// the end of that day
        #[arg(long, value_name = "TIME", value_parser = crate::view::parse_time)]
        as_of: Option<Timestamp>,
    },
    /// List every event of an invoice
    History { id: String },
    /// Record a payment
    Pay(Pay),
    /// Record that the customer disputes the invoice
    Dispute {
        id: String,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Waive a part of the amount, which settles a dispute
    Credit {
        id: String,
        #[arg(long)]
        amount: Money,
        #[arg(long, default_value = "goodwill")]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Show the events of a correlation, as a tree of causes and effects
    Trace { correlation: String },
    /// List the events that a user has recorded, newest first
    ByUser {
        user: String,
        /// The number of events per page
        #[arg(long, default_value_t = 100)]
        limit: u64,
        /// The cursor that the previous page has printed
        #[arg(long, value_name = "CURSOR")]
        after: Option<QueryCursor>,
    },
    /// List the events of one type, oldest first
    ByType {
        /// The event type, such as InvoicePaid
        event_type: String,
        /// The earliest time
        #[arg(long, value_name = "TIME", value_parser = crate::view::parse_time_from)]
        since: Option<Timestamp>,
        /// The latest time
        #[arg(long, value_name = "TIME", value_parser = crate::view::parse_time)]
        until: Option<Timestamp>,
        /// The number of events per page
        #[arg(long, default_value_t = 100)]
        limit: u64,
        /// The cursor that the previous page has printed
        #[arg(long, value_name = "CURSOR")]
        after: Option<QueryCursor>,
    },
    /// List the invoices that are not paid, those that are due first at the beginning
    Owed {
        /// Only those of this customer
        #[arg(long)]
        customer: Option<String>,
        /// The largest number of invoices
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// List what customers owe, those that owe most at the beginning, one line for each currency
    Balances {
        /// Only this customer
        #[arg(long)]
        customer: Option<String>,
        /// Only customers who owe something
        #[arg(long)]
        open: bool,
        /// The largest number of customers
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show what was invoiced, credited and paid in each month, and after them in the year
    Statement {
        /// A month such as 2013-05, or a year such as 2013 with its months
        period: Option<Period>,
        /// Only this currency
        #[arg(long)]
        currency: Option<String>,
        /// Show each event instead of the totals
        #[arg(long)]
        events: bool,
        /// The largest number of events
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Find invoices by the beginnings of words: of their ids, customers, countries and items
    Search {
        words: Vec<String>,
        /// The largest number of invoices
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// List what folds the read models: how far it has come, and what needs attention
    Subscriptions {
        #[command(subcommand)]
        operation: Option<Operation>,
    },
    /// List the versions of the read models, or make a new one live
    Rebuild {
        #[command(subcommand)]
        step: Option<RebuildStep>,
    },
    /// List the events that a read model could not fold, fold them once more, or leave them out
    DeadLetters {
        #[command(subcommand)]
        operation: Option<LetterOperation>,
    },
    /// Take a snapshot of an invoice
    Snapshot { id: String },
    /// Move old events to the archive; every invoice can still be loaded at any version and time
    Archive {
        #[arg(long, value_name = "N")]
        older_than_days: u32,
    },
    /// Convert the documents of an existing collection into events
    Migrate {
        /// The collection
        #[arg(long, value_name = "COLLECTION", default_value = "billing_documents")]
        from: String,
    },
    /// Check all stored data for consistency
    Verify,
    /// Show figures that are computed from the events
    Stats,
}

/// What an operator does with a read model, such as open_invoice@1.
#[derive(Debug, Subcommand)]
pub enum Operation {
    /// Fold no events until it is resumed; the rows stay readable
    Pause { model: ReadModelId },
    /// Fold events again
    Resume { model: ReadModelId },
    /// Delete the rows, and fold all events again
    Reset { model: ReadModelId },
}

/// A step from one version of a read model to the next, such as customer_balance@2.
#[derive(Debug, Subcommand)]
pub enum RebuildStep {
    /// Fold all recorded events into a version, beside the live one
    Build { model: ReadModelId },
    /// Compare rows with the events
    Compare {
        model: ReadModelId,
        /// Compare about this number of rows, drawn by chance; all by default
        #[arg(long)]
        keys: Option<u64>,
    },
    /// Compare all rows with the events, and make the version live
    Switch { model: ReadModelId },
    /// Make the version live again that was live before
    Back { model: ReadModelId },
    /// Delete the rows of a version that is not live
    Drop { model: ReadModelId },
}

/// What is done about the events that a read model, such as open_invoice@1, could not fold.
#[derive(Debug, Subcommand)]
pub enum LetterOperation {
    /// List them, with those that are behind them in their rows
    List,
    /// Fold those of a row once more, in order
    Retry { model: ReadModelId, key: String },
    /// Leave an event out of the rows into which it could not be folded
    Skip {
        model: ReadModelId,
        position: Position,
        /// Who has decided that
        #[arg(long)]
        who: String,
        /// The reason
        #[arg(long)]
        why: String,
    },
    /// List the events that were left out, by whom and why
    Skipped,
}

#[derive(Debug, Args)]
pub struct Create {
    pub id: String,
    #[arg(long)]
    pub customer: String,
    #[arg(long)]
    pub amount: Money,
    #[arg(long, default_value = "EUR")]
    pub currency: String,
    #[arg(long, default_value = "FR")]
    pub country: String,
    #[arg(long, default_value = "as agreed")]
    pub description: String,
    /// The number of days that the customer has to pay
    #[arg(long, default_value_t = 30)]
    pub days_to_pay: u32,
    #[command(flatten)]
    pub by: By,
}

#[derive(Debug, Args)]
pub struct Pay {
    pub id: String,
    /// The paid amount; by default all that is owed
    #[arg(long)]
    pub amount: Option<Money>,
    #[arg(long, default_value_t = PaymentMethod::BankTransfer)]
    pub method: PaymentMethod,
    /// The id of the payment; a new one by default
    #[arg(long)]
    pub payment: Option<String>,
    #[command(flatten)]
    pub by: By,
}

/// Who records the events, and their correlation.
#[derive(Debug, Args)]
pub struct By {
    #[arg(long, default_value = "clerk")]
    pub user: String,
    /// The correlation; by default that of the last event of the invoice
    #[arg(long)]
    pub correlation: Option<String>,
}

impl By {
    pub fn metadata(self) -> Metadata {
        let metadata = Metadata::new().user(self.user);
        match self.correlation {
            Some(correlation) => metadata.correlation(correlation),
            None => metadata,
        }
    }
}
