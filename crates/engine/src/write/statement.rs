//! The statements that write. One encoding, PostgreSQL's text form, serves single rows, bulk and COPY.

use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::value::Value;
use kith_store::Statement;
use kith_store::types::Type;
use uuid::Uuid;

use super::change::{Change, Checked};
use crate::sql::{Sql, column_list, database_type};

/// `INSERT … SELECT … FROM unnest(one array a column) RETURNING all fields`.
pub(super) fn insert(
    entity: &'static Entity,
    columns: &[&'static Field],
    changes: &[&Change<Checked>],
    organization: Uuid,
    user: Uuid,
) -> Statement {
    let mut sql = Sql::new();
    sql.push(&format!(
        "INSERT INTO {} AS t (organization_id, created_by",
        entity.table
    ));
    for column in columns {
        sql.push(", ");
        sql.push(column.name);
    }
    sql.push(") SELECT ");
    sql.bind(organization, Type::UUID);
    sql.push("::uuid, ");
    sql.bind(user, Type::UUID);
    sql.push("::uuid");
    for (index, column) in columns.iter().enumerate() {
        sql.push(&format!(", u.c{index}::{}", database_type(column.kind)));
    }
    push_rows(&mut sql, columns, changes);
    sql.push(" RETURNING ");
    sql.push(&column_list("t", entity.all_fields()));
    sql.finish()
}

/// `UPDATE … FROM unnest(…) RETURNING all fields`, for changes that say something about the same columns.
pub(super) fn update(
    entity: &'static Entity,
    columns: &[&'static Field],
    changes: &[Change<Checked>],
) -> Statement {
    let mut sql = Sql::new();
    sql.push(&format!("UPDATE {} AS t SET ", entity.table));
    // The id comes first and finds the row.
    for (index, column) in columns.iter().enumerate().skip(1) {
        if index > 1 {
            sql.push(", ");
        }
        sql.push(&format!(
            "{} = u.c{index}::{}",
            column.name,
            database_type(column.kind)
        ));
    }
    push_rows(&mut sql, columns, &changes.iter().collect::<Vec<_>>());
    sql.push(
        " WHERE t.organization_id = current_organization_id() AND t.id = u.c0::uuid RETURNING ",
    );
    sql.push(&column_list("t", entity.all_fields()));
    sql.finish()
}

/// ` FROM unnest($1::text[], …) AS u (c0, …)`.
fn push_rows(sql: &mut Sql, columns: &[&'static Field], changes: &[&Change<Checked>]) {
    sql.push(" FROM unnest(");
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            sql.push(", ");
        }
        let cells: Vec<Option<String>> =
            changes.iter().map(|change| cell(change, column)).collect();
        sql.bind(cells, Type::TEXT_ARRAY);
    }
    sql.push(") AS u (");
    for index in 0..columns.len() {
        if index > 0 {
            sql.push(", ");
        }
        sql.push(&format!("c{index}"));
    }
    sql.push(")");
}

fn cell(change: &Change<Checked>, column: &Field) -> Option<String> {
    if column.name == "id" {
        return Some(change.id.to_string());
    }
    change.after(column.name).to_database_text()
}

/// Whether a value is what an absent one would be, so that its column need not be written.
pub(super) fn is_absent(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}
