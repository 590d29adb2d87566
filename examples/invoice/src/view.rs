//! The output: tables for people, or one JSON document per line for programs.

mod event;
mod invoice;
mod progress;
mod table;
mod time;

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

pub use event::summary;
pub use invoice::InvoiceView;
pub use progress::{bar, spinner};
pub use table::{Row, count, table};
pub use time::{date, parse_time, parse_time_from, utc};

/// Prints in the form that the user chose.
#[derive(Debug, Clone, Copy)]
pub struct View {
    json: bool,
}

/// A single value to print.
pub trait Show: Serialize {
    /// The form for people, without a line end after it.
    fn text(&self) -> String;
}

impl View {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one value.
    pub fn one(self, value: &impl Show) -> io::Result<()> {
        if self.json { self.data(value) } else { self.note(value.text()) }
    }

    /// Prints several values, one below the other.
    pub fn each(self, values: &[impl Show]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.one(value))
    }

    /// Prints several values of one kind: a table.
    pub fn list<R: Row>(self, rows: &[R]) -> io::Result<()> {
        if self.json {
            return rows.iter().try_for_each(|row| self.data(row));
        }
        self.note(table(rows))
    }

    /// Prints something that only people read.
    pub fn note(self, text: impl Display) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(io::stdout().lock(), "{text}")
    }

    /// Prints something that only programs read.
    pub fn data(self, value: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let line = serde_json::to_string(value)?;
        writeln!(io::stdout().lock(), "{line}")
    }
}
