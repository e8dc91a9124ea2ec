//! One connection with the statements prepared on it.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio_postgres::{Client, Row, types::Type};

use crate::{
    error::{StoreError, is_stale_plan},
    pipeline::Request,
    settings::Prepare,
    statement::Statement,
};

/// The most statements kept prepared per connection; the one unused for longest goes.
const STATEMENT_LIMIT: usize = 500;

pub(crate) type Answer = Result<Vec<Row>, tokio_postgres::Error>;

pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) opened: Instant,
    prepare: Prepare,
    prepared: Mutex<PreparedStatements>,
    /// What the server still sends can no longer be told apart by request.
    broken: AtomicBool,
}

#[derive(Default)]
struct PreparedStatements {
    by_text: HashMap<String, Prepared>,
    clock: u64,
}

struct Prepared {
    statement: tokio_postgres::Statement,
    types: Vec<Type>,
    used: u64,
}

/// A statement that can be sent without waiting for anything first.
pub(crate) enum Ready {
    Prepared(tokio_postgres::Statement),
    Text,
}

impl Connection {
    pub(crate) fn new(client: Client, prepare: Prepare) -> Connection {
        Connection {
            client,
            opened: Instant::now(),
            prepare,
            prepared: Mutex::default(),
            broken: AtomicBool::new(false),
        }
    }

    /// Prepares the statement unless it is, or prepares nothing when the settings say so.
    pub(crate) async fn ready(&self, statement: &Statement) -> Result<Ready, StoreError> {
        if self.prepare == Prepare::Never || statement.planned_each_time {
            return Ok(Ready::Text);
        }
        if let Some(found) = self.find(statement) {
            return Ok(Ready::Prepared(found));
        }
        let prepared = self
            .client
            .prepare_typed(&statement.sql, &statement.types)
            .await?;
        self.keep(statement, prepared.clone());
        Ok(Ready::Prepared(prepared))
    }

    /// The request for all rows; sent when first polled.
    pub(crate) fn rows<'a>(
        &'a self,
        ready: &'a Ready,
        statement: &'a Statement,
    ) -> Request<'a, Answer> {
        Request::new(async move {
            use futures_util::TryStreamExt as _;
            self.stream(ready, statement).await?.try_collect().await
        })
    }

    /// The request for a stream of rows; sent when first polled.
    pub(crate) async fn stream(
        &self,
        ready: &Ready,
        statement: &Statement,
    ) -> Result<tokio_postgres::RowStream, tokio_postgres::Error> {
        match ready {
            Ready::Prepared(prepared) => self.client.query_raw(prepared, statement.values()).await,
            Ready::Text => {
                let values = statement.values().zip(statement.types.iter().cloned());
                self.client.query_typed_raw(&statement.sql, values).await
            }
        }
    }

    /// The number of rows a statement touched; sent when first polled.
    pub(crate) async fn count(
        &self,
        ready: &Ready,
        statement: &Statement,
    ) -> Result<u64, tokio_postgres::Error> {
        match ready {
            Ready::Prepared(prepared) => {
                self.client.execute_raw(prepared, statement.values()).await
            }
            Ready::Text => {
                let values: Vec<_> = statement
                    .values()
                    .zip(statement.types.iter().cloned())
                    .collect();
                self.client.execute_typed(&statement.sql, &values).await
            }
        }
    }

    /// The request for a command without parameters; sent when first polled.
    pub(crate) fn command<'a>(&'a self, sql: &'a str) -> Request<'a, Answer> {
        Request::new(async move { self.client.batch_execute(sql).await.map(|()| Vec::new()) })
    }

    /// Takes an error to heart: forgets every prepared statement when one outlived the shape of its table, and gives
    /// the connection up after anything that is not the server's own word about one statement.
    pub(crate) fn after_error(&self, error: &tokio_postgres::Error) {
        match error.as_db_error() {
            Some(database) if is_stale_plan(database) => self.lock().by_text.clear(),
            Some(_) => {}
            None => self.give_up(),
        }
    }

    /// Never use this connection again: an answer might be taken for that to another request.
    pub(crate) fn give_up(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Takes [`Connection::give_up`] back, when what might have gone wrong did not.
    pub(crate) fn keep_using(&self) {
        self.broken.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_usable(&self) -> bool {
        !self.broken.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    fn find(&self, statement: &Statement) -> Option<tokio_postgres::Statement> {
        let mut prepared = self.lock();
        prepared.clock += 1;
        let now = prepared.clock;
        let found = prepared.by_text.get_mut(&*statement.sql)?;
        if found.types != statement.types {
            return None;
        }
        found.used = now;
        Some(found.statement.clone())
    }

    fn keep(&self, statement: &Statement, prepared: tokio_postgres::Statement) {
        let mut all = self.lock();
        if all.by_text.len() >= STATEMENT_LIMIT {
            let oldest = all
                .by_text
                .iter()
                .min_by_key(|(_, kept)| kept.used)
                .map(|(text, _)| text.clone());
            if let Some(oldest) = oldest {
                all.by_text.remove(&oldest);
            }
        }
        let used = all.clock;
        all.by_text.insert(
            statement.sql.clone().into_owned(),
            Prepared {
                statement: prepared,
                types: statement.types.clone(),
                used,
            },
        );
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, PreparedStatements> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
