//! What every handler works with, and what the operator chose about serving.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use kith_auth::{ACCESS_CHANNEL, Clock, RegistrationPolicy, Sessions, Throttle};
use kith_catalogue::entity::Entity;
use kith_channels::storage::Storage;
use kith_engine::Engine;
use kith_engine::export::Seats;
use kith_store::Notice;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::error::Problem;
use crate::overlays::Overlays;

/// When answers are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// For clients on other machines: on the machine itself it costs more than it saves.
    #[default]
    Auto,
    On,
    Off,
}

/// A block of addresses, `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let bad = || format!("\"{text}\" is no address or block of addresses such as 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| bad())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix
                .trim()
                .parse()
                .ok()
                .filter(|bits| *bits <= longest)
                .ok_or_else(bad)?,
            None => longest,
        };
        Ok(Network { address, prefix })
    }
}

impl Network {
    /// Whether the address is in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// What the operator may choose about serving.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    pub registration: RegistrationPolicy,
    /// The program listens on the loopback interface only, so whoever reaches it is on this machine.
    pub listens_on_loopback: bool,
    /// The address that people use, such as `https://crm.example.com`. With https, cookies are for https alone.
    pub public_url: Option<String>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    pub compression: Compression,
    /// Requests answered at a time; more get 503 at once.
    pub max_in_flight: usize,
    /// The longest a request may take; uploads and downloads of files are exempt.
    pub request_timeout: Duration,
    /// How long requests in flight may go on when the program stops.
    pub shutdown_grace: Duration,
    /// Where files are kept while they are imported.
    pub upload_dir: PathBuf,
    /// Where documents are kept; without one in a folder beside the uploads.
    pub storage: Option<Storage>,
    /// Bytes of a document.
    pub upload_limit: u64,
    /// Bytes that an organization may keep, unless it has a bound of its own; `None` for no bound.
    pub storage_quota: Option<u64>,
}

impl HttpSettings {
    /// The usual settings, with uploads in this folder.
    #[must_use]
    pub fn new(upload_dir: impl Into<PathBuf>) -> HttpSettings {
        HttpSettings {
            registration: RegistrationPolicy::First,
            listens_on_loopback: false,
            public_url: None,
            trusted_proxies: Vec::new(),
            compression: Compression::Auto,
            max_in_flight: 512,
            request_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(30),
            upload_dir: upload_dir.into(),
            storage: None,
            upload_limit: 2 * 1024 * 1024 * 1024,
            storage_quota: None,
        }
    }
}

/// Everything that handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// The parts themselves.
pub struct Shared {
    pub engine: Engine,
    pub sessions: Sessions,
    pub(crate) clock: Clock,
    pub settings: HttpSettings,
    pub(crate) overlays: Overlays,
    pub(crate) in_flight: Semaphore,
    pub(crate) exports: Seats,
    /// Counts what anybody may send in.
    pub(crate) form_throttle: Throttle,
    storage: Option<Storage>,
    /// Failed attempts at secret addresses.
    pub(crate) feeds: Throttle,
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Puts the program's parts together.
    pub fn new(engine: Engine, sessions: Sessions, clock: Clock, settings: HttpSettings) -> App {
        let in_flight = Semaphore::new(settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS));
        let storage = settings.storage.clone().or_else(|| {
            Storage::folder(&settings.upload_dir.with_file_name("documents"))
                .inspect_err(|error| tracing::error!(%error, "documents cannot be kept"))
                .ok()
        });
        App(Arc::new(Shared {
            storage,
            exports: Seats::of_pool(engine.database.pool_use().limit),
            engine,
            sessions,
            clock,
            overlays: Overlays::new(),
            form_throttle: Throttle::of_forms(),
            in_flight,
            feeds: Throttle::new(),
            settings,
        }))
    }

    /// Where documents lie.
    ///
    /// # Errors
    /// 503 when there is no such place.
    pub(crate) fn storage(&self) -> Result<&Storage, Problem> {
        self.storage.as_ref().ok_or_else(|| {
            Problem::unavailable(
                "storage_unavailable",
                "documents cannot be kept at the moment",
            )
        })
    }

    /// Forgets what this node remembers about organizations when the database says that it changed, until the listener
    /// on [`ACCESS_CHANNEL`] ends. Run it as a task of its own.
    pub async fn follow(self, mut notices: Receiver<Notice>, actors: Receiver<Notice>) {
        let people = self.sessions.actors().clone().follow(actors);
        let fields = async {
            loop {
                match notices.recv().await {
                    Ok(Notice::Notification { channel, payload }) if channel == ACCESS_CHANNEL => {
                        match payload.parse() {
                            Ok(organization) => self.overlays.forget(organization).await,
                            Err(_) => self.overlays.forget_all(),
                        }
                    }
                    Ok(Notice::Listening) | Err(RecvError::Lagged(_)) => self.overlays.forget_all(),
                    Ok(Notice::Notification { .. }) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        };
        tokio::join!(people, fields);
    }

    /// The entity whose lists live under this path segment.
    pub(crate) fn entity(&self, path: &str) -> Result<&'static Entity, Problem> {
        self.engine
            .catalogue
            .by_path(path)
            .ok_or_else(Problem::no_such_address)
    }
}

impl FromRef<App> for Engine {
    fn from_ref(app: &App) -> Engine {
        app.engine.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses_and_no_others() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains("10.1.255.3".parse().unwrap()));
        assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!network.contains("10.2.0.1".parse().unwrap()));
        assert!(
            "0.0.0.0/0"
                .parse::<Network>()
                .unwrap()
                .contains("8.8.8.8".parse().unwrap())
        );
        assert!(
            "::1"
                .parse::<Network>()
                .unwrap()
                .contains("::1".parse().unwrap())
        );
        for bad in ["", "10.0.0.0/33", "10.0.0.0/", "host", "::/129"] {
            assert!(bad.parse::<Network>().is_err(), "{bad} was accepted");
        }
    }
}
