//! Values at their limits: what is written is read back, in every format and in every form of a
//! type.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test program has no users")]

use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use es_core::error::ErrorChain;
use es_core::memory::MemoryStore;
use es_core::store::Store;
use es_core::{Metadata, Position, Repository, Sequence, Timestamp, Version};
use es_mongo::mongodb::bson::{self, Bson, doc};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tests::account::{Account, Opened};
use tests::empty_store;

/// Any timestamp, with a preference for those near a limit.
fn timestamps() -> impl Strategy<Value = Timestamp> {
    const LIMITS: &[i64] = &[i64::MIN, -62_167_219_200_000, -1, 0, 253_402_300_799_999, i64::MAX];
    let near = (proptest::sample::select(LIMITS), -2_000_i64..2_000).prop_map(|(at, by)| at.saturating_add(by));
    prop_oneof![any::<i64>(), near, -100_000_000_000_000_i64..300_000_000_000_000].prop_map(Timestamp::from_millis)
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        any::<(u64, u32)>().prop_map(|(secs, nanos)| Duration::new(secs, nanos % 1_000_000_000)),
        (0_u64..10_000_000_000).prop_map(Duration::from_nanos),
        Just(Duration::MAX),
    ]
}

fn nearest(millis: i128) -> i64 {
    i64::try_from(millis.clamp(i64::MIN.into(), i64::MAX.into())).unwrap()
}

proptest! {
    #[test]
    fn a_timestamp_is_read_back_from_its_text_from_json_and_from_bson(timestamp in timestamps()) {
        let text = timestamp.to_string();
        prop_assert_eq!(text.parse::<Timestamp>(), Ok(timestamp), "{}", text);
        let json = serde_json::to_string(&timestamp).unwrap();
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), timestamp, "{}", json);
        let raw = bson::serialize_to_raw_document_buf(&doc! { "at": bson::DateTime::from(timestamp) }).unwrap();
        prop_assert_eq!(Timestamp::from(raw.get_datetime("at").unwrap()), timestamp);
        let held = Metadata::new().with("at", timestamp).unwrap();
        prop_assert_eq!(held.get::<Timestamp>("at").unwrap().unwrap(), timestamp);
    }

    #[test]
    fn a_duration_is_added_and_subtracted_without_overflow(timestamp in timestamps(), duration in durations()) {
        let (at, by) = (i128::from(timestamp.as_millis()), i128::try_from(duration.as_millis()).unwrap());
        prop_assert_eq!(timestamp.plus(duration).as_millis(), nearest(at + by));
        prop_assert_eq!(timestamp.minus(duration).as_millis(), nearest(at - by));
    }

    #[test]
    fn a_clock_is_rounded_down_to_the_millisecond(nanos in -10_000_000_000_i64..10_000_000_000) {
        let since = Duration::from_nanos(nanos.unsigned_abs());
        let time: SystemTime = if nanos < 0 { UNIX_EPOCH - since } else { UNIX_EPOCH + since };
        let millis = nanos.div_euclid(1_000_000);
        prop_assert_eq!(Timestamp::from(time).as_millis(), millis);
        let (seconds, rest) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
        let text = Timestamp::from_millis(seconds * 1000).to_string().replace('Z', &format!(".{rest:09}Z"));
        prop_assert_eq!(text.parse::<Timestamp>().unwrap().as_millis(), millis, "{}", text);
    }

    #[test]
    fn a_count_stays_within_what_a_store_can_hold(count in any::<i64>(), more in any::<u64>()) {
        let count = count.checked_abs().unwrap_or(i64::MAX).max(1);
        let version = Version::try_from(count).unwrap();
        let sum = u64::try_from(count).unwrap().saturating_add(more);
        prop_assert_eq!(version.plus(more).get(), sum.min(Version::MAX.get()));
        let next = count.saturating_add(1);
        prop_assert_eq!(version.next().as_i64(), next);
        prop_assert_eq!(Sequence::try_from(count).unwrap().next().as_i64(), next);
        prop_assert_eq!(Position::try_from(count).unwrap().next().as_i64(), next);
        prop_assert!(Version::try_from(version.plus(more).as_i64()).is_ok());
    }
}

#[test]
fn the_largest_count_has_no_successor() {
    let last = Sequence::try_from(i64::MAX).unwrap();
    assert_eq!(last.next(), last);
    assert_eq!(Version::MAX.next(), last);
    assert_eq!(Version::MAX.plus(u64::MAX), Version::MAX);
}

/// A type that writes one form for people and a different one for machines, and reads only the
/// requested form.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Both(i32);

impl Serialize for Both {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(&self.0) } else { serializer.serialize_i32(self.0) }
    }
}

impl<'de> Deserialize<'de> for Both {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
        } else {
            i32::deserialize(deserializer).map(Self)
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Source {
    Address(IpAddr),
    Sockets { from: SocketAddr, ids: Vec<Both> },
    Unknown,
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "a table is easier to read without `&`")]
fn is_read_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    let metadata = Metadata::new().user("u").with("it", &value).unwrap();
    assert_eq!(metadata.get::<T>("it").unwrap().unwrap(), value);
}

#[test]
fn metadata_is_read_in_the_form_in_which_it_is_written() {
    is_read_back::<IpAddr>("203.0.113.7".parse().unwrap());
    is_read_back::<IpAddr>("2001:db8::7".parse().unwrap());
    is_read_back::<SocketAddr>("203.0.113.7:443".parse().unwrap());
    is_read_back(Both(7));
    is_read_back(Source::Address("::1".parse().unwrap()));
    is_read_back(Source::Sockets { from: "127.0.0.1:1".parse().unwrap(), ids: vec![Both(1), Both(2)] });
    is_read_back(Source::Unknown);
    is_read_back(bson::Uuid::from_bytes([7; 16]));
    is_read_back(bson::oid::ObjectId::from_bytes([7; 12]));
    is_read_back(bson::DateTime::from_millis(7));
    is_read_back("1.50".parse::<bson::Decimal128>().unwrap());
    is_read_back(Duration::new(7, 9));
    is_read_back(SystemTime::UNIX_EPOCH);
    is_read_back(vec![Some(1_i64), None]);
    is_read_back(Some(1.5_f32));
    is_read_back('x');
    is_read_back(Bson::Null);
    is_read_back(doc! { "a": [1, { "b": 2_i64 }] });
}

#[test]
fn metadata_that_another_program_wrote_for_people_is_read_too() {
    let metadata = Metadata::new().with("ip", "203.0.113.7").unwrap().with("both", "7").unwrap();
    assert_eq!(metadata.get::<IpAddr>("ip").unwrap().unwrap(), "203.0.113.7".parse::<IpAddr>().unwrap());
    assert_eq!(metadata.get::<Both>("both").unwrap().unwrap(), Both(7));
    let error = metadata.get::<i64>("ip").unwrap().unwrap_err();
    let error = ErrorChain::new(&error).to_string();
    assert!(error.contains("`ip`") && error.contains("i64"), "{error}");
}

async fn keeps_an_address(store: impl Store + Clone) {
    let accounts = Repository::<Account>::new(&store);
    let ip: IpAddr = "203.0.113.7".parse().unwrap();
    let metadata = Metadata::new().with("ip", ip).unwrap();
    accounts.create("a", Opened { owner: "o".into() }).metadata(metadata).await.unwrap();
    let history = accounts.history("a").unwrap().collect().await.unwrap();
    assert_eq!(history[0].metadata.get::<IpAddr>("ip").unwrap().unwrap(), ip);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_metadata_survives_both_stores() {
    keeps_an_address(MemoryStore::new()).await;
    keeps_an_address(empty_store().await).await;
}
