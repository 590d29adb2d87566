//! The failures of the program.

use std::error::Error;
use std::io;

use es_core::error::ErrorChain;

/// Any error: the program only reports it, and ends.
pub type Failure = Box<dyn Error + Send + Sync>;

/// One line that describes what failed, and why.
pub fn describe(failure: &Failure) -> String {
    let text = ErrorChain::new(&**failure).to_string();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Whether the reader of the output has closed it, as `head` does.
pub fn is_closed_pipe(failure: &Failure) -> bool {
    failure.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use es_core::StoreError;

    use super::*;

    #[test]
    fn it_is_one_line() {
        assert_eq!(describe(&"first\n\n  second\n".into()), "first; second");
    }

    #[test]
    fn it_names_the_cause() {
        let failed = StoreError::Unavailable { source: "the cable is cut".into() };
        assert_eq!(describe(&failed.into()), "the store is unavailable: the cable is cut");
    }
}
