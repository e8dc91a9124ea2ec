//! Asking, and keeping an answer.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_engine::{Caller, Deleted, Engine, EngineError, ListQuery, get, read_within};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::custom::custom;
use super::questions::{Asking, Column, columns, statement};
use super::request::{TYPES, parameters};
use super::{REPORT, Request};
use crate::staged;
use crate::{activity, deal, lead};

/// The types of report with what narrows each and what its answer has.
#[must_use]
pub fn types() -> Json {
    let types: Vec<Json> = TYPES
        .iter()
        .map(|choice| {
            json!({"type": choice.value, "label": choice.label, "parameters": parameters(choice.value), "columns": described(columns(choice.value))})
        })
        .collect();
    json!({"data": types})
}

fn described(columns: &[Column]) -> Vec<Json> {
    columns
        .iter()
        .map(|(name, label, kind)| json!({"name": name, "label": label, "kind": kind}))
        .collect()
}

/// The records that a type counts: whoever may read none of them is refused instead of told "nothing".
fn counted(kind: &str) -> Option<&'static Entity> {
    match kind {
        "conversion" | "source_performance" | "campaign_performance" | "lead_funnel" => {
            Some(&lead::LEAD)
        }
        "pipeline" | "forecast" | "won_lost" => Some(&deal::DEAL),
        "activity" => Some(&activity::ACTIVITY),
        _ => None,
    }
}

/// Asks. The answer counts what the caller sees.
///
/// # Errors
/// [`EngineError::Forbidden`] for somebody who may read none of what is counted; a fault by its field.
pub async fn run(engine: &Engine, caller: &Caller, request: &Request) -> Result<Json, EngineError> {
    if let Some(entity) = counted(request.kind) {
        caller.require(entity, Action::Read)?;
    }
    if request.kind == "project_profitability" && !caller.grants.allows("rates", Action::Read) {
        return Err(EngineError::Forbidden {
            action: Action::Read,
            resource: "rates",
        });
    }
    match request.kind {
        "project_summary" => project_summary(engine, caller, request).await,
        "pipeline" => pipeline(engine, caller, request).await,
        "custom" => {
            let custom = custom(engine, caller, &request.narrowed)?;
            let columns = custom
                .columns
                .iter()
                .map(|(name, label, kind)| json!({"name": name, "label": label, "kind": kind}))
                .collect();
            let rows = rows(engine, caller, custom.statement).await?;
            Ok(table(request, columns, rows))
        }
        _ => {
            let ask = Asking::new(engine.catalogue, &caller.grants);
            let Some(statement) = statement(ask, request) else {
                return Err(EngineError::NotFound);
            };
            let rows = rows(engine, caller, statement).await?;
            Ok(table(request, described(columns(request.kind)), rows))
        }
    }
}

fn table(request: &Request, columns: Vec<Json>, rows: Vec<Json>) -> Json {
    json!({"type": request.kind, "columns": columns, "rows": rows})
}

async fn rows(
    engine: &Engine,
    caller: &Caller,
    statement: Statement,
) -> Result<Vec<Json>, EngineError> {
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    rows.iter()
        .map(|row| Ok(row.try_get::<_, Json>(0).map_err(StoreError::from)?))
        .collect()
}

async fn project_summary(
    engine: &Engine,
    caller: &Caller,
    request: &Request,
) -> Result<Json, EngineError> {
    let project = request.narrowed.project_id.ok_or(EngineError::NotFound)?;
    let summary = summary(engine, caller, project).await?;
    Ok(json!({"type": request.kind, "columns": [], "rows": [], "summary": summary}))
}

/// A project on one page (000), as `get_project_summary()` says it.
///
/// # Errors
/// [`EngineError::NotFound`] for a project that the caller does not see.
pub async fn summary(engine: &Engine, caller: &Caller, project: Uuid) -> Result<Json, EngineError> {
    let ask = Statement::new("SELECT get_project_summary($1)").with(project, Type::UUID);
    let rows = engine
        .database
        .read(&caller.principal, &[ask])
        .await?
        .pop()
        .unwrap_or_default();
    let summary: Option<Json> = match rows.first() {
        Some(row) => row.try_get(0).map_err(StoreError::from)?,
        None => None,
    };
    summary.ok_or(EngineError::NotFound)
}

/// The board's totals as rows, a stage and currency each.
async fn pipeline(
    engine: &Engine,
    caller: &Caller,
    request: &Request,
) -> Result<Json, EngineError> {
    let totals = staged::pipeline(
        engine,
        caller,
        &deal::STAGED,
        request.narrowed.pipeline_id,
        &ListQuery::default(),
    )
    .await?;
    let mut rows = Vec::new();
    for stage in totals
        .get("stages")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let base = |currency: Json, count: Json, amount: Json, weighted: Json| json!({"stage": stage["key"], "name": stage["name"], "kind": stage["kind"], "currency": currency, "count": count, "amount": amount, "weighted": weighted});
        let totals = stage["totals"].as_array().map_or(&[][..], Vec::as_slice);
        if totals.is_empty() {
            rows.push(base(Json::Null, json!(0), json!("0.00"), json!("0.00")));
        }
        for total in totals {
            rows.push(base(
                total["currency"].clone(),
                total["count"].clone(),
                total["amount"].clone(),
                total["weighted"].clone(),
            ));
        }
    }
    Ok(table(request, described(columns(request.kind)), rows))
}

/// A saved report as a request.
async fn saved(engine: &Engine, caller: &Caller, id: Uuid) -> Result<Request, EngineError> {
    let record = get(engine, caller, &REPORT, id, &[], Deleted::No).await?;
    request_of(&record.json)
}

fn request_of(record: &[u8]) -> Result<Request, EngineError> {
    let report: Json =
        serde_json::from_slice(record).map_err(|error| StoreError::internal(error.to_string()))?;
    let mut config = match report.get("config") {
        Some(Json::Object(members)) => members.clone(),
        _ => Map::new(),
    };
    if let Some(project) = report
        .get("project_id")
        .filter(|project| !project.is_null())
    {
        config.insert("project_id".to_owned(), project.clone());
    }
    Ok(Request::parse(
        report
            .get("type")
            .and_then(Json::as_str)
            .unwrap_or_default(),
        &Json::Object(config),
    )?)
}

/// What a saved report answers now, to this caller.
///
/// # Errors
/// [`EngineError::NotFound`] for a report that the caller does not see; those of [`run`].
pub async fn data(engine: &Engine, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    let request = saved(engine, caller, id).await?;
    run(engine, caller, &request).await
}

/// Keeps what a report answers to this caller now, for whoever reads the report. Answers the record.
///
/// # Errors
/// [`EngineError::Refused`] for somebody who may not change the report.
pub async fn generate(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<Json, EngineError> {
    caller.require(&REPORT, Action::Update)?;
    let answer = data(engine, caller, id).await?;
    let keep = Statement::new(
        "UPDATE reports SET data = $2, generated_by = current_user_id(), generated_at = $3 WHERE id = $1 AND deleted_at IS NULL",
    )
    .with(id, Type::UUID)
    .with(answer, Type::JSONB)
    .with(caller.now.timestamp(), Type::TIMESTAMPTZ);
    if tx.execute(&keep).await? == 0 {
        return Err(EngineError::Refused {
            field: None,
            message: "you may read this report, but not keep its answer".to_owned(),
        });
    }
    let record = read_within(engine, tx, caller, &REPORT, vec![id])
        .await?
        .pop()
        .ok_or(EngineError::NotFound)?;
    Ok(serde_json::from_slice(&record.json)
        .map_err(|error| StoreError::internal(error.to_string()))?)
}
