//! Where a database is and as whom to connect to it.

use std::{fmt, time::Duration};

use tokio_postgres::{Client, Config, NoTls, config::Host, config::SslMode};

use crate::{
    error::{StoreError, chain},
    tls::{Tls, TlsMode},
};

/// A server, a database, a role and how to talk to it. Cheap to clone.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: Tls,
}

impl Target {
    /// Reads a `postgresql://` URL or a `key=value` string. `sslmode` may be `disable`, `prefer`, `require`,
    /// `verify-ca` or `verify-full`, with the meaning libpq gives them; `sslrootcert` names a PEM file.
    ///
    /// # Errors
    /// [`StoreError::Setup`] naming what is wrong. The text never repeats the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Target, StoreError> {
        let (url, mode, root_certificates) = crate::tls::split(url)?;
        let mut config: Config = url.parse().map_err(|error| {
            StoreError::setup(format!("DATABASE_URL is malformed: {}", chain(&error)))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host_path("/var/run/postgresql");
        }
        if config.get_user().is_none() {
            let user = nix::unistd::User::from_uid(nix::unistd::geteuid())
                .ok()
                .flatten()
                .map(|user| user.name);
            config.user(user.ok_or_else(|| {
                StoreError::setup(
                    "DATABASE_URL names no user: write postgresql://user@host/database",
                )
            })?);
        }
        let local = config
            .get_hosts()
            .iter()
            .all(|host| matches!(host, Host::Unix(_)))
            && config.get_hostaddrs().is_empty();
        let mode = if local { TlsMode::Disable } else { mode };
        config.ssl_mode(match mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyAuthority | TlsMode::VerifyFull => SslMode::Require,
        });
        let tls = Tls::new(mode, root_certificates.as_deref())?;
        Ok(Target {
            config: with_defaults(config),
            tls,
        })
    }

    /// A server on a Unix socket.
    pub(crate) fn socket(
        directory: &std::path::Path,
        port: u16,
        user: &str,
        database: &str,
    ) -> Target {
        let mut config = Config::new();
        config
            .host_path(directory)
            .port(port)
            .user(user)
            .dbname(database)
            .ssl_mode(SslMode::Disable);
        Target {
            config: with_defaults(config),
            tls: Tls::none(),
        }
    }

    /// The same server and role, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Target {
        let mut target = self.clone();
        target.config.dbname(database);
        target
    }

    /// The same server and database, another role. `None` for a role that signs in without a password.
    #[must_use]
    pub fn with_role(&self, role: &str, password: Option<&str>) -> Target {
        let mut config = Config::new();
        copy_place(&self.config, &mut config);
        config.user(role);
        if let Some(password) = password {
            config.password(password);
        }
        Target {
            config,
            tls: self.tls.clone(),
        }
    }

    /// The same target with server settings sent at sign-in (`-c name=value …`).
    pub(crate) fn with_options(&self, options: &str) -> Target {
        let mut target = self.clone();
        let joined = match target.config.get_options() {
            Some(given) => format!("{options} {given}"),
            None => options.to_owned(),
        };
        target.config.options(joined);
        target
    }

    /// The role it connects as.
    pub fn role(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// The database it connects to.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.role())
    }

    /// The role's password, when the target carries one.
    pub(crate) fn password(&self) -> Option<&[u8]> {
        self.config.get_password()
    }

    /// Connects; the connection's traffic runs in a task of its own until the client is dropped.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    pub(crate) async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        match self.tls.connector() {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(drive(connection));
                Ok(client)
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls).await?;
                tokio::spawn(drive(connection));
                Ok(client)
            }
        }
    }

    /// Connects and hands over the raw connection too, for listening.
    pub(crate) fn parts(&self) -> (&Config, &Tls) {
        (&self.config, &self.tls)
    }

    /// Asks the server to stop what `client` runs.
    pub(crate) async fn cancel(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let token = client.cancel_token();
        match self.tls.connector() {
            None => token.cancel_query(NoTls).await,
            Some(tls) => token.cancel_query(tls).await,
        }
    }
}

/// Server, database and role; never the password.
impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Target")
            .field("hosts", &self.config.get_hosts())
            .field("ports", &self.config.get_ports())
            .field("role", &self.role())
            .field("database", &self.database())
            .finish_non_exhaustive()
    }
}

async fn drive<F: Future<Output = Result<(), tokio_postgres::Error>>>(connection: F) {
    if let Err(error) = connection.await {
        tracing::debug!(error = %chain(&error), "a database connection ended");
    }
}

/// What every connection of the program has: a name the server's views show, and limits that notice a dead peer.
fn with_defaults(mut config: Config) -> Config {
    if config.get_application_name().is_none() {
        config.application_name("kith");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(30));
    }
    config.keepalives_idle(Duration::from_mins(1));
    config
}

/// Everything of a configuration but who signs in: the driver has no way to remove a password.
fn copy_place(from: &Config, to: &mut Config) {
    for host in from.get_hosts() {
        match host {
            Host::Tcp(name) => to.host(name),
            Host::Unix(path) => to.host_path(path),
        };
    }
    for address in from.get_hostaddrs() {
        to.hostaddr(*address);
    }
    for port in from.get_ports() {
        to.port(*port);
    }
    if let Some(database) = from.get_dbname().or(from.get_user()) {
        to.dbname(database);
    }
    if let Some(options) = from.get_options() {
        to.options(options);
    }
    if let Some(name) = from.get_application_name() {
        to.application_name(name);
    }
    if let Some(timeout) = from.get_connect_timeout() {
        to.connect_timeout(*timeout);
    }
    if let Some(timeout) = from.get_tcp_user_timeout() {
        to.tcp_user_timeout(*timeout);
    }
    to.ssl_mode(from.get_ssl_mode())
        .ssl_negotiation(from.get_ssl_negotiation())
        .channel_binding(from.get_channel_binding())
        .target_session_attrs(from.get_target_session_attrs())
        .load_balance_hosts(from.get_load_balance_hosts())
        .keepalives(from.get_keepalives())
        .keepalives_idle(from.get_keepalives_idle());
}
