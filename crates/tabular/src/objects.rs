//! NDJSON: one JSON object a line, whose members are the cells.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use crate::delimited::{Line, Lines};
use crate::error::{Limits, RowError, RowProblem, TableError};
use crate::rows::Row;

/// Whether the beginning of a text is that of such a file.
pub(crate) fn recognise(beginning: &[u8]) -> bool {
    let first = beginning
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default();
    let first = first.trim_ascii();
    first.starts_with(b"{\"") || first == b"{}" || first.starts_with(b"{ \"")
}

/// The names of all members, in the order in which they appear.
pub(crate) fn headers(mut lines: Lines<'_>, limits: &Limits) -> Result<Vec<String>, TableError> {
    let mut names: Vec<String> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    let mut line = Line::default();
    let mut rows = 0;
    while rows <= limits.max_rows && lines.read(&mut line)? {
        rows += 1;
        if line.too_long {
            continue;
        }
        let Ok(members) = serde_json::from_slice::<Map<String, Json>>(&line.text) else {
            continue;
        };
        for name in members.keys() {
            if known.insert(name.clone()) {
                names.push(name.clone());
            }
        }
        if names.len() > limits.max_columns {
            return Err(TableError::TooManyColumns {
                columns: names.len(),
                limit: limits.max_columns,
            });
        }
    }
    Ok(names)
}

/// Whether a line holds nothing.
pub(crate) fn is_blank(line: &Line) -> bool {
    !line.too_long && line.text.trim_ascii().is_empty()
}

/// A line as a row.
pub(crate) fn row(line: &Line, headers: &[String], limits: &Limits) -> Result<Row, RowError> {
    let refused = |problem| RowError {
        number: line.number,
        problem,
        cells: vec![
            String::from_utf8_lossy(&line.text)
                .chars()
                .take(1_000)
                .collect(),
        ],
    };
    if line.too_long {
        return Err(refused(RowProblem::RowTooLong {
            limit: limits.max_row_bytes,
        }));
    }
    let mut members: Map<String, Json> =
        serde_json::from_slice(&line.text).map_err(|_| refused(RowProblem::NotAnObject))?;
    let mut cells = Vec::with_capacity(headers.len());
    for (column, header) in (1..).zip(headers) {
        let cell = match members.remove(header) {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(text)) => text,
            Some(other) => other.to_string(),
        };
        if cell.len() > limits.max_cell_bytes {
            return Err(refused(RowProblem::CellTooLong {
                column,
                limit: limits.max_cell_bytes,
            }));
        }
        if cell.contains('\0') {
            return Err(refused(RowProblem::NulCharacter { column }));
        }
        cells.push(cell);
    }
    Ok(Row {
        number: line.number,
        cells,
    })
}
