//! A short run with the corpus of the fuzzer and with random changes to it that keep part of its
//! structure. Every run is the same.

use std::path::PathBuf;

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};

use super::{event, migration, snapshot};

/// The number of changed documents for each decoder. This takes a few seconds, unoptimized.
const CHANGED: usize = 20_000;

/// The deepest nesting that a server stores.
const DEEPEST: usize = 200;

/// Documents as this library stores them.
fn seeds() -> Vec<Vec<u8>> {
    let data = [
        (
            "Begun",
            1,
            doc! {
                "name": "n", "numbers": [1, 2, 3, 4_i64, 5_i64, 6.0, 7.0], "at": bson::DateTime::from_millis(1), "note": Bson::Null,
                "byName": { "a": [1_i64] }, "kind": { "Named": { "flag": true, "either": { "below": [] } } },
            },
        ),
        (
            "Changed",
            3,
            doc! { "anything": { "a": [1, "x"] }, "tree": { "below": [{ "below": [] }] }, "bytes": [1, 2], "more": 5 },
        ),
        ("Altered", 2, doc! { "tree": { "below": [] }, "id": bson::oid::ObjectId::from_bytes([1; 12]) }),
        ("Changed", 1, doc! { "letter": "x", "amount": Bson::Decimal128("1.50".parse().unwrap()) }),
        ("Forgotten", 1, doc! {}),
    ];
    let state = doc! {
        "name": "n", "numbers": [1, 2, 3, 4_i64, 5_i64, 6.0, 7.0], "at": bson::DateTime::from_millis(1), "note": "x",
        "byName": { "a": [1_i64] }, "kind": { "Many": ["Plain"] }, "trees": [{ "below": [] }], "bytes": [1], "changes": 1_i64,
    };
    let mut seeds: Vec<Document> = data
        .into_iter()
        .map(|(event_type, version, data)| {
            doc! {
                "_id": bson::oid::ObjectId::from_bytes([7; 12]), "aggregateId": "a", "aggregateType": "Everything",
                "eventType": event_type, "eventVersion": version, "eventData": data,
                "metadata": { "userId": "u", "correlationId": "c", "causationId": "000000000000000000000001", "n": [1_i64] },
                "timestamp": bson::DateTime::from_millis(1_700_000_000_000), "sequenceNumber": 1_i64, "appendId": "k", "position": 1_i64,
            }
        })
        .collect();
    seeds.push(doc! {
        "_id": "Everything:a_1", "aggregateId": "a", "aggregateType": "Everything", "version": 1_i64, "stateVersion": 2_i64,
        "state": state, "timestamp": bson::DateTime::from_millis(1),
    });
    seeds.push(doc! { "_id": "old", "tree": { "below": [{ "below": [] }] }, "anything": 1.5 });
    seeds.into_iter().map(|seed| bson::serialize_to_vec(&seed).unwrap()).collect()
}

/// The corpus that the fuzzer has collected.
fn corpus(decoder: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(decoder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "the corpus of {decoder} is missing");
    files.into_iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn check(decoder: &str, decode: fn(&[u8])) {
    let known: Vec<Vec<u8>> = seeds().into_iter().chain(corpus(decoder)).collect();
    for bytes in &known {
        decode(bytes);
    }
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..CHANGED {
        let mut bytes = known[random.usize(..known.len())].clone();
        for _ in 0..random.usize(1..4) {
            change(&mut bytes, &known, &mut random);
        }
        if random.bool() {
            measure(&mut bytes);
        }
        decode(&bytes);
    }
}

fn change(bytes: &mut Vec<u8>, known: &[Vec<u8>], random: &mut fastrand::Rng) {
    if bytes.len() < 8 {
        return bytes.extend([0; 8]);
    }
    let at = random.usize(..bytes.len() - 4);
    match random.u8(..7) {
        0 => bytes[at] ^= 1 << random.u8(..8),
        // A BSON type, at a place where one may be.
        1 => bytes[at] = random.u8(..20),
        // A length that is too large, or negative.
        2 => bytes[at..at + 4].copy_from_slice(&random.choice([i32::MAX, 0, -1, 5, 1 << 24]).unwrap().to_le_bytes()),
        3 => bytes.truncate(at),
        4 => {
            let other = &known[random.usize(..known.len())];
            let from = random.usize(..other.len());
            let until = (from + random.usize(..64)).min(other.len());
            bytes.splice(at..at, other[from..until].iter().copied());
        }
        5 => drop(bytes.drain(at..(at + random.usize(1..16)).min(bytes.len()))),
        _ => *bytes = nested(bytes, random.usize(1..4)),
    }
}

/// Corrects the length at the beginning and the terminator, so that the error is inside the
/// document.
fn measure(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().max(5), 0);
    let length = i32::try_from(bytes.len()).unwrap();
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes[usize::try_from(length).unwrap() - 1] = 0;
}

/// The bytes as the data of an event, nested this many levels deep.
fn nested(bytes: &[u8], levels: usize) -> Vec<u8> {
    (0..levels).fold(bytes.to_vec(), |inner, _| {
        let mut outer = vec![0; 4];
        outer.extend(b"\x03eventData\0");
        outer.extend(inner);
        outer.push(0);
        measure(&mut outer);
        outer
    })
}

#[test]
fn no_document_of_events_or_of_the_archive_makes_the_decoder_panic() {
    check("event", event);
}

#[test]
fn no_document_of_snapshots_makes_the_decoder_panic() {
    check("snapshot", snapshot);
}

#[test]
fn no_document_that_is_migrated_makes_the_decoder_panic() {
    check("migration", migration);
}

/// An event whose data contain nested lists, which are read into a tree and into a generic value.
fn deep(levels: usize) -> RawDocumentBuf {
    // Each step adds two levels: the document and its list. The data itself, and its innermost
    // document and list, are additional.
    let tree = (0..levels / 2 - 1).fold(doc! { "below": [] }, |tree, _| doc! { "below": [tree] });
    let mut seed: Document = bson::deserialize_from_slice(&seeds()[1]).unwrap();
    seed.insert("eventData", doc! { "anything": tree.clone(), "tree": tree.clone(), "bytes": [], "more": 1 });
    seed.insert("metadata", doc! { "deep": tree });
    bson::serialize_to_raw_document_buf(&seed).unwrap()
}

#[test]
fn data_that_another_program_nested_as_deep_as_a_server_stores_it_is_an_error_and_no_overflow() {
    let document = deep(DEEPEST);
    event(document.as_bytes());
    let event = crate::document::read_event(&document).unwrap();
    let error = event.decode::<super::domain::EverythingEvent>().unwrap_err();
    let error = es_core::error::ErrorChain::new(&error).to_string();
    assert!(error.contains("100 levels"), "{error}");
    let recorded = event.to_recorded();
    assert!(recorded.metadata.get::<Bson>("deep").unwrap().is_err());
    migration(document.as_bytes());
}

#[test]
fn data_that_is_nested_as_deep_as_this_library_writes_it_is_read() {
    let document = deep(98);
    let event = crate::document::read_event(&document).unwrap();
    event.decode::<super::domain::EverythingEvent>().unwrap();
}

#[test]
fn a_length_beyond_the_document_is_an_error_and_not_a_reservation() {
    // Twenty bytes: a document with a string, document, array or binary value that claims to have
    // two gigabytes.
    for kind in [0x02, 0x03, 0x04, 0x05, 0x0d, 0x0f] {
        let mut bytes = vec![20, 0, 0, 0, kind, b'x', 0];
        bytes.extend((i32::MAX - 1).to_le_bytes());
        bytes.resize(20, 0);
        for decode in [event, snapshot, migration] {
            decode(&bytes);
        }
        assert!(bson::deserialize_from_slice::<Document>(&bytes).is_err(), "{kind}");
    }
}
