//! What the records are called that rows refer to: looked up for a piece at a time, and remembered.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_store::types::Type;
use kith_store::{Cursor, Row, StoreError};
use serde_json::Value as Json;
use uuid::Uuid;

use super::columns::{Layout, Shape};
use crate::caller::Caller;
use crate::mask::{Mask, masked};
use crate::read::RawJson;
use crate::sql::Sql;

/// Names of one entity that are remembered; beyond, all are forgotten and learnt anew.
const REMEMBERED: usize = 20_000;

/// The names known so far, by the place of their entity in the layout.
pub(super) struct Names {
    known: Vec<Known>,
}

struct Known {
    entity: &'static Entity,
    /// What names a record, the first that is not blank.
    fields: Vec<&'static Field>,
    mask: Mask,
    names: HashMap<Uuid, Option<Arc<str>>>,
}

impl Names {
    pub(super) fn new(caller: &Caller, layout: &Layout) -> Names {
        let known = layout.named.iter().map(|entity| {
            let mut fields: Vec<&'static Field> = entity.title_field().into_iter().collect();
            for name in entity.natural_keys {
                if *name != entity.title {
                    fields.extend(entity.field(name));
                }
            }
            Known {
                entity,
                fields,
                mask: Mask::of(caller, entity.name),
                names: HashMap::new(),
            }
        });
        Names {
            known: known.collect(),
        }
    }

    /// The name of a record; none for what the caller may not see.
    pub(super) fn get(&self, place: usize, id: Uuid) -> Option<&str> {
        self.known.get(place)?.names.get(&id)?.as_deref()
    }

    /// Learns the names that these rows need, in one statement an entity.
    pub(super) async fn learn(
        &mut self,
        cursor: &Cursor,
        layout: &Layout,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let wanted = self.wanted(layout, rows)?;
        for (known, ids) in self.known.iter_mut().zip(wanted) {
            if ids.is_empty() {
                continue;
            }
            if known.names.len() + ids.len() > REMEMBERED {
                // The rows of this piece may need what was known: it is asked for again.
                known.names.clear();
                let again = every_id(layout, known.entity, rows)?;
                known.ask(cursor, again).await?;
            } else {
                known.ask(cursor, ids).await?;
            }
        }
        Ok(())
    }

    fn wanted(&self, layout: &Layout, rows: &[Row]) -> Result<Vec<HashSet<Uuid>>, StoreError> {
        let mut wanted: Vec<HashSet<Uuid>> = self.known.iter().map(|_| HashSet::new()).collect();
        each_reference(layout, rows, |place, id| {
            if self
                .known
                .get(place)
                .is_some_and(|known| !known.names.contains_key(&id))
                && let Some(ids) = wanted.get_mut(place)
            {
                ids.insert(id);
            }
        })?;
        Ok(wanted)
    }
}

fn every_id(
    layout: &Layout,
    entity: &'static Entity,
    rows: &[Row],
) -> Result<HashSet<Uuid>, StoreError> {
    let mut ids = HashSet::new();
    each_reference(layout, rows, |place, id| {
        if layout
            .named
            .get(place)
            .is_some_and(|named| named.name == entity.name)
        {
            ids.insert(id);
        }
    })?;
    Ok(ids)
}

/// Calls for every reference of every row.
fn each_reference(
    layout: &Layout,
    rows: &[Row],
    mut call: impl FnMut(usize, Uuid),
) -> Result<(), StoreError> {
    let broken = |error: tokio_postgres::Error| StoreError::internal(error.to_string());
    for group in &layout.groups {
        match &group.shape {
            Shape::Reference(place) => {
                for row in rows {
                    if let Some(id) = row
                        .try_get::<_, Option<Uuid>>(group.index)
                        .map_err(broken)?
                    {
                        call(*place, id);
                    }
                }
            }
            Shape::Custom(fields) if fields.iter().any(|own| own.reference.is_some()) => {
                for row in rows {
                    let raw: Option<RawJson<'_>> = row.try_get(group.index).map_err(broken)?;
                    let Some(Json::Object(values)) =
                        raw.and_then(|raw| serde_json::from_slice(raw.bytes()).ok())
                    else {
                        continue;
                    };
                    for own in fields {
                        let id = values
                            .get(&own.field.key)
                            .and_then(Json::as_str)
                            .and_then(|text| Uuid::try_parse(text).ok());
                        if let Some((place, id)) = own.reference.zip(id) {
                            call(place, id);
                        }
                    }
                }
            }
            Shape::Any { kind, places } => {
                for row in rows {
                    let id: Option<Uuid> = row.try_get(group.index).map_err(broken)?;
                    let entity: Option<&str> = row.try_get(*kind).map_err(broken)?;
                    if let (Some(id), Some(place)) = (id, place_of(places, entity)) {
                        call(place, id);
                    }
                }
            }
            Shape::Plain | Shape::Address | Shape::Custom(_) => {}
        }
    }
    Ok(())
}

/// The place of an entity among the names.
pub(super) fn place_of(places: &[(&str, usize)], entity: Option<&str>) -> Option<usize> {
    let entity = entity?;
    places
        .iter()
        .find(|(name, _)| *name == entity)
        .map(|(_, place)| *place)
}

impl Known {
    async fn ask(&mut self, cursor: &Cursor, ids: HashSet<Uuid>) -> Result<(), StoreError> {
        let mut sql = Sql::new();
        sql.push("SELECT t.id");
        for field in &self.fields {
            sql.push(", t.").push(field.name).push("::text");
        }
        sql.push(" FROM ")
            .push(self.entity.table)
            .push(" t WHERE t.id = ANY (");
        sql.bind(ids.iter().copied().collect::<Vec<_>>(), Type::UUID_ARRAY);
        sql.push(")");
        // What is not answered may not be seen, and is not asked for again.
        self.names.extend(ids.into_iter().map(|id| (id, None)));
        for row in cursor.query(&sql.finish()).await? {
            let broken = |error: tokio_postgres::Error| StoreError::internal(error.to_string());
            let id: Uuid = row.try_get(0).map_err(broken)?;
            let mut name = None;
            for (index, field) in self.fields.iter().enumerate() {
                let text: Option<&str> = row.try_get(index + 1).map_err(broken)?;
                if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
                    name = Some(self.shown(field, text));
                    break;
                }
            }
            self.names.insert(id, name);
        }
        Ok(())
    }

    fn shown(&self, field: &'static Field, text: &str) -> Arc<str> {
        if self.mask.hides(field) && matches!(field.kind, Kind::Email | Kind::Phone) {
            return masked(field.kind, text).into();
        }
        text.into()
    }
}
