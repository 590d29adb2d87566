//! Chooses the next variant of each enum, so that every reading makes progress.

use std::collections::{BTreeMap, BTreeSet};

use super::variant_path;

/// The enums that were read, by their path.
#[derive(Debug, Default)]
pub(super) struct Enums {
    met: BTreeMap<String, Enum>,
    /// The enum whose content is generated without its types, and of which this round reads a
    /// further variant: one at a time, so that the next refusal is known to concern it.
    moved: Option<String>,
}

#[derive(Debug)]
struct Enum {
    /// The place of the contents of the variants: `holder<Variant>`.
    holder: String,
    names: &'static [&'static str],
    read: BTreeSet<usize>,
    /// The variant of this round, which ends with a value that was read completely.
    current: Option<usize>,
    is_reached: bool,
    has_content: bool,
}

impl Enum {
    fn is_unfinished(&self) -> bool {
        self.read.len() < self.names.len()
    }
}

/// The result of a round.
#[derive(Debug, Default)]
pub(super) struct Explored {
    /// A variant with content was read for the first time.
    pub(super) has_content: bool,
    /// A variant was read for the first time, or an enum turned out to be unreachable.
    pub(super) is_progress: bool,
}

impl Enums {
    /// The variant to read at a path.
    pub(super) fn choose(
        &mut self,
        path: &str,
        holder: &str,
        names: &'static [&'static str],
        hinted: Option<usize>,
        moves_alone: bool,
    ) -> usize {
        let known = self.met.entry(path.to_owned()).or_insert_with(|| Enum {
            holder: holder.to_owned(),
            names,
            read: BTreeSet::new(),
            current: None,
            is_reached: false,
            has_content: false,
        });
        if known.holder != holder {
            holder.clone_into(&mut known.holder);
        }
        known.is_reached = true;
        if let Some(current) = known.current {
            return current;
        }
        let is_first = known.read.is_empty();
        let unread = (0..names.len()).find(|at| !known.read.contains(at));
        let unread = hinted.filter(|_| is_first).or(unread);
        let first_read = known.read.first().copied();
        let has_to_wait = moves_alone && !is_first && self.moved.as_deref().is_some_and(|moved| moved != path);
        let next = unread.filter(|_| !has_to_wait).inspect(|_| {
            if moves_alone && !is_first {
                self.moved = Some(path.to_owned());
            }
        });
        let at = next.or_else(|| self.unfinished_below(holder, names)).or(first_read).unwrap_or(0);
        if let Some(known) = self.met.get_mut(path) {
            known.current = Some(at);
        }
        at
    }

    /// A variant that contains an enum with unread variants.
    fn unfinished_below(&self, holder: &str, names: &[&str]) -> Option<usize> {
        names.iter().position(|name| {
            let prefix = variant_path(holder, name);
            self.met
                .range(prefix.clone()..)
                .take_while(|(path, _)| path.starts_with(&prefix))
                .any(|(_, inner)| inner.is_unfinished())
        })
    }

    /// The enums with the same variants that contain a path: the length of the path of their
    /// content.
    pub(super) fn around(&self, path: &str, names: &'static [&'static str]) -> Vec<usize> {
        let around = self.met.iter().filter(|(other, known)| {
            let rest = path.strip_prefix(known.holder.as_str());
            *other != path && known.names == names && rest.is_some_and(|rest| rest.starts_with('<'))
        });
        around.map(|(_, known)| known.holder.len()).collect()
    }

    /// Whether this round reads the variant for the first time.
    pub(super) fn is_new(&self, path: &str) -> bool {
        self.met.get(path).is_some_and(|known| known.current.is_none_or(|current| !known.read.contains(&current)))
    }

    pub(super) fn begin_reading(&mut self) {
        for known in self.met.values_mut() {
            known.is_reached = false;
            known.has_content = false;
        }
    }

    pub(super) fn holds(&mut self, path: &str) {
        if let Some(known) = self.met.get_mut(path) {
            known.has_content = true;
        }
    }

    /// Records what was read.
    pub(super) fn end_round(&mut self) -> Explored {
        let mut explored = Explored::default();
        for known in self.met.values_mut().filter(|known| known.is_reached) {
            if let Some(at) = known.current
                && known.read.insert(at)
            {
                explored.is_progress = true;
                explored.has_content |= known.has_content;
            }
        }
        if !explored.is_progress {
            explored.is_progress = self.forget_unreachable();
        }
        self.moved = None;
        for known in self.met.values_mut() {
            known.current = None;
        }
        explored
    }

    /// Forgets the enums that should have been read, because all variants around them were read.
    /// The value that contained them is now generated in a different way, or the type contains
    /// itself there.
    fn forget_unreachable(&mut self) -> bool {
        let is_expected = |path: &str| {
            self.met.values().filter(|outer| outer.is_reached).all(|outer| {
                let Some(rest) = path.strip_prefix(outer.holder.as_str()).filter(|rest| rest.starts_with('<')) else {
                    return true;
                };
                let current = outer.current.and_then(|at| outer.names.get(at)).copied().unwrap_or_default();
                rest.starts_with(&variant_path("", current))
            })
        };
        let unreachable =
            self.met.iter().filter(|(path, known)| known.is_unfinished() && !known.is_reached && is_expected(path));
        let unreachable: Vec<String> = unreachable.map(|(path, _)| path.clone()).collect();
        for path in &unreachable {
            self.met.remove(path);
        }
        !unreachable.is_empty()
    }

    pub(super) fn has_more(&self) -> bool {
        self.met.values().any(Enum::is_unfinished)
    }

    /// The enum of which this round reads a further variant, and the path of what the variant
    /// holds.
    pub(super) fn moved(&self) -> Option<(&str, String)> {
        let path = self.moved.as_deref()?;
        let moved = self.met.get(path)?;
        let name = moved.current.and_then(|at| moved.names.get(at)).copied().unwrap_or_default();
        Some((path, variant_path(&moved.holder, name)))
    }
}
