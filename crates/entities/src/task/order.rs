//! Where a task lies among those of its project, and completing one with its parts.

use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, RecordJson, Update, update};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::TASK;
use crate::rank;

/// Where a task shall lie: before or after another of its project; at the end when neither is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    #[serde(default)]
    pub before: Option<Uuid>,
    #[serde(default)]
    pub after: Option<Uuid>,
}

/// Lays a task among those of its project. One write; no neighbour is touched.
///
/// # Errors
/// 422 for a neighbour of another project.
pub async fn place(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    wanted: &Place,
) -> Result<RecordJson, EngineError> {
    let unchanged = |id| Update {
        id,
        body: Json::Object(Map::new()),
        version: None,
    };
    // Locks the task and asks whether it may be changed.
    update(engine, tx, caller, &TASK, &[unchanged(id)]).await?;
    let of_project = "m.id = $1 AND n.project_id IS NOT DISTINCT FROM m.project_id AND n.deleted_at IS NULL AND n.id <> $1";
    let beside = |edge: &str, order: &str| {
        format!(
            "SELECT n.position, (SELECT {edge}(d.position) FROM tasks d WHERE d.project_id IS NOT DISTINCT FROM n.project_id \
             AND d.deleted_at IS NULL AND d.id <> $1 AND d.position {order} n.position) \
             FROM tasks m, tasks n WHERE {of_project} AND n.id = $2"
        )
    };
    let (neighbour, field, sql) = match (wanted.before, wanted.after) {
        (Some(before), _) => (Some(before), "before", beside("max", "<")),
        (None, Some(after)) => (Some(after), "after", beside("min", ">")),
        (None, None) => (
            None,
            "",
            format!(
                "SELECT max(n.position), NULL::text FROM tasks m, tasks n WHERE {of_project} AND $2::uuid IS NULL"
            ),
        ),
    };
    let statement = Statement::new(sql)
        .with(id, Type::UUID)
        .with(neighbour, Type::UUID);
    let row = tx.query_opt(&statement).await?.ok_or_else(|| {
        EngineError::from(
            Fault::new("no_such_record", "there is no such task in this project").at(field),
        )
    })?;
    let beside: Option<String> = row.try_get(0)?;
    let beyond: Option<String> = row.try_get(1)?;
    let (low, high) = if field == "before" {
        (beyond, beside)
    } else {
        (beside, beyond)
    };
    let found =
        rank::between(low.as_deref(), high.as_deref()).ok_or_else(|| EngineError::Conflict {
            field: None,
            message: "the tasks moved meanwhile; reload and try again".to_owned(),
        })?;
    let change = Statement::new("UPDATE tasks SET position = $2 WHERE id = $1")
        .with(id, Type::UUID)
        .with(found, Type::TEXT);
    tx.execute(&change).await?;
    let mut records = update(engine, tx, caller, &TASK, &[unchanged(id)]).await?;
    records.pop().ok_or(EngineError::NotFound)
}

/// Completes a task together with everything that is open below it.
///
/// # Errors
/// 403 when one of them may not be changed.
pub async fn complete_with_subtasks(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    version: Option<i64>,
) -> Result<RecordJson, EngineError> {
    let below = Statement::new(
        "WITH RECURSIVE below (id, status, depth) AS ( \
           SELECT t.id, t.status, 1 FROM tasks t WHERE t.parent_id = $1 AND t.deleted_at IS NULL \
           UNION ALL SELECT t.id, t.status, b.depth + 1 FROM below b JOIN tasks t ON t.parent_id = b.id \
           WHERE t.deleted_at IS NULL AND b.depth < 50) \
         SELECT id FROM below WHERE status IN ('todo', 'in_progress', 'review') ORDER BY id",
    )
    .with(id, Type::UUID);
    let mut updates: Vec<Update> = Vec::new();
    for row in tx.query(&below).await? {
        updates.push(Update {
            id: row.try_get(0)?,
            body: json!({"status": "completed"}),
            version: None,
        });
    }
    updates.push(Update {
        id,
        body: json!({"status": "completed"}),
        version,
    });
    let mut records = update(engine, tx, caller, &TASK, &updates).await?;
    records.pop().ok_or(EngineError::NotFound)
}
