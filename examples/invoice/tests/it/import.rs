//! What is imported, what is refused, and the figures afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::common::{Program, sample};
use serde_json::{Value, json};

fn figures(program: &Program) -> Value {
    let stats = program.data(&["stats"]);
    let [stats] = &stats[..] else { panic!("{stats:?}") };
    json!([stats["invoices"], stats["total"], stats["disputed"], stats["paidLate"], stats["store"]["events"]])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_repeated_changes_nothing() {
    let program = Program::new("import").await;
    let sample = sample();
    let import = || program.data(&["import", sample.to_str().unwrap()]).remove(0);
    assert_eq!(import(), json!({ "lines": 8, "imported": 8, "continued": 0, "already": 0, "failed": [] }));
    assert_eq!(figures(&program), json!([8, "13464.22", 3, 4, 19]));
    assert_eq!(import(), json!({ "lines": 8, "imported": 0, "continued": 0, "already": 8, "failed": [] }));
    assert_eq!(figures(&program), json!([8, "13464.22", 3, 4, 19]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monthly_import_brings_what_is_new_with_its_own_times() {
    let program = Program::new("monthly").await;
    let all = fs::read_to_string(sample()).unwrap();
    let lines: Vec<&str> = all.lines().collect();
    let folder = tempfile::tempdir().unwrap();
    let import = |name: &str, lines: &[&str]| {
        let file = folder.path().join(name);
        fs::write(&file, lines.join("\r\n")).unwrap();
        program.data(&["import", file.to_str().unwrap()]).remove(0)
    };
    // In the first month invoice 2024-0003 is open.
    let open = lines[3].replace("2/20/2024", "");
    assert!(open.contains("2024-0003") && open != lines[3], "{open}");
    let first_month = [lines[0], lines[1], lines[2], &open];
    assert_eq!(
        import("first.csv", &first_month),
        json!({ "lines": 3, "imported": 3, "continued": 0, "already": 0, "failed": [] })
    );
    let history = || -> Vec<Value> {
        let events = program.data(&["history", "2024-0003"]);
        events.iter().map(|event| json!([event["eventType"], event["timestamp"]])).collect()
    };
    assert_eq!(history(), [json!(["InvoiceCreated", "2024-01-10T00:00:00Z"])]);
    assert_eq!(
        import("second.csv", &lines),
        json!({ "lines": 8, "imported": 5, "continued": 1, "already": 2, "failed": [] })
    );
    assert_eq!(
        history(),
        [
            json!(["InvoiceCreated", "2024-01-10T00:00:00Z"]),
            json!(["InvoiceDisputed", "2024-01-30T00:00:00Z"]),
            json!(["InvoicePaid", "2024-02-20T00:00:00Z"]),
        ]
    );
    assert_eq!(figures(&program), json!([8, "13464.22", 3, 4, 19]));
    assert_eq!(
        import("second.csv", &lines),
        json!({ "lines": 8, "imported": 0, "continued": 0, "already": 8, "failed": [] })
    );
    // The file of the first month contains nothing new.
    assert_eq!(import("first.csv", &first_month)["already"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_changes_no_figure_and_no_answer() {
    let program = Program::new("archive").await;
    program.data(&["import", sample().to_str().unwrap()]);
    let questions: [&[&str]; 6] = [
        &["show", "2024-0003"],
        &["show", "2024-0003", "--at-version", "1"],
        &["show", "2024-0003", "--as-of", "2024-01-31"],
        &["history", "2024-0003"],
        &["trace", "invoice-2024-0003"],
        &["by-user", "B-200"],
    ];
    let ask = || questions.map(|question| program.data(question));
    let before = (ask(), figures(&program));
    let archived = program.data(&["archive", "--older-than-days", "365"]).remove(0);
    assert_eq!((&archived["moved"], &archived["kept"]), (&json!(18), &json!(1)), "{archived}");
    assert_eq!((ask(), figures(&program)), before);
    assert_eq!(program.data(&["verify"])[0]["sound"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_caused_by_the_invoice_and_belongs_to_its_correlation() {
    let program = Program::new("cause").await;
    program.data(&["import", sample().to_str().unwrap()]);
    let flow: Vec<Value> = program
        .data(&["trace", "invoice-2024-0003"])
        .iter()
        .map(|event| json!([event["depth"], event["eventType"], event["timestamp"], event["metadata"]["userId"]]))
        .collect();
    assert_eq!(
        flow,
        [
            json!([0, "InvoiceCreated", "2024-01-10T00:00:00Z", "billing"]),
            json!([1, "InvoiceDisputed", "2024-01-30T00:00:00Z", "B-200"]),
            json!([1, "InvoicePaid", "2024-02-20T00:00:00Z", "B-200"]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_cannot_be_read_are_named_and_the_others_imported() {
    let program = Program::new("bad_lines").await;
    let good = fs::read_to_string(sample()).unwrap();
    let bad = [
        "FR,A-100,4/1/2021,2024-0101,1/32/2024,2/4/2024,10.00,No,1/25/2024,Paper,20,0",
        "FR,A-100,4/1/2021,2024-0102,1/5/2024,2/4/2024,10.0.0,No,1/25/2024,Paper,20,0",
        "FR,A-100,4/1/2021,2024-0103,1/5/2024",
        "FR,A-100,4/1/2021,2024-0001,1/5/2024,2/4/2024,1250.00,No,1/25/2024,Paper,20,0",
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.csv");
    fs::write(&file, format!("{good}{}\r\n", bad.join("\r\n"))).unwrap();

    let answer = program.run(&["import", file.to_str().unwrap()]);
    assert!(!answer.success);
    let reasons: Vec<_> = answer.errors.lines().filter_map(|line| line.split_once("bad.csv, ")).collect();
    let reasons: Vec<_> = reasons.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(
        reasons,
        [
            "line 10: InvoiceDate: `1/32/2024` is not a date such as 1/31/2013",
            "line 11: InvoiceAmount: `10.0.0` is not an amount with at most two decimals, such as 1500.00",
            "line 12: it has 5 columns, but the header has 12",
            "line 13: invoice 2024-0001 is already on line 2",
        ]
    );
    assert_eq!(figures(&program), json!([8, "13464.22", 3, 4, 19]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_different_kind_is_refused_as_a_whole() {
    let program = Program::new("bad_file").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.csv");
    fs::write(&file, "name,age\r\nann,7\r\n").unwrap();
    for (file, reason) in [
        (file.as_path(), "line 1: the column `countryCode` is missing"),
        (folder.path(), "it is a directory"),
        (&folder.path().join("none.csv"), "cannot read"),
    ] {
        let answer = program.run(&["import", file.to_str().unwrap()]);
        assert!(!answer.success && answer.output.is_empty(), "{answer:?}");
        assert!(answer.errors.starts_with("error: ") && answer.errors.contains(reason), "{}", answer.errors);
        assert_eq!(answer.errors.lines().count(), 1, "{}", answer.errors);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_invoice_with_a_different_past_is_reported() {
    let program = Program::new("other_past").await;
    program.data(&["create", "2024-0003", "--customer", "B-200", "--amount", "89.90"]);
    let answer = program.run(&["import", sample().to_str().unwrap()]);
    assert!(!answer.success);
    assert!(
        answer.errors.contains("line 4: the past of Invoice `2024-0003` differs from the import: event 1 happened at "),
        "{}",
        answer.errors
    );
    assert_eq!(figures(&program)[0], 8);
}

/// The sum of the amounts of each customer in a file, as text.
fn sums(file: &Path) -> BTreeMap<String, String> {
    let mut cents: BTreeMap<String, u64> = BTreeMap::new();
    for line in fs::read_to_string(file).expect("a file").lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        *cents.entry(columns[1].to_owned()).or_default() += columns[6].replace('.', "").parse::<u64>().expect("cents");
    }
    cents.into_iter().map(|(customer, sum)| (customer, format!("{}.{:02}", sum / 100, sum % 100))).collect()
}

/// The field of each customer.
fn by_customer(balances: &[Value], field: &str) -> BTreeMap<String, String> {
    let text = |line: &Value, field: &str| line[field].as_str().expect(field).to_owned();
    balances.iter().map(|line| (text(line, "customer"), text(line, field))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_balances_after_an_import_are_the_sums_of_the_file() {
    let program = Program::new("import_balances").await;
    let sample = sample();
    let imported = program.data(&["import", sample.to_str().unwrap()]);
    let [_, balances] = &imported[..] else { panic!("{imported:?}") };
    let largest = balances["largest"].as_array().unwrap();
    assert_eq!(balances["customers"], 5);
    assert_eq!(by_customer(largest, "invoiced"), sums(&sample));
    assert_eq!(by_customer(largest, "paid"), sums(&sample));
    assert!(largest.iter().all(|line| line["open"] == "0.00" && line["earliestDue"].is_null()), "{balances}");
    let total = &balances["totals"][0];
    assert_eq!(
        json!([total["currency"], total["invoices"], total["invoiced"], total["paid"], total["open"]]),
        json!(["USD", 8, "13464.22", "13464.22", "0.00"])
    );
    assert_eq!(by_customer(&program.data(&["balances"]), "paid"), sums(&sample));

    // A second import shows the same.
    assert_eq!(program.data(&["import", sample.to_str().unwrap()])[1], *balances);
    let text = program.run(&["import", sample.to_str().unwrap()]).output;
    assert!(text.contains("The largest balances of 5 customers"), "{text}");
    assert!(text.lines().last().unwrap().trim().starts_with("all "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_shows_ten_of_many_customers_those_that_owe_most_first() {
    let program = Program::new("import_largest").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("open.csv");
    let header = fs::read_to_string(sample()).unwrap().lines().next().unwrap().to_owned();
    // Two invoices of each customer, of which one is open.
    let lines = (10..40).map(|number| {
        let (customer, settled) = (10 + (number - 10) / 2, if number % 2 == 0 { "" } else { "1/25/2024" });
        format!("FR,C-{customer},4/1/2021,{number},1/5/2024,3/{}/2024,{number}.50,No,{settled},Paper,,", number - 9)
    });
    fs::write(&file, [header].into_iter().chain(lines).collect::<Vec<_>>().join("\n")).unwrap();
    let imported = program.data(&["import", file.to_str().unwrap()]);
    let balances = &imported[1];
    assert_eq!(balances["customers"], 15, "{imported:?}");
    let largest = balances["largest"].as_array().unwrap();
    let open: Vec<_> = largest.iter().map(|line| line["open"].as_str().unwrap()).collect();
    assert_eq!(open, ["38.50", "36.50", "34.50", "32.50", "30.50", "28.50", "26.50", "24.50", "22.50", "20.50"]);
    assert_eq!(largest[0]["earliestDue"], "2024-03-29");
    assert_eq!(by_customer(&program.data(&["balances"]), "invoiced"), sums(&file));
    let total = &balances["totals"][0];
    assert_eq!(json!([total["open"], total["paid"]]), json!(["367.50", "382.50"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_invoice_that_is_paid_is_not_owed() {
    let program = Program::new("owed_import").await;
    program.data(&["create", "inv-1", "--customer", "A-100", "--amount", "12"]);
    program.data(&["import", sample().to_str().unwrap()]);
    // Every invoice of the file is paid.
    let owed: Vec<_> = program.data(&["owed"]).iter().map(|row| row["invoice"].clone()).collect();
    assert_eq!(owed, ["inv-1"]);
}
