//! All tasks of this repository. `cargo xtask` lists them.

mod api;
mod bench;
mod bless;
mod ci;
mod downstream;
mod features;
mod fuzz;
mod lint;
mod package;
mod planted_bugs;
mod process;
mod prose;
mod scratch;
mod step;
mod tools;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, io, thread};

use crate::process::{Failure, Outcome, run};

const USAGE: &str = "\
usage: cargo xtask <task> [arguments]

  ci                              everything that a change has to pass; `.ci/run` installs packages and calls it
  lint                            formatting, planted bugs, clippy, documentation, dependencies, spelling, prose
  test [arguments]                `cargo test --workspace`
  downstream [crate..]            run the projects in tests/downstream, which use the crates as any user does
  planted-bugs [--check] [name..] plant each bug in a copy of the sources: its test must fail. --check: does each apply?
  features                        check each feature of the published crates alone
  package                         build each published crate from its own tarball
  api [--check]                   write the public API to <crate>/api.txt, or compare it with the files
  prose                           list the phrases that CONTRIBUTING.md does not want
  bless                           write the expected compile errors and macro expansions again
  bench [name..]                  benchmarks of es-mongo: all, or the sections and parts named, such as append.128
  bench dispatch                  instructions per event, against a `match` by hand; needs valgrind
  bench compile-time              what the macros cost a build, against serde's derives
  bench compile-core              a cold build of es-core, against bson and serde
  faults [arguments]              a run with faults on three nodes, such as --seed 7 or --soak
  fuzz [seconds]                  fuzz all decoders at once, for ten minutes by default; needs nightly Rust
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((task, arguments)) = arguments.split_first() else {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    };
    match enter_root().map_err(Failure::from).and_then(|()| perform(task, arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(problem)) => {
            eprint!("{problem}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(failure) => {
            eprintln!("FAILED: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Every task runs in the root of the repository, whatever the current folder is.
fn enter_root() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    env::set_current_dir(root)
}

fn perform(task: &str, arguments: &[&str]) -> Outcome {
    match (task, arguments) {
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            Ok(())
        }
        ("ci", []) => ci::everything(),
        ("lint", []) => lint::everything(),
        ("test", arguments) => test(arguments),
        ("downstream", []) => downstream::all(),
        ("downstream", crates) => downstream::some(crates),
        ("planted-bugs", ["--check", names @ ..]) => planted_bugs::check(names),
        ("planted-bugs", names) => planted_bugs::plant(names),
        ("features", []) => features::each_alone(),
        ("package", []) => package::all(),
        ("api", []) => api::write(),
        ("api", ["--check"]) => api::check(),
        ("prose", []) => prose::check(),
        ("bless", []) => bless::everything(),
        ("bench", ["dispatch"]) => bench::dispatch::measure(),
        ("bench", ["compile-time"]) => bench::compile_time::macros(),
        ("bench", ["compile-core"]) => bench::compile_time::core(),
        ("bench", sections) => bench::store(sections),
        ("faults", arguments) => faults(arguments),
        ("fuzz", []) => fuzz::all(fuzz::DEFAULT_SECONDS),
        ("fuzz", [seconds]) => match seconds.parse() {
            Ok(seconds) => fuzz::all(seconds),
            Err(_) => Err(Failure::Usage(format!("`{seconds}` is not a number of seconds"))),
        },
        (task, arguments) => {
            Err(Failure::Usage(format!("unknown task or arguments: {}", [&[task], arguments].concat().join(" "))))
        }
    }
}

fn test(arguments: &[&str]) -> Outcome {
    let mut cargo = Command::new("cargo");
    if env::var_os("RUST_TEST_THREADS").is_none() {
        // Most tests wait for a server for most of their time.
        let threads = 2 * thread::available_parallelism()?.get();
        cargo.env("RUST_TEST_THREADS", threads.to_string());
    }
    run(cargo.args(["test", "--locked", "--workspace"]).args(arguments))
}

fn faults(arguments: &[&str]) -> Outcome {
    run(Command::new("cargo")
        .args(["run", "--locked", "--release", "-p", "tests", "--bin", "faults", "--"])
        .args(arguments))
}
