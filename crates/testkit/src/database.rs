//! One database for one test.
#![expect(
    clippy::panic,
    reason = "a test without its database cannot go on, and the text says why"
)]

use std::{
    fmt::Write as _,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use kith_store::{AdminConnection, Database, DatabaseSettings, Statement, types::Type};
use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

use crate::{
    cluster::{OWNER, OWNER_PASSWORD, TestServer},
    template,
};

/// How a test reaches its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The Unix socket, as the private server of the program does, as a superuser.
    Socket,
    /// TCP on the loopback address with a password, as an owner that is no superuser: like a managed server.
    Tcp,
}

/// A migrated, otherwise empty database that goes when this is dropped.
pub struct TestDatabase {
    name: String,
    server: TestServer,
    settings: DatabaseSettings,
    database: Option<Database>,
}

impl TestDatabase {
    /// A database with every migration applied.
    ///
    /// # Panics
    /// When there is no PostgreSQL; the text says what to install.
    pub async fn new() -> TestDatabase {
        unwrap(TestDatabase::create(Kind::Migrated).await)
    }

    /// A database with nothing in it, and therefore without [`TestDatabase::database`].
    ///
    /// # Panics
    /// As [`TestDatabase::new`].
    pub async fn empty(transport: Transport) -> TestDatabase {
        unwrap(TestDatabase::create(Kind::Empty(transport)).await)
    }

    /// The database as the application sees it: bound by row security.
    ///
    /// # Panics
    /// For a database made by [`TestDatabase::empty`].
    pub fn database(&self) -> &Database {
        self.database
            .as_ref()
            .unwrap_or_else(|| panic!("an empty database has no application role's pool"))
    }

    /// A connection of the owner, which sees everything.
    ///
    /// # Panics
    /// When the server went away.
    pub async fn admin(&self) -> AdminConnection {
        unwrap(self.server.administrate(&self.name).await)
    }

    /// Settings with the owner's URL, for starting the program or a pool of another size.
    pub fn settings(&self) -> DatabaseSettings {
        self.settings.clone()
    }

    /// The owner's URL.
    ///
    /// # Panics
    /// Never: every test database has one.
    pub fn url(&self) -> &str {
        self.settings
            .url
            .as_deref()
            .unwrap_or_else(|| panic!("a test database has a URL"))
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    async fn create(kind: Kind) -> Result<TestDatabase> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = TestServer::find_or_start().await?;
        let admin = server.administrate("postgres").await?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            sweep(&admin).await?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let name = format!("kith_test_{}_{now}_{number}", std::process::id());
        let (template, owner) = match kind {
            Kind::Migrated => (template::ensure(&server).await?, String::new()),
            Kind::Empty(Transport::Socket) => ("template0".to_owned(), String::new()),
            Kind::Empty(Transport::Tcp) => ("template0".to_owned(), format!(" owner {OWNER}")),
        };
        admin
            .script(&format!(
                "create database {name} template {template} strategy file_copy{owner}"
            ))
            .await?;
        let url = match kind {
            Kind::Empty(Transport::Tcp) => tcp_url(&server, &name)?,
            Kind::Migrated | Kind::Empty(Transport::Socket) => server.url(&name),
        };
        let mut settings = DatabaseSettings::new(std::env::temp_dir());
        settings.url = Some(url);
        settings.pool_size = 8;
        let database = match kind {
            Kind::Migrated => Some(Database::open(&settings).await?),
            Kind::Empty(_) => None,
        };
        Ok(TestDatabase {
            name,
            server,
            settings,
            database,
        })
    }
}

/// Does not wait: `dropdb` goes on by itself, and what it misses the next run sweeps.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(programs) = &self.server.programs else {
            return;
        };
        let _ = Command::new(programs.join("dropdb"))
            .args([
                "--force",
                "--if-exists",
                "--maintenance-db",
                &self.server.url("postgres"),
                &self.name,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: a test runner may end the test's group together with the test.
            .process_group(0)
            .spawn();
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Migrated,
    Empty(Transport),
}

fn tcp_url(server: &TestServer, name: &str) -> Result<String> {
    let port = server
        .tcp_port
        .context("a TCP test needs the private test server: unset KITH_TEST_DATABASE_URL")?;
    let mut password = String::new();
    for byte in OWNER_PASSWORD.bytes() {
        write!(password, "%{byte:02X}")?;
    }
    Ok(format!(
        "postgresql://{OWNER}:{password}@127.0.0.1:{port}/{name}"
    ))
}

/// Drops what earlier test processes left: those that ended more than a minute ago.
async fn sweep(admin: &AdminConnection) -> Result<()> {
    let found =
        Statement::new("select datname::text from pg_database where datname like $1 limit 50")
            .with("kith\\_test\\_%", Type::TEXT);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    for row in admin.query(&found).await? {
        let name: String = row.try_get(0)?;
        if is_left_over(&name, now) {
            // Another process may sweep the same one.
            let _ = admin
                .script(&format!("drop database if exists {name} with (force)"))
                .await;
        }
    }
    Ok(())
}

/// `kith_test_<process>_<seconds>_<number>`.
fn is_left_over(name: &str, now: Duration) -> bool {
    let mut parts = name.trim_start_matches("kith_test_").split('_');
    let process = parts.next().and_then(|part| part.parse().ok());
    let made = parts
        .next()
        .and_then(|part| part.parse().ok())
        .map(Duration::from_secs);
    let (Some(process), Some(made)) = (process, made) else {
        return false;
    };
    let age = now.saturating_sub(made);
    let ended = kill(Pid::from_raw(process), None) == Err(Errno::ESRCH);
    age > Duration::from_hours(6) || (ended && age > Duration::from_mins(1))
}

fn unwrap<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("no test database: {error:#}"))
}
