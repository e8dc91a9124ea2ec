//! What happened to a record, field by field, newest first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kith_catalogue::entity::Entity;
use kith_store::types::Type;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::Engine;
use crate::audited::{audited, shown_audited};
use crate::caller::Caller;
use crate::error::EngineError;
use crate::mask::Mask;
use crate::page::uncounted_page;
use crate::sql::Sql;

/// The entries of a record's audit trail, as the body of the response. Row security shows them to
/// whoever may read the record or the whole trail.
///
/// # Errors
/// [`EngineError::NotFound`] when there is no trail that the caller may see.
pub async fn history(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Json, EngineError> {
    let before = cursor
        .map(|text| {
            URL_SAFE_NO_PAD
                .decode(text)
                .ok()
                .and_then(|bytes| Uuid::from_slice(&bytes).ok())
                .ok_or_else(|| {
                    EngineError::bad_cursor(
                        "is not one that this list gave out; start again without it",
                    )
                })
        })
        .transpose()?;
    let mut sql = Sql::new();
    sql.push(
        "SELECT a.id, a.created_at, a.action, a.version, a.user_id, u.full_name, a.change_set_id, a.origin, host(a.ip_address), \
         a.user_agent, a.old_values, a.new_values \
         FROM audit_log a LEFT JOIN users u ON u.id = a.user_id \
         WHERE a.organization_id = current_organization_id() AND a.entity_type = ",
    );
    sql.bind(entity.name, Type::TEXT);
    sql.push(" AND a.record_id = ");
    sql.bind(id, Type::UUID);
    if let Some(before) = before {
        sql.push(" AND a.id < ");
        sql.bind(before, Type::UUID);
    }
    sql.push(&format!(" ORDER BY a.id DESC LIMIT {}", limit + 1));
    let rows = engine
        .database
        .read(&caller.principal, &[sql.finish()])
        .await?
        .pop()
        .unwrap_or_default();
    if rows.is_empty() && before.is_none() {
        // Tells a record without a trail (made before it, or by set-up) from one that is not there.
        crate::read::get(engine, caller, entity, id, &[], crate::query::Deleted::With).await?;
    }
    let mask = Mask::of(caller, entity.name);
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows.iter().take(limit as usize) {
        entries.push(
            entry(&mask, entity, row)
                .map_err(|error| kith_store::StoreError::internal(error.to_string()))?,
        );
    }
    let last = rows
        .get((limit as usize).saturating_sub(1))
        .filter(|_| rows.len() > limit as usize);
    let next = last
        .and_then(|row| row.try_get::<_, Uuid>(0).ok())
        .map(|id| URL_SAFE_NO_PAD.encode(id));
    Ok(uncounted_page(entries, limit, next))
}

fn entry(
    mask: &Mask,
    entity: &'static Entity,
    row: &kith_store::Row,
) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
    let old = audited(row, 10)?;
    let new = audited(row, 11)?;
    let mut changes = Vec::new();
    // In the order of the entity's fields; columns that are no fields are nobody's business.
    for field in entity.all_fields() {
        let (was, is) = (old.get(field.name), new.get(field.name));
        if was.is_some() || is.is_some() {
            let show = |raw: Option<&Box<RawValue>>| {
                raw.map(|raw| mask.shown(field, shown_audited(field, raw)))
            };
            changes.push(json!({"field": field.name, "old": show(was), "new": show(is)}));
        }
    }
    let user: Option<Uuid> = row.try_get(4)?;
    let action: &str = row.try_get(2)?;
    // What is no change of fields says what it was: which records were merged, what went with a person.
    let details = matches!(action, "MERGE" | "ERASE").then_some(&new);
    Ok(json!({
        "id": row.try_get::<_, Uuid>(0)?,
        "at": row.try_get::<_, jiff::Timestamp>(1)?.to_string(),
        "action": action,
        "version": row.try_get::<_, Option<i64>>(3)?,
        "user": user.map(|id| json!({"id": id, "full_name": row.try_get::<_, Option<&str>>(5).ok().flatten()})),
        "change_set_id": row.try_get::<_, Option<Uuid>>(6)?,
        "origin": row.try_get::<_, Option<&str>>(7)?,
        "ip": row.try_get::<_, Option<&str>>(8)?,
        "user_agent": row.try_get::<_, Option<&str>>(9)?,
        "changes": changes,
        "details": details,
    }))
}
