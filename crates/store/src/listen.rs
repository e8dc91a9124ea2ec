//! Notifications of the database, on a connection of their own that returns when it was lost.
//!
//! A notification is a wake-up, never the truth: whoever gets one looks at the table. That is also all there is to do
//! after [`Notice::Listening`] and after a receiver was told that it lagged.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::broadcast,
    task::JoinHandle,
};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use crate::{
    error::{StoreError, chain},
    target::Target,
};

/// How many notices a slow receiver may be behind before it is told that it lagged.
const BACKLOG: usize = 1024;
/// How often the connection is asked whether it lives, and how long it may take to answer.
const PULSE: Duration = Duration::from_secs(30);
const PULSE_LIMIT: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The connection listens from now on, for the first time or again: notifications before this moment may have
    /// been lost.
    Listening,
    /// A notification.
    Notification {
        /// The channel.
        channel: String,
        /// The payload; may be empty.
        payload: String,
    },
}

/// Listens until it is dropped.
pub struct Listener {
    notices: broadcast::Sender<Notice>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts listening in a task of its own; the first [`Notice::Listening`] says when it does. The target must be
    /// a direct connection: a pooler in transaction mode delivers nothing.
    ///
    /// # Errors
    /// [`StoreError::Internal`] when a channel's name is not a plain lower-case identifier.
    pub fn start(target: &Target, channels: &[&str]) -> Result<Listener, StoreError> {
        let plain = |name: &&str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if let Some(bad) = channels.iter().find(|name| !plain(name)) {
            return Err(StoreError::internal(format!(
                "channel {bad:?} is not a plain lower-case identifier"
            )));
        }
        let commands: Vec<String> = channels
            .iter()
            .map(|channel| format!("listen \"{channel}\""))
            .collect();
        let sql = commands.join(";");
        let (notices, _) = broadcast::channel(BACKLOG);
        let task = tokio::spawn(run(target.clone(), sql, notices.clone()));
        Ok(Listener { notices, task })
    }

    /// A receiver of everything from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(target: Target, sql: String, notices: broadcast::Sender<Notice>) {
    let mut pause = Duration::from_millis(50);
    loop {
        let mut listened = false;
        if let Err(error) = session(&target, &sql, &notices, &mut listened).await {
            tracing::warn!(error = %chain(&error), "the listening connection ended; connecting again");
        }
        pause = if listened {
            Duration::from_millis(50)
        } else {
            (pause * 2).min(LONGEST_PAUSE)
        };
        tokio::time::sleep(pause).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the crate that may, and listening needs the connection itself"
)]
async fn session(
    target: &Target,
    sql: &str,
    notices: &broadcast::Sender<Notice>,
    listened: &mut bool,
) -> Result<(), tokio_postgres::Error> {
    let (config, tls) = target.parts();
    match tls.connector() {
        None => {
            let (client, connection) = config.connect(NoTls).await?;
            hear(client, messages(connection), sql, notices, listened).await
        }
        Some(tls) => {
            let (client, connection) = config.connect(tls).await?;
            hear(client, messages(connection), sql, notices, listened).await
        }
    }
}

type Message = Result<AsyncMessage, tokio_postgres::Error>;

fn messages<S, T>(mut connection: Connection<S, T>) -> impl Stream<Item = Message>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    futures_util::stream::poll_fn(move |context| connection.poll_message(context))
}

/// Drives the connection, passes on what it says, and asks now and then whether it lives. Ends with the connection.
async fn hear(
    client: Client,
    messages: impl Stream<Item = Message>,
    sql: &str,
    notices: &broadcast::Sender<Notice>,
    listened: &mut bool,
) -> Result<(), tokio_postgres::Error> {
    let asking = async {
        client.batch_execute(sql).await?;
        *listened = true;
        let _ = notices.send(Notice::Listening);
        loop {
            tokio::time::sleep(PULSE).await;
            match tokio::time::timeout(PULSE_LIMIT, client.batch_execute("")).await {
                Ok(result) => result?,
                Err(_) => return Ok(()),
            }
        }
    };
    let hearing = async {
        let mut messages = std::pin::pin!(messages);
        while let Some(message) = messages.next().await {
            if let AsyncMessage::Notification(notification) = message? {
                // Nobody subscribed is no error: the table is the truth.
                let _ = notices.send(Notice::Notification {
                    channel: notification.channel().to_owned(),
                    payload: notification.payload().to_owned(),
                });
            }
        }
        Ok(())
    };
    tokio::select! {
        result = asking => result,
        result = hearing => result,
    }
}
