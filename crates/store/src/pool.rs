//! The pool: a limit on connections and a stack of those at rest.
//!
//! A connection goes back at once, even when its last caller was cancelled: whatever that caller left (a `rollback`)
//! is queued ahead of the next caller's requests. Only when a request was still unanswered does the connection first
//! settle: it gets a moment to finish, and is cancelled and closed if it does not, so that nobody inherits a wait.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    connection::Connection,
    error::{StoreError, chain},
    settings::Prepare,
    target::Target,
};

/// A connection older than this is replaced: plans and catalogue caches in the server only grow.
const LIFETIME: Duration = Duration::from_hours(1);
/// How long an abandoned statement may go on before it is cancelled.
const SETTLE: Duration = Duration::from_millis(100);

/// How much of a pool is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Connections that may be open.
    pub limit: usize,
    /// Connections that are working.
    pub in_use: usize,
    /// Connections that are open and at rest.
    pub idle: usize,
}

#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    size: usize,
    target: Target,
    prepare: Prepare,
    wait: Duration,
    limit: Arc<Semaphore>,
    resting: Mutex<Vec<Connection>>,
}

/// A connection in use. Goes back when dropped.
pub(crate) struct Lease {
    connection: Option<Connection>,
    unanswered: Arc<AtomicUsize>,
    pool: Arc<Shared>,
    permit: Option<OwnedSemaphorePermit>,
    reused: bool,
}

impl Pool {
    pub(crate) fn new(target: Target, size: usize, wait: Duration, prepare: Prepare) -> Pool {
        let size = size.clamp(1, 10_000);
        let limit = Arc::new(Semaphore::new(size));
        Pool(Arc::new(Shared {
            size,
            target,
            prepare,
            wait,
            limit,
            resting: Mutex::default(),
        }))
    }

    pub(crate) fn target(&self) -> &Target {
        &self.0.target
    }

    /// How much of it is in use.
    pub(crate) fn in_use(&self) -> PoolUse {
        PoolUse {
            limit: self.0.size,
            in_use: self.0.size.saturating_sub(self.0.limit.available_permits()),
            idle: self.0.resting().len(),
        }
    }

    /// A connection at rest, or a new one.
    pub(crate) async fn lease(&self) -> Result<Lease, StoreError> {
        let permit = self.permit().await?;
        while let Some(connection) = self.0.resting().pop() {
            if connection.is_usable() && connection.opened.elapsed() < LIFETIME {
                return Ok(self.hand_out(connection, permit, true));
            }
        }
        let client = self.0.target.connect().await?;
        Ok(self.hand_out(Connection::new(client, self.0.prepare), permit, false))
    }

    /// Closes the connections at rest.
    pub(crate) fn clear(&self) {
        self.0.resting().clear();
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let limit = Arc::clone(&self.0.limit);
        if let Ok(permit) = Arc::clone(&limit).try_acquire_owned() {
            return Ok(permit);
        }
        match tokio::time::timeout(self.0.wait, limit.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(StoreError::Unavailable {
                detail: "the pool is closed".to_owned(),
            }),
            Err(_) => Err(StoreError::Unavailable {
                detail: format!(
                    "no connection became free within {} ms",
                    self.0.wait.as_millis()
                ),
            }),
        }
    }

    fn hand_out(
        &self,
        connection: Connection,
        permit: OwnedSemaphorePermit,
        reused: bool,
    ) -> Lease {
        Lease {
            connection: Some(connection),
            unanswered: Arc::default(),
            pool: Arc::clone(&self.0),
            permit: Some(permit),
            reused,
        }
    }
}

impl Shared {
    fn resting(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The connection, until the lease is dropped.
    pub(crate) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection
            .as_ref()
            .ok_or_else(|| StoreError::internal("a lease was used after its end"))
    }

    /// Whether the connection had rested, so that it may have died unnoticed.
    pub(crate) fn was_reused(&self) -> bool {
        self.reused
    }

    /// Closes the connection instead of giving it back.
    pub(crate) fn discard(mut self) {
        self.connection = None;
    }

    /// Marks that a request is on its way; drop the guard with [`Unanswered::answered`] when all of it came back.
    pub(crate) fn begin_request(&self) -> Unanswered {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        Unanswered {
            count: Arc::clone(&self.unanswered),
        }
    }
}

/// A request without its answer.
pub(crate) struct Unanswered {
    count: Arc<AtomicUsize>,
}

impl Unanswered {
    /// The answer came in full. Without this call (the caller was cancelled) the connection settles before reuse.
    pub(crate) fn answered(self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if !connection.is_usable() {
            return;
        }
        if self.unanswered.load(Ordering::Relaxed) == 0 {
            self.pool.resting().push(connection);
            return;
        }
        let pool = Arc::clone(&self.pool);
        let permit = self.permit.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                settle(&pool, connection).await;
                drop(permit);
            });
        }
    }
}

/// Waits until everything queued on an abandoned connection is done. After a cancellation the connection is closed
/// rather than reused: the request to cancel travels on its own and might reach the next caller's statement.
async fn settle(pool: &Shared, connection: Connection) {
    let quiet = {
        let mut last = std::pin::pin!(connection.client.batch_execute(""));
        if let Ok(result) = tokio::time::timeout(SETTLE, &mut last).await {
            result.is_ok()
        } else {
            if let Err(error) = pool.target.cancel(&connection.client).await {
                tracing::debug!(error = %chain(&error), "an abandoned statement could not be cancelled");
            }
            false
        }
    };
    if quiet && connection.is_usable() {
        pool.resting().push(connection);
    }
}
