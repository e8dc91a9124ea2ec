//! What an earlier run left behind: a server that outlived the program, or a pid file without a server.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::error::StoreError;

/// How long a left-over server may take to finish its shutdown checkpoint.
const FAST: Duration = Duration::from_mins(1);
const IMMEDIATE: Duration = Duration::from_secs(10);

/// Stops a server that an earlier run left on this cluster, so that ours starts from a clean state. The caller holds
/// the data folder's lock, so no other program of ours uses it.
pub(crate) async fn stop_left_over(cluster: &Path) -> Result<(), StoreError> {
    let file = cluster.join("postmaster.pid");
    let Some(pid) = read_pid(&file) else {
        return Ok(());
    };
    if !is_alive(pid) {
        // PostgreSQL sees that itself and replaces the file.
        return Ok(());
    }
    match is_server_of(pid, cluster) {
        Some(true) => stop(pid, cluster).await,
        Some(false) => remove_stale(&file, pid, cluster),
        None => Err(StoreError::setup(format!(
            "{} names process {pid}, and it cannot be told whether that is a PostgreSQL of this folder: \
             look at it with `ps -p {pid}`; stop it if it is one, else remove the file",
            file.display()
        ))),
    }
}

async fn stop(pid: Pid, cluster: &Path) -> Result<(), StoreError> {
    tracing::warn!(%pid, "stopping a database server that an earlier run left");
    for (signal, patience) in [(Signal::SIGINT, FAST), (Signal::SIGQUIT, IMMEDIATE)] {
        if kill(pid, signal).is_err() {
            break;
        }
        let began = Instant::now();
        while is_alive(pid) && is_server_of(pid, cluster) != Some(false) {
            if began.elapsed() > patience {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if !is_alive(pid) || is_server_of(pid, cluster) == Some(false) {
            return Ok(());
        }
    }
    if is_alive(pid) {
        return Err(StoreError::setup(format!(
            "a PostgreSQL that an earlier run left (process {pid}) does not stop; stop it with `kill -QUIT {pid}` and start again"
        )));
    }
    Ok(())
}

/// The number in the pid file now belongs to another program, at which PostgreSQL would refuse to start for ever. The
/// file may go only when no process at all works in the cluster: a backend of the dead server may still write.
fn remove_stale(file: &Path, pid: Pid, cluster: &Path) -> Result<(), StoreError> {
    if processes_in(cluster).is_some_and(|found| found.is_empty()) {
        tracing::warn!(%pid, "the pid file of the database names an unrelated process; removing the file");
        return fs::remove_file(file).map_err(|error| {
            StoreError::setup(format!("{} cannot be removed: {error}", file.display()))
        });
    }
    Ok(())
}

fn read_pid(file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(file).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    (pid > 1).then(|| Pid::from_raw(pid))
}

/// A process we may not signal is alive all the same. One that ended and waits for its parent is not.
fn is_alive(pid: Pid) -> bool {
    if kill(pid, None) == Err(nix::errno::Errno::ESRCH) {
        return false;
    }
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !status
        .rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

/// Whether the process is a PostgreSQL that works in this cluster; `None` when that cannot be found out.
fn is_server_of(pid: Pid, cluster: &Path) -> Option<bool> {
    if Path::new("/proc/self").exists() {
        let name = match fs::read_to_string(format!("/proc/{pid}/comm")) {
            Ok(name) => name,
            Err(error) => return (error.kind() == std::io::ErrorKind::NotFound).then_some(false),
        };
        if !matches!(name.trim(), "postgres" | "postmaster") {
            return Some(false);
        }
        return fs::read_link(format!("/proc/{pid}/cwd"))
            .ok()
            .map(|folder| folder == cluster);
    }
    let output = std::process::Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let command = String::from_utf8_lossy(&output.stdout);
    Some(command.contains("postgres") && command.contains(&*cluster.to_string_lossy()))
}

/// The processes that work in the cluster, where the system tells.
fn processes_in(cluster: &Path) -> Option<Vec<u32>> {
    let entries = fs::read_dir("/proc").ok()?;
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        if fs::read_link(entry.path().join("cwd")).is_ok_and(|folder| folder == cluster) {
            found.push(pid);
        }
    }
    Some(found)
}
