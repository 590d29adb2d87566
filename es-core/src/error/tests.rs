use std::error::Error;
use std::io;
use std::path::PathBuf;

use super::*;
use crate::error::{MetadataError, Panicked};
use crate::repository::{ImportDifference, ImportError};
use crate::schema::SchemaError;
use crate::{CreateError, LoadError, Timestamp, UpdateError};

fn cut() -> SharedError {
    io::Error::other("the cable is cut").into()
}

fn stream() -> StreamId {
    StreamId::new("Account", "a").unwrap()
}

fn decode_errors() -> Vec<DecodeError> {
    vec![
        DecodeError::UnknownType,
        DecodeError::NewerVersion { stored: 3, known: 2 },
        DecodeError::UnknownVersion { stored: 3 },
        DecodeError::Data { version: 1, source: cut() },
        DecodeError::Upcast { version: 1, source: cut() },
        Panicked { message: "no cents".to_owned() }.into(),
    ]
}

fn fold_errors() -> [FoldError; 3] {
    [
        FoldError::NotInitial { event_type: "Deposited" },
        FoldError::OnlyInitial { event_type: "Opened" },
        FoldError::Panicked { event_type: "Opened".to_owned(), message: "no cents".to_owned() },
    ]
}

fn query_errors() -> [QueryError; 3] {
    [
        QueryError::UnknownEventType { event_type: "Payd".to_owned(), reason: "Account has `Paid`".to_owned() },
        QueryError::Conditions { reason: "ask for one aggregate".to_owned() },
        QueryError::ForeignCursor,
    ]
}

fn not_unique(key: Option<&str>) -> StoreError {
    let read_model = ReadModelId { name: "customers".into(), version: 1 };
    StoreError::NotUnique {
        read_model,
        key: key.map(|key| AggregateId::new(key).unwrap()),
        index: "email_1".to_owned(),
    }
}

/// Every variant, and which predicates hold: conflict, retryable, unavailable, invalid input, the
/// whole store.
fn store_errors() -> Vec<(StoreError, &'static str)> {
    let what = || "Deposited".to_owned();
    let reason = || "give it a name".to_owned();
    let unknown = |append_id| StoreError::OutcomeUnknown { stream: stream(), append_id, source: cut() };
    let mut errors = vec![
        (StoreError::Conflict { stream: stream(), expected: 1.into(), actual: 2.into() }, "conflict retryable"),
        (StoreError::AppendIdReused { stream: stream(), append_id: "k".to_owned(), version: 2.into() }, "invalid"),
        (unknown(None), "unavailable store"),
        (unknown(Some("k".to_owned())), "retryable unavailable store"),
        (StoreError::InvalidId(InvalidId::Empty), "invalid"),
        (StoreError::InvalidVersion(Version::try_from(-1).unwrap_err()), "invalid"),
        (StoreError::InvalidName { name: "a\0".to_owned(), reason: reason() }, "invalid store"),
        (StoreError::EmptyAppend { stream: stream() }, "invalid"),
        (StoreError::Encode { what: what(), source: cut() }, "invalid"),
        (StoreError::NotReadBack { what: what(), field: Some("cents".to_owned()), reason: reason() }, "invalid"),
        (StoreError::TooLarge { what: what(), bytes: 2, limit: 1 }, "invalid"),
        (StoreError::TooDeep { what: what(), limit: 100 }, "invalid"),
        (StoreError::DuplicateKey { stream: stream(), index: "owner_1".to_owned(), source: cut() }, "invalid"),
        (not_unique(Some("ann")), "invalid"),
        (not_unique(None), "invalid"),
        (StoreError::Refused { stream: stream(), source: cut() }, ""),
        (StoreError::NoSnapshot { stream: stream(), version: 2.into(), reason: reason() }, ""),
        (
            StoreError::Gap {
                stream: stream(),
                expected: Sequence::FIRST,
                found: Sequence::FIRST.next(),
                event_type: what(),
            },
            "",
        ),
        (StoreError::SnapshotAhead { stream: stream(), snapshot: 9.into(), head: 2.into() }, ""),
        (StoreError::Malformed { what: "the newest event".to_owned(), source: cut() }, ""),
        (StoreError::Unavailable { source: cut() }, "retryable unavailable store"),
        (StoreError::Unauthorized { source: cut() }, "store"),
        (StoreError::Unsafe { reason: reason() }, "store"),
        (StoreError::InvalidOptions { reason: reason() }, "store"),
        (StoreError::Missing { what: "the collection `c`".to_owned(), instead: reason() }, "invalid store"),
        (StoreError::NoGlobalOrder, "invalid store"),
        (StoreError::MissingPosition { position: Position::FIRST }, "store"),
        (StoreError::Closed, "unavailable store"),
        (StoreError::RuntimeEnded, "unavailable store"),
        (StoreError::Backend { source: cut() }, ""),
    ];
    errors.extend(query_errors().map(|error| (error.into(), "invalid store")));
    let sequence = Sequence::FIRST;
    for source in decode_errors() {
        let (aggregate_type, aggregate_id) = ("Account".to_owned(), "a".to_owned());
        errors.push((StoreError::Decode { aggregate_type, aggregate_id, sequence, event_type: what(), source }, ""));
    }
    for source in fold_errors() {
        errors.push((StoreError::Unfoldable { stream: stream(), sequence, source: source.clone() }, "invalid"));
        errors.push((StoreError::Fold { stream: stream(), sequence, source }, ""));
    }
    errors
}

/// The index of a variant, so that the compiler and then the tests report a new variant that is
/// missing here.
fn variant(error: &StoreError) -> usize {
    match error {
        StoreError::Conflict { .. } => 0,
        StoreError::AppendIdReused { .. } => 1,
        StoreError::OutcomeUnknown { .. } => 2,
        StoreError::InvalidId(_) => 3,
        StoreError::InvalidName { .. } => 4,
        StoreError::EmptyAppend { .. } => 5,
        StoreError::Unfoldable { .. } => 6,
        StoreError::Encode { .. } => 7,
        StoreError::NotReadBack { .. } => 8,
        StoreError::TooLarge { .. } => 9,
        StoreError::TooDeep { .. } => 10,
        StoreError::DuplicateKey { .. } => 11,
        StoreError::Refused { .. } => 12,
        StoreError::NoSnapshot { .. } => 13,
        StoreError::Decode { .. } => 14,
        StoreError::Gap { .. } => 15,
        StoreError::SnapshotAhead { .. } => 16,
        StoreError::Fold { .. } => 17,
        StoreError::Malformed { .. } => 18,
        StoreError::Unavailable { .. } => 19,
        StoreError::Unauthorized { .. } => 20,
        StoreError::Unsafe { .. } => 21,
        StoreError::Query(_) => 22,
        StoreError::Missing { .. } => 23,
        StoreError::Closed => 24,
        StoreError::RuntimeEnded => 25,
        StoreError::Backend { .. } => 26,
        StoreError::InvalidOptions { .. } => 27,
        StoreError::InvalidVersion(_) => 28,
        StoreError::NoGlobalOrder => 29,
        StoreError::MissingPosition { .. } => 30,
        StoreError::NotUnique { .. } => 31,
    }
}

/// One value of every error of this crate that a caller can receive.
fn every_error() -> Vec<Box<dyn Error>> {
    let mut errors: Vec<Box<dyn Error>> = Vec::new();
    for (error, _) in store_errors() {
        errors.push(Box::new(LoadError::from(error.clone())));
        errors.push(Box::new(CreateError::from(error.clone())));
        errors.push(Box::new(ImportError::from(error.clone())));
        errors.push(Box::new(UpdateError::<String>::from(error.clone())));
        errors.push(Box::new(error));
    }
    let not_found = LoadError::NotFound { stream: stream() };
    let no_version = LoadError::NoSuchVersion { stream: stream(), requested: 9.into(), actual: 2.into() };
    let exists = CreateError::AlreadyExists { stream: stream(), version: 2.into() };
    errors.push(Box::new(UpdateError::<String>::from(not_found.clone())));
    errors.push(Box::new(UpdateError::<String>::from(no_version.clone())));
    errors.push(Box::new(UpdateError::<String>::from(exists.clone())));
    errors.push(Box::new(UpdateError::Rejected("the account is closed".to_owned())));
    errors.extend([Box::new(not_found) as Box<dyn Error>, Box::new(no_version), Box::new(exists)]);
    for difference in [
        ImportDifference::Type { stored: "A".to_owned(), imported: "B".to_owned() },
        ImportDifference::Data { field: "cents".to_owned() },
        ImportDifference::Timestamp { stored: Timestamp::from_millis(0), imported: Timestamp::from_millis(1) },
        ImportDifference::Metadata { field: "userId".to_owned() },
    ] {
        errors.push(Box::new(ImportError::Differs { stream: stream(), sequence: Sequence::FIRST, difference }));
    }
    let key = || "ip".to_owned();
    errors.push(Box::new(MetadataError::Key { key: key() }));
    errors.push(Box::new(MetadataError::Reserved { key: key() }));
    errors.push(Box::new(MetadataError::Value { key: key(), source: cut() }));
    errors.push(Box::new(SchemaError::Io { path: PathBuf::from("account.lock"), source: cut() }));
    errors.extend(crate::read_back::refusals());
    errors
}

fn layers(error: &dyn Error) -> Vec<String> {
    let mut layers = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        layers.push(error.to_string());
        cause = error.source();
    }
    layers
}

#[test]
fn every_public_error_can_be_cloned_and_sent() {
    fn check<E: Error + Clone + Send + Sync + 'static>() {}
    check::<StoreError>();
    check::<LoadError>();
    check::<CreateError>();
    check::<ImportError>();
    check::<ImportDifference>();
    check::<UpdateError<String>>();
    check::<QueryError>();
    check::<DecodeError>();
    check::<FoldError>();
    check::<MetadataError>();
    check::<SchemaError>();
    check::<Panicked>();
    check::<InvalidId>();
    check::<InvalidCount>();
    check::<InvalidEventId>();
    check::<InvalidTimestamp>();
}

#[test]
fn every_variant_is_tested() {
    let mut seen: Vec<usize> = store_errors().iter().map(|(error, _)| variant(error)).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..32).collect::<Vec<_>>());
}

#[test]
fn no_error_repeats_its_cause() {
    for error in every_error() {
        let layers = layers(&*error);
        for (at, layer) in layers.iter().enumerate() {
            for cause in &layers[at + 1..] {
                assert!(!layer.contains(cause) && !cause.contains(layer), "{error:?} repeats itself: {layers:?}");
            }
        }
        assert_eq!(ErrorChain::new(&*error).to_string(), layers.join(": "));
    }
}

#[test]
fn every_layer_is_lower_case_and_without_a_period() {
    for error in every_error() {
        for layer in layers(&*error) {
            let begins_with_a_name = layer.starts_with('`') || layer.starts_with("Account");
            assert!(begins_with_a_name || layer.starts_with(|first: char| first.is_lowercase()), "{layer}");
            assert!(!layer.ends_with(['.', ' ', '\n']) && !layer.contains("  "), "{layer}");
        }
    }
}

#[test]
fn the_predicates_agree_with_their_documentation() {
    for (error, expected) in store_errors() {
        let said = [
            (error.is_conflict(), "conflict"),
            (error.is_retryable(), "retryable"),
            (error.is_unavailable(), "unavailable"),
            (error.is_invalid_input(), "invalid"),
            (error.concerns_the_store(), "store"),
        ];
        let said: Vec<_> = said.into_iter().filter_map(|(holds, name)| holds.then_some(name)).collect();
        assert_eq!(said.join(" "), expected, "{error:?}");
        let (load, create) = (LoadError::from(error.clone()), CreateError::from(error.clone()));
        let (import, update) = (ImportError::from(error.clone()), UpdateError::<String>::from(error.clone()));
        let retryable = [load.is_retryable(), create.is_retryable(), import.is_retryable(), update.is_retryable()];
        assert_eq!(retryable, [error.is_retryable(); 4]);
        let unavailable =
            [load.is_unavailable(), create.is_unavailable(), import.is_unavailable(), update.is_unavailable()];
        assert_eq!(unavailable, [error.is_unavailable(); 4]);
        let invalid =
            [load.is_invalid_input(), create.is_invalid_input(), import.is_invalid_input(), update.is_invalid_input()];
        assert_eq!(invalid, [error.is_invalid_input(); 4]);
        assert_eq!([create.is_conflict(), import.is_conflict(), update.is_conflict()], [error.is_conflict(); 3]);
        assert!(!load.is_not_found() && !update.is_not_found());
    }
}

#[test]
fn a_clone_shares_its_cause_and_the_cause_can_be_downcast() {
    for (error, _) in store_errors() {
        let clone = error.clone();
        assert_eq!(ErrorChain::new(&clone).to_string(), ErrorChain::new(&error).to_string());
        let cause =
            |error: &StoreError| error.source().and_then(|source| source.downcast_ref().map(std::ptr::from_ref));
        let shared: [Option<*const io::Error>; 2] = [cause(&error), cause(&clone)];
        assert_eq!(shared[0], shared[1]);
        let has_a_driver = matches!(
            error,
            StoreError::OutcomeUnknown { .. } | StoreError::Unavailable { .. } | StoreError::Backend { .. }
        );
        assert!(shared[0].is_some() || !has_a_driver, "{error:?}");
    }
}

#[test]
fn a_function_that_loads_creates_and_updates_returns_one_error() {
    fn load() -> Result<(), UpdateError<String>> {
        Err(LoadError::NotFound { stream: stream() })?
    }
    fn create() -> Result<(), UpdateError<String>> {
        Err(CreateError::AlreadyExists { stream: stream(), version: 2.into() })?
    }
    fn store() -> Result<(), UpdateError<String>> {
        Err(StoreError::Closed)?
    }
    fn id() -> Result<(), UpdateError<String>> {
        Err(InvalidId::Empty)?
    }
    assert!(load().unwrap_err().is_not_found());
    assert!(create().unwrap_err().is_conflict());
    assert!(store().unwrap_err().is_unavailable());
    assert!(id().unwrap_err().is_invalid_input());
}

#[test]
fn a_refusal_that_is_text_or_a_boxed_error_leaves_main_by_a_question_mark() {
    fn text() -> Result<(), Box<dyn Error>> {
        Err(UpdateError::Rejected("the account is closed".to_owned()))?
    }
    fn boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
        Err(UpdateError::Rejected(BoxError::from("the account is closed")))?
    }
    assert_eq!(text().unwrap_err().to_string(), "the account is closed");
    assert_eq!(boxed().unwrap_err().to_string(), "the account is closed");
    let mapped = UpdateError::Rejected(5).map_rejection(|cents: i32| format!("{cents} cents are missing"));
    assert_eq!(mapped.rejection().unwrap(), "5 cents are missing");
}
