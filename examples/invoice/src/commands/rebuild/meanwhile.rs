//! The balances of customers, read all the time while invoices are paid and the version changes.
//!
//! The invoices are those of the file in the variable `INVOICE_FILE`, or of the sample.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use es_core::{Repository, Timestamp};
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};
use futures_util::{StreamExt as _, stream};
use tokio::task::AbortHandle;

use super::*;
use crate::domain::{CustomerBalance, Invoice, Money, OldCustomerBalance, Payment, PaymentMethod};
use crate::import::{Lines, PastInvoice};

const NAME: &str = "customer_balance";

/// The number of payments that are recorded at the same time.
const WRITERS: usize = 4;

/// What is known of a customer without a read model.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Known {
    invoiced: Money,
    /// What is paid, according to answers of the store.
    paid: Money,
    /// What may be paid, because it was asked for.
    asked: Money,
}

/// The customers, and the payments that are to be recorded.
struct Scene {
    store: MongoStore,
    known: Mutex<BTreeMap<String, Known>>,
    payments: Vec<(String, Invoice)>,
    paid: AtomicU64,
    is_over: AtomicBool,
}

fn file() -> PathBuf {
    let sample = || Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample.csv");
    env::var_os("INVOICE_FILE").map_or_else(sample, PathBuf::from)
}

impl Scene {
    /// Imports the invoices without their payments.
    async fn new(store: MongoStore) -> Self {
        let lines = Lines::open(&file()).unwrap().map(|line| line.unwrap().invoice.unwrap());
        let invoices = Repository::<Invoice>::new(&store);
        let import = |invoice: PastInvoice| {
            let invoices = invoices.clone();
            async move {
                let number = invoice.number.clone();
                let first = invoice.into_import().into_iter().take(1).collect::<Vec<_>>();
                invoices.import(&number, first).await.unwrap();
                let state = invoices.load(&number).await.unwrap().state;
                (number, state)
            }
        };
        let payments: Vec<_> = stream::iter(lines.map(import)).buffer_unordered(64).collect().await;
        let mut known = BTreeMap::<String, Known>::new();
        for (_, invoice) in &payments {
            let known = known.entry(invoice.customer_id.clone()).or_default();
            known.invoiced = known.invoiced.plus(invoice.amount);
        }
        Self { store, known: Mutex::new(known), payments, paid: AtomicU64::new(0), is_over: AtomicBool::new(false) }
    }

    fn known(&self, customer: &str) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)[customer]
    }

    fn change(&self, customer: &str, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        change(known.get_mut(customer).unwrap());
    }

    fn customers(&self) -> Vec<String> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Records all payments. After each one, the balance contains it.
    async fn pay(&self) {
        let invoices = Repository::<Invoice>::new(&self.store);
        let pay = |(number, invoice): &(String, Invoice)| {
            let (number, customer, amount) = (number.clone(), invoice.customer_id.clone(), invoice.amount);
            let invoices = &invoices;
            async move {
                let (id, method, at) = (format!("pay_{number}"), PaymentMethod::Unknown, Timestamp::now());
                let payment = Payment { id, method, amount, at };
                self.change(&customer, |known| known.asked = known.asked.plus(amount));
                let paid = invoices.update(&number, |invoice| invoice.pay(payment.clone())).await.unwrap();
                self.change(&customer, |known| known.paid = known.paid.plus(amount));
                let before = self.known(&customer);
                if let Some(row) = self.read(&customer, paid.position()).await {
                    self.check(&customer, before.paid, &row);
                }
                self.paid.fetch_add(1, Ordering::Relaxed);
            }
        };
        stream::iter(&self.payments).map(pay).buffer_unordered(WRITERS).collect::<()>().await;
    }

    /// What the live version shows of a customer. `None` if version 1 is live, which shows no
    /// payments.
    async fn read(&self, customer: &str, at_least: Option<Position>) -> Option<CustomerBalance> {
        let live = self.store.live_version(NAME).await.unwrap().unwrap();
        if live.version == 1 {
            let read = self.store.read_model::<OldCustomerBalance>().at_least(at_least);
            let row = read.get(customer).await.unwrap().unwrap();
            assert_eq!(row.invoiced["USD"], self.known(customer).invoiced, "{customer}");
            return None;
        }
        let read = self.store.read_model::<CustomerBalance>().at_least(at_least);
        Some(read.get(customer).await.unwrap().unwrap())
    }

    /// Checks that a balance was right at some time of the read, if this much was paid before it.
    fn check(&self, customer: &str, paid_before: Money, row: &CustomerBalance) -> Money {
        let (known, [balance]) = (self.known(customer), row.balances.as_slice()) else {
            panic!("{customer} has {row:?}");
        };
        assert_eq!(balance.invoiced, known.invoiced, "{customer}: {row:?}");
        assert_eq!(balance.open, known.invoiced.checked_sub(balance.paid).unwrap(), "{customer}: {row:?}");
        let is_possible = paid_before <= balance.paid && balance.paid <= known.asked;
        assert!(is_possible, "{customer}: at least {paid_before} of {known:?} is paid, but the row is {row:?}");
        balance.paid
    }

    /// Reads all customers until the end. A later read shows no less.
    async fn read_all_the_time(&self) -> u64 {
        let (mut seen, mut reads) = (HashMap::<String, Money>::new(), 0);
        let customers = self.customers();
        while !self.is_over.load(Ordering::Relaxed) {
            for customer in &customers {
                if let Some(row) = self.read(customer, None).await {
                    let paid = self.check(customer, seen.get(customer).copied().unwrap_or_default(), &row);
                    seen.insert(customer.clone(), paid);
                    reads += 1;
                }
            }
        }
        reads
    }

    /// Waits until a part of the payments is recorded.
    async fn paid(&self, percent: usize) {
        let wanted = u64::try_from(self.payments.len() * percent / 100).unwrap();
        while self.paid.load(Ordering::Relaxed) < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn fold<P: Projection>(&self) -> AbortHandle {
        let folding = Subscriptions::on(&self.store).project_with::<P>(|options| options.partitions(2));
        tokio::spawn(async move { folding.run().await.unwrap() }).abort_handle()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_sees_a_wrong_balance_while_invoices_are_paid_and_the_version_changes() {
    let server = DevServer::shared().await.expect("a server for the tests");
    let store = MongoStore::connect(server.uri(), &fresh_database_name("meanwhile")).await.unwrap();
    let scene = Scene::new(store).await;
    let store = &scene.store;

    // Version 1 is that of the previous release.
    let old = Subscriptions::on(store).project_with::<OldCustomerBalance>(|options| options.partitions(2));
    old.catch_up().await.unwrap();
    let old = scene.fold::<OldCustomerBalance>();
    let operating = async {
        scene.paid(10).await;
        let new = scene.fold::<CustomerBalance>();
        let rebuild = store.rebuild::<CustomerBalance>();
        let mut watch = rebuild.watch();
        while !watch.next().await.is_ok_and(|progress| progress.is_built) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for percent in [30, 50, 70] {
            scene.paid(percent).await;
            let compared = rebuild.compare(Sample::All).await.unwrap();
            assert_eq!(compared.differences(), []);
            rebuild.switch(compared).await.unwrap();
            if percent < 70 {
                scene.paid(percent + 10).await;
                rebuild.switch_back().await.unwrap();
            }
        }
        new
    };
    let writing = async {
        scene.pay().await;
        scene.paid(100).await;
    };
    let writing_and_operating = async {
        let ((), new) = tokio::join!(writing, operating);
        scene.is_over.store(true, Ordering::Relaxed);
        new
    };
    let (new, reads) = tokio::join!(writing_and_operating, scene.read_all_the_time());
    assert!(reads > 0);

    // Everything is paid, and the rows are those of the log.
    let end = store.frontier().await.unwrap();
    for customer in scene.customers() {
        let row = scene.read(&customer, end).await.expect("version 2 is live");
        let known = scene.known(&customer);
        assert_eq!(scene.check(&customer, known.paid, &row), known.invoiced);
    }
    let compared = store.rebuild::<CustomerBalance>().compare(Sample::All).await.unwrap();
    assert_eq!((compared.differences(), compared.keys()), (&[][..], scene.customers().len() as u64));
    println!("{} invoices of {} customers were paid, {reads} reads", scene.payments.len(), compared.keys());
    old.abort();
    new.abort();
}
