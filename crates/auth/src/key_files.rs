//! Files that hold a secret of the installation: in a folder of their own, readable by their owner only,
//! named by a UUID of version 7 so that the last is the newest.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use crate::error::AuthError;

const LOCK: &str = ".lock";

/// Makes the folder (0700) when it is not there.
pub(crate) fn make_folder(folder: &Path) -> Result<(), AuthError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)))
        .map_err(|error| trouble(folder, &error))
}

/// Held until dropped; other processes wait.
pub(crate) fn lock(folder: &Path) -> Result<File, AuthError> {
    let path = folder.join(LOCK);
    let open = || -> io::Result<File> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        file.lock()?;
        Ok(file)
    };
    open().map_err(|error| trouble(&path, &error))
}

/// Writes a secret (0600) beside its place and moves it there, so that nobody reads half of one.
pub(crate) fn write_secret(path: &Path, secret: &[u8]) -> Result<(), AuthError> {
    let draft = path.with_extension("draft");
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&draft)?;
        writeln!(file, "{}", STANDARD.encode(secret))?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|error| trouble(path, &error))
}

/// Reads a secret, and closes its file to others when it was open to them. `None` for what is not one.
pub(crate) fn read_secret(path: &Path) -> Result<Option<Vec<u8>>, AuthError> {
    let mode = fs::metadata(path)
        .map_err(|error| trouble(path, &error))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "a key was readable by others; closing it to them");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .map_err(|error| trouble(path, &error))?;
    }
    let text = fs::read_to_string(path).map_err(|error| trouble(path, &error))?;
    Ok(STANDARD.decode(text.trim()).ok())
}

/// The id in a file's name.
pub(crate) fn id_of(path: &Path) -> Option<Uuid> {
    let stem = path.file_stem()?.to_str()?;
    Uuid::try_parse(stem).ok()
}

/// An id of this time, in milliseconds since 1970.
pub(crate) fn id_at(milliseconds: u64) -> Uuid {
    Uuid::new_v7(uuid::Timestamp::from_unix(
        NoContext,
        milliseconds / 1000,
        u32::try_from(milliseconds % 1000).unwrap_or_default() * 1_000_000,
    ))
}

/// Since 1970; no time before.
pub(crate) fn milliseconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond()).unwrap_or_default()
}

pub(crate) fn trouble(path: &Path, error: &io::Error) -> AuthError {
    AuthError::Internal(format!(
        "{}: {error}. The folder must belong to the account that runs the program",
        path.display()
    ))
}
