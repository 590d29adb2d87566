//! The crate without its default features.

/// Without the feature `derive` a program that imports a macro gets an error. The compiler names
/// the feature, unless a private module has the name of the macro: then it reports the module.
#[test]
fn no_module_has_the_name_of_a_macro() {
    let root = include_str!("../../src/lib.rs");
    let exported = root.split("pub use es_derive::").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
    let macros: Vec<_> = exported
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|name| !name.is_empty())
        .collect();
    assert!(macros.contains(&"event"), "{macros:?}");
    for name in macros {
        assert!(!root.lines().any(|line| line.ends_with(&format!("mod {name};"))), "the module `{name}`");
    }
}
