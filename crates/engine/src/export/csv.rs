//! CSV: the widest known, and the fastest.

use kith_store::Row;
use kith_tabular::writing::{Cell, Delimited};

use super::cells::{Sink, write_row};
use super::columns::Layout;
use super::names::Names;
use crate::error::EngineError;
use crate::mask::Mask;

impl Sink for Delimited {
    fn cell(&mut self, cell: Cell<'_>) -> Result<(), EngineError> {
        Delimited::cell(self, cell);
        Ok(())
    }
}

/// The header's line, behind the mark that some programs need.
pub(super) fn begin(out: &mut Delimited, layout: &Layout, mark: bool) {
    if mark {
        out.mark();
    }
    for (header, _) in layout.headers() {
        Delimited::cell(out, Cell::Text(&header));
    }
    out.end_line();
}

/// The lines of some rows.
pub(super) fn write(
    out: &mut Delimited,
    layout: &Layout,
    mask: &Mask,
    names: &Names,
    rows: &[Row],
) -> Result<(), EngineError> {
    for row in rows {
        write_row(out, layout, mask, names, row)?;
        out.end_line();
    }
    Ok(())
}
