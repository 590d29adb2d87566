//! A crate without any prelude, in which names do not have their usual meaning, and in which every
//! warning is an error.
#![no_implicit_prelude]
#![deny(missing_docs, warnings, unused_qualifications, non_local_definitions)]
#![allow(dead_code, non_camel_case_types, reason = "the names here are hostile, and nothing uses them")]

::std::include!("hostile.rs");

fn main() {
    use ::std::{assert_eq, println};
    ::es_core::testing::given::<Account>((
        Opened { owner_name: ::std::convert::From::from("Ada") },
        Moved(::std::string::String::new(), 3),
        Closed::InPerson,
    ))
    .then_state(|account| assert_eq!((account.owner_name.as_str(), account.moves), ("Ada", 3)));
    assert_eq!(<AccountEvent as ::es_core::store::EventSet>::EVENTS.len(), 3);
    println!("no_implicit_prelude: the macros use no names of the caller");
}
