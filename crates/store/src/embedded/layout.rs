//! Where the private server keeps what.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::{self, Account};
use crate::error::StoreError;

/// A socket's path has room for about 104 bytes; the socket's own name takes some.
const LONGEST_SOCKET_FOLDER: usize = 85;
/// Where the cluster goes when we are root and the account that runs it cannot enter the data folder.
const SHARED_STATE: &str = "/var/lib/kith";

/// The folders and files of one private server.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The parent of cluster and sockets: the data folder, unless the server's account cannot enter that.
    pub(crate) base: PathBuf,
    /// PostgreSQL's own folder.
    pub(crate) cluster: PathBuf,
    /// The folder of the socket.
    pub(crate) sockets: PathBuf,
    /// The server's log.
    pub(crate) log: PathBuf,
    /// Held by the program that runs the server.
    pub(crate) lock: PathBuf,
    /// The account the server runs as when it is not ours.
    pub(crate) account: Option<Account>,
}

impl Layout {
    /// Works out the places and makes the data folder.
    pub(crate) fn new(data_dir: &Path) -> Result<Layout, StoreError> {
        let account = account::to_become()?;
        let failed = |error: std::io::Error| {
            StoreError::setup(format!(
                "KITH_DATA_DIR: {} cannot be used: {error}",
                data_dir.display()
            ))
        };
        if !data_dir.exists() {
            let mode = if account.is_some() { 0o711 } else { 0o700 };
            account::make_folder(data_dir, mode, None)?;
        }
        let data = data_dir.canonicalize().map_err(failed)?;
        if account.is_some() {
            let_through(&data).map_err(failed)?;
        }
        let digest = short_name(&data);
        let base = match account {
            Some(account) if !account::can_enter(account, &data) => {
                Path::new(SHARED_STATE).join(&digest)
            }
            _ => data.clone(),
        };
        let mut sockets = base.join("run");
        if sockets.as_os_str().len() > LONGEST_SOCKET_FOLDER {
            sockets = std::env::temp_dir().join(format!("kith-{digest}"));
        }
        Ok(Layout {
            cluster: base.join("postgres"),
            log: base.join("postgres.log"),
            lock: data.join("kith.lock"),
            data,
            base,
            sockets,
            account,
        })
    }

    /// Makes the folders, for the account that runs the server.
    pub(crate) fn make(&self) -> Result<(), StoreError> {
        if self.base != self.data {
            account::make_folder(Path::new(SHARED_STATE), 0o711, None)?;
            account::make_folder(&self.base, 0o711, None)?;
            tracing::info!(
                folder = %self.base.display(),
                "PostgreSQL's account cannot enter the data folder, so its files are kept here"
            );
        }
        self.refuse_foreign_sockets()?;
        account::make_folder(&self.sockets, 0o700, self.account)
    }

    /// The major version of the cluster, or `None` when there is none yet.
    pub(crate) fn cluster_major(&self) -> Result<Option<u32>, StoreError> {
        let file = self.cluster.join("PG_VERSION");
        match std::fs::read_to_string(&file) {
            Ok(text) => text
                .trim()
                .split('.')
                .next()
                .and_then(|major| major.parse().ok())
                .map(Some)
                .ok_or_else(|| {
                    StoreError::setup(format!(
                        "{} does not hold a version of PostgreSQL: {:?}",
                        file.display(),
                        text.trim()
                    ))
                }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::setup(format!(
                "{} cannot be read: {error}",
                file.display()
            ))),
        }
    }

    /// The fallback folder lies where anyone may make one first: it must be ours or the server account's.
    fn refuse_foreign_sockets(&self) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt;
        let Ok(metadata) = std::fs::symlink_metadata(&self.sockets) else {
            return Ok(());
        };
        let ours = metadata.uid() == nix::unistd::geteuid().as_raw();
        let servers = self
            .account
            .is_some_and(|account| metadata.uid() == account.uid);
        if metadata.is_dir() && (ours || servers) {
            return Ok(());
        }
        Err(StoreError::setup(format!(
            "{} belongs to somebody else; remove it, or choose a shorter KITH_DATA_DIR so that it is not needed",
            self.sockets.display()
        )))
    }
}

/// Lets other accounts pass through the data folder, without letting them see what is in it.
fn let_through(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(folder)?.permissions().mode();
    if mode & 0o011 != 0o011 {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode | 0o011))?;
    }
    Ok(())
}

/// A short name for a path, the same at every start.
fn short_name(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let start = digest
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("{start:016x}")
}
