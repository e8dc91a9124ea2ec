//! Reading the file, on a thread of its own: once to see how its columns are written, once to hand out
//! rows in batches. Two batches wait at most, so memory stays small for files of any size.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use kith_tabular::formulas::restored;
use kith_tabular::{Format, Limits, Row, Table, TableError};
use tokio::sync::mpsc::Sender;

use super::columns::Inference;
use super::index::name_hashes;
use super::plan::{Origin, Plan};
use super::rows::{DraftRow, RowReader};
use crate::caller::Caller;
use crate::error::EngineError;

/// Rows in one batch: large enough for set-wise writes, small enough that progress and the wish to
/// cancel are never far away.
pub(super) const BATCH: usize = 2_000;

/// Rows that suggestions look at.
pub(super) const SAMPLE: usize = 200;

/// What comes out of a file.
pub(super) enum Piece {
    /// First: how many rows follow, and the names that the rows will have, for references among them.
    Begin {
        total: u64,
        names: HashSet<u128>,
    },
    Rows(Vec<DraftRow>),
    Broken(EngineError),
}

/// Opens a table.
///
/// # Errors
/// [`EngineError::Malformed`] with what is wrong with the file.
pub(super) fn open(path: &Path, file_name: &str) -> Result<Table, EngineError> {
    let source = kith_tabular::Source::open(path)
        .map_err(TableError::from)
        .map_err(unreadable)?;
    Table::open(source, file_name, Limits::default()).map_err(unreadable)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(super) fn unreadable(error: TableError) -> EngineError {
    EngineError::Malformed(error.to_string())
}

/// The headers and the first rows.
pub(super) fn beginning(
    path: &Path,
    file_name: &str,
) -> Result<(Vec<String>, Vec<Row>), EngineError> {
    let mut table = open(path, file_name)?;
    let rows = table.sample(SAMPLE).map_err(unreadable)?;
    Ok((table.headers().to_vec(), rows))
}

/// Reads the whole file into `out`. Ends early when nobody listens any more.
pub(super) fn read(
    path: &Path,
    file_name: &str,
    plan: &Arc<Plan>,
    caller: &Caller,
    out: &Sender<Piece>,
) {
    if let Err(error) = try_read(path, file_name, plan, caller, out) {
        // Whoever listened is gone, and with it whoever would want to know.
        let _ = out.blocking_send(Piece::Broken(error));
    }
}

fn try_read(
    path: &Path,
    file_name: &str,
    plan: &Arc<Plan>,
    caller: &Caller,
    out: &Sender<Piece>,
) -> Result<(), EngineError> {
    let mut table = open(path, file_name)?;
    let mut inference = Inference::new(plan, caller);
    let mut total = 0_u64;
    let mut names = HashSet::new();
    let title = plan
        .refers_to_itself(caller)
        .then(|| title_cell(plan))
        .flatten();
    let id = title.and_then(|_| id_cell(plan));
    for row in table.rows().map_err(unreadable)? {
        total += 1;
        if let Ok(row) = row {
            inference.look(&row.cells);
            for index in [title, id].into_iter().flatten() {
                if let Some(name) = row.cells.get(index) {
                    names.extend(name_hashes(name));
                }
            }
        }
    }
    if out.blocking_send(Piece::Begin { total, names }).is_err() {
        return Ok(());
    }
    let styles = inference.finish(plan.options.date_order.fixed());
    let reader = RowReader {
        plan,
        caller,
        styles,
        context: caller.parse_context(),
    };
    // Text that a spreadsheet would have run has an apostrophe in front; in sheets themselves it needs none.
    let restore = table.format() == Format::Delimited;
    let mut batch = Vec::with_capacity(BATCH);
    for (index, row) in table.rows().map_err(unreadable)?.enumerate() {
        let mut draft = match row {
            Ok(mut row) => {
                if restore {
                    restore_cells(&mut row.cells);
                }
                reader.read(row)
            }
            Err(error) => DraftRow::unreadable(error),
        };
        draft.index = index;
        batch.push(draft);
        if batch.len() == BATCH
            && out
                .blocking_send(Piece::Rows(std::mem::replace(
                    &mut batch,
                    Vec::with_capacity(BATCH),
                )))
                .is_err()
        {
            return Ok(());
        }
    }
    let _ = out.blocking_send(Piece::Rows(batch));
    Ok(())
}

fn restore_cells(cells: &mut [String]) {
    for cell in cells {
        let text = restored(cell);
        if text.len() != cell.len() {
            *cell = text.to_owned();
        }
    }
}

/// The cell that holds the id that each new record keeps.
fn id_cell(plan: &Plan) -> Option<usize> {
    if !plan.keeps_ids() {
        return None;
    }
    plan.columns.iter().find_map(|column| match column.origin {
        Origin::Cell(index) if column.name == "id" => Some(index),
        Origin::Cell(_) | Origin::Constant(_) => None,
    })
}

/// The cell that holds the name of each record.
fn title_cell(plan: &Plan) -> Option<usize> {
    plan.columns.iter().find_map(|column| match column.origin {
        Origin::Cell(index) if column.name == plan.entity.title => Some(index),
        Origin::Cell(_) | Origin::Constant(_) => None,
    })
}
