//! A long answer, read piece by piece in constant memory.
//!
//! The pieces come from one snapshot, in a transaction that writes nothing. Between two of them other statements may
//! run in it, which a stream of rows would not allow. Dropped, the cursor ends with its transaction; a statement that
//! still runs is cancelled.

use std::time::Duration;

use tokio_postgres::{Row, types::Type};

use crate::{
    acting::{Origin, Principal},
    database::Database,
    error::StoreError,
    statement::Statement,
    transaction::Transaction,
};

/// How long things may take while a cursor is open, instead of the limits of short requests.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The longest that finding one piece may take.
    pub statement: Duration,
    /// The longest that nobody asks for the next piece.
    pub idle: Duration,
}

/// An open cursor.
pub struct Cursor {
    transaction: Transaction,
}

/// The plan is chosen for its first rows: a walk along an index that gives the order, never a sort of everything when
/// there is one.
const SETTINGS: &str = "select set_config('statement_timeout',$1,true),set_config('idle_in_transaction_session_timeout',$2,true),\
    set_config('cursor_tuple_fraction','0.0001',true)";

impl Cursor {
    /// Opens a cursor over the rows of a statement, on behalf of `who`. Nothing is read yet.
    ///
    /// # Errors
    /// Those of the statement, as far as planning it finds them.
    pub async fn open(
        database: &Database,
        who: &Principal,
        statement: Statement,
        patience: Patience,
    ) -> Result<Cursor, StoreError> {
        let origin = Origin::new("api");
        let transaction =
            Transaction::begin(database, Some(who.organization_id), Some(who), &origin)
                .await?
                .reading();
        let settings = Statement::new(SETTINGS)
            .with(milliseconds(patience.statement), Type::TEXT)
            .with(milliseconds(patience.idle), Type::TEXT);
        let mut declare = statement;
        declare.sql = format!("declare piecewise no scroll cursor for {}", declare.sql).into();
        // A cursor is planned for its very values in any case, and its shape is not that of the next one.
        declare.planned_each_time = true;
        transaction.query_many(&[settings, declare]).await?;
        Ok(Cursor { transaction })
    }

    /// The next rows, at most `rows` of them; none at the end.
    pub async fn next(&self, rows: u32) -> Result<Vec<Row>, StoreError> {
        let mut fetch = Statement::new(format!("fetch forward {rows} from piecewise"));
        // Prepared, it would be bound to the columns of this cursor.
        fetch.planned_each_time = true;
        self.transaction.query(&fetch).await
    }

    /// The rows of another statement, from the same snapshot.
    pub async fn query(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        self.transaction.query(statement).await
    }
}

fn milliseconds(time: Duration) -> String {
    time.as_millis().to_string()
}
