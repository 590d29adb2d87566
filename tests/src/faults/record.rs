//! The records of a process: one line per record, in a file, so that its memory use stays constant
//! in a long run.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::history::{Answer, Asked, History, Loaded, Seen};

#[derive(Serialize, Deserialize)]
enum Record {
    Asked(Asked),
    Loaded(Loaded),
    Seen {
        reader: String,
        events: Vec<Seen>,
    },
    /// The longest time that a reader has waited for an open position.
    LongestWait(Duration),
}

/// The record of one process.
#[derive(Debug)]
pub(super) struct Recorder {
    file: Mutex<BufWriter<File>>,
    acknowledged: AtomicU64,
    highest_position: AtomicU64,
}

impl Recorder {
    pub(super) fn into_file(file: &Path) -> Self {
        let file = File::create(file).unwrap();
        Self {
            file: Mutex::new(BufWriter::new(file)),
            acknowledged: AtomicU64::new(0),
            highest_position: AtomicU64::new(0),
        }
    }

    pub(super) fn asked(&self, asked: Asked) {
        if matches!(asked.answer, Answer::Acknowledged(_)) {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(place) = asked.answer.place() {
            self.highest_position.fetch_max(place.position, Ordering::Relaxed);
        }
        self.write(&Record::Asked(asked));
    }

    pub(super) fn loaded(&self, loaded: Loaded) {
        self.write(&Record::Loaded(loaded));
    }

    pub(super) fn seen(&self, reader: &str, events: Vec<Seen>) {
        self.write(&Record::Seen { reader: reader.to_owned(), events });
    }

    /// The number of appends of this process that have been acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// The highest position that an answer to this process contains.
    pub(super) fn highest_position(&self) -> u64 {
        self.highest_position.load(Ordering::Relaxed)
    }

    pub(super) fn finish(&self, longest_wait: Duration) {
        self.write(&Record::LongestWait(longest_wait));
        self.file.lock().unwrap().flush().unwrap();
    }

    fn write(&self, record: &Record) {
        let mut file = self.file.lock().unwrap();
        serde_json::to_writer(&mut *file, record).unwrap();
        file.write_all(b"\n").unwrap();
    }
}

/// Adds the records of a process to a history. Returns the longest time that a reader of the
/// process has waited for an open position.
pub(super) fn read(file: &Path, process: u32, history: &mut History) -> Duration {
    let mut longest_wait = Duration::ZERO;
    for line in BufReader::new(File::open(file).unwrap()).lines() {
        match serde_json::from_str(&line.unwrap()).unwrap() {
            Record::Asked(asked) => history.asked.push(asked),
            Record::Loaded(loaded) => history.loaded.push(loaded),
            Record::Seen { reader, events } => {
                let reader = history.readers.entry(reader).or_default();
                reader.process = process;
                reader.seen.extend(events);
            }
            Record::LongestWait(wait) => longest_wait = wait,
        }
    }
    longest_wait
}
