//! Reading the rows of a rule's own statements.

use kith_engine::EngineError;
use kith_store::types::FromSql;
use kith_store::{Row, StoreError};

/// One value of a row.
pub(crate) fn cell<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, EngineError> {
    row.try_get(index)
        .map_err(|error| StoreError::from(error).into())
}
