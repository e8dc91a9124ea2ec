//! What becomes of time: submitted, taken back, approved, rejected, opened again.
//!
//! The database decides who may and what follows; here whole sets are moved in one statement.

use kith_catalogue::access::Action;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, EngineError};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::TIME_ENTRY;
use super::week::Week;

/// Entries judged at once.
const MOST: usize = 1_000;

/// What is done with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    Submit,
    Withdraw,
    Approve,
    Reject,
    /// Opens approved time again, as a draft of the person's.
    Reopen,
}

impl Review {
    fn action(self) -> Action {
        match self {
            Review::Submit | Review::Withdraw => Action::Update,
            Review::Approve | Review::Reject | Review::Reopen => Action::Approve,
        }
    }

    fn from(self) -> &'static [&'static str] {
        match self {
            Review::Submit => &["draft", "rejected"],
            Review::Withdraw => &["pending", "rejected"],
            Review::Approve => &["pending"],
            Review::Reject => &["pending", "approved"],
            Review::Reopen => &["approved"],
        }
    }

    fn to(self) -> &'static str {
        match self {
            Review::Submit => "pending",
            Review::Withdraw | Review::Reopen => "draft",
            Review::Approve => "approved",
            Review::Reject => "rejected",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Review::Submit => "submitted",
            Review::Withdraw => "taken back",
            Review::Approve => "approved",
            Review::Reject => "rejected",
            Review::Reopen => "opened again",
        }
    }
}

/// Which time is meant: entries by id, or a person's week.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selected {
    #[serde(default)]
    pub ids: Option<Vec<Uuid>>,
    /// The caller when absent.
    #[serde(default)]
    pub user_id: Option<Uuid>,
    /// `2026-W48`, or a day of the week.
    #[serde(default)]
    pub week: Option<String>,
    /// Why time is rejected.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Moves the selected entries. By id, all or none; of a week, those that can be.
///
/// # Errors
/// 403 for time that the caller may not judge, one's own among it; 409 for entries in another state.
pub async fn review(
    tx: &Tx,
    caller: &Caller,
    review: Review,
    selected: &Selected,
) -> Result<Json, EngineError> {
    caller.require(&TIME_ENTRY, review.action())?;
    let reason = selected
        .reason
        .as_deref()
        .map(str::trim)
        .filter(|reason| !reason.is_empty());
    match (review, reason) {
        (Review::Reject, None) => {
            return Err(Fault::new("required", "say why the time is rejected")
                .at("reason")
                .into());
        }
        (_, Some(reason)) if reason.chars().count() > 1000 => {
            return Err(Fault::new("too_long", "must have at most 1000 characters")
                .at("reason")
                .into());
        }
        _ => {}
    }
    let ids = match &selected.ids {
        Some(ids) => by_id(tx, review, ids).await?,
        None => of_week(tx, caller, review, selected).await?,
    };
    let change = Statement::new(
        "UPDATE time_entries SET status = $2, rejection_reason = $3 WHERE id = ANY ($1)",
    )
    .with(ids.clone(), Type::UUID_ARRAY)
    .with(review.to(), Type::TEXT)
    .with(
        reason
            .filter(|_| review == Review::Reject)
            .map(str::to_owned),
        Type::TEXT,
    );
    let changed = tx.execute(&change).await?;
    if usize::try_from(changed).unwrap_or(usize::MAX) != ids.len() {
        return Err(EngineError::Forbidden {
            action: review.action(),
            resource: TIME_ENTRY.resource,
        });
    }
    let hours = Statement::new(
        "SELECT coalesce(trim_scale(sum(t.hours)), 0)::text FROM time_entries t WHERE t.id = ANY ($1)",
    )
    .with(ids.clone(), Type::UUID_ARRAY);
    let row = tx.query_one(&hours).await?;
    Ok(
        json!({"status": review.to(), "count": ids.len(), "hours": row.try_get::<_, String>(0)?, "ids": ids}),
    )
}

async fn by_id(tx: &Tx, review: Review, ids: &[Uuid]) -> Result<Vec<Uuid>, EngineError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > MOST {
        return Err(
            Fault::new("out_of_range", format!("must name 1 to {MOST} entries"))
                .at("ids")
                .into(),
        );
    }
    let rows = tx
        .query(&standing("t.id = ANY ($1)", true).with(ids.clone(), Type::UUID_ARRAY))
        .await?;
    if rows.len() < ids.len() {
        let seen = tx
            .query(&standing("t.id = ANY ($1)", false).with(ids.clone(), Type::UUID_ARRAY))
            .await?;
        return Err(if seen.len() == ids.len() {
            EngineError::Forbidden {
                action: review.action(),
                resource: TIME_ENTRY.resource,
            }
        } else {
            EngineError::NotFound
        });
    }
    for row in &rows {
        let status: String = row.try_get(1)?;
        if !review.from().contains(&status.as_str()) {
            return Err(EngineError::Conflict {
                field: Some("status".to_owned()),
                message: format!("time that is {status} cannot be {}", review.word()),
            });
        }
    }
    Ok(ids)
}

async fn of_week(
    tx: &Tx,
    caller: &Caller,
    review: Review,
    selected: &Selected,
) -> Result<Vec<Uuid>, EngineError> {
    let week = Week::parse(selected.week.as_deref(), caller)?;
    let user = selected.user_id.unwrap_or(caller.principal.user_id);
    let rows = tx
        .query(
            &standing("t.user_id = $1 AND t.date BETWEEN $2 AND $3", true)
                .with(user, Type::UUID)
                .with(week.first(), Type::DATE)
                .with(week.last(), Type::DATE),
        )
        .await?;
    let mut ids = Vec::with_capacity(rows.len());
    for row in &rows {
        let status: String = row.try_get(1)?;
        if review.from().contains(&status.as_str()) {
            ids.push(row.try_get(0)?);
        }
    }
    if ids.is_empty() {
        return Err(EngineError::Conflict {
            field: Some("week".to_owned()),
            message: format!("there is no time in {week} that can be {}", review.word()),
        });
    }
    Ok(ids)
}

/// The entries as they stand; locked in one order, so that two who judge the same time do not wait for one
/// another in a circle.
fn standing(condition: &str, lock: bool) -> Statement {
    Statement::new(format!(
        "SELECT t.id, t.status FROM time_entries t WHERE {condition} AND t.deleted_at IS NULL ORDER BY t.id{}",
        if lock { " FOR NO KEY UPDATE OF t" } else { "" }
    ))
}
