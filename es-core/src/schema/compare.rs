//! The rules of the lock: compares what was released with what the code declares.

use std::collections::HashSet;

use super::collect::{Declared, DeclaredEvent, DeclaredVersion};
use super::difference::{add_optional, difference, is_same};
use super::finding::Finding;
use super::literal;
use super::tree::Node;

/// Reads a sample of an event as the aggregate does now; the error is the reason why it cannot.
pub(super) type Read<'a> = dyn Fn(&str, u32, &bson::Document) -> Result<(), String> + 'a;

/// The findings, and the section to write if they are accepted.
pub(super) struct Comparison {
    pub(super) findings: Vec<Finding>,
    pub(super) section: Node,
}

/// `others` are the sections of all aggregates that are not known to be different from this one.
pub(super) fn compare(
    locked: Option<&Node>,
    others: &[&Node],
    aggregate: &str,
    state_version: u32,
    declared: &Declared,
    read: &Read<'_>,
) -> Comparison {
    let empty = Node::default();
    let mut findings = Vec::new();
    if locked.is_none() {
        findings.push(Finding::new(format!("the aggregate {aggregate}")));
        findings.extend(others.iter().filter_map(|other| find_former_name(aggregate, other, declared)));
    }
    let locked = locked.unwrap_or(&empty);
    let mut children = Vec::new();
    compare_state(locked, aggregate, state_version, declared, &mut findings, &mut children);
    for event in &declared.events {
        let known = locked.children.iter().find(|node| {
            node.after("event").is_some_and(|name| name == event.info.event_type || event.info.aliases.contains(&name))
        });
        children.push(EventRules { event, all: &declared.events, read, findings: &mut findings }.compare(known));
    }
    check_disappeared(locked, declared, &mut findings);
    check_retired(locked, declared, &mut findings, &mut children);
    Comparison { findings, section: Node::new(format!("aggregate {aggregate}")).with(children) }
}

/// A new aggregate whose events were released with an existing one may be that aggregate under a
/// new name. Its streams are stored under the old name, and nothing would read them.
fn find_former_name(aggregate: &str, other: &Node, declared: &Declared) -> Option<Finding> {
    let former = other.after("aggregate")?;
    let released: Vec<&str> = other.children.iter().flat_map(names_of).collect();
    let shared = declared.events.iter().filter(|event| {
        let info = event.info;
        released.contains(&info.event_type) || info.aliases.iter().any(|alias| released.contains(alias))
    });
    let shared: Vec<&str> = shared.map(|event| event.info.event_type).collect();
    if shared.is_empty() {
        return None;
    }
    Some(Finding::broken(
        format!("the aggregate {aggregate} is new, but {former} was released with {}", shared.join(", ")),
        String::new(),
        format!(
            "if it is {former} under a new name, keep the stored one with `#[aggregate(name = \"{former}\")]`, because otherwise nothing reads its streams; \
             if it is a different aggregate, write `Check::<..>::new(..).beside(\"{former}\").run()`"
        ),
    ))
}

/// The names under which an event was released.
fn names_of(event: &Node) -> impl Iterator<Item = &str> {
    let aliases = event.children.iter().filter_map(|node| node.after("alias"));
    event.after("event").into_iter().chain(aliases)
}

/// A snapshot is read as the state, so the shape of the state may change only together with its
/// version.
fn compare_state(
    locked: &Node,
    aggregate: &str,
    version: u32,
    declared: &Declared,
    findings: &mut Vec<Finding>,
    children: &mut Vec<Node>,
) {
    let known = locked.children.iter().find(|node| node.after("state").is_some());
    let Some(shape) = &declared.state else {
        children.extend(known.cloned());
        return;
    };
    let current = Node::new(format!("state {version}")).with(shape.to_nodes());
    children.push(current.clone());
    if let Some((written, reason)) = &declared.unreadable_state {
        findings.push(Finding::broken(
            format!("the state of {aggregate} is written into snapshots but cannot be read back: {reason}"),
            literal::to_nodes(written).iter().map(ToString::to_string).collect(),
            "make its type read what it writes, for example with `#[serde(transparent)]` on the type of a map's key"
                .to_owned(),
        ));
    }
    let Some(known) = known else {
        findings.push(Finding::new(format!("the state of {aggregate}, version {version}")));
        return;
    };
    let released = known.after("state").and_then(|number| number.parse::<u32>().ok()).unwrap_or(0);
    if version > released {
        findings.push(Finding::new(format!("version {version} of the state of {aggregate}")));
    } else if version < released {
        findings.push(Finding::broken(
            format!("the state of {aggregate} has version {version}, but version {released} was released"),
            String::new(),
            format!("raise `snapshot(version = {})`: snapshots of older versions are ignored", released + 1),
        ));
    } else if !is_same(&known.children, &current.children) {
        findings.push(Finding::broken(
            format!("the state of {aggregate} changed, but its version is still {version}"),
            difference(&known.children, &current.children),
            format!(
                "raise it in `#[aggregate(snapshot(version = {}))]`: snapshots of the old shape are then ignored, \
                 and the state is folded from its events",
                version + 1
            ),
        ));
    }
}

struct EventRules<'a> {
    event: &'a DeclaredEvent,
    all: &'a [DeclaredEvent],
    read: &'a Read<'a>,
    findings: &'a mut Vec<Finding>,
}

impl EventRules<'_> {
    fn compare(mut self, known: Option<&Node>) -> Node {
        let name = self.event.info.event_type;
        let mut children: Vec<Node> = self.names_of_today();
        children.extend(self.event.parts.iter().map(|part| Node::new(format!("part {part}"))));
        match known {
            None => self.findings.push(Finding::new(format!("the event {name}"))),
            Some(known) => {
                self.compare_names(known);
                self.compare_parts(known);
            }
        }
        let released: Vec<&Node> = known.into_iter().flat_map(|known| &known.children).collect();
        for version in &self.event.versions {
            let line = format!("version {}", version.version);
            let locked = released.iter().find(|node| node.line == line);
            children.push(match locked {
                None => {
                    if known.is_some() {
                        self.findings.push(Finding::new(format!("version {} of {name}", version.version)));
                    }
                    self.check_samples(version.version, &version.samples, true);
                    write_version(version)
                }
                Some(locked) => self.compare_version(locked, version),
            });
        }
        for locked in released {
            let Some(number) = locked.after("version").and_then(|number| number.parse::<u32>().ok()) else { continue };
            if self.event.versions.iter().any(|version| version.version == number) {
                continue;
            }
            self.compare_older(locked, number);
            children.push(locked.clone());
        }
        Node::new(format!("event {name}")).with(children)
    }

    fn names_of_today(&self) -> Vec<Node> {
        self.event.info.aliases.iter().map(|alias| Node::new(format!("alias {alias}"))).collect()
    }

    fn compare_names(&mut self, known: &Node) {
        let info = self.event.info;
        let old = known.after("event").unwrap_or_default();
        if old != info.event_type {
            self.findings.push(Finding::new(format!("{old} is called {}", info.event_type)));
        }
        for alias in info.aliases.iter().filter(|alias| **alias != old) {
            if known.child(&format!("alias {alias}")).is_none() {
                self.findings.push(Finding::new(format!("the older name {alias} of {}", info.event_type)));
            }
        }
        for alias in known.children.iter().filter_map(|node| node.after("alias")) {
            if alias != info.event_type && !info.aliases.contains(&alias) {
                self.findings.push(Finding::broken(
                    format!("{} is no longer read under its older name {alias}", info.event_type),
                    String::new(),
                    format!("write `alias = \"{alias}\"` in its `#[event(..)]` again"),
                ));
            }
        }
    }

    /// The events that a split event can be read as. A lock may be older than this rule, and then
    /// has no parts.
    fn compare_parts(&mut self, known: &Node) {
        let name = self.event.info.event_type;
        let released: Vec<&str> = known.children.iter().filter_map(|node| node.after("part")).collect();
        if released.is_empty() {
            return;
        }
        let parts = || self.all.iter().filter(|event| self.event.parts.contains(&event.info.event_type));
        let is_called =
            |event: &DeclaredEvent, name: &str| event.info.event_type == name || event.info.aliases.contains(&name);
        let lost = released.iter().filter(|part| !parts().any(|event| is_called(event, part))).map(|part| {
            Finding::broken(
                format!("a stored {name} was read as {part}, but no longer is"),
                String::new(),
                format!(
                    "write {part} in its `split(..)` again; if it is now read as something else on purpose, delete the line \
                     `part {part}` of {name} from the file, and raise the version of the state if snapshots are taken"
                ),
            )
        });
        let added = parts().filter(|event| !released.iter().any(|part| is_called(event, part)));
        let added =
            added.map(|event| Finding::new(format!("a stored {name} may be read as {}", event.info.event_type)));
        let findings: Vec<_> = lost.chain(added).collect();
        self.findings.extend(findings);
    }

    /// A version that is declared and was released.
    fn compare_version(&mut self, locked: &Node, version: &DeclaredVersion) -> Node {
        let (name, number) = (self.event.info.event_type, version.version);
        let current = version.shape.to_nodes();
        let shape = locked.child("shape").map_or(&[][..], |node| &node.children);
        let is_read = self.check_golden(locked, number);
        let Some(merged) = add_optional(shape, &current) else {
            self.findings.push(Finding::broken(
                format!("the shape of {name} version {number} changed, but the version was released"),
                difference(shape, &current),
                format!(
                    "restore it, and make the new shape version {next}: rename this type to `{name}V{number}` with \
                     `#[event(version = {number}, name = \"{name}\")]`, write `#[event(version = {next}, from = {name}V{number})]` on the new \
                     one, and `impl From<{name}V{number}>`; if version {number} was never released, delete its lines from the file and \
                     run `ES_UPDATE=1 cargo test`",
                    next = number + 1
                ),
            ));
            return locked.clone();
        };
        if merged == shape {
            return locked.clone();
        }
        if is_read {
            self.findings.push(Finding::compatible(
                format!(
                    "{name} version {number} has additions that stored data need not have, so all stored data can still be read"
                ),
                difference(shape, &current),
                format!(
                    "record it as it is, or, if older programs must refuse the additions, write \
                     `#[event(version = {}, since = {})]` first",
                    number + 1,
                    version.since
                ),
            ));
        }
        let mut updated = locked.clone();
        for child in &mut updated.children {
            if child.line == "shape" {
                child.children.clone_from(&merged);
            }
        }
        updated
    }

    /// A version that was released. A type of a newer version may read it.
    fn compare_older(&mut self, locked: &Node, number: u32) {
        let name = self.event.info.event_type;
        let reader = self.event.versions.iter().find(|version| version.since <= number && number < version.version);
        let Some(reader) = reader else {
            self.findings.push(Finding::broken(
                format!("{name} version {number} was released, but no type reads it"),
                String::new(),
                format!(
                    "restore the type with `#[event(version = {number}, name = \"{name}\")]` and name it in `from = ..` of the \
                     version after it, because stored events remain"
                ),
            ));
            return;
        };
        self.check_golden(locked, number);
        let shape = locked.child("shape").map_or(&[][..], |node| &node.children);
        let current = reader.shape.to_nodes();
        if add_optional(shape, &current).is_none() {
            self.findings.push(Finding::broken(
                format!(
                    "`since = {}` of {name} version {} includes version {number}, which has a different shape",
                    reader.since, reader.version
                ),
                difference(shape, &current),
                format!("only fields that may be missing can be added with `since`; give version {number} its own type, and use `from` instead of `since`"),
            ));
        }
    }

    /// Whether the samples of a released version can still be read.
    fn check_golden(&mut self, locked: &Node, version: u32) -> bool {
        let name = self.event.info.event_type;
        let mut samples = Vec::new();
        for node in locked.children.iter().filter(|node| node.line.starts_with("sample")) {
            match literal::from_nodes(&node.children) {
                Ok(sample) => samples.push(sample),
                Err(reason) => {
                    self.findings.push(Finding::broken(
                        format!("a sample of {name} version {version} cannot be understood: {reason}"),
                        String::new(),
                        "restore the file from version control".to_owned(),
                    ));
                    return false;
                }
            }
        }
        self.check_samples(version, &samples, false)
    }

    fn check_samples(&mut self, version: u32, samples: &[bson::Document], is_new: bool) -> bool {
        let name = self.event.info.event_type;
        // One problem often affects all samples.
        let mut reasons = HashSet::new();
        for sample in samples {
            let Err(reason) = (self.read)(name, version, sample) else { continue };
            if !reasons.insert(reason.clone()) {
                continue;
            }
            let shown: String = literal::to_nodes(sample).iter().map(ToString::to_string).collect();
            let (what, remedy) = if is_new {
                (
                    format!("{name} version {version} writes data that it cannot read: {reason}"),
                    "find the field with `es_core::testing::assert_roundtrip`",
                )
            } else {
                (
                    format!("a stored {name} version {version} can no longer be read: {reason}"),
                    "stored data does not change: make the type, or the `From` after it, accept this sample",
                )
            };
            self.findings.push(Finding::broken(what, shown, remedy.to_owned()));
        }
        reasons.is_empty()
    }
}

fn check_disappeared(locked: &Node, declared: &Declared, findings: &mut Vec<Finding>) {
    for name in locked.children.iter().filter_map(|node| node.after("event")) {
        let is_read =
            declared.events.iter().any(|event| event.info.event_type == name || event.info.aliases.contains(&name));
        if is_read || declared.opaque.contains(&name) {
            continue;
        }
        if declared.retired.contains(&name) {
            findings.push(Finding::new(format!("the event {name} is retired")));
            continue;
        }
        findings.push(Finding::broken(
            format!("the event {name} was released, but nothing reads it"),
            String::new(),
            format!(
                "list it again, or write `retired(\"{name}\")` in `#[aggregate(..)]` if it no longer matters, or \
                 `alias = \"{name}\"` on the event that has its new name"
            ),
        ));
    }
}

fn check_retired(locked: &Node, declared: &Declared, findings: &mut Vec<Finding>, children: &mut Vec<Node>) {
    for name in &declared.retired {
        let line = format!("retired {name}");
        let was_event = locked.child(&format!("event {name}")).is_some();
        if locked.child(&line).is_none() && !was_event {
            findings.push(Finding::new(format!("the retired name {name}")));
        }
        children.push(Node::new(line));
    }
    for name in locked.children.iter().filter_map(|node| node.after("retired")) {
        if !declared.retired.contains(&name) {
            findings.push(Finding::broken(
                format!("the name {name} was retired, but is no longer listed as retired"),
                String::new(),
                format!(
                    "events with that name are stored; write `retired(\"{name}\")` again, and give a new event another `name`"
                ),
            ));
        }
    }
}

fn write_version(version: &DeclaredVersion) -> Node {
    let mut children = Vec::new();
    if version.since < version.version {
        children.push(Node::new(format!("since {}", version.since)));
    }
    children.push(Node::new("shape").with(version.shape.to_nodes()));
    let samples = version.samples.iter().map(|sample| Node::new("sample").with(literal::to_nodes(sample)));
    children.extend(samples);
    Node::new(format!("version {}", version.version)).with(children)
}
