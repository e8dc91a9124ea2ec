//! The settings: one table, read from flags, the environment and `kith.toml`, in that order of strength. The table also
//! makes the reference (`kith settings`).

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Arg, ArgMatches};
use kith_auth::RegistrationPolicy;
use kith_channels::mail::{Sender, Transport};
use kith_channels::storage::Storage;
use kith_http::{Compression, HttpSettings, Network};
use kith_store::{DatabaseSettings, Prepare};

/// One setting.
pub(crate) struct Setting {
    /// The variable of the environment; the flag and the name in `kith.toml` follow from it.
    pub(crate) variable: &'static str,
    /// What holds when nothing is said; empty for nothing.
    pub(crate) default: &'static str,
    /// What may be given.
    pub(crate) values: &'static str,
    /// What it is for, in a sentence or two.
    pub(crate) help: &'static str,
}

impl Setting {
    /// The name in `kith.toml`: `KITH_POOL_SIZE` → `pool_size`.
    pub(crate) fn key(&self) -> String {
        self.variable
            .strip_prefix("KITH_")
            .unwrap_or(self.variable)
            .to_lowercase()
    }

    /// The flag: `KITH_POOL_SIZE` → `pool-size`.
    pub(crate) fn flag(&self) -> String {
        self.key().replace('_', "-")
    }
}

const fn setting(
    variable: &'static str,
    default: &'static str,
    values: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        variable,
        default,
        values,
        help,
    }
}

/// Every setting there is.
pub(crate) const SETTINGS: &[Setting] = &[
    setting(
        "KITH_LISTEN",
        "127.0.0.1:8080",
        "address:port",
        "Where the program listens. `0.0.0.0:8080` opens it to the network.",
    ),
    setting(
        "KITH_PUBLIC_URL",
        "",
        "http(s)://…",
        "The address that people use. With https the session's cookies are sent over https only.",
    ),
    setting(
        "KITH_DATA_DIR",
        "./data",
        "folder",
        "The private database, the keys, uploads, and mail when no server sends it.",
    ),
    setting(
        "DATABASE_URL",
        "",
        "postgresql://…",
        "The database. Without it the program runs a private PostgreSQL in the data folder. A URL of the database's owner is enough: the program makes the role that it serves with.",
    ),
    setting(
        "KITH_POOL_SIZE",
        "16",
        "1 to 10000",
        "The most connections to the database that this node holds.",
    ),
    setting(
        "KITH_STATEMENT_TIMEOUT",
        "30",
        "seconds",
        "The longest that a statement in the database may run.",
    ),
    setting(
        "KITH_PREPARE",
        "auto",
        "auto, never",
        "Whether statements are prepared. `never` is for a pooler in transaction mode.",
    ),
    setting(
        "KITH_PG_BIN",
        "",
        "folder",
        "Where `postgres` and `initdb` are, for the private database. Searched for in the usual places otherwise.",
    ),
    setting(
        "KITH_REGISTRATION",
        "first",
        "first, open, closed",
        "Who may register an organization: the first person (and, while the program listens on this machine only, anyone on it), everyone, or nobody. Others come by invitation.",
    ),
    setting(
        "KITH_SMTP_URL",
        "",
        "smtp://user:password@host:587 or smtps://…:465",
        "The server that sends mail. `smtp://` must offer STARTTLS unless it is on this machine (`?tls=opportunistic` and `?tls=none` ask for less). Without it mail is kept as files in `mail` in the data folder.",
    ),
    setting(
        "KITH_MAIL_FROM",
        "",
        "an address, or Name <address>",
        "Who mail comes from. Needed with `KITH_SMTP_URL`.",
    ),
    setting(
        "KITH_TRUSTED_PROXIES",
        "",
        "addresses or blocks, separated by commas",
        "The proxies whose `X-Forwarded-For` is believed.",
    ),
    setting(
        "KITH_STORAGE_URL",
        "",
        "file:///path or s3://key:secret@bucket/prefix?region=…&endpoint=…",
        "Where documents are kept. Without it, in the data folder.",
    ),
    setting(
        "KITH_UPLOAD_LIMIT",
        "2048",
        "MiB",
        "The largest document that is taken.",
    ),
    setting(
        "KITH_STORAGE_QUOTA",
        "0",
        "MiB, or 0",
        "What one organization may keep in documents. 0 is no bound.",
    ),
    setting(
        "KITH_WEBHOOK_NETWORK",
        "public",
        "public, any",
        "Where webhooks may go. `any` lets administrators of organizations reach this machine's own networks too.",
    ),
    setting(
        "KITH_COMPRESSION",
        "auto",
        "auto, on, off",
        "Whether answers are compressed. `auto` leaves out clients on this machine.",
    ),
    setting(
        "KITH_MAX_IN_FLIGHT",
        "512",
        "1 to 100000",
        "Requests answered at a time. More are refused with 503 at once instead of piling up.",
    ),
    setting(
        "KITH_REQUEST_TIMEOUT",
        "30",
        "seconds",
        "The longest that a request may take; uploads and downloads of files are exempt.",
    ),
    setting(
        "KITH_SHUTDOWN_GRACE",
        "30",
        "seconds",
        "How long requests in flight may go on when the program stops.",
    ),
    setting(
        "KITH_METRICS_LISTEN",
        "127.0.0.1:9464",
        "address:port, or nothing",
        "Where `/metrics` is served for Prometheus. Empty turns it off.",
    ),
    setting(
        "KITH_LOG",
        "info,memory_serve=warn",
        "a filter such as info,kith_http=debug",
        "What is logged.",
    ),
    setting(
        "KITH_LOG_FORMAT",
        "auto",
        "auto, text, json",
        "How it is logged. `auto` is JSON unless a person watches.",
    ),
];

/// Variables that the scripts and tests of this project read themselves.
const NOT_OURS: &[&str] = &["KITH_CONFIG", "KITH_BIN", "KITH_BROWSER"];

/// The flags of all settings.
pub(crate) fn flags() -> impl Iterator<Item = Arg> {
    SETTINGS.iter().map(|setting| {
        // The parser keeps names for the life of the process, and so may we.
        let flag: &'static str = setting.flag().leak();
        Arg::new(setting.variable)
            .long(flag)
            .value_name(setting.values)
            .help(setting.help)
            .global(true)
            .num_args(1)
            .hide_possible_values(true)
            .help_heading("Settings")
    })
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Auto,
    Text,
    Json,
}

/// Where mail goes and who it comes from.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) transport: Transport,
    pub(crate) sender: Sender,
}

/// Never the password of the server.
impl fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mail").finish_non_exhaustive()
    }
}

/// The settings, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) data_dir: PathBuf,
    pub(crate) database: DatabaseSettings,
    pub(crate) http: HttpSettings,
    pub(crate) mail: Mail,
    /// Webhooks may go to this machine's own networks too.
    pub(crate) private_webhooks: bool,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
}

/// The value of every setting and where it was given.
struct Given(BTreeMap<&'static str, (String, String)>);

impl Given {
    fn text(&self, variable: &'static str) -> &str {
        self.0.get(variable).map_or("", |(value, _)| value.as_str())
    }

    fn optional(&self, variable: &'static str) -> Option<String> {
        Some(self.text(variable).to_owned()).filter(|text| !text.is_empty())
    }

    /// A value, or the setting's name, where it came from, and what it may be.
    fn parse<T>(&self, variable: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T> {
        let (value, source) = self
            .0
            .get(variable)
            .context("a setting is missing from the table")?;
        let values = SETTINGS
            .iter()
            .find(|setting| setting.variable == variable)
            .map_or("", |setting| setting.values);
        // The value itself may be a secret.
        read(value)
            .with_context(|| format!("{variable} (from {source}) is not valid: expected {values}"))
    }

    fn number<T: FromStr + PartialOrd>(
        &self,
        variable: &'static str,
        range: std::ops::RangeInclusive<T>,
    ) -> Result<T> {
        self.parse(variable, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })
    }

    fn seconds(&self, variable: &'static str) -> Result<Duration> {
        self.number(variable, 1..=86_400).map(Duration::from_secs)
    }
}

/// Reads the settings of this process.
///
/// # Errors
/// An unknown or malformed setting, by name and place.
pub(crate) fn read(
    matches: &ArgMatches,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Settings> {
    let environment: BTreeMap<String, String> = environment.into_iter().collect();
    for name in environment.keys() {
        let ours = name.starts_with("KITH_")
            && !name.starts_with("KITH_TEST_")
            && !NOT_OURS.contains(&name.as_str());
        if ours && !SETTINGS.iter().any(|setting| setting.variable == name) {
            bail!("{name} in the environment is no setting; `kith settings` lists them");
        }
    }
    let file = file(matches, &environment)?;
    let mut given = BTreeMap::new();
    for setting in SETTINGS {
        let flag = matches
            .get_one::<String>(setting.variable)
            .map(|value| (value.clone(), format!("--{}", setting.flag())));
        let variable = || {
            environment
                .get(setting.variable)
                .map(|value| (value.clone(), "the environment".to_owned()))
        };
        let line = || {
            file.get(&setting.key())
                .map(|value| (value.clone(), "kith.toml".to_owned()))
        };
        let default = || (setting.default.to_owned(), "the default".to_owned());
        given.insert(
            setting.variable,
            flag.or_else(variable).or_else(line).unwrap_or_else(default),
        );
    }
    check(&Given(given))
}

/// The members of the settings' file, as text.
fn file(
    matches: &ArgMatches,
    environment: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let named = matches
        .get_one::<String>("config")
        .or_else(|| environment.get("KITH_CONFIG"));
    let path = Path::new(named.map_or("kith.toml", String::as_str));
    if named.is_none() && !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the settings' file {}", path.display()))?;
    parse_file(&text).with_context(|| format!("the settings' file {}", path.display()))
}

fn parse_file(text: &str) -> Result<BTreeMap<String, String>> {
    let table: toml::Table = text.parse()?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        if !SETTINGS.iter().any(|setting| setting.key() == key) {
            bail!("{key} is no setting; `kith settings` lists them");
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            toml::Value::Array(items) => items
                .iter()
                .filter_map(toml::Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
            toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => {
                bail!("{key} must be text or a number")
            }
        };
        values.insert(key, text);
    }
    Ok(values)
}

fn check(given: &Given) -> Result<Settings> {
    let listen: SocketAddr = given.parse("KITH_LISTEN", |text| text.parse().ok())?;
    let metrics_listen = given.parse("KITH_METRICS_LISTEN", |text| match text {
        "" => Some(None),
        address => address.parse().ok().map(Some),
    })?;
    let data_dir = given.parse("KITH_DATA_DIR", |text| {
        (!text.is_empty()).then(|| PathBuf::from(text))
    })?;
    let public_url = given.parse("KITH_PUBLIC_URL", |text| match text {
        "" => Some(None),
        url if url.starts_with("https://") || url.starts_with("http://") => {
            Some(Some(url.trim_end_matches('/').to_owned()))
        }
        _ => None,
    })?;

    let mut database = DatabaseSettings::new(&data_dir);
    database.url = given.optional("DATABASE_URL");
    database.pg_bin = given.optional("KITH_PG_BIN").map(PathBuf::from);
    database.pool_size = given.number("KITH_POOL_SIZE", 1..=10_000)?;
    database.statement_timeout = given.seconds("KITH_STATEMENT_TIMEOUT")?;
    database.prepare = given.parse("KITH_PREPARE", |text| match text {
        "auto" => Some(Prepare::Auto),
        "never" => Some(Prepare::Never),
        _ => None,
    })?;

    let mut http = HttpSettings::new(data_dir.join("uploads"));
    http.public_url = public_url;
    http.listens_on_loopback = listen.ip().is_loopback();
    http.registration = given.parse("KITH_REGISTRATION", |text| match text {
        "first" => Some(RegistrationPolicy::First),
        "open" => Some(RegistrationPolicy::Open),
        "closed" => Some(RegistrationPolicy::Closed),
        _ => None,
    })?;
    http.trusted_proxies = given.parse("KITH_TRUSTED_PROXIES", |text| {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts
            .map(|part| part.parse::<Network>().ok())
            .collect::<Option<Vec<_>>>()
    })?;
    http.compression = given.parse("KITH_COMPRESSION", |text| match text {
        "auto" => Some(Compression::Auto),
        "on" => Some(Compression::On),
        "off" => Some(Compression::Off),
        _ => None,
    })?;
    http.storage = given.parse("KITH_STORAGE_URL", |text| match text {
        "" => Some(None),
        address => Storage::open(address).ok().map(Some),
    })?;
    http.upload_limit = given.number("KITH_UPLOAD_LIMIT", 1..=1_048_576_u64)? * 1024 * 1024;
    http.storage_quota = match given.number("KITH_STORAGE_QUOTA", 0..=1_073_741_824_u64)? {
        0 => None,
        mebibytes => Some(mebibytes * 1024 * 1024),
    };
    http.max_in_flight = given.number("KITH_MAX_IN_FLIGHT", 1..=100_000)?;
    http.request_timeout = given.seconds("KITH_REQUEST_TIMEOUT")?;
    http.shutdown_grace = given.seconds("KITH_SHUTDOWN_GRACE")?;

    let server = given.parse("KITH_SMTP_URL", |text| match text {
        "" => Some(None),
        address => Transport::smtp(address).ok().map(Some),
    })?;
    let sender = given.parse("KITH_MAIL_FROM", |text| match text {
        "" => Some(None),
        address => Sender::parse(address).ok().map(Some),
    })?;
    if server.is_some() && sender.is_none() {
        bail!("KITH_MAIL_FROM is needed with KITH_SMTP_URL: the address that mail comes from");
    }
    let mail = Mail {
        transport: server.unwrap_or_else(|| Transport::folder(data_dir.join("mail"))),
        sender: sender.unwrap_or_else(Sender::here),
    };

    let private_webhooks = given.parse("KITH_WEBHOOK_NETWORK", |text| match text {
        "public" => Some(false),
        "any" => Some(true),
        _ => None,
    })?;
    let log_format = given.parse("KITH_LOG_FORMAT", |text| match text {
        "auto" => Some(LogFormat::Auto),
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    })?;
    let log = given.parse("KITH_LOG", |text| {
        tracing_subscriber::EnvFilter::try_new(text)
            .ok()
            .map(|_| text.to_owned())
    })?;
    Ok(Settings {
        listen,
        metrics_listen,
        data_dir,
        database,
        http,
        mail,
        private_webhooks,
        log,
        log_format,
    })
}

/// The reference, as Markdown.
pub(crate) fn reference() -> String {
    let mut text = String::from(
        "# Settings\n\nMade by `kith settings`. Each setting is a flag, a variable of the environment, or a line of `kith.toml` \
         (another file with `--config`), in that order of strength. An unknown or malformed setting stops the start with its name.\n\n\
         | variable | flag | `kith.toml` | default | values | what it is for |\n|---|---|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let default = if setting.default.is_empty() {
            String::new()
        } else {
            format!("`{}`", setting.default)
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | `--{}` | `{}` | {default} | {} | {} |",
            setting.variable,
            setting.flag(),
            setting.key(),
            setting.values,
            setting.help
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(flags: &[&str], environment: &[(&str, &str)]) -> Result<Settings> {
        let command = clap::Command::new("kith")
            .arg(Arg::new("config").long("config"))
            .args(super::flags());
        let matches = command.try_get_matches_from(std::iter::once(&"kith").chain(flags))?;
        read(
            &matches,
            environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn the_defaults_are_valid() {
        let settings = with(&[], &[]).unwrap();
        assert!(settings.http.listens_on_loopback);
        assert_eq!(settings.http.registration, RegistrationPolicy::First);
        assert_eq!(
            settings.metrics_listen.map(|address| address.port()),
            Some(9464)
        );
    }

    #[test]
    fn a_flag_is_stronger_than_the_environment() {
        let settings = with(
            &["--pool-size", "3"],
            &[("KITH_POOL_SIZE", "5"), ("KITH_LISTEN", "0.0.0.0:1")],
        )
        .unwrap();
        assert_eq!(settings.database.pool_size, 3);
        assert!(!settings.http.listens_on_loopback);
    }

    #[test]
    fn unknown_and_malformed_settings_are_named() {
        let unknown = with(&[], &[("KITH_POOLSIZE", "5")])
            .unwrap_err()
            .to_string();
        assert!(unknown.contains("KITH_POOLSIZE"), "{unknown}");
        let malformed = with(&[], &[("KITH_LISTEN", "here")])
            .unwrap_err()
            .to_string();
        assert!(
            malformed.contains("KITH_LISTEN") && malformed.contains("the environment"),
            "{malformed}"
        );
        assert!(parse_file("pool_size = 3\npools = 1").is_err());
        assert_eq!(
            parse_file("trusted_proxies = ['10.0.0.1', '::1']").unwrap()["trusted_proxies"],
            "10.0.0.1,::1"
        );
    }

    #[test]
    fn a_mail_server_needs_a_sender_and_its_address_is_never_repeated() {
        let server = ("KITH_SMTP_URL", "smtp://user:secret@mail.example.com");
        let alone = with(&[], &[server]).unwrap_err().to_string();
        assert!(alone.contains("KITH_MAIL_FROM"), "{alone}");
        let settings = with(&[], &[server, ("KITH_MAIL_FROM", "crm@example.com")]).unwrap();
        assert!(matches!(settings.mail.transport, Transport::Smtp(_)));
        assert!(!format!("{settings:?}").contains("secret"));
        let bad = with(&[], &[("KITH_SMTP_URL", "mail.example.com:secret")])
            .unwrap_err()
            .to_string();
        assert!(
            bad.contains("KITH_SMTP_URL") && !bad.contains("secret"),
            "{bad}"
        );
        assert!(matches!(
            with(&[], &[]).unwrap().mail.transport,
            Transport::Folder(_)
        ));
    }

    #[test]
    fn the_reference_has_every_setting() {
        let text = reference();
        for setting in SETTINGS {
            assert!(text.contains(&format!("| `{}` |", setting.variable)));
        }
    }
}
