//! The database as the application sees it: through a role that row security binds.

use std::time::Duration;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    acting::Principal,
    connection::{Answer, Connection, Ready},
    error::StoreError,
    pipeline::{Request, send_all},
    pool::{Lease, Pool, PoolUse},
    roles,
    settings::{DatabaseSettings, Prepare},
    statement::Statement,
    target::Target,
};

/// One snapshot for all statements of a read, so that a page and its total agree.
pub(crate) const BEGIN_READ: &str = "begin isolation level repeatable read read only";

/// How often a read is repeated on another connection.
const READ_AGAIN: u32 = 3;

/// The pool of the application's role. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
}

impl Database {
    /// Connects as the application's role: as [`crate::APPLICATION_ROLE`] when the URL is an owner's and the role
    /// exists, else as the URL's own role. Without a URL it uses the private server of the data folder, which must run.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the role is a superuser, bypasses row security or owns tables;
    /// [`StoreError::Unavailable`] when the server cannot be reached.
    pub async fn open(settings: &DatabaseSettings) -> Result<Database, StoreError> {
        let target = match &settings.url {
            Some(url) => roles::application_target(&Target::parse(url)?).await?,
            None => crate::embedded::application_target(settings)?,
        };
        Database::connect(&target, settings).await
    }

    /// Connects to `target` and refuses a role that row security does not bind.
    pub async fn connect(
        target: &Target,
        settings: &DatabaseSettings,
    ) -> Result<Database, StoreError> {
        let target = match settings.prepare {
            // A pooler refuses settings at sign-in; there the role's own settings hold (roles.rs).
            Prepare::Never => target.clone(),
            Prepare::Auto => target.with_options(&session_options(settings.statement_timeout)),
        };
        let database = Database {
            pool: Pool::new(
                target,
                settings.pool_size,
                settings.pool_wait,
                settings.prepare,
            ),
        };
        let lease = database.pool.lease().await?;
        roles::refuse_powerful_role(&lease.connection()?.client).await?;
        drop(lease);
        Ok(database)
    }

    /// Reads on behalf of `who`: one round trip, one snapshot, read only. Answers the rows of each statement.
    ///
    /// # Errors
    /// The first statement that failed; nothing was changed in any case.
    pub async fn read(
        &self,
        who: &Principal,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        self.read_as(Some(who.organization_id), Some(who), statements)
            .await
    }

    /// Reads for no user: background work and sign-in. `None` for work across organizations.
    pub async fn system_read(
        &self,
        organization_id: Option<Uuid>,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        self.read_as(organization_id, None, statements).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let lease = self.pool.lease().await?;
        let request = lease.begin_request();
        let result = lease.connection()?.client.batch_execute("").await;
        request.answered();
        result.map_err(StoreError::from)
    }

    /// Where it connects and as whom.
    pub fn target(&self) -> &Target {
        self.pool.target()
    }

    /// How much of the pool is in use.
    pub fn pool_use(&self) -> PoolUse {
        self.pool.in_use()
    }

    /// Closes the connections at rest, for an orderly end; one in use comes back to the pool as usual.
    pub fn close_idle(&self) {
        self.pool.clear();
    }

    pub(crate) async fn lease(&self) -> Result<Lease, StoreError> {
        self.pool.lease().await
    }

    async fn read_as(
        &self,
        organization: Option<Uuid>,
        who: Option<&Principal>,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let head = head(organization, who);
        let mut again = READ_AGAIN;
        loop {
            let lease = self.pool.lease().await?;
            match read_once(&lease, &head, statements).await {
                // The server went away while the connection rested, or a migration changed a table under a prepared
                // statement: a read may simply be repeated. A new connection has neither excuse.
                Err(StoreError::Unavailable { .. } | StoreError::Conflict { .. })
                    if lease.was_reused() && again > 0 =>
                {
                    again -= 1;
                    lease.discard();
                }
                Err(StoreError::Value { detail, .. }) => {
                    return Err(StoreError::Parameter { detail });
                }
                result => return result,
            }
        }
    }
}

async fn read_once(
    lease: &Lease,
    head: &str,
    statements: &[Statement],
) -> Result<Vec<Vec<Row>>, StoreError> {
    let connection = lease.connection()?;
    let request = lease.begin_request();
    let ready = prepare_all(connection, statements).await;
    let result = match &ready {
        Ok(ready) => {
            let mut requests = Vec::with_capacity(statements.len() + 2);
            requests.push(connection.command(head));
            requests.extend(
                ready
                    .iter()
                    .zip(statements)
                    .map(|(ready, statement)| connection.rows(ready, statement)),
            );
            requests.push(connection.command("commit"));
            let mut answers = collect(connection, requests).await;
            if let Ok(answers) = &mut answers {
                answers.pop();
                answers.drain(..1);
            }
            answers
        }
        Err(_) => Ok(Vec::new()),
    };
    request.answered();
    ready.and(result)
}

/// What a read begins with: the transaction, and who acts as two settings that end with it. One message, because the
/// server answers each by itself and wakes the program each time. Ids are written into it: they are digits and dashes.
fn head(organization: Option<Uuid>, who: Option<&Principal>) -> String {
    let key = who.and_then(|who| who.key_id);
    format!(
        "{BEGIN_READ};set local kith.organization='{}';set local kith.\"user\"='{}'{}",
        setting(organization),
        setting(who.map(|who| who.user_id)),
        // Whoever acts through an API key.
        key.map(|key| format!(";set local kith.\"key\"='{key}'"))
            .unwrap_or_default()
    )
}

/// Sends everything and answers all rows, or the first error: an error in the middle turns the `commit` behind it
/// into a rollback without a word, so every answer is looked at.
pub(crate) async fn collect(
    connection: &Connection,
    requests: Vec<Request<'_, Answer>>,
) -> Result<Vec<Vec<Row>>, StoreError> {
    let mut rows = Vec::with_capacity(requests.len());
    for answer in send_all(requests).await {
        match answer {
            Ok(answer) => rows.push(answer),
            Err(error) => {
                connection.after_error(&error);
                return Err(error.into());
            }
        }
    }
    Ok(rows)
}

pub(crate) async fn prepare_all(
    connection: &Connection,
    statements: &[Statement],
) -> Result<Vec<Ready>, StoreError> {
    let mut ready = Vec::with_capacity(statements.len());
    for statement in statements {
        ready.push(connection.ready(statement).await?);
    }
    Ok(ready)
}

/// An id as a setting: empty for none.
pub(crate) fn setting(id: Option<Uuid>) -> String {
    id.map(|id| id.hyphenated().to_string()).unwrap_or_default()
}

/// What every session of the application has. JIT costs more than it gives for short statements.
fn session_options(statement_timeout: Duration) -> String {
    format!(
        "-c statement_timeout={} -c idle_in_transaction_session_timeout=60000 -c lock_timeout=10000 -c jit=off -c TimeZone=UTC",
        statement_timeout.as_millis()
    )
}
