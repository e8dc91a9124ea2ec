//! Moving a record to a stage, and to a place among the cards there.

use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, RecordJson, Update, update};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// Where a record should go.
#[derive(Clone, Debug, Default)]
pub struct StageMove {
    /// The stage's id, key or name; absent to move within the column.
    pub stage: Option<String>,
    pub lost_reason: Option<String>,
    /// Lay the card before or after this record's; on top without either.
    pub before: Option<Uuid>,
    pub after: Option<Uuid>,
    pub version: Option<i64>,
}

/// Moves a record. What follows from the stage (status, probability, close date, history) follows.
///
/// # Errors
/// [`EngineError::NotFound`] for the record; a fault on `stage`, `before`, `after` or `lost_reason`.
pub async fn move_stage(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    wanted: &StageMove,
) -> Result<RecordJson, EngineError> {
    let current = Statement::new(format!(
        "SELECT pipeline_id, stage_id FROM {} WHERE id = $1 AND deleted_at IS NULL",
        entity.table
    ))
    .with(id, Type::UUID);
    let row = tx.query_opt(&current).await?.ok_or(EngineError::NotFound)?;
    let (pipeline, standing): (Uuid, Uuid) = match (row.try_get(0), row.try_get(1)) {
        (Ok(pipeline), Ok(stage)) => (pipeline, stage),
        _ => return Err(EngineError::NotFound),
    };
    let mut body = Map::new();
    let stage = match &wanted.stage {
        None => standing,
        Some(word) => {
            let stage = find_stage(tx, pipeline, word).await?;
            body.insert("stage_id".to_owned(), Json::String(stage.to_string()));
            stage
        }
    };
    if let Some(reason) = &wanted.lost_reason {
        body.insert("lost_reason".to_owned(), Json::String(reason.clone()));
    }
    let moved = Update {
        id,
        body: Json::Object(body),
        version: wanted.version,
    };
    let mut records = update(engine, tx, caller, entity, &[moved]).await?;
    if stage != standing || wanted.before.is_some() || wanted.after.is_some() {
        let place = place_in(tx, entity, id, stage, wanted).await?;
        let statement = Statement::new(format!(
            "UPDATE {} SET board_position = $2 WHERE id = $1",
            entity.table
        ))
        .with(id, Type::UUID)
        .with(place, Type::TEXT);
        tx.execute(&statement).await?;
        records = update(
            engine,
            tx,
            caller,
            entity,
            &[Update {
                id,
                body: Json::Object(Map::new()),
                version: None,
            }],
        )
        .await?;
    }
    records.pop().ok_or(EngineError::NotFound)
}

/// A stage by id, or by key or name within the deal's pipeline first.
async fn find_stage(tx: &Tx, pipeline: Uuid, word: &str) -> Result<Uuid, EngineError> {
    let statement = Statement::new(
        "SELECT id FROM stages WHERE id::text = lower($2) OR pipeline_id = $1 AND (key = lower($2) OR lower(name) = lower($2)) \
         ORDER BY pipeline_id = $1 DESC, position LIMIT 1",
    )
    .with(pipeline, Type::UUID)
    .with(word.trim().to_owned(), Type::TEXT);
    let row = tx.query_opt(&statement).await?;
    row.and_then(|row| row.try_get(0).ok()).ok_or_else(|| {
        Fault::new(
            "no_such_record",
            "there is no such stage in this record's pipeline",
        )
        .at("stage")
        .into()
    })
}

/// The position that puts the card where it was dropped.
async fn place_in(
    tx: &Tx,
    entity: &'static Entity,
    id: Uuid,
    stage: Uuid,
    wanted: &StageMove,
) -> Result<String, EngineError> {
    // The card beside which this one is laid, and the one beyond it.
    let beside = |edge: &str, order: &str| {
        format!(
            "SELECT n.board_position, (SELECT {edge}(d.board_position) FROM {table} d WHERE d.stage_id = $1 AND d.id <> $3 AND d.deleted_at IS NULL \
             AND d.board_position {order} n.board_position) FROM {table} n WHERE n.id = $2 AND n.stage_id = $1 AND n.deleted_at IS NULL",
            table = entity.table
        )
    };
    let (neighbour, field, sql) = match (wanted.before, wanted.after) {
        (Some(before), _) => (Some(before), "before", beside("max", "<")),
        (None, Some(after)) => (Some(after), "after", beside("min", ">")),
        (None, None) => (
            None,
            "",
            format!(
                "SELECT min(d.board_position), NULL::text FROM {} d WHERE d.stage_id = $1 AND d.id <> $3 AND d.deleted_at IS NULL AND $2::uuid IS NULL",
                entity.table
            ),
        ),
    };
    let statement = Statement::new(sql)
        .with(stage, Type::UUID)
        .with(neighbour, Type::UUID)
        .with(id, Type::UUID);
    let row = tx.query_opt(&statement).await?.ok_or_else(|| {
        EngineError::from(
            Fault::new("no_such_record", "there is no such record in this stage").at(field),
        )
    })?;
    let beside: Option<String> = row.try_get(0).ok().flatten();
    let beyond: Option<String> = row.try_get(1).ok().flatten();
    let (low, high) = match field {
        "after" => (beside, beyond),
        "before" => (beyond, beside),
        _ => (None, beside),
    };
    let place = match (&low, &high) {
        (None, None) => Some(crate::rank::newest_first(id)),
        _ => crate::rank::between(low.as_deref(), high.as_deref()),
    };
    place.ok_or_else(|| EngineError::Conflict {
        field: None,
        message: "the cards moved meanwhile; reload and try again".to_owned(),
    })
}
