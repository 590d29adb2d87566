//! Finds unwanted phrases in documents, comments, strings and the names of tests. CONTRIBUTING.md
//! lists them.

mod list;
mod markdown;
mod rust;
mod script;
mod words;

use std::collections::BTreeMap;
use std::fs;

use crate::process::{Failure, Outcome, git, read};

/// A line of prose, with its line number in the file.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    number: usize,
    text: String,
}

/// Lines that belong together, so that a phrase may continue on the next line.
type Paragraph = Vec<Line>;

struct Finding {
    file: String,
    line: usize,
    phrase: String,
    write: &'static str,
}

/// Prints every phrase with its replacement, and fails if there is one.
pub(crate) fn check() -> Outcome {
    let findings = findings()?;
    for Finding { file, line, phrase, write } in &findings {
        println!("{file}:{line}: \"{phrase}\": write {write}");
    }
    print_counts(&findings);
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{} phrases to replace", findings.len())))
}

fn print_counts(findings: &[Finding]) {
    let mut counts = BTreeMap::new();
    for finding in findings {
        let part = finding.file.split_once('/').map_or("documents", |(part, _)| part);
        *counts.entry(part).or_insert(0) += 1;
    }
    for (part, count) in counts {
        println!("{part:<10} {count:>4}");
    }
    println!("{:<10} {:>4}", "all", findings.len());
}

fn findings() -> Outcome<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in read(git().args(["ls-files", "--cached", "--others", "--exclude-standard"]))?.lines() {
        if is_exempt(file) {
            continue;
        }
        // A deleted file that is not committed yet, or a binary file, has no prose.
        let Ok(text) = fs::read_to_string(file) else { continue };
        for paragraph in paragraphs(file, &text) {
            for found in words::search(&paragraph) {
                findings.push(Finding {
                    file: file.to_owned(),
                    line: found.line,
                    phrase: found.phrase,
                    write: found.write,
                });
            }
        }
    }
    Ok(findings)
}

/// Generated files, and the list with its tests.
fn is_exempt(file: &str) -> bool {
    file.starts_with("fuzz/corpus/") || file.starts_with("LICENSE") || file.starts_with("tests/xtask/src/prose")
}

fn paragraphs(file: &str, text: &str) -> Vec<Paragraph> {
    let lines: Paragraph = text.lines().zip(1..).map(|(text, number)| Line { number, text: text.to_owned() }).collect();
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => rust::paragraphs(&lines),
        Some("md") if file == "CHANGELOG.md" => markdown::paragraphs(unreleased(&lines)),
        Some("md") => markdown::paragraphs(&lines),
        Some("toml" | "yml" | "sh") => script::paragraphs(&lines),
        // The sources contain the context lines of a patch too, so only its header is checked.
        Some("patch") => {
            lines.into_iter().filter(|line| line.text.starts_with("bug: ")).map(|line| vec![line]).collect()
        }
        _ if text.starts_with("#!") => script::paragraphs(&lines),
        _ => Vec::new(),
    }
}

/// The part of a changelog above its second release. Released entries are not changed any more.
fn unreleased(lines: &[Line]) -> &[Line] {
    let mut releases = lines.iter().enumerate().filter(|(_, line)| line.text.starts_with("## "));
    &lines[..releases.nth(1).map_or(lines.len(), |(index, _)| index)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<(usize, String)> {
        let paragraphs = paragraphs(file, text);
        paragraphs
            .iter()
            .flat_map(|paragraph| words::search(paragraph))
            .map(|found| (found.line, found.phrase))
            .collect()
    }

    #[test]
    fn a_phrase_is_found_in_every_kind_of_file_and_across_lines() {
        let expected = [(2, "is no".to_owned())];
        assert_eq!(found("a.md", "The server\nis no\nreplica set.\n"), expected);
        assert_eq!(found("a.rs", "// The server\n// is\n// no replica set.\n"), expected);
        assert_eq!(found("a.rs", "fn f() {\n    g(\"the server is no replica set\");\n}\n"), expected);
        assert_eq!(found("a.rs", "#[test]\nfn the_server_is_no_replica_set() {}\n"), expected);
        assert_eq!(found("a.toml", "a = 1\n# This is no key.\n"), expected);
        assert_eq!(found("run", "#!/bin/sh\nfail \"this is no folder\"\n"), expected);
    }

    #[test]
    fn code_is_not_prose() {
        assert_eq!(found("a.md", "The flag `is no` and\n```rust\nlet is = no;\nis no\n```\n"), []);
        assert_eq!(found("a.rs", "fn f<T>() where T: Sized { is no }\n/// ```\n/// is no\n/// ```\nstruct S;\n"), []);
        assert_eq!(found("a.md", "```rust\n// It is no list.\n```\n"), [(2, "is no".to_owned())]);
    }

    #[test]
    fn a_string_ends_where_rust_ends_it() {
        assert_eq!(found("a.rs", "let a = ('\"', '\\'', \"\\\"\", r#\"\"\"#); is no"), []);
        assert_eq!(found("a.rs", "fn f<'a>(a: &'a str) { r#\"it \"is no\" list\"# }"), [(1, "is no".to_owned())]);
    }

    #[test]
    fn contributing_lists_what_is_found_and_suggests_what_is_not() {
        let phrases = |text: &str| words::search(&[Line { number: 1, text: text.replace('`', "") }]).len();
        let document = include_str!("../../../CONTRIBUTING.md");
        let table = document.lines().skip_while(|line| *line != "| not | but |").skip(2);
        let rows: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 10);
        for row in rows {
            let (wrong, right) = row.trim_matches('|').split_once('|').unwrap();
            let example = wrong.rsplit('`').nth(1).unwrap();
            assert!(phrases(example) > 0, "{example}");
            assert_eq!(phrases(right), 0, "{right}");
        }
    }

    #[test]
    fn released_changes_are_not_checked() {
        assert_eq!(found("CHANGELOG.md", "## Unreleased\n\nIt is no list.\n\n## 0.1.0\n\nIt is no list.\n").len(), 1);
    }
}
