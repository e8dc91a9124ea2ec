//! The keys that sign access tokens: Ed25519, one file each in the data folder, readable by its owner
//! only. The newest signs; older ones go on verifying until [`KeyRing::rotate`] retires them.
//!
//! Nodes that serve the same database must share the folder, or a token of one is unknown to another.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    error::AuthError,
    key_files::{
        id_at, id_of, lock, make_folder, milliseconds, read_secret, trouble, write_secret,
    },
};

const ENDING: &str = "key";
/// How often a token with an unknown key makes us look into the folder again.
const RELOAD_PAUSE: Duration = Duration::from_secs(5);

/// The keys of a folder.
pub struct KeyRing {
    folder: PathBuf,
    keys: RwLock<Arc<Keys>>,
    reloaded: Mutex<Option<Instant>>,
}

/// By id; ids are UUIDs of version 7, so the last is the newest.
type Keys = BTreeMap<Uuid, Key>;

struct Key {
    signing: EncodingKey,
    verifying: DecodingKey,
}

impl KeyRing {
    /// Opens the folder, makes it (0700) and a first key (0600) when there is none. Processes that
    /// start at the same time end up with the same key.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the folder cannot be read or written, or a key file is damaged; the
    /// text names the file and what to do.
    pub fn open(folder: impl Into<PathBuf>, now: Timestamp) -> Result<KeyRing, AuthError> {
        let folder = folder.into();
        make_folder(&folder)?;
        let _lock = lock(&folder)?;
        let mut keys = load(&folder)?;
        if keys.is_empty() {
            add(&folder, now)?;
            keys = load(&folder)?;
        }
        Ok(KeyRing {
            folder,
            keys: RwLock::new(Arc::new(keys)),
            reloaded: Mutex::new(None),
        })
    }

    /// Adds a key, which signs from now on, and removes those that stopped signing longer ago than
    /// `retire_after`. That must be longer than an access token lives. Answers how many were removed.
    ///
    /// # Errors
    /// As [`KeyRing::open`].
    pub fn rotate(&self, retire_after: Duration, now: Timestamp) -> Result<usize, AuthError> {
        let _lock = lock(&self.folder)?;
        add(&self.folder, now)?;
        let ids: Vec<Uuid> = load(&self.folder)?.into_keys().collect();
        let mut removed = 0;
        for pair in ids.windows(2) {
            // A key stopped signing when the next one was made.
            if let [old, next] = pair
                && made_at(next) + retire_after <= Duration::from_millis(milliseconds(now))
            {
                let path = path_of(&self.folder, *old);
                fs::remove_file(&path).map_err(|error| trouble(&path, &error))?;
                removed += 1;
            }
        }
        self.reload()?;
        Ok(removed)
    }

    /// The ids of the keys, oldest first.
    pub fn ids(&self) -> Vec<Uuid> {
        self.current().keys().copied().collect()
    }

    /// Signs with the newest key.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, AuthError> {
        let keys = self.current();
        let (id, key) = keys
            .last_key_value()
            .ok_or_else(|| AuthError::Internal("there is no key to sign with".to_owned()))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(id.simple().to_string());
        jsonwebtoken::encode(&header, claims, &key.signing)
            .map_err(|error| AuthError::Internal(format!("signing a token: {error}")))
    }

    /// Checks the signature alone; times and issuer are the caller's to check.
    pub(crate) fn verify<C: DeserializeOwned>(&self, token: &str) -> Result<C, AuthError> {
        let invalid = |_| AuthError::TokenInvalid;
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        let id = header
            .kid
            .and_then(|id| Uuid::try_parse(&id).ok())
            .ok_or(AuthError::TokenInvalid)?;
        let mut keys = self.current();
        if !keys.contains_key(&id) && self.may_reload() {
            self.reload()?;
            keys = self.current();
        }
        let key = keys.get(&id).ok_or(AuthError::TokenInvalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode(token, &key.verifying, &validation)
            .map(|data| data.claims)
            .map_err(invalid)
    }

    fn current(&self) -> Arc<Keys> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn reload(&self) -> Result<(), AuthError> {
        let keys = Arc::new(load(&self.folder)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Another process may have rotated; anyone may invent key ids, so the folder is not read for each.
    fn may_reload(&self) -> bool {
        let mut reloaded = self.reloaded.lock().unwrap_or_else(PoisonError::into_inner);
        let may = reloaded.is_none_or(|last| last.elapsed() >= RELOAD_PAUSE);
        if may {
            *reloaded = Some(Instant::now());
        }
        may
    }
}

/// Writes a new key.
fn add(folder: &Path, now: Timestamp) -> Result<(), AuthError> {
    let failed = |_| AuthError::Internal("a signing key could not be made".to_owned());
    let pair = Ed25519KeyPair::generate().map_err(failed)?;
    let document = pair.to_pkcs8().map_err(failed)?;
    let newest = load(folder)?
        .into_keys()
        .next_back()
        .map_or(0, |id| milliseconds_of(&id) + 1);
    // Later than the newest, whatever the clock says: the newest signs.
    let made = milliseconds(now).max(newest);
    write_secret(&path_of(folder, id_at(made)), document.as_ref())
}

fn load(folder: &Path) -> Result<Keys, AuthError> {
    let mut keys = Keys::new();
    for entry in fs::read_dir(folder).map_err(|error| trouble(folder, &error))? {
        let path = entry.map_err(|error| trouble(folder, &error))?.path();
        if path.extension().is_none_or(|ending| ending != ENDING) {
            continue;
        }
        let (id, key) = read(&path)?;
        keys.insert(id, key);
    }
    Ok(keys)
}

fn read(path: &Path) -> Result<(Uuid, Key), AuthError> {
    let damaged = || {
        AuthError::Internal(format!(
            "{} is not a signing key. Restore it from a backup or remove it; whoever holds a token signed with it \
             refreshes or signs in again",
            path.display()
        ))
    };
    let id = id_of(path).ok_or_else(damaged)?;
    let document = read_secret(path)?.ok_or_else(damaged)?;
    let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| damaged())?;
    Ok((
        id,
        Key {
            signing: EncodingKey::from_ed_der(&document),
            verifying: DecodingKey::from_ed_der(pair.public_key().as_ref()),
        },
    ))
}

fn path_of(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(id.simple().to_string()).with_extension(ENDING)
}

fn milliseconds_of(id: &Uuid) -> u64 {
    id.get_timestamp().map_or(0, |made| {
        let (seconds, nanoseconds) = made.to_unix();
        seconds
            .saturating_mul(1000)
            .saturating_add(u64::from(nanoseconds / 1_000_000))
    })
}

/// Since 1970.
fn made_at(id: &Uuid) -> Duration {
    Duration::from_millis(milliseconds_of(id))
}
