//! An error of the driver in words for people.

use std::error::Error;
use std::fmt;

use mongodb::error::{ErrorKind, WriteFailure};

use super::{code, denied, unreachable};

/// What the driver or the server reports, in one sentence, with the remedy if there is one.
///
/// It is the cause of the errors of this crate. The driver's own text has labels, topology and the
/// server's whole reply behind each error, and repeats values of the domain, so it is not
/// displayed; [`driver_error`](Self::driver_error) returns the error itself.
///
/// ```no_run
/// use es_mongo::DriverError;
///
/// # async fn example() {
/// let opened = es_mongo::MongoStore::connect("mongodb://localhost/?replicaSet=rs0", "bank").await;
/// if let Err(error) = opened {
///     let cause = DriverError::behind(&error).map(DriverError::driver_error);
///     println!("{error}, labels: {:?}", cause.map(|cause| cause.labels()));
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DriverError(mongodb::error::Error);

impl DriverError {
    pub(crate) fn new(error: mongodb::error::Error) -> Self {
        Self(error)
    }

    /// The error of the driver that caused an error of this crate, if there is one.
    pub fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut error = Some(error);
        while let Some(layer) = error {
            if let Some(found) = layer.downcast_ref() {
                return Some(found);
            }
            error = layer.source();
        }
        None
    }

    /// The error as the driver made it.
    pub fn driver_error(&self) -> &mongodb::error::Error {
        &self.0
    }
}

impl From<DriverError> for mongodb::error::Error {
    fn from(error: DriverError) -> Self {
        error.0
    }
}

impl Error for DriverError {}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.kind {
            ErrorKind::ServerSelection { message, .. } => f.write_str(&unreachable::text(message)),
            ErrorKind::Command(failure) if failure.code == code::UNAUTHORIZED => {
                f.write_str(&denied::text(&failure.message))
            }
            ErrorKind::Authentication { message, .. } => {
                write!(f, "{message}; check the user, the password and `authSource`")
            }
            ErrorKind::IncompatibleServer { message, .. } if message.contains("load balancing mode") => f.write_str(
                "the server is not behind a load balancer, so `loadBalanced=true` does not work; remove the option",
            ),
            kind => match first_refusal(&self.0) {
                // The server repeats the values of the domain behind it.
                Some(refusal) if refusal.code == code::DUPLICATE_KEY => match index_in(refusal.message) {
                    Some(index) => write!(f, "a different document has the same key in the index `{index}`"),
                    None => f.write_str("a different document has the same key"),
                },
                Some(refusal) => write!(f, "{} (code {})", refusal.message, refusal.code),
                None => kind.fmt(f),
            },
        }
    }
}

/// The server's reason not to write a document.
pub(super) struct Refusal<'a> {
    pub(super) code: i32,
    pub(super) message: &'a str,
}

/// The server's reason not to write the first document that it refused.
pub(super) fn first_refusal(error: &mongodb::error::Error) -> Option<Refusal<'_>> {
    match &*error.kind {
        ErrorKind::InsertMany(failure) => {
            let first = failure.write_errors.iter().flatten().next()?;
            Some(Refusal { code: first.code, message: &first.message })
        }
        ErrorKind::Write(WriteFailure::WriteError(failure)) => {
            Some(Refusal { code: failure.code, message: &failure.message })
        }
        _ => None,
    }
}

/// The same for an error that names an index in any case.
pub(crate) fn index_or_unnamed(message: &str) -> String {
    index_in(message).unwrap_or("an index that the server does not name").to_owned()
}

/// The name of the index in the text of a duplicate key. The driver keeps nothing else of it, and
/// no decision depends on it.
fn index_in(message: &str) -> Option<&str> {
    let (_, named) = message.split_once(" index: ")?;
    let end = [" collation:", " dup key"].iter().filter_map(|next| named.find(next)).min()?;
    named.get(..end)
}

#[cfg(test)]
mod tests {
    use es_core::StoreError;
    use es_core::error::ErrorChain;

    use super::super::store_error;
    use super::*;

    #[test]
    fn the_index_of_a_duplicate_key_is_found_in_every_form_of_the_text() {
        for (text, index) in [
            ("E11000 duplicate key error collection: bank.events index: owner_1 dup key: { owner: \"x\" }", "owner_1"),
            (
                "E11000 duplicate key error collection: b.e index: by owner collation: { locale: \"de\" } dup key: { a: 1 }",
                "by owner",
            ),
        ] {
            assert_eq!(index_in(text), Some(index));
        }
        assert_eq!(index_in("E11000 duplicate key error"), None);
    }

    fn driver_errors() -> Vec<mongodb::error::Error> {
        let io = std::io::Error::other("the cable is cut");
        vec![mongodb::error::Error::custom("the reason".to_owned()), io.into()]
    }

    #[test]
    fn labels_and_replies_are_left_out_and_nothing_is_repeated() {
        for error in driver_errors() {
            let text = ErrorChain::new(&store_error(error)).to_string();
            assert!(!text.contains("labels") && !text.contains("Kind:"), "{text}");
            let last = text.rsplit(": ").next().unwrap();
            assert_eq!(text.matches(last).count(), 1, "{text}");
        }
    }

    #[test]
    fn the_error_of_the_driver_is_found_behind_every_layer() {
        for error in driver_errors() {
            let kind = error.kind.to_string();
            let inner = store_error(error);
            let outer = StoreError::Backend { source: inner.into() };
            let found = DriverError::behind(&outer).map(DriverError::driver_error);
            assert_eq!(found.unwrap().kind.to_string(), kind);
        }
        assert!(DriverError::behind(&StoreError::Closed).is_none());
    }
}
