//! References among the rows of one file: a record may name one that comes after it, so these are set
//! when the whole file is in.

use std::collections::BTreeMap;

use kith_store::Tx;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::index::Found;
use super::job::Job;
use super::plan::Plan;
use super::references::{Names, column_of, own_field};
use super::rows::{DraftRow, RowFault};
use super::tally::{Fate, Told};
use super::write::{Outcome, Stop, Work, write};
use crate::write::Update;

/// A record whose reference is still open, with its row.
pub(super) struct Later {
    pub id: Uuid,
    pub row: DraftRow,
}

/// What is wrong with one row.
pub(super) struct Wrong {
    pub told: Told,
    pub faults: Vec<RowFault>,
}

/// Sets the open references of some records. Answers what is wrong, one entry for each row concerned.
pub(super) async fn settle(
    job: &Job,
    tx: &Tx,
    plan: &Plan,
    names: &mut Names<'_>,
    open: &mut [Later],
) -> Result<Vec<Wrong>, Stop> {
    let mut bodies: BTreeMap<usize, Map<String, Json>> = BTreeMap::new();
    for (position, later) in open.iter_mut().enumerate() {
        for name in std::mem::take(&mut later.row.later) {
            let Some(column) = column_of(plan, &name) else {
                continue;
            };
            match (names.find_itself(tx, &name.text).await?, own_field(column)) {
                (Found::One(id), Some(field)) => put(bodies.entry(position).or_default(), &field, id),
                (Found::Several, _) => later.row.blame_column(column, "left empty: several records have this name; write the id of the one that is meant".to_owned()),
                (Found::Nothing, _) | (_, None) => later.row.blame_column(column, "left empty: the row with this name could not be imported".to_owned()),
            }
        }
    }
    let mut updates = Vec::with_capacity(bodies.len());
    let mut positions = Vec::with_capacity(bodies.len());
    for (position, body) in bodies {
        if let Some(later) = open.get(position) {
            updates.push(Update {
                id: later.id,
                body: Json::Object(body),
                version: None,
            });
            positions.push(position);
        }
    }
    let outcomes = write(job, tx, plan.entity, &[], Work::Update(&updates)).await?;
    for (position, outcome) in positions.into_iter().zip(outcomes) {
        if let (Outcome::Refused(faults), Some(later)) = (outcome, open.get_mut(position)) {
            later.row.blame_fields(plan, &faults);
        }
    }
    Ok(open
        .iter_mut()
        .map(|later| Wrong {
            told: Told::of(&later.row, Fate::Failed),
            faults: std::mem::take(&mut later.row.faults),
        })
        .filter(|wrong| !wrong.faults.is_empty())
        .collect())
}

fn put(body: &mut Map<String, Json>, field: &str, id: Uuid) {
    let value = Json::String(id.to_string());
    match field.split_once('.') {
        Some((_, key)) => {
            let object = body
                .entry("custom_fields")
                .or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(members) = object {
                members.insert(key.to_owned(), value);
            }
        }
        None => {
            body.insert(field.to_owned(), value);
        }
    }
}
