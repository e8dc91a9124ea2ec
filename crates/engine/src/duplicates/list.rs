//! The list: groups of records that may be one.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kith_catalogue::entity::Entity;
use kith_catalogue::identity::Likeness;
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::likeness::{Comparison, Keys, compare};
use super::{Compared, compared};
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::page::uncounted_page;
use crate::query::Deleted;
use crate::read::{Selection, records, select_by_ids};
use crate::sql::{Sql, scope_predicate};

/// Index entries that one page looks at.
const STRETCH: usize = 10_000;
/// A value that more records share tells nothing about any of them.
const COMMON: usize = 20;

/// What a page of the list is asked for.
#[derive(Clone, Debug)]
pub struct DuplicatesQuery {
    /// Groups on the page at most.
    pub limit: u32,
    pub cursor: Option<String>,
    /// Pairs that are less sure, from 0 to 100, are left out.
    pub min_score: u8,
}

/// Where a page goes on: the likeness that is being walked, and from which of its keys.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Place {
    step: usize,
    key: String,
    /// The key itself has been seen.
    past: bool,
}

/// Neighbours in the walk that are alike, from the first key to the last.
struct Group {
    first: String,
    last: String,
    ids: Vec<Uuid>,
}

/// A page of groups, as the body of the response.
///
/// # Errors
/// [`EngineError::BadQuery`] for a cursor that this list did not give out.
pub async fn duplicates(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    query: &DuplicatesQuery,
) -> Result<Json, EngineError> {
    let fields = compared(caller, entity)?;
    let steps = steps(&fields);
    let mut place = match query.cursor.as_deref() {
        None => Place::default(),
        Some(text) => read_place(text)
            .filter(|place| place.step < steps.len())
            .ok_or_else(|| {
                EngineError::bad_cursor(
                    "is not one that this list gave out; start again without it",
                )
            })?,
    };
    let mut shown: Vec<Json> = Vec::new();
    let mut looked = 0;
    while let Some(likeness) = steps.get(place.step) {
        let columns: Vec<&'static str> = columns_of(&fields, *likeness);
        let statement = walk(engine, caller, entity, *likeness, &columns, &place);
        let rows = engine
            .database
            .read(&caller.principal, &[statement])
            .await?
            .pop()
            .unwrap_or_default();
        let stretch = Stretch::read(&rows)?;
        looked += stretch.looked;
        let full = stretch.looked >= STRETCH;
        let (mut groups, mut next) = stretch.groups(full, &place);
        let room = (query.limit as usize).saturating_sub(shown.len());
        if groups.len() > room {
            next = groups.get(room).map(|group| Place {
                step: place.step,
                key: group.first.clone(),
                past: false,
            });
            groups.truncate(room);
        }
        let earlier = steps.get(..place.step).unwrap_or_default();
        shown.extend(describe(engine, caller, entity, &fields, earlier, &groups, query).await?);
        place = next.unwrap_or(Place {
            step: place.step + 1,
            ..Place::default()
        });
        if shown.len() >= query.limit as usize || looked >= STRETCH {
            break;
        }
    }
    let next = (place.step < steps.len()).then(|| write_place(&place));
    Ok(uncounted_page(shown, query.limit, next))
}

/// The kinds of likeness that are walked, the surest first.
fn steps(fields: &[Compared]) -> Vec<Likeness> {
    let mut sorted: Vec<&Compared> = fields
        .iter()
        .filter(|(_, identity)| identity.likeness != Likeness::Context)
        .collect();
    sorted
        .sort_by_key(|(_, identity)| (identity.likeness == Likeness::Name, 255 - identity.weight));
    let mut steps = Vec::new();
    for (_, identity) in sorted {
        if !steps.contains(&identity.likeness) {
            steps.push(identity.likeness);
        }
    }
    steps
}

fn columns_of(fields: &[Compared], likeness: Likeness) -> Vec<&'static str> {
    fields
        .iter()
        .filter(|(_, identity)| identity.likeness == likeness)
        .map(|(_, identity)| identity.column)
        .collect()
}

/// A stretch of the columns' indexes in order: pairs of neighbours that are alike, and a last row with how far
/// it went.
fn walk(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    likeness: Likeness,
    columns: &[&'static str],
    place: &Place,
) -> Statement {
    let mut sql = Sql::new();
    sql.push("WITH stretch AS MATERIALIZED (SELECT k, id FROM (");
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            sql.push(" UNION ALL ");
        }
        sql.push(&format!(
            "(SELECT t.{column}::text COLLATE \"C\" AS k, t.id FROM {} t WHERE t.deleted_at IS NULL AND t.{column} {} ",
            entity.table,
            if place.past { ">" } else { ">=" }
        ));
        sql.bind(place.key.clone(), Type::TEXT);
        scope_predicate(&mut sql, engine.catalogue, entity, &caller.grants, "t");
        sql.push(&format!(" ORDER BY t.{column}, t.id LIMIT {STRETCH})"));
    }
    sql.push(&format!(
        ") parts ORDER BY k, id LIMIT {STRETCH}), neighbours AS (SELECT k, id, lead(k) OVER w AS next_k, lead(id) OVER w AS next_id FROM stretch \
         WINDOW w AS (ORDER BY k, id)) SELECT k, id, next_k, next_id, NULL::bigint FROM neighbours WHERE (k = next_k{}) AND id <> next_id \
         UNION ALL SELECT max(k), NULL, NULL, NULL, count(*) FROM stretch ORDER BY 5 NULLS FIRST, 1, 2",
        if likeness == Likeness::Name {
            " OR similarity(k, next_k) >= 0.6"
        } else {
            ""
        }
    ));
    sql.finish()
}

/// What a walk found.
struct Stretch {
    edges: Vec<(String, Uuid, String, Uuid)>,
    looked: usize,
    end: Option<String>,
}

impl Stretch {
    fn read(rows: &[Row]) -> Result<Stretch, StoreError> {
        let mut stretch = Stretch {
            edges: Vec::with_capacity(rows.len()),
            looked: 0,
            end: None,
        };
        for row in rows {
            if let Some(count) = row.try_get::<_, Option<i64>>(4)? {
                stretch.looked = usize::try_from(count).unwrap_or(usize::MAX);
                stretch.end = row.try_get(0)?;
            } else {
                stretch.edges.push((
                    row.try_get(0)?,
                    row.try_get(1)?,
                    row.try_get(2)?,
                    row.try_get(3)?,
                ));
            }
        }
        Ok(stretch)
    }

    /// The groups, and where the walk goes on within this likeness. The last group of a stretch that was cut off
    /// may be incomplete: the next page begins with it.
    fn groups(self, full: bool, from: &Place) -> (Vec<Group>, Option<Place>) {
        let mut groups: Vec<Group> = Vec::new();
        for (key, id, next_key, next_id) in self.edges {
            match groups.last_mut() {
                Some(group) if group.ids.last() == Some(&id) && group.last == key => {
                    group.last = next_key;
                    group.ids.push(next_id);
                }
                _ => groups.push(Group {
                    first: key,
                    last: next_key,
                    ids: vec![id, next_id],
                }),
            }
        }
        let mut next = None;
        if full && let Some(end) = self.end {
            let cut = groups.last().is_some_and(|group| group.last == end);
            let begins = groups.last().map(|group| group.first.clone());
            next = Some(match (cut, begins) {
                (true, Some(first)) if first != from.key || from.past => {
                    groups.pop();
                    Place {
                        step: from.step,
                        key: first,
                        past: false,
                    }
                }
                _ => Place {
                    step: from.step,
                    key: end,
                    past: true,
                },
            });
        }
        groups.retain(|group| group.ids.len() <= COMMON);
        (groups, next)
    }
}

/// The groups with their records, without the pairs that a surer likeness showed already, that are too unsure, or
/// that were said to be two.
async fn describe(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    fields: &[Compared],
    earlier: &[Likeness],
    groups: &[Group],
    query: &DuplicatesQuery,
) -> Result<Vec<Json>, EngineError> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = groups
        .iter()
        .flat_map(|group| group.ids.iter().copied())
        .collect::<HashSet<_>>()
        .into_iter()
        .collect();
    let selection = Selection::new(caller, engine.catalogue, entity, None, &[]);
    let statements = [
        select_by_ids(&selection, ids.clone(), Deleted::No),
        keys_of(entity, fields, ids.clone()),
        said_to_be_two(ids),
    ];
    let answers = engine.database.read(&caller.principal, &statements).await?;
    let mut answers = answers.into_iter();
    let records: HashMap<Uuid, Vec<u8>> = records(&selection, &answers.next().unwrap_or_default())?
        .into_iter()
        .map(|record| (record.id, record.json))
        .collect();
    let keys = read_keys(&answers.next().unwrap_or_default(), fields.len())?;
    let mut two: HashSet<(Uuid, Uuid)> = HashSet::new();
    for row in answers.next().unwrap_or_default() {
        two.insert((
            row.try_get(0).map_err(StoreError::from)?,
            row.try_get(1).map_err(StoreError::from)?,
        ));
    }
    let mut shown = Vec::new();
    for group in groups {
        let mut pairs: Vec<(Uuid, Uuid, Comparison)> = Vec::new();
        for (index, first) in group.ids.iter().enumerate() {
            for second in group.ids.iter().skip(index + 1) {
                let pair = (*first.min(second), *first.max(second));
                let (Some(left), Some(right)) = (keys.get(first), keys.get(second)) else {
                    continue;
                };
                let comparison = compare(fields, left, right);
                if first != second
                    && comparison.score >= query.min_score
                    && !comparison.has(earlier)
                    && !two.contains(&pair)
                {
                    pairs.push((pair.0, pair.1, comparison));
                }
            }
        }
        if let Some(group) = group_json(&pairs, &records) {
            shown.push(group);
        }
    }
    Ok(shown)
}

fn group_json(
    pairs: &[(Uuid, Uuid, Comparison)],
    records: &HashMap<Uuid, Vec<u8>>,
) -> Option<Json> {
    let best = pairs
        .iter()
        .max_by_key(|(_, _, comparison)| comparison.score)?;
    let mut ids: Vec<Uuid> = pairs
        .iter()
        .flat_map(|(first, second, _)| [*first, *second])
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let records: Vec<Box<RawValue>> = ids
        .iter()
        .filter_map(|id| serde_json::from_slice(records.get(id)?).ok())
        .collect();
    let pairs: Vec<Json> = pairs
        .iter()
        .map(|(first, second, comparison)| {
            json!({"ids": [first, second], "score": comparison.score, "reasons": comparison.reasons_json()})
        })
        .collect();
    Some(
        json!({"score": best.2.score, "reasons": best.2.reasons_json(), "records": records, "pairs": pairs}),
    )
}

/// The compared columns of some records.
pub(super) fn keys_of(entity: &'static Entity, fields: &[Compared], ids: Vec<Uuid>) -> Statement {
    let mut sql = Sql::new();
    sql.push("SELECT t.id");
    for (_, identity) in fields {
        sql.push(&format!(", t.{}::text", identity.column));
    }
    sql.push(&format!(
        " FROM {} t WHERE t.deleted_at IS NULL AND t.id = ANY (",
        entity.table
    ));
    sql.bind(ids, Type::UUID_ARRAY);
    sql.push(")");
    sql.finish()
}

pub(super) fn read_keys(rows: &[Row], count: usize) -> Result<HashMap<Uuid, Keys>, StoreError> {
    rows.iter()
        .map(|row| {
            let keys = (0..count)
                .map(|index| row.try_get(index + 1))
                .collect::<Result<_, _>>()?;
            Ok((row.try_get(0)?, Keys(keys)))
        })
        .collect()
}

/// The pairs among these that were said to be two.
fn said_to_be_two(ids: Vec<Uuid>) -> Statement {
    Statement::new(
        "SELECT first_id, second_id FROM distinct_records WHERE organization_id = current_organization_id() AND first_id = ANY ($1) AND second_id = ANY ($1)",
    )
    .with(ids, Type::UUID_ARRAY)
}

fn read_place(text: &str) -> Option<Place> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn write_place(place: &Place) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}
