//! Runs the program on one server that all tests share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bson::doc;
use es_core::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent};
use es_core::{Metadata, StreamId, Version};
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::Client;
use serde_json::Value;

/// A generated file: 8 invoices of 13,464.22 in total, 3 of them disputed, 4 paid late.
pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample.csv")
}

/// The program, with a separate database.
pub(crate) struct Program {
    uri: String,
    database: String,
}

impl Program {
    pub(crate) async fn new(test: &str) -> Self {
        let server = DevServer::shared().await.expect("a server for the tests");
        Self { uri: server.uri().to_owned(), database: fresh_database_name(test) }
    }

    /// Another call of the program, with the same server and database.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.args(["--uri", &self.uri, "--database", &self.database]);
        command
    }

    /// Inserts three documents for the migration. The amount of the last one is invalid.
    pub(crate) async fn insert_old_documents(&self) {
        let client = Client::with_uri_str(&self.uri).await.expect("a client");
        let time = bson::DateTime::from_millis(1_650_000_000_000);
        let document = |id: &str, amount: bson::Bson| {
            doc! {
                "_id": id, "invoiceNumber": id, "customerId": "cust_1", "amount": amount, "currency": "EUR",
                "createdAt": time, "dueDate": time,
            }
        };
        let documents =
            [document("old_1", 1500.10.into()), document("old_2", 99.into()), document("old_3", "a lot".into())];
        let collection = client.database(&self.database).collection("billing_documents");
        collection.insert_many(documents).await.expect("the documents are inserted");
    }

    /// Records a payment of version 1, which names neither a method nor an account.
    pub(crate) async fn pay_before_accounts(&self, id: &str, amount: &str) {
        let store = MongoStore::connect(&self.uri, &self.database).await.expect("a store");
        let stream = StreamId::new("Invoice", id).expect("an id");
        let paid_at = bson::DateTime::from_millis(1_705_708_800_000);
        let amount: bson::Decimal128 = amount.parse().expect("an amount");
        let payment = doc! { "paymentId": "pay_1", "paidAmount": amount, "paidAt": paid_at };
        let data = EventData::encode("InvoicePaid", &payment).expect("an event");
        let paid = NewEvent::from_data("InvoicePaid", 1, data, Metadata::new()).expect("an event");
        let append = Append::new(stream, ExpectedVersion::exactly(Version::from(1)), vec![paid]);
        store.append(append).await.expect("the payment is recorded");
        store.close().await;
    }

    /// Records that an invoice is disputed that nobody has created, and returns the position.
    pub(crate) async fn dispute_unknown(&self, id: &str) -> String {
        let store = MongoStore::connect(&self.uri, &self.database).await.expect("a store");
        let stream = StreamId::new("Invoice", id).expect("an id");
        let data = EventData::encode("InvoiceDisputed", &doc! { "reason": "never ordered" }).expect("an event");
        let disputed = NewEvent::from_data("InvoiceDisputed", 1, data, Metadata::new()).expect("an event");
        let append = Append::new(stream, ExpectedVersion::NONE, vec![disputed]);
        let appended = store.append(append).await.expect("the dispute is recorded");
        store.close().await;
        appended.receipt().stamps[0].position.to_string()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        Answer::from(self.command(arguments).output().expect("the program starts"))
    }

    /// Runs the program and parses its output as data.
    pub(crate) fn data(&self, arguments: &[&str]) -> Vec<Value> {
        let answer = self.run(&[arguments, &["--json"]].concat());
        assert!(answer.success, "{}", answer.errors);
        json_lines(&answer.output)
    }
}

/// The program without a server.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoice"));
    command.args(arguments).stdin(Stdio::null()).env_remove("MONGODB_URI");
    command
}

pub(crate) fn json_lines(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The output of the program, and whether it succeeded.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) success: bool,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            success: output.status.success(),
            output: String::from_utf8(output.stdout).expect("the output is UTF-8"),
            errors: String::from_utf8(output.stderr).expect("the errors are UTF-8"),
        }
    }
}
