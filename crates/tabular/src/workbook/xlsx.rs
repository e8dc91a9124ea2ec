//! Excel workbooks since 2007, cell by cell.

use std::io::BufReader;

use calamine::{Reader, SheetType, SheetVisible, Xlsx};

use super::sheet::{Sheet, SheetBuilder};
use super::{archive, cell, damaged};
use crate::error::{Limits, TableError};
use crate::source::Source;
use crate::table::Format;

/// Reads the first visible sheet that is not empty.
///
/// Cells are streamed: the range that calamine builds otherwise is as large as
/// the farthest cell, which one stray cell in the last corner makes 17 billion.
pub(crate) fn read(mut source: Source, limits: &Limits) -> Result<Sheet, TableError> {
    archive::measure(&mut source, limits)?;
    source.rewind_to(0)?;
    let mut workbook = Xlsx::new(BufReader::new(source)).map_err(|error| match error {
        calamine::XlsxError::Password => TableError::Encrypted,
        other => damaged(other),
    })?;
    let names: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    for name in names {
        let mut builder = SheetBuilder::new(limits);
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(damaged)?;
        while let Some(found) = cells.next_cell().map_err(damaged)? {
            let (row, column) = found.get_position();
            builder.put(
                u64::from(row),
                u64::from(column),
                cell::text(found.get_value()),
            )?;
        }
        let sheet = builder.finish(Format::Xlsx, name)?;
        if sheet.len() > 0 {
            return Ok(sheet);
        }
    }
    Err(TableError::Empty)
}
