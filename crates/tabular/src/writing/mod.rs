//! Tables on their way out: one cell at a time, in constant memory.

mod delimited;
mod workbook;

pub use delimited::{Delimited, MARK};
pub use workbook::{LARGEST_SHEET, LONGEST_CELL, Workbook, WorkbookError};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    Blank,
    /// Text of any kind, which a spreadsheet must not run.
    Text(&'a str),
    /// Text that can be no formula, whatever it begins with: a phone number, an address of the web, an id.
    Plain(&'a str),
    Integer(i64),
    /// An exact number.
    Decimal(Decimal),
    /// An exact amount, with two places at least.
    Amount(Decimal),
    Boolean(bool),
    Date(Date),
    Timestamp(Timestamp),
    /// A moment that is only looked at: a sheet shows it to the millisecond.
    Moment(Timestamp),
}

/// An amount with at least two decimal places; a third only where it is not zero (dinars).
pub fn amount_text(value: Decimal) -> String {
    let normal = value.normalize();
    let mut shown = normal;
    if normal.scale() < 2 {
        shown.rescale(2);
    }
    shown.to_string()
}
