//! The command line.
#![allow(clippy::doc_markdown, reason = "these comments are the program's help, which is no Markdown")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use es_core::query::QueryCursor;
use es_core::{Metadata, Timestamp};

use crate::domain::{Money, PaymentMethod};

/// Invoices, event-sourced on MongoDB.
///
/// Without a command it runs the demo. Without --uri it runs a `mongod` of its own, which keeps its data between calls
/// in the folder that INVOICE_DATA names, or else in the user's data folder.
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
    // The value of the variable may hold a password, so the help does not show it.
    #[arg(long, global = true, env = "MONGODB_URI", hide_env_values = true)]
    pub uri: Option<String>,
    /// The database
    #[arg(long, global = true, default_value = "invoices")]
    pub database: String,
    /// Run the demo in memory, without any server
    #[arg(long, global = true)]
    pub memory: bool,
    /// Print data instead of tables: one JSON document a line
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell the whole flow step by step, in a database of its own
    Demo {
        /// Keep the demo's database instead of dropping it at the end
        #[arg(long)]
        keep: bool,
    },
    /// Import invoices from a CSV file, with the dates at which things happened
    Import { file: PathBuf },
    /// Create an invoice
    Create(Create),
    /// Show an invoice as it is, or as it was
    Show {
        id: String,
        /// As it was after so many events
        #[arg(long, value_name = "N", conflicts_with = "as_of")]
        at_version: Option<u32>,
        /// As it was at this moment in UTC: 2024-02-29T12:00:00Z, or 2024-02-29 for the end of that day
        #[arg(long, value_name = "TIME", value_parser = crate::view::parse_moment)]
        as_of: Option<Timestamp>,
    },
    /// List every event of an invoice
    History { id: String },
    /// Record a payment
    Pay(Pay),
    /// Record that the customer does not agree
    Dispute {
        id: String,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Let the customer off a part of the amount, which settles a dispute
    Credit {
        id: String,
        #[arg(long)]
        amount: Money,
        #[arg(long, default_value = "goodwill")]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Show what belongs together, as a tree of causes and effects
    Trace { correlation: String },
    /// List what a user has done, newest first
    ByUser {
        user: String,
        /// The events of one page
        #[arg(long, default_value_t = 100)]
        limit: u64,
        /// The next page: what the page before it has printed
        #[arg(long, value_name = "CURSOR")]
        after: Option<QueryCursor>,
    },
    /// List the events of one type, oldest first
    ByType {
        /// Such as InvoicePaid
        event_type: String,
        /// From this moment on
        #[arg(long, value_name = "TIME", value_parser = crate::view::parse_moment_from)]
        since: Option<Timestamp>,
        /// Up to this moment
        #[arg(long, value_name = "TIME", value_parser = crate::view::parse_moment)]
        until: Option<Timestamp>,
        /// The events of one page
        #[arg(long, default_value_t = 100)]
        limit: u64,
        /// The next page: what the page before it has printed
        #[arg(long, value_name = "CURSOR")]
        after: Option<QueryCursor>,
    },
    /// Take a snapshot of an invoice
    Snapshot { id: String },
    /// Move old events out of the way; every invoice stays loadable at any version and moment
    Archive {
        #[arg(long, value_name = "N")]
        older_than_days: u32,
    },
    /// Turn the documents of an existing collection into events
    Migrate {
        /// The collection
        #[arg(long, value_name = "COLLECTION", default_value = "billing_documents")]
        from: String,
    },
    /// Check that everything stored is coherent
    Verify,
    /// Figures, from the events alone
    Stats,
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
    /// How many days the customer has to pay
    #[arg(long, default_value_t = 30)]
    pub days_to_pay: u32,
    #[command(flatten)]
    pub by: By,
}

#[derive(Debug, Args)]
pub struct Pay {
    pub id: String,
    /// What is paid; all that is owed unless told otherwise
    #[arg(long)]
    pub amount: Option<Money>,
    #[arg(long, default_value_t = PaymentMethod::BankTransfer)]
    pub method: PaymentMethod,
    /// The id of the payment; a new one unless told otherwise
    #[arg(long)]
    pub payment: Option<String>,
    #[command(flatten)]
    pub by: By,
}

/// Who does it, and as part of what.
#[derive(Debug, Args)]
pub struct By {
    #[arg(long, default_value = "clerk")]
    pub user: String,
    /// What it is a part of; by default what the last event of the invoice is a part of
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
