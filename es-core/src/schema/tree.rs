//! The text of a lock: lines nested by indentation.

use std::fmt;

/// One line, and the lines below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Node {
    pub(super) line: String,
    pub(super) children: Vec<Self>,
}

const INDENT: &str = "  ";

impl Node {
    pub(super) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), children: Vec::new() }
    }

    pub(super) fn with(self, children: Vec<Self>) -> Self {
        Self { children, ..self }
    }

    pub(super) fn child(&self, line: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.line == line)
    }

    /// The text after a keyword: `retired ReminderSent`.
    pub(super) fn after(&self, keyword: &str) -> Option<&str> {
        self.line.strip_prefix(keyword)?.strip_prefix(' ')
    }

    /// The lines of a text. Empty lines, and comments at the left margin, are ignored.
    ///
    /// # Errors
    ///
    /// The number of the first line with an invalid indentation.
    pub(super) fn parse(text: &str) -> Result<Vec<Self>, usize> {
        let mut open: Vec<Self> = vec![Self::default()];
        for (at, raw) in text.lines().enumerate().filter(|(_, raw)| says_something(raw)) {
            let line = raw.trim_start_matches(' ');
            let spaces = raw.len() - line.len();
            let level = spaces / INDENT.len() + 1;
            if !spaces.is_multiple_of(INDENT.len()) || level > open.len() {
                return Err(at + 1);
            }
            close(&mut open, level);
            open.push(Self::new(line.trim_end()));
        }
        close(&mut open, 1);
        Ok(open.pop().unwrap_or_default().children)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, level: usize) -> fmt::Result {
        for _ in 0..level {
            f.write_str(INDENT)?;
        }
        writeln!(f, "{}", self.line)?;
        self.children.iter().try_for_each(|child| child.write(f, level + 1))
    }
}

fn says_something(line: &str) -> bool {
    !line.trim_start_matches(' ').is_empty() && !line.starts_with('#')
}

/// The number of the line with an index among the lines with content, from 1.
pub(super) fn line_of(text: &str, place: usize) -> usize {
    let mut lines = text.lines().enumerate().filter(|(_, line)| says_something(line));
    lines.nth(place).map_or(0, |(at, _)| at + 1)
}

/// Closes the open lines at a level or below it: each becomes the last child of the line above.
fn close(open: &mut Vec<Node>, level: usize) {
    while open.len() > level {
        let Some(done) = open.pop() else { return };
        if let Some(parent) = open.last_mut() {
            parent.children.push(done);
        }
    }
}

/// The line and all lines below it, each with its line feed.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_is_written() {
        let text = "a\n  b: string\n    c\n  d\ne\n";
        let nodes = Node::parse(text).unwrap();
        assert_eq!(nodes.iter().map(ToString::to_string).collect::<String>(), text);
    }

    #[test]
    fn a_line_without_a_parent_is_named() {
        assert_eq!(Node::parse("a\n    b\n"), Err(2));
        assert_eq!(Node::parse("a\n b\n"), Err(2));
    }
}
