//! Types whose shape is hard to determine.

mod combinations;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::collect::encode;
use super::trace::{Traced, trace};
use crate::Timestamp;

fn traced<T: Serialize + DeserializeOwned>() -> Traced {
    trace::<T>(&[], encode).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn assert_shape<T: Serialize + DeserializeOwned>(expected: &str) {
    let found = traced::<T>();
    let shape: String = found.shape.to_nodes().iter().map(ToString::to_string).collect();
    assert_eq!(shape.trim_end(), expected.trim_end());
    for sample in &found.samples {
        let raw = bson::serialize_to_raw_document_buf(sample).unwrap();
        bson::deserialize_from_slice::<T>(raw.as_bytes()).map(drop).unwrap();
    }
}

#[derive(Serialize, Deserialize, Debug)]
struct One<T> {
    it: T,
}

#[test]
fn numbers_texts_and_bytes() {
    assert_shape::<One<NonZeroU32>>("it: u32");
    assert_shape::<One<Duration>>("it: document\n  secs: u64\n  nanos: u32");
    assert_shape::<One<SystemTime>>("it: document\n  secs_since_epoch: u64\n  nanos_since_epoch: u32");
    assert_shape::<One<IpAddr>>(
        "it: one of\n  V4: tuple\n    0: u8\n    1: u8\n    2: u8\n    3: u8\n  V6: tuple\n    0: u8\n    1: u8\n    2: u8\n    3: u8\n    4: u8\n    5: u8\n    6: u8\n    7: u8\n    8: u8\n    9: u8\n    10: u8\n    11: u8\n    12: u8\n    13: u8\n    14: u8\n    15: u8",
    );
    assert_shape::<One<Box<str>>>("it: string");
    assert_shape::<One<char>>("it: char");
    assert_shape::<One<f32>>("it: f64");
    assert_shape::<One<()>>("it: null");
    assert_shape::<One<BTreeSet<i32>>>("it: list of i32");
    assert_shape::<One<Vec<Vec<Option<i32>>>>>("it: list of list of i32 | null");
    assert_shape::<One<HashMap<String, One<bool>>>>("it: map of document\n  it: bool");
}

#[test]
fn values_that_only_bson_has() {
    assert_shape::<One<Timestamp>>("it: date");
    assert_shape::<One<bson::DateTime>>("it: date");
    assert_shape::<One<bson::Decimal128>>("it: decimal128");
    assert_shape::<One<bson::oid::ObjectId>>("it: objectId");
    assert_shape::<One<bson::Uuid>>("it: uuid");
    assert_shape::<One<bson::Binary>>("it: uuid");
    assert_shape::<One<bson::Bson>>("it: any");
}

#[test]
fn an_alias_of_a_field_is_not_a_second_field() {
    #[derive(Serialize, Deserialize)]
    struct Aliased {
        #[serde(alias = "a", alias = "z")]
        main: i64,
        #[serde(rename = "b", alias = "c")]
        other: Option<i64>,
    }
    assert_shape::<Aliased>("main: i64\nb?: i64 | null");
}

#[test]
fn an_alias_of_a_variant_may_be_stored() {
    #[derive(Serialize, Deserialize)]
    enum Aliased {
        #[serde(alias = "Old")]
        New,
        #[serde(other)]
        Unknown,
    }
    assert_shape::<One<Aliased>>("it: one of\n  New\n  Old\n  Unknown");
}

#[test]
fn unknown_fields_that_are_denied() {
    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        a: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        b: Option<i64>,
        #[serde(skip)]
        _c: u8,
    }
    assert_shape::<Strict>("a: i64\nb?: i64 | null");
}

#[test]
fn types_that_contain_themselves() {
    #[derive(Serialize, Deserialize)]
    struct Tree {
        left: Option<Box<Tree>>,
        by_name: BTreeMap<String, Tree>,
    }
    #[derive(Serialize, Deserialize)]
    enum Rule {
        Not(Box<Rule>),
        All(Vec<Rule>),
        Is { name: String },
    }
    #[derive(Serialize, Deserialize)]
    struct Above {
        below: Vec<Below>,
    }
    #[derive(Serialize, Deserialize)]
    struct Below {
        above: Option<Box<Above>>,
    }
    assert_shape::<Tree>("left?: the type around it | null\nby_name: map of the type around it");
    assert_shape::<One<Rule>>(
        "it: one of\n  Not: the type around it\n  All: list of the type around it\n  Is: document\n    name: string",
    );
    assert_shape::<Above>("below: list of document\n  above?: the type 2 around it | null");
}

#[test]
fn nested_instances_of_a_generic_type_are_different_types() {
    assert_shape::<One<One<One<i64>>>>("it: document\n  it: document\n    it: i64");
}

#[test]
fn variants_with_a_tag_inside() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "camelCase")]
    enum Shape {
        Circle { radius: f64, label: Option<String> },
        Square { side: i64, at: Timestamp },
        Named(One<bool>),
        Nothing,
    }
    assert_shape::<One<Shape>>(
        "it: one of, named in type\n  circle: document\n    radius: f64\n    label?: string\n  square: document\n    side: integer\n    at: date\n  named: document\n    it: bool\n  nothing",
    );
    assert_shape::<Shape>(
        "document: one of, named in type\n  circle: document\n    radius: f64\n    label?: string\n  square: document\n    side: integer\n    at: date\n  named: document\n    it: bool\n  nothing",
    );
}

#[test]
fn variants_with_a_tag_beside_them() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "kind", content = "data")]
    enum Change {
        Moved { to: String, by: Option<One<i64>> },
        Counted(u32),
        Pair(u8, String),
        Gone,
    }
    assert_shape::<One<Vec<Change>>>(
        "it: list of one of, named in kind, with data\n  Moved: document\n    to: string\n    by?: document | null\n      it: i64\n  Counted: u32\n  Pair: tuple\n    0: u8\n    1: string\n  Gone",
    );
}

#[test]
fn variants_without_a_tag_are_seen_as_the_first_that_fits() {
    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    assert_shape::<One<Either>>("it: string");
}

#[test]
fn a_flattened_enum_without_a_tag_is_shown_by_samples() {
    #[derive(Serialize, Deserialize)]
    struct Paid {
        cents: i64,
        #[serde(flatten)]
        method: Method,
    }
    #[derive(Serialize, Deserialize)]
    enum Method {
        ByCard { brand: Brand },
        ByTransfer { bank: String },
    }
    #[derive(Serialize, Deserialize)]
    enum Brand {
        Visa,
        Amex,
    }
    let error = trace::<Paid>(&[], encode).unwrap_err().to_string();
    assert!(error.contains("no variant of enum Method found in flattened data"), "{error}");
    let samples = [
        Paid { cents: 1, method: Method::ByCard { brand: Brand::Amex } },
        Paid { cents: 1, method: Method::ByTransfer { bank: "GLS".into() } },
    ]
    .map(|paid| encode(&paid).unwrap());
    let shape = trace::<Paid>(&samples, encode).unwrap().shape;
    let shape: String = shape.to_nodes().iter().map(ToString::to_string).collect();
    assert_eq!(
        shape,
        "cents: i64\nByCard?: document\n  brand: one of\n    Visa\n    Amex\nByTransfer?: document\n  bank?: string\n"
    );
}

#[test]
fn the_reading_of_a_large_tree_of_tagged_variants_ends() {
    macro_rules! tree {
        ($($name:ident)+) => {
            #[derive(Serialize, Deserialize)]
            #[serde(tag = "type")]
            enum Tree { Leaf { value: i64 }, $($name { left: Box<Tree>, right: Box<Tree>, note: Option<String> }),+ }
        };
    }
    tree! { A B C D E F G H }
    assert_eq!(traced::<One<Tree>>().shape.to_nodes()[0].children.len(), 9);
}

#[test]
fn flattened_fields_of_fields() {
    #[derive(Serialize, Deserialize)]
    struct Inner {
        a: i64,
        b: Option<String>,
        #[serde(flatten)]
        deeper: One<bool>,
    }
    #[derive(Serialize, Deserialize)]
    struct Outer {
        first: String,
        #[serde(flatten)]
        inner: Inner,
        last: Vec<One<u8>>,
    }
    assert_shape::<Outer>("first: string\nlast: list of document\n  it: u8\na: integer\nit: bool\nb?: string");
}

#[test]
fn a_validated_text_is_guessed_if_its_format_is_common() {
    #[derive(Serialize, Deserialize)]
    #[serde(try_from = "String", into = "String")]
    #[derive(Clone)]
    struct Email(String);
    impl TryFrom<String> for Email {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, Self::Error> {
            if text.contains('@') { Ok(Self(text)) } else { Err("no @") }
        }
    }
    impl From<Email> for String {
        fn from(email: Email) -> Self {
            email.0
        }
    }
    assert_shape::<One<(i64, Email)>>("it: tuple\n  0: i64\n  1: string");
    let samples = traced::<One<Email>>().samples;
    assert_eq!(samples[0].get_str("it").unwrap(), "user@example.com");
}

#[test]
fn a_large_enum_without_content_has_one_sample() {
    macro_rules! names {
        ($($name:ident)+) => {
            #[derive(Serialize, Deserialize)]
            enum Names { $($name),+ }
        };
    }
    names! { A B C D E F G H I J K L M N O P Q R S T U V W X Y Z }
    let found = traced::<One<Names>>();
    assert_eq!(found.samples.len(), 1);
    assert_eq!(found.shape.to_nodes()[0].children.len(), 26);
}

#[test]
fn a_field_without_a_generated_value_is_named_by_its_path() {
    #[derive(Serialize, Deserialize, Debug)]
    #[serde(try_from = "u8")]
    struct Never(u8);
    impl TryFrom<u8> for Never {
        type Error = &'static str;
        fn try_from(_: u8) -> Result<Self, Self::Error> {
            Err("never")
        }
    }
    let error = trace::<One<Vec<One<Never>>>>(&[], encode).unwrap_err().to_string();
    assert_eq!(error, "no value can be generated for `it[].it`: never");
}

#[test]
fn a_type_without_a_generated_value_is_not_named_as_a_field() {
    #[derive(Serialize, Deserialize, Debug)]
    #[serde(try_from = "()")]
    struct Never {}
    impl TryFrom<()> for Never {
        type Error = &'static str;
        fn try_from((): ()) -> Result<Self, Self::Error> {
            Err("never")
        }
    }
    let error = trace::<Never>(&[], encode).unwrap_err().to_string();
    assert!(error.starts_with("no value can be generated: "), "{error}");
}

#[test]
fn values_that_bson_does_not_write_are_reported() {
    let error = trace::<One<u128>>(&[], encode).unwrap_err().to_string();
    assert!(error.contains("u128"), "{error}");
    let error = trace::<One<BTreeMap<u32, u32>>>(&[], encode).unwrap_err().to_string();
    assert!(error.contains("it{key}"), "{error}");
}
