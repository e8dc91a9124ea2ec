//! Which rows are records that exist already, in the database or earlier in the file.

use std::collections::HashSet;

use kith_catalogue::kinds::ParseContext;
use kith_store::Tx;
use kith_store::types::Type;
use serde_json::Value as Json;
use uuid::Uuid;

use super::dialect::Dialect;
use super::index::{Found, comparable};
use super::options::Duplicates;
use super::plan::{MatchOn, Plan};
use super::references::Names;
use super::rows::DraftRow;
use crate::error::EngineError;
use crate::sql::Sql;

/// Rows by what is to be done with them.
#[derive(Default)]
pub(super) struct Sorted {
    pub create: Vec<DraftRow>,
    pub update: Vec<(Uuid, DraftRow)>,
    pub skipped: Vec<DraftRow>,
    /// With what is wrong with them.
    pub failed: Vec<DraftRow>,
}

/// The first row of each key, and those that repeat one: they are looked at when the first is written.
pub(super) fn part_repeated(
    plan: &Plan,
    context: &ParseContext,
    rows: Vec<DraftRow>,
) -> (Vec<DraftRow>, Vec<DraftRow>) {
    let Some(chosen) = plan.match_on else {
        return (rows, Vec::new());
    };
    let mut seen: HashSet<String> = HashSet::with_capacity(rows.len());
    rows.into_iter().partition(|row| {
        match row
            .key
            .as_deref()
            .and_then(|text| compared(plan, chosen, text, context))
        {
            Some(key) => seen.insert(key),
            None => true,
        }
    })
}

fn compared(plan: &Plan, chosen: MatchOn, text: &str, context: &ParseContext) -> Option<String> {
    match chosen.field {
        Some(field) => comparable(field, field.name == plan.entity.title, text, context),
        None => Uuid::try_parse(text).ok().map(|id| id.to_string()),
    }
}

/// Decides what is to be done with rows of which no two have the same key.
pub(super) async fn sort(
    tx: &Tx,
    plan: &Plan,
    names: &mut Names<'_>,
    rows: Vec<DraftRow>,
) -> Result<Sorted, EngineError> {
    let mut sorted = Sorted::default();
    let Some(chosen) = plan.match_on else {
        sorted.create = rows;
        return Ok(sorted);
    };
    let context = names.context().clone();
    let otherwise = plan.otherwise_match_on();
    let known = match chosen.field {
        Some(field) => {
            names.index(tx, plan.entity, Some(field)).await?;
            HashSet::new()
        }
        None => existing(tx, plan, &rows).await?,
    };
    for mut row in rows {
        let found = match (row.key.as_deref(), chosen.field) {
            (None, _) => Found::Nothing,
            (Some(text), Some(field)) => names
                .index(tx, plan.entity, Some(field))
                .await?
                .find_by(field.name, None, text, &context),
            (Some(text), None) => {
                let id = Uuid::try_parse(text).ok();
                match (id.filter(|id| known.contains(id)), id, otherwise) {
                    (Some(id), _, _) => Found::One(id),
                    // An export of another organization, or of records that are gone: they come (back) under their
                    // own ids, unless another record has what no two may share.
                    (None, Some(_), Some(field)) if plan.dialect == Dialect::Own => {
                        match row.body.given.get(field.name).and_then(Json::as_str) {
                            Some(text) => names
                                .index(tx, plan.entity, Some(field))
                                .await?
                                .find_by(field.name, None, text, &context),
                            None => Found::Nothing,
                        }
                    }
                    (None, Some(_), None) if plan.dialect == Dialect::Own => Found::Nothing,
                    _ => {
                        let message = format!(
                            "there is no {} with this id",
                            plan.entity.label.to_lowercase()
                        );
                        blame_key(&mut row, plan, chosen, message);
                        sorted.failed.push(row);
                        continue;
                    }
                }
            }
        };
        match (found, plan.options.duplicates) {
            (Found::Nothing, _) | (_, Duplicates::Create) => sorted.create.push(row),
            (Found::One(_) | Found::Several, Duplicates::Skip) => sorted.skipped.push(row),
            (Found::One(id), Duplicates::Update) => sorted.update.push((id, row)),
            (Found::Several, Duplicates::Update) => {
                let message = format!(
                    "several {} have this value, so it is not clear which one to update",
                    plan.entity.label_plural.to_lowercase()
                );
                blame_key(&mut row, plan, chosen, message);
                sorted.failed.push(row);
            }
        }
    }
    Ok(sorted)
}

fn blame_key(row: &mut DraftRow, plan: &Plan, chosen: MatchOn, message: String) {
    if let Some(column) = plan.columns.get(chosen.column) {
        row.blame_column(column, message);
    }
}

/// Which of the ids in the rows are those of records.
async fn existing(tx: &Tx, plan: &Plan, rows: &[DraftRow]) -> Result<HashSet<Uuid>, EngineError> {
    let ids: Vec<Uuid> = rows
        .iter()
        .filter_map(|row| Uuid::try_parse(row.key.as_deref()?).ok())
        .collect();
    let mut sql = Sql::new();
    sql.push("SELECT t.id FROM ")
        .push(plan.entity.table)
        .push(" t WHERE t.organization_id = current_organization_id() AND t.id = ANY (");
    sql.bind(ids, Type::UUID_ARRAY);
    sql.push(")");
    if plan.entity.soft_delete {
        sql.push(" AND t.deleted_at IS NULL");
    }
    Ok(tx
        .query(&sql.finish())
        .await?
        .iter()
        .filter_map(|row| row.try_get(0).ok())
        .collect())
}
