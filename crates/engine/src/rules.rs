//! What is special about an entity: three hooks, always for a whole batch, so that no rule asks the
//! database once a row.

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::Catalogue;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Faults;
use kith_store::Tx;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::EngineError;
use crate::write::{Change, Draft};

/// The changes of one operation with what the hooks may look at.
pub struct Batch<'a> {
    pub tx: &'a Tx,
    pub caller: &'a Caller,
    pub catalogue: &'static Catalogue,
    pub entity: &'static Entity,
    pub changes: &'a mut [Change<Draft>],
}

/// The rules of one entity.
pub trait Rules: Send + Sync {
    /// Looks things up and fills values in. The last place where values change.
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        let _ = batch;
        async { Ok(()) }.boxed()
    }

    /// Pure rules over one change, testable without a database.
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let _ = (change, faults);
    }

    /// Whether one record may be merged into another; the two as they stand. The answer is the reason why not.
    fn refuses_merge(&self, winner: &Change<Draft>, loser: &Change<Draft>) -> Option<&'static str> {
        let _ = (winner, loser);
        None
    }

    /// Follow-ups in the same transaction, once the rows are written.
    fn after_write<'a>(
        &'a self,
        tx: &'a Tx,
        caller: &'a Caller,
        ids: &'a [Uuid],
    ) -> BoxFuture<'a, Result<(), EngineError>> {
        let _ = (tx, caller, ids);
        async { Ok(()) }.boxed()
    }
}

/// An entity without rules of its own.
pub struct NoRules;

impl Rules for NoRules {}

/// The rules by entity name.
pub struct RuleBook(HashMap<&'static str, &'static dyn Rules>);

impl RuleBook {
    /// A book of these rules; entities that are not in it have none.
    pub fn new(rules: impl IntoIterator<Item = (&'static str, &'static dyn Rules)>) -> Self {
        Self(rules.into_iter().collect())
    }

    /// The rules of an entity.
    pub fn of(&self, entity: &Entity) -> &'static dyn Rules {
        self.0.get(entity.name).copied().unwrap_or(&NoRules)
    }
}
