//! The demo, with a server and without.

use crate::common::{Answer, Program, bare, json_lines};

#[test]
fn it_runs_in_memory_without_a_server() {
    let answer = Answer::from(bare(&["--memory"]).output().unwrap());
    assert!(answer.success, "{}", answer.errors);
    assert!(answer.output.contains("1 payment is recorded"), "{}", answer.output);
    assert!(answer.output.contains("conflict on Invoice `invoice_123`: expected version 1"), "{}", answer.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_repeatedly_on_a_server() {
    let program = Program::new("demo").await;
    for _ in 0..2 {
        let answer = program.run(&["demo"]);
        assert!(answer.success, "{}", answer.errors);
        for expected in [
            "1 payment is recorded",
            "same as before: true",
            "sound: ",
            "old_1 from its events, old_3 not found",
            "account of cust_456: 1,500.00 EUR paid",
            "the events of 2022:",
        ] {
            assert!(answer.output.contains(expected), "{expected} is missing in:\n{}", answer.output);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_json_every_line_is_a_document() {
    let answer = Program::new("demo_json").await.run(&["--json"]);
    assert!(answer.success, "{}", answer.errors);
    let steps = json_lines(&answer.output).iter().filter(|line| line.get("step").is_some()).count();
    assert_eq!(steps, 19);
}
