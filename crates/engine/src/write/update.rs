//! Changing records: lock and read what stands, draft over it, check, write.

use std::collections::{BTreeMap, HashMap};

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Faults;
use kith_catalogue::field::Field;
use kith_catalogue::value::Value;
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde_json::Value as Json;
use uuid::Uuid;

use super::change::{Change, Checked, Draft};
use super::check::check;
use super::constraints::explain;
use super::create::PreparedRows;
use super::draft::draft_change;
use super::references::check_references;
use super::statement;
use crate::Engine;
use crate::audited::{Audited, audited, shown, shown_audited};
use crate::caller::Caller;
use crate::error::{EngineError, FieldConflict};
use crate::read::{RecordJson, Selection, records, row_values};
use crate::rules::Batch;
use crate::sql::{Sql, column_list};

/// One wanted change.
#[derive(Clone, Debug)]
pub struct Update {
    pub id: Uuid,
    /// RFC 7396: fields given change, fields absent stay, null empties.
    pub body: Json,
    /// The version the caller read; edits made since by others are merged or refused.
    pub version: Option<i64>,
}

/// Changes records, all or none. The answer is in the order of the updates.
///
/// # Errors
/// [`EngineError::NotFound`], [`EngineError::Stale`], [`EngineError::InvalidRows`].
pub async fn update(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    updates: &[Update],
) -> Result<Vec<RecordJson>, EngineError> {
    let prepared = prepare_update(engine, tx, caller, entity, updates).await?;
    if !prepared.faults.is_empty() {
        return Err(EngineError::InvalidRows(prepared.faults));
    }
    update_prepared(engine, tx, caller, entity, prepared).await
}

/// Writes prepared changes and runs the follow-ups.
pub(crate) async fn update_prepared(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    prepared: PreparedRows,
) -> Result<Vec<RecordJson>, EngineError> {
    let order: Vec<Uuid> = prepared
        .rows
        .iter()
        .map(|(_, change)| change.id())
        .collect();
    // Changes that say something about the same columns go in one statement.
    let mut groups: BTreeMap<Vec<&'static str>, Vec<Change<Checked>>> = BTreeMap::new();
    let mut unchanged: Vec<Uuid> = Vec::new();
    for (_, change) in prepared.rows {
        let columns: Vec<&'static str> = changed_columns(&change).map(|field| field.name).collect();
        if columns.is_empty() {
            unchanged.push(change.id());
        } else {
            groups.entry(columns).or_default().push(change);
        }
    }
    let selection = Selection::new(caller, engine.catalogue, entity, None, &[]);
    let mut written: HashMap<Uuid, RecordJson> = HashMap::new();
    for (names, changes) in &groups {
        let mut columns: Vec<&'static Field> = entity.field("id").into_iter().collect();
        columns.extend(names.iter().filter_map(|name| entity.field(name)));
        let statement = statement::update(entity, &columns, changes);
        let rows = tx
            .query(&statement)
            .await
            .map_err(|error| explain(engine.catalogue, entity, error))?;
        if rows.len() != changes.len() {
            return Err(EngineError::Forbidden {
                action: Action::Update,
                resource: entity.resource,
            });
        }
        let changed = records(&selection, &rows)?;
        written.extend(changed.into_iter().map(|record| (record.id, record)));
    }
    let ids: Vec<Uuid> = written.keys().copied().collect();
    if !ids.is_empty() {
        engine
            .rules
            .of(entity)
            .after_write(tx, caller, &ids)
            .await?;
    }
    if !unchanged.is_empty() {
        let statement =
            crate::read::select_by_ids(&selection, unchanged, crate::query::Deleted::With);
        let standing = records(&selection, &tx.query(&statement).await?)?;
        written.extend(standing.into_iter().map(|record| (record.id, record)));
    }
    Ok(order.iter().filter_map(|id| written.remove(id)).collect())
}

/// The columns whose value will differ.
fn changed_columns<State>(change: &Change<State>) -> impl Iterator<Item = &'static Field> {
    change
        .entity
        .all_fields()
        .iter()
        .copied()
        .enumerate()
        .filter(|(index, _)| {
            let new = change.new.get(*index).and_then(Option::as_ref);
            let old = change.old.as_ref().and_then(|old| old.get(*index));
            new.is_some_and(|new| Some(new) != old)
        })
        .map(|(_, field)| field)
}

/// Drafts, prepares and checks changes without writing them. Locks the rows.
pub(crate) async fn prepare_update(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    updates: &[Update],
) -> Result<PreparedRows, EngineError> {
    if !entity.verbs.update {
        return Err(EngineError::Refused {
            field: None,
            message: format!("{} cannot be changed", entity.path),
        });
    }
    caller.require(entity, Action::Update)?;
    let ids: Vec<Uuid> = updates.iter().map(|update| update.id).collect();
    let standing = lock(tx, entity, &ids).await?;
    let context = caller.parse_context();
    let mut faults: Vec<Faults> = updates.iter().map(|_| Faults::new()).collect();
    let mut drafts: Vec<Change<Draft>> = Vec::with_capacity(updates.len());
    for (update, faults) in updates.iter().zip(&mut faults) {
        let old = standing.get(&update.id).ok_or(EngineError::NotFound)?;
        let draft = draft_change(
            entity,
            caller,
            &context,
            update.id,
            old.clone(),
            &update.body,
            faults,
        );
        if let Some(version) = update.version {
            merge_or_refuse(engine, tx, caller, entity, &draft, version).await?;
        }
        drafts.push(draft);
    }
    let rules = engine.rules.of(entity);
    rules
        .prepare(Batch {
            tx,
            caller,
            catalogue: engine.catalogue,
            entity,
            changes: &mut drafts,
        })
        .await?;
    check_references(tx, engine.catalogue, caller, &mut drafts, &mut faults).await?;
    let mut prepared = PreparedRows {
        rows: Vec::with_capacity(drafts.len()),
        faults: Vec::new(),
    };
    for (index, (draft, mut faults)) in drafts.into_iter().zip(faults).enumerate() {
        match check(draft, caller, rules, &mut faults) {
            Some(change) => prepared.rows.push((index, change)),
            None => prepared.faults.push((index, faults.into_vec())),
        }
    }
    Ok(prepared)
}

/// Reads and locks the rows, in id order so that two requests cannot deadlock. A row that may be read
/// but not changed is not among those that can be locked: 403, not 404.
pub(crate) async fn lock(
    tx: &Tx,
    entity: &'static Entity,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Value>>, EngineError> {
    let fields = entity.all_fields();
    let mut rows = tx
        .query(&standing_rows(entity, ids, !entity.is_view))
        .await?;
    if rows.len() < ids.len() && !entity.is_view {
        let visible = tx.query(&standing_rows(entity, ids, false)).await?;
        if visible.len() > rows.len() {
            return Err(EngineError::Forbidden {
                action: Action::Update,
                resource: entity.resource,
            });
        }
        rows = visible;
    }
    let mut standing = HashMap::with_capacity(rows.len());
    for row in &rows {
        let values = row_values(fields, row)?;
        if let Some(Value::Uuid(id)) = values.first() {
            standing.insert(*id, values);
        }
    }
    Ok(standing)
}

fn standing_rows(entity: &'static Entity, ids: &[Uuid], lock: bool) -> Statement {
    let mut sql = Sql::new();
    sql.push("SELECT ");
    sql.push(&column_list("t", entity.all_fields()));
    sql.push(&format!(" FROM {} t WHERE t.id = ANY (", entity.table));
    sql.bind(ids.to_vec(), Type::UUID_ARRAY);
    sql.push(")");
    if entity.soft_delete {
        sql.push(" AND t.deleted_at IS NULL");
    }
    sql.push(" ORDER BY t.id");
    if lock {
        sql.push(" FOR NO KEY UPDATE OF t");
    }
    sql.finish()
}

/// The caller read an older version: edits to other fields merge, edits to the same field are shown to
/// the person with mine, theirs and was. What was changed since is in the audit log.
async fn merge_or_refuse(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    draft: &Change<Draft>,
    version: i64,
) -> Result<(), EngineError> {
    let current = match draft.old.as_ref().zip(
        entity
            .all_fields()
            .iter()
            .position(|field| field.name == "version"),
    ) {
        Some((old, index)) => match old.get(index) {
            Some(Value::Integer(current)) => *current,
            _ => return Ok(()),
        },
        None => return Ok(()),
    };
    if current == version {
        return Ok(());
    }
    let entries = |what: &str, condition: &str| {
        let mut sql = Sql::new();
        sql.push("SELECT ");
        sql.push(what);
        sql.push(
            " FROM audit_log WHERE organization_id = current_organization_id() AND entity_type = ",
        );
        sql.bind(entity.name, Type::TEXT);
        sql.push(" AND record_id = ");
        sql.bind(draft.id(), Type::UUID);
        sql.push(condition);
        sql.bind(version, Type::INT8);
        sql
    };
    let mut since = entries("old_values", " AND action = 'UPDATE' AND version > ");
    since.push(" ORDER BY id");
    let mut before = entries("1", " AND version <= ");
    before.push(" LIMIT 1");
    let mut answers = tx
        .query_many(&[since.finish(), before.finish()])
        .await?
        .into_iter();
    // The earliest entry that names a field holds what the caller had read.
    let mut was = Audited::new();
    for row in answers.next().unwrap_or_default() {
        for (field, old) in audited(&row, 0)? {
            was.entry(field).or_insert(old);
        }
    }
    // Counts that triggers keep raise the version and leave no entry: nothing collides with them.
    let reaches_back = answers.next().is_some_and(|rows| !rows.is_empty());
    let mut conflicts = Vec::new();
    for field in changed_columns(draft) {
        if let Some(was) = was.get(field.name) {
            let theirs = draft
                .old
                .as_ref()
                .and_then(|old| old.get(position(entity, field.name)?));
            conflicts.push(FieldConflict {
                field: field.name.to_owned(),
                mine: shown(field, draft.after(field.name)),
                theirs: theirs.map_or(Json::Null, |theirs| shown(field, theirs)),
                was: shown_audited(field, was),
            });
        }
    }
    // A version from the future, or a history that does not reach back: nothing can be merged safely.
    let unknown = version > current || !reaches_back;
    if conflicts.is_empty() && !unknown {
        return Ok(());
    }
    let selection = Selection::new(caller, engine.catalogue, entity, None, &[]);
    let statement =
        crate::read::select_by_ids(&selection, vec![draft.id()], crate::query::Deleted::With);
    let current = match records(&selection, &tx.query(&statement).await?)?.first() {
        Some(record) => serde_json::from_slice(&record.json).unwrap_or(Json::Null),
        None => Json::Null,
    };
    Err(EngineError::Stale { conflicts, current })
}

fn position(entity: &'static Entity, name: &str) -> Option<usize> {
    entity
        .all_fields()
        .iter()
        .position(|field| field.name == name)
}
