//! The way out: a mail server, or a folder when there is none.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        AsyncSmtpTransportBuilder, PoolConfig,
        response::{Category, Severity},
    },
};
use url::Url;
use uuid::Uuid;

use super::{BadSetting, Kind};

/// How long a server may take to answer one command.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections kept open at once, and for how long when idle.
const CONNECTIONS: u32 = 4;
const IDLE: Duration = Duration::from_mins(1);

/// Where messages go.
#[derive(Clone)]
pub enum Transport {
    /// A mail server.
    Smtp(AsyncSmtpTransportBuilder),
    /// One file a message, for whoever runs the program to look at.
    Folder(PathBuf),
}

/// The same, ready to send.
#[derive(Clone)]
pub(crate) enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Another attempt may succeed.
    #[error("{0}")]
    Later(String),
    /// The server refuses this message, and will again.
    #[error("{0}")]
    Never(String),
}

impl Transport {
    /// A mail server by its address: `smtp://user:password@host:587` (which must speak STARTTLS, unless it is this
    /// machine), or `smtps://user:password@host:465`. `?tls=opportunistic` and `?tls=none` ask for less.
    ///
    /// # Errors
    /// [`BadSetting`] for an address that is none; the text never repeats it, because it holds a password.
    pub fn smtp(address: &str) -> Result<Transport, BadSetting> {
        let bad = |what: &str| {
            BadSetting(format!(
                "must be an address such as smtp://user:password@mail.example.com:587 ({what})"
            ))
        };
        let mut url = Url::parse(address).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "smtp" | "smtps") {
            return Err(bad("it begins with smtp:// or smtps://"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("it names no host"));
        }
        let mut tls = None;
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("tls", "required" | "opportunistic" | "none") => tls = Some(value.into_owned()),
                _ => {
                    return Err(bad(
                        "after ? comes tls=required, tls=opportunistic or tls=none",
                    ));
                }
            }
        }
        url.set_query(None);
        if url.scheme() == "smtp" {
            match tls.as_deref() {
                Some("none") => {}
                Some("opportunistic") => url.set_query(Some("tls=opportunistic")),
                None if is_this_machine(&url) => {}
                // A password on a line that anyone can listen to is nobody's wish.
                _ => url.set_query(Some("tls=required")),
            }
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(|error| bad(&error.to_string()))?;
        let pool = PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE);
        let builder = builder.timeout(Some(PATIENCE)).pool_config(pool);
        Ok(Transport::Smtp(builder))
    }

    /// A folder; made (0700) when the first message comes.
    pub fn folder(path: impl Into<PathBuf>) -> Transport {
        Transport::Folder(path.into())
    }

    /// Gets ready to send; inside the runtime, because the connections of a server have a task of their own.
    pub(crate) fn open(self) -> Way {
        match self {
            Transport::Smtp(server) => Way::Smtp(server.build()),
            Transport::Folder(folder) => Way::Folder(folder),
        }
    }
}

impl Way {
    /// Sends a message.
    ///
    /// # Errors
    /// [`SendError`]; the text is for the operator.
    pub(crate) async fn send(
        &self,
        message: Message,
        kind: Kind,
        id: Uuid,
    ) -> Result<(), SendError> {
        match self {
            Way::Smtp(server) => match server.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => Err(explain(&error)),
            },
            Way::Folder(folder) => {
                let name = format!("{}-{}.eml", id.simple(), kind.name().replace('_', "-"));
                let path = folder.join(name);
                let (folder, shown) = (folder.clone(), path.clone());
                let bytes = message.formatted();
                let written = tokio::task::spawn_blocking(move || keep(&folder, &path, &bytes))
                    .await
                    .map_err(io::Error::other)
                    .flatten();
                match written {
                    Ok(()) => {
                        tracing::info!(file = %shown.display(), "mail is in this file; set KITH_SMTP_URL to have it sent");
                        Ok(())
                    }
                    Err(error) => Err(SendError::Later(format!("{}: {error}", shown.display()))),
                }
            }
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        // Schemes that the standard does not know keep addresses as text.
        Some(url::Host::Domain(name)) => {
            name == "localhost"
                || name
                    .trim_matches(['[', ']'])
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// A permanent answer about the mailbox or the message is for ever; one about signing in (53x) or the line (52x) is
/// the operator's to mend, and the mail waits for that.
fn explain(error: &lettre::transport::smtp::Error) -> SendError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    match error.status() {
        Some(code)
            if code.severity == Severity::PermanentNegativeCompletion
                && !matches!(
                    code.category,
                    Category::Unspecified3 | Category::Connections
                ) =>
        {
            SendError::Never(text)
        }
        _ => SendError::Later(text),
    }
}

/// Writes the file beside its place and moves it there, so that nobody reads half of one. It may hold a link that is
/// good for an account: it is for its owner's eyes only.
fn keep(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let draft = path.with_extension("draft");
    // What a crash left behind.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_servers_are_read_and_bad_ones_named_without_repeating_them() {
        for good in [
            "smtp://user:secret@mail.example.com:587",
            "smtps://user:p%40ss@mail.example.com",
            "smtp://mail.example.com?tls=none",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525",
        ] {
            assert!(Transport::smtp(good).is_ok(), "{good} was refused");
        }
        for bad in [
            "",
            "mail.example.com",
            "http://user:secret@mail.example.com",
            "smtp://user:secret@mail.example.com?tls=maybe",
            "smtp://user:secret@mail.example.com?retries=3",
        ] {
            match Transport::smtp(bad) {
                Err(error) => assert!(!error.to_string().contains("secret"), "{error}"),
                Ok(_) => panic!("{bad:?} was accepted"),
            }
        }
    }

    #[test]
    fn only_this_machine_is_trusted_without_encryption() {
        for (address, here) in [
            ("smtp://localhost", true),
            ("smtp://127.0.0.1:25", true),
            ("smtp://[::1]:25", true),
            ("smtp://10.0.0.1", false),
            ("smtp://mail.example.com", false),
        ] {
            assert_eq!(
                is_this_machine(&Url::parse(address).unwrap()),
                here,
                "{address}"
            );
        }
    }
}
