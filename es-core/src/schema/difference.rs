//! Compares two shapes: what was added, and whether anything else differs.

use std::fmt::Write;

use super::tree::Node;

/// Marks a line of a shape that was added after the version was released.
const ADDED: &str = "added ";

/// The name of a field, whether it may be missing, and its kind.
fn field(line: &str) -> (&str, bool, &str) {
    let line = line.strip_prefix(ADDED).unwrap_or(line);
    let (name, kind) = line.split_once(": ").unwrap_or((line, ""));
    match name.strip_suffix('?') {
        Some(name) => (name, true, kind),
        None => (name, false, kind),
    }
}

fn find<'a>(nodes: &'a [Node], line: &str) -> Option<&'a Node> {
    let (name, _, _) = field(line);
    nodes.iter().find(|node| field(&node.line).0 == name)
}

/// Whether two shapes are the same, except for the order of their fields, and for what was added
/// and when.
pub(super) fn is_same(released: &[Node], current: &[Node]) -> bool {
    released.len() == current.len()
        && add_optional(released, current).is_some()
        && add_optional(current, released).is_some()
}

/// The released shape with the additions, or `None` if anything else differs than fields that may
/// be missing, and variants.
pub(super) fn add_optional(released: &[Node], current: &[Node]) -> Option<Vec<Node>> {
    add(released, current, false)
}

fn add(released: &[Node], current: &[Node], are_variants: bool) -> Option<Vec<Node>> {
    let mut merged = Vec::new();
    for node in released {
        let now = find(current, &node.line)?;
        if field(&now.line) != field(&node.line) {
            return None;
        }
        let children = add(&node.children, &now.children, has_variants(&node.line))?;
        merged.push(Node::new(node.line.clone()).with(children));
    }
    for node in current.iter().filter(|node| find(released, &node.line).is_none()) {
        if !are_variants && !field(&node.line).1 {
            return None;
        }
        merged.push(Node::new(format!("{ADDED}{}", node.line)).with(node.children.clone()));
    }
    Some(merged)
}

/// Whether the lines below a line are the variants of an enum.
fn has_variants(line: &str) -> bool {
    let (_, _, kind) = field(line);
    let kind = kind.trim_end_matches(" | null");
    let inner = kind.rsplit_once("list of ").or_else(|| kind.rsplit_once("map of ")).map_or(kind, |(_, inner)| inner);
    inner == "one of" || inner.starts_with("one of, ")
}

/// The difference, line by line. A different order is not shown.
pub(super) fn difference(released: &[Node], current: &[Node]) -> String {
    let mut ordered = Vec::new();
    order_like(released, current, &mut ordered);
    let plain = |nodes: &[Node]| nodes.iter().map(without_added).map(|node| node.to_string()).collect::<String>();
    let (before, after) = (plain(released), plain(&ordered));
    let difference = similar::TextDiff::from_lines(&before, &after);
    difference.iter_all_changes().fold(String::new(), |mut text, change| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{}{change}", change.tag());
        text
    })
}

fn without_added(node: &Node) -> Node {
    let line = node.line.strip_prefix(ADDED).unwrap_or(&node.line);
    Node::new(line).with(node.children.iter().map(without_added).collect())
}

fn order_like(released: &[Node], current: &[Node], ordered: &mut Vec<Node>) {
    let known = released.iter().filter_map(|node| Some((&node.children[..], find(current, &node.line)?)));
    let new = current.iter().filter(|node| find(released, &node.line).is_none()).map(|node| (&[][..], node));
    for (before, node) in known.chain(new) {
        let mut children = Vec::new();
        order_like(before, &node.children, &mut children);
        ordered.push(Node::new(node.line.clone()).with(children));
    }
}
