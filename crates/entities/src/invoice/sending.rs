//! Sending makes a draft final: it gets its number, its dates, the rate of the day and whom it is made out to. The
//! database does that with the change of its status (migration 0014).

use kith_engine::{Caller, Engine, EngineError, RecordJson, Update, money_text, read_within};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::INVOICE;
use crate::reading::cell;

/// Sends a draft. Answers the invoice with `warnings`, each `{code, message}`: a limit that is passed is told and
/// does not hold the invoice up.
///
/// # Errors
/// [`EngineError::Conflict`] for what is sent already; [`EngineError::Invalid`] without lines or an exchange rate.
pub async fn send(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<Json, EngineError> {
    let draft = locked(engine, tx, caller, id).await?;
    if text(&draft, "status") != Some("draft") {
        let title = text(&draft, "title").unwrap_or_default();
        return Err(conflict(format!("{title} is sent already")));
    }
    finish(tx, id).await?;
    let mut sent = one(engine, tx, caller, id).await?;
    let warnings = match text(&sent, "kind") {
        Some("invoice") => credit_warnings(tx, &sent).await?,
        _ => Vec::new(),
    };
    if let Some(members) = sent.as_object_mut() {
        members.insert("warnings".to_owned(), Json::Array(warnings));
    }
    Ok(sent)
}

/// The change of status with which the database does the rest.
pub(super) async fn finish(tx: &Tx, id: Uuid) -> Result<(), EngineError> {
    let statement =
        Statement::new("UPDATE invoices SET status = 'sent' WHERE id = $1").with(id, Type::UUID);
    tx.execute(&statement).await?;
    Ok(())
}

/// Whether the company now owes more than its credit limit.
async fn credit_warnings(tx: &Tx, sent: &Json) -> Result<Vec<Json>, EngineError> {
    let company = text(sent, "company_id").and_then(|id| Uuid::try_parse(id).ok());
    let statement = Statement::new("SELECT outstanding, allowed, currency FROM credit_warning($1)")
        .with(company, Type::UUID);
    let Some(row) = tx.query_opt(&statement).await? else {
        return Ok(Vec::new());
    };
    let (outstanding, allowed): (Decimal, Decimal) = (cell(&row, 0)?, cell(&row, 1)?);
    let currency: String = cell(&row, 2)?;
    let message = format!(
        "open invoices of {} {currency} are more than the credit limit of {} {currency}",
        money_text(outstanding),
        money_text(allowed)
    );
    Ok(vec![json!({"code": "credit_limit", "message": message})])
}

/// The invoice, locked until the transaction ends.
pub(crate) async fn locked(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<Json, EngineError> {
    let nothing = Update {
        id,
        body: Json::Object(Map::new()),
        version: None,
    };
    let record = kith_engine::update(engine, tx, caller, &INVOICE, &[nothing])
        .await?
        .pop();
    parsed(record.ok_or(EngineError::NotFound)?)
}

/// An invoice as it stands within a transaction.
pub(super) async fn one(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<Json, EngineError> {
    let found = read_within(engine, tx, caller, &INVOICE, vec![id])
        .await?
        .pop();
    parsed(found.ok_or(EngineError::NotFound)?)
}

pub(crate) fn parsed(record: RecordJson) -> Result<Json, EngineError> {
    serde_json::from_slice(&record.json)
        .map_err(|error| StoreError::internal(error.to_string()).into())
}

pub(crate) fn text<'a>(record: &'a Json, name: &str) -> Option<&'a str> {
    record.get(name).and_then(Json::as_str)
}

pub(super) fn conflict(message: String) -> EngineError {
    EngineError::Conflict {
        field: None,
        message,
    }
}
