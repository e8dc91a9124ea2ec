//! Every export stands in the audit log twice: when it begins, so that none is missed whatever happens, and when it
//! ends, with the number of records that went out.

use kith_catalogue::entity::Entity;
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;

/// The entries of one export.
pub(super) struct Entries {
    pub engine: Engine,
    pub caller: Caller,
    pub entity: &'static Entity,
    pub id: Uuid,
    /// Format, filter and the rest of what was asked for.
    pub asked: Map<String, Json>,
}

impl Entries {
    /// Writes that it begins.
    pub(super) async fn begin(&self) -> Result<(), EngineError> {
        self.write("started", None).await
    }

    /// Writes how it ended: `completed`, `interrupted` or `failed`.
    pub(super) async fn end(&self, state: &'static str, count: u64) {
        if let Err(error) = self.write(state, Some(count)).await {
            tracing::error!(%error, export = %self.id, count, state, "the end of an export could not be written");
        }
    }

    async fn write(&self, state: &str, count: Option<u64>) -> Result<(), EngineError> {
        let mut details = self.asked.clone();
        details.insert("state".to_owned(), Json::from(state));
        if let Some(count) = count {
            details.insert("count".to_owned(), Json::from(count));
        }
        let record = Statement::new("SELECT record_export($1, $2, $3)")
            .with(self.entity.name, Type::TEXT)
            .with(self.id, Type::UUID)
            .with(Json::Object(details), Type::JSONB);
        let tx = Tx::begin(
            &self.engine.database,
            &self.caller.principal,
            &self.caller.origin,
        )
        .await?;
        tx.commit_with(&[record]).await?;
        Ok(())
    }
}
