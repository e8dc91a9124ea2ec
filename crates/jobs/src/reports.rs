//! Keeps reports again, each as its owner.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use kith_auth::{ActorCache, AuthError};
use kith_engine::{Caller, Engine, EngineError};
use kith_entities::custom_field::load_overlay;
use kith_entities::report;
use kith_store::{Origin, Tx};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::JobError;
use crate::queue::Work;
use crate::worker::Job;

/// Keeps what a report answers to its owner, with that person's rights, as they would by hand.
///
/// The answer and the job's end are two transactions, because the first acts for a person and the second for none. A
/// job that died between them keeps the answer anew; its owner is told with the end, once.
pub struct KeepReport {
    pub engine: Engine,
    pub actors: ActorCache,
}

impl KeepReport {
    /// The owner as a caller; none for somebody who may not act any more.
    async fn owner(&self, work: &Work, owner: Uuid) -> Result<Option<Caller>, JobError> {
        let actor = match self.actors.get(owner, work.organization_id, None).await {
            Ok(actor) => actor,
            Err(AuthError::NotAMember) => return Ok(None),
            Err(AuthError::Store(error)) => return Err(JobError::Store(error)),
            Err(error) => return Err(JobError::Later(error.to_string())),
        };
        let zone = actor
            .user
            .timezone
            .as_deref()
            .unwrap_or(&actor.organization.timezone);
        let overlay = load_overlay(&self.engine.database, &actor.principal).await?;
        Ok(Some(Caller {
            principal: actor.principal,
            grants: actor.grants.clone(),
            overlay: overlay.into(),
            base_currency: actor.organization.base_currency.clone(),
            region: actor.organization.country.clone(),
            now: work
                .now()
                .to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC)),
            origin: Origin::new("system"),
        }))
    }

    /// Keeps the answer. Answers why it cannot be, where another attempt would not help.
    async fn keep(&self, caller: &Caller, id: Uuid) -> Result<Option<String>, JobError> {
        let tx = Tx::begin(&self.engine.database, &caller.principal, &caller.origin).await?;
        match report::generate(&self.engine, &tx, caller, id).await {
            Ok(_) => {
                tx.commit().await?;
                Ok(None)
            }
            Err(EngineError::Store(error)) => Err(JobError::Store(error)),
            Err(error) => Ok(Some(error.to_string())),
        }
    }
}

impl Job for KeepReport {
    fn kind(&self) -> &'static str {
        "keep_report"
    }

    fn run<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            let id: Uuid = work
                .payload
                .get("report_id")
                .and_then(Json::as_str)
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| JobError::Never("no report is named".to_owned()))?;
            let tx = work.begin().await?;
            let Some(keeper) = report::keeper(&tx, id).await? else {
                return work.finish(tx).await;
            };
            drop(tx);
            let Some(caller) = self.owner(work, keeper.owner_id).await? else {
                return work.finish(work.begin().await?).await;
            };
            let trouble = self.keep(&caller, id).await?;
            let tx = work.begin().await?;
            report::tell_keeper(&tx, id, &keeper, trouble.as_deref()).await?;
            work.finish(tx).await
        }
        .boxed()
    }
}
