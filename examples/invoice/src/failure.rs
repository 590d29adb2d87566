//! Why the program could not do what it was asked.

use std::error::Error;
use std::io;

/// Any error: the program only says what went wrong, and ends.
pub type Failure = Box<dyn Error + Send + Sync>;

/// One line that says what went wrong, and why.
pub fn describe(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(error) = source {
        let reason = error.to_string();
        // Many errors name their reason already.
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        source = error.source();
    }
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Whether whoever read the output has seen enough, as `head` has.
pub fn is_closed_pipe(failure: &Failure) -> bool {
    failure.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
