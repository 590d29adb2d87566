//! Aligned tables.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;

/// One row of a table.
pub trait Row: Serialize {
    /// The titles of the columns. A title that begins with `>` aligns its column to the right, for
    /// numbers.
    const COLUMNS: &'static [&'static str];

    fn cells(&self) -> Vec<String>;
}

/// One line below the titles.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

impl<R: Row> Row for &R {
    const COLUMNS: &'static [&'static str] = R::COLUMNS;

    fn cells(&self) -> Vec<String> {
        (*self).cells()
    }
}

/// The rows below the titles of their columns.
pub fn table<R: Row>(rows: &[R]) -> String {
    if rows.is_empty() {
        return "(none)".to_owned();
    }
    let cell = |(title, text): (&&str, String)| {
        let alignment = if title.starts_with('>') { CellAlignment::Right } else { CellAlignment::Left };
        Cell::new(text).set_alignment(alignment)
    };
    let titles = R::COLUMNS.iter().map(|title| (title, title.trim_start_matches('>').to_owned()));
    let mut table = Table::new();
    // Rows are never wrapped, because output for another program must not depend on the width of a
    // terminal.
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(titles.map(cell));
    for row in rows {
        table.add_row(R::COLUMNS.iter().zip(row.cells()).map(cell));
    }
    table.trim_fmt()
}

/// A count with separators between thousands, as in `2,466`.
pub fn count(number: u64) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", count(number / 1000), number % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        for (number, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_002_466, "1,002,466")] {
            assert_eq!(count(number), shown);
        }
    }
}
