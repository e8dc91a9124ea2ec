//! What people do with their own account: profile, password, sessions, API keys.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use kith_catalogue::{
    AnyField, Fault, Field, Kind, Value, col,
    kinds::{self, ParseContext},
};
use kith_store::{Origin, Row, Tx};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{
    actor::Actor,
    api_key::ApiKey,
    error::AuthError,
    password::{self, Verdict},
    session::{KeptKey, NewKey, OpenSession, PasswordChange},
    sessions::Sessions,
    statements::{self, column},
};

const FULL_NAME: Field = Field::of(col::<String>("full_name"), "Full name", Kind::Text).required();
const PHONE: Field = Field::of(col::<String>("phone"), "Phone", Kind::Phone);
const AVATAR_URL: Field = Field::of(col::<String>("avatar_url"), "Picture", Kind::Url);
const KEY_NAME: Field = Field::of(col::<String>("name"), "Name", Kind::Text)
    .required()
    .max_length(100);

impl Sessions {
    /// Changes what the actor says about themselves; members that are not given stay.
    ///
    /// # Errors
    /// [`AuthError::Faults`], every one; [`AuthError::Store`].
    pub async fn update_profile(
        &self,
        actor: &Actor,
        changes: &Map<String, Json>,
        origin: &Origin,
    ) -> Result<(), AuthError> {
        actor.require_account()?;
        let mut faults = Vec::new();
        let mut checked = Map::new();
        for (name, value) in changes {
            match profile_value(actor, name, value) {
                Ok(value) => {
                    checked.insert(name.clone(), value);
                }
                Err(fault) => faults.push(fault.at(name.as_str())),
            }
        }
        if !faults.is_empty() {
            return Err(AuthError::Faults(faults));
        }
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        tx.commit_with(&[statements::update_own_profile(Json::Object(checked))])
            .await?;
        self.actors().invalidate(actor.organization.id);
        Ok(())
    }

    /// Changes the actor's password and ends their other sessions.
    ///
    /// # Errors
    /// [`AuthError::Faults`] on `current_password` when it is wrong, or on `password` for the new one;
    /// [`AuthError::Throttled`], [`AuthError::Store`].
    pub async fn change_password(
        &self,
        actor: &Actor,
        change: &PasswordChange,
        origin: &Origin,
    ) -> Result<(), AuthError> {
        let field = "current_password";
        let old = self
            .prove_own_password(actor, &change.current_password, field, origin)
            .await?;
        let email = actor.user.email.as_deref().unwrap_or_default();
        let personal = [email, actor.user.full_name.as_str()];
        let faults = password::faults("password", &change.new_password, &personal);
        if !faults.is_empty() {
            return Err(AuthError::Faults(faults));
        }
        let fresh = self.passwords.hash(&change.new_password).await?;
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        let row = tx
            .query_one(&statements::change_password(&old, &fresh, actor.session_id))
            .await?;
        if !column::<bool>(&row, "change_password")? {
            // Someone else changed it a moment ago: what was given is no longer the password.
            return Err(wrong_password(field));
        }
        tx.commit().await?;
        self.actors().invalidate(actor.organization.id);
        Ok(())
    }

    /// Checks the password of somebody who is signed in, and answers its hash.
    ///
    /// # Errors
    /// [`AuthError::Faults`] on `field`: unlike at sign-in, a wrong password does not mean that nobody is signed in.
    pub(crate) async fn prove_own_password(
        &self,
        actor: &Actor,
        given: &str,
        field: &'static str,
        origin: &Origin,
    ) -> Result<String, AuthError> {
        actor.require_account()?;
        let email = actor.user.email.as_deref().unwrap_or_default();
        let attempt = self.throttle.begin(email, origin.ip)?;
        let statement = statements::password_of(actor.user.id);
        let answers = self.database.system_read(None, &[statement]).await?;
        let hash: Option<String> = match answers.first().and_then(|rows| rows.first()) {
            Some(row) => column(row, "password_hash")?,
            None => None,
        };
        let hash = hash.ok_or_else(|| wrong_password(field))?;
        let too_long = given.chars().count() > password::LONGEST;
        if too_long || self.passwords.verify(given, &hash).await? == Verdict::Wrong {
            self.leave_trail(actor.user.id, "password", origin);
            return Err(wrong_password(field));
        }
        attempt.forgive();
        Ok(hash)
    }

    /// The actor's sessions, the last used first.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn open_sessions(&self, actor: &Actor) -> Result<Vec<OpenSession>, AuthError> {
        let statement = statements::own_sessions();
        let answers = self.database.read(&actor.principal, &[statement]).await?;
        let one = |row: &Row| -> Result<OpenSession, AuthError> {
            let id: Uuid = column(row, "id")?;
            Ok(OpenSession {
                id,
                current: actor.session_id == Some(id),
                created_at: began(id, column(row, "created_at")?),
                last_used_at: column(row, "last_used_at")?,
                ip_address: column(row, "ip_address")?,
                user_agent: column(row, "user_agent")?,
                expires_at: column(row, "expires_at")?,
            })
        };
        answers.iter().flatten().map(one).collect()
    }

    /// Ends one of the actor's sessions. False when it is none of theirs.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn end_session(
        &self,
        actor: &Actor,
        session_id: Uuid,
        origin: &Origin,
    ) -> Result<bool, AuthError> {
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        let row = tx
            .query_one(&statements::end_own_session(session_id))
            .await?;
        tx.commit().await?;
        // It may be one in another of their organizations.
        self.actors().invalidate_all();
        Ok(column(&row, "end_own_session")?)
    }

    /// Ends all of the actor's sessions but the one that asks.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn end_other_sessions(
        &self,
        actor: &Actor,
        origin: &Origin,
    ) -> Result<(), AuthError> {
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        tx.commit_with(&[statements::end_other_sessions(actor.session_id)])
            .await?;
        self.actors().invalidate_all();
        Ok(())
    }

    /// The actor's API keys in this organization, the newest first.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn api_keys(&self, actor: &Actor) -> Result<Vec<KeptKey>, AuthError> {
        actor.require_account()?;
        let statement = statements::own_keys();
        let answers = self.database.read(&actor.principal, &[statement]).await?;
        answers.iter().flatten().map(kept_key).collect()
    }

    /// Makes an API key. The key itself is answered this once.
    ///
    /// # Errors
    /// [`AuthError::Faults`]; [`AuthError::Store`], also for scopes that the database refuses.
    pub async fn create_api_key(
        &self,
        actor: &Actor,
        wanted: &NewKey,
        origin: &Origin,
    ) -> Result<(ApiKey, KeptKey), AuthError> {
        actor.require_account()?;
        let mut faults = Vec::new();
        let name = match parse(&KEY_NAME, &Json::from(wanted.name.clone()), actor) {
            Ok(Value::Text(name)) if !name.is_empty() => name,
            Ok(_) => {
                faults.push(Fault::new("required", "is required").at("name"));
                String::new()
            }
            Err(fault) => {
                faults.push(fault.at("name"));
                String::new()
            }
        };
        let mut scopes = wanted.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            let fault = Fault::new("required", "must name at least one scope, such as \"read\"");
            faults.push(fault.at("scopes"));
        } else if scopes.len() > 500 {
            faults.push(Fault::new("too_many", "must be at most 500 scopes").at("scopes"));
        }
        if !faults.is_empty() {
            return Err(AuthError::Faults(faults));
        }
        let key = ApiKey::generate()?;
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        let make =
            statements::create_api_key(&name, key.prefix(), &key.hash(), scopes, wanted.expires_at);
        let made: Uuid = column(&tx.query_one(&make).await?, "create_api_key")?;
        let row = tx.query_one(&statements::own_key(made)).await?;
        tx.commit().await?;
        Ok((key, kept_key(&row)?))
    }

    /// Ends one of the actor's API keys at once, here and (through the database) on every node. False when it is none
    /// of theirs.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn delete_api_key(
        &self,
        actor: &Actor,
        key_id: Uuid,
        origin: &Origin,
    ) -> Result<bool, AuthError> {
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        let row = tx.query_one(&statements::delete_api_key(key_id)).await?;
        tx.commit().await?;
        self.actors().invalidate(actor.organization.id);
        Ok(column(&row, "delete_api_key")?)
    }

    /// The actor of an API key.
    ///
    /// # Errors
    /// [`AuthError::TokenInvalid`] when it is none of ours (any more), or its user may not act; [`AuthError::Store`].
    pub async fn authenticate_key(
        &self,
        text: &str,
        origin: &Origin,
    ) -> Result<Arc<Actor>, AuthError> {
        let key = ApiKey::parse(text).ok_or(AuthError::TokenInvalid)?;
        let actor = self.actors().get_by_key(key.hash()).await?;
        let Some(acting) = &actor.key else {
            return Err(AuthError::TokenInvalid);
        };
        if acting.expires_at.is_some_and(|end| end <= (self.clock)()) {
            return Err(AuthError::TokenInvalid);
        }
        if self.noted_keys.entry(acting.id).or_insert(()).is_fresh() {
            let statement = statements::touch_api_key(actor.organization.id, acting.id);
            self.write_aside(statement, origin, "the use of an API key is not noted");
        }
        Ok(actor)
    }
}

fn kept_key(row: &Row) -> Result<KeptKey, AuthError> {
    Ok(KeptKey {
        id: column(row, "id")?,
        name: column(row, "name")?,
        prefix: column(row, "prefix")?,
        scopes: column(row, "scopes")?,
        created_at: column(row, "created_at")?,
        last_used_at: column(row, "last_used_at")?,
        expires_at: column(row, "expires_at")?,
    })
}

fn wrong_password(field: &'static str) -> AuthError {
    AuthError::Faults(vec![
        Fault::new("wrong_password", "is not your password").at(field),
    ])
}

/// When a session began. The first tokens of an old one are cleared away, but its id, a UUID of
/// version 7, remembers; the id of a young one is made after its transaction began, whose time is
/// that of its first token, so the earlier of the two is meant.
fn began(session: Uuid, oldest_token: Timestamp) -> Timestamp {
    let of_id = session.get_timestamp().and_then(|made| {
        let (seconds, nanoseconds) = made.to_unix();
        Timestamp::new(
            i64::try_from(seconds).ok()?,
            i32::try_from(nanoseconds).ok()?,
        )
        .ok()
    });
    of_id.map_or(oldest_token, |made| made.min(oldest_token))
}

/// One member of a profile in the form in which it is kept.
fn profile_value(actor: &Actor, name: &str, value: &Json) -> Result<Json, Fault> {
    let field = match name {
        "full_name" => &FULL_NAME,
        "phone" => &PHONE,
        "avatar_url" => &AVATAR_URL,
        "timezone" | "locale" => return setting(name, value),
        _ => {
            return Err(Fault::new("unknown_field", "is not part of your profile"));
        }
    };
    match parse(field, value, actor)? {
        Value::Null if field.required => Err(Fault::new("required", "is required")),
        Value::Text(text) if field.required && text.is_empty() => {
            Err(Fault::new("required", "is required"))
        }
        parsed => Ok(parsed.to_json()),
    }
}

/// A time zone or a language; null for that of the organization.
fn setting(name: &str, value: &Json) -> Result<Json, Fault> {
    let Json::String(text) = value else {
        return match value {
            Json::Null => Ok(Json::Null),
            _ => Err(Fault::new("not_text", "must be text")),
        };
    };
    let good = if name == "timezone" {
        TimeZone::get(text).is_ok()
    } else {
        (2..=35).contains(&text.len())
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    match (good, name) {
        (true, _) => Ok(value.clone()),
        (false, "timezone") => Err(Fault::new(
            "not_allowed",
            "must be a time zone such as Europe/Berlin",
        )),
        (false, _) => Err(Fault::new(
            "not_allowed",
            "must be a language such as en or de-AT",
        )),
    }
}

fn parse(field: &'static Field, value: &Json, actor: &Actor) -> Result<Value, Fault> {
    let context = ParseContext {
        now: Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC),
        user_id: actor.user.id,
        region: actor.organization.country.clone(),
    };
    kinds::parse(&AnyField::Column(field), value, &context)
}

#[cfg(test)]
mod tests {
    use super::began;
    use jiff::Timestamp;
    use uuid::{NoContext, Uuid};

    #[test]
    fn a_session_begins_before_it_is_used_whatever_its_id_says() {
        let transaction = Timestamp::new(1_795_000_000, 999_990_000).unwrap();
        let id_of = |seconds, nanoseconds| {
            Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
        };
        // The id is made after the transaction began, here in the next second.
        let young = id_of(1_795_000_001, 2_000_000);
        assert_eq!(began(young, transaction), transaction);
        // The first tokens are gone.
        let old = id_of(1_794_000_000, 5_000_000);
        assert_eq!(
            began(old, transaction),
            Timestamp::new(1_794_000_000, 5_000_000).unwrap()
        );
        assert_eq!(began(Uuid::nil(), transaction), transaction);
    }
}
