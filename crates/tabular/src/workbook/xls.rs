//! Excel workbooks from 97 to 2003.

mod records;

use std::io::{Cursor, Read};

use calamine::{Data, DataRef, Reader, SheetType, SheetVisible, Xls, XlsError};

use super::sheet::{Sheet, SheetBuilder};
use super::{cell, damaged};
use crate::error::{Limits, TableError};
use crate::source::Source;
use crate::table::Format;

/// Reads the first visible sheet that is not empty.
///
/// calamine expands all sheets at once and trusts the dimensions that they
/// declare, so these are checked before it sees the file.
pub(crate) fn read(mut source: Source, limits: &Limits) -> Result<Sheet, TableError> {
    source.rewind_to(0)?;
    let mut bytes = Vec::new();
    source
        .by_ref()
        .take(limits.max_bytes)
        .read_to_end(&mut bytes)?;
    records::check(&bytes, limits)?;
    let mut workbook = Xls::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsError::Password => TableError::Encrypted,
        other => damaged(other),
    })?;
    let names: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    for name in names {
        let range = workbook.worksheet_range(&name).map_err(damaged)?;
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut builder = SheetBuilder::new(limits);
        for (row, column, value) in range.used_cells() {
            let row = u64::try_from(row)
                .unwrap_or(u64::MAX)
                .saturating_add(first_row.into());
            let column = u64::try_from(column)
                .unwrap_or(u64::MAX)
                .saturating_add(first_column.into());
            builder.put(row, column, text(value))?;
        }
        let sheet = builder.finish(Format::Xls, name)?;
        if sheet.len() > 0 {
            return Ok(sheet);
        }
    }
    Err(TableError::Empty)
}

fn text(value: &Data) -> String {
    let borrowed = match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    };
    cell::text(&borrowed)
}
