//! Plants one bug at a time in a copy of the sources. The test that guards against the bug must
//! fail.
//!
//! Each patch in `tests/planted_bugs` begins with two lines: `bug:` describes the bug, and `guard:`
//! has the arguments of `cargo test` that must fail. The copy contains the committed sources. It is
//! in a folder that is kept, so that only changed files are rebuilt: `PLANTED_BUGS`, or
//! `target/planted_bugs` by default.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, io};

use crate::process::{Failure, Outcome, git, not_started, read, run};

const FOLDER: &str = "tests/planted_bugs";

/// Checks that every patch still applies, and that the guard of each names a test.
pub(crate) fn check(names: &[&str]) -> Outcome {
    let patches = Patch::named(names)?;
    for patch in &patches {
        read(Command::new("git").args(["apply", "--check", "-C1"]).arg(&patch.file)).map_err(|_| {
            Failure::new(format!("{}.patch does not apply any more: plant the bug in the current sources", patch.name))
        })?;
        if !patch.guard_exists()? {
            let guard = patch.guard.join(" ");
            let name = &patch.name;
            return Err(Failure::new(format!("{name}.patch has the guard `{guard}`, and there is no such test")));
        }
    }
    println!("{} planted bugs still apply, and their guards exist", patches.len());
    Ok(())
}

/// Plants each bug, and runs the test that guards against it.
pub(crate) fn plant(names: &[&str]) -> Outcome {
    let patches = Patch::named(names)?;
    let copy = Copy::new()?;
    let mut table = Vec::new();
    let mut missed = 0;
    for patch in &patches {
        let verdict = copy.try_out(patch)?;
        if !matches!(verdict, Verdict::Caught(_)) {
            missed += 1;
            print_end(&copy.log(patch))?;
        }
        let row = format!("| {} | {verdict} |", patch.name);
        println!("{row}");
        table.push(row);
    }
    println!("\n| bug | tests that failed |\n|---|---|\n{}", table.join("\n"));
    if missed > 0 {
        return Err(Failure::new(format!("{missed} of {} planted bugs were not caught", patches.len())));
    }
    println!("all {} planted bugs were caught", patches.len());
    Ok(())
}

struct Patch {
    name: String,
    file: PathBuf,
    /// The arguments of `cargo test` for the test that must fail.
    guard: Vec<String>,
}

impl Patch {
    /// The patches with these names, with or without `.patch`. If no name is given, all of them,
    /// sorted.
    fn named(names: &[&str]) -> Outcome<Vec<Self>> {
        if names.is_empty() {
            let mut all = Vec::new();
            for entry in fs::read_dir(FOLDER)? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "patch") {
                    all.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
                }
            }
            all.sort();
            return all.iter().map(|name| Self::read(name)).collect();
        }
        names.iter().map(|name| Self::read(name)).collect()
    }

    fn read(name: &str) -> Outcome<Self> {
        let name = name.strip_suffix(".patch").unwrap_or(name);
        let file = Path::new(FOLDER).join(format!("{name}.patch"));
        let text = fs::read_to_string(&file)
            .map_err(|error| Failure::new(format!("the planted bug {} cannot be read: {error}", file.display())))?;
        let guard = text
            .lines()
            .find_map(|line| line.strip_prefix("guard: "))
            .ok_or_else(|| Failure::new(format!("{} has no line that begins with `guard: `", file.display())))?;
        Ok(Self {
            name: name.to_owned(),
            file: file.canonicalize()?,
            guard: guard.split_whitespace().map(str::to_owned).collect(),
        })
    }

    /// Whether the test program exists, and somewhere the name in the filter: `cargo test` passes
    /// if a filter matches nothing.
    fn guard_exists(&self) -> Outcome<bool> {
        let after = |option| self.guard.iter().skip_while(|argument| *argument != option).nth(1);
        let Some(package) = after("-p").map(Path::new) else { return Ok(false) };
        let tests = package.join("tests");
        let has_program = match after("--test") {
            Some(program) => {
                tests.join(format!("{program}.rs")).is_file() || tests.join(program).join("main.rs").is_file()
            }
            None => self.guard.iter().any(|argument| argument == "--lib") && package.join("src/lib.rs").is_file(),
        };
        if !has_program {
            return Ok(false);
        }
        let name = self.guard.last().and_then(|filter| filter.rsplit("::").next()).unwrap_or_default();
        let mut search = git();
        search.args(["grep", "--quiet", "--fixed-strings", "-e", name, "--", "*.rs"]);
        Ok(search.status().map_err(|error| not_started(&search, &error))?.success())
    }
}

enum Verdict {
    Caught(BTreeSet<String>),
    NotCaught,
    /// The bug does not compile, so no test has caught it.
    DoesNotBuild,
    FailedWithoutTest,
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(tests) => f.write_str(&tests.iter().map(String::as_str).collect::<Vec<_>>().join(" ")),
            Self::NotCaught => f.write_str("NOT CAUGHT"),
            Self::DoesNotBuild => f.write_str("DOES NOT BUILD"),
            Self::FailedWithoutTest => f.write_str("FAILED WITHOUT A TEST"),
        }
    }
}

/// A copy of the committed sources.
struct Copy {
    folder: PathBuf,
    sources: PathBuf,
}

impl Copy {
    fn new() -> Outcome<Self> {
        let folder = env::var_os("PLANTED_BUGS").map_or_else(|| PathBuf::from("target/planted_bugs"), PathBuf::from);
        fs::create_dir_all(&folder)?;
        let folder = folder.canonicalize()?;
        let sources = folder.join("sources");
        match fs::remove_dir_all(&sources) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::create_dir(&sources)?,
        }
        let archive = folder.join("sources.tar");
        run(git().args(["archive", "--output"]).arg(&archive).arg("HEAD"))?;
        // `m` gives the files a new modification time, because an earlier run may have built the
        // copy with a bug.
        run(Command::new("tar").arg("-xmf").arg(&archive).arg("-C").arg(&sources))?;
        Ok(Self { folder, sources })
    }

    fn log(&self, patch: &Patch) -> PathBuf {
        self.folder.join(format!("{}.log", patch.name))
    }

    fn try_out(&self, patch: &Patch) -> Outcome<Verdict> {
        read(self.git().args(["apply", "-C1"]).arg(&patch.file))?;
        let verdict = if !self.test(patch, &["--no-run"])? {
            Verdict::DoesNotBuild
        } else if self.test(patch, &[])? {
            Verdict::NotCaught
        } else {
            let failed = failed_tests(&fs::read_to_string(self.log(patch))?);
            if failed.is_empty() { Verdict::FailedWithoutTest } else { Verdict::Caught(failed) }
        };
        read(self.git().args(["apply", "-R", "-C1"]).arg(&patch.file))?;
        Ok(verdict)
    }

    fn git(&self) -> Command {
        let mut git = Command::new("git");
        // Otherwise git would change the surrounding repository instead of the copy.
        git.current_dir(&self.sources).env("GIT_CEILING_DIRECTORIES", &self.folder);
        git
    }

    /// Whether the guard passes. Its output goes to the log.
    fn test(&self, patch: &Patch, options: &[&str]) -> Outcome<bool> {
        let log = File::create(self.log(patch))?;
        let mut cargo = Command::new("cargo");
        cargo
            .args(["test", "--locked", "--quiet"])
            .args(options)
            .args(&patch.guard)
            .current_dir(&self.sources)
            .env("GIT_CEILING_DIRECTORIES", &self.folder)
            .env("CARGO_TERM_COLOR", "never")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if env::var_os("CARGO_TARGET_DIR").is_none() {
            cargo.env("CARGO_TARGET_DIR", self.folder.join("target"));
        }
        Ok(cargo.status().map_err(|error| not_started(&cargo, &error))?.success())
    }
}

/// The names of the failed tests in the output of `cargo test`, verbose or quiet.
fn failed_tests(log: &str) -> BTreeSet<String> {
    let verbose = log.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    let quiet = log.lines().filter_map(|line| line.strip_prefix("    ")).filter(|name| {
        !name.is_empty()
            && name.chars().all(|char| char.is_ascii_lowercase() || matches!(char, ':' | '_'))
            && !name.ends_with(':')
    });
    verbose.chain(quiet).map(str::to_owned).collect()
}

fn print_end(log: &Path) -> io::Result<()> {
    let log = fs::read_to_string(log)?;
    let lines: Vec<&str> = log.lines().collect();
    for line in &lines[lines.len().saturating_sub(40)..] {
        eprintln!("{line}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_found_in_both_forms_of_output() {
        let log = "running 2 tests\ntest archive::moves_all ... FAILED\ntest archive::reads ... ok\n\nfailures:\n    reads::it_sorts\n    thread 'x' panicked\n    note:\n";
        assert_eq!(failed_tests(log).into_iter().collect::<Vec<_>>(), ["archive::moves_all", "reads::it_sorts"]);
    }
}
