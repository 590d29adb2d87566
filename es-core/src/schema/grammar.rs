//! Which lines a lock may have: what is none of them was edited by hand, or merged, and is not to be written over.

use std::collections::HashSet;

use super::tree::Node;

/// A line that no lock has, by its place among the lines that say something.
pub(super) struct Stray(pub(super) usize);

/// The keywords at one level, and what stands below each.
struct Rule {
    keyword: &'static str,
    argument: Argument,
    children: &'static [Rule],
    /// Shapes and samples have lines of their own kind below them.
    is_free: bool,
    may_repeat: bool,
}

enum Argument {
    None,
    Name,
    Number,
}

const fn rule(keyword: &'static str, argument: Argument, children: &'static [Rule]) -> Rule {
    Rule { keyword, argument, children, is_free: false, may_repeat: false }
}

const VERSION: &[Rule] = &[
    rule("since", Argument::Number, &[]),
    Rule { is_free: true, ..rule("shape", Argument::None, &[]) },
    Rule { is_free: true, may_repeat: true, ..rule("sample", Argument::None, &[]) },
];

const EVENT: &[Rule] = &[rule("alias", Argument::Name, &[]), rule("version", Argument::Number, VERSION)];

const AGGREGATE: &[Rule] = &[
    Rule { is_free: true, ..rule("state", Argument::Number, &[]) },
    rule("event", Argument::Name, EVENT),
    rule("retired", Argument::Name, &[]),
];

const FILE: &[Rule] = &[rule("aggregate", Argument::Name, AGGREGATE)];

/// Refuses lines that no lock has, and those that are there twice.
pub(super) fn check(sections: &[Node]) -> Result<(), Stray> {
    check_level(sections, FILE, &mut 0)
}

fn check_level(nodes: &[Node], rules: &[Rule], place: &mut usize) -> Result<(), Stray> {
    let mut seen = HashSet::new();
    for node in nodes {
        let here = *place;
        let rule = rules.iter().find(|rule| rule.admits(&node.line)).ok_or(Stray(here))?;
        if !rule.may_repeat && !seen.insert(&node.line) {
            return Err(Stray(here));
        }
        *place += 1;
        if rule.is_free {
            *place += node.children.iter().map(count).sum::<usize>();
        } else {
            check_level(&node.children, rule.children, place)?;
        }
    }
    Ok(())
}

fn count(node: &Node) -> usize {
    1 + node.children.iter().map(count).sum::<usize>()
}

impl Rule {
    fn admits(&self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix(self.keyword) else { return false };
        match (&self.argument, rest.strip_prefix(' ')) {
            (Argument::None, _) => rest.is_empty(),
            (Argument::Name, Some(name)) => !name.is_empty(),
            (Argument::Number, Some(number)) => number.parse::<u32>().is_ok(),
            (_, None) => false,
        }
    }
}
