//! The prose of Rust sources: comments, string literals, and function names that are sentences.

use super::{Line, Paragraph, markdown};

/// A function name with more words than this is a sentence, like the names of tests.
const WORDS_OF_A_NAME: usize = 3;

pub(super) fn paragraphs(lines: &[Line]) -> Vec<Paragraph> {
    let mut reader = Reader {
        chars: lines.iter().flat_map(|line| line.text.chars().chain(['\n']).map(|char| (char, line.number))).collect(),
        at: 0,
        comment: Vec::new(),
        paragraphs: Vec::new(),
    };
    while reader.at < reader.chars.len() {
        reader.step();
    }
    reader.end_comment();
    reader.paragraphs
}

struct Reader {
    /// Each character with its line number.
    chars: Vec<(char, usize)>,
    at: usize,
    /// Consecutive lines of `//`.
    comment: Paragraph,
    paragraphs: Vec<Paragraph>,
}

impl Reader {
    fn step(&mut self) {
        if self.sees("//") {
            self.line_comment();
        } else if self.sees("/*") {
            self.block_comment();
        } else if self.sees("\"") {
            self.string();
        } else if let Some(hashes) = self.raw_string() {
            self.read_raw_string(hashes);
        } else if self.sees("'") {
            self.char_or_lifetime();
        } else if self.peek(0).is_some_and(is_name) {
            self.name();
        } else {
            self.at += 1;
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).map(|(char, _)| *char)
    }

    fn sees(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, char)| self.peek(ahead) == Some(char))
    }

    /// The position of `text`, or the end.
    fn find(&self, from: usize, text: &str) -> usize {
        let text: Vec<char> = text.chars().collect();
        let rest = self.chars.get(from..).unwrap_or_default();
        rest.windows(text.len())
            .position(|window| window.iter().map(|(char, _)| *char).eq(text.iter().copied()))
            .map_or(self.chars.len(), |at| from + at)
    }

    /// The lines between two positions.
    fn lines(&self, from: usize, to: usize) -> Paragraph {
        let mut lines: Paragraph = Vec::new();
        for (char, number) in &self.chars[from..to] {
            match lines.last_mut() {
                Some(line) if line.number == *number => line.text.push(*char),
                _ => lines.push(Line { number: *number, text: char.to_string() }),
            }
        }
        for line in &mut lines {
            line.text.truncate(line.text.trim_end_matches('\n').len());
        }
        lines
    }

    fn line_comment(&mut self) {
        let end = self.find(self.at, "\n");
        let start = (self.at..end).find(|at| !matches!(self.chars[*at].0, '/' | '!')).unwrap_or(end);
        let number = self.chars[self.at].1;
        if self.comment.last().is_some_and(|last| last.number + 1 != number) {
            self.end_comment();
        }
        let text = self.chars[start..end].iter().map(|(char, _)| *char).collect();
        self.comment.push(Line { number, text });
        self.at = end;
    }

    fn end_comment(&mut self) {
        let comment = std::mem::take(&mut self.comment);
        self.paragraphs.extend(markdown::paragraphs(&comment));
    }

    fn block_comment(&mut self) {
        let start = self.at + 2;
        let mut depth = 1;
        self.at = start;
        while depth > 0 && self.at < self.chars.len() {
            if self.sees("/*") {
                depth += 1;
                self.at += 2;
            } else if self.sees("*/") {
                depth -= 1;
                self.at += 2;
            } else {
                self.at += 1;
            }
        }
        self.paragraphs.extend(markdown::paragraphs(&self.lines(start, self.at)));
    }

    fn string(&mut self) {
        let start = self.at + 1;
        self.at = start;
        while let Some(char) = self.peek(0) {
            match char {
                '"' => break,
                '\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let end = self.at.min(self.chars.len());
        let mut lines = self.lines(start, end);
        for line in &mut lines {
            // Escapes separate words. An escape at the end of a line joins the line to the next
            // one.
            line.text = line.text.replace("\\n", " ").replace("\\\"", "\"").replace('\\', " ");
        }
        self.paragraphs.push(lines);
        self.at = end + 1;
    }

    /// The number of `#` of the raw string that begins here, if any.
    fn raw_string(&self) -> Option<usize> {
        let after_prefix = if self.sees("r") {
            1
        } else if self.sees("br") || self.sees("cr") {
            2
        } else {
            return None;
        };
        let before = self.at.checked_sub(1).map(|before| self.chars[before].0);
        if before.is_some_and(is_name) {
            return None;
        }
        let rest = self.chars.get(self.at + after_prefix..).unwrap_or_default();
        let hashes = rest.iter().take_while(|(char, _)| *char == '#').count();
        (self.peek(after_prefix + hashes) == Some('"')).then_some(hashes)
    }

    fn read_raw_string(&mut self, hashes: usize) {
        let start = self.find(self.at, "\"") + 1;
        let end = self.find(start, &format!("\"{}", "#".repeat(hashes)));
        self.paragraphs.push(self.lines(start, end));
        self.at = end + 1 + hashes;
    }

    fn char_or_lifetime(&mut self) {
        if self.peek(1) == Some('\\') {
            self.at = self.find(self.at + 3, "'") + 1;
        } else if self.peek(2) == Some('\'') {
            self.at += 3;
        } else {
            self.at += 1;
        }
    }

    fn name(&mut self) {
        let end = (self.at..self.chars.len()).find(|at| !is_name(self.chars[*at].0)).unwrap_or(self.chars.len());
        let name: String = self.chars[self.at..end].iter().map(|(char, _)| *char).collect();
        if name.split('_').count() > WORDS_OF_A_NAME && name.chars().all(|char| !char.is_uppercase()) {
            let number = self.chars[self.at].1;
            self.paragraphs.push(vec![Line { number, text: name.replace('_', " ") }]);
        }
        self.at = end;
    }
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}
