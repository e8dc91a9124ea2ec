//! Delivers events to webhooks, each until it is taken or given up.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use kith_auth::Sessions;
use kith_channels::webhook::{Attempt, WebhookSender};
use kith_store::types::Type;
use kith_store::{Statement, StoreError};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::JobError;
use crate::queue::Work;
use crate::worker::Job;

/// Delivers one event to one endpoint.
pub struct DeliverWebhook {
    pub sender: WebhookSender,
    /// Opens the secrets that sign.
    pub sessions: Sessions,
}

impl Job for DeliverWebhook {
    fn kind(&self) -> &'static str {
        "deliver_webhook"
    }

    fn longest(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn run<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            let delivery: Uuid = work
                .payload
                .get("delivery_id")
                .and_then(Json::as_str)
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| JobError::Never("no delivery is named".to_owned()))?;
            let tx = work.begin().await?;
            let find = Statement::new(
                "select endpoint_id, url, payload, signing_key, previous_signing_key from webhook_delivery($1)",
            )
            .with(delivery, Type::UUID);
            let Some(row) = tx.query_opt(&find).await? else {
                return work.finish(tx).await;
            };
            let read = || {
                Ok::<_, StoreError>((
                    row.try_get::<_, Uuid>(0)?,
                    row.try_get::<_, String>(1)?,
                    row.try_get::<_, Json>(2)?,
                    row.try_get::<_, Option<Vec<u8>>>(3)?,
                    row.try_get::<_, Option<Vec<u8>>>(4)?,
                ))
            };
            let (endpoint, url, payload, newest, previous) = read()?;
            // Nothing is held while the other side takes its time.
            drop(tx);
            let mut keys = Vec::new();
            for sealed in newest.into_iter().chain(previous) {
                let key = self.sessions.vault().unseal(endpoint, &sealed);
                keys.push(key.map_err(|error| JobError::Later(error.to_string()))?);
            }
            let attempt = self
                .sender
                .send(
                    &url,
                    &delivery.to_string(),
                    work.now().as_second(),
                    payload.to_string(),
                    &keys,
                )
                .await;
            self.settle(work, delivery, attempt).await
        }
        .boxed()
    }
}

impl DeliverWebhook {
    async fn settle(&self, work: &Work, delivery: Uuid, attempt: Attempt) -> Result<(), JobError> {
        let last = attempt.hopeless || work.attempt >= work.max_attempts;
        let outcome = match &attempt.error {
            None => "delivered",
            Some(_) if last => "dead",
            Some(_) => "failed",
        };
        let again = again_at(work);
        let settle = Statement::new("select settle_webhook($1, $2, $3, $4, $5, $6, $7)::text")
            .with(delivery, Type::UUID)
            .with(outcome, Type::TEXT)
            .with(attempt.status.map(i32::from), Type::INT4)
            .with(
                i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX),
                Type::INT4,
            )
            .with(
                attempt.error.as_ref().map(|text| text.replace('\0', " ")),
                Type::TEXT,
            )
            .with(again, Type::TIMESTAMPTZ)
            .with(work.now(), Type::TIMESTAMPTZ);
        let tx = work.begin().await?;
        tx.query(&settle).await?;
        match attempt.error {
            // What is delivered is known to be, or it is delivered again: the receiver tells by the id.
            None => work.finish(tx).await,
            Some(text) => {
                tx.commit().await?;
                Err(if last {
                    JobError::Never(text)
                } else {
                    JobError::Later(text)
                })
            }
        }
    }
}

fn again_at(work: &Work) -> Option<Timestamp> {
    let pause = SignedDuration::try_from(work.usual_pause()?).ok()?;
    work.now().checked_add(pause).ok()
}
