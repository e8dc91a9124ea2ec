//! What a template may be told about: the record it is written about with what that belongs to, as the caller may read
//! them; the caller; and what the caller adds.

use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_catalogue::kind::Kind;
use kith_engine::{Caller, Deleted, Engine, EngineError};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::EMAIL_TEMPLATE;
use super::render::{Rendered, Texts, render};
use crate::{company, contact, deal, lead, user};

/// What to render a template for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenderRequest {
    /// lead, contact, company or deal.
    pub subject_type: Option<String>,
    pub subject_id: Option<Uuid>,
    /// Values of one's own; they cannot replace what the record says.
    #[serde(default)]
    pub variables: Map<String, Json>,
}

/// Records that a template may be about.
const SUBJECTS: [&Entity; 4] = [
    &lead::LEAD,
    &contact::CONTACT,
    &company::COMPANY,
    &deal::DEAL,
];

/// The link by which whoever has an e-mail address leaves, where there can be one.
pub type Leaving<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Renders a template for a record. Texts to somebody with an address may use `unsubscribe_url`.
///
/// # Errors
/// [`EngineError::NotFound`] for a template or a record that the caller may not see; faults naming every missing variable.
pub async fn render_for(
    engine: &Engine,
    caller: &Caller,
    id: Uuid,
    wanted: &RenderRequest,
    leaving: Leaving<'_>,
) -> Result<Rendered, EngineError> {
    let template = read(engine, caller, &EMAIL_TEMPLATE, id).await?;
    let text = |name: &str| template.get(name).and_then(Json::as_str).map(str::to_owned);
    let texts = Texts {
        subject: text("subject").unwrap_or_default(),
        html: text("body_html"),
        text: text("body_text"),
    };
    let values = values(engine, caller, wanted, leaving).await?;
    render(&texts, &values).map_err(EngineError::Invalid)
}

async fn values(
    engine: &Engine,
    caller: &Caller,
    wanted: &RenderRequest,
    leaving: Leaving<'_>,
) -> Result<Json, EngineError> {
    let mut values = Map::new();
    match (wanted.subject_type.as_deref(), wanted.subject_id) {
        (None, None) => {}
        (Some(kind), Some(id)) => {
            let entity = SUBJECTS
                .into_iter()
                .find(|entity| entity.name == kind)
                .ok_or_else(|| {
                    Fault::new("not_a_choice", "must be lead, contact, company or deal")
                        .at("subject_type")
                })?;
            about(engine, caller, entity, id, &mut values).await?;
            // An address that the caller sees masked is none.
            let link = values
                .get(entity.name)
                .and_then(|record| record.get("email"))
                .and_then(Json::as_str)
                .filter(|email| email.is_ascii() && email.contains('@'))
                .and_then(leaving);
            if let Some(link) = link {
                values.insert("unsubscribe_url".to_owned(), json!(link));
            }
        }
        (None, Some(_)) => {
            return Err(
                Fault::new("required", "subject_type and subject_id go together")
                    .at("subject_type")
                    .into(),
            );
        }
        (Some(_), None) => {
            return Err(
                Fault::new("required", "subject_type and subject_id go together")
                    .at("subject_id")
                    .into(),
            );
        }
    }
    let me = read(engine, caller, &user::USER, caller.principal.user_id).await;
    if let Ok(me) = me {
        values.insert("user".to_owned(), speakable(caller, &user::USER, &me));
    }
    for (name, value) in &wanted.variables {
        if values.contains_key(name) {
            let message = "is what the record says; give your own value another name";
            return Err(Fault::new("taken", message)
                .at(format!("variables.{name}"))
                .into());
        }
        values.insert(name.clone(), emptied(value.clone()));
    }
    Ok(Json::Object(values))
}

/// The record under its entity's name, and the company and contact that it belongs to.
async fn about(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    values: &mut Map<String, Json>,
) -> Result<(), EngineError> {
    let record = read(engine, caller, entity, id).await?;
    let related: [(&'static Entity, &str); 2] = [
        (&company::COMPANY, "company_id"),
        (&contact::CONTACT, "primary_contact_id"),
    ];
    for (other, field) in related {
        let other_id = record
            .get(field)
            .and_then(Json::as_str)
            .and_then(|id| Uuid::try_parse(id).ok());
        if let Some(other_id) = other_id
            && let Ok(found) = read(engine, caller, other, other_id).await
        {
            values.insert(other.name.to_owned(), speakable(caller, other, &found));
        }
    }
    values.insert(entity.name.to_owned(), speakable(caller, entity, &record));
    Ok(())
}

async fn read(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<Json, EngineError> {
    let record = kith_engine::get(engine, caller, entity, id, &[], Deleted::No).await?;
    serde_json::from_slice(&record.json)
        .map_err(|error| kith_store::StoreError::internal(error.to_string()).into())
}

/// A record's fields as a text may use them: choices by their labels, what is empty as an empty text.
fn speakable(caller: &Caller, entity: &'static Entity, record: &Json) -> Json {
    let mut spoken = Map::new();
    for field in entity.all_fields() {
        let value = record.get(field.name).cloned().unwrap_or_default();
        let value = match (field.kind, &value) {
            (Kind::Choice, Json::String(word)) => field
                .choices
                .iter()
                .find(|choice| choice.value == word)
                .map_or_else(|| value.clone(), |choice| json!(choice.label)),
            (Kind::CustomFields, _) => {
                let given = caller
                    .overlay
                    .of(entity.name)
                    .iter()
                    .map(|own| {
                        (
                            own.key.clone(),
                            value.get(&own.key).cloned().map_or(json!(""), emptied),
                        )
                    })
                    .collect();
                spoken.insert("custom".to_owned(), Json::Object(given));
                continue;
            }
            _ => value,
        };
        spoken.insert(field.name.to_owned(), emptied(value));
    }
    Json::Object(spoken)
}

/// Null would be written as a word.
fn emptied(value: Json) -> Json {
    match value {
        Json::Null => json!(""),
        other => other,
    }
}
