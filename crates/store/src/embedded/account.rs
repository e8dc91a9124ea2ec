//! Which operating-system account runs PostgreSQL. PostgreSQL refuses to run as root, and so do we: started as root,
//! the server gets an account of its own and its folders belong to that account.

use std::{
    os::unix::fs::{MetadataExt, chown},
    path::Path,
};

use nix::unistd::User;

use crate::error::StoreError;

/// An account other than our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's number.
    pub uid: u32,
    /// The user's group.
    pub gid: u32,
}

/// The account to change to: `None` unless we are root, then the first of `kith`, `postgres`, `nobody` there is.
///
/// # Errors
/// [`StoreError::Setup`] when we are root and there is none of them.
pub fn to_become() -> Result<Option<Account>, StoreError> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    for name in ["kith", "postgres", "nobody"] {
        if let Ok(Some(user)) = User::from_name(name) {
            return Ok(Some(Account {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            }));
        }
    }
    Err(StoreError::setup(
        "PostgreSQL does not run as root, and there is no account `kith`, `postgres` or `nobody` to run it as: \
         make one with `useradd --system kith`, or start the program as another user",
    ))
}

/// Our own account's name, which PostgreSQL's peer authentication sees.
pub fn own_name() -> Result<String, StoreError> {
    let uid = nix::unistd::geteuid();
    match User::from_uid(uid) {
        Ok(Some(user)) => Ok(user.name),
        _ => Err(StoreError::setup(format!(
            "the account with number {uid} has no name, and PostgreSQL needs one: add it to /etc/passwd, or set DATABASE_URL"
        ))),
    }
}

/// Whether `account` can enter `folder`, as far as permission bits tell: it needs to pass through every
/// parent. Supplementary groups do not count: they are dropped when the account is changed to.
pub fn can_enter(account: Account, folder: &Path) -> bool {
    folder
        .ancestors()
        .all(|ancestor| match std::fs::metadata(ancestor) {
            Ok(metadata) => {
                let bit = if metadata.uid() == account.uid {
                    0o100
                } else if metadata.gid() == account.gid {
                    0o010
                } else {
                    0o001
                };
                metadata.mode() & bit != 0
            }
            Err(_) => true,
        })
}

/// Makes a folder with these permission bits that belongs to the account (ours when `None`).
pub fn make_folder(folder: &Path, mode: u32, account: Option<Account>) -> Result<(), StoreError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let failed = |error: std::io::Error| {
        StoreError::setup(format!(
            "the folder {} cannot be made: {error}",
            folder.display()
        ))
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .map_err(failed)?;
    let metadata = std::fs::symlink_metadata(folder).map_err(failed)?;
    if !metadata.is_dir() {
        return Err(StoreError::setup(format!(
            "{} is no folder",
            folder.display()
        )));
    }
    if let Some(account) = account
        && (metadata.uid(), metadata.gid()) != (account.uid, account.gid)
    {
        chown(folder, Some(account.uid), Some(account.gid)).map_err(failed)?;
    }
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).map_err(failed)
}
