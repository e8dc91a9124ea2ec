//! The private PostgreSQL in the data folder: made once, started and stopped with the program, watched meanwhile.
//!
//! It listens on a Unix socket in a folder that only its account may enter; who may sign in is decided by the
//! operating system (peer authentication), so there is no password to keep.

pub mod account;
pub mod binaries;
pub mod cluster;

mod layout;
mod orphan;
mod process;
mod tuning;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;

use layout::Layout;

use crate::{
    admin::AdminConnection, error::StoreError, roles::APPLICATION_ROLE, settings::DatabaseSettings,
    statement::Statement, target::Target,
};

/// The running private server. Call [`EmbeddedServer::stop`] at an orderly end; dropping it asks the server to stop
/// without waiting, and the next start waits instead.
pub struct EmbeddedServer {
    layout: Layout,
    process: process::Supervised,
    /// Held for as long as the server is ours.
    _lock: File,
}

impl EmbeddedServer {
    /// Starts the server of the data folder, making the cluster at the first start, and waits until it answers.
    ///
    /// # Errors
    /// [`StoreError::Setup`]: another program uses the folder, PostgreSQL is missing or of another major version, or
    /// it does not start (with the end of its log).
    pub async fn start(settings: &DatabaseSettings) -> Result<EmbeddedServer, StoreError> {
        let layout = Layout::new(&settings.data_dir)?;
        let lock = take_lock(&layout)?;
        let installation = binaries::choose(
            settings.pg_bin.as_deref(),
            layout.cluster_major()?,
            &layout.cluster,
        )?;
        layout.make()?;
        cluster::ensure(&installation, &layout)?;
        orphan::stop_left_over(&layout.cluster).await?;
        cluster::configure(&layout)?;
        let process = process::Supervised::start(&installation, &layout).await?;
        let server = EmbeddedServer {
            layout,
            process,
            _lock: lock,
        };
        server.ensure_database().await?;
        Ok(server)
    }

    /// The owner of the program's database.
    pub fn owner_target(&self) -> Target {
        Target::socket(
            &self.layout.sockets,
            cluster::PORT,
            cluster::OWNER_ROLE,
            cluster::DATABASE,
        )
    }

    /// The process number of the server at the moment; `None` while it is being restarted.
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Stops the server and waits until it has written everything. Connections are closed first.
    pub async fn stop(self) {
        self.process.stop().await;
    }

    async fn ensure_database(&self) -> Result<(), StoreError> {
        let admin =
            AdminConnection::connect(&self.owner_target().with_database("postgres")).await?;
        let found = Statement::new("select 1 from pg_database where datname = $1")
            .with(cluster::DATABASE, tokio_postgres::types::Type::TEXT);
        if admin.query(&found).await?.is_empty() {
            admin
                .script(&format!("create database {}", cluster::DATABASE))
                .await?;
        }
        Ok(())
    }
}

/// The application's target in the private server of the data folder, which must run.
pub(crate) fn application_target(settings: &DatabaseSettings) -> Result<Target, StoreError> {
    let layout = Layout::new(&settings.data_dir)?;
    Ok(Target::socket(
        &layout.sockets,
        cluster::PORT,
        APPLICATION_ROLE,
        cluster::DATABASE,
    ))
}

/// The owner's target in the private server of the data folder, which must run: for a command beside a running
/// program.
pub fn owner_target(settings: &DatabaseSettings) -> Result<Target, StoreError> {
    let layout = Layout::new(&settings.data_dir)?;
    Ok(Target::socket(
        &layout.sockets,
        cluster::PORT,
        cluster::OWNER_ROLE,
        cluster::DATABASE,
    ))
}

/// Whether a program of ours runs the private server of the data folder at the moment.
pub fn is_in_use(settings: &DatabaseSettings) -> Result<bool, StoreError> {
    let layout = Layout::new(&settings.data_dir)?;
    match File::open(&layout.lock) {
        Ok(file) => Ok(matches!(
            file.try_lock_shared(),
            Err(TryLockError::WouldBlock)
        )),
        Err(_) => Ok(false),
    }
}

/// One program per data folder. The operating system gives the lock back however the program ends.
fn take_lock(layout: &Layout) -> Result<File, StoreError> {
    let failed = |error: std::io::Error| {
        StoreError::setup(format!(
            "{} cannot be locked: {error}",
            layout.lock.display()
        ))
    };
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&layout.lock)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).map_err(failed)?;
            writeln!(file, "{}", std::process::id()).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let holder = std::fs::read_to_string(&layout.lock).unwrap_or_default();
            Err(StoreError::setup(format!(
                "the data folder {} is in use by another Kith (process {}): stop that one, or choose another KITH_DATA_DIR",
                layout.data.display(),
                holder.trim()
            )))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
