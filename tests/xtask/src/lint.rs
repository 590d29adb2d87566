//! The checks that run no test.

use std::process::Command;

use crate::process::{Outcome, run};
use crate::step::step;
use crate::{api, downstream, planted_bugs, prose, tools};

pub(crate) fn everything() -> Outcome {
    step("formatting");
    formatting()?;
    step("planted bugs: do they still apply?");
    planted_bugs::check(&[])?;
    step("spelling");
    run(&mut tools::TYPOS.command()?)?;
    step("prose");
    prose::check()?;
    step("lints");
    run(Command::new("cargo").args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))?;
    step("dependencies: licences, bans, sources");
    run(tools::DENY.command()?.args(["--locked", "check", "licenses", "bans", "sources"]))?;
    step("documentation");
    run(Command::new("cargo")
        .args(["doc", "--locked", "--workspace", "--no-deps", "--all-features"])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    step("public API");
    api::check()
}

fn formatting() -> Outcome {
    run(Command::new("cargo").args(["fmt", "--all", "--check"]))?;
    for name in downstream::names()? {
        let manifest = downstream::manifest(&name);
        run(Command::new("cargo").args(["fmt", "--check", "--manifest-path"]).arg(manifest))?;
    }
    Ok(())
}
