//! The generated code compiles wherever a user may write it, and causes no warnings.
#![no_implicit_prelude]
#![deny(missing_docs, warnings, unused_qualifications, clippy::pedantic, non_local_definitions)]
#![allow(
    dead_code,
    non_camel_case_types,
    clippy::module_name_repetitions,
    reason = "the names here are hostile, and nothing uses them"
)]
::std::include!("../downstream/no_implicit_prelude/src/hostile.rs");

#[test]
fn the_generated_code_works_among_hostile_names() {
    use ::std::assert_eq;
    assert_eq!(<Account as ::es_core::Aggregate>::TYPE, "Account");
    assert_eq!(<AccountEvent as ::es_core::store::EventSet>::EVENTS.len(), 3);
    assert_eq!(<LampEvent as ::es_core::store::EventSet>::EVENTS.len(), 4);
    assert_eq!(<Lamp as ::es_core::Aggregate>::TYPE, "Lamp");
    assert_eq!(<FromMacro as ::es_core::Aggregate>::STATE_VERSION, 1);
    assert_eq!(<Brightness as ::es_core::projection::Projection>::NAME, "brightness");
    assert_eq!(<House as ::es_core::projection::Projection>::ROWS.len(), 2);
    assert_eq!(<Cart<::std::string::String> as ::es_core::Aggregate>::TYPE, "Cart");
}
