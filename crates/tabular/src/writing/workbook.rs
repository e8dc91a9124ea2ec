//! XLSX, one sheet: a bold header that stays in view, real dates and numbers, rows written to the disk as they come.

use std::io::Write;
use std::path::Path;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{Format, Workbook as Book, Worksheet, XlsxError};

use super::{Cell, amount_text};

/// Rows that a sheet can hold, its header included.
pub const LARGEST_SHEET: u32 = 1_048_576;
/// Characters that a cell can hold, as Excel counts them (UTF-16).
pub const LONGEST_CELL: usize = 32_767;
/// Whole numbers beyond this many digits lose some in a spreadsheet, whose numbers are binary.
const EXACT_DIGITS: usize = 15;
/// Before this day Excel counts a day that never was.
const FIRST_DAY: Date = date(1900, 3, 1);

/// Why a workbook cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// More rows than a sheet holds.
    #[error("a sheet holds {} rows below its header at most", LARGEST_SHEET - 1)]
    TooManyRows,
    /// A text longer than a cell may be.
    #[error("a cell of a sheet holds {LONGEST_CELL} characters at most")]
    CellTooLong {
        /// The column's name.
        column: String,
    },
    /// The disk, or whoever reads the file.
    #[error("the workbook cannot be written: {0}")]
    Write(String),
}

/// A workbook in the making.
pub struct Workbook {
    book: Book,
    sheet: Worksheet,
    headers: Vec<String>,
    row: u32,
    column: u16,
    date: Format,
    moment: Format,
    amount: Format,
}

impl Workbook {
    /// Begins a sheet with these columns, each so many characters wide. `folder` takes its rows until it is finished,
    /// in a file that nobody else can open and that goes with it.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn new(
        folder: &Path,
        name: &str,
        columns: &[(String, u16)],
    ) -> Result<Workbook, WorkbookError> {
        let mut book = Book::new();
        book.set_tempdir(folder).map_err(trouble)?;
        let mut sheet = book.new_worksheet_with_constant_memory().map_err(trouble)?;
        let name: String = name
            .chars()
            .filter(|character| !matches!(character, '[' | ']' | ':' | '*' | '?' | '/' | '\\'))
            .take(31)
            .collect();
        sheet.set_name(name).map_err(trouble)?;
        sheet.set_freeze_panes(1, 0).map_err(trouble)?;
        let bold = Format::new().set_bold();
        for (column, (header, width)) in (0_u16..).zip(columns) {
            sheet
                .set_column_width(column, f64::from(*width))
                .map_err(trouble)?;
            sheet
                .write_string_with_format(0, column, header, &bold)
                .map_err(trouble)?;
        }
        Ok(Workbook {
            book,
            sheet,
            headers: columns.iter().map(|(header, _)| header.clone()).collect(),
            row: 1,
            column: 0,
            date: Format::new().set_num_format("yyyy-mm-dd"),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            amount: Format::new().set_num_format("#,##0.00##"),
        })
    }

    /// Adds a cell to the row. Moments are written as they are in UTC.
    ///
    /// # Errors
    /// [`WorkbookError::CellTooLong`], [`WorkbookError::TooManyRows`].
    pub fn cell(&mut self, cell: Cell<'_>) -> Result<(), WorkbookError> {
        if self.row >= LARGEST_SHEET {
            return Err(WorkbookError::TooManyRows);
        }
        let (row, column) = (self.row, self.column);
        self.column += 1;
        match cell {
            Cell::Blank => return Ok(()),
            Cell::Text(text) | Cell::Plain(text) => return self.text(row, column, text),
            Cell::Integer(number) => match exact_float(Decimal::from(number)) {
                Some(float) => self.sheet.write_number(row, column, float),
                None => return self.text(row, column, &number.to_string()),
            },
            Cell::Decimal(number) => match exact_float(number) {
                Some(float) => self.sheet.write_number(row, column, float),
                None => return self.text(row, column, &number.normalize().to_string()),
            },
            Cell::Amount(number) => match exact_float(number) {
                Some(float) => {
                    self.sheet
                        .write_number_with_format(row, column, float, &self.amount)
                }
                None => return self.text(row, column, &amount_text(number)),
            },
            Cell::Boolean(flag) => self.sheet.write_boolean(row, column, flag),
            Cell::Date(day) => match serial(day.at(0, 0, 0, 0)) {
                Some(number) => self
                    .sheet
                    .write_number_with_format(row, column, number, &self.date),
                None => return self.text(row, column, &day.to_string()),
            },
            Cell::Timestamp(time) | Cell::Moment(time) => {
                let whole = matches!(cell, Cell::Moment(_)) || time.as_microsecond() % 1000 == 0;
                let civil = TimeZone::UTC.to_datetime(time);
                match serial(civil).filter(|_| whole) {
                    Some(number) => {
                        self.sheet
                            .write_number_with_format(row, column, number, &self.moment)
                    }
                    None => return self.text(row, column, &time.to_string()),
                }
            }
        }
        .map(drop)
        .map_err(trouble)
    }

    /// Ends the row.
    pub fn end_line(&mut self) {
        self.row += 1;
        self.column = 0;
    }

    /// Writes the file, piece by piece.
    ///
    /// # Errors
    /// When the disk or `out` fails.
    pub fn finish(mut self, out: impl Write + Send) -> Result<(), WorkbookError> {
        self.book.push_worksheet(self.sheet);
        self.book.save_to_writer(out).map_err(trouble)
    }

    fn text(&mut self, row: u32, column: u16, text: &str) -> Result<(), WorkbookError> {
        // Bytes are never fewer than units, and nearly every text is short.
        if text.len() > LONGEST_CELL && text.encode_utf16().count() > LONGEST_CELL {
            let column = self
                .headers
                .get(usize::from(column))
                .cloned()
                .unwrap_or_default();
            return Err(WorkbookError::CellTooLong { column });
        }
        self.sheet
            .write_string(row, column, text)
            .map(drop)
            .map_err(trouble)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn trouble(error: XlsxError) -> WorkbookError {
    WorkbookError::Write(error.to_string())
}

/// The binary number, when it stands for the exact one in fifteen digits.
fn exact_float(number: Decimal) -> Option<f64> {
    let digits = number.normalize().mantissa().unsigned_abs().to_string();
    (digits.len() <= EXACT_DIGITS)
        .then(|| number.to_f64())
        .flatten()
}

/// Days since the end of 1899, as Excel counts them.
#[expect(
    clippy::cast_precision_loss,
    reason = "days and the milliseconds of one day"
)]
fn serial(moment: DateTime) -> Option<f64> {
    let day = moment.date();
    if day < FIRST_DAY {
        return None;
    }
    let days = day
        .since((jiff::Unit::Day, date(1899, 12, 30)))
        .ok()?
        .get_days();
    let time = moment.time();
    let milliseconds = (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60_000
        + i64::from(time.second()) * 1000
        + i64::from(time.millisecond());
    Some(f64::from(days) + milliseconds as f64 / 86_400_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_excel_does() {
        assert_eq!(serial(date(2024, 12, 5).at(0, 0, 0, 0)), Some(45631.0));
        assert_eq!(serial(date(2024, 12, 5).at(12, 0, 0, 0)), Some(45631.5));
        assert_eq!(serial(date(1900, 2, 1).at(0, 0, 0, 0)), None);
    }

    #[test]
    fn numbers_of_more_than_fifteen_digits_stay_text() {
        assert_eq!(exact_float(Decimal::new(1_234_550, 2)), Some(12345.5));
        assert_eq!(exact_float(Decimal::new(1_234_567_890_123_456, 3)), None);
    }
}
