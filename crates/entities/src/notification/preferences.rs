//! What a person wants to hear of, and how.

use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, Tx};
use serde::{Deserialize, Serialize};

/// What somebody wants to hear of one kind.
#[derive(Debug, Serialize)]
pub struct Preference {
    pub kind: String,
    pub label: String,
    pub description: String,
    /// In the web application.
    pub in_app: bool,
    /// A mail as it happens.
    pub email: bool,
    /// `off`, `daily` or `weekly`.
    pub digest: String,
}

/// A change of what somebody wants to hear of one kind; what is not given stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferenceChange {
    pub kind: String,
    pub in_app: Option<bool>,
    pub email: Option<bool>,
    pub digest: Option<String>,
}

const DIGESTS: [&str; 3] = ["off", "daily", "weekly"];

fn list(organization: uuid::Uuid, user: uuid::Uuid) -> Statement {
    Statement::new(
        "select k.kind, k.label, k.description, coalesce(p.in_app, true), coalesce(p.email, false), coalesce(p.digest, 'off') \
         from notification_kinds k left join notification_preferences p on p.organization_id = $1 and p.user_id = $2 and p.kind = k.kind \
         order by k.position, k.kind",
    )
    .with(organization, Type::UUID)
    .with(user, Type::UUID)
}

/// What the caller wants to hear of, kind by kind.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn preferences(engine: &Engine, caller: &Caller) -> Result<Vec<Preference>, EngineError> {
    let who = &caller.principal;
    let answers = engine
        .database
        .read(who, &[list(who.organization_id, who.user_id)])
        .await?;
    let rows = answers.into_iter().next().unwrap_or_default();
    Ok(rows.iter().map(read).collect::<Result<_, StoreError>>()?)
}

/// Changes what the caller wants to hear of. Answers everything as it is then.
///
/// # Errors
/// [`EngineError::Invalid`] with every kind that does not exist and every word that means nothing.
pub async fn set_preferences(
    tx: &Tx,
    changes: &[PreferenceChange],
) -> Result<Vec<Preference>, EngineError> {
    let who = *tx.principal();
    let known = tx
        .query(&list(who.organization_id, who.user_id))
        .await?
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, StoreError>>()?;
    let mut faults = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        if !known.iter().any(|one| one.kind == change.kind) {
            faults.push(
                Fault::new(
                    "unknown_kind",
                    format!(
                        "\"{}\" is no kind of notification; GET lists them",
                        change.kind.chars().take(50).collect::<String>()
                    ),
                )
                .at(format!("{index}.kind")),
            );
        }
        if let Some(word) = &change.digest
            && !DIGESTS.contains(&word.as_str())
        {
            faults.push(
                Fault::new("not_a_choice", "must be off, daily or weekly")
                    .at(format!("{index}.digest")),
            );
        }
        if changes
            .iter()
            .take(index)
            .any(|other| other.kind == change.kind)
        {
            faults.push(Fault::new("twice", "each kind is given once").at(format!("{index}.kind")));
        }
    }
    if !faults.is_empty() {
        return Err(EngineError::Invalid(faults));
    }
    let set = Statement::new(
        "insert into notification_preferences as p (organization_id, user_id, kind, in_app, email, digest) \
         select $1, $2, c.kind, coalesce(c.in_app, true), coalesce(c.email, false), coalesce(c.digest, 'off') \
         from unnest($3::text[], $4::boolean[], $5::boolean[], $6::text[]) as c (kind, in_app, email, digest) \
         on conflict (organization_id, user_id, kind) do update set updated_at = now(), \
           in_app = coalesce(($4::boolean[])[array_position($3::text[], p.kind)], p.in_app), \
           email = coalesce(($5::boolean[])[array_position($3::text[], p.kind)], p.email), \
           digest = coalesce(($6::text[])[array_position($3::text[], p.kind)], p.digest)",
    )
    .with(who.organization_id, Type::UUID)
    .with(who.user_id, Type::UUID)
    .with(
        changes.iter().map(|one| one.kind.clone()).collect::<Vec<_>>(),
        Type::TEXT_ARRAY,
    )
    .with(
        changes.iter().map(|one| one.in_app).collect::<Vec<_>>(),
        Type::BOOL_ARRAY,
    )
    .with(
        changes.iter().map(|one| one.email).collect::<Vec<_>>(),
        Type::BOOL_ARRAY,
    )
    .with(
        changes.iter().map(|one| one.digest.clone()).collect::<Vec<_>>(),
        Type::TEXT_ARRAY,
    );
    let mut answers = tx
        .query_many(&[set, list(who.organization_id, who.user_id)])
        .await?;
    let rows = answers.pop().unwrap_or_default();
    Ok(rows.iter().map(read).collect::<Result<_, StoreError>>()?)
}

fn read(row: &Row) -> Result<Preference, StoreError> {
    Ok(Preference {
        kind: row.try_get(0)?,
        label: row.try_get(1)?,
        description: row.try_get(2)?,
        in_app: row.try_get(3)?,
        email: row.try_get(4)?,
        digest: row.try_get(5)?,
    })
}
