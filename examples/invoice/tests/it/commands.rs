//! What the commands record, print and refuse.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{Answer, Program, bare, json_lines, sample};
use serde_json::{Value, json};

async fn with_an_invoice(test: &str) -> Program {
    let program = Program::new(test).await;
    program.data(&["create", "inv-1", "--customer", "cust_1", "--amount", "1500.00", "--correlation", "corr_1"]);
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_of_two_concurrent_payments_is_recorded() {
    let program = with_an_invoice("pay").await;
    let pay = || program.command(&["pay", "inv-1"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let answers = [pay(), pay()].map(|child| Answer::from(child.wait_with_output().unwrap()));
    let lost: Vec<_> = answers.iter().filter(|answer| !answer.success).collect();
    let [lost] = &lost[..] else { panic!("{answers:?}") };
    assert!(lost.errors.contains("the invoice is already paid"), "{}", lost.errors);
    assert_eq!(program.data(&["by-type", "InvoicePaid"]).len(), 1);
    assert_eq!(program.data(&["show", "inv-1"])[0]["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_settled_by_a_credit() {
    let program = with_an_invoice("dispute").await;
    program.data(&["dispute", "inv-1", "--reason", "wrong hours", "--user", "cust_1"]);
    let refused = program.run(&["pay", "inv-1"]);
    assert!(!refused.success && refused.errors.contains("is disputed (wrong hours)"), "{}", refused.errors);
    program.data(&["credit", "inv-1", "--amount", "300.00"]);
    let refused = program.run(&["pay", "inv-1", "--amount", "1500.00"]);
    assert!(refused.errors.contains("the payment is 1,500.00, but 1,200.00 is owed"), "{}", refused.errors);
    program.data(&["pay", "inv-1", "--amount", "1200.00", "--method", "credit_card", "--payment", "pay_9"]);

    let state = program.data(&["show", "inv-1"]).remove(0);
    assert_eq!(state["state"]["status"]["paid"]["paymentMethod"], "credit_card");
    let flow = program.data(&["trace", "corr_1"]);
    let depths: Vec<_> = flow.iter().map(|event| &event["depth"]).collect();
    assert_eq!(depths, [0, 1, 2, 3]);
    assert_eq!(program.data(&["by-user", "cust_1"])[0]["eventType"], "InvoiceDisputed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_a_user_are_listed_page_by_page() {
    let program = with_an_invoice("pages").await;
    for id in ["inv-2", "inv-3"] {
        program.data(&["create", id, "--customer", "cust_1", "--amount", "1"]);
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let mut arguments = vec!["by-user", "clerk", "--limit", "2", "--json"];
        arguments.extend(after.iter().flat_map(|cursor: &String| ["--after", cursor]));
        let page = program.run(&arguments);
        assert!(page.success, "{page:?}");
        listed.extend(json_lines(&page.output));
        match page.errors.trim().strip_prefix("more events with: --after ") {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    let ids: Vec<&str> = listed.iter().map(|event| event["aggregateId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["inv-3", "inv-2", "inv-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_tables_and_exact_amounts() {
    let program = with_an_invoice("tables").await;
    let shown = program.run(&["show", "inv-1"]).output;
    assert!(shown.contains("Amount    1,500.00 EUR") && shown.contains("Status    pending"), "{shown}");
    let history = program.run(&["history", "inv-1"]).output;
    assert!(history.contains("InvoiceCreated") && history.contains("1,500.00 EUR owed by cust_1"), "{history}");
    let snapshot = program.run(&["snapshot", "inv-1"]);
    assert_eq!(snapshot.output, "snapshot of inv-1 at version 1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_one_line_and_an_exit_status() {
    let program = with_an_invoice("refused").await;
    for (arguments, reason) in [
        (&["show", "inv-2"][..], "does not exist"),
        (&["history", "inv-2"], "does not exist"),
        (&["trace", "corr_2"], "the correlation `corr_2` has no events"),
        (&["show", ""], "must not be empty"),
        (&["pay", "inv-2"], "does not exist"),
        (&["show", "inv-1", "--at-version", "2"], "has no version 2"),
        (&["show", "inv-1", "--at-version", "0"], "has no version 0"),
        (&["show", "inv-1", "--as-of", "2001-01-01"], "does not exist"),
        (&["create", "inv-1", "--customer", "c", "--amount", "1"], "already exists"),
        (&["create", "inv-3", "--customer", "c", "--amount", "0"], "needs a positive amount"),
        (&["create", "inv-3", "--customer", "", "--amount", "1"], "the customer is invalid: an id must not be empty"),
        (&["create", "inv-3", "--customer", "c", "--amount", "1", "--currency", "eur"], "`eur` is not a currency"),
        (&["by-type", "InvoicePayed"], "`InvoicePayed` is not the name of an event: Invoice has `InvoiceCreated`"),
        (&["migrate", "--from", "nothing"], "the collection `nothing`"),
        (&["stats", "--memory"], "need a server"),
    ] {
        let answer = program.run(arguments);
        assert!(!answer.success && answer.output.is_empty(), "{arguments:?}: {answer:?}");
        assert!(answer.errors.contains(reason), "{arguments:?}: {}", answer.errors);
        assert_eq!(answer.errors.lines().count(), 1, "{}", answer.errors);
    }
}

#[test]
fn a_missing_server_is_reported_soon_and_without_the_password() {
    let began = Instant::now();
    let uri = "mongodb://ann:hunter2@127.0.0.1:1/?replicaSet=rs0";
    let answer = Answer::from(bare(&["stats", "--uri", uri]).output().unwrap());
    assert!(!answer.success && answer.errors.starts_with("error: the store is unavailable"), "{}", answer.errors);
    assert!(!answer.errors.contains("hunter2"), "{}", answer.errors);
    assert!(began.elapsed() < Duration::from_secs(12));
}

#[test]
fn the_help_shows_no_password() {
    let help = Answer::from(bare(&["--help"]).env("MONGODB_URI", "mongodb://ann:hunter2@host").output().unwrap());
    assert!(help.success && help.output.contains("MONGODB_URI") && !help.output.contains("hunter2"), "{}", help.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_documents_are_migrated_once_and_an_invalid_one_is_named() {
    let program = Program::new("migrate").await;
    program.insert_old_documents().await;
    let migrate = || {
        let answer = program.run(&["migrate", "--json"]);
        (answer.success, json_lines(&answer.output).remove(0))
    };
    let (success, first) = migrate();
    assert!(!success);
    assert_eq!(json!([first["migrated"], first["already"], first["failed"]]), json!([2, 0, 1]));
    assert!(first["failures"][0].as_str().unwrap().contains("old_3"), "{first}");
    let (_, again) = migrate();
    assert_eq!(json!([again["migrated"], again["already"], again["failed"]]), json!([0, 2, 1]));
    assert_eq!(program.data(&["stats"])[0]["total"], "1599.10");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_owed_is_listed_by_due_date_and_customer() {
    let program = with_an_invoice("owed").await;
    program.data(&["create", "inv-2", "--customer", "cust_2", "--amount", "70", "--days-to-pay", "3"]);
    program.data(&["create", "inv-3", "--customer", "cust_1", "--amount", "90", "--days-to-pay", "5"]);
    let owed = |arguments: &[&str]| -> Vec<String> {
        let listed = program.data(&[&["owed"], arguments].concat());
        listed.iter().map(|row| format!("{} {}", row["invoice"], row["owed"]).replace('"', "")).collect()
    };
    assert_eq!(owed(&[]), ["inv-2 70.00", "inv-3 90.00", "inv-1 1500.00"]);
    program.data(&["credit", "inv-1", "--amount", "300.00"]);
    program.data(&["pay", "inv-3"]);
    assert_eq!(owed(&[]), ["inv-2 70.00", "inv-1 1200.00"]);
    assert_eq!(owed(&["--customer", "cust_1"]), ["inv-1 1200.00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_are_found_by_the_beginnings_of_words() {
    let program = with_an_invoice("search").await;
    let create = |id: &str, customer: &str, description: &str| {
        program.data(&["create", id, "--customer", customer, "--amount", "70", "--description", description]);
    };
    create("inv-2", "ann", "Éclairs and tea");
    create("inv-3", "ann", "teapots");
    create("inv-4", "bob", "tea (green)");
    let found = |words: &[&str]| fields(&program.data(&[&["search"], words].concat()), &["invoice", "customer"]);
    assert_eq!(found(&["tea"]), ["inv-2 ann", "inv-3 ann", "inv-4 bob"]);
    assert_eq!(found(&["TEA", "ann"]), ["inv-2 ann", "inv-3 ann"]);
    assert_eq!(found(&["écl"]), ["inv-2 ann"]);
    assert_eq!(found(&["tea", "--limit", "1"]), ["inv-2 ann"]);
    assert_eq!(found(&["$gt"]), Vec::<String>::new());
    assert_eq!(found(&["--limit", "2"]).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_are_listed_paused_and_reset() {
    let program = with_an_invoice("subscriptions").await;
    assert_eq!(program.data(&["subscriptions"]).len(), 0);
    program.data(&["owed"]);
    let listed = program.data(&["subscriptions"]);
    let listed = fields(&listed, &["partition", "state", "lag", "owner"]);
    assert!(listed.contains(&"open_invoice@1/0 live 0 null".to_owned()), "{listed:?}");

    let paused = program.run(&["subscriptions", "pause", "open_invoice@1"]);
    assert_eq!(paused.output, "open_invoice@1 is paused\n");
    assert!(!program.run(&["subscriptions"]).success, "a paused read model needs attention");
    let refused = program.run(&["owed"]);
    assert!(refused.errors.contains("open_invoice@1/0 is paused"), "{}", refused.errors);
    assert!(program.run(&["subscriptions", "resume", "open_invoice@1"]).success);
    assert_eq!(program.data(&["owed"]).len(), 1);

    assert!(program.run(&["subscriptions", "reset", "open_invoice@1"]).success);
    let reset = program.run(&["subscriptions"]);
    assert!(!reset.success && reset.output.contains("no process folds it"), "{}", reset.output);
    assert_eq!(program.data(&["owed"]).len(), 1);

    let unknown = program.run(&["subscriptions", "pause", "open_invoices@1"]);
    assert!(unknown.errors.contains("there are: customer_balance@2, "), "{}", unknown.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_of_a_read_model_is_built_compared_and_made_live() {
    let program = with_an_invoice("rebuild").await;
    assert_eq!(program.run(&["rebuild"]).output, "(none)\n");
    let versions = |arguments: &[&str]| {
        let listed = program.data(&[&["rebuild"], arguments].concat());
        let listed = fields(&listed, &["model", "state", "isBuilt"]);
        listed.into_iter().filter(|line| line.starts_with("customer_balance")).collect::<Vec<_>>()
    };
    program.data(&["rebuild", "build", "customer_balance@1"]);
    assert_eq!(versions(&[]), ["customer_balance@1 live true"]);
    let early = program.run(&["rebuild", "switch", "customer_balance@2"]);
    assert!(early.errors.contains("customer_balance@2 was never folded"), "{}", early.errors);

    // Payments are recorded while the new version is built.
    let paying = program.command(&["create", "inv-2", "--customer", "cust_2", "--amount", "70"]);
    let paying = { paying }.stdout(Stdio::null()).spawn().unwrap();
    let built = program.data(&["rebuild", "build", "customer_balance@2"]);
    assert!(built[0]["positions"].as_u64().unwrap() > 0, "{built:?}");
    assert!(paying.wait_with_output().unwrap().status.success());
    assert_eq!(versions(&[]), ["customer_balance@1 live true", "customer_balance@2 not live true"]);
    program.data(&["rebuild", "build", "customer_balance@2"]);
    let compared = program.data(&["rebuild", "compare", "customer_balance@2"]);
    assert_eq!(fields(&compared, &["keys", "differences"]), ["2 []"]);
    let live = ["customer_balance@1 live before true", "customer_balance@2 live true"];
    assert_eq!(versions(&["switch", "customer_balance@2"]), live);
    let kept = program.run(&["rebuild", "drop", "customer_balance@2"]);
    assert!(kept.errors.contains("customer_balance@2 is live, so it is not dropped"), "{}", kept.errors);

    program.data(&["rebuild", "build", "customer_balance@1"]);
    let back = ["customer_balance@1 live true", "customer_balance@2 live before true"];
    assert_eq!(versions(&["back", "customer_balance@2"]), back);
    assert_eq!(versions(&["switch", "customer_balance@2"]), live);
    assert!(program.run(&["rebuild", "drop", "customer_balance@1"]).success);
    assert_eq!(versions(&[]), ["customer_balance@2 live true"]);
    assert_eq!(program.data(&["balances"]).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_folded_is_listed_retried_and_skipped() {
    let program = with_an_invoice("dead_letters").await;
    assert_eq!(program.data(&["dead-letters"]).len(), 0);
    let position = program.dispute_unknown("inv-9").await;
    assert_eq!(program.data(&["owed"]).len(), 1, "the other invoices are listed");
    let expected = [format!("open_invoice@1 inv-9 {position} failed 1")];
    let parked = || fields(&program.data(&["dead-letters"]), &["readModel", "key", "position", "reason", "attempts"]);
    assert_eq!(parked(), expected);
    let table = program.run(&["dead-letters", "list"]).output;
    assert!(table.contains("Parked at") && table.contains("there is no row `inv-9`"), "{table}");
    let unhealthy = program.run(&["subscriptions"]);
    assert!(!unhealthy.success && unhealthy.output.contains("1 event is parked"), "{}", unhealthy.output);

    let again = program.run(&["dead-letters", "retry", "open_invoice@1", "inv-9"]);
    assert!(!again.success && again.output.contains("has failed again: "), "{}", again.output);
    assert_eq!(parked(), [format!("open_invoice@1 inv-9 {position} failed 2")]);
    let nothing = program.data(&["dead-letters", "retry", "open_invoice@1", "inv-1"]);
    assert_eq!(fields(&nothing, &["folded", "failedAt", "error"]), ["0 null null"]);
    let unknown = program.run(&["dead-letters", "retry", "open_invoices@1", "inv-9"]);
    assert!(unknown.errors.contains("does not fold open_invoices@1"), "{}", unknown.errors);

    let skip = |position: &str| {
        let why = "there is no such invoice";
        program.run(&["dead-letters", "skip", "open_invoice@1", position, "--who", "ann", "--why", why])
    };
    assert!(skip("99").errors.contains("position 99 of open_invoice@1"), "{}", skip("99").errors);
    let skipped = skip(&position).output;
    assert!(skipped.contains("Skipped at") && skipped.contains("there is no such invoice"), "{skipped}");
    assert_eq!(parked().len(), 0);
    let skipped = fields(&program.data(&["dead-letters", "skipped"]), &["readModel", "key", "position", "who", "why"]);
    assert_eq!(skipped, [format!("open_invoice@1 inv-9 {position} ann there is no such invoice")]);
    assert!(program.run(&["subscriptions"]).success);
}

/// The named fields of each line, separated by spaces.
fn fields(lines: &[Value], names: &[&str]) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = |line: &Value| names.iter().map(|name| text(&line[name])).collect::<Vec<_>>().join(" ");
    lines.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_balances_of_customers_are_listed_in_each_currency() {
    let program = with_an_invoice("balances").await;
    program.data(&["create", "inv-2", "--customer", "cust_2", "--amount", "70", "--currency", "USD"]);
    program.data(&["create", "inv-3", "--customer", "cust_2", "--amount", "90", "--days-to-pay", "5"]);
    program.data(&["create", "inv-4", "--customer", "cust_2", "--amount", "9", "--days-to-pay", "9"]);
    let balances = |arguments: &[&str]| {
        let listed = program.data(&[&["balances"], arguments].concat());
        fields(&listed, &["customer", "open", "currency", "openInvoices", "invoiced", "credited", "paid"])
    };
    let owed_due = |invoice: &str| {
        let owed = program.data(&["owed"]);
        owed.iter().find(|line| line["invoice"] == invoice).unwrap()["due"].clone()
    };
    assert_eq!(
        balances(&[]),
        [
            "cust_1 1500.00 EUR 1 1500.00 0.00 0.00",
            "cust_2 99.00 EUR 2 99.00 0.00 0.00",
            "cust_2 70.00 USD 1 70.00 0.00 0.00"
        ]
    );
    assert_eq!(program.data(&["balances", "--customer", "cust_2"])[0]["earliestDue"], owed_due("inv-3"));
    program.data(&["credit", "inv-1", "--amount", "1450.00"]);
    program.data(&["pay", "inv-3"]);
    assert_eq!(
        balances(&["--limit", "1"]),
        ["cust_2 9.00 EUR 1 99.00 0.00 90.00", "cust_2 70.00 USD 1 70.00 0.00 0.00"]
    );
    assert_eq!(balances(&["--customer", "cust_1"]), ["cust_1 50.00 EUR 1 1500.00 1450.00 0.00"]);
    assert_eq!(program.data(&["balances", "--customer", "cust_2"])[0]["earliestDue"], owed_due("inv-4"));
    program.data(&["pay", "inv-1"]);
    assert_eq!(fields(&program.data(&["balances", "--open"]), &["customer"]), ["cust_2", "cust_2"]);
    let table = program.run(&["balances"]).output;
    assert!(table.contains("1,450.00") && table.contains("Earliest due"), "{table}");
    assert_eq!(program.run(&["balances", "--customer", "cust_3"]).output, "(none)\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_an_older_version_is_posted_to_the_account_once() {
    let program = with_an_invoice("posted").await;
    program.pay_before_accounts("inv-1", "1500.00").await;
    // Several clerks may look at the same time.
    let clerks = [(); 3].map(|()| program.command(&["balances", "--json"]).stdout(Stdio::piped()).spawn().unwrap());
    for clerk in clerks {
        let answer = Answer::from(clerk.wait_with_output().unwrap());
        assert!(answer.success, "{answer:?}");
        let balances = json_lines(&answer.output);
        assert_eq!(fields(&balances, &["customer", "open", "paid"]), ["cust_1 0.00 1500.00"]);
    }
    let history = program.data(&["history", "inv-1"]);
    assert_eq!(
        fields(&history, &["sequenceNumber", "eventType"]),
        ["1 InvoiceCreated", "2 InvoicePaid", "3 AccountPosted"]
    );
    assert_eq!(history[2]["metadata"]["causationId"], history[1]["id"]);
    let table = program.run(&["history", "inv-1"]).output;
    assert!(table.contains("account of cust_1: 1,500.00 EUR paid 2024-01-20"), "{table}");
    assert_eq!(program.data(&["verify"])[0]["sound"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statement_has_a_line_for_each_month_and_year() {
    let program = Program::new("statement").await;
    program.data(&["import", sample().to_str().unwrap()]);
    let statement = |arguments: &[&str]| {
        let listed = program.data(&[&["statement"], arguments].concat());
        fields(&listed, &["period", "currency", "invoices", "invoiced", "payments", "paid"])
    };
    let all = [
        "2023-11 USD 1 64.00 0 0.00",
        "2023-12 USD 1 10432.17 1 64.00",
        "2023 USD 2 10496.17 1 64.00",
        "2024-01 USD 2 1339.90 2 11682.17",
        "2024-02 USD 2 1250.05 1 89.90",
        "2024-03 USD 2 378.10 2 1327.70",
        "2024-04 USD 0 0.00 1 0.05",
        "2024-05 USD 0 0.00 1 300.40",
        "2024 USD 6 2968.05 7 13400.22",
    ];
    assert_eq!(statement(&[]), all);
    program.data(&["create", "inv-1", "--customer", "A-100", "--amount", "90", "--currency", "EUR"]);
    program.data(&["credit", "inv-1", "--amount", "30"]);
    let this_year = program.data(&["history", "inv-1"])[0]["timestamp"].as_str().unwrap()[..4].to_owned();
    let credited = program.data(&["statement", &this_year, "--currency", "EUR"]).pop().unwrap();
    assert_eq!(fields(&[credited], &["period", "invoiced", "credited"]), [format!("{this_year} 90.00 30.00")]);
    assert_eq!(statement(&["2023"]), all[..3]);
    assert_eq!(statement(&["2024-02"]), all[4..5]);
    assert_eq!(statement(&["2024-02", "--currency", "EUR"]), [""; 0]);
    let lines = program.data(&["statement", "2023", "--events"]);
    let lines = fields(&lines, &["date", "customer", "change", "amount", "currency"]);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].ends_with("invoiced 64.00 USD") && lines[0].starts_with("2023-11"), "{lines:?}");
    let paid = lines.iter().filter(|line| line.contains(" paid 64.00 USD")).count();
    assert_eq!((paid, program.data(&["statement", "2023", "--events", "--limit", "2"]).len()), (1, 2));
    assert_eq!(program.data(&["statement", "2024-02", "--events"]).len(), 3);
    assert!(program.run(&["statement", "2023", "--events"]).output.contains("Customer"));
    let table = program.run(&["statement", "2024-01"]).output;
    assert!(table.contains("11,682.17"), "{table}");
    let refused = program.run(&["statement", "2024-1"]);
    assert!(!refused.success && refused.errors.contains("a period is a month such as 2013-05"), "{refused:?}");
}
