//! The lines of the file: columns by name, and a reason with the line number if a line cannot be
//! read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ErrorKind, ReaderBuilder, StringRecord, Terminator};

use super::past::{Columns, PastInvoice};
use crate::failure::Failure;

/// One line of the file, and its content.
#[derive(Debug)]
pub struct Line {
    pub number: u64,
    /// The offset of the line in the file, in bytes.
    pub byte: u64,
    pub invoice: Result<PastInvoice, String>,
}

/// The lines of a file, read on demand.
#[derive(Debug)]
pub struct Lines<R> {
    reader: csv::Reader<R>,
    columns: Columns,
}

impl Lines<File> {
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let cannot = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(format!("cannot read {}: it is a directory", path.display()).into());
        }
        Self::new(file).map_err(|reason| format!("{}: {reason}", path.display()).into())
    }
}

impl<R: Read> Lines<R> {
    fn new(source: R) -> Result<Self, Failure> {
        // The reader counts a line when it reaches its end. For CRLF it would look for the end only
        // when it reads the next line. So a line ends with LF here, and a CR before it is trimmed
        // together with spaces.
        let mut reader = ReaderBuilder::new().terminator(Terminator::Any(b'\n')).flexible(true).from_reader(source);
        let columns = Columns::find(reader.headers()?)?;
        Ok(Self { reader, columns })
    }

    fn invoice(&self, record: &StringRecord) -> Result<PastInvoice, String> {
        let (columns, header) = (record.len(), self.columns.count());
        if columns != header {
            return Err(format!("it has {columns} columns, but the header has {header}"));
        }
        self.columns.read(record)
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<Line, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = StringRecord::new();
        loop {
            let position = self.reader.position().clone();
            let invoice = match self.reader.read_record(&mut record) {
                Ok(false) => return None,
                Ok(true) if is_blank(&record) => continue,
                Ok(true) => self.invoice(&record),
                Err(error) if matches!(error.kind(), ErrorKind::Utf8 { .. }) => Err("it is not UTF-8".to_owned()),
                // The file cannot be read any further.
                Err(error) => return Some(Err(error.into())),
            };
            return Some(Ok(Line { number: position.line(), byte: position.byte(), invoice }));
        }
    }
}

fn is_blank(record: &StringRecord) -> bool {
    record.len() == 1 && record.iter().all(|field| field.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "countryCode,customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate";
    const GOOD: &str = "391,C-1,1001,1/2/2013,2/1/2013,55.94,No,1/15/2013";

    fn lines(text: &str) -> Vec<(u64, Result<PastInvoice, String>)> {
        let lines = Lines::new(text.as_bytes()).unwrap();
        lines.map(|line| line.map(|line| (line.number, line.invoice)).unwrap()).collect()
    }

    #[test]
    fn every_line_has_the_right_number_with_any_line_ending() {
        for end in ["\r\n", "\n"] {
            let text = [HEADER, GOOD, "391,C-1,1002", GOOD, "", ""].join(end);
            let numbers: Vec<_> = lines(&text).into_iter().map(|(number, invoice)| (number, invoice.is_ok())).collect();
            assert_eq!(numbers, [(2, true), (3, false), (4, true)], "{end:?}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_names_the_column() {
        for (good, bad, reason) in [
            ("1/2/2013", "2/30/2013", "InvoiceDate: `2/30/2013` is not a date such as 1/31/2013"),
            ("55.94", "55,94", "it has 9 columns, but the header has 8"),
            ("55.94", "5x", "InvoiceAmount: `5x` is not an amount with at most two decimals, such as 1500.00"),
            ("55.94", "-1", "InvoiceAmount: an invoice needs a positive amount, not -1.00"),
            ("No", "Perhaps", "Disputed: `Perhaps` is neither Yes nor No"),
            ("1/15/2013", "1/1/2013", "SettledDate: 1/1/2013 is before the InvoiceDate"),
            ("1001", "", "invoiceNumber is empty"),
        ] {
            let text = format!("{HEADER}\n{}\n", GOOD.replacen(good, bad, 1));
            assert_eq!(lines(&text)[0].1.as_ref().unwrap_err(), reason);
        }
    }

    #[test]
    fn a_header_without_a_required_column_is_refused() {
        let error = Lines::new(HEADER.replace("DueDate", "Due").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 1: the column `DueDate` is missing");
    }
}
