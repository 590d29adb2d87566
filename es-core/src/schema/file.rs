//! The file of a lock. Many tests may write it concurrently.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::finding::SchemaError;
use super::grammar::{self, Stray};
use super::tree::{self, Node};

/// The time after which a writer is considered dead.
const PATIENCE: Duration = Duration::from_secs(10);

const HEADER: &str = "\
# What the events and states of the aggregates and the rows of the projections look like where they are stored.
# A test keeps this file. `ES_UPDATE=1 cargo test` adds what is new; nothing here is edited by hand, for it is stored like this.
";

/// The markers that a merge leaves at the beginning of a line.
const CONFLICT: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// The sections of the file, or none if the file does not exist.
pub(super) fn read(path: &Path) -> Result<Vec<Node>, SchemaError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(SchemaError::Io { path: path.to_owned(), source: source.into() }),
    };
    // A checkout may have changed the line endings, and an editor may have added a byte order mark.
    parse(&text.trim_start_matches('\u{feff}').replace("\r\n", "\n"), path)
}

fn parse(text: &str, path: &Path) -> Result<Vec<Node>, SchemaError> {
    if let Some(at) = text.lines().position(|line| CONFLICT.iter().any(|mark| line.starts_with(mark))) {
        return Err(SchemaError::Conflicted { path: path.to_owned(), line: at + 1 });
    }
    let malformed = |line| SchemaError::Malformed { path: path.to_owned(), line };
    let sections = Node::parse(text).map_err(malformed)?;
    grammar::check(&sections).map_err(|Stray(place)| malformed(tree::line_of(text, place)))?;
    Ok(sections)
}

/// Changes the file under a lock, so that concurrent changes are kept.
pub(super) fn update<T>(
    path: &Path,
    change: impl FnOnce(&mut Vec<Node>) -> Result<T, SchemaError>,
) -> Result<T, SchemaError> {
    let io = |source: io::Error| SchemaError::Io { path: path.to_owned(), source: source.into() };
    let _turn = Turn::take(path).map_err(io)?;
    let mut sections = read(path)?;
    let before = write(&sections);
    let result = change(&mut sections)?;
    sections.sort_by(|left, right| left.line.cmp(&right.line));
    let text = write(&sections);
    if text != before || !path.exists() {
        replace(path, &text).map_err(io)?;
    }
    Ok(result)
}

fn write(sections: &[Node]) -> String {
    sections.iter().fold(HEADER.to_owned(), |text, section| format!("{text}\n{section}"))
}

/// A reader sees the file before or after the change, and nothing in between.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = beside(path, &format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}

/// The right to write, as a file that only one process can create.
struct Turn(PathBuf);

impl Turn {
    fn take(path: &Path) -> io::Result<Self> {
        let turn = beside(path, "writing");
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&turn) {
                Ok(_) => return Ok(Self(turn)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let age = fs::metadata(&turn).and_then(|file| file.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > PATIENCE) {
                // The process that created it was killed. If two processes see this, one may remove
                // the file that the other has just created. Both then write complete files.
                let _ = fs::remove_file(&turn);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
