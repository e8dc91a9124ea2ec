//! Webhooks: where events are sent to, and each attempt to do so. The secret that signs them is sealed and shown once.

use jiff::Timestamp;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Caller, Change, Draft, Engine, EngineError, RecordJson, Rules, read_within};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, SystemTx, Tx};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::notification::changed;

pub const NAME: Col<String> = col("name");
pub const URL: Col<String> = col("url");
pub const DESCRIPTION: Col<String> = col("description");
pub const EVENTS: Col<Json> = col("events");
pub const STATUS: Col<String> = col("status");
pub const FAILURES: Col<i64> = col("failures");
pub const LAST_DELIVERED_AT: Col<Timestamp> = col("last_delivered_at");
pub const LAST_ERROR: Col<String> = col("last_error");
pub const HAS_SECRET: Col<bool> = col("has_secret");
pub const SECRET_CHANGED_AT: Col<Timestamp> = col("secret_changed_at");

pub const ENDPOINT: Col<Uuid> = col("endpoint_id");
pub const EVENT: Col<String> = col("event");
pub const RECORD: Col<Uuid> = col("record_id");
pub const SEQUENCE: Col<i64> = col("sequence");
pub const PAYLOAD: Col<Json> = col("payload");
pub const ATTEMPTS: Col<i64> = col("attempts");
pub const RESPONSE_STATUS: Col<i64> = col("response_status");
pub const DURATION_MS: Col<i64> = col("duration_ms");
pub const NEXT_ATTEMPT_AT: Col<Timestamp> = col("next_attempt_at");
pub const DELIVERED_AT: Col<Timestamp> = col("delivered_at");

/// What may happen to a record, as events name it.
pub(crate) const HAPPENINGS: [&str; 5] = ["created", "updated", "deleted", "restored", "purged"];

const STATUSES: &[Choice] = &[
    Choice::new("active", "Active", "green"),
    Choice::new("paused", "Paused", "gray"),
    Choice::new("disabled", "Disabled", "red"),
];

const OUTCOMES: &[Choice] = &[
    Choice::new("queued", "Queued", "gray"),
    Choice::new("delivered", "Delivered", "green"),
    Choice::new("failed", "Failed, tried again", "orange"),
    Choice::new("dead", "Given up", "red"),
];

pub static WEBHOOK_ENDPOINT: Entity = Entity {
    name: "webhook_endpoint",
    table: "webhook_endpoints",
    is_view: false,
    path: "webhook-endpoints",
    label: "Webhook",
    label_plural: "Webhooks",
    icon: "webhook",
    resource: "webhooks",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .max_length(100)
            .sortable(),
        Field::of(URL, "Address", Kind::Url)
            .required()
            .help("Where events are sent by POST; https, unless it is for a test"),
        Field::of(DESCRIPTION, "Description", Kind::LongText).max_length(5000),
        Field::of(EVENTS, "Events", Kind::Json)
            .filled()
            .required()
            .help("A list such as [\"deal.updated\", \"company.*\"], or [\"*\"] for all"),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("active"))
            .filterable(),
        Field::of(FAILURES, "Failures in a row", Kind::Integer)
            .filled()
            .system(),
        Field::of(LAST_DELIVERED_AT, "Last delivered", Kind::Timestamp).system(),
        Field::of(LAST_ERROR, "Last error", Kind::Text).system(),
        Field::of(HAS_SECRET, "Signed", Kind::Boolean)
            .filled()
            .system(),
        Field::of(SECRET_CHANGED_AT, "Secret changed", Kind::Timestamp).system(),
    ],
    children: &[Child {
        name: "deliveries",
        label: "Deliveries",
        entity: "webhook_delivery",
        field: "endpoint_id",
    }],
    layout: Layout {
        table: &["name", "url", "status", "last_delivered_at", "failures"],
        sections: &[
            Section {
                label: "Webhook",
                fields: &["name", "url", "events", "status", "description"],
            },
            Section {
                label: "Health",
                fields: &["has_secret", "last_delivered_at", "failures", "last_error"],
            },
        ],
        board: None,
    },
    verbs: Verbs {
        import: false,
        ..Verbs::ALL
    },
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(WEBHOOK_ENDPOINT),
};

pub static WEBHOOK_DELIVERY: Entity = Entity {
    name: "webhook_delivery",
    table: "webhook_deliveries",
    is_view: false,
    path: "webhook-deliveries",
    label: "Webhook delivery",
    label_plural: "Webhook deliveries",
    icon: "send",
    resource: "webhooks",
    title: "event",
    access: Access::Shared,
    fields: &[
        Field::of(ENDPOINT, "Webhook", Kind::Reference)
            .references("webhook_endpoint")
            .filterable()
            .system(),
        Field::of(EVENT, "Event", Kind::Text).filterable().system(),
        Field::of(RECORD, "Record", Kind::Uuid)
            .filterable()
            .system(),
        Field::of(SEQUENCE, "Sequence", Kind::Integer).system(),
        Field::of(PAYLOAD, "Content", Kind::Json).filled().system(),
        Field::of(STATUS, "Status", Kind::Choice)
            .filled()
            .choices(OUTCOMES)
            .filterable()
            .system(),
        Field::of(ATTEMPTS, "Attempts", Kind::Integer)
            .filled()
            .system(),
        Field::of(RESPONSE_STATUS, "Answer", Kind::Integer).system(),
        Field::of(DURATION_MS, "Milliseconds", Kind::Integer).system(),
        Field::of(LAST_ERROR, "Last error", Kind::Text).system(),
        Field::of(NEXT_ATTEMPT_AT, "Next attempt", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(DELIVERED_AT, "Delivered", Kind::Timestamp)
            .sortable()
            .system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "created_at",
            "endpoint_id",
            "event",
            "status",
            "attempts",
            "response_status",
            "last_error",
        ],
        sections: &[Section {
            label: "Delivery",
            fields: &[
                "endpoint_id",
                "event",
                "record_id",
                "status",
                "attempts",
                "response_status",
                "last_error",
                "payload",
            ],
        }],
        board: None,
    },
    verbs: Verbs::READ,
    soft_delete: false,
    versioned: false,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("created_at", true),
    all: fields_of!(WEBHOOK_DELIVERY),
};

/// Rules of webhooks.
pub struct WebhookRules;

impl Rules for WebhookRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.changes(EVENTS)
            && let Some(events) = change.get(EVENTS)
            && let Some(bad) = bad_event(&events)
        {
            faults.push(
                Fault::new("not_an_event", format!("{bad} is no event; give a list such as [\"deal.updated\", \"company.*\"] or [\"*\"]"))
                    .at("events"),
            );
        }
    }
}

/// The first thing in a list of events that is none, in words; `None` when all is well.
fn bad_event(events: &Json) -> Option<String> {
    let Some(list) = events.as_array().filter(|list| !list.is_empty()) else {
        return Some("this".to_owned());
    };
    if list.len() > 200 {
        return Some("a list of more than 200".to_owned());
    }
    list.iter().find_map(|event| {
        let Some(text) = event.as_str() else {
            return Some(event.to_string().chars().take(60).collect());
        };
        (!is_event(text)).then(|| format!("\"{}\"", text.chars().take(60).collect::<String>()))
    })
}

/// `*`, `company.*` or `company.created`.
fn is_event(text: &str) -> bool {
    text == "*"
        || text.split_once('.').is_some_and(|(entity, what)| {
            crate::CATALOGUE.by_name(entity).is_some()
                && (what == "*" || HAPPENINGS.contains(&what))
        })
}

/// Scheduled: makes deliveries of what has happened since the last time.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn webhook_events(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    changed(
        tx,
        Statement::new("select webhook_events($1)").with(now, Type::TIMESTAMPTZ),
    )
    .await
}

/// Gives an endpoint a new secret, sealed by whoever made it. The one before is good a while longer.
///
/// # Errors
/// [`EngineError::Refused`] for who may not, [`EngineError::NotFound`].
pub async fn set_secret(tx: &Tx, endpoint: Uuid, sealed: Vec<u8>) -> Result<(), EngineError> {
    let set = Statement::new("select set_webhook_secret($1, $2)")
        .with(endpoint, Type::UUID)
        .with(sealed, Type::BYTEA);
    let found: bool = tx
        .query_one(&set)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    if found {
        Ok(())
    } else {
        Err(EngineError::NotFound)
    }
}

/// Sends a delivery again, now: one that was taken, was given up, or waits for its next attempt. Answers the delivery.
///
/// # Errors
/// [`EngineError::Refused`] for who may not, [`EngineError::NotFound`], [`EngineError::Conflict`] for one that is on its
/// way and for a webhook that is switched off.
pub async fn resend(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    delivery: Uuid,
) -> Result<RecordJson, EngineError> {
    let resend = Statement::new("select resend_webhook($1, $2)")
        .with(delivery, Type::UUID)
        .with(caller.now.timestamp(), Type::TIMESTAMPTZ);
    let found: bool = tx
        .query_one(&resend)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    if !found {
        return Err(EngineError::NotFound);
    }
    read_within(engine, tx, caller, &WEBHOOK_DELIVERY, vec![delivery])
        .await?
        .pop()
        .ok_or(EngineError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_those_of_entities() {
        for good in [json!(["*"]), json!(["deal.updated", "company.*"])] {
            assert_eq!(bad_event(&good), None, "{good}");
        }
        for bad in [
            json!([]),
            json!("*"),
            json!(["deal.exploded"]),
            json!(["unicorn.created"]),
            json!([7]),
            json!(["deal"]),
        ] {
            assert!(bad_event(&bad).is_some(), "{bad}");
        }
    }
}
