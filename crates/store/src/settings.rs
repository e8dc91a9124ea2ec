//! What the operator may choose about the database.

use std::{fmt, path::PathBuf, time::Duration};

/// Whether statements are prepared on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prepare {
    /// Prepare each statement once per connection: the fastest, for a direct connection.
    #[default]
    Auto,
    /// Never: each statement is parsed as it is sent. Needed behind a pooler in transaction mode.
    Never,
}

/// The database's settings. Start from [`DatabaseSettings::new`] and change what differs.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `postgresql://…`; `None` runs a private server in `data_dir`.
    pub url: Option<String>,
    /// The folder of the private server and of its lock.
    pub data_dir: PathBuf,
    /// The most connections the program holds at a time; at least 1.
    pub pool_size: usize,
    /// How long a request waits for a free connection before it is told that the database is busy.
    pub pool_wait: Duration,
    /// Whether statements are prepared.
    pub prepare: Prepare,
    /// The longest a statement of the application may run.
    pub statement_timeout: Duration,
    /// Where `postgres` and `initdb` are, for the private server; `None` searches the usual places.
    pub pg_bin: Option<PathBuf>,
}

impl DatabaseSettings {
    /// The private server in `data_dir`, with the usual sizes.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> DatabaseSettings {
        DatabaseSettings {
            url: None,
            data_dir: data_dir.into(),
            pool_size: 16,
            pool_wait: Duration::from_secs(5),
            prepare: Prepare::Auto,
            statement_timeout: Duration::from_secs(30),
            pg_bin: None,
        }
    }
}

/// Everything but the URL, which may hold a password.
impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DatabaseSettings")
            .field("url", &self.url.as_ref().map(|_| "(set)"))
            .field("data_dir", &self.data_dir)
            .field("pool_size", &self.pool_size)
            .field("pool_wait", &self.pool_wait)
            .field("prepare", &self.prepare)
            .field("statement_timeout", &self.statement_timeout)
            .field("pg_bin", &self.pg_bin)
            .finish()
    }
}
