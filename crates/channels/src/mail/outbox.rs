//! The queue: takes what is due, sends it, and says what became of it. Any number of nodes do so side by side; what a
//! node was sending when it died is taken by another once its time is over.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use kith_auth::{Clock, OpaqueToken};
use kith_store::{Database, Notice, Origin, Row, Statement, StoreError, SystemTx, types::Type};
use serde_json::Value as Json;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Kind, Letter, SendError, Sender, Transport,
    letter::Occasion,
    message::{Cover, compose},
    transport::Way,
};

/// The channel on which the database says that mail was put into the queue.
pub const MAIL_CHANNEL: &str = "kith_mail";

/// Mails sent at a time.
const AT_ONCE: usize = 4;
/// The longest that sending one mail may take, whatever its server does.
const LONGEST: Duration = Duration::from_secs(90);
/// Seconds after which a mail that was taken is another node's to send: the one that took it is gone.
const LEASE_SECONDS: i32 = 150;
/// Seconds to wait before each further attempt; after the last, about two days, the mail is given up.
const PAUSES: [i32; 8] = [60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400];
/// The longest the queue goes unlooked at when nobody says anything.
const QUIET: Duration = Duration::from_mins(1);
/// How long to wait when the queue could not be read.
const TROUBLE: Duration = Duration::from_secs(5);

/// Sends mail that is due. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    database: Database,
    way: Way,
    sender: Sender,
    /// The web application's address, without a slash at its end.
    base: String,
    clock: Clock,
}

/// How many mails ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub sent: usize,
    /// There was nobody to send it to any more.
    pub dropped: usize,
    /// Will be tried again.
    pub postponed: usize,
    /// Given up.
    pub dead: usize,
}

impl std::ops::AddAssign for Delivered {
    fn add_assign(&mut self, other: Delivered) {
        self.sent += other.sent;
        self.dropped += other.dropped;
        self.postponed += other.postponed;
        self.dead += other.dead;
    }
}

impl Outbox {
    /// An outbox whose links lead to `base`, such as `https://crm.example.com`. Inside the runtime.
    pub fn new(
        database: Database,
        transport: Transport,
        sender: Sender,
        base: impl Into<String>,
        clock: Clock,
    ) -> Outbox {
        Outbox {
            database,
            way: transport.open(),
            sender,
            base: base.into(),
            clock,
        }
    }

    /// Sends until it is told to stop, which it does between two mails. `notices` are those of a listener on
    /// [`MAIL_CHANNEL`].
    pub async fn run(self, mut notices: Receiver<Notice>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.deliver_until(&stop).await {
                Ok(_) => self.pause().await,
                Err(error) => {
                    tracing::error!(%error, detail = error.log_detail(), "the queue of mail cannot be read; trying again");
                    TROUBLE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                heard = woken(&mut notices) => if !heard {
                    // Without a listener the clock alone says when to look.
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                },
            }
        }
    }

    /// Sends everything that is due now.
    ///
    /// # Errors
    /// [`StoreError`] when the queue cannot be read or written; what was sent is sent.
    pub async fn deliver(&self) -> Result<Delivered, StoreError> {
        self.deliver_until(&CancellationToken::new()).await
    }

    async fn deliver_until(&self, stop: &CancellationToken) -> Result<Delivered, StoreError> {
        let mut all = Delivered::default();
        for drained in join_all((0..AT_ONCE).map(|_| self.drain(stop))).await {
            all += drained?;
        }
        Ok(all)
    }

    /// Until the next mail is due.
    async fn pause(&self) -> Duration {
        let next = Statement::new("select next_mail_due()");
        let seconds: Option<f64> = match self.database.system_read(None, &[next]).await {
            Ok(answers) => answers
                .first()
                .and_then(|rows| rows.first())
                .and_then(|row| row.try_get(0).ok())
                .flatten(),
            Err(_) => return TROUBLE,
        };
        let wait = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        // A moment more, so that a mail due within it is not missed by a hair.
        wait.map_or(QUIET, |wait| (wait + Duration::from_millis(50)).min(QUIET))
    }

    async fn drain(&self, stop: &CancellationToken) -> Result<Delivered, StoreError> {
        let mut done = Delivered::default();
        while !stop.is_cancelled() {
            let Some(taken) = self.take().await? else {
                break;
            };
            let outcome = self.send(&taken).await?;
            let label = match outcome {
                Outcome::Sent => {
                    done.sent += 1;
                    "sent"
                }
                Outcome::Dropped => {
                    done.dropped += 1;
                    "dropped"
                }
                Outcome::Postponed => {
                    done.postponed += 1;
                    "postponed"
                }
                Outcome::Dead => {
                    done.dead += 1;
                    "dead"
                }
            };
            metrics::counter!("kith_mail_total", "kind" => taken.kind_name.clone(), "outcome" => label)
                .increment(1);
        }
        Ok(done)
    }

    async fn take(&self) -> Result<Option<Taken>, StoreError> {
        let take = Statement::new("select id, kind, attempts from take_mail($1)")
            .with(LEASE_SECONDS, Type::INT4);
        let answers = self.system().await?.commit_with(&[take]).await?;
        let Some(row) = answers.first().and_then(|rows| rows.first()) else {
            return Ok(None);
        };
        Ok(Some(Taken {
            id: row.try_get("id")?,
            kind_name: row.try_get("kind")?,
            attempts: row.try_get("attempts")?,
        }))
    }

    async fn send(&self, taken: &Taken) -> Result<Outcome, StoreError> {
        let Ok(kind) = taken.kind_name.parse::<Kind>() else {
            // A newer node brought it and will send it.
            self.settle(
                taken.id,
                "retry",
                "this node does not know the kind of mail",
                300,
            )
            .await?;
            return Ok(Outcome::Postponed);
        };
        let token =
            OpaqueToken::generate().map_err(|error| StoreError::internal(error.to_string()))?;
        let address = Statement::new(
            "select recipient, recipient_name, organization_name, details, valid_seconds from address_mail($1, $2)",
        )
        .with(taken.id, Type::UUID)
        .with(token.hash(), Type::BYTEA);
        let answers = self.system().await?.commit_with(&[address]).await?;
        let Some(row) = answers.first().and_then(|rows| rows.first()) else {
            return Ok(Outcome::Dropped);
        };
        let recipient: String = row.try_get("recipient")?;
        let letter = Letter::write(&occasion(kind, taken.id, row)?, &self.base, token.as_str());
        let place = self
            .base
            .split_once("://")
            .map_or(self.base.as_str(), |(_, place)| place);
        let cover = Cover {
            id: taken.id,
            from: &self.sender,
            to: &recipient,
            date: (self.clock)(),
            place,
        };
        let sent = match compose(&letter, &cover) {
            Ok(message) => {
                let sending = self.way.send(message, kind, taken.id);
                match tokio::time::timeout(LONGEST, sending).await {
                    Ok(sent) => sent,
                    Err(_) => Err(SendError::Later("the server took too long".to_owned())),
                }
            }
            Err(text) => Err(SendError::Never(text)),
        };
        self.conclude(taken, kind, sent).await
    }

    async fn conclude(
        &self,
        taken: &Taken,
        kind: Kind,
        sent: Result<(), SendError>,
    ) -> Result<Outcome, StoreError> {
        let (mail, kind) = (taken.id, kind.name());
        match sent {
            Ok(()) => {
                self.settle(mail, "sent", "", 0).await?;
                tracing::debug!(%mail, kind, "mail sent");
                Ok(Outcome::Sent)
            }
            Err(SendError::Later(text)) => {
                let tried = usize::try_from(taken.attempts).unwrap_or(usize::MAX);
                match PAUSES.get(tried.saturating_sub(1)) {
                    Some(pause) => {
                        self.settle(mail, "retry", &text, *pause).await?;
                        tracing::warn!(%mail, kind, attempts = taken.attempts, again_in_seconds = pause, "mail could not be sent: {text}");
                        Ok(Outcome::Postponed)
                    }
                    None => self.bury(mail, kind, &text).await,
                }
            }
            Err(SendError::Never(text)) => self.bury(mail, kind, &text).await,
        }
    }

    async fn bury(&self, mail: Uuid, kind: &str, text: &str) -> Result<Outcome, StoreError> {
        self.settle(mail, "dead", text, 0).await?;
        tracing::error!(%mail, kind, "mail is given up: {text}. `kith mail list` shows it, `kith mail retry` tries again");
        Ok(Outcome::Dead)
    }

    async fn settle(
        &self,
        mail: Uuid,
        outcome: &'static str,
        what_happened: &str,
        pause_seconds: i32,
    ) -> Result<(), StoreError> {
        let error = (!what_happened.is_empty()).then(|| what_happened.replace('\0', " "));
        let settle = Statement::new("select settle_mail($1, $2, $3, $4)::text")
            .with(mail, Type::UUID)
            .with(outcome, Type::TEXT)
            .with(error, Type::TEXT)
            .with(pause_seconds, Type::INT4);
        self.system().await?.commit_with(&[settle]).await.map(drop)
    }

    async fn system(&self) -> Result<SystemTx, StoreError> {
        SystemTx::begin(&self.database, None, &Origin::new("system")).await
    }
}

struct Taken {
    id: Uuid,
    kind_name: String,
    attempts: i32,
}

enum Outcome {
    Sent,
    Dropped,
    Postponed,
    Dead,
}

fn occasion(kind: Kind, mail: Uuid, row: &Row) -> Result<Occasion, StoreError> {
    Ok(Occasion {
        kind,
        at: asked_at(mail),
        recipient_name: row.try_get("recipient_name")?,
        organization_name: row.try_get("organization_name")?,
        details: row
            .try_get::<_, Option<Json>>("details")?
            .unwrap_or(Json::Null),
        valid_seconds: row.try_get("valid_seconds")?,
    })
}

/// The ids of mails are UUIDs of version 7: they know when they were made.
fn asked_at(mail: Uuid) -> Timestamp {
    let seconds = mail.get_timestamp().map_or(0, |made| made.to_unix().0);
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Waits for word that there may be mail. False when there will never be any word again.
async fn woken(notices: &mut Receiver<Notice>) -> bool {
    loop {
        match notices.recv().await {
            Ok(Notice::Notification { channel, .. }) if channel == MAIL_CHANNEL => return true,
            Ok(Notice::Listening) | Err(RecvError::Lagged(_)) => return true,
            Ok(Notice::Notification { .. }) => {}
            Err(RecvError::Closed) => return false,
        }
    }
}
