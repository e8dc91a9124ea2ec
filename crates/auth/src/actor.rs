//! Who acts, as the server keeps it in memory between requests.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use kith_catalogue::{Action, Grants, Scope};
use kith_store::{Database, Notice, Principal, Row, StoreError};
use moka::policy::EvictionPolicy;
use serde::Serialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use uuid::Uuid;

use crate::{
    error::AuthError,
    statements::{self, column},
};

/// The channel on which the database says whose actors to drop: the payload is an organization's id.
pub const ACCESS_CHANNEL: &str = "kith_access";

/// The longest an actor is believed while the database tells us of changes.
const BELIEVED: Duration = Duration::from_secs(30);
/// The longest while it does not.
const BELIEVED_UNHEARD: Duration = Duration::from_secs(1);
/// How long an invalidation is remembered: longer than an actor is believed and takes to load.
const REMEMBERED: Duration = Duration::from_mins(2);
const MOST_ACTORS: u64 = 100_000;
const MOST_ORGANIZATIONS: u64 = 100_000;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The person's id, the same in all their organizations.
    pub id: Uuid,
    /// The address they sign in with.
    pub email: Option<String>,
    /// Their name.
    pub full_name: String,
    /// BCP 47; `None`: as the organization.
    pub locale: Option<String>,
    /// IANA; `None`: as the organization.
    pub timezone: Option<String>,
    /// Their picture.
    pub avatar_url: Option<String>,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// ISO 4217.
    pub base_currency: String,
    /// IANA.
    pub timezone: String,
    /// BCP 47.
    pub locale: String,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// What it set up for itself; an object.
    pub settings: serde_json::Value,
}

/// The role of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Role {
    /// Its id.
    pub id: Uuid,
    /// Its stable word: `owner`, `sales` …
    pub key: String,
    /// Its name.
    pub name: String,
}

/// An active member of an organization. Having one means that the caller is signed in.
#[derive(Clone, Debug)]
pub struct Actor {
    /// For transactions.
    pub principal: Principal,
    /// The person.
    pub user: User,
    /// The organization they act in.
    pub organization: Organization,
    /// Their role there.
    pub role: Role,
    /// What the role may do. Row security guards; this answers early and tells the web application.
    pub grants: Arc<Grants>,
    /// The session, when they act through one.
    pub session_id: Option<Uuid>,
    /// The API key, when they act through one. [`Actor::grants`] are within its scopes.
    pub key: Option<ActingKey>,
}

/// An API key in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActingKey {
    /// Its id.
    pub id: Uuid,
    /// How it begins, for the history.
    pub prefix: String,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Its scopes name `account:manage`: the account's own keys, sessions, second factor and password.
    pub manages_account: bool,
}

impl Actor {
    /// Refuses an API key that may not manage the account of its user.
    ///
    /// # Errors
    /// [`AuthError::KeyNotAllowed`].
    pub fn require_account(&self) -> Result<(), AuthError> {
        match &self.key {
            Some(key) if !key.manages_account => Err(AuthError::KeyNotAllowed),
            _ => Ok(()),
        }
    }

    /// The actor of a row of `key_actor()`.
    fn from_key_row(row: &Row) -> Result<Actor, StoreError> {
        let key = ActingKey {
            id: column(row, "key_id")?,
            prefix: column(row, "key_prefix")?,
            expires_at: column(row, "expires_at")?,
            manages_account: column(row, "manages_account")?,
        };
        let mut actor = Actor::from_row(row, None)?;
        actor.principal.key_id = Some(key.id);
        actor.key = Some(key);
        Ok(actor)
    }

    pub(crate) fn from_row(row: &Row, session_id: Option<Uuid>) -> Result<Actor, StoreError> {
        let user = User {
            id: column(row, "user_id")?,
            email: column(row, "email")?,
            full_name: column(row, "full_name")?,
            locale: column(row, "user_locale")?,
            timezone: column(row, "user_timezone")?,
            avatar_url: column(row, "avatar_url")?,
        };
        let organization = Organization {
            id: column(row, "organization_id")?,
            name: column(row, "organization_name")?,
            slug: column(row, "slug")?,
            base_currency: column(row, "base_currency")?,
            timezone: column(row, "timezone")?,
            locale: column(row, "locale")?,
            country: column(row, "country")?,
            settings: column(row, "settings")?,
        };
        let role = Role {
            id: column(row, "role_id")?,
            key: column(row, "role_key")?,
            name: column(row, "role_name")?,
        };
        let resources: Vec<String> = column(row, "resources")?;
        let actions: Vec<&str> = column(row, "actions")?;
        let scopes: Vec<&str> = column(row, "scopes")?;
        let mut grants = Grants::default();
        for ((resource, action), scope) in resources.iter().zip(actions).zip(scopes) {
            if let (Ok(action), Ok(scope)) = (Action::from_str(action), Scope::from_str(scope)) {
                grants.insert(resource, action, scope);
            } else {
                // A newer node may have brought a word that this one does not know, nor ask for.
                tracing::debug!(resource, action, scope, "a permission of another version");
            }
        }
        Ok(Actor {
            principal: Principal::user(organization.id, user.id),
            user,
            organization,
            role,
            grants: Arc::new(grants),
            session_id,
            key: None,
        })
    }
}

/// Actors by session or API key. Cheap to clone; clones share.
#[derive(Clone)]
pub struct ActorCache {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    actors: moka::future::Cache<Key, Kept>,
    /// By the hash of the API key.
    key_actors: moka::future::Cache<[u8; 32], Kept>,
    /// The number of the last invalidation of each organization.
    invalidated: moka::sync::Cache<Uuid, u64>,
    /// The number of the last invalidation of everything.
    all_invalidated: AtomicU64,
    /// Counts invalidations. An actor is stale when one that concerns it began after its loading did.
    invalidations: AtomicU64,
    heard: AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    user: Uuid,
    organization: Uuid,
    session: Option<Uuid>,
}

#[derive(Clone)]
struct Kept {
    actor: Arc<Actor>,
    /// [`Inner::invalidations`] before it was loaded.
    seen: u64,
    loaded: Instant,
}

impl ActorCache {
    /// An empty cache, which believes an actor for a second until [`ActorCache::follow`] hears the database.
    pub fn new(database: Database) -> ActorCache {
        ActorCache {
            inner: Arc::new(Inner {
                database,
                actors: moka::future::Cache::builder()
                    .max_capacity(MOST_ACTORS)
                    .time_to_live(BELIEVED)
                    .build(),
                key_actors: moka::future::Cache::builder()
                    .max_capacity(MOST_ACTORS)
                    .time_to_live(BELIEVED)
                    .build(),
                // Least recently used, because a new entry must never be the one that is refused.
                invalidated: moka::sync::Cache::builder()
                    .max_capacity(MOST_ORGANIZATIONS)
                    .eviction_policy(EvictionPolicy::lru())
                    .time_to_live(REMEMBERED)
                    .build(),
                all_invalidated: AtomicU64::new(0),
                invalidations: AtomicU64::new(0),
                heard: AtomicBool::new(false),
            }),
        }
    }

    /// The actor, from memory or the database. Many who ask at once cause one query. With a session, the
    /// session must not have ended.
    ///
    /// # Errors
    /// [`AuthError::NotAMember`] when the user is switched off, is no active member, or the session has
    /// ended; [`AuthError::Store`].
    pub async fn get(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        session_id: Option<Uuid>,
    ) -> Result<Arc<Actor>, AuthError> {
        let key = Key {
            user: user_id,
            organization: organization_id,
            session: session_id,
        };
        // A second time when the first answer was stale; after that whatever the database says now.
        for _ in 0..2 {
            let kept = self
                .inner
                .actors
                .try_get_with(key, self.inner.load(key))
                .await
                .map_err(|error| error.shared())?;
            if self.inner.is_fresh(&kept, organization_id) {
                return Ok(kept.actor);
            }
            self.inner.actors.invalidate(&key).await;
        }
        self.inner.load(key).await.map(|kept| kept.actor)
    }

    /// The actor of an API key, from memory or the database.
    ///
    /// # Errors
    /// [`AuthError::TokenInvalid`] when there is no such key, it has expired, or its user may not act any more;
    /// [`AuthError::Store`].
    pub async fn get_by_key(&self, hash: [u8; 32]) -> Result<Arc<Actor>, AuthError> {
        for _ in 0..2 {
            let kept = self
                .inner
                .key_actors
                .try_get_with(hash, self.inner.load_by_key(hash))
                .await
                .map_err(|error| error.shared())?;
            if self.inner.is_fresh(&kept, kept.actor.organization.id) {
                return Ok(kept.actor);
            }
            self.inner.key_actors.invalidate(&hash).await;
        }
        self.inner.load_by_key(hash).await.map(|kept| kept.actor)
    }

    /// Forgets the actors of an organization, those being loaded at this moment included.
    pub fn invalidate(&self, organization_id: Uuid) {
        let number = self.inner.next_invalidation();
        self.inner.invalidated.insert(organization_id, number);
    }

    /// Forgets every actor.
    pub fn invalidate_all(&self) {
        let number = self.inner.next_invalidation();
        self.inner
            .all_invalidated
            .fetch_max(number, Ordering::SeqCst);
    }

    /// Whether changes reach us; while they do not, an actor is believed for a second only.
    pub fn set_heard(&self, heard: bool) {
        self.inner.heard.store(heard, Ordering::SeqCst);
    }

    /// Acts on what a listener on [`ACCESS_CHANNEL`] hears, until it ends. Run it as a task of its own.
    pub async fn follow(self, mut notices: Receiver<Notice>) {
        loop {
            match notices.recv().await {
                Ok(Notice::Listening) => {
                    // What happened until now may have been missed.
                    self.invalidate_all();
                    self.set_heard(true);
                }
                Ok(Notice::Notification { channel, payload }) if channel == ACCESS_CHANNEL => {
                    match Uuid::try_parse(&payload) {
                        Ok(organization_id) => self.invalidate(organization_id),
                        Err(_) => self.invalidate_all(),
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.invalidate_all(),
                Err(RecvError::Closed) => {
                    self.set_heard(false);
                    return;
                }
            }
        }
    }
}

impl Inner {
    fn next_invalidation(&self) -> u64 {
        self.invalidations.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn is_fresh(&self, kept: &Kept, organization_id: Uuid) -> bool {
        let believed = if self.heard.load(Ordering::SeqCst) {
            BELIEVED
        } else {
            BELIEVED_UNHEARD
        };
        let invalidated = self.invalidated.get(&organization_id).unwrap_or_default();
        kept.loaded.elapsed() < believed
            && kept.seen >= invalidated
            && kept.seen >= self.all_invalidated.load(Ordering::SeqCst)
    }

    async fn load_by_key(&self, hash: [u8; 32]) -> Result<Kept, AuthError> {
        let seen = self.invalidations.load(Ordering::SeqCst);
        let loaded = Instant::now();
        let statement = statements::key_actor(&hash);
        let answers = self.database.system_read(None, &[statement]).await?;
        let row = answers
            .first()
            .and_then(|rows| rows.first())
            .ok_or(AuthError::TokenInvalid)?;
        Ok(Kept {
            actor: Arc::new(Actor::from_key_row(row)?),
            seen,
            loaded,
        })
    }

    async fn load(&self, key: Key) -> Result<Kept, AuthError> {
        let seen = self.invalidations.load(Ordering::SeqCst);
        let loaded = Instant::now();
        let statement = statements::session_actor(key.user, key.organization, key.session);
        let answers = self.database.system_read(None, &[statement]).await?;
        let row = answers
            .first()
            .and_then(|rows| rows.first())
            .ok_or(AuthError::NotAMember)?;
        Ok(Kept {
            actor: Arc::new(Actor::from_row(row, key.session)?),
            seen,
            loaded,
        })
    }
}
