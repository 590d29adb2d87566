//! What is printed: tables for people, or one JSON document a line for programs.

mod event;
mod invoice;
mod moment;
mod progress;
mod table;

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

pub use event::summary;
pub use invoice::InvoiceView;
pub use moment::{date, parse_moment, parse_moment_from, utc};
pub use progress::{bar, spinner};
pub use table::{Row, count};

/// Prints in the form that the user asked for.
#[derive(Debug, Clone, Copy)]
pub struct View {
    json: bool,
}

/// Something that is shown by itself.
pub trait Show: Serialize {
    /// For people, without a line end after it.
    fn text(&self) -> String;
}

impl View {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// One thing.
    pub fn one(self, value: &impl Show) -> io::Result<()> {
        if self.json { self.data(value) } else { self.note(value.text()) }
    }

    /// Several things, one below the other.
    pub fn each(self, values: &[impl Show]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.one(value))
    }

    /// Several things of one kind: a table.
    pub fn list<R: Row>(self, rows: &[R]) -> io::Result<()> {
        if self.json {
            return rows.iter().try_for_each(|row| self.data(row));
        }
        if rows.is_empty() { self.note("(none)") } else { self.note(table::table(rows).trim_fmt()) }
    }

    /// Something that only people read.
    pub fn note(self, text: impl Display) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(io::stdout().lock(), "{text}")
    }

    /// Something that only programs read.
    pub fn data(self, value: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let line = serde_json::to_string(value)?;
        writeln!(io::stdout().lock(), "{line}")
    }
}
