//! Writing a batch: all of it in a few statements, and when the database refuses, ever smaller parts of
//! it until only the bad rows are left out.

use std::borrow::Cow;

use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_catalogue::kind::Kind;
use kith_store::{StoreError, Tx};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::insert::insert;
use super::job::Job;
use super::plan::ChildPlan;
use crate::error::EngineError;
use crate::write::{Change, Checked, Update, delete, prepare_create, prepare_create_as, update};

/// Where the transaction returns to when a part of a batch is refused.
const SAVEPOINT: &str = "import_part";

/// Why a run ends early.
#[derive(Debug)]
pub(super) enum Stop {
    Cancelled,
    Failed(EngineError),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Stop::Failed(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Failed(error.into())
    }
}

/// What became of one record.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Written(Uuid),
    Refused(Vec<Fault>),
}

/// A new record and those that it brings along: the child's position in the plan, its body.
#[derive(Clone, Debug)]
pub(super) struct NewRecord {
    /// The id that it brings along.
    pub id: Option<Uuid>,
    pub body: Json,
    pub children: Vec<(usize, Map<String, Json>)>,
}

/// What is to be written.
pub(super) enum Work<'a> {
    Create(&'a [NewRecord]),
    Update(&'a [Update]),
    Delete(&'a [Uuid]),
}

/// Why a part could not be written as a whole.
enum Refusal {
    /// These records are at fault; the others may be written without them.
    Records(Vec<(usize, Vec<Fault>)>),
    /// It is not known which.
    Part(EngineError),
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::InvalidRows(rows) => Refusal::Records(rows),
            other => Refusal::Part(other),
        }
    }
}

/// Writes what can be written. The outcomes are in the order of the work.
///
/// # Errors
/// [`Stop`] when nothing can be written any more; the transaction is over then.
pub(super) async fn write(
    job: &Job,
    tx: &Tx,
    entity: &'static Entity,
    children: &[ChildPlan],
    work: Work<'_>,
) -> Result<Vec<Outcome>, Stop> {
    let length = match &work {
        Work::Create(records) => records.len(),
        Work::Update(updates) => updates.len(),
        Work::Delete(ids) => ids.len(),
    };
    let mut outcomes: Vec<Outcome> = vec![Outcome::Refused(Vec::new()); length];
    let mut parts: Vec<Vec<usize>> = vec![(0..length).collect()];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        if job.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        tx.savepoint(SAVEPOINT).await?;
        let attempt = match &work {
            Work::Create(records) => {
                create_part(job, tx, entity, children, &chosen(records, &part)).await
            }
            Work::Update(updates) => update_part(job, tx, entity, &chosen(updates, &part)).await,
            Work::Delete(ids) => delete_part(job, tx, entity, &chosen(ids, &part)).await,
        };
        let refusal = match attempt {
            Ok(written) => {
                tx.release(SAVEPOINT).await?;
                for (index, outcome) in part.into_iter().zip(written) {
                    set(&mut outcomes, index, outcome);
                }
                continue;
            }
            Err(refusal) => refusal,
        };
        if let Refusal::Part(error) = &refusal
            && !is_about_records(error)
        {
            let Refusal::Part(error) = refusal else {
                continue;
            };
            return Err(Stop::Failed(error));
        }
        tx.rollback_to(SAVEPOINT).await?;
        tx.release(SAVEPOINT).await?;
        match refusal {
            Refusal::Records(faults) => {
                let refused: Vec<usize> = faults
                    .iter()
                    .filter_map(|(position, _)| part.get(*position).copied())
                    .collect();
                for (position, faults) in faults {
                    if let Some(index) = part.get(position) {
                        set(&mut outcomes, *index, Outcome::Refused(faults));
                    }
                }
                parts.push(
                    part.into_iter()
                        .filter(|index| !refused.contains(index))
                        .collect(),
                );
            }
            Refusal::Part(error) => {
                if let [index] = part.as_slice() {
                    set(&mut outcomes, *index, Outcome::Refused(faults_of(error)));
                    continue;
                }
                // The first half is tried first: where only so many fit, those that come first do.
                let (first, second) = part.split_at(part.len() / 2);
                parts.push(second.to_vec());
                parts.push(first.to_vec());
            }
        }
    }
    Ok(outcomes)
}

fn set(outcomes: &mut [Outcome], index: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(index) {
        *slot = outcome;
    }
}

/// The whole list without a copy, or a part of it.
fn chosen<'a, T: Clone>(all: &'a [T], part: &[usize]) -> Cow<'a, [T]> {
    if part.len() == all.len() {
        return Cow::Borrowed(all);
    }
    Cow::Owned(
        part.iter()
            .filter_map(|index| all.get(*index).cloned())
            .collect(),
    )
}

async fn update_part(
    job: &Job,
    tx: &Tx,
    entity: &'static Entity,
    updates: &[Update],
) -> Result<Vec<Outcome>, Refusal> {
    update(job.engine(), tx, job.caller(), entity, updates).await?;
    Ok(updates
        .iter()
        .map(|update| Outcome::Written(update.id))
        .collect())
}

async fn delete_part(
    job: &Job,
    tx: &Tx,
    entity: &'static Entity,
    ids: &[Uuid],
) -> Result<Vec<Outcome>, Refusal> {
    delete(job.engine(), tx, job.caller(), entity, ids).await?;
    Ok(ids.iter().copied().map(Outcome::Written).collect())
}

/// Prepares and writes new records with what they bring along. Faults found before anything is written
/// leave only their own record out.
async fn create_part(
    job: &Job,
    tx: &Tx,
    entity: &'static Entity,
    children: &[ChildPlan],
    records: &[NewRecord],
) -> Result<Vec<Outcome>, Refusal> {
    let mut outcomes: Vec<Outcome> = vec![Outcome::Refused(Vec::new()); records.len()];
    let bodies: Vec<Json> = records.iter().map(|record| record.body.clone()).collect();
    let ids: Vec<Option<Uuid>> = records.iter().map(|record| record.id).collect();
    let prepared = prepare_create_as(job.engine(), tx, job.caller(), entity, &bodies, &ids).await?;
    for (index, faults) in prepared.faults {
        set(&mut outcomes, index, Outcome::Refused(faults));
    }
    let (indexes, changes): (Vec<usize>, Vec<Change<Checked>>) = prepared.rows.into_iter().unzip();
    insert(job, tx, entity, &changes).await?;
    for (index, change) in indexes.iter().zip(&changes) {
        set(&mut outcomes, *index, Outcome::Written(change.id()));
    }
    for (position, plan) in children.iter().enumerate() {
        let mut bodies = Vec::new();
        let mut parents = Vec::new();
        for (index, parent) in indexes.iter().zip(&changes) {
            let brought = records
                .get(*index)
                .into_iter()
                .flat_map(|record| &record.children);
            for (_, body) in brought.filter(|(child, _)| *child == position) {
                bodies.push(child_body(plan, parent, body));
                parents.push(*index);
            }
        }
        write_children(job, tx, plan, &bodies, &parents).await?;
    }
    Ok(outcomes)
}

async fn write_children(
    job: &Job,
    tx: &Tx,
    plan: &ChildPlan,
    bodies: &[Json],
    parents: &[usize],
) -> Result<(), Refusal> {
    if bodies.is_empty() {
        return Ok(());
    }
    let prepared = prepare_create(job.engine(), tx, job.caller(), plan.entity, bodies).await?;
    if !prepared.faults.is_empty() {
        // Its parent is written already: it fails with its child, so the part is tried without both.
        let named = |mut fault: Fault| {
            fault.field = format!("{}.{}", plan.child.name, fault.field);
            fault
        };
        let faults = prepared
            .faults
            .into_iter()
            .filter_map(|(index, faults)| {
                Some((
                    *parents.get(index)?,
                    faults.into_iter().map(named).collect(),
                ))
            })
            .collect();
        return Err(Refusal::Records(faults));
    }
    let changes: Vec<Change<Checked>> = prepared
        .rows
        .into_iter()
        .map(|(_, change)| change)
        .collect();
    insert(job, tx, plan.entity, &changes).await?;
    Ok(())
}

/// A child's body: what the file says, the parent, and the parent's amount where the child must have
/// one of its own and the file does not give it.
fn child_body(plan: &ChildPlan, parent: &Change<Checked>, given: &Map<String, Json>) -> Json {
    let mut body = given.clone();
    body.insert(
        plan.child.field.to_owned(),
        Json::String(parent.id().to_string()),
    );
    let amount = parent.after("amount");
    let missing = plan.entity.fields.iter().find(|field| {
        field.required
            && field.kind == Kind::Money
            && field.writable_on_create()
            && !body.contains_key(field.name)
    });
    if let Some(field) = missing
        && !amount.is_null()
    {
        body.insert(field.name.to_owned(), amount.to_json());
    }
    Json::Object(body)
}

/// Whether some record is at fault, rather than the connection, the server or the program.
fn is_about_records(error: &EngineError) -> bool {
    match error {
        EngineError::Malformed(_)
        | EngineError::BadQuery(_)
        | EngineError::Invalid(_)
        | EngineError::InvalidRows(_)
        | EngineError::Forbidden { .. }
        | EngineError::Refused { .. }
        | EngineError::NotFound
        | EngineError::Stale { .. }
        | EngineError::Conflict { .. } => true,
        EngineError::Busy { .. } => false,
        EngineError::Store(error) => match error {
            StoreError::Unique { .. }
            | StoreError::ForeignKey { .. }
            | StoreError::Check { .. }
            | StoreError::NotNull { .. }
            | StoreError::Value { .. }
            | StoreError::Parameter { .. }
            | StoreError::Permission { .. }
            | StoreError::Raised { .. } => true,
            StoreError::Conflict { .. }
            | StoreError::Timeout { .. }
            | StoreError::Unavailable { .. }
            | StoreError::Setup { .. }
            | StoreError::Internal { .. } => false,
        },
    }
}

/// An error as what is wrong with the one record it is about.
fn faults_of(error: EngineError) -> Vec<Fault> {
    let message = error.to_string();
    match error {
        EngineError::BadQuery(faults) | EngineError::Invalid(faults) => faults,
        EngineError::InvalidRows(rows) => rows.into_iter().flat_map(|(_, faults)| faults).collect(),
        EngineError::Refused { field, message } | EngineError::Conflict { field, message } => {
            vec![Fault::new("refused", message).at(field.unwrap_or_default())]
        }
        EngineError::Malformed(_)
        | EngineError::Forbidden { .. }
        | EngineError::NotFound
        | EngineError::Stale { .. }
        | EngineError::Busy { .. }
        | EngineError::Store(_) => {
            vec![Fault::new("refused", message)]
        }
    }
}
