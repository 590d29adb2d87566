//! One test for each class of value that BSON does not return unchanged.

#![cfg(feature = "derive")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{assert_roundtrip, assert_roundtrip_eq};
use crate::{Event, Timestamp, event};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Sku(String);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
struct Plain(String);

/// An event that contains one value of any type.
#[event(version = 1, name = "Held", crate = crate)]
#[derive(PartialEq)]
struct Held<T> {
    inner_value: T,
}

fn held<T>(inner_value: T) -> Held<T> {
    Held { inner_value }
}

fn message<E: Event>(sample: E) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| assert_roundtrip::<E>([sample]))).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn what_is_read_back_passes() {
    assert_roundtrip_eq::<Held<(i64, String, Option<u32>)>>([
        held((1, "a".into(), None)),
        held((-1, String::new(), Some(2))),
    ]);
    assert_roundtrip_eq::<Held<BTreeMap<Plain, Vec<f64>>>>([held([(Plain("a".into()), vec![0.1, -0.0])].into())]);
    assert_roundtrip::<Held<Timestamp>>([held(Timestamp::now())]);
    assert_roundtrip::<Held<bson::oid::ObjectId>>([held(bson::oid::ObjectId::new())]);
    assert_roundtrip::<Held<bson::Decimal128>>([held("1.10".parse().unwrap())]);
    assert_roundtrip::<Held<bson::Uuid>>([held(bson::Uuid::new())]);
    assert_roundtrip::<Held<bson::Bson>>([held(bson::bson!({ "a": [1, null, { "b": 1.5 }] }))]);
    assert_roundtrip::<Held<SystemTime>>([held(UNIX_EPOCH + Duration::from_nanos(1_234_567))]);
    assert_roundtrip::<Held<f64>>([held(f64::NAN)]);
    assert_roundtrip::<Held<Result<u8, IpAddr>>>([held(Err(Ipv4Addr::LOCALHOST.into()))]);
}

#[test]
fn maps_and_sets_without_an_order_pass() {
    let map: HashMap<String, u32> = (0..50).map(|at| (at.to_string(), at)).collect();
    let set: HashSet<u32> = (0..50).collect();
    assert_roundtrip::<Held<_>>([held((map, set))]);
}

#[test]
fn a_newtype_as_key() {
    let message = message(held(BTreeMap::from([(Sku("book".into()), 1)])));
    assert_says(&message, &["`Held`", "cannot be read back", "`innerValue{book}`", "`#[serde(transparent)]`"]);
}

#[test]
fn a_number_as_key() {
    let message = message(held(BTreeMap::from([(7_u32, 1)])));
    assert_says(&message, &["cannot be written", "`innerValue{7}`", "list of pairs"]);
}

#[test]
fn none_inside_some() {
    let message = message(held(vec![Some(Some(1)), Some(None)]));
    assert_says(&message, &["Some(None) becomes None", "`innerValue[1]`", "enum"]);
}

#[test]
fn a_field_that_flatten_brings_in_twice() {
    #[derive(Serialize, Deserialize)]
    struct Inner {
        id: u32,
    }
    #[event(version = 1, crate = crate)]
    struct Outer {
        id: u32,
        #[serde(flatten)]
        inner: Inner,
    }
    let message = message(Outer { id: 1, inner: Inner { id: 2 } });
    assert_says(&message, &["`Outer`", "written twice", "at `id`", "rename"]);
}

#[test]
fn a_flattened_map_that_repeats_a_field() {
    #[event(version = 1, crate = crate)]
    struct Open {
        id: u32,
        #[serde(flatten)]
        others: BTreeMap<String, u32>,
    }
    assert_roundtrip::<Open>([Open { id: 1, others: [("a".into(), 1)].into() }]);
    assert_says(&message(Open { id: 1, others: [("id".into(), 2)].into() }), &["written twice", "at `id`"]);
}

#[test]
fn a_key_that_looks_like_an_operator() {
    let message = message(held(BTreeMap::from([("$oid".to_owned(), 1)])));
    assert_says(&message, &["`$`", "`innerValue{$oid}`", "first character"]);
}

#[test]
fn a_number_beyond_64_bits_with_a_sign() {
    assert_roundtrip::<Held<u64>>([held(i64::MAX as u64)]);
    assert_says(&message(held(u64::MAX)), &["cannot be written", "`innerValue`", "Decimal128"]);
    assert_says(&message(held((1, 5_u128))), &["`innerValue[1]`", "text"]);
}

#[test]
fn an_address_in_what_serde_buffers() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type")]
    enum Peer {
        Known { address: IpAddr },
    }
    let message = message(held(Peer::Known { address: Ipv4Addr::LOCALHOST.into() }));
    assert_says(&message, &["cannot be read back", "`tag`", "text"]);
}

#[test]
fn a_field_that_is_not_written() {
    #[derive(Serialize, Deserialize)]
    struct Silent {
        #[serde(skip_serializing)]
        _secret: u32,
    }
    assert_says(&message(held(Silent { _secret: 1 })), &["cannot be read back", "`_secret`", "`default`"]);
}

#[test]
fn an_attribute_that_does_not_reverse_itself() {
    #[derive(Serialize, Deserialize)]
    struct Doubled {
        #[serde(serialize_with = "twice")]
        count: u32,
    }
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn twice<S: serde::Serializer>(count: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(count * 2)
    }
    assert_says(&message(held(Doubled { count: 1 })), &["2 (u32) becomes 4 (u32)", "`innerValue.count`"]);
}

mod millis {
    use super::*;

    pub(super) fn serialize<S: serde::Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        bson::DateTime::from_system_time(*time).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        bson::DateTime::deserialize(deserializer).map(bson::DateTime::to_system_time)
    }
}

#[test]
fn a_time_that_is_cut_before_it_is_written_is_seen_by_equality_only() {
    #[event(version = 1, crate = crate)]
    #[derive(Clone, PartialEq)]
    struct Shipped {
        #[serde(with = "millis")]
        at: SystemTime,
    }
    let shipped = Shipped { at: UNIX_EPOCH + Duration::from_nanos(1_000_001) };
    assert_roundtrip::<Shipped>([shipped.clone()]);
    let panic = catch_unwind(|| assert_roundtrip_eq::<Shipped>([shipped])).unwrap_err();
    assert_says(panic.downcast_ref::<String>().unwrap(), &["`Shipped`", "below a millisecond"]);
}
