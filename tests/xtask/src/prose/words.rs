//! Searches a paragraph for the phrases of the list.

use super::Line;
use super::list::{RULES, Rule};

pub(super) struct Found {
    pub(super) line: usize,
    pub(super) phrase: String,
    pub(super) write: &'static str,
}

#[derive(PartialEq)]
enum Kind {
    Word,
    /// Between backticks.
    Code,
    /// One character.
    Mark,
}

struct Token {
    kind: Kind,
    text: String,
    line: usize,
}

/// All phrases in order. Matches do not overlap. If two rules match at one place, the first rule of
/// the list wins.
pub(super) fn search(paragraph: &[Line]) -> Vec<Found> {
    let tokens = tokens(paragraph);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match RULES.iter().find_map(|rule| Some((rule, length(rule, &tokens, at)?))) {
            Some((rule, length)) => {
                let matched = &tokens[at..at + length];
                found.push(Found {
                    line: matched[0].line,
                    phrase: matched.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" "),
                    write: rule.write,
                });
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// The number of tokens that the phrase has at this place, or `None` if it does not match.
fn length(rule: &Rule, tokens: &[Token], at: usize) -> Option<usize> {
    let mut next = at;
    for element in rule.phrase.split(' ') {
        if element == "^" {
            if !begins_sentence(tokens, at) {
                return None;
            }
            continue;
        }
        if !matches(element, tokens.get(next)?) {
            return None;
        }
        next += 1;
    }
    let is_one_of =
        |words: &str, token: Option<&Token>| !words.is_empty() && token.is_some_and(|token| matches(words, token));
    if is_one_of(rule.unless_after, at.checked_sub(1).and_then(|before| tokens.get(before)))
        || is_one_of(rule.unless_before, tokens.get(next))
        || (rule.with_comma && !comma_follows(&tokens[next..]))
    {
        return None;
    }
    Some(next - at)
}

fn matches(element: &str, token: &Token) -> bool {
    match element {
        "<error>" => token.kind == Kind::Code && token.text.contains("Error"),
        _ => token.kind != Kind::Code && element.split('|').any(|word| word.eq_ignore_ascii_case(&token.text)),
    }
}

fn begins_sentence(tokens: &[Token], at: usize) -> bool {
    match at.checked_sub(1).and_then(|before| tokens.get(before)) {
        None => true,
        Some(before) => {
            before.kind == Kind::Mark && matches!(before.text.as_str(), "." | ":" | ";" | "!" | "?" | "|" | "-" | "(")
        }
    }
}

fn comma_follows(tokens: &[Token]) -> bool {
    let sentence = tokens
        .iter()
        .take_while(|token| token.kind != Kind::Mark || !matches!(token.text.as_str(), "." | ";" | ":" | "|"));
    sentence.into_iter().any(|token| token.kind == Kind::Mark && token.text == ",")
}

fn tokens(paragraph: &[Line]) -> Vec<Token> {
    let chars: Vec<(char, usize)> =
        paragraph.iter().flat_map(|line| line.text.chars().chain(['\n']).map(|char| (char, line.number))).collect();
    let text = |from: usize, to: usize| chars[from..to].iter().map(|(char, _)| *char).collect::<String>();
    let run = |from: usize, accepts: fn(char) -> bool| {
        chars[from..].iter().position(|(char, _)| !accepts(*char)).map_or(chars.len(), |length| from + length)
    };
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&(char, line)) = chars.get(at) {
        let mut push = |kind, text| tokens.push(Token { kind, text, line });
        if is_word(char) {
            let end = run(at, is_word);
            push(Kind::Word, text(at, end));
            at = end;
        } else if char == '`' {
            let open = run(at, |char| char == '`');
            match closing(&chars, open, open - at) {
                Some(close) => {
                    push(Kind::Code, text(open, close));
                    at = close + (open - at);
                }
                None => at = open,
            }
        } else if char == ']' && chars.get(at + 1).is_some_and(|(next, _)| *next == '(') {
            // The target of a link is not prose.
            push(Kind::Mark, "]".to_owned());
            at = run(at, |char| char != ')' && char != '\n');
        } else {
            // Emphasis does not separate words.
            if !char.is_whitespace() && char != '*' {
                push(Kind::Mark, char.to_string());
            }
            at += 1;
        }
    }
    tokens
}

/// The start of the next run of backticks that is as long as the opening one.
fn closing(chars: &[(char, usize)], from: usize, ticks: usize) -> Option<usize> {
    let mut at = from;
    while at < chars.len() {
        let length = chars[at..].iter().take_while(|(char, _)| *char == '`').count();
        if length == ticks {
            return Some(at);
        }
        at += length.max(1);
    }
    None
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '\'' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(text: &str) -> Vec<String> {
        search(&[Line { number: 1, text: text.to_owned() }]).into_iter().map(|found| found.phrase).collect()
    }

    #[test]
    fn each_phrase_is_found() {
        for (text, phrase) in [
            ("It fails, where the server is frozen.", ", where the"),
            ("It fails where nothing answers.", "where nothing"),
            ("Where the server is frozen, it fails.", "Where the"),
            ("[`StoreError::Conflict`] where the head moved.", "StoreError::Conflict ] where"),
            ("`MetadataError` where a key is wrong.", "MetadataError where"),
            ("It is no list.", "is no"),
            ("The address is none.", "is none"),
            ("It lasts for ever.", "for ever"),
            ("The index is another one.", "another one"),
            ("As of a Moment.", "Moment"),
            ("It tried again.", "tried again"),
            ("Ten seconds unless told otherwise.", "unless told otherwise"),
            ("The caller is told.", "is told"),
            ("It tells the version.", "tells"),
            ("The name says it.", "says"),
            ("Inside of a batch.", "Inside of"),
            ("A folder of its own.", "of its own"),
            ("It stands there.", "stands"),
        ] {
            assert_eq!(phrases(text), [phrase], "{text}");
        }
    }

    #[test]
    fn good_english_is_not_found() {
        for text in [
            "There is no server, and there are none elsewhere.",
            "It is no longer used, and no more than ten are.",
            "The folder where it is built, where `cargo` looks, and in which it lies.",
            "Where the state is read from.",
            "`es` stands for event sourcing.",
            "The code `is no` and the [link](is_no/for ever.md) do not count.",
            "This is noted; the wherever, momentary and foretold are other words.",
        ] {
            assert_eq!(phrases(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_phrase_continues_on_the_next_line() {
        let lines = ["The server is", "no replica set."].iter().zip(7..);
        let lines: Vec<Line> = lines.map(|(text, number)| Line { number, text: (*text).to_owned() }).collect();
        assert_eq!(search(&lines)[0].line, 7);
    }
}
