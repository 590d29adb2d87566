//! Counts the instructions that decode and fold one event: generated code, for a struct per event
//! and for an enum of events, against a hand-written `match`.
//!
//! With `MAX_RATIO=1.05`, a higher ratio is a failure.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::process::{Failure, Outcome, installed, not_started, run};
use crate::tools;

/// The numbers of events in a short and in a long run. The difference of the counts excludes the
/// start of the program.
const FEW: u32 = 2000;
const MANY: u32 = 6000;

pub(crate) fn measure() -> Outcome {
    if !installed("valgrind") {
        return Err(Failure::new("valgrind is not installed, and it is needed to count instructions"));
    }
    let most = match env::var("MAX_RATIO") {
        Ok(ratio) => ratio.parse().map_err(|_| Failure::new(format!("MAX_RATIO=`{ratio}` is not a number")))?,
        Err(_) => f64::INFINITY,
    };
    let program = build()?;
    let mut worst: f64 = 0.0;
    for payload in ["bare", "bson"] {
        for count in ["2", "20", "200"] {
            for which in ["all", "first", "last"] {
                let hand = per_event(&program, [payload, count, "hand", which])?;
                let name = format!("dispatch.{payload}.{count}.{which}");
                println!("{name}.hand {:.1} instructions", hand.instructions);
                for side in ["derived", "own"] {
                    let generated = per_event(&program, [payload, count, side, which])?;
                    if generated.total != hand.total {
                        return Err(Failure::new("the programs fold different totals"));
                    }
                    let ratio = generated.instructions / hand.instructions;
                    worst = worst.max(ratio);
                    println!("{name}.{side} {:.1} instructions", generated.instructions);
                    println!("{name}.{side}.ratio {ratio:.3} times");
                }
            }
        }
    }
    println!("dispatch.worst.ratio {worst:.3} times");
    if worst > most {
        return Err(Failure::new(format!("the worst ratio is above {most}")));
    }
    Ok(())
}

fn build() -> Outcome<PathBuf> {
    let target = tools::target()?.join("dispatch");
    let folder = Path::new("benches/dispatch");
    fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
    run(Command::new("cargo")
        .args(["build", "--quiet", "--release"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("release/dispatch"))
}

struct Cost {
    instructions: f64,
    /// The total of the long run, to check that all programs do the same work.
    total: String,
}

fn per_event(program: &Path, arguments: [&str; 4]) -> Outcome<Cost> {
    let (few, _) = instructions(program, arguments, FEW)?;
    let (many, total) = instructions(program, arguments, MANY)?;
    Ok(Cost { instructions: (many - few) / f64::from(MANY - FEW), total })
}

fn instructions(program: &Path, arguments: [&str; 4], events: u32) -> Outcome<(f64, String)> {
    // Callgrind replaces the file. For root, it would replace `/dev/null` too.
    let mut profile = OsString::from("--callgrind-out-file=");
    profile.push(program.with_extension("callgrind"));
    let mut valgrind = Command::new("valgrind");
    valgrind
        .arg("--tool=callgrind")
        .arg(profile)
        .arg(program)
        .args(arguments)
        .arg(events.to_string())
        .stdin(Stdio::null());
    let output = valgrind.output().map_err(|error| not_started(&valgrind, &error))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match collected {
        Some(collected) if output.status.success() => {
            Ok((collected, String::from_utf8_lossy(&output.stdout).into_owned()))
        }
        _ => Err(Failure::new(format!("callgrind failed:\n{log}"))),
    }
}
