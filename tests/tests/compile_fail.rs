//! The mistakes that the macros refuse, each with its messages in a committed file, and the code
//! that they accept.
//!
//! One rule per file. `cargo xtask bless` writes the messages again; review the difference.

#[test]
fn every_mistake_is_explained_at_its_place() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*/*.rs");
}

#[test]
fn every_valid_form_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
}
