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
    let text = without_annexes(&text);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// The driver puts labels and the server's whole answer behind every error, and inside of some.
fn without_annexes(text: &str) -> String {
    let (mut rest, mut kept) = (text, String::new());
    while let Some((before, annexes)) = rest.split_once(", labels: {") {
        kept.push_str(before);
        // An answer that was not empty is the last thing in the text.
        rest = annexes.split_once("server response: None").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept.replace("Kind: ", "")
}

/// Whether whoever read the output has seen enough, as `head` has.
pub fn is_closed_pipe(failure: &Failure) -> bool {
    failure.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_driver_adds_for_its_own_authors_is_left_out() {
        let inner = r#"Kind: I/O error: refused, labels: {"A", "B"}, source: None, server response: None"#;
        let outer =
            format!("cannot: Kind: timeout: [ {inner} ], labels: {{}}, source: None, server response: Some(00)");
        assert_eq!(describe(&outer.into()), "cannot: timeout: [ I/O error: refused ]");
    }

    #[test]
    fn it_is_one_line() {
        assert_eq!(describe(&"first\n\n  second\n".into()), "first; second");
    }
}
