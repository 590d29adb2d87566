//! `crate = ..` names the library for an id, and no name of the prelude is needed.

pub mod facade {
    pub use es_core as events;
}

mod shadowed {
    #![allow(dead_code, non_camel_case_types)]

    pub struct String;
    pub struct Result;
    pub struct Option;
    pub struct str;
    pub struct u64;
    pub trait Display {}
    pub trait FromStr {}
    pub trait IdFor {}
    pub mod std {}
    pub mod core {}

    #[derive(crate::facade::events::Id)]
    #[id(crate = crate::facade::events)]
    pub struct InvoiceId(pub ::core::primitive::u64);

    #[derive(crate::facade::events::Id)]
    #[id(transparent, crate = crate::facade::events)]
    pub struct CustomerId {
        pub number: ::core::primitive::u64,
    }
}

fn main() {
    use facade::events::{AggregateId, IdFor};
    assert_eq!(IdFor::<AggregateId>::to_stored(&shadowed::InvoiceId(7)).unwrap(), "7");
    assert_eq!(IdFor::<shadowed::CustomerId>::to_stored("7").unwrap(), "7");
    let _ = shadowed::CustomerId { number: 7 };
}
