//! One batch of rows: their names resolved, their duplicates found, their records written.

use std::collections::BTreeMap;

use kith_store::Tx;
use serde_json::Value as Json;
use uuid::Uuid;

use super::job::{Counts, Job};
use super::later::Later;
use super::matching::{part_repeated, sort};
use super::plan::Plan;
use super::references::Names;
use super::rows::{DraftRow, RowFault};
use super::tally::{Fate, Told};
use super::write::{NewRecord, Outcome, Stop, Work, write};
use crate::write::Update;

/// What a batch did.
#[derive(Default)]
pub(super) struct Done {
    pub counts: Counts,
    /// What became of each row.
    pub told: Vec<Told>,
    pub faults: Vec<RowFault>,
    pub later: Vec<Later>,
    /// Records made because rows referred to them, by entity.
    pub made: BTreeMap<&'static str, u64>,
}

/// Resolves, compares and writes the rows of a batch.
pub(super) async fn process(
    job: &Job,
    plan: &Plan,
    tx: &Tx,
    names: &mut Names<'_>,
    mut rows: Vec<DraftRow>,
) -> Result<Done, Stop> {
    if job.is_cancelled() {
        return Err(Stop::Cancelled);
    }
    let mut done = Done::default();
    done.counts.processed = number(rows.len());
    names.resolve(tx, &mut rows).await?;
    let (mut open, bad): (Vec<DraftRow>, Vec<DraftRow>) =
        rows.into_iter().partition(|row| row.faults.is_empty());
    done.fail(bad);
    // The second row of a key is looked at when the first is a record, or has failed to become one.
    while !open.is_empty() {
        let (now, repeated) = part_repeated(plan, names.context(), open);
        let sorted = sort(tx, plan, names, now).await?;
        done.counts.skipped += number(sorted.skipped.len());
        done.tell(&sorted.skipped, Fate::Skipped);
        done.fail(sorted.failed);
        create(job, plan, tx, names, sorted.create, &mut done).await?;
        let (ids, rows): (Vec<_>, Vec<_>) = sorted.update.into_iter().unzip();
        let updates: Vec<Update> = ids
            .iter()
            .zip(&rows)
            .map(|(id, row)| Update {
                id: *id,
                body: Json::Object(row.body.given.clone()),
                version: None,
            })
            .collect();
        let outcomes = write(job, tx, plan.entity, &[], Work::Update(&updates)).await?;
        let changed = done.take(plan, rows, outcomes, Fate::Updated, |_, _| {});
        done.counts.updated += changed;
        open = repeated;
    }
    done.made = names.take_made();
    Ok(done)
}

async fn create(
    job: &Job,
    plan: &Plan,
    tx: &Tx,
    names: &mut Names<'_>,
    rows: Vec<DraftRow>,
    done: &mut Done,
) -> Result<(), Stop> {
    let records: Vec<NewRecord> = rows
        .iter()
        .map(|row| NewRecord {
            id: row.id,
            body: Json::Object(row.body.for_create()),
            // A child is brought along only when the row itself says something about it.
            children: row
                .children
                .iter()
                .enumerate()
                .filter(|(_, child)| !child.given.is_empty())
                .map(|(position, child)| (position, child.for_create()))
                .collect(),
        })
        .collect();
    let outcomes = write(job, tx, plan.entity, &plan.children, Work::Create(&records)).await?;
    let created = done.take(plan, rows, outcomes, Fate::Created, |index, id| {
        if let Some(Json::Object(body)) = records.get(index).map(|record| &record.body) {
            names.learn(plan.entity, body, id);
        }
    });
    done.counts.created += created;
    Ok(())
}

impl Done {
    fn tell(&mut self, rows: &[DraftRow], fate: Fate) {
        self.told.extend(rows.iter().map(|row| Told::of(row, fate)));
    }

    /// Counts rows that failed and keeps their faults.
    fn fail(&mut self, rows: Vec<DraftRow>) {
        self.counts.failed += number(rows.len());
        self.tell(&rows, Fate::Failed);
        self.faults
            .extend(rows.into_iter().flat_map(|row| row.faults));
    }

    /// Parts rows by their outcome and answers how many were written.
    fn take(
        &mut self,
        plan: &Plan,
        rows: Vec<DraftRow>,
        outcomes: Vec<Outcome>,
        fate: Fate,
        mut written: impl FnMut(usize, Uuid),
    ) -> i32 {
        let mut count = 0;
        for (index, (mut row, outcome)) in rows.into_iter().zip(outcomes).enumerate() {
            match outcome {
                Outcome::Written(id) => {
                    count += 1;
                    written(index, id);
                    self.told.push(Told::of(&row, fate));
                    if !row.later.is_empty() {
                        self.later.push(Later { id, row });
                    }
                }
                Outcome::Refused(faults) => {
                    row.blame_fields(plan, &faults);
                    self.fail(vec![row]);
                }
            }
        }
        count
    }
}

pub(super) fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
