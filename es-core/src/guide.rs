//! Guides: one task each, from its beginning, with code that is compiled and run.
//!
//! Begin with [`first_aggregate`]. `es_mongo::guide` continues: a web service, observing a program,
//! tenants.

// Code that several steps of a guide need is in a separate file. Steps that need es-mongo are
// compiled in the package `tests`, because this crate cannot depend on es-mongo.

/// A code block with the content of a file, after the files that it continues.
macro_rules! code {
    ($file:literal $(, after $before:literal)*) => {
        code!("# fn main() {}\n", $file $(, $before)*)
    };
    (run $file:literal $(, after $before:literal)*) => {
        code!("", $file $(, $before)*)
    };
    ($end:literal, $file:literal $(, $before:literal)*) => {
        concat!(
            "```\n",
            $("# include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/docs/", $before, "\"));\n",)*
            include_str!(concat!("docs/", $file)),
            $end,
            "```\n"
        )
    };
}

#[doc = include_str!("docs/first_aggregate/1_events.md")]
#[doc = code!("first_aggregate/events.rs")]
#[doc = include_str!("docs/first_aggregate/2_aggregate.md")]
#[doc = code!("first_aggregate/aggregate.rs", after "first_aggregate/events.rs")]
#[doc = include_str!("docs/first_aggregate/3_decisions.md")]
#[doc = code!("first_aggregate/decisions.rs", after "first_aggregate/events.rs", after "first_aggregate/aggregate.rs")]
#[doc = include_str!("docs/first_aggregate/4_repository.md")]
#[cfg_attr(not(doctest), doc = include_str!("docs/first_aggregate/on_mongodb.md"))]
pub mod first_aggregate {}

#[doc = include_str!("docs/lifecycle/1_lists.md")]
#[doc = code!("lifecycle/account.rs")]
#[doc = include_str!("docs/lifecycle/2_steps.md")]
pub mod lifecycle {}

#[doc = include_str!("docs/testing/1_invoice.md")]
#[doc = code!("testing/invoice.rs")]
#[doc = include_str!("docs/testing/2_decisions.md")]
#[cfg_attr(not(doctest), doc = include_str!("docs/testing/on_a_server.md"))]
pub mod testing {}

#[doc = include_str!("docs/changing_events.md")]
pub mod changing_events {}

#[doc = include_str!("docs/coming_from_cqrs_es/1_events.md")]
#[doc = code!("coming_from_cqrs_es/events.rs")]
#[doc = include_str!("docs/coming_from_cqrs_es/2_aggregate.md")]
#[doc = code!("coming_from_cqrs_es/aggregate.rs", after "coming_from_cqrs_es/events.rs")]
#[doc = include_str!("docs/coming_from_cqrs_es/3_decisions.md")]
#[doc = code!("coming_from_cqrs_es/decisions.rs", after "coming_from_cqrs_es/events.rs", after "coming_from_cqrs_es/aggregate.rs")]
#[doc = include_str!("docs/coming_from_cqrs_es/4_services.md")]
#[doc = code!("coming_from_cqrs_es/services.rs", after "coming_from_cqrs_es/events.rs", after "coming_from_cqrs_es/aggregate.rs", after "coming_from_cqrs_es/decisions.rs")]
#[doc = include_str!("docs/coming_from_cqrs_es/5_tests.md")]
#[doc = code!(run "coming_from_cqrs_es/test.rs", after "coming_from_cqrs_es/events.rs", after "coming_from_cqrs_es/aggregate.rs", after "coming_from_cqrs_es/decisions.rs")]
#[doc = include_str!("docs/coming_from_cqrs_es/6_rows.md")]
#[doc = code!("coming_from_cqrs_es/rows.rs", after "coming_from_cqrs_es/events.rs")]
#[doc = include_str!("docs/coming_from_cqrs_es/7_import.md")]
#[doc = code!(run "coming_from_cqrs_es/import.rs", after "coming_from_cqrs_es/events.rs", after "coming_from_cqrs_es/aggregate.rs", after "coming_from_cqrs_es/rows.rs")]
#[doc = include_str!("docs/coming_from_cqrs_es/8_next.md")]
pub mod coming_from_cqrs_es {}

#[doc = include_str!("docs/read_models/1_projection.md")]
#[doc = code!("read_models/domain.rs")]
#[doc = include_str!("docs/read_models/2_declare.md")]
#[doc = code!("read_models/projection.rs", after "read_models/domain.rs")]
#[doc = include_str!("docs/read_models/3_test.md")]
#[doc = code!(run "read_models/test.rs", after "read_models/domain.rs", after "read_models/projection.rs")]
#[doc = include_str!("docs/read_models/4_run.md")]
#[doc = code!(run "read_models/run.rs", after "read_models/domain.rs", after "read_models/projection.rs")]
#[doc = include_str!("docs/read_models/5_rules.md")]
#[doc = include_str!("docs/read_models/6_indexes.md")]
#[doc = code!("read_models/indexes.rs", after "read_models/domain.rs")]
#[doc = include_str!("docs/read_models/7_unique.md")]
#[doc = include_str!("docs/read_models/8_several_rows.md")]
#[doc = code!("read_models/several_rows.rs", after "read_models/domain.rs")]
#[doc = include_str!("docs/read_models/8_several_read.md")]
#[doc = code!(run "read_models/several_rows_test.rs", after "read_models/domain.rs", after "read_models/several_rows.rs")]
#[doc = include_str!("docs/read_models/8_several_rules.md")]
#[doc = include_str!("docs/read_models/9_change.md")]
#[doc = code!("read_models/rebuild.rs", after "read_models/domain.rs", after "read_models/projection.rs")]
#[doc = include_str!("docs/read_models/10_live.md")]
#[doc = include_str!("docs/read_models/11_parked.md")]
#[doc = code!(run "read_models/parked.rs", after "read_models/domain.rs", after "read_models/projection.rs")]
pub mod read_models {}
