//! The names of an entity's records, in memory: read once a run, in one scan, instead of one query a
//! row. Keys are kept as 128-bit hashes, so a million names take some tens of megabytes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use futures_util::{StreamExt, pin_mut};
use kith_catalogue::entity::Entity;
use kith_catalogue::field::{AnyField, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::kinds::{ParseContext, parse_text};
use kith_store::Tx;
use kith_tabular::keys::{loose_key, normalise_key};
use uuid::Uuid;

use super::errors::broken;
use crate::error::EngineError;
use crate::sql::Sql;

/// Records whose every natural key is kept; of larger tables only names, addresses and what is asked for.
const ALL_KEYS: usize = 300_000;
/// Records that can be kept at all.
const LIMIT: usize = 3_000_000;

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    One(Uuid),
    Several,
}

/// The names of one entity's records that the caller may see.
pub(super) struct NameIndex {
    entity: &'static Entity,
    /// In the order in which they are asked.
    keys: Vec<Key>,
    scope: Option<&'static Field>,
    strict: HashMap<u128, Found>,
    loose: HashMap<u128, Found>,
}

struct Key {
    field: &'static Field,
    /// Names are compared without regard to punctuation and case; other keys as they are.
    is_name: bool,
    /// Large tables keep their most telling keys only.
    kept: bool,
}

impl NameIndex {
    /// Reads the keys of all records: the natural ones, and `also`.
    pub(super) async fn load(
        tx: &Tx,
        entity: &'static Entity,
        scope: Option<&'static Field>,
        also: Option<&'static Field>,
    ) -> Result<Self, EngineError> {
        let mut fields: Vec<&'static Field> = entity
            .natural_keys
            .iter()
            .filter_map(|name| entity.field(name))
            .collect();
        fields.extend(entity.title_field());
        fields.extend(also);
        let mut keys: Vec<Key> = Vec::new();
        for field in fields {
            if !keys.iter().any(|key| key.field.name == field.name) {
                keys.push(Key {
                    field,
                    is_name: field.name == entity.title,
                    kept: true,
                });
            }
        }
        let mut index = Self {
            entity,
            keys,
            scope,
            strict: HashMap::new(),
            loose: HashMap::new(),
        };
        index.read(tx, also).await?;
        Ok(index)
    }

    async fn read(&mut self, tx: &Tx, also: Option<&'static Field>) -> Result<(), EngineError> {
        let mut sql = Sql::new();
        sql.push("SELECT t.id, ");
        match self.scope {
            Some(scope) => sql.push("t.").push(scope.name),
            None => sql.push("NULL::uuid"),
        };
        for key in &self.keys {
            sql.push(", t.").push(key.field.name).push("::text");
        }
        sql.push(" FROM ")
            .push(self.entity.table)
            .push(" t WHERE t.organization_id = current_organization_id()");
        if self.entity.soft_delete {
            sql.push(" AND t.deleted_at IS NULL");
        }
        let rows = tx.query_stream(&sql.finish()).await?;
        pin_mut!(rows);
        let mut count = 0;
        while let Some(row) = rows.next().await {
            let row = row?;
            count += 1;
            if count == ALL_KEYS {
                for key in &mut self.keys {
                    key.kept = key.is_name
                        || key.field.kind == Kind::Email
                        || also.is_some_and(|also| also.name == key.field.name);
                }
            }
            if count > LIMIT {
                return Err(EngineError::Conflict {
                    field: None,
                    message: format!(
                        "there are more than {LIMIT} {} to compare names with; refer to them by id",
                        self.entity.path
                    ),
                });
            }
            let read = |position: usize| row.try_get::<_, Option<&str>>(position);
            let id: Uuid = row.try_get(0).map_err(broken)?;
            let scope: Option<Uuid> = row.try_get(1).map_err(broken)?;
            for position in 0..self.keys.len() {
                if let Some(text) = read(position + 2).map_err(broken)? {
                    self.add_key(position, scope, text, id);
                }
            }
        }
        Ok(())
    }

    fn add_key(&mut self, position: usize, scope: Option<Uuid>, stored: &str, id: Uuid) {
        let Some(key) = self.keys.get(position).filter(|key| key.kept) else {
            return;
        };
        if key.is_name {
            insert(
                &mut self.strict,
                hash(position, scope, &normalise_key(stored)),
                id,
            );
            insert(
                &mut self.loose,
                hash(position, scope, &loose_key(stored)),
                id,
            );
        } else {
            insert(
                &mut self.strict,
                hash(position, scope, &stored.to_lowercase()),
                id,
            );
        }
    }

    /// Makes a new record known by the stored text of one of its fields.
    pub(super) fn add(&mut self, field: &str, scope: Option<Uuid>, stored: &str, id: Uuid) {
        if let Some(position) = self.keys.iter().position(|key| key.field.name == field) {
            self.add_key(position, scope, stored, id);
        }
    }

    /// The same by what a file says, which may be written otherwise than it is stored.
    pub(super) fn add_given(
        &mut self,
        field: &str,
        scope: Option<Uuid>,
        given: &str,
        context: &ParseContext,
        id: Uuid,
    ) {
        let Some(position) = self.keys.iter().position(|key| key.field.name == field) else {
            return;
        };
        let stored = match self.keys.get(position) {
            Some(key) if key.kept && !key.is_name => {
                match comparable(key.field, false, given, context) {
                    Some(stored) => stored,
                    None => return,
                }
            }
            _ => given.to_owned(),
        };
        self.add_key(position, scope, &stored, id);
    }

    /// Finds a record by any of its keys: each as it is, in order, then the name loosely.
    pub(super) fn find(&self, scope: Option<Uuid>, text: &str, context: &ParseContext) -> Found {
        for position in 0..self.keys.len() {
            let found = self.find_key(position, scope, text, context);
            if found != Found::Nothing {
                return found;
            }
        }
        self.keys
            .iter()
            .position(|key| key.is_name)
            .and_then(|position| {
                self.loose
                    .get(&hash(position, scope, &loose_key(text)))
                    .copied()
            })
            // Several records that are spelt alike are no answer; the strict key would have told them apart.
            .filter(|found| *found != Found::Several)
            .unwrap_or(Found::Nothing)
    }

    /// Finds a record by one field alone, as it is.
    pub(super) fn find_by(
        &self,
        field: &str,
        scope: Option<Uuid>,
        text: &str,
        context: &ParseContext,
    ) -> Found {
        match self.keys.iter().position(|key| key.field.name == field) {
            Some(position) => self.find_key(position, scope, text, context),
            None => Found::Nothing,
        }
    }

    fn find_key(
        &self,
        position: usize,
        scope: Option<Uuid>,
        text: &str,
        context: &ParseContext,
    ) -> Found {
        let Some(key) = self.keys.get(position).filter(|key| key.kept) else {
            return Found::Nothing;
        };
        let wanted = match comparable(key.field, key.is_name, text, context) {
            Some(wanted) => hash(position, scope, &wanted),
            None => return Found::Nothing,
        };
        self.strict.get(&wanted).copied().unwrap_or(Found::Nothing)
    }

    /// Whether this index knows a field.
    pub(super) fn has(&self, field: &str) -> bool {
        self.keys
            .iter()
            .any(|key| key.field.name == field && key.kept)
    }
}

/// The form in which a text is compared with a field; `None` when the field cannot hold it.
pub(super) fn comparable(
    field: &'static Field,
    is_name: bool,
    text: &str,
    context: &ParseContext,
) -> Option<String> {
    if is_name {
        return Some(normalise_key(text));
    }
    // A glance spares parsing what cannot be one.
    if (field.kind == Kind::Email && !text.contains('@'))
        || (field.kind == Kind::Url && !text.contains('.'))
    {
        return None;
    }
    let value = parse_text(&AnyField::Column(field), text, context).ok()?;
    value.to_database_text().map(|text| text.to_lowercase())
}

/// The keys of a name that stands in the file, to know whether it comes later.
pub(super) fn name_hashes(name: &str) -> [u128; 2] {
    [
        hash(0, None, &normalise_key(name)),
        hash(1, None, &loose_key(name)),
    ]
}

fn insert(map: &mut HashMap<u128, Found>, key: u128, id: Uuid) {
    map.entry(key)
        .and_modify(|found| {
            if *found != Found::One(id) {
                *found = Found::Several;
            }
        })
        .or_insert(Found::One(id));
}

fn hash(position: usize, scope: Option<Uuid>, key: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, position, scope, key).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(0) << 64) | half(1)
}
