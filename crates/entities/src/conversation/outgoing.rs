//! Writing in a conversation: in one's own words or by a template. What is to be delivered is stored as queued.

use kith_catalogue::access::Action;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, RecordJson, Update, read_within};
use kith_store::{StoreError, Tx};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::CONVERSATION;
use super::incoming::clean_html;
use crate::email_template::{Leaving, RenderRequest, render_for};
use crate::message::MESSAGE;

/// A message to add.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    pub content: Option<String>,
    pub content_html: Option<String>,
    pub subject: Option<String>,
    /// The conversation's channel; `internal` or `call_note` for a note among ourselves.
    pub message_type: Option<String>,
    pub recipients: Option<Json>,
    pub reply_to_id: Option<Uuid>,
    pub attachments: Option<Json>,
    pub metadata: Option<Json>,
    /// A template to fill in, instead of words of one's own.
    pub template_id: Option<Uuid>,
    /// Values for the template.
    #[serde(default)]
    pub variables: Map<String, Json>,
}

/// Adds a message that the caller writes. Who answers a conversation that is nobody's takes it.
///
/// # Errors
/// [`EngineError::Conflict`] when the other end does not want to be written to; faults of the message's fields and of the
/// template's missing variables.
pub async fn send(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    wanted: NewMessage,
    leaving: Leaving<'_>,
) -> Result<RecordJson, EngineError> {
    caller.require(&CONVERSATION, Action::Read)?;
    let record = read_within(engine, tx, caller, &CONVERSATION, vec![id])
        .await?
        .pop()
        .ok_or(EngineError::NotFound)?;
    caller.require(&CONVERSATION, Action::Create)?;
    let conversation: Json = serde_json::from_slice(&record.json)
        .map_err(|error| StoreError::internal(error.to_string()))?;
    let among_us = matches!(
        wanted.message_type.as_deref(),
        Some("internal" | "call_note")
    );
    let mut body = Map::new();
    body.insert("conversation_id".to_owned(), json!(id));
    if let Some(template) = wanted.template_id {
        if wanted.content.is_some() || wanted.content_html.is_some() {
            let message = "is written by the template; leave it out, or leave the template out";
            return Err(Fault::new("not_together", message).at("content").into());
        }
        let about = |name: &str| {
            conversation
                .get(name)
                .and_then(Json::as_str)
                .map(str::to_owned)
        };
        let request = RenderRequest {
            subject_type: about("subject_type"),
            subject_id: about("subject_id").and_then(|id| Uuid::try_parse(&id).ok()),
            variables: wanted.variables,
        };
        let rendered = render_for(engine, caller, template, &request, leaving).await?;
        body.insert("email_template_id".to_owned(), json!(template));
        body.insert("subject".to_owned(), json!(rendered.subject));
        body.insert("content".to_owned(), json!(rendered.text));
        body.insert("content_html".to_owned(), json!(rendered.html));
        if rendered.text.is_none() {
            body.insert("content_type".to_owned(), json!("html"));
        }
    } else if !wanted.variables.is_empty() {
        return Err(
            Fault::new("not_together", "are for a template; give template_id")
                .at("variables")
                .into(),
        );
    }
    let given = [
        ("content", json!(wanted.content)),
        (
            "content_html",
            json!(wanted.content_html.as_deref().map(clean_html)),
        ),
        ("subject", json!(wanted.subject)),
        ("message_type", json!(wanted.message_type)),
        ("recipients", json!(wanted.recipients)),
        ("reply_to_id", json!(wanted.reply_to_id)),
        ("attachments", json!(wanted.attachments)),
        ("metadata", json!(wanted.metadata)),
    ];
    body.extend(
        given
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value)),
    );
    if !among_us && conversation.get("assigned_to_id").is_none_or(Json::is_null) {
        take(engine, tx, caller, id).await?;
    }
    let made = kith_engine::create(engine, tx, caller, &MESSAGE, &[Json::Object(body)])
        .await
        .map_err(one_record)?;
    made.into_iter().next().ok_or(EngineError::NotFound)
}

/// Makes the conversation the caller's, where they may.
async fn take(engine: &Engine, tx: &Tx, caller: &Caller, id: Uuid) -> Result<(), EngineError> {
    if !caller.grants.allows(CONVERSATION.resource, Action::Update) {
        return Ok(());
    }
    let mine = Update {
        id,
        body: json!({"assigned_to_id": caller.principal.user_id}),
        version: None,
    };
    tx.savepoint("take").await?;
    match kith_engine::update(engine, tx, caller, &CONVERSATION, &[mine]).await {
        Ok(_) => Ok(tx.release("take").await?),
        // Whoever may write but not take it writes.
        Err(
            EngineError::Forbidden { .. }
            | EngineError::Refused { .. }
            | EngineError::InvalidRows(_),
        ) => Ok(tx.rollback_to("take").await?),
        Err(other) => Err(other),
    }
}

/// The faults of the one record that was asked for.
fn one_record(error: EngineError) -> EngineError {
    match error {
        EngineError::InvalidRows(rows) => {
            EngineError::Invalid(rows.into_iter().flat_map(|(_, faults)| faults).collect())
        }
        other => other,
    }
}
