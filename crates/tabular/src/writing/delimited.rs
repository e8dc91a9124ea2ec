//! CSV (RFC 4180): commas, quotes where they are needed, CRLF, formulas made harmless.

use std::io::Write as _;

use jiff::fmt::temporal::DateTimePrinter;

use super::{Cell, amount_text};
use crate::formulas::is_formula;

/// The byte order mark, by which Excel knows UTF-8.
pub const MARK: &[u8] = b"\xEF\xBB\xBF";

const PRINTER: DateTimePrinter = DateTimePrinter::new();

/// Writes rows into a buffer that its owner empties.
#[derive(Debug, Default)]
pub struct Delimited {
    out: Vec<u8>,
    /// Nothing stands on the line yet.
    at_start: bool,
}

impl Delimited {
    /// A writer at the beginning of a line.
    pub fn new() -> Self {
        Self {
            out: Vec::new(),
            at_start: true,
        }
    }

    /// Puts the mark that some programs need in front; before the first cell.
    pub fn mark(&mut self) {
        self.out.extend_from_slice(MARK);
    }

    /// Adds a cell to the line.
    pub fn cell(&mut self, cell: Cell<'_>) {
        if self.at_start {
            self.at_start = false;
        } else {
            self.out.push(b',');
        }
        // Writing to a Vec cannot fail.
        match cell {
            Cell::Blank => {}
            Cell::Text(text) => self.text(text, is_formula(text)),
            Cell::Plain(text) => self.text(text, false),
            Cell::Integer(number) => {
                let _ = write!(self.out, "{number}");
            }
            Cell::Decimal(number) => {
                let _ = write!(self.out, "{}", number.normalize());
            }
            Cell::Amount(number) => self.out.extend_from_slice(amount_text(number).as_bytes()),
            Cell::Boolean(flag) => {
                let word: &[u8] = if flag { b"true" } else { b"false" };
                self.out.extend_from_slice(word);
            }
            Cell::Date(date) => {
                let _ = PRINTER.print_date(&date, &mut self.out);
            }
            Cell::Timestamp(time) | Cell::Moment(time) => {
                let _ = PRINTER.print_timestamp(&time, &mut self.out);
            }
        }
    }

    /// Ends the line.
    pub fn end_line(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.at_start = true;
    }

    /// What was written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        let size = self.out.len();
        std::mem::replace(&mut self.out, Vec::with_capacity(size + size / 8))
    }

    fn text(&mut self, text: &str, formula: bool) {
        let bytes = text.as_bytes();
        let outer_blank =
            text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
        // Semicolons and tabs part cells in other countries' files: quoted, they part nothing.
        let quoted = formula
            || outer_blank
            || bytes
                .iter()
                .any(|byte| matches!(byte, b'"' | b',' | b';' | b'\t' | b'\n' | b'\r'));
        if !quoted {
            self.out.extend_from_slice(bytes);
            return;
        }
        self.out.push(b'"');
        if formula {
            self.out.push(b'\'');
        }
        for (index, part) in text.split('"').enumerate() {
            if index > 0 {
                self.out.extend_from_slice(b"\"\"");
            }
            self.out.extend_from_slice(part.as_bytes());
        }
        self.out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cell;
    use super::Delimited;

    fn line(cells: &[Cell<'_>]) -> String {
        let mut out = Delimited::new();
        for cell in cells {
            out.cell(*cell);
        }
        out.end_line();
        String::from_utf8(out.take()).unwrap_or_default()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(
            line(&[
                Cell::Integer(3),
                Cell::Text("a \"b\", c"),
                Cell::Text("line\nbreak"),
                Cell::Blank,
                Cell::Text("plain")
            ]),
            "3,\"a \"\"b\"\", c\",\"line\nbreak\",,plain\r\n"
        );
    }

    #[test]
    fn formulas_are_text_and_numbers_are_numbers() {
        let money = "-12.5".parse().unwrap_or_default();
        assert_eq!(
            line(&[
                Cell::Text("=1+1"),
                Cell::Plain("+14155550112"),
                Cell::Amount(money),
                Cell::Integer(-4),
                Cell::Text("-x"),
                Cell::Boolean(true)
            ]),
            "\"'=1+1\",+14155550112,-12.50,-4,\"'-x\",true\r\n"
        );
    }
}
