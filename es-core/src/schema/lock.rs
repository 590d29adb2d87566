//! A check against one file.

use std::path::{Path, PathBuf};

use super::file;
use super::finding::{Finding, SchemaError, Verdict, report};
use super::tree::Node;

/// The file of a check, and whether the check adds what is new.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    pub(super) is_update: bool,
}

impl Lock {
    pub(super) fn new(path: impl AsRef<Path>) -> Self {
        let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
        let is_update = std::env::var_os("ES_UPDATE").is_some_and(|value| !value.is_empty() && value != "0");
        Self { path: root.join(path), is_update }
    }

    /// Compares the sections of the file with what the code declares under a name. `compare` returns
    /// the findings, and the section to write if none of them is broken.
    pub(super) fn compare(
        &self,
        name: &'static str,
        compare: impl Fn(&[Node]) -> (Vec<Finding>, Node),
    ) -> Result<(), SchemaError> {
        let differs = |findings: &[Finding]| SchemaError::Differs {
            name,
            path: self.path.clone(),
            findings: report(findings, self.is_update),
        };
        if self.is_update {
            return file::update(&self.path, |sections| {
                let (findings, section) = compare(sections);
                if findings.iter().all(|finding| finding.verdict != Verdict::Broken) {
                    sections.retain(|known| known.line != section.line);
                    sections.push(section);
                    return Ok(());
                }
                Err(differs(&findings))
            });
        }
        let (findings, _) = compare(&file::read(&self.path)?);
        if findings.is_empty() { Ok(()) } else { Err(differs(&findings)) }
    }
}
