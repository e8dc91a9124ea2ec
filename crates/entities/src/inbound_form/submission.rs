//! A page sends its form in: from the key in its address to a lead, made by the rules that hold for everyone, in the name
//! of the form's owner.

use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Database, Statement, StoreError, Tx};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::FormField;
use crate::lead::LEAD;
use crate::note::NOTE;

/// Fields whose value a page may send under their own name, whatever the form says: where the visitor came from.
const CAPTURED: [&str; 5] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
];
/// Characters of one value.
const LONGEST: usize = 5_000;
/// Values of one submission.
const MOST: usize = 100;

/// A form that answers to a key.
#[derive(Clone, Debug)]
pub struct Form {
    pub organization_id: Uuid,
    pub id: Uuid,
    /// The sites whose pages may send; empty: any.
    pub allowed_origins: Vec<String>,
    pub success_message: String,
    pub redirect_url: Option<String>,
    /// The member in whose name leads are made.
    pub acting_user: Uuid,
    fields: Vec<FormField>,
    honeypot: String,
    source: String,
    source_detail: Option<String>,
    campaign: Option<Uuid>,
    product: Option<Uuid>,
    lead_owner: Option<Uuid>,
}

/// What a page sent: names and values in their order.
pub type Submission = Vec<(String, String)>;

/// What came of it. Whoever sent it learns only that it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    Accepted(Uuid),
    /// Somebody whose lead is open already.
    Known(Uuid),
    Spam,
}

/// The active form of a key.
///
/// # Errors
/// [`EngineError::NotFound`].
pub async fn find(database: &Database, key: &str) -> Result<Form, EngineError> {
    let statement = Statement::new(
        "SELECT f.organization_id, f.id, f.fields, f.allowed_origins, f.honeypot, f.success_message, f.redirect_url, f.source, \
         f.source_detail, f.campaign_id, f.product_id, f.acting_user, f.lead_owner FROM form_of($1) f",
    )
    .with(key.to_owned(), Type::TEXT);
    let rows = database
        .system_read(None, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let row = rows.first().ok_or(EngineError::NotFound)?;
    let broken = |error| {
        EngineError::from(StoreError::internal(format!(
            "a form cannot be read: {error}"
        )))
    };
    let list = |index: usize| row.try_get::<_, Json>(index);
    Ok(Form {
        organization_id: row.try_get(0).map_err(broken)?,
        id: row.try_get(1).map_err(broken)?,
        fields: serde_json::from_value(list(2).map_err(broken)?).unwrap_or_default(),
        allowed_origins: serde_json::from_value(list(3).map_err(broken)?).unwrap_or_default(),
        honeypot: row.try_get(4).map_err(broken)?,
        success_message: row.try_get(5).map_err(broken)?,
        redirect_url: row.try_get(6).map_err(broken)?,
        source: row.try_get(7).map_err(broken)?,
        source_detail: row.try_get(8).map_err(broken)?,
        campaign: row.try_get(9).map_err(broken)?,
        product: row.try_get(10).map_err(broken)?,
        acting_user: row.try_get(11).map_err(broken)?,
        lead_owner: row.try_get(12).map_err(broken)?,
    })
}

impl Form {
    /// Whether a page of this site may send the form. Without a site, no browser vouches for one: a program sends.
    pub fn allows(&self, origin: Option<&str>) -> bool {
        self.allowed_origins.is_empty()
            || origin.is_none_or(|origin| {
                let origin = origin.to_lowercase();
                self.allowed_origins.contains(&origin)
            })
    }

    /// The lead's body, and what is said beyond its fields.
    fn body(&self, sent: &Submission) -> Result<(Map<String, Json>, Vec<String>), EngineError> {
        let mut faults = Vec::new();
        let mut body = Map::new();
        let mut custom = Map::new();
        let mut more = Vec::new();
        let value_of = |name: &str| {
            sent.iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.trim())
                .filter(|value| !value.is_empty())
        };
        if sent.len() > MOST {
            return Err(Fault::new("too_many", format!("at most {MOST} values are taken")).into());
        }
        for field in &self.fields {
            let Some(value) = value_of(&field.name) else {
                if field.required {
                    faults.push(Fault::new("required", "is required").at(field.name.clone()));
                }
                continue;
            };
            if value.chars().count() > LONGEST {
                let message = format!("is too long; at most {LONGEST} characters are taken");
                faults.push(Fault::new("too_long", message).at(field.name.clone()));
                continue;
            }
            match field.field.as_deref() {
                None => more.push(format!(
                    "{}: {value}",
                    field.label.as_deref().unwrap_or(&field.name)
                )),
                Some(name) => match name.strip_prefix("custom.") {
                    Some(key) => {
                        custom.insert(key.to_owned(), json!(value));
                    }
                    None => {
                        body.insert(name.to_owned(), json!(value));
                    }
                },
            }
        }
        if !faults.is_empty() {
            return Err(EngineError::Invalid(faults));
        }
        for name in CAPTURED {
            if let Some(value) = value_of(name).filter(|_| !body.contains_key(name)) {
                body.insert(
                    name.to_owned(),
                    json!(value.chars().take(255).collect::<String>()),
                );
            }
        }
        if !custom.is_empty() {
            body.insert("custom_fields".to_owned(), Json::Object(custom));
        }
        body.insert("source".to_owned(), json!(self.source));
        let given = [
            ("source_detail", json!(self.source_detail)),
            ("campaign_id", json!(self.campaign)),
            ("product_id", json!(self.product)),
        ];
        body.extend(
            given
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.to_owned(), value)),
        );
        body.insert("owner_id".to_owned(), json!(self.lead_owner));
        Ok((body, more))
    }

    /// Faults under the names that the page sends.
    fn named(&self, error: EngineError) -> EngineError {
        let faults = match error {
            EngineError::InvalidRows(rows) => {
                rows.into_iter().flat_map(|(_, faults)| faults).collect()
            }
            EngineError::Invalid(faults) => faults,
            other => return other,
        };
        let renamed = |fault: Fault| {
            let sent = self
                .fields
                .iter()
                .find(|field| field.field.as_deref() == Some(fault.field.as_str()))
                .map(|field| field.name.clone());
            Fault {
                field: sent.unwrap_or_else(|| fault.field.clone()),
                ..fault
            }
        };
        EngineError::Invalid(faults.into_iter().map(renamed).collect())
    }
}

/// Makes the lead of a submission, or notes it with the open lead of whoever sent it. `caller` acts for the form's
/// `acting_user`.
///
/// # Errors
/// Faults named as the page names its fields.
pub async fn submit(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    form: &Form,
    sent: &Submission,
    origin: Option<&str>,
) -> Result<Submitted, EngineError> {
    let trapped = sent
        .iter()
        .any(|(name, value)| *name == form.honeypot && !value.trim().is_empty());
    let outcome = if trapped {
        Submitted::Spam
    } else {
        arrive(engine, tx, caller, form, sent).await?
    };
    let (word, lead) = match outcome {
        Submitted::Accepted(lead) => ("accepted", Some(lead)),
        Submitted::Known(lead) => ("known", Some(lead)),
        Submitted::Spam => ("spam", None),
    };
    let record = Statement::new("SELECT record_submission($1, $2, $3, $4)")
        .with(form.id, Type::UUID)
        .with(word, Type::TEXT)
        .with(lead, Type::UUID)
        .with(origin.map(str::to_owned), Type::TEXT);
    tx.query(&record).await?;
    Ok(outcome)
}

async fn arrive(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    form: &Form,
    sent: &Submission,
) -> Result<Submitted, EngineError> {
    let (mut body, more) = form.body(sent)?;
    // One person who presses twice is one lead, also when both arrive at once.
    if let Some(email) = body.get("email").and_then(Json::as_str) {
        let email = email.to_lowercase();
        let lock =
            Statement::new("SELECT pg_advisory_xact_lock(hashtextextended($1 || $2::text, 16))")
                .with(email.clone(), Type::TEXT)
                .with(form.organization_id, Type::UUID);
        tx.query(&lock).await?;
        let open = Statement::new(
            "SELECT l.id FROM leads l WHERE l.organization_id = current_organization_id() AND l.email = $1 AND l.deleted_at IS NULL \
             AND NOT l.is_archived AND l.status NOT IN ('converted', 'lost') ORDER BY l.created_at DESC LIMIT 1",
        )
        .with(email, Type::TEXT);
        let known: Option<Uuid> = tx
            .query_opt(&open)
            .await?
            .and_then(|row| row.try_get(0).ok());
        if let Some(lead) = known {
            note(engine, tx, caller, lead, &body, &more).await?;
            return Ok(Submitted::Known(lead));
        }
    }
    if !more.is_empty() {
        let mut notes: Vec<String> = body
            .get("notes")
            .and_then(Json::as_str)
            .map(str::to_owned)
            .into_iter()
            .collect();
        notes.extend(more);
        body.insert("notes".to_owned(), json!(notes.join("\n")));
    }
    let made = kith_engine::create(engine, tx, caller, &LEAD, &[Json::Object(body)])
        .await
        .map_err(|error| form.named(error))?;
    let lead = made
        .first()
        .map(|record| record.id)
        .ok_or(EngineError::NotFound)?;
    Ok(Submitted::Accepted(lead))
}

/// What somebody whose lead is open sent again, as a note; the lead stays as it is.
async fn note(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    lead: Uuid,
    body: &Map<String, Json>,
    more: &[String],
) -> Result<(), EngineError> {
    let mut lines = vec!["Sent a form in again".to_owned()];
    for (name, value) in body {
        let label = LEAD.field(name).map(|field| field.label);
        if let (Some(label), Some(text)) = (label, value.as_str())
            && !matches!(
                name.as_str(),
                "owner_id" | "campaign_id" | "product_id" | "source" | "source_detail"
            )
        {
            lines.push(format!("{label}: {text}"));
        }
    }
    lines.extend(more.iter().cloned());
    let content = lines.join("\n").replace("](user:", "] (user:");
    let note = json!({"subject_type": "lead", "subject_id": lead, "content": content});
    kith_engine::create(engine, tx, caller, &NOTE, &[note]).await?;
    Ok(())
}

/// What came of a form's submissions, newest first.
///
/// # Errors
/// [`EngineError::NotFound`] for a form that the caller may not see.
pub async fn submissions(
    engine: &Engine,
    caller: &Caller,
    form: Uuid,
    limit: u32,
    before: Option<Uuid>,
) -> Result<Json, EngineError> {
    kith_engine::get(
        engine,
        caller,
        &super::INBOUND_FORM,
        form,
        &[],
        kith_engine::Deleted::With,
    )
    .await?;
    let statement = Statement::new(
        "SELECT s.id, s.outcome, s.lead_id, s.origin, s.created_at FROM form_submissions s \
         WHERE s.organization_id = current_organization_id() AND s.form_id = $1 AND ($2::uuid IS NULL OR s.id < $2) \
         ORDER BY s.id DESC LIMIT $3",
    )
    .with(form, Type::UUID)
    .with(before, Type::UUID)
    .with(i64::from(limit) + 1, Type::INT8);
    let mut rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let data: Vec<Json> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.try_get::<_, Uuid>(0).ok(),
                "outcome": row.try_get::<_, String>(1).ok(),
                "lead_id": row.try_get::<_, Option<Uuid>>(2).ok().flatten(),
                "origin": row.try_get::<_, Option<String>>(3).ok().flatten(),
                "created_at": row.try_get::<_, jiff::Timestamp>(4).ok(),
            })
        })
        .collect();
    let next = rows
        .last()
        .filter(|_| more)
        .and_then(|row| row.try_get::<_, Uuid>(0).ok())
        .map(|id| id.to_string());
    Ok(kith_engine::uncounted_page(data, limit, next))
}
