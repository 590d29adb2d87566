//! The records of a process: one line per record, in a file, so that its memory use stays constant
//! in a long run.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::history::{Answer, Asked, History, Loaded, RowRead, Seen};

#[derive(Serialize, Deserialize)]
enum Record {
    Asked(Asked),
    Loaded(Loaded),
    Seen {
        reader: String,
        events: Vec<Seen>,
    },
    RowRead(RowRead),
    /// What a process knows at its end.
    Ended(Ended),
}

/// What a process knows at its end.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Ended {
    /// The longest time that a reader has waited for an open position.
    pub(super) longest_wait: Duration,
    /// The longest time until a row with a position was read.
    pub(super) longest_row: Duration,
    /// The number of rows that could not be read because of a fault.
    pub(super) rows_not_read: u64,
}

impl Ended {
    /// The same for two processes together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            longest_wait: self.longest_wait.max(other.longest_wait),
            longest_row: self.longest_row.max(other.longest_row),
            rows_not_read: self.rows_not_read + other.rows_not_read,
        }
    }
}

/// The record of one process.
#[derive(Debug)]
pub(super) struct Recorder {
    file: Mutex<BufWriter<File>>,
    acknowledged: AtomicU64,
    highest_position: AtomicU64,
    last_acknowledged: Mutex<Option<Asked>>,
    rows: Mutex<Ended>,
}

impl Recorder {
    pub(super) fn into_file(file: &Path) -> Self {
        let file = File::create(file).unwrap();
        Self {
            file: Mutex::new(BufWriter::new(file)),
            acknowledged: AtomicU64::new(0),
            highest_position: AtomicU64::new(0),
            last_acknowledged: Mutex::default(),
            rows: Mutex::default(),
        }
    }

    pub(super) fn asked(&self, asked: Asked) {
        if matches!(asked.answer, Answer::Acknowledged(_)) {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            *self.last_acknowledged.lock().unwrap() = Some(asked.clone());
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

    pub(super) fn row_read(&self, read: RowRead, took: Duration) {
        let mut rows = self.rows.lock().unwrap();
        rows.longest_row = rows.longest_row.max(took);
        drop(rows);
        self.write(&Record::RowRead(read));
    }

    pub(super) fn row_not_read(&self) {
        self.rows.lock().unwrap().rows_not_read += 1;
    }

    /// The last append of this process that was acknowledged as recorded now.
    pub(super) fn last_acknowledged(&self) -> Option<Asked> {
        self.last_acknowledged.lock().unwrap().clone()
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
        self.write(&Record::Ended(Ended { longest_wait, ..*self.rows.lock().unwrap() }));
        self.file.lock().unwrap().flush().unwrap();
    }

    fn write(&self, record: &Record) {
        let mut file = self.file.lock().unwrap();
        serde_json::to_writer(&mut *file, record).unwrap();
        file.write_all(b"\n").unwrap();
    }
}

/// Adds the records of a process to a history.
pub(super) fn read(file: &Path, process: u32, history: &mut History) -> Ended {
    let mut ended = Ended::default();
    for line in BufReader::new(File::open(file).unwrap()).lines() {
        match serde_json::from_str(&line.unwrap()).unwrap() {
            Record::Asked(asked) => history.asked.push(asked),
            Record::Loaded(loaded) => history.loaded.push(loaded),
            Record::Seen { reader, events } => {
                let reader = history.readers.entry(reader).or_default();
                reader.process = process;
                reader.seen.extend(events);
            }
            Record::RowRead(read) => history.row_reads.push(read),
            Record::Ended(told) => ended = told,
        }
    }
    ended
}
