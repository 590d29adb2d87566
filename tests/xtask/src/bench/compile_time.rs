//! The compile time of the macros and of es-core.
//!
//! `ROUNDS` builds of each kind alternate, five by default, and the medians are printed: of the
//! elapsed time and of the processor time. Other work on the machine distorts the elapsed time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use crate::process::{Failure, Outcome, read};
use crate::tools;

mod types;

/// Builds a crate of 200 events and 10 aggregates, and the same types with plain serde derives.
/// Both contain the same user code, `init` and `apply`. Only the crate itself is rebuilt, without
/// incremental compilation.
pub(crate) fn macros() -> Outcome {
    let rounds = rounds()?;
    let work = folder()?;
    generate(&work)?;
    for verb in ["check", "build"] {
        let mut costs = [Vec::new(), Vec::new()];
        for kind in types::Kind::BOTH {
            again(&work, verb, kind)?;
        }
        for _ in 0..rounds {
            for (kind, costs) in types::Kind::BOTH.into_iter().zip(&mut costs) {
                costs.push(again(&work, verb, kind)?);
            }
        }
        let [derived, plain] = costs.map(|costs| Cost::median(&costs));
        compare(&format!("compile.{verb}.wall"), derived.wall, plain.wall);
        compare(&format!("compile.{verb}.cpu"), derived.processors, plain.processors);
    }
    Ok(())
}

/// Builds es-core with its default features from cold. For comparison it also builds bson and
/// serde's derive, which every event store on BSON needs, in the same versions and with the same
/// low optimization.
pub(crate) fn core() -> Outcome {
    let rounds = rounds()?;
    let work = folder()?;
    let floor = work.join("floor");
    fs::create_dir_all(floor.join("src"))?;
    let workspace = fs::read_to_string("Cargo.toml")?;
    let bson = workspace
        .lines()
        .find(|line| line.starts_with("bson = "))
        .ok_or_else(|| Failure::new("Cargo.toml has no line for bson"))?;
    let dependencies =
        format!("serde = {{ version = \"1\", features = [\"derive\"] }}\n{bson}\n[profile.dev]\ndebug = false\n");
    fs::write(floor.join("Cargo.toml"), manifest("floor", &dependencies))?;
    fs::write(floor.join("src/lib.rs"), "")?;
    fs::copy("Cargo.lock", floor.join("Cargo.lock"))?;
    // Removes the unused packages from the lock file, and downloads the rest.
    read(Command::new("cargo").args(["fetch", "--quiet"]).current_dir(&floor))?;
    read(Command::new("cargo").args(["fetch", "--quiet", "--locked"]))?;

    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        costs[0].push(cold(&work, Path::new("."), &["-p", "es-core"])?);
        costs[1].push(cold(&work, &floor, &[])?);
    }
    for (name, costs) in ["core", "floor"].into_iter().zip(&costs) {
        let median = Cost::median(costs);
        println!("compile.{name}.wall {:.1} s", median.wall);
        println!("compile.{name}.cpu {:.1} s", median.processors);
    }
    println!("compile.core.dependencies {} crates", dependencies_of_core()?);
    Ok(())
}

/// The number of crates that es-core depends on, including those of its macros.
fn dependencies_of_core() -> Outcome<usize> {
    let tree = read(Command::new("cargo").args([
        "tree",
        "--locked",
        "-p",
        "es-core",
        "-e",
        "normal,build",
        "--prefix",
        "none",
    ]))?;
    let mut crates: Vec<&str> = tree.lines().map(|line| line.split_once(" (").map_or(line, |(name, _)| name)).collect();
    crates.sort_unstable();
    crates.dedup();
    Ok(crates.len() - 1)
}

fn generate(work: &Path) -> Outcome {
    let core = Path::new("es-core").canonicalize()?;
    for kind in types::Kind::BOTH {
        let folder = work.join(kind.name());
        fs::create_dir_all(folder.join("src"))?;
        let dependency = match kind {
            types::Kind::Derived => format!("es-core = {{ path = \"{}\" }}\n", core.display()),
            types::Kind::Plain => "serde = { version = \"1\", features = [\"derive\"] }\n".to_owned(),
        };
        fs::write(folder.join("Cargo.toml"), manifest(kind.name(), &dependency))?;
        fs::write(folder.join("src/lib.rs"), types::source(kind))?;
        // Uses the locked versions of the workspace, so that cargo does not look up newer ones.
        fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
    }
    Ok(())
}

fn manifest(name: &str, dependencies: &str) -> String {
    format!(
        "[workspace]\n[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n{dependencies}"
    )
}

#[derive(Clone, Copy)]
struct Cost {
    /// Elapsed seconds.
    wall: f64,
    /// Seconds of processor time.
    processors: f64,
}

impl Cost {
    fn of(command: &mut Command) -> Outcome<Self> {
        let (start, processors) = (Instant::now(), processor_seconds()?);
        read(command.env("CARGO_INCREMENTAL", "0").env("CARGO_TERM_COLOR", "never"))?;
        Ok(Self { wall: start.elapsed().as_secs_f64(), processors: processor_seconds()? - processors })
    }

    fn median(costs: &[Self]) -> Self {
        Self {
            wall: median(costs.iter().map(|cost| cost.wall)),
            processors: median(costs.iter().map(|cost| cost.processors)),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The processor time of all child processes that have ended, from the clock ticks that Linux
/// counts.
fn processor_seconds() -> Outcome<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let status = fs::read_to_string("/proc/self/stat")?;
    // The program name is in parentheses and may contain spaces. Fields 16 and 17 after it are the
    // times of child processes.
    let fields = status.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: Vec<f64> = fields.skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
    match ticks[..] {
        [user, system] => Ok((user + system) / TICKS_PER_SECOND),
        _ => Err(Failure::new("/proc/self/stat does not have the times of child processes")),
    }
}

fn again(work: &Path, verb: &str, kind: types::Kind) -> Outcome<Cost> {
    let folder = work.join(kind.name());
    // A newer file makes cargo build the crate again.
    fs::write(folder.join("src/lib.rs"), types::source(kind))?;
    Cost::of(
        Command::new("cargo")
            .args([verb, "--quiet", "--manifest-path"])
            .arg(folder.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", work.join("target")),
    )
}

fn cold(work: &Path, folder: &Path, arguments: &[&str]) -> Outcome<Cost> {
    let target = work.join("cold");
    let _ = fs::remove_dir_all(&target);
    let cost = Cost::of(
        Command::new("cargo")
            .args(["build", "--quiet", "--locked"])
            .args(arguments)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", &target),
    );
    fs::remove_dir_all(&target)?;
    cost
}

fn compare(name: &str, derived: f64, plain: f64) {
    println!("{name}.derived {:.0} ms", derived * 1000.0);
    println!("{name}.plain {:.0} ms", plain * 1000.0);
    println!("{name}.ratio {:.2} times", derived / plain);
}

fn folder() -> Outcome<PathBuf> {
    Ok(tools::target()?.join("compile_time"))
}

fn rounds() -> Outcome<usize> {
    match env::var("ROUNDS") {
        Ok(rounds) => match rounds.parse() {
            Ok(rounds) if rounds > 0 => Ok(rounds),
            _ => Err(Failure::new(format!("ROUNDS=`{rounds}` is not a number of rounds"))),
        },
        Err(_) => Ok(5),
    }
}
