//! Statements inside one transaction. The head (`begin` and who acts) travels with the first statement, so opening
//! one costs nothing.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use futures_util::{SinkExt, Stream, StreamExt, TryStreamExt};
use tokio_postgres::{CopyInSink, Row, types::Type};
use uuid::Uuid;

use crate::{
    acting::{Origin, Principal},
    connection::{Answer, Connection},
    database::{BEGIN_READ, Database, collect, prepare_all, setting},
    error::StoreError,
    pipeline::Request,
    pool::Lease,
    statement::Statement,
};

/// Who acts and from where: settings that end with the transaction.
const ACTING: &str = "select set_config('kith.organization',$1,true),set_config('kith.user',$2,true),\
    set_config('kith.key',$3,true),set_config('kith.change_set',$4,true),set_config('kith.origin',$5,true),\
    set_config('kith.ip',$6,true),set_config('kith.user_agent',$7,true)";

/// What [`crate::Tx`] and [`crate::SystemTx`] share: statements inside one transaction. Dropped without a commit, it rolls back.
///
/// Methods take `&self`, but one connection answers one request after the other; sending several at once is
/// [`Transaction::query_many`].
pub struct Transaction {
    lease: Lease,
    origin: Origin,
    /// Who acts, until it is sent together with the first statement.
    head: Mutex<Option<Statement>>,
    /// A `begin` was sent that no `commit` or `rollback` followed.
    open: AtomicBool,
    /// A statement failed, so the server would turn `commit` into `rollback` without a word.
    failed: AtomicBool,
    /// How it begins: to write, or to read from one snapshot.
    opening: &'static str,
}

const BEGIN: &str = "begin";

impl Transaction {
    pub(crate) async fn begin(
        database: &Database,
        organization: Option<Uuid>,
        principal: Option<&Principal>,
        origin: &Origin,
    ) -> Result<Transaction, StoreError> {
        let lease = database.lease().await?;
        let head = Statement::new(ACTING)
            .with(setting(organization), Type::TEXT)
            .with(setting(principal.map(|who| who.user_id)), Type::TEXT)
            .with(setting(principal.and_then(|who| who.key_id)), Type::TEXT)
            .with(setting(Some(origin.change_set_id)), Type::TEXT)
            .with(origin.kind.to_string(), Type::TEXT)
            .with(
                origin.ip.map(|ip| ip.to_string()).unwrap_or_default(),
                Type::TEXT,
            )
            .with(origin.stored_user_agent(), Type::TEXT);
        Ok(Transaction {
            lease,
            origin: origin.clone(),
            head: Mutex::new(Some(head)),
            open: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            opening: BEGIN,
        })
    }

    /// The same transaction, which reads from one snapshot and writes nothing.
    pub(crate) fn reading(mut self) -> Transaction {
        self.opening = BEGIN_READ;
        self
    }

    /// Where the change comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The rows of one statement.
    pub async fn query(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        let mut answers = self.query_many(std::slice::from_ref(statement)).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// The one row of a statement, or none.
    ///
    /// # Errors
    /// [`StoreError::Internal`] when there are several.
    pub async fn query_opt(&self, statement: &Statement) -> Result<Option<Row>, StoreError> {
        let mut rows = self.query(statement).await?;
        if rows.len() > 1 {
            return Err(StoreError::internal(format!(
                "{} rows instead of one at most: {}",
                rows.len(),
                statement.sql
            )));
        }
        Ok(rows.pop())
    }

    /// The one row of a statement.
    ///
    /// # Errors
    /// [`StoreError::Internal`] when there is none or several.
    pub async fn query_one(&self, statement: &Statement) -> Result<Row, StoreError> {
        let row = self.query_opt(statement).await?;
        row.ok_or_else(|| StoreError::internal(format!("no row instead of one: {}", statement.sql)))
    }

    /// The rows of several statements, run in order and sent in one round trip. After the first that fails the rest
    /// do not run.
    pub async fn query_many(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StoreError> {
        self.guarded(async |connection| {
            let ready = prepare_all(connection, statements).await?;
            let requests = ready
                .iter()
                .zip(statements)
                .map(|(ready, one)| connection.rows(ready, one))
                .collect();
            self.send(connection, requests).await
        })
        .await
    }

    /// The number of rows a statement touched.
    pub async fn execute(&self, statement: &Statement) -> Result<u64, StoreError> {
        self.guarded(async |connection| {
            let ready = connection.ready(statement).await?;
            // Counted through the transaction's own pipeline, so that a pending head goes ahead of it.
            let counted = Mutex::new(0);
            let request = Request::new(async {
                let count = connection.count(&ready, statement).await?;
                *counted.lock().unwrap_or_else(PoisonError::into_inner) = count;
                Ok(Vec::new())
            });
            self.send(connection, vec![request]).await?;
            Ok(counted.into_inner().unwrap_or_else(PoisonError::into_inner))
        })
        .await
    }

    /// The rows of a statement as they arrive, in constant memory. A stream that is dropped before its end is cancelled
    /// on the server once the transaction is dropped too.
    pub async fn query_stream(
        &self,
        statement: &Statement,
    ) -> Result<impl Stream<Item = Result<Row, StoreError>> + Send + 'static, StoreError> {
        self.guarded(async |connection| {
            let ready = connection.ready(statement).await?;
            self.send(connection, Vec::new()).await?;
            let request = self.lease.begin_request();
            let rows = connection.stream(&ready, statement).await?;
            let end = futures_util::stream::once(async move { request.answered() });
            Ok(rows
                .map_err(StoreError::from)
                .chain(end.filter_map(async |()| None)))
        })
        .await
    }

    /// Runs `COPY … FROM STDIN` (text, CSV or binary, as `sql` says) with data that arrives in pieces. Answers the
    /// number of rows.
    ///
    /// # Errors
    /// That of the server, or that of the data. Either way the transaction is over, savepoints included: all that is
    /// left is to drop it.
    pub async fn copy_in<D, E>(&self, sql: &str, data: D) -> Result<u64, E>
    where
        D: Stream<Item = Result<Bytes, E>>,
        E: From<StoreError>,
    {
        let mut data = std::pin::pin!(data);
        let result = self
            .guarded(async |connection| {
                self.send(connection, Vec::new()).await?;
                // When the server refuses a copy, the driver asks for the end of it all the same, and one answer too
                // many comes back: from then on answers would go to the wrong requests. So the connection is given up
                // until the copy is known to be complete.
                connection.give_up();
                let sink: CopyInSink<Bytes> = connection.client.copy_in(sql).await?;
                let mut sink = std::pin::pin!(sink);
                while let Some(piece) = data.next().await {
                    match piece {
                        Ok(piece) => sink.send(piece).await?,
                        Err(error) => return Ok(Err(error)),
                    }
                }
                let rows = sink.as_mut().finish().await?;
                connection.keep_using();
                Ok(Ok(rows))
            })
            .await;
        match result {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => {
                self.failed.store(true, Ordering::Relaxed);
                Err(error)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Runs `COPY … FROM STDIN` with data that is there already.
    pub async fn copy_in_bytes(&self, sql: &str, data: Bytes) -> Result<u64, StoreError> {
        self.copy_in(
            sql,
            futures_util::stream::iter([Ok::<Bytes, StoreError>(data)]),
        )
        .await
    }

    /// Marks a place that [`Transaction::rollback_to`] can return to. `name` is a plain lower-case identifier.
    pub async fn savepoint(&self, name: &str) -> Result<(), StoreError> {
        self.command(&format!("savepoint {}", identifier(name)?))
            .await
    }

    /// Undoes everything since the savepoint, an error included; the savepoint stays.
    pub async fn rollback_to(&self, name: &str) -> Result<(), StoreError> {
        self.command(&format!("rollback to savepoint {}", identifier(name)?))
            .await?;
        self.failed.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Forgets a savepoint and keeps what was done since.
    pub async fn release(&self, name: &str) -> Result<(), StoreError> {
        self.command(&format!("release savepoint {}", identifier(name)?))
            .await
    }

    async fn command(&self, sql: &str) -> Result<(), StoreError> {
        self.guarded(async |connection| {
            self.send(connection, vec![connection.command(sql)])
                .await
                .map(drop)
        })
        .await
    }

    /// Marks the lease as waiting for answers while `work` runs, and the transaction as failed when it fails.
    async fn guarded<T>(
        &self,
        work: impl AsyncFnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.lease.connection()?;
        if !connection.is_usable() {
            self.failed.store(true, Ordering::Relaxed);
            let detail = "the connection was given up after an error".to_owned();
            return Err(StoreError::Unavailable { detail });
        }
        let request = self.lease.begin_request();
        let result = work(connection).await;
        request.answered();
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Sends the requests, behind the head when it has not been sent.
    async fn send(
        &self,
        connection: &Connection,
        requests: Vec<Request<'_, Answer>>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let pending = self
            .head
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some();
        let acting = Statement::new(ACTING);
        // Preparing waits, so it comes before the head is taken: from there on nothing waits until all is sent.
        let ready = if pending {
            Some(connection.ready(&head_shape(acting)).await?)
        } else {
            None
        };
        let head = self
            .head
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (Some(ready), Some(head)) = (&ready, &head) else {
            return collect(connection, requests).await;
        };
        let mut all = Vec::with_capacity(requests.len() + 2);
        all.push(connection.command(self.opening));
        all.push(connection.rows(ready, head));
        all.extend(requests);
        self.open.store(true, Ordering::Relaxed);
        let mut answers = collect(connection, all).await?;
        answers.drain(..2);
        Ok(answers)
    }

    /// Runs the last statements and commits, in one round trip.
    pub(crate) async fn finish(
        self,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(StoreError::internal(
                "commit after a failed statement: the transaction is rolled back",
            ));
        }
        if statements.is_empty() && !self.open.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        self.guarded(async |connection| {
            let ready = prepare_all(connection, statements).await?;
            let mut requests: Vec<Request<'_, Answer>> = ready
                .iter()
                .zip(statements)
                .map(|(ready, one)| connection.rows(ready, one))
                .collect();
            requests.push(connection.command("commit"));
            let mut answers = self.send(connection, requests).await?;
            self.open.store(false, Ordering::Relaxed);
            answers.pop();
            Ok(answers)
        })
        .await
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.open.load(Ordering::Relaxed) {
            return;
        }
        // A connection that is given up is closed, at which the server rolls back by itself.
        if let Ok(connection) = self.lease.connection()
            && connection.is_usable()
        {
            // Polled once, which queues it: nothing needs its answer, and whoever gets the connection next queues
            // behind it.
            let mut rollback = Box::pin(connection.client.batch_execute("rollback"));
            let _ = futures_util::FutureExt::now_or_never(rollback.as_mut());
        }
    }
}

/// The head's statement with its types, for preparing.
fn head_shape(mut statement: Statement) -> Statement {
    statement.types = vec![Type::TEXT; 7];
    statement
}

/// Savepoint names are ours, yet nothing but a plain identifier reaches the text of a command.
fn identifier(name: &str) -> Result<&str, StoreError> {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain && name.starts_with(|first: char| first.is_ascii_lowercase()) {
        Ok(name)
    } else {
        Err(StoreError::internal(format!(
            "savepoint name {name:?} is not a plain lower-case identifier"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn savepoint_names_are_plain_identifiers() {
        assert!(identifier("row_1").is_ok());
        for bad in ["", "1a", "a; drop table x", "A", "a b", "_a"] {
            assert!(identifier(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
