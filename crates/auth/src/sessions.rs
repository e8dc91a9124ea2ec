//! The use cases: register, sign in, refresh, sign out, switch organization. Those of one's own account
//! are in `own_account`, `second_factor`, `recovery` and `invitation`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kith_store::{Database, Origin, SystemTx};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    account::{self, Registration},
    actor::{Actor, ActorCache},
    error::AuthError,
    keys::KeyRing,
    password::Passwords,
    session::{
        Clock, Me, Membership, Profile, RegistrationPolicy, RegistrationStatus, Session,
        SessionSettings, SignIn,
    },
    statements::{self, column},
    throttle::Throttle,
    token::{AccessTokens, Claims, OpaqueToken, REFRESH_TOKEN_SECONDS},
    vault::Vault,
};

/// For how many seconds the second use of a refresh token is taken for two tabs of one browser and not
/// for theft. It gets no token either way.
const RACE_SECONDS: i32 = 10;
/// How often at most the use of an API key is noted, and how many keys are remembered for that.
const NOTE_PAUSE: Duration = Duration::from_mins(1);
const NOTED_KEYS: u64 = 100_000;

/// The use cases of sign-in and of one's own account. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    pub(crate) database: Database,
    pub(crate) policy: RegistrationPolicy,
    keys: Arc<KeyRing>,
    pub(crate) tokens: AccessTokens,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) mail_throttle: Throttle,
    actors: ActorCache,
    pub(crate) clock: Clock,
    pub(crate) vault: Arc<Vault>,
    /// API keys whose use was noted within the last minute.
    pub(crate) noted_keys: moka::sync::Cache<Uuid, ()>,
    /// Writes that no answer waits for: failed attempts, the use of keys.
    pub(crate) aside: Arc<Mutex<JoinSet<()>>>,
}

impl Sessions {
    /// Opens the keys and gets everything ready.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the keys cannot be read or made; the text says what to do.
    pub fn open(
        database: Database,
        settings: &SessionSettings,
        clock: Clock,
    ) -> Result<Sessions, AuthError> {
        let keys = Arc::new(KeyRing::open(&settings.keys_folder, clock())?);
        Ok(Sessions {
            actors: ActorCache::new(database.clone()),
            database,
            policy: settings.registration,
            tokens: AccessTokens::new(Arc::clone(&keys), settings.issuer.as_str()),
            keys,
            passwords: Passwords::new()?,
            throttle: Throttle::new(),
            mail_throttle: Throttle::of_mail(),
            vault: Arc::new(Vault::open(&settings.keys_folder, clock())?),
            noted_keys: moka::sync::Cache::builder()
                .max_capacity(NOTED_KEYS)
                .time_to_live(NOTE_PAUSE)
                .build(),
            clock,
            aside: Arc::default(),
        })
    }

    /// The same sessions under another policy, for callers whom the operator trusts more (or less).
    #[must_use]
    pub fn under(&self, policy: RegistrationPolicy) -> Sessions {
        Sessions {
            policy,
            ..self.clone()
        }
    }

    /// The cache of actors; its [`ActorCache::follow`] wants a task.
    pub fn actors(&self) -> &ActorCache {
        &self.actors
    }

    /// The signing keys, to rotate them.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// What seals secrets that must be read again.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The password hasher.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Whether registration is open, for the sign-in page.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn registration_status(&self) -> Result<RegistrationStatus, AuthError> {
        let first = !self.any_organization().await?;
        Ok(RegistrationStatus {
            registration_open: match self.policy {
                RegistrationPolicy::First => first,
                RegistrationPolicy::Open => true,
                RegistrationPolicy::Closed => false,
            },
            first,
        })
    }

    /// Makes an account and an organization that it owns, and signs in.
    ///
    /// # Errors
    /// [`AuthError::RegistrationClosed`], [`AuthError::Faults`], [`AuthError::Throttled`],
    /// [`AuthError::RegistrationRefused`] when the address has an account, [`AuthError::Store`].
    pub async fn register(
        &self,
        registration: &Registration,
        origin: &Origin,
    ) -> Result<Session, AuthError> {
        // Before anything that takes time or tells something; the function decides again, under its lock.
        if !self.registration_status().await?.registration_open {
            return Err(AuthError::RegistrationClosed);
        }
        let checked = account::check(registration)?;
        // Counted apart from signing in, which nobody may lock by registering; also when it succeeds.
        let attempt = self
            .throttle
            .begin(&format!("register {}", checked.email), origin.ip)?;
        let result = self
            .make_account(&checked, &registration.password, origin)
            .await;
        if let Err(AuthError::Store(_) | AuthError::Internal(_)) = result {
            attempt.forgive();
        }
        result
    }

    /// Signs in with a password.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`], [`AuthError::Throttled`]; when the password is right,
    /// [`AuthError::SecondFactorRequired`], [`AuthError::SecondFactorInvalid`], and [`AuthError::NotAMember`]
    /// for an organization (or, without one, every organization) closed to the user; [`AuthError::Store`].
    pub async fn sign_in(&self, sign_in: &SignIn, origin: &Origin) -> Result<Session, AuthError> {
        let email = account::normalised_email(&sign_in.email);
        let counted = match &email {
            Some(email) => email.as_str(),
            None => sign_in.email.trim(),
        };
        let attempt = self.throttle.begin(counted, origin.ip)?;
        let result = self.prove_and_open(email.as_deref(), sign_in, origin).await;
        // A failure of ours says nothing about the caller.
        if !matches!(
            result,
            Err(AuthError::InvalidCredentials | AuthError::SecondFactorInvalid)
        ) {
            attempt.forgive();
        }
        result
    }

    /// Trades a refresh token for a new pair. The old one is used up; presented again it ends the session.
    ///
    /// # Errors
    /// [`AuthError::SessionEnded`]; [`AuthError::AlreadyRefreshed`] when another request was quicker by a
    /// moment; [`AuthError::Store`].
    pub async fn refresh(&self, token: &str, origin: &Origin) -> Result<Session, AuthError> {
        let presented = OpaqueToken::parse(token).ok_or(AuthError::SessionEnded)?;
        let next = OpaqueToken::generate()?;
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        let row = tx
            .query_one(&statements::renew_session(
                presented.hash(),
                next.hash(),
                REFRESH_TOKEN_SECONDS,
                RACE_SECONDS,
            ))
            .await?;
        let organization_id: Option<Uuid> = column(&row, "organization_id")?;
        match (column(&row, "status")?, organization_id) {
            ("renewed", Some(organization_id)) => {
                let user_id = column(&row, "user_id")?;
                let session_id = column(&row, "family_id")?;
                self.finish(tx, user_id, organization_id, session_id, next)
                    .await
            }
            ("raced", _) => Err(AuthError::AlreadyRefreshed),
            ("reused", Some(organization_id)) => {
                // The end of the session must last.
                tx.commit().await?;
                self.actors.invalidate(organization_id);
                tracing::warn!(%organization_id, ip = ?origin.ip, "a used refresh token came back; its session has ended");
                Err(AuthError::SessionEnded)
            }
            _ => Err(AuthError::SessionEnded),
        }
    }

    /// Ends the actor's session at once, here and (through the database) on every node.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn sign_out(&self, actor: &Actor, origin: &Origin) -> Result<(), AuthError> {
        if let Some(session_id) = actor.session_id {
            let tx = SystemTx::begin(&self.database, None, origin).await?;
            tx.commit_with(&[statements::end_session(actor.user.id, session_id)])
                .await?;
            self.actors.invalidate(actor.organization.id);
        }
        Ok(())
    }

    /// Ends the session of a refresh token, for a client whose access token has expired. An unknown token
    /// is no error: the session is over either way.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn sign_out_by_token(&self, token: &str, origin: &Origin) -> Result<(), AuthError> {
        let Some(presented) = OpaqueToken::parse(token) else {
            return Ok(());
        };
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        let answers = tx
            .commit_with(&[statements::end_session_of_token(presented.hash())])
            .await?;
        for row in answers.iter().flatten() {
            self.actors.invalidate(column(row, "organization_id")?);
        }
        Ok(())
    }

    /// Goes on in another organization: a new pair of tokens for the same session.
    ///
    /// # Errors
    /// [`AuthError::NotAMember`] also when the organization does not exist; [`AuthError::SessionEnded`]
    /// for an actor without a session; [`AuthError::Store`].
    pub async fn switch_organization(
        &self,
        actor: &Actor,
        organization_id: Uuid,
        origin: &Origin,
    ) -> Result<Session, AuthError> {
        let session_id = actor.session_id.ok_or(AuthError::SessionEnded)?;
        let next = OpaqueToken::generate()?;
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        let row = tx
            .query_one(&statements::switch_session(
                actor.user.id,
                session_id,
                organization_id,
                next.hash(),
                REFRESH_TOKEN_SECONDS,
            ))
            .await?;
        if !column::<bool>(&row, "switch_session")? {
            return Err(AuthError::NotAMember);
        }
        self.finish(tx, actor.user.id, organization_id, session_id, next)
            .await
    }

    /// Who the actor is, and every organization they belong to.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn me(&self, actor: &Arc<Actor>) -> Result<Me, AuthError> {
        let statements = [
            statements::memberships_of(actor.user.id),
            statements::profile(),
        ];
        let mut answers = self
            .database
            .read(&actor.principal, &statements)
            .await?
            .into_iter();
        let (rows, profile) = (answers.next(), answers.next());
        let profile = profile.and_then(|rows| rows.into_iter().next());
        let profile = profile.ok_or(AuthError::NotAMember)?;
        let memberships = rows
            .iter()
            .flatten()
            .map(|row| {
                Ok(Membership {
                    organization_id: column(row, "organization_id")?,
                    organization_name: column(row, "organization_name")?,
                    role_key: column(row, "role_key")?,
                    status: column(row, "status")?,
                })
            })
            .collect::<Result<Vec<_>, kith_store::StoreError>>()?
            .into_iter()
            // A key is one organization's, and need not tell of others.
            .filter(|one| actor.key.is_none() || one.organization_id == actor.organization.id)
            .collect();
        Ok(Me {
            actor: Arc::clone(actor),
            profile: Profile {
                phone: column(&profile, "phone")?,
                is_verified: column(&profile, "is_verified")?,
                has_second_factor: column(&profile, "has_second_factor")?,
            },
            memberships,
        })
    }

    /// The actor as they stand now, after a change to their account.
    ///
    /// # Errors
    /// As [`Sessions::authenticate`].
    pub async fn reload(&self, actor: &Arc<Actor>) -> Result<Arc<Actor>, AuthError> {
        match actor.session_id {
            Some(session_id) => {
                let (user, organization) = (actor.user.id, actor.organization.id);
                self.actors.get(user, organization, Some(session_id)).await
            }
            None => Ok(Arc::clone(actor)),
        }
    }

    /// What an access token says, without asking whether its session still stands.
    ///
    /// # Errors
    /// [`AuthError::TokenExpired`], [`AuthError::TokenInvalid`].
    pub fn verify(&self, access_token: &str) -> Result<Claims, AuthError> {
        self.tokens.verify(access_token, (self.clock)())
    }

    /// The actor of an access token.
    ///
    /// # Errors
    /// [`AuthError::TokenExpired`], [`AuthError::TokenInvalid`]; [`AuthError::NotAMember`] when the user
    /// was switched off or left the organization, or the session has ended; [`AuthError::Store`].
    pub async fn authenticate(&self, access_token: &str) -> Result<Arc<Actor>, AuthError> {
        let claims = self.verify(access_token)?;
        self.actors
            .get(claims.sub, claims.org, Some(claims.sid))
            .await
    }

    /// Waits until everything that no answer waited for is written; for an orderly end.
    pub async fn settle(&self) {
        let pending =
            std::mem::take(&mut *self.aside.lock().unwrap_or_else(PoisonError::into_inner));
        pending.join_all().await;
    }
}
