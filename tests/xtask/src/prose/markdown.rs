//! The paragraphs of a Markdown document, or of a documentation comment.

use super::{Line, Paragraph, rust, script};

pub(super) fn paragraphs(lines: &[Line]) -> Vec<Paragraph> {
    let mut paragraphs = Vec::new();
    let mut paragraph = Vec::new();
    let mut rest = lines;
    while let Some((line, after)) = rest.split_first() {
        rest = after;
        let text = line.text.trim_start();
        if let Some(language) = text.strip_prefix("```") {
            paragraphs.push(std::mem::take(&mut paragraph));
            let end = rest.iter().position(|line| line.text.trim_start().starts_with("```")).unwrap_or(rest.len());
            paragraphs.extend(code(language, &rest[..end]));
            rest = rest.get(end + 1..).unwrap_or_default();
            continue;
        }
        if text.is_empty() || begins_paragraph(text) {
            paragraphs.push(std::mem::take(&mut paragraph));
        }
        paragraph.push(line.clone());
    }
    paragraphs.push(paragraph);
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

fn begins_paragraph(text: &str) -> bool {
    text.starts_with(['#', '|', '>']) || text.starts_with("- ") || text.starts_with("* ")
}

/// The prose in a block of code: its comments and strings.
fn code(language: &str, lines: &[Line]) -> Vec<Paragraph> {
    match language.split(',').next().unwrap_or_default().trim() {
        "" | "rust" | "no_run" | "ignore" | "should_panic" | "compile_fail" => {
            let shown = |line: &Line| {
                let text = line.text.trim_start();
                // rustdoc hides such a line.
                Line { number: line.number, text: text.strip_prefix("# ").unwrap_or(text).to_owned() }
            };
            rust::paragraphs(&lines.iter().map(shown).collect::<Vec<_>>())
        }
        "toml" | "sh" | "yaml" => script::paragraphs(lines),
        _ => Vec::new(),
    }
}
