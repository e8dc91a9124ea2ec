//! Tests of the public interface: synthetic files for every quirk, properties,
//! and real exports.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cards;
mod dates;
mod headers;
mod numbers;
mod objects;
mod products;
mod properties;
mod real;
mod spreadsheets;
mod text;

use kith_tabular::{Limits, Row, RowError, Table};

fn open(bytes: impl AsRef<[u8]>) -> Table {
    Table::open(bytes.as_ref().to_vec(), "file.csv", Limits::default()).unwrap()
}

fn rows(table: &mut Table) -> Vec<Row> {
    table.rows().unwrap().map(Result::unwrap).collect()
}

fn cells(table: &mut Table) -> Vec<Vec<String>> {
    rows(table).into_iter().map(|row| row.cells).collect()
}

fn numbers_of(table: &mut Table) -> Vec<u64> {
    rows(table).into_iter().map(|row| row.number).collect()
}

fn errors(table: &mut Table) -> Vec<RowError> {
    table.rows().unwrap().filter_map(Result::err).collect()
}

#[test]
fn tables_may_move_to_another_thread() {
    fn movable<T: Send>() {}
    movable::<Table>();
    movable::<kith_tabular::Rows<'static>>();
}
