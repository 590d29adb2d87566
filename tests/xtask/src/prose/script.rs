//! The comments and strings of files in which `#` begins a comment.

use super::{Line, Paragraph, markdown};

pub(super) fn paragraphs(lines: &[Line]) -> Vec<Paragraph> {
    let mut comments: Vec<Paragraph> = Vec::new();
    let mut strings = Vec::new();
    for line in lines {
        let (code, comment) = split(&line.text);
        if let Some(comment) = comment {
            let comment = Line { number: line.number, text: comment.to_owned() };
            match comments.last_mut() {
                Some(block) if block.last().is_some_and(|last| last.number + 1 == line.number) => block.push(comment),
                _ => comments.push(vec![comment]),
            }
        }
        for text in code.split(['"', '\'']).skip(1).step_by(2) {
            strings.push(vec![Line { number: line.number, text: text.to_owned() }]);
        }
    }
    comments.iter().flat_map(|block| markdown::paragraphs(block)).chain(strings).collect()
}

/// Splits a line into the part before its comment and the comment. The `#` of a comment is outside
/// quotes, at the beginning of the line or after a space.
fn split(line: &str) -> (&str, Option<&str>) {
    let mut quote = None;
    let mut before = ' ';
    for (at, char) in line.char_indices() {
        match (quote, char) {
            (None, '#') if before.is_whitespace() => return (&line[..at], Some(&line[at + 1..])),
            (None, '"' | '\'') => quote = Some(char),
            (Some(open), _) if open == char => quote = None,
            _ => {}
        }
        before = char;
    }
    (line, None)
}
