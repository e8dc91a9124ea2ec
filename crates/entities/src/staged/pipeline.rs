//! The board's totals: for each stage of a pipeline the count, the amount and the weighted amount by
//! currency, in one statement.

use kith_catalogue::access::Action;
use kith_engine::{
    Caller, Engine, EngineError, ListQuery, Sql, push_archived, render_filter, scope_predicate,
};
use kith_store::Row;
use kith_store::types::Type;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::Staged;

/// The stages of a pipeline (the default one when none is named) with the totals of the records that pass
/// the query's filter. Weighted: amount × probability / 100, each record rounded to two places (half away from zero;
/// amounts are never negative). Added up as whole numbers, which an index holds and which cost a fifth of decimals.
///
/// # Errors
/// [`EngineError::NotFound`] when there is no such pipeline.
pub async fn pipeline(
    engine: &Engine,
    caller: &Caller,
    staged: &Staged,
    pipeline: Option<Uuid>,
    query: &ListQuery,
) -> Result<Json, EngineError> {
    let entity = staged.entity;
    caller.require(entity, Action::Read)?;
    let mut sql = Sql::new();
    sql.push(&format!(
        "SELECT p.id, p.name, s.id, s.key, s.name, s.position, s.probability, s.color, s.kind, s.is_active, d.currency::text, d.count, d.amount, d.weighted \
         FROM pipelines p JOIN stages s ON s.organization_id = p.organization_id AND s.pipeline_id = p.id LEFT JOIN (\
         SELECT t.stage_id, t.currency, count(*) AS count, coalesce(sum(t.{value}_key), 0) * 0.001 AS amount, \
         coalesce(sum((t.{value}_key * {probability} + 500) / 1000), 0) * 0.01 AS weighted FROM {table} t{joined}",
        value = staged.value,
        probability = staged.probability.map_or("own.probability".to_owned(), |column| format!("t.{column}")),
        table = entity.table,
        joined = match staged.probability {
            Some(_) => "",
            None => " JOIN stages own ON own.organization_id = t.organization_id AND own.id = t.stage_id",
        },
    ));
    if let Some(text) = &query.search {
        sql.push(&format!(" JOIN search_candidates('{}', ", entity.table));
        sql.bind(text.clone(), Type::TEXT);
        sql.push(", 1000) found ON found.id = t.id");
    }
    sql.push(" WHERE t.deleted_at IS NULL");
    push_archived(&mut sql, entity, query.archived);
    scope_predicate(&mut sql, engine.catalogue, entity, &caller.grants, "t");
    if !query.filter.is_everything() {
        sql.plan_each_time();
        sql.push(" AND ");
        render_filter(&mut sql, engine.catalogue, entity, "t", &query.filter);
    }
    sql.push(" GROUP BY t.stage_id, t.currency) d ON d.stage_id = s.id WHERE p.entity = ");
    sql.bind(entity.name, Type::TEXT);
    sql.push(" AND ");
    match pipeline {
        Some(id) => {
            sql.push("p.id = ");
            sql.bind(id, Type::UUID);
        }
        None => {
            sql.push("p.is_default");
        }
    }
    sql.push(" ORDER BY s.position, s.id, d.currency");
    let rows = engine
        .database
        .read(&caller.principal, &[sql.finish()])
        .await?
        .pop()
        .unwrap_or_default();
    shown(&rows)
        .map_err(|error| EngineError::Store(kith_store::StoreError::internal(error.to_string())))?
        .ok_or(EngineError::NotFound)
}

type ReadError = Box<dyn std::error::Error + Send + Sync>;

fn shown(rows: &[Row]) -> Result<Option<Json>, ReadError> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut stages: Vec<Map<String, Json>> = Vec::new();
    for row in rows {
        let id = json!(row.try_get::<_, Uuid>(2)?);
        if stages.last().and_then(|stage| stage.get("id")) != Some(&id) {
            let mut stage = Map::new();
            stage.insert("id".to_owned(), id);
            stage.insert("key".to_owned(), json!(row.try_get::<_, &str>(3)?));
            stage.insert("name".to_owned(), json!(row.try_get::<_, &str>(4)?));
            stage.insert("position".to_owned(), json!(row.try_get::<_, i32>(5)?));
            stage.insert("probability".to_owned(), json!(row.try_get::<_, i32>(6)?));
            stage.insert(
                "color".to_owned(),
                json!(row.try_get::<_, Option<&str>>(7)?),
            );
            stage.insert("kind".to_owned(), json!(row.try_get::<_, &str>(8)?));
            stage.insert("is_active".to_owned(), json!(row.try_get::<_, bool>(9)?));
            stage.insert("count".to_owned(), json!(0));
            stage.insert("totals".to_owned(), json!([]));
            stages.push(stage);
        }
        let (Some(currency), Some(stage)) =
            (row.try_get::<_, Option<&str>>(10)?, stages.last_mut())
        else {
            continue;
        };
        let count: i64 = row.try_get(11)?;
        let before = stage.get("count").and_then(Json::as_i64).unwrap_or(0);
        stage.insert("count".to_owned(), json!(before + count));
        if let Some(Json::Array(totals)) = stage.get_mut("totals") {
            totals.push(json!({
                "currency": currency,
                "count": count,
                "amount": money(row.try_get(12)?),
                "weighted": money(row.try_get(13)?),
            }));
        }
    }
    Ok(Some(json!({
        "pipeline": {"id": first.try_get::<_, Uuid>(0)?, "name": first.try_get::<_, &str>(1)?},
        "stages": stages,
    })))
}

/// At least two decimal places, a third only where it is not zero.
fn money(amount: Decimal) -> String {
    kith_engine::money_text(amount)
}
