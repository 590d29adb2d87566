//! All checks that a change must pass.

use std::path::Path;
use std::process::Command;

use crate::process::{Failure, Outcome, run, tee};
use crate::scratch::Scratch;
use crate::step::step;
use crate::{downstream, features, lint, package};

/// Real invoices. They are not part of the repository; on a clone without them the step is skipped.
const REAL_DATA: &str = "../shared/data/accounts_receivable.csv";

/// The totals of the real data, computed from the source and not by this program.
const REAL_TOTALS: [&str; 4] = ["2,466", "147,703.18", "561", "877"];

/// The number of customers in the real data, the largest sum of one of them, and the sum of all.
const REAL_BALANCES: [&str; 3] = ["100 customers", "2,646.81", "147,703.18"];

pub(crate) fn everything() -> Outcome {
    lint::everything()?;
    step("each feature alone");
    features::each_alone()?;
    step("packages");
    package::all()?;
    step("tests");
    crate::test(&[])?;
    step("projects outside the workspace");
    downstream::all()?;

    // The example keeps its data, so it runs in a scratch folder and not in the user's.
    let scratch = Scratch::new()?;
    let example = Example { data: scratch.path() };
    step("the example, on its own MongoDB");
    run(&mut example.command(&[]))?;
    step("the example, in memory");
    run(&mut example.command(&["--memory", "demo"]))?;
    if Path::new(REAL_DATA).is_file() {
        step("the real data: imported twice, verified, archived, verified again");
        example.import(REAL_DATA)?;
        step("the real data: read while it is paid and a read model is rebuilt");
        let data =
            Path::new(REAL_DATA).canonicalize().map_err(|error| Failure::new(format!("{REAL_DATA}: {error}")))?;
        let mut test = Command::new("cargo");
        test.args(["test", "--locked", "-p", "invoice", "--bin", "invoice", "--", "rebuild::meanwhile", "--nocapture"]);
        run(test.env("INVOICE_FILE", data))?;
    } else {
        step("the real data is missing; skipped");
    }
    step("all passed");
    Ok(())
}

struct Example<'a> {
    data: &'a Path,
}

impl Example<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(["run", "--quiet", "--locked", "-p", "invoice", "--"]).args(arguments);
        command.env("INVOICE_DATA", self.data.join("invoice"));
        command
    }

    fn import(&self, file: &str) -> Outcome {
        let invoice = |arguments: &[&str]| self.command(&[&["--database", "ci_import"], arguments].concat());
        run(&mut invoice(&["import", file]))?;
        let imported = tee(&mut invoice(&["import", file]))?;
        if let Some(missing) = REAL_BALANCES.iter().find(|total| !imported.contains(**total)) {
            return Err(Failure::new(format!("{missing} is missing from the balances of the customers")));
        }
        let before = tee(&mut invoice(&["stats"]))?;
        if let Some(missing) = REAL_TOTALS.iter().find(|total| !before.contains(**total)) {
            return Err(Failure::new(format!("the total {missing} is missing from the statistics")));
        }
        run(&mut invoice(&["verify"]))?;
        run(&mut invoice(&["archive", "--older-than-days", "365"]))?;
        let after = tee(&mut invoice(&["stats"]))?;
        if totals(&before) != totals(&after) {
            return Err(Failure::new("the archive changed the totals"));
        }
        run(&mut invoice(&["verify"]))
    }
}

/// The part of the statistics above the first empty line. The part below lists the events per
/// collection, which the archive changes.
fn totals(statistics: &str) -> Vec<&str> {
    statistics.lines().take_while(|line| !line.is_empty()).collect()
}
