//! The findings of a check, and their text.

use std::fmt;
use std::path::PathBuf;

use crate::error::SharedError;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No stored data is affected.
    New,
    /// Stored data can still be read, with the same result.
    Compatible,
    /// Stored data can no longer be read, or is read as something else.
    Broken,
}

/// One difference between the lock and the code.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) what: String,
    /// Lines of a difference.
    pub(super) difference: String,
    /// What to do, if that is not the same for all findings of the verdict.
    pub(super) remedy: String,
}

impl Finding {
    pub(super) fn new(what: String) -> Self {
        Self { verdict: Verdict::New, what, difference: String::new(), remedy: String::new() }
    }

    pub(super) fn compatible(what: String, difference: String, remedy: String) -> Self {
        Self { verdict: Verdict::Compatible, what, difference, remedy }
    }

    pub(super) fn broken(what: String, difference: String, remedy: String) -> Self {
        Self { verdict: Verdict::Broken, what, difference, remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::New => "new",
            Verdict::Compatible => "compatible",
            Verdict::Broken => "broken",
        };
        writeln!(f, "{mark}: {}", self.what)?;
        for line in self.difference.lines() {
            writeln!(f, "    {line}")?;
        }
        if !self.remedy.is_empty() {
            writeln!(f, "  {}", self.remedy)?;
        }
        Ok(())
    }
}

/// The schema of an aggregate, or of the rows of a projection, differs from its schema lock.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The code and the lock differ.
    #[error("the schema of {name} differs from {}\n\n{findings}", .path.display())]
    Differs {
        /// The stored name of the aggregate or of the projection.
        name: &'static str,
        /// The file of the lock.
        path: PathBuf,
        /// The differences, and a remedy for each.
        findings: String,
    },
    /// The file is not a valid lock.
    #[error("line {line} of {} is not a line of a schema lock; restore the file from version control", .path.display())]
    Malformed {
        /// The file of the lock.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A merge of the lock was not finished.
    #[error(
        "line {line} of {} is a conflict of a merge; keep what was released on either side, remove the lines of the merge, and run \
         `ES_UPDATE=1 cargo test` to add the rest",
        .path.display()
    )]
    Conflicted {
        /// The file of the lock.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The lock cannot be read or written.
    #[error("{} cannot be read or written", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system reported.
        source: SharedError,
    },
}

/// The findings as one text, with a remedy for each kind.
pub(super) fn report(findings: &[Finding], is_update: bool) -> String {
    let mut text = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
    let has = |verdict| findings.iter().any(|finding| finding.verdict == verdict);
    let is_broken = has(Verdict::Broken);
    let advice = match (is_broken, is_update, has(Verdict::New) || has(Verdict::Compatible)) {
        (true, true, _) => "nothing was written: `ES_UPDATE=1` adds what is new, but never rewrites what was released",
        (true, false, true) => "first repair what is broken; then add what is new with `ES_UPDATE=1 cargo test`",
        (false, _, true) => "run `ES_UPDATE=1 cargo test` to record it, and commit the file",
        (_, _, false) => "",
    };
    text.push_str(advice);
    text.trim_end().to_owned()
}
