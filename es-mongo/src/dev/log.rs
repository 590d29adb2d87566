//! The log file of one node, from its current start on.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of final lines that an error shows.
const LINES_SHOWN: usize = 8;

#[derive(Debug)]
pub(super) struct Log {
    file: PathBuf,
    from: AtomicU64,
}

impl Log {
    pub(super) fn at_its_end(file: PathBuf) -> Self {
        let log = Self { file, from: AtomicU64::new(0) };
        log.skip_to_end();
        log
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn skip_to_end(&self) {
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        self.from.store(length, Ordering::Relaxed);
    }

    pub(super) fn says(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The errors in the log, and its last lines: the reason for a failed start is seldom at the
    /// very end.
    pub(super) fn worth_showing(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        let (before, last) = lines.split_at(lines.len().saturating_sub(LINES_SHOWN));
        let is_error = |line: &&&str| line.contains(r#""s":"E""#) || line.contains(r#""s":"F""#);
        before.iter().filter(is_error).chain(last).flat_map(|line| [*line, "\n"]).collect()
    }

    fn text(&self) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.file)?;
            file.seek(SeekFrom::Start(self.from.load(Ordering::Relaxed)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        // A log that does not exist yet counts as empty.
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }
}
