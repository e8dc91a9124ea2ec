//! Whether a record that is about to be made is there already.

use std::collections::HashSet;

use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Faults;
use kith_catalogue::identity::Likeness;
use kith_store::types::Type;
use kith_store::{Statement, StoreError};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::likeness::{Comparison, Keys, compare};
use super::list::{keys_of, read_keys};
use super::{Compared, compared};
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::query::Deleted;
use crate::read::{Selection, records, select_by_ids};
use crate::sql::Sql;
use crate::write::{draft_partly, draft_values};

/// Records that are looked at for each likeness, and shown.
const BOUND: usize = 50;
const SHOWN: usize = 10;
/// Less sure ones are not worth asking about.
const WORTH_ASKING: u8 = 35;

/// The records that a body may be a duplicate of, the surest first, as the body of the response. The body is one
/// of a new record, or part of it; `except` is the record that is being edited.
///
/// # Errors
/// [`EngineError::InvalidRows`] for values that cannot be read.
pub async fn check_new(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    body: &Json,
    except: Option<Uuid>,
) -> Result<Json, EngineError> {
    let fields = compared(caller, entity)?;
    let mut faults = Faults::new();
    let draft = draft_partly(entity, caller, body, &mut faults);
    faults.into_result()?;
    let values: Map<String, Json> = draft_values(&draft);
    let keys = keys_of_new(engine, caller, entity, &fields, &Json::Object(values)).await?;
    let ids = candidates(engine, caller, entity, &fields, &keys).await?;
    let ids: Vec<Uuid> = ids.into_iter().filter(|id| Some(*id) != except).collect();
    if ids.is_empty() {
        return Ok(json!({"data": []}));
    }
    let selection = Selection::new(caller, engine.catalogue, entity, None, &[]);
    let statements = [
        keys_of(entity, &fields, ids.clone()),
        select_by_ids(&selection, ids, Deleted::No),
    ];
    let mut answers = engine
        .database
        .read(&caller.principal, &statements)
        .await?
        .into_iter();
    let standing = read_keys(&answers.next().unwrap_or_default(), fields.len())?;
    let mut alike: Vec<(Comparison, Box<RawValue>)> = Vec::new();
    for record in records(&selection, &answers.next().unwrap_or_default())? {
        let Some(other) = standing.get(&record.id) else {
            continue;
        };
        let comparison = compare(&fields, &keys, other);
        if comparison.score >= WORTH_ASKING
            && let Ok(raw) = serde_json::from_slice(&record.json)
        {
            alike.push((comparison, raw));
        }
    }
    alike.sort_by_key(|(comparison, _)| u8::MAX - comparison.score);
    alike.truncate(SHOWN);
    let data: Vec<Json> = alike
        .iter()
        .map(|(comparison, record)| json!({"score": comparison.score, "reasons": comparison.reasons_json(), "record": record}))
        .collect();
    Ok(json!({"data": data}))
}

/// What the record would be compared by, as the database derives it.
async fn keys_of_new(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    fields: &[Compared],
    values: &Json,
) -> Result<Keys, EngineError> {
    let columns: Vec<String> = fields
        .iter()
        .map(|(_, identity)| identity.column.to_owned())
        .collect();
    let statement = Statement::new("SELECT keys_of_values($1, $2, $3)")
        .with(entity.table, Type::TEXT)
        .with(values.clone(), Type::JSONB)
        .with(columns, Type::TEXT_ARRAY);
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let keys = rows
        .first()
        .map(|row| row.try_get::<_, Vec<Option<String>>>(0))
        .transpose()
        .map_err(StoreError::from)?;
    Ok(Keys(keys.unwrap_or_default()))
}

/// The ids of records that share a key, or whose name reads alike.
async fn candidates(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    fields: &[Compared],
    keys: &Keys,
) -> Result<HashSet<Uuid>, EngineError> {
    let mut statements = Vec::new();
    for ((_, identity), key) in fields.iter().zip(&keys.0) {
        let Some(key) = key else {
            continue;
        };
        if identity.likeness == Likeness::Context {
            continue;
        }
        for (_, other) in fields
            .iter()
            .filter(|(_, other)| other.likeness == identity.likeness)
        {
            let mut sql = Sql::new();
            sql.push(&format!(
                "SELECT t.id FROM {} t WHERE t.deleted_at IS NULL AND t.{} = ",
                entity.table, other.column
            ));
            sql.bind(key.clone(), Type::TEXT);
            sql.push(&format!(" LIMIT {BOUND}"));
            statements.push(sql.finish());
        }
        if identity.likeness == Likeness::Name && entity.searchable() {
            let mut sql = Sql::new();
            sql.push(&format!(
                "SELECT f.id FROM search_candidates('{}', ",
                entity.table
            ));
            sql.bind(key.clone(), Type::TEXT);
            sql.push(&format!(", {BOUND}) f"));
            statements.push(sql.finish());
        }
    }
    let mut ids = HashSet::new();
    if statements.is_empty() {
        return Ok(ids);
    }
    for rows in engine.database.read(&caller.principal, &statements).await? {
        for row in rows {
            ids.insert(row.try_get(0).map_err(StoreError::from)?);
        }
    }
    Ok(ids)
}
