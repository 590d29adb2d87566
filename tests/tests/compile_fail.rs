//! What the macros refuse, with every message as a committed file, and what they accept.
//!
//! One rule a file. `cargo xtask bless` writes the messages again; read the difference.

#[test]
fn every_mistake_is_explained_where_it_is() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*/*.rs");
}

#[test]
fn every_legal_form_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
}
