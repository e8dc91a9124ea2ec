//! Making the cluster and writing its configuration.

use std::{
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::{account, account::Account, binaries::Installation, layout::Layout, tuning};
use crate::{error::StoreError, roles::APPLICATION_ROLE};

/// The superuser of the private server: it owns the database and migrates it.
pub const OWNER_ROLE: &str = "kith_owner";
/// The private server's database.
pub const DATABASE: &str = "kith";
/// Only a part of the socket's name: the private server listens on no network.
pub const PORT: u16 = 5432;

/// A program of the installation, with a clean environment and as the account that runs the server.
pub fn command(program: &Path, account: Option<Account>) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::null());
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// Makes a cluster in an empty folder that belongs to the account.
///
/// # Errors
/// [`StoreError::Setup`] with what `initdb` said.
pub fn initialise(
    installation: &Installation,
    folder: &Path,
    owner: &str,
    account: Option<Account>,
    extra: &[&str],
) -> Result<(), StoreError> {
    // Linux has a Unicode locale without the rules of any language, which is what the schema expects; elsewhere the
    // order is the same and only upper and lower case come from a language's locale.
    let locale: &[&str] = if cfg!(target_os = "linux") {
        &["--locale=C.UTF-8"]
    } else {
        &[
            "--lc-collate=C",
            "--lc-ctype=en_US.UTF-8",
            "--lc-messages=C",
        ]
    };
    let output = command(&installation.program("initdb"), account)
        .args([OsStr::new("-D"), folder.as_os_str()])
        .args([
            "-U",
            owner,
            "--auth-local=peer",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--data-checksums",
        ])
        .args(locale)
        .args(extra)
        .output()
        .map_err(|error| StoreError::setup(format!("initdb cannot be started: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(StoreError::setup(format!(
        "PostgreSQL could not make its data folder {}: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

/// Makes the private cluster unless it is there: beside its place, and moved there when complete, so that an
/// interrupted attempt leaves nothing that looks like a cluster.
pub(crate) fn ensure(installation: &Installation, layout: &Layout) -> Result<(), StoreError> {
    if layout.cluster_major()?.is_some() {
        return Ok(());
    }
    let next = layout.cluster.with_extension("new");
    let failed = |error: std::io::Error| {
        StoreError::setup(format!(
            "{} cannot be prepared: {error}",
            layout.cluster.display()
        ))
    };
    match fs::remove_dir_all(&next) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => account::make_folder(&next, 0o700, layout.account)?,
    }
    tracing::info!(folder = %layout.cluster.display(), version = installation.major, "making the database, once");
    initialise(installation, &next, OWNER_ROLE, layout.account, &[])?;
    let file = next.join("postgresql.conf");
    let mut text = fs::read_to_string(&file).map_err(failed)?;
    text.push_str("\ninclude_if_exists = 'kith.conf'\ninclude_if_exists = 'local.conf'\n");
    write(&file, &text, layout.account)?;
    // Fails when something else is in the place, which is then left alone.
    fs::rename(&next, &layout.cluster).map_err(failed)
}

/// Writes what is ours at every start: sizes, and who may sign in (the account that runs this program, as the two
/// roles; nobody else, and nobody over the network).
pub(crate) fn configure(layout: &Layout) -> Result<(), StoreError> {
    let name = account::own_name()?.replace('"', "\"\"");
    let identities = format!(
        "# Written by Kith at every start.\nkith \"{name}\" {OWNER_ROLE}\nkith \"{name}\" {APPLICATION_ROLE}\n"
    );
    write(
        &layout.cluster.join("pg_ident.conf"),
        &identities,
        layout.account,
    )?;
    let access = "# Written by Kith at every start.\nlocal all all peer map=kith\n";
    write(&layout.cluster.join("pg_hba.conf"), access, layout.account)?;
    let sizes = tuning::configuration(tuning::memory(), tuning::small_shared_memory());
    write(&layout.cluster.join("kith.conf"), &sizes, layout.account)
}

/// Writes a file that only the server's account may read. Through a second file, so that a crash leaves the old one
/// or the new one, never half.
pub fn write(file: &Path, text: &str, account: Option<Account>) -> Result<(), StoreError> {
    use std::os::unix::fs::{PermissionsExt, chown};
    let failed = |error: std::io::Error| {
        StoreError::setup(format!("{} cannot be written: {error}", file.display()))
    };
    let next = file.with_extension("next");
    fs::write(&next, text).map_err(failed)?;
    fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    if let Some(account) = account {
        chown(&next, Some(account.uid), Some(account.gid)).map_err(failed)?;
    }
    fs::rename(&next, file).map_err(failed)
}
