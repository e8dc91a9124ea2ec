//! A lead becomes a company, a contact and a deal, in one transaction; and goes back while nothing hangs
//! on them.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, Update};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::suggestion::{self, text};
use super::{CONVERTED, LEAD};
use crate::{company, contact, deal};

/// What to do about the company or the contact.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Create,
    Use,
    None,
}

/// The choice for the company or the contact.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub action: What,
    /// The record to use.
    pub id: Option<Uuid>,
    /// The company's name, when the lead's is not it.
    pub name: Option<String>,
}

/// Whether to make a deal.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum DealAction {
    Create,
    None,
}

/// The choice for the deal; what is absent comes from the lead.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealChoice {
    pub action: DealAction,
    pub name: Option<String>,
    pub pipeline_id: Option<Uuid>,
    pub stage_id: Option<Uuid>,
    pub amount: Option<Json>,
    pub currency: Option<String>,
    pub expected_close_date: Option<String>,
}

/// A conversion as it is asked for. What is not said is matched, else made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversionRequest {
    pub company: Option<Choice>,
    pub contact: Option<Choice>,
    pub deal: Option<DealChoice>,
}

/// A record that a conversion made or found.
struct Outcome {
    id: Uuid,
    made: bool,
}

/// The lead, locked until the transaction ends: whoever else converts it waits, and then sees that it
/// is done.
async fn locked(engine: &Engine, tx: &Tx, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    let nothing = Update {
        id,
        body: Json::Object(Map::new()),
        version: None,
    };
    let record = kith_engine::update(engine, tx, caller, &LEAD, &[nothing])
        .await?
        .pop()
        .ok_or(EngineError::NotFound)?;
    parse(&record.json)
}

fn parse(json: &[u8]) -> Result<Json, EngineError> {
    serde_json::from_slice(json)
        .map_err(|error| kith_store::StoreError::internal(error.to_string()).into())
}

/// Converts a lead. Answers the lead and what it became, each a record or null.
///
/// # Errors
/// [`EngineError::Conflict`] for a lead that is converted already; faults named `company.id`, `deal.name` …
pub async fn convert(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    wanted: &ConversionRequest,
) -> Result<Json, EngineError> {
    caller.require(&LEAD, Action::Update)?;
    let lead = locked(engine, tx, caller, id).await?;
    if text(&lead, "status") == Some(CONVERTED) {
        return Err(EngineError::Conflict {
            field: None,
            message: "this lead is converted already".to_owned(),
        });
    }
    let found = suggestion::find(tx, &lead).await?;
    let company = match chosen(
        wanted.company.as_ref(),
        found.companies.first().map(|one| one.id),
    ) {
        Chosen::Use(id) => Some(existing(tx, &company::COMPANY, "company.id", id).await?),
        Chosen::Create(name) => {
            make_company(engine, tx, caller, &lead, name, wanted.company.is_some()).await?
        }
        Chosen::Nothing => None,
        Chosen::NoId => return Err(no_id("company.id")),
    };
    let company_id = company.as_ref().map(|company| company.id);
    let contact = match chosen(
        wanted.contact.as_ref(),
        found.contacts.first().map(|one| one.id),
    ) {
        Chosen::Use(id) => Some(existing(tx, &contact::CONTACT, "contact.id", id).await?),
        Chosen::Create(_) => {
            make_contact(
                engine,
                tx,
                caller,
                &lead,
                company_id,
                wanted.contact.is_some(),
            )
            .await?
        }
        Chosen::Nothing => None,
        Chosen::NoId => return Err(no_id("contact.id")),
    };
    let contact_id = contact.as_ref().map(|contact| contact.id);
    let deal_id = match &wanted.deal {
        Some(deal) if deal.action == DealAction::None => None,
        choice => Some(
            make_deal(
                engine,
                tx,
                caller,
                &lead,
                choice.as_ref(),
                company_id,
                contact_id,
            )
            .await?,
        ),
    };
    if company_id.is_none() && contact_id.is_none() && deal_id.is_none() {
        return Err(Fault::new(
            "required",
            "choose at least one of company, contact and deal",
        )
        .into());
    }
    let stage: Uuid = tx
        .query_opt(&suggestion::converted_stage(
            text(&lead, "pipeline_id").unwrap_or_default(),
        ))
        .await?
        .and_then(|row| row.try_get(0).ok())
        .ok_or_else(|| EngineError::Conflict {
            field: Some("pipeline_id".to_owned()),
            message: "the lead's pipeline has no stage for converted leads; add one of kind won"
                .to_owned(),
        })?;
    let remember = Statement::new(
        "INSERT INTO lead_conversions (organization_id, lead_id, stage_id, company_id, company_made, contact_id, contact_made, deal_id, created_by) \
         VALUES (current_organization_id(), $1, $2, $3, $4, $5, $6, $7, current_user_id())",
    )
    .with(id, Type::UUID)
    .with(text(&lead, "stage_id").and_then(|stage| Uuid::try_parse(stage).ok()), Type::UUID)
    .with(company_id, Type::UUID)
    .with(company.is_some_and(|company| company.made), Type::BOOL)
    .with(contact_id, Type::UUID)
    .with(contact.is_some_and(|contact| contact.made), Type::BOOL)
    .with(deal_id, Type::UUID);
    tx.execute(&remember).await?;
    let change = Statement::new(
        "UPDATE leads SET stage_id = $2, converted_at = now(), converted_company_id = $3, converted_contact_id = $4, converted_deal_id = $5 \
         WHERE id = $1",
    )
    .with(id, Type::UUID)
    .with(stage, Type::UUID)
    .with(company_id, Type::UUID)
    .with(contact_id, Type::UUID)
    .with(deal_id, Type::UUID);
    tx.execute(&change).await?;
    Ok(json!({
        "lead": shown(engine, tx, caller, &LEAD, Some(id)).await?,
        "company": shown(engine, tx, caller, &company::COMPANY, company_id).await?,
        "contact": shown(engine, tx, caller, &contact::CONTACT, contact_id).await?,
        "deal": shown(engine, tx, caller, &deal::DEAL, deal_id).await?,
    }))
}

/// A record as the caller sees it within the transaction.
async fn shown(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    id: Option<Uuid>,
) -> Result<Json, EngineError> {
    let Some(id) = id else {
        return Ok(Json::Null);
    };
    match kith_engine::read_within(engine, tx, caller, entity, vec![id])
        .await?
        .pop()
    {
        Some(record) => parse(&record.json),
        None => Ok(Json::Null),
    }
}

enum Chosen<'a> {
    Use(Uuid),
    Create(Option<&'a str>),
    Nothing,
    NoId,
}

fn chosen(choice: Option<&Choice>, suggested: Option<Uuid>) -> Chosen<'_> {
    match choice {
        None => suggested.map_or(Chosen::Create(None), Chosen::Use),
        Some(choice) => match choice.action {
            What::None => Chosen::Nothing,
            What::Create => Chosen::Create(choice.name.as_deref()),
            What::Use => choice.id.or(suggested).map_or(Chosen::NoId, Chosen::Use),
        },
    }
}

fn no_id(field: &str) -> EngineError {
    Fault::new("required", "say which record to use, or choose create")
        .at(field)
        .into()
}

/// A record that is there and that the caller may see.
async fn existing(
    tx: &Tx,
    entity: &'static Entity,
    field: &str,
    id: Uuid,
) -> Result<Outcome, EngineError> {
    let statement = Statement::new(format!(
        "SELECT 1 FROM {} WHERE id = $1 AND deleted_at IS NULL",
        entity.table
    ))
    .with(id, Type::UUID);
    if tx.query_opt(&statement).await?.is_none() {
        let message = format!("there is no such {}", entity.label.to_lowercase());
        return Err(Fault::new("no_such_record", message).at(field).into());
    }
    Ok(Outcome { id, made: false })
}

/// Makes one record; its faults are named after the part of the request that they belong to.
async fn make(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    entity: &'static Entity,
    lead: &Json,
    mut body: Map<String, Json>,
) -> Result<Uuid, EngineError> {
    // The lead's owner keeps what comes of it, where the caller may give it to them.
    let me = Json::String(caller.principal.user_id.to_string());
    if let Some(owner) = lead.get("owner_id")
        && (*owner == me || caller.grants.allows(entity.resource, Action::Assign))
    {
        body.insert("owner_id".to_owned(), owner.clone());
    }
    body.retain(|_, value| !value.is_null());
    let named = |faults: Vec<Fault>| -> Vec<Fault> {
        faults
            .into_iter()
            .map(|fault| {
                let field = format!("{}.{}", entity.name, fault.field);
                Fault { field, ..fault }
            })
            .collect()
    };
    match kith_engine::create(engine, tx, caller, entity, &[Json::Object(body)]).await {
        Ok(records) => records
            .first()
            .map(|record| record.id)
            .ok_or(EngineError::NotFound),
        Err(EngineError::InvalidRows(rows)) => Err(EngineError::Invalid(named(
            rows.into_iter().flat_map(|(_, faults)| faults).collect(),
        ))),
        Err(EngineError::Invalid(faults)) => Err(EngineError::Invalid(named(faults))),
        Err(EngineError::Conflict { field, message }) => Err(EngineError::Conflict {
            field: Some(match field {
                Some(field) => format!("{}.{field}", entity.name),
                None => entity.name.to_owned(),
            }),
            message,
        }),
        Err(other) => Err(other),
    }
}

fn taken(lead: &Json, fields: &[(&str, &str)]) -> Map<String, Json> {
    fields
        .iter()
        .map(|(to, from)| {
            (
                (*to).to_owned(),
                lead.get(*from).cloned().unwrap_or_default(),
            )
        })
        .collect()
}

async fn make_company(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    lead: &Json,
    name: Option<&str>,
    asked: bool,
) -> Result<Option<Outcome>, EngineError> {
    let Some(name) = name.or_else(|| text(lead, "company_name")) else {
        // A person without a firm makes no company, unless one is asked for.
        return match asked {
            true => Err(
                Fault::new("required", "the lead names no company; give its name")
                    .at("company.name")
                    .into(),
            ),
            false => Ok(None),
        };
    };
    let mut body = taken(lead, &[("website", "website"), ("phone", "phone")]);
    body.insert("name".to_owned(), json!(name));
    if body.get("website").is_none_or(Json::is_null)
        && let Some(domain) = suggestion::domain(lead)
    {
        body.insert("website".to_owned(), json!(format!("https://{domain}")));
    }
    let id = make(engine, tx, caller, &company::COMPANY, lead, body).await?;
    Ok(Some(Outcome { id, made: true }))
}

async fn make_contact(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    lead: &Json,
    company: Option<Uuid>,
    asked: bool,
) -> Result<Option<Outcome>, EngineError> {
    let somebody = ["first_name", "last_name", "email"]
        .iter()
        .any(|name| text(lead, name).is_some());
    if !somebody {
        return match asked {
            true => Err(Fault::new("required", "the lead names no person")
                .at("contact")
                .into()),
            false => Ok(None),
        };
    }
    let mut body = taken(
        lead,
        &[
            ("first_name", "first_name"),
            ("last_name", "last_name"),
            ("email", "email"),
            ("phone", "phone"),
            ("job_title", "job_title"),
            ("lead_source", "source"),
            ("preferences", "preferences"),
        ],
    );
    body.insert("company_id".to_owned(), json!(company));
    let id = make(engine, tx, caller, &contact::CONTACT, lead, body).await?;
    Ok(Some(Outcome { id, made: true }))
}

async fn make_deal(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    lead: &Json,
    choice: Option<&DealChoice>,
    company: Option<Uuid>,
    contact: Option<Uuid>,
) -> Result<Uuid, EngineError> {
    let mut body = taken(
        lead,
        &[
            ("amount", "estimated_value"),
            ("currency", "currency"),
            ("expected_close_date", "expected_close_date"),
            ("source", "source"),
            ("source_detail", "source_detail"),
        ],
    );
    body.insert("name".to_owned(), json!(suggestion::deal_name(lead)));
    body.insert("company_id".to_owned(), json!(company));
    body.insert("primary_contact_id".to_owned(), json!(contact));
    if let Some(choice) = choice {
        let said = [
            ("name", json!(choice.name)),
            ("pipeline_id", json!(choice.pipeline_id)),
            ("stage_id", json!(choice.stage_id)),
            ("amount", json!(choice.amount)),
            ("currency", json!(choice.currency)),
            ("expected_close_date", json!(choice.expected_close_date)),
        ];
        for (name, value) in said.into_iter().filter(|(_, value)| !value.is_null()) {
            body.insert(name.to_owned(), value);
        }
    }
    make(engine, tx, caller, &deal::DEAL, lead, body).await
}

/// Takes a conversion back: what it made is deleted, what it found stays, and the lead stands where it
/// stood.
///
/// # Errors
/// [`EngineError::Conflict`] when the lead is not converted, was converted elsewhere, or something hangs
/// on what the conversion made.
pub async fn unconvert(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<Json, EngineError> {
    caller.require(&LEAD, Action::Update)?;
    let conflict = |message: String| EngineError::Conflict {
        field: None,
        message,
    };
    let lead = locked(engine, tx, caller, id).await?;
    if text(&lead, "status") != Some(CONVERTED) {
        return Err(conflict("this lead is not converted".to_owned()));
    }
    let made = Statement::new(
        "DELETE FROM lead_conversions WHERE lead_id = $1 \
         RETURNING stage_id, CASE WHEN company_made THEN company_id END, CASE WHEN contact_made THEN contact_id END, deal_id",
    )
    .with(id, Type::UUID);
    let blockers = tx.query(&suggestion::blockers_of(id)).await?;
    let row = tx.query_opt(&made).await?.ok_or_else(|| {
        conflict(
            "this lead was converted in another system; there is nothing to undo here".to_owned(),
        )
    })?;
    let blockers = suggestion::blockers(&blockers);
    if !blockers.is_empty() {
        return Err(conflict(format!(
            "the conversion cannot be undone any more: {}",
            blockers.join("; ")
        )));
    }
    let results: [(&'static Entity, usize); 3] = [
        (&deal::DEAL, 3),
        (&contact::CONTACT, 2),
        (&company::COMPANY, 1),
    ];
    let stood: Uuid = row.try_get(0).unwrap_or_default();
    let back: Uuid = tx
        .query_opt(&suggestion::earlier_stage(
            text(&lead, "pipeline_id").unwrap_or_default(),
            stood,
        ))
        .await?
        .and_then(|row| row.try_get(0).ok())
        .ok_or_else(|| {
            conflict("the lead's pipeline has no other stage to go back to".to_owned())
        })?;
    let change = Statement::new(
        "UPDATE leads SET stage_id = $2, converted_at = NULL, converted_company_id = NULL, converted_contact_id = NULL, converted_deal_id = NULL \
         WHERE id = $1",
    )
    .with(id, Type::UUID)
    .with(back, Type::UUID);
    tx.execute(&change).await?;
    for (entity, column) in results {
        let result: Option<Uuid> = row.try_get(column).ok().flatten();
        if let Some(result) = result {
            match kith_engine::delete(engine, tx, caller, entity, &[result]).await {
                // Somebody deleted it already.
                Ok(()) | Err(EngineError::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
    }
    Ok(json!({"lead": shown(engine, tx, caller, &LEAD, Some(id)).await?}))
}
