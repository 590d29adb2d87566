//! The mistakes that the macros refuse, each with its messages in a committed file, and the code
//! that they accept.
//!
//! One rule per file. `cargo xtask bless` writes the messages again; review the difference.

use std::fs;
use std::path::Path;

#[test]
fn every_mistake_is_explained_at_its_place() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*/*.rs");
}

/// Whole programs with one mistake each, which must not cause a second error elsewhere. If the
/// compiler forces one, a comment in the file explains it.
#[test]
fn a_mistake_in_a_program_is_explained_once() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/programs/*/*.rs");
}

#[test]
fn a_program_with_more_than_one_error_explains_why() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/programs");
    let mut count = 0;
    for kind in fs::read_dir(programs).unwrap() {
        for file in fs::read_dir(kind.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let messages = fs::read_to_string(path.with_extension("stderr")).unwrap();
                let errors = messages.lines().filter(|line| line.starts_with("error")).count();
                let explains_why = fs::read_to_string(&path).unwrap().starts_with("//");
                assert!(errors == 1 || errors > 1 && explains_why, "{} has {errors} errors", path.display());
                count += 1;
            }
        }
    }
    assert!(count >= 60, "{count} programs");
}

#[test]
fn every_valid_form_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
}
