//! Names become ids: all names of a batch at once, from an index that is read once a run.

use std::collections::{BTreeMap, HashMap, HashSet};

use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::kinds::ParseContext;
use kith_store::Tx;
use kith_store::types::Type;
use kith_tabular::keys::normalise_key;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::dialect::Dialect;
use super::index::{Found, NameIndex, name_hashes};
use super::job::Job;
use super::options::MissingReferences;
use super::plan::{Column, Plan, scope_of};
use super::rows::{DraftRow, PendingName, split_name};
use super::targets::{Target, referenced};
use super::write::{NewRecord, Outcome, Stop, Work, write};
use crate::error::EngineError;
use crate::sql::Sql;

/// What is known of names so far.
pub(super) struct Names<'a> {
    job: &'a Job,
    plan: &'a Plan,
    context: ParseContext,
    indexes: HashMap<&'static str, NameIndex>,
    /// The record that names are looked up within when a row does not say: the default pipeline.
    defaults: HashMap<&'static str, Option<Uuid>>,
    /// The names of the records in the file itself.
    in_file: HashSet<u128>,
    /// Records made because rows referred to them, since they were last asked for.
    made: BTreeMap<&'static str, u64>,
}

/// A name that no record has.
struct Missing {
    row: usize,
    text: String,
    scope: Option<Uuid>,
}

impl<'a> Names<'a> {
    pub(super) fn new(job: &'a Job, plan: &'a Plan, in_file: HashSet<u128>) -> Self {
        Self {
            job,
            plan,
            context: job.caller().parse_context(),
            indexes: HashMap::new(),
            defaults: HashMap::new(),
            in_file,
            made: BTreeMap::new(),
        }
    }

    /// Forgets everything, after a transaction that had made records was undone.
    pub(super) fn forget(&mut self) {
        self.indexes.clear();
        self.defaults.clear();
        self.made.clear();
    }

    /// The records that were made because rows referred to them, by entity.
    pub(super) fn take_made(&mut self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut self.made)
    }

    /// The index of an entity that knows `field` too.
    pub(super) async fn index(
        &mut self,
        tx: &Tx,
        entity: &'static Entity,
        field: Option<&'static Field>,
    ) -> Result<&NameIndex, EngineError> {
        let known = self
            .indexes
            .get(entity.name)
            .is_some_and(|index| field.is_none_or(|field| index.has(field.name)));
        if !known {
            let index =
                NameIndex::load(tx, entity, scope_of(self.plan.entity, entity), field).await?;
            self.indexes.insert(entity.name, index);
        }
        self.indexes.get(entity.name).ok_or(EngineError::NotFound)
    }

    /// Makes a new record known by the texts of its body.
    pub(super) fn learn(&mut self, entity: &'static Entity, body: &Map<String, Json>, id: Uuid) {
        let scope = scope_of(self.plan.entity, entity).and_then(|field| id_in(body, field.name));
        let context = &self.context;
        let Some(index) = self.indexes.get_mut(entity.name) else {
            return;
        };
        for (name, value) in body {
            if let Json::String(text) = value {
                index.add_given(name, scope, text, context, id);
            }
        }
        if let Some(title) = entity
            .title_field()
            .filter(|title| !body.contains_key(title.name))
        {
            let part = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default();
            let full = format!("{} {}", part("first_name"), part("last_name"));
            if !full.trim().is_empty() {
                index.add(title.name, scope, full.trim(), id);
            }
        }
    }

    /// Puts the ids of all names of a batch into its bodies.
    pub(super) async fn resolve(&mut self, tx: &Tx, rows: &mut [DraftRow]) -> Result<(), Stop> {
        for (position, column) in self.plan.columns.iter().enumerate() {
            let Some(entity) = self.referenced(column) else {
                continue;
            };
            if rows.iter().any(|row| {
                row.faults.is_empty() && row.names.iter().any(|name| name.column == position)
            }) {
                self.resolve_column(tx, position, column, entity, rows)
                    .await?;
            }
        }
        Ok(())
    }

    fn referenced(&self, column: &Column) -> Option<&'static Entity> {
        let field = column.target.field(self.job.caller(), self.plan.entity)?;
        self.job.engine().catalogue.by_name(referenced(&field)?)
    }

    async fn resolve_column(
        &mut self,
        tx: &Tx,
        position: usize,
        column: &Column,
        entity: &'static Entity,
        rows: &mut [DraftRow],
    ) -> Result<(), Stop> {
        let scope_field = scope_of(self.plan.entity, entity);
        let scope_default = match scope_field {
            Some(field) => self.scope_default(tx, field).await?,
            None => None,
        };
        let itself = entity.name == self.plan.entity.name && column.child.is_none();
        let known = existing_ids(tx, entity, position, itself, rows).await?;
        self.index(tx, entity, None).await?;
        let Some(index) = self.indexes.get(entity.name) else {
            return Ok(());
        };
        let mut missing: Vec<Missing> = Vec::new();
        for (number, row) in rows.iter_mut().enumerate() {
            let Some(mut name) = row
                .names
                .iter()
                .find(|name| name.column == position)
                .cloned()
            else {
                continue;
            };
            if let Ok(id) = Uuid::try_parse(&name.text) {
                let later = itself
                    && name_hashes(&name.text)
                        .iter()
                        .any(|hash| self.in_file.contains(hash));
                match name.otherwise.take() {
                    _ if known.contains(&id) => {}
                    _ if later => {
                        row.later.push(name);
                        continue;
                    }
                    Some(called) => name.text = called,
                    // The check says that there is no such record.
                    None => {}
                }
                if Uuid::try_parse(&name.text).is_ok() {
                    row.put(column, Json::String(id.to_string()));
                    continue;
                }
            }
            let given = scope_field.and_then(|field| {
                id_in(&row.body.given, field.name).or_else(|| id_in(&row.body.fallback, field.name))
            });
            let scope = given.or(scope_default);
            let mut found = index.find(scope, &name.text, &self.context);
            if found == Found::Nothing
                && let Dialect::Of(product) = self.plan.dialect
                && let Some(called) = product.other_name(&name.text)
            {
                found = index.find(scope, called, &self.context);
            }
            match found {
                Found::One(id) => row.put(column, Json::String(id.to_string())),
                Found::Several => {
                    let message = format!(
                        "there are several {} called \"{}\"; write the id of the one that is meant",
                        entity.label_plural.to_lowercase(),
                        shown(&name.text)
                    );
                    row.blame_column(column, message);
                }
                Found::Nothing
                    if itself
                        && name_hashes(&name.text)
                            .iter()
                            .any(|hash| self.in_file.contains(hash)) =>
                {
                    row.later.push(name);
                }
                Found::Nothing => missing.push(Missing {
                    row: number,
                    text: name.text,
                    scope,
                }),
            }
        }
        self.settle_missing(tx, column, entity, rows, missing).await
    }

    async fn settle_missing(
        &mut self,
        tx: &Tx,
        column: &Column,
        entity: &'static Entity,
        rows: &mut [DraftRow],
        missing: Vec<Missing>,
    ) -> Result<(), Stop> {
        match self.plan.options.missing_references {
            MissingReferences::Empty => Ok(()),
            MissingReferences::Error => {
                for one in missing {
                    if let Some(row) = rows.get_mut(one.row) {
                        row.blame_column(column, nothing_called(entity, &one.text));
                    }
                }
                Ok(())
            }
            MissingReferences::Create => {
                self.create_missing(tx, column, entity, rows, missing).await
            }
        }
    }

    /// One record for each distinct name, by the ordinary path with the caller's own rights.
    async fn create_missing(
        &mut self,
        tx: &Tx,
        column: &Column,
        entity: &'static Entity,
        rows: &mut [DraftRow],
        missing: Vec<Missing>,
    ) -> Result<(), Stop> {
        let mut positions: HashMap<(Option<Uuid>, String), usize> = HashMap::new();
        let mut bodies: Vec<Map<String, Json>> = Vec::new();
        let mut wanted: Vec<(Missing, usize)> = Vec::new();
        // A row that fails anyway makes nothing.
        for one in missing
            .into_iter()
            .filter(|one| rows.get(one.row).is_some_and(|row| row.faults.is_empty()))
        {
            let position = *positions
                .entry((one.scope, normalise_key(&one.text)))
                .or_insert_with(|| {
                    bodies.push(self.minimal_body(entity, &one));
                    bodies.len() - 1
                });
            wanted.push((one, position));
        }
        let records: Vec<NewRecord> = bodies
            .iter()
            .map(|body| NewRecord {
                id: None,
                body: Json::Object(body.clone()),
                children: Vec::new(),
            })
            .collect();
        let outcomes = write(self.job, tx, entity, &[], Work::Create(&records)).await?;
        for (body, outcome) in bodies.iter().zip(&outcomes) {
            if let Outcome::Written(id) = outcome {
                self.learn(entity, body, *id);
                *self.made.entry(entity.name).or_default() += 1;
            }
        }
        for (one, position) in wanted {
            let Some(row) = rows.get_mut(one.row) else {
                continue;
            };
            match outcomes.get(position) {
                Some(Outcome::Written(id)) => row.put(column, Json::String(id.to_string())),
                Some(Outcome::Refused(faults)) => {
                    let reasons: Vec<&str> =
                        faults.iter().map(|fault| fault.message.as_str()).collect();
                    let label = entity.label.to_lowercase();
                    row.blame_column(
                        column,
                        format!(
                            "the {label} \"{}\" does not exist and cannot be created: {}",
                            shown(&one.text),
                            reasons.join("; ")
                        ),
                    );
                }
                None => {}
            }
        }
        Ok(())
    }

    /// A record with nothing but its name.
    fn minimal_body(&self, entity: &'static Entity, missing: &Missing) -> Map<String, Json> {
        let mut body = Map::new();
        let text = missing.text.trim();
        let writable = |name: &str| entity.field(name).is_some_and(Field::writable_on_create);
        if writable(entity.title) {
            body.insert(entity.title.to_owned(), Json::String(text.to_owned()));
        } else if text.contains('@') && writable("email") {
            body.insert("email".to_owned(), Json::String(text.to_owned()));
        } else {
            let (first, last) = split_name(text);
            for (name, part) in [("first_name", first), ("last_name", last)] {
                if !part.is_empty() && writable(name) {
                    body.insert(name.to_owned(), Json::String(part));
                }
            }
        }
        if let (Some(field), Some(scope)) = (scope_of(self.plan.entity, entity), missing.scope) {
            body.insert(field.name.to_owned(), Json::String(scope.to_string()));
        }
        body
    }

    /// The record that is marked as the default among those that a scope refers to.
    async fn scope_default(
        &mut self,
        tx: &Tx,
        field: &'static Field,
    ) -> Result<Option<Uuid>, EngineError> {
        if let Some(known) = self.defaults.get(field.name) {
            return Ok(*known);
        }
        let entity = field
            .reference
            .and_then(|name| self.job.engine().catalogue.by_name(name));
        let mut found = None;
        if let Some(entity) = entity.filter(|entity| entity.field("is_default").is_some()) {
            let mut sql = Sql::new();
            sql.push("SELECT t.id FROM ")
                .push(entity.table)
                .push(" t WHERE t.organization_id = current_organization_id() AND t.is_default");
            if entity.field("entity").is_some() {
                sql.push(" AND t.entity = ");
                sql.bind(self.plan.entity.name, Type::TEXT);
            }
            found = tx
                .query(&sql.finish())
                .await?
                .first()
                .and_then(|row| row.try_get(0).ok());
        }
        self.defaults.insert(field.name, found);
        Ok(found)
    }

    /// Finds a record of the imported entity by name, once the whole file is in.
    pub(super) async fn find_itself(&mut self, tx: &Tx, text: &str) -> Result<Found, EngineError> {
        if let Ok(id) = Uuid::try_parse(text) {
            return Ok(Found::One(id));
        }
        let context = self.context.clone();
        Ok(self
            .index(tx, self.plan.entity, None)
            .await?
            .find(None, text, &context))
    }

    pub(super) fn context(&self) -> &ParseContext {
        &self.context
    }
}

/// Which of the ids in a column are those of records, where not every one has to be.
async fn existing_ids(
    tx: &Tx,
    entity: &'static Entity,
    position: usize,
    itself: bool,
    rows: &[DraftRow],
) -> Result<HashSet<Uuid>, EngineError> {
    let ids: HashSet<Uuid> = rows
        .iter()
        .flat_map(|row| &row.names)
        .filter(|name| name.column == position && (itself || name.otherwise.is_some()))
        .filter_map(|name| Uuid::try_parse(&name.text).ok())
        .collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    let mut sql = Sql::new();
    sql.push("SELECT t.id FROM ")
        .push(entity.table)
        .push(" t WHERE t.organization_id = current_organization_id() AND t.id = ANY (");
    sql.bind(ids.into_iter().collect::<Vec<_>>(), Type::UUID_ARRAY);
    sql.push(")");
    if entity.soft_delete {
        sql.push(" AND t.deleted_at IS NULL");
    }
    Ok(tx
        .query(&sql.finish())
        .await?
        .iter()
        .filter_map(|row| row.try_get(0).ok())
        .collect())
}

/// The column of a name that is still open, for errors about it.
pub(super) fn column_of<'p>(plan: &'p Plan, name: &PendingName) -> Option<&'p Column> {
    plan.columns.get(name.column)
}

/// The field of a reference to the imported entity itself.
pub(super) fn own_field(column: &Column) -> Option<String> {
    match &column.target {
        Target::Field(field) | Target::ReferenceName(field) => Some(field.name.to_owned()),
        Target::Custom(key) | Target::CustomName(key) => Some(format!("custom.{key}")),
        Target::Id | Target::AddressPart(..) | Target::PersonName | Target::Child { .. } => None,
    }
}

pub(super) fn nothing_called(entity: &'static Entity, text: &str) -> String {
    format!(
        "there is no {} called \"{}\"; correct the name, import {} first, or choose to create what is missing",
        entity.label.to_lowercase(),
        shown(text),
        entity.label_plural.to_lowercase()
    )
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn id_in(body: &Map<String, Json>, name: &str) -> Option<Uuid> {
    body.get(name)
        .and_then(Json::as_str)
        .and_then(|text| Uuid::try_parse(text).ok())
}
