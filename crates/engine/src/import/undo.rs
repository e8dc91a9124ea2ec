//! Taking an import back as a whole: what it made is deleted, what it changed is put back.
//!
//! Whoever takes it back acts with their own rights, by the same deleting and changing as by hand, in one transaction.
//! What somebody built upon stays, and the answer says what and why: a record that was changed since, one to which
//! something refers that stays, a field that was changed since.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_catalogue::field::{Field, Writer};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, Tx};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::job::{Job, get, refused};
use super::source::BATCH;
use super::write::{Outcome, Stop, Work, write};
use crate::Engine;
use crate::audited::{audited, shown_audited};
use crate::caller::Caller;
use crate::error::EngineError;
use crate::sql::Sql;
use crate::write::Update;

/// How long a run can be taken back.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Where deleting returns to when a record's own rules refuse.
const SAVEPOINT: &str = "import_undo";
/// Records that stayed which the run names.
const NAMED: usize = 100;

/// A record, or fields of it, that stays.
struct Kept {
    entity: String,
    id: Uuid,
    reason: &'static str,
    detail: Option<String>,
}

/// What became of a run.
#[derive(Default)]
struct Undone {
    deleted: usize,
    restored: usize,
    gone: usize,
    kept: Vec<Kept>,
}

/// Takes a finished run back and answers its row.
///
/// # Errors
/// [`EngineError::NotFound`] also for runs that the caller may not see; [`EngineError::Forbidden`];
/// [`EngineError::Conflict`] for a run that is not over, wrote nothing, was taken back already, or is too old.
pub async fn undo(engine: &Engine, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    let tx = Tx::begin(&engine.database, &caller.principal, &caller.origin).await?;
    let find = Statement::new(
        "SELECT status, dry_run, undone_at, finished_at FROM imports WHERE organization_id = current_organization_id() AND id = $1 FOR UPDATE",
    )
    .with(id, Type::UUID);
    let Some(run) = tx.query_opt(&find).await? else {
        get(engine, caller, id).await?;
        return Err(refused(StoreError::Permission {
            detail: format!("import {id}"),
        }));
    };
    require_open(&run, caller.now.timestamp())?;
    let job = Job::undoing(engine, caller, id);
    let mut undone = Undone::default();
    delete_made(&job, &tx).await.map_err(failure)?;
    put_back(&job, &tx, &mut undone).await.map_err(failure)?;
    let ended = tx
        .query(&of_run("SELECT * FROM end_import_undo($1)", id))
        .await?;
    for row in &ended {
        let state: &str = row.try_get(2).map_err(StoreError::from)?;
        let reason = match state {
            "open" => {
                undone.deleted += 1;
                continue;
            }
            "gone" => {
                undone.gone += 1;
                continue;
            }
            "changed" => "changed",
            "used" => "used",
            "not_allowed" => "not_allowed",
            _ => "refused",
        };
        undone.kept.push(Kept {
            entity: row.try_get(0).map_err(StoreError::from)?,
            id: row.try_get(1).map_err(StoreError::from)?,
            reason,
            detail: row.try_get(3).map_err(StoreError::from)?,
        });
    }
    let end = Statement::new(
        "UPDATE imports SET undone_at = now(), undone_by = $2, undo = $3 WHERE organization_id = current_organization_id() AND id = $1",
    )
    .with(id, Type::UUID)
    .with(caller.principal.user_id, Type::UUID)
    .with(undone.told(), Type::JSONB);
    tx.commit_with(&[end]).await?;
    get(engine, caller, id).await
}

/// Whether the run is one that can be taken back now.
fn require_open(run: &Row, now: Timestamp) -> Result<(), EngineError> {
    let status: &str = run.try_get(0).map_err(StoreError::from)?;
    let dry_run: bool = run.try_get(1).map_err(StoreError::from)?;
    let undone_at: Option<Timestamp> = run.try_get(2).map_err(StoreError::from)?;
    let finished_at: Option<Timestamp> = run.try_get(3).map_err(StoreError::from)?;
    let message = match finished_at {
        _ if undone_at.is_some() => "this import was undone already",
        None => "this import is not over yet; cancel it first",
        Some(_) if matches!(status, "queued" | "running") => {
            "this import is not over yet; cancel it first"
        }
        Some(_) if dry_run => "this was a check only: nothing was written",
        Some(at) if now.duration_since(at) > OPEN_FOR => {
            "an import can be undone for 30 days; this one is older"
        }
        Some(_) => return Ok(()),
    };
    Err(EngineError::Conflict {
        field: None,
        message: message.to_owned(),
    })
}

/// Deletes what the run made, as far as the caller may and nothing that stays hangs on it.
async fn delete_made(job: &Job, tx: &Tx) -> Result<(), Stop> {
    let catalogue = job.engine().catalogue;
    let importable: Vec<&'static str> = catalogue
        .entities()
        .iter()
        .filter(|entity| entity.verbs.import)
        .map(|entity| entity.name)
        .collect();
    let begin = of_run("SELECT * FROM begin_import_undo($1, $2)", job.id)
        .with(importable, Type::TEXT_ARRAY);
    for (entity, ids) in by_entity(job, &tx.query(&begin).await?)? {
        if !entity.verbs.delete {
            let why = format!("{} cannot be deleted", entity.label_plural.to_lowercase());
            keep(job, tx, entity, &ids, "refused", Some(&why)).await?;
            continue;
        }
        let allowed = allowed(job, tx, entity, &ids, Action::Delete).await?;
        let others: Vec<Uuid> = ids.into_iter().filter(|id| !allowed.contains(id)).collect();
        keep(job, tx, entity, &others, "not_allowed", None).await?;
    }
    // A record whose own rules refuse stays, and with it what it hangs on: then all is settled anew.
    loop {
        let settle = of_run("SELECT * FROM settle_import_undo($1)", job.id);
        let open = by_entity(job, &tx.query(&settle).await?)?;
        tx.savepoint(SAVEPOINT).await?;
        let mut stay = Vec::new();
        for (entity, ids) in open {
            let outcomes = write(job, tx, entity, &[], Work::Delete(&ids)).await?;
            for (id, outcome) in ids.into_iter().zip(outcomes) {
                if let Outcome::Refused(faults) = outcome {
                    stay.push((entity, id, said(&faults)));
                }
            }
        }
        if stay.is_empty() {
            tx.release(SAVEPOINT).await?;
            return Ok(());
        }
        tx.rollback_to(SAVEPOINT).await?;
        tx.release(SAVEPOINT).await?;
        for (entity, id, why) in stay {
            keep(job, tx, entity, &[id], "refused", Some(&why)).await?;
        }
    }
}

/// Puts back what the run changed of records that were there before.
async fn put_back(job: &Job, tx: &Tx, undone: &mut Undone) -> Result<(), Stop> {
    let entities = tx
        .query(&of_run("SELECT * FROM import_changed_entities($1)", job.id))
        .await?;
    for row in &entities {
        let name: &str = row.try_get(0).map_err(StoreError::from)?;
        // What follows from other records (counts, clocks) follows them back.
        let Some(entity) = job
            .engine()
            .catalogue
            .by_name(name)
            .filter(|entity| entity.verbs.import)
        else {
            continue;
        };
        let changes =
            of_run("SELECT * FROM import_changes($1, $2)", job.id).with(entity.name, Type::TEXT);
        let rows = tx.query(&changes).await?;
        let mut updates = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: Uuid = row.try_get(0).map_err(StoreError::from)?;
            if row.try_get(3).map_err(StoreError::from)? {
                undone.gone += 1;
                continue;
            }
            let stays: Option<Vec<String>> = row.try_get(2).map_err(StoreError::from)?;
            let stays: Vec<String> = stays
                .unwrap_or_default()
                .into_iter()
                .filter(|name| is_given(entity, name))
                .collect();
            if !stays.is_empty() {
                undone.keep(entity, id, "changed", Some(stays.join(", ")));
            }
            let body = earlier(entity, row)?;
            if !body.is_empty() {
                updates.push(Update {
                    id,
                    body: Json::Object(body),
                    version: None,
                });
            }
        }
        let ids: Vec<Uuid> = updates.iter().map(|update| update.id).collect();
        let allowed = if entity.verbs.update && !entity.is_view {
            allowed(job, tx, entity, &ids, Action::Update).await?
        } else {
            HashSet::new()
        };
        let (open, closed): (Vec<Update>, Vec<Update>) = updates
            .into_iter()
            .partition(|update| allowed.contains(&update.id));
        for update in closed {
            undone.keep(entity, update.id, "not_allowed", None);
        }
        for part in open.chunks(BATCH) {
            let outcomes = write(job, tx, entity, &[], Work::Update(part)).await?;
            for (update, outcome) in part.iter().zip(outcomes) {
                match outcome {
                    Outcome::Written(_) => undone.restored += 1,
                    Outcome::Refused(faults) => {
                        undone.keep(entity, update.id, "refused", Some(said(&faults)));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether a field is one that people give; `custom.…` are.
fn is_given(entity: &'static Entity, name: &str) -> bool {
    name.starts_with("custom.") || entity.field(name).is_some_and(is_writable)
}

fn is_writable(field: &Field) -> bool {
    matches!(field.writer, Writer::Editor | Writer::Assigner)
}

/// What the fields of a record were before the run, as a request would give them.
fn earlier(entity: &'static Entity, row: &Row) -> Result<Map<String, Json>, StoreError> {
    let mut body = Map::new();
    let mut custom = Map::new();
    for (name, raw) in audited(row, 1)? {
        if let Some(key) = name.strip_prefix("custom.") {
            let value = serde_json::from_str(raw.get()).unwrap_or(Json::Null);
            custom.insert(key.to_owned(), value);
        } else if let Some(field) = entity.field(&name).filter(|field| is_writable(field)) {
            body.insert(name, shown_audited(field, &raw));
        }
    }
    if !custom.is_empty() {
        body.insert("custom_fields".to_owned(), Json::Object(custom));
    }
    Ok(body)
}

/// Those of the records with which the caller may do this.
async fn allowed(
    job: &Job,
    tx: &Tx,
    entity: &'static Entity,
    ids: &[Uuid],
    action: Action,
) -> Result<HashSet<Uuid>, Stop> {
    if ids.is_empty() || job.caller().require(entity, action).is_err() {
        return Ok(HashSet::new());
    }
    let ask = Statement::new("SELECT rows_allowing($1, $2, $3)")
        .with(entity.table, Type::TEXT)
        .with(ids.to_vec(), Type::UUID_ARRAY)
        .with(action.name(), Type::TEXT);
    let rows = tx.query(&ask).await?;
    let found = rows
        .iter()
        .map(|row| row.try_get(0).map_err(StoreError::from));
    Ok(found.collect::<Result<HashSet<Uuid>, StoreError>>()?)
}

async fn keep(
    job: &Job,
    tx: &Tx,
    entity: &'static Entity,
    ids: &[Uuid],
    state: &'static str,
    why: Option<&str>,
) -> Result<(), Stop> {
    if ids.is_empty() {
        return Ok(());
    }
    let details: Vec<Option<String>> = ids.iter().map(|_| why.map(str::to_owned)).collect();
    let keep = of_run("SELECT keep_imported($1, $2, $3, $4, $5)::text", job.id)
        .with(entity.name, Type::TEXT)
        .with(ids.to_vec(), Type::UUID_ARRAY)
        .with(state, Type::TEXT)
        .with(details, Type::TEXT_ARRAY);
    tx.query(&keep).await?;
    Ok(())
}

/// Rows of an entity and its records.
fn by_entity(job: &Job, rows: &[Row]) -> Result<Vec<(&'static Entity, Vec<Uuid>)>, StoreError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let name: &str = row.try_get(0)?;
        if let Some(entity) = job.engine().catalogue.by_name(name) {
            found.push((entity, row.try_get(1)?));
        }
    }
    Ok(found)
}

fn of_run(sql: &'static str, id: Uuid) -> Statement {
    Statement::new(sql).with(id, Type::UUID)
}

fn said(faults: &[Fault]) -> String {
    let texts: Vec<String> = faults
        .iter()
        .map(|fault| {
            if fault.field.is_empty() {
                fault.message.clone()
            } else {
                format!("{} {}", fault.field, fault.message)
            }
        })
        .collect();
    texts.join("; ")
}

fn failure(stop: Stop) -> EngineError {
    match stop {
        Stop::Failed(error) => error,
        Stop::Cancelled => StoreError::internal("nobody cancels an undo").into(),
    }
}

impl Undone {
    fn keep(
        &mut self,
        entity: &'static Entity,
        id: Uuid,
        reason: &'static str,
        detail: Option<String>,
    ) {
        self.kept.push(Kept {
            entity: entity.name.to_owned(),
            id,
            reason,
            detail,
        });
    }

    /// As the run keeps and shows it.
    fn told(&self) -> Json {
        let mut counts: BTreeMap<&'static str, usize> =
            ["changed", "used", "not_allowed", "refused"]
                .into_iter()
                .map(|reason| (reason, 0))
                .collect();
        for kept in &self.kept {
            *counts.entry(kept.reason).or_default() += 1;
        }
        let named: Vec<Json> = self
            .kept
            .iter()
            .take(NAMED)
            .map(|kept| json!({"entity": kept.entity, "id": kept.id, "reason": kept.reason, "detail": kept.detail}))
            .collect();
        json!({"deleted": self.deleted, "restored": self.restored, "gone": self.gone, "kept": counts, "kept_records": named})
    }
}

/// Gives the records that stayed the names that the caller may read now; the run itself keeps none, so that nobody's
/// name outlives their record.
pub(super) async fn name_kept(
    engine: &Engine,
    caller: &Caller,
    run: &mut Json,
) -> Result<(), EngineError> {
    let Some(Json::Array(records)) = run.pointer_mut("/undo/kept_records") else {
        return Ok(());
    };
    let mut wanted: BTreeMap<&'static str, (&'static Entity, Vec<Uuid>)> = BTreeMap::new();
    for record in records.iter() {
        let entity = record.get("entity").and_then(Json::as_str);
        let id = record.get("id").and_then(Json::as_str);
        if let Some(entity) = entity.and_then(|name| engine.catalogue.by_name(name))
            && let Some(id) = id.and_then(|text| Uuid::try_parse(text).ok())
        {
            wanted
                .entry(entity.name)
                .or_insert_with(|| (entity, Vec::new()))
                .1
                .push(id);
        }
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let asked: Vec<Statement> = wanted
        .values()
        .map(|(entity, ids)| {
            let mut sql = Sql::new();
            sql.push(&format!(
                "SELECT t.id::text, t.{}::text FROM {} t WHERE t.organization_id = current_organization_id() AND t.id = ANY (",
                entity.title, entity.table
            ));
            sql.bind(ids.clone(), Type::UUID_ARRAY);
            sql.push(")");
            sql.finish()
        })
        .collect();
    for rows in engine.database.read(&caller.principal, &asked).await? {
        for row in &rows {
            if let Some(name) = row.try_get(1).map_err(StoreError::from)? {
                names.insert(row.try_get(0).map_err(StoreError::from)?, name);
            }
        }
    }
    for record in records {
        let name = record
            .get("id")
            .and_then(Json::as_str)
            .and_then(|id| names.get(id));
        if let Json::Object(members) = record {
            members.insert("title".to_owned(), json!(name));
        }
    }
    Ok(())
}
