//! The cells of one sheet, compact and bounded.

use crate::error::{Limits, TableError};
use crate::table::Format;

/// Rows of one sheet; blank rows are left out.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) format: Format,
    pub(crate) name: String,
    rows: Vec<SheetRow>,
    width: usize,
}

/// All cells of a row in one allocation.
#[derive(Debug)]
struct SheetRow {
    number: u64,
    text: Box<str>,
    ends: Box<[u32]>,
}

impl SheetRow {
    fn cells(&self) -> Vec<String> {
        let mut start = 0;
        let mut cells = Vec::with_capacity(self.ends.len());
        for end in &self.ends {
            let end = usize::try_from(*end).unwrap_or(usize::MAX);
            cells.push(self.text.get(start..end).unwrap_or_default().to_owned());
            start = end;
        }
        cells
    }
}

impl Sheet {
    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Most cells in a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Number in the sheet and cells of the row at `index`.
    pub(crate) fn row(&self, index: usize) -> Option<(u64, Vec<String>)> {
        self.rows.get(index).map(|row| (row.number, row.cells()))
    }

    /// Removes the header.
    pub(crate) fn take_first_row(&mut self) -> Option<Vec<String>> {
        if self.rows.is_empty() {
            return None;
        }
        Some(self.rows.remove(0).cells())
    }
}

/// Collects cells in the order of a sheet, within the limits.
pub(crate) struct SheetBuilder<'a> {
    limits: &'a Limits,
    rows: Vec<SheetRow>,
    width: usize,
    /// Row being collected, from 1.
    number: u64,
    cells: Vec<String>,
    bytes: u64,
}

impl<'a> SheetBuilder<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            rows: Vec::new(),
            width: 0,
            number: 1,
            cells: Vec::new(),
            bytes: 0,
        }
    }

    /// Puts `text` at `row` and `column`, both from 0. Rows must not go back.
    pub(crate) fn put(
        &mut self,
        row: u64,
        column: u64,
        mut text: String,
    ) -> Result<(), TableError> {
        let number = row.saturating_add(1);
        if number > self.number {
            self.finish_row()?;
            self.number = number;
        } else if number < self.number {
            return Err(super::damaged("its rows are out of order"));
        }
        if text.trim().is_empty() {
            return Ok(());
        }
        // One long string may be shared by every cell: what exceeds the limit
        // is dropped now, and the row that shows it is reported when read.
        if text.len() > self.limits.max_cell_bytes {
            let keep = text.ceil_char_boundary(self.limits.max_cell_bytes.saturating_add(1));
            text.truncate(keep);
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= self.limits.max_columns {
            return Err(TableError::TooManyColumns {
                columns: column.saturating_add(1),
                limit: self.limits.max_columns,
            });
        }
        if column >= self.cells.len() {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
        Ok(())
    }

    fn finish_row(&mut self) -> Result<(), TableError> {
        if self.cells.is_empty() {
            return Ok(());
        }
        let text = self.cells.concat().into_boxed_str();
        let mut end = 0_u32;
        let mut ends = Vec::with_capacity(self.cells.len());
        for cell in &self.cells {
            end = end.saturating_add(u32::try_from(cell.len()).unwrap_or(u32::MAX));
            ends.push(end);
        }
        // 48 bytes of book-keeping per row and 4 per cell.
        let size = text
            .len()
            .saturating_add(48)
            .saturating_add(ends.len().saturating_mul(4));
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        if self.bytes > self.limits.max_unpacked_bytes {
            return Err(TableError::UnpacksTooLarge {
                limit: self.limits.max_unpacked_bytes,
            });
        }
        self.width = self.width.max(self.cells.len());
        self.cells.clear();
        self.rows.push(SheetRow {
            number: self.number,
            text,
            ends: ends.into_boxed_slice(),
        });
        // The header is a row too.
        if u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
            > self.limits.max_rows.saturating_add(1)
        {
            return Err(TableError::TooManyRows {
                limit: self.limits.max_rows,
            });
        }
        Ok(())
    }

    pub(crate) fn finish(mut self, format: Format, name: String) -> Result<Sheet, TableError> {
        self.finish_row()?;
        Ok(Sheet {
            format,
            name,
            rows: self.rows,
            width: self.width,
        })
    }
}
