//! The server's process: started, watched, started again when it dies, stopped with the program.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
};

use super::{account::Account, binaries::Installation, cluster, layout::Layout};
use crate::{
    error::{StoreError, chain},
    target::Target,
};

/// How many bytes of the server's log an error shows at most.
const LOG_TAIL: u64 = 2_000;
/// A log longer than this is put aside at the next start.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;
/// Replaying the log after a crash can take long; a server that still says "starting up" after this is stuck.
const START: Duration = Duration::from_mins(10);
const FAST: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a start needs, so that the watcher can repeat it.
#[derive(Clone)]
struct Plan {
    program: PathBuf,
    cluster: PathBuf,
    sockets: PathBuf,
    log: PathBuf,
    account: Option<Account>,
}

/// A running server and its watcher.
pub(crate) struct Supervised {
    /// 0 while no server runs.
    pid: Arc<AtomicU32>,
    stop: watch::Sender<bool>,
    watcher: Option<JoinHandle<()>>,
}

impl Supervised {
    pub(crate) async fn start(
        installation: &Installation,
        layout: &Layout,
    ) -> Result<Supervised, StoreError> {
        let plan = Plan {
            program: installation.program("postgres"),
            cluster: layout.cluster.clone(),
            sockets: layout.sockets.clone(),
            log: layout.log.clone(),
            account: layout.account,
        };
        let mut child = plan.spawn()?;
        if let Err(error) = plan.wait_until_ready(&mut child).await {
            terminate(&mut child).await;
            return Err(error);
        }
        let pid = Arc::new(AtomicU32::new(child.id().unwrap_or(0)));
        let (stop, stopped) = watch::channel(false);
        let watcher = tokio::spawn(watch_over(plan, child, Arc::clone(&pid), stopped));
        Ok(Supervised {
            pid,
            stop,
            watcher: Some(watcher),
        })
    }

    pub(crate) fn id(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::Relaxed)).filter(|pid| *pid != 0)
    }

    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(watcher) = self.watcher.take()
            && let Err(error) = watcher.await
        {
            tracing::error!(error = %chain(&error), "the database's watcher failed");
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        if self.watcher.is_none() {
            return;
        }
        // Not stopped in order: the watcher may never run again, so ask the server directly.
        self.stop.send_replace(true);
        if let Some(pid) = self.id() {
            signal(pid, Signal::SIGINT);
        }
    }
}

impl Plan {
    fn spawn(&self) -> Result<Child, StoreError> {
        let failed = |error: std::io::Error| {
            StoreError::setup(format!("PostgreSQL cannot be started: {error}"))
        };
        let log = self.open_log().map_err(failed)?;
        let mut command = Command::from(cluster::command(&self.program, self.account));
        command
            .arg("-D")
            .arg(&self.cluster)
            .arg("-k")
            .arg(&self.sockets)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "unix_socket_permissions=0700",
            ])
            .args(["-c", &format!("port={}", cluster::PORT)])
            .stdout(Stdio::null())
            .stderr(log)
            // A group of its own: Ctrl-C in a terminal reaches the program, which then stops the server in order.
            .process_group(0)
            .kill_on_drop(false);
        command.spawn().map_err(failed)
    }

    fn open_log(&self) -> std::io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt;
        if std::fs::metadata(&self.log).is_ok_and(|metadata| metadata.len() > LOG_LIMIT) {
            std::fs::rename(&self.log, self.log.with_extension("log.old"))?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.log)
    }

    /// Waits until the server answers a connection. It is still starting while it says so or has no socket yet.
    async fn wait_until_ready(&self, child: &mut Child) -> Result<(), StoreError> {
        let target = Target::socket(
            &self.sockets,
            cluster::PORT,
            cluster::OWNER_ROLE,
            "postgres",
        );
        let began = Instant::now();
        let mut told = began;
        loop {
            let Err(refusal) = target.connect().await else {
                return Ok(());
            };
            if let Ok(Some(status)) = child.try_wait() {
                return Err(self.did_not_start(&format!("it ended ({status})")));
            }
            let starting = refusal
                .code()
                .is_none_or(|code| code.code().starts_with("57P"));
            if !starting || began.elapsed() > START {
                return Err(self.did_not_start(&chain(&refusal)));
            }
            if told.elapsed() > Duration::from_secs(10) {
                told = Instant::now();
                tracing::info!("the database is still starting; it may be recovering from a crash");
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    fn did_not_start(&self, reason: &str) -> StoreError {
        StoreError::setup(format!(
            "PostgreSQL did not start: {reason}. The end of {}:\n{}",
            self.log.display(),
            tail(&self.log).unwrap_or_default().trim()
        ))
    }
}

/// Starts the server again whenever it ends unasked, until told to stop; then stops it.
async fn watch_over(
    plan: Plan,
    mut child: Child,
    pid: Arc<AtomicU32>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut pause = Duration::from_millis(50);
    loop {
        let began = Instant::now();
        let ended = tokio::select! {
            status = child.wait() => status,
            () = until_stopped(&mut stopped) => {
                terminate(&mut child).await;
                pid.store(0, Ordering::Relaxed);
                return;
            }
        };
        pid.store(0, Ordering::Relaxed);
        report(ended, &plan.log);
        if began.elapsed() > LONGEST_PAUSE {
            pause = Duration::from_millis(50);
        }
        // Processes of the dead server may still hold its memory; PostgreSQL then refuses, and we try again.
        child = loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = until_stopped(&mut stopped) => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            match plan.spawn() {
                Ok(child) => break child,
                Err(error) => {
                    tracing::error!(%error, "the database cannot be started again; trying again");
                }
            }
        };
        pid.store(child.id().unwrap_or(0), Ordering::Relaxed);
    }
}

/// Completes when the server shall stop, also when nobody is left who could say so.
async fn until_stopped(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// A fast shutdown, and an immediate one when that takes too long (the next start then recovers).
async fn terminate(child: &mut Child) {
    for request in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
        let Some(pid) = child.id() else { return };
        signal(pid, request);
        if tokio::time::timeout(FAST, child.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(%request, "the database did not stop in time");
    }
}

fn signal(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid)
        && let Err(error) = kill(Pid::from_raw(pid), signal)
    {
        tracing::debug!(%error, "the database server could not be signalled");
    }
}

fn report(ended: std::io::Result<ExitStatus>, log: &Path) {
    let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
    let log = tail(log).unwrap_or_default();
    tracing::error!(%status, %log, "the database server ended; starting it again");
}

fn tail(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
