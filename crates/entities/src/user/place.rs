//! Somebody's place in the organization: invited, in, out, and in again. Who may do so, and that an owner remains, is
//! the database's to say (migration 0009).

use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, RecordJson, create, read_within};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{EMAIL, FULL_NAME, USER};

/// Adds a person and invites them. Without a name they are called by their address until they say otherwise.
///
/// # Errors
/// Every bad field; [`EngineError::Refused`] for a role that may do what the caller may not.
pub async fn invite(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    mut body: Map<String, Json>,
) -> Result<RecordJson, EngineError> {
    let text = |body: &Map<String, Json>, name: &str| {
        let given = body.get(name).and_then(Json::as_str).map(str::trim);
        given.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let Some(email) = text(&body, EMAIL.name()) else {
        return Err(Fault::new("required", "is required")
            .at(EMAIL.name())
            .into());
    };
    if text(&body, FULL_NAME.name()).is_none() {
        body.insert(FULL_NAME.name().to_owned(), Json::from(name_of(&email)));
    }
    let made = create(engine, tx, caller, &USER, &[Json::Object(body)])
        .await
        .map_err(alone)?;
    let id = made.first().ok_or(EngineError::NotFound)?.id;
    invite_again(tx, id).await?;
    read_back(engine, tx, caller, id).await
}

/// Sends the invitation, also to somebody who was only known by name and address so far.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Conflict`] for somebody who has joined; a fault on `email` without one.
pub async fn invite_again(tx: &Tx, id: Uuid) -> Result<(), EngineError> {
    found(tx, "SELECT send_invitation($1)", id).await
}

/// Takes the invitation back.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Conflict`] for somebody who has joined.
pub async fn withdraw_invitation(tx: &Tx, id: Uuid) -> Result<(), EngineError> {
    found(tx, "SELECT withdraw_invitation($1)", id).await
}

/// Deactivates a member and gives what they own to `hand_over_to`; without anyone it stays theirs.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Conflict`] for the last owner and for oneself; [`EngineError::Refused`]
/// for people and records beyond the caller's; a fault on `hand_over_to`.
pub async fn deactivate(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    hand_over_to: Option<Uuid>,
) -> Result<RecordJson, EngineError> {
    let statement = Statement::new("SELECT deactivate_member($1, $2)")
        .with(id, Type::UUID)
        .with(hand_over_to, Type::UUID);
    let row = tx.query_one(&statement).await?;
    let given: Option<Json> = row.try_get(0).map_err(kith_store::StoreError::from)?;
    if given.is_none() {
        return Err(EngineError::NotFound);
    }
    read_back(engine, tx, caller, id).await
}

/// Lets a deactivated member in again.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Conflict`] for somebody who is not deactivated.
pub async fn reactivate(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<RecordJson, EngineError> {
    found(tx, "SELECT reactivate_member($1)", id).await?;
    read_back(engine, tx, caller, id).await
}

/// Runs a function that answers whether there is such a person.
async fn found(tx: &Tx, sql: &'static str, id: Uuid) -> Result<(), EngineError> {
    let statement = Statement::new(sql).with(id, Type::UUID);
    let row = tx.query_one(&statement).await?;
    match row.try_get(0).map_err(kith_store::StoreError::from)? {
        true => Ok(()),
        false => Err(EngineError::NotFound),
    }
}

async fn read_back(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<RecordJson, EngineError> {
    let mut records = read_within(engine, tx, caller, &USER, vec![id]).await?;
    records.pop().ok_or(EngineError::NotFound)
}

/// The faults of one record, without its number.
fn alone(error: EngineError) -> EngineError {
    match error {
        EngineError::InvalidRows(rows) => {
            EngineError::Invalid(rows.into_iter().flat_map(|(_, faults)| faults).collect())
        }
        other => other,
    }
}

/// What somebody is called of whom only the address is known: `ada.lovelace@…` → `Ada Lovelace`.
fn name_of(email: &str) -> String {
    let local = email.split('@').next().unwrap_or(email);
    let words: Vec<String> = local
        .split(['.', '_', '-', '+'])
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut letters = word.chars();
            let first: String = letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .collect();
            first + letters.as_str()
        })
        .collect();
    if words.is_empty() {
        email.to_owned()
    } else {
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_name_in_them() {
        for (email, name) in [
            ("ada.lovelace@example.com", "Ada Lovelace"),
            ("ada@example.com", "Ada"),
            ("élodie_d-arc@example.com", "Élodie D Arc"),
            ("@example.com", "@example.com"),
        ] {
            assert_eq!(name_of(email), name);
        }
    }
}
