//! The valid lines of a lock. Any other line was edited by hand, or merged, and must not be
//! overwritten.

use std::collections::HashSet;

use super::tree::Node;

/// An invalid line, by its index among the lines with content.
pub(super) struct Stray(pub(super) usize);

/// The keywords at one level, and the rules for the lines below each.
struct Rule {
    keyword: &'static str,
    argument: Argument,
    children: &'static [Rule],
    /// The lines below shapes and samples follow their own rules.
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

const EVENT: &[Rule] = &[
    rule("alias", Argument::Name, &[]),
    rule("part", Argument::Name, &[]),
    rule("version", Argument::Number, VERSION),
];

const AGGREGATE: &[Rule] = &[
    Rule { is_free: true, ..rule("state", Argument::Number, &[]) },
    rule("event", Argument::Name, EVENT),
    rule("retired", Argument::Name, &[]),
];

const PROJECTION: &[Rule] =
    &[rule("reads", Argument::Name, &[]), Rule { is_free: true, ..rule("rows", Argument::Number, &[]) }];

const FILE: &[Rule] = &[rule("aggregate", Argument::Name, AGGREGATE), rule("projection", Argument::Name, PROJECTION)];

/// Refuses invalid lines, and lines that occur twice.
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
