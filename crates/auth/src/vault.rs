//! Secrets that must be read again, such as those of second factors and of connected accounts, sealed
//! (AES-256-GCM) with a key from the data folder: whoever has the database alone has none of them. What a link
//! in a mail says is sealed too, so that nobody can read or make one.
//!
//! Nodes that serve the same database must share the folder. A backup of the database needs one of the
//! folder beside it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::AuthError,
    key_files::{
        id_at, id_of, lock, make_folder, milliseconds, read_secret, trouble, write_secret,
    },
    token::random_bytes,
};

/// The ending of the keys' files; signing keys in the same folder have another.
const ENDING: &str = "seal";
const ID_LENGTH: usize = 16;
/// Anyone may present a link with an invented key: the folder is not read for each.
const RELOAD_PAUSE: Duration = Duration::from_secs(5);

/// The keys of a folder. The newest seals; all open.
pub struct Vault {
    folder: PathBuf,
    keys: RwLock<Arc<Keys>>,
    reloaded: Mutex<Option<Instant>>,
}

type Keys = BTreeMap<Uuid, RandomizedNonceKey>;

impl Vault {
    /// Opens the folder, and makes a first key when there is none. Processes that start at the same time
    /// end up with the same key.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the folder cannot be read or written, or a key file is damaged; the
    /// text names the file and what to do.
    pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Vault, AuthError> {
        make_folder(folder)?;
        let _lock = lock(folder)?;
        let mut keys = load(folder)?;
        if keys.is_empty() {
            let path = path_of(folder, id_at(milliseconds(now)));
            write_secret(&path, &random_bytes::<32>()?)?;
            keys = load(folder)?;
        }
        Ok(Vault {
            folder: folder.to_owned(),
            keys: RwLock::new(Arc::new(keys)),
            reloaded: Mutex::new(None),
        })
    }

    /// Seals a secret for one owner: it opens for nobody else.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when there is no key, or no randomness.
    pub fn seal(&self, owner: Uuid, secret: &[u8]) -> Result<Vec<u8>, AuthError> {
        let failed = || AuthError::Internal("a secret could not be sealed".to_owned());
        let keys = self.current();
        let (id, key) = keys.last_key_value().ok_or_else(failed)?;
        let mut sealed = secret.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(owner.as_bytes()), &mut sealed)
            .map_err(|_| failed())?;
        let mut whole = Vec::with_capacity(ID_LENGTH + NONCE_LEN + sealed.len());
        whole.extend_from_slice(id.as_bytes());
        whole.extend_from_slice(nonce.as_ref());
        whole.extend_from_slice(&sealed);
        Ok(whole)
    }

    /// Opens what was sealed for this owner.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when its key is not in the folder, or it was sealed for another.
    pub fn unseal(&self, owner: Uuid, sealed: &[u8]) -> Result<Vec<u8>, AuthError> {
        let damaged = || {
            AuthError::Internal(format!(
                "the sealed secret of {owner} cannot be opened: it is damaged, or its key is missing in {}. Restore \
                 the folder's *.{ENDING} from a backup. Without one, secrets have to be set anew; second factors by \
                 `kith user disable-second-factor`",
                self.folder.display()
            ))
        };
        let (id, rest) = sealed.split_at_checked(ID_LENGTH).ok_or_else(damaged)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        let id = Uuid::from_slice(id).map_err(|_| damaged())?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut keys = self.current();
        if !keys.contains_key(&id) && self.may_reload() {
            // Another node may have made it.
            keys = Arc::new(load(&self.folder)?);
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        }
        let key = keys.get(&id).ok_or_else(damaged)?;
        let mut text = text.to_vec();
        let secret = key
            .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut text)
            .map_err(|_| damaged())?;
        Ok(secret.to_vec())
    }

    fn may_reload(&self) -> bool {
        let mut reloaded = self.reloaded.lock().unwrap_or_else(PoisonError::into_inner);
        let may = reloaded.is_none_or(|last| last.elapsed() >= RELOAD_PAUSE);
        if may {
            *reloaded = Some(Instant::now());
        }
        may
    }

    fn current(&self) -> Arc<Keys> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn load(folder: &Path) -> Result<Keys, AuthError> {
    let mut keys = Keys::new();
    for entry in fs::read_dir(folder).map_err(|error| trouble(folder, &error))? {
        let path = entry.map_err(|error| trouble(folder, &error))?.path();
        if path.extension().is_none_or(|ending| ending != ENDING) {
            continue;
        }
        let damaged = || {
            AuthError::Internal(format!(
                "{} is not a key. Restore it from a backup: second factors that it sealed cannot be checked without it",
                path.display()
            ))
        };
        let id = id_of(&path).ok_or_else(damaged)?;
        let bytes = read_secret(&path)?.ok_or_else(damaged)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| damaged())?;
        keys.insert(id, key);
    }
    Ok(keys)
}

fn path_of(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(id.simple().to_string()).with_extension(ENDING)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path =
                std::env::temp_dir().join(format!("kith-vault-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_alone_also_after_a_restart() {
        let folder = Folder::new("owner");
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let vault = Vault::open(&folder.0, now()).unwrap();
        let sealed = vault.seal(ada, b"a secret").unwrap();
        assert!(!sealed.windows(8).any(|part| part == b"a secret"));
        assert_ne!(
            sealed,
            vault.seal(ada, b"a secret").unwrap(),
            "no two are alike"
        );
        let again = Vault::open(&folder.0, now()).unwrap();
        assert_eq!(again.unseal(ada, &sealed).unwrap(), b"a secret");
        assert!(again.unseal(bob, &sealed).is_err());
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(again.unseal(ada, &damaged).is_err(), "byte {place}");
        }
        assert!(again.unseal(ada, &sealed[..20]).is_err());
        assert!(again.unseal(ada, &[]).is_err());
    }

    #[test]
    fn a_key_that_another_node_made_is_found() {
        let folder = Folder::new("nodes");
        let vault = Vault::open(&folder.0, now()).unwrap();
        let owner = Uuid::from_u128(1);
        write_secret(
            &path_of(&folder.0, id_at(milliseconds(now()) + 1)),
            &[7; 32],
        )
        .unwrap();
        let sealed = Vault::open(&folder.0, now())
            .unwrap()
            .seal(owner, b"x")
            .unwrap();
        assert_eq!(vault.unseal(owner, &sealed).unwrap(), b"x");
    }
}
