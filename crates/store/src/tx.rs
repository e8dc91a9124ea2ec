//! The two kinds of transaction: on behalf of a user, and of no user.

use std::ops::Deref;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    acting::{Origin, Principal},
    database::Database,
    error::StoreError,
    statement::Statement,
    transaction::Transaction,
};

/// A transaction on behalf of a user. Row security shows it what that user may see.
pub struct Tx {
    principal: Principal,
    transaction: Transaction,
}

/// A transaction that acts for no user: background work and sign-in. It still states its organization, or that it
/// works across organizations, and the policies decide what that may see.
pub struct SystemTx {
    organization_id: Option<Uuid>,
    transaction: Transaction,
}

impl Tx {
    /// Takes a connection. Nothing is sent before the first statement.
    pub async fn begin(
        database: &Database,
        principal: &Principal,
        origin: &Origin,
    ) -> Result<Tx, StoreError> {
        let organization = Some(principal.organization_id);
        let transaction =
            Transaction::begin(database, organization, Some(principal), origin).await?;
        Ok(Tx {
            principal: *principal,
            transaction,
        })
    }

    /// Who acts.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Makes everything lasting. After an error the outcome is a rollback, except when the connection was lost while
    /// waiting for the answer ([`StoreError::Unavailable`]): then either may have happened.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.finish(&[]).await.map(drop)
    }

    /// Runs the last statements and commits, in one round trip.
    pub async fn commit_with(self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StoreError> {
        self.transaction.finish(statements).await
    }
}

impl SystemTx {
    /// Takes a connection. Nothing is sent before the first statement. `None` works across organizations.
    pub async fn begin(
        database: &Database,
        organization_id: Option<Uuid>,
        origin: &Origin,
    ) -> Result<SystemTx, StoreError> {
        let transaction = Transaction::begin(database, organization_id, None, origin).await?;
        Ok(SystemTx {
            organization_id,
            transaction,
        })
    }

    /// The organization it works in.
    pub fn organization_id(&self) -> Option<Uuid> {
        self.organization_id
    }

    /// Makes everything lasting; see [`Tx::commit`].
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.finish(&[]).await.map(drop)
    }

    /// Runs the last statements and commits, in one round trip.
    pub async fn commit_with(self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StoreError> {
        self.transaction.finish(statements).await
    }
}

impl Deref for Tx {
    type Target = Transaction;
    fn deref(&self) -> &Transaction {
        &self.transaction
    }
}

impl Deref for SystemTx {
    type Target = Transaction;
    fn deref(&self) -> &Transaction {
        &self.transaction
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn is_send<T: Send>(_: T) {}

    /// Handlers run on any thread, so every future here must be free to move between them.
    #[test]
    fn futures_can_move_between_threads() {
        fn check(
            database: &Database,
            principal: &Principal,
            origin: &Origin,
            statement: &Statement,
            tx: Tx,
        ) {
            is_send(Tx::begin(database, principal, origin));
            is_send(database.read(principal, std::slice::from_ref(statement)));
            is_send(tx.query(statement));
            is_send(tx.execute(statement));
            is_send(tx.query_stream(statement));
            is_send(tx.copy_in_bytes("", Bytes::new()));
            is_send(tx.savepoint("a"));
            is_send(tx.commit());
        }
        let _ = check;
    }
}
