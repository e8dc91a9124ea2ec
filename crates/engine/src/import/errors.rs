//! What is wrong with which row: recorded as it is found, downloaded as a file that can be mended and
//! imported again.

use bytes::Bytes;
use futures_util::{Stream, stream};
use kith_catalogue::value::Value;
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, Tx};
use kith_tabular::writing::{Cell, Delimited};
use serde_json::Value as Json;
use uuid::Uuid;

use super::job::{Job, refused};
use super::rows::RowFault;
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;

/// Errors kept of one run; the counts go on.
pub(super) const KEPT: usize = 100_000;
/// Errors sent in one piece.
const PAGE: i64 = 2_000;
/// Characters of a value and of a cell that are kept.
const LONGEST: usize = 1_000;

/// Records faults in a transaction of their own: they stay when the run's is undone.
pub(super) async fn record(job: &Job, faults: &[RowFault]) -> Result<(), EngineError> {
    if faults.is_empty() {
        return Ok(());
    }
    let column = |read: &dyn Fn(&RowFault) -> Option<String>| -> Vec<Option<String>> {
        faults
            .iter()
            .map(|fault| read(fault).map(|text| storable(&text)))
            .collect()
    };
    let rows: Vec<i64> = faults
        .iter()
        .map(|fault| i64::try_from(fault.row).unwrap_or(i64::MAX))
        .collect();
    let insert = Statement::new(
        "INSERT INTO import_errors (organization_id, import_id, row_number, column_name, value, message, cells) \
         SELECT current_organization_id(), $1, u.row, u.header, u.value, u.message, u.cells::text[] \
         FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY AS u (row, header, value, message, cells, ordinal) \
         ORDER BY u.ordinal",
    )
    .with(job.id, Type::UUID)
    .with(rows, Type::INT8_ARRAY)
    .with(column(&|fault| fault.column.clone()), Type::TEXT_ARRAY)
    .with(column(&|fault| fault.value.as_ref().map(|value| value.chars().take(LONGEST).collect())), Type::TEXT_ARRAY)
    .with(column(&|fault| Some(fault.message.clone())), Type::TEXT_ARRAY)
    .with(column(&|fault| cells_literal(&fault.cells)), Type::TEXT_ARRAY);
    let caller = job.caller();
    let tx = Tx::begin(&job.engine().database, &caller.principal, &caller.origin).await?;
    tx.execute(&insert).await.map_err(refused)?;
    tx.commit().await?;
    Ok(())
}

fn cells_literal(cells: &[String]) -> Option<String> {
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| {
            cell.chars()
                .filter(|character| *character != '\0')
                .take(LONGEST)
                .collect()
        })
        .collect();
    Value::List(cells).to_database_text()
}

fn storable(text: &str) -> String {
    // The literal of a row's cells is bounded cell by cell already.
    text.chars()
        .filter(|character| *character != '\0')
        .collect()
}

/// The errors of a run as CSV, piece by piece: row, column, value, message, then the row's own cells
/// under the headers of the file.
///
/// # Errors
/// [`EngineError::NotFound`] for a run that the caller may not see; later ones inside the stream.
pub async fn errors_csv(
    engine: &Engine,
    caller: &Caller,
    id: Uuid,
) -> Result<impl Stream<Item = Result<Bytes, EngineError>> + Send + use<>, EngineError> {
    let select = Statement::new("SELECT options -> 'headers' FROM imports WHERE organization_id = current_organization_id() AND id = $1").with(id, Type::UUID);
    let rows = engine
        .database
        .read(&caller.principal, &[select])
        .await?
        .pop()
        .unwrap_or_default();
    let headers: Option<Json> = rows
        .first()
        .ok_or(EngineError::NotFound)?
        .try_get(0)
        .map_err(broken)?;
    let mut first: Vec<u8> = Vec::new();
    let own: Vec<&str> = headers
        .as_ref()
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    write_line(
        &mut first,
        ["Row", "Column", "Value", "Problem"].into_iter().chain(own),
    );
    let (engine, caller) = (engine.clone(), caller.clone());
    Ok(stream::try_unfold(
        (Some(first), 0_i64),
        move |(head, after)| {
            let (engine, caller) = (engine.clone(), caller.clone());
            async move {
                if let Some(head) = head {
                    return Ok(Some((Bytes::from(head), (None, after))));
                }
                let (piece, last) = page(&engine, &caller, id, after).await?;
                Ok((!piece.is_empty()).then(|| (Bytes::from(piece), (None, last))))
            }
        },
    ))
}

/// The errors behind a position, and the position behind them.
async fn page(
    engine: &Engine,
    caller: &Caller,
    id: Uuid,
    after: i64,
) -> Result<(Vec<u8>, i64), EngineError> {
    let select = Statement::new(
        "SELECT ordinal, row_number::text, column_name, value, message, cells FROM import_errors \
         WHERE organization_id = current_organization_id() AND import_id = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3",
    )
    .with(id, Type::UUID)
    .with(after, Type::INT8)
    .with(PAGE, Type::INT8);
    let rows = engine
        .database
        .read(&caller.principal, &[select])
        .await?
        .pop()
        .unwrap_or_default();
    let mut piece = Vec::new();
    let mut last = after;
    for row in &rows {
        last = write_error(&mut piece, row).map_err(broken)?;
    }
    Ok((piece, last))
}

fn write_error(out: &mut Vec<u8>, row: &Row) -> Result<i64, tokio_postgres::Error> {
    let number: &str = row.try_get(1)?;
    let column: Option<&str> = row.try_get(2)?;
    let value: Option<&str> = row.try_get(3)?;
    let message: &str = row.try_get(4)?;
    let cells: Vec<&str> = row.try_get(5)?;
    let first = [
        number,
        column.unwrap_or_default(),
        value.unwrap_or_default(),
        message,
    ];
    write_line(out, first.into_iter().chain(cells));
    row.try_get(0)
}

/// One line of RFC 4180; what people wrote is not run by whoever opens it.
fn write_line<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
    let mut line = Delimited::new();
    for cell in cells {
        line.cell(Cell::Text(cell));
    }
    line.end_line();
    out.append(&mut line.take());
}

/// A row that is not of the expected shape: a fault of the program.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(super) fn broken(error: tokio_postgres::Error) -> EngineError {
    EngineError::Store(StoreError::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::write_line;

    #[test]
    fn lines_are_quoted_where_they_must_be_and_run_nothing() {
        let mut out = Vec::new();
        write_line(
            &mut out,
            ["3", "=1+1", "a \"b\", c", "line\nbreak", ""].into_iter(),
        );
        assert_eq!(
            String::from_utf8_lossy(&out),
            "3,\"'=1+1\",\"a \"\"b\"\", c\",\"line\nbreak\",\r\n"
        );
    }
}
