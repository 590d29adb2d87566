//! The server that the program starts if no server is configured.

use std::path::Path;
use std::process::{Child, Stdio};

use crate::common::{Answer, bare, json_lines};

fn start(arguments: &[&str], data: &Path) -> Child {
    let mut command = bare(arguments);
    command.env("INVOICE_DATA", data).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

fn end(child: Child) -> Answer {
    Answer::from(child.wait_with_output().expect("the program ends"))
}

#[test]
fn it_keeps_its_data_and_serves_several_processes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let created = end(start(&["create", "inv-1", "--customer", "c", "--amount", "10"], folder.path()));
    assert!(created.success, "{}", created.errors);

    let answers = [(); 3].map(|()| start(&["pay", "inv-1"], folder.path())).map(end);
    assert_eq!(answers.iter().filter(|answer| answer.success).count(), 1, "{answers:?}");
    for lost in answers.iter().filter(|answer| !answer.success) {
        assert!(lost.errors.contains("the invoice is already paid"), "{}", lost.errors);
    }

    let history = end(start(&["history", "inv-1", "--json"], folder.path()));
    assert_eq!(json_lines(&history.output).len(), 2, "{history:?}");
}
