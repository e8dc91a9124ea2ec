//! Adding people to a campaign by name, and taking them out again.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, read_within};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use super::CAMPAIGN;
use crate::campaign_member::CAMPAIGN_MEMBER;

/// People that one request names, at most.
const MOST: usize = 1_000;

/// Whom to add.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    #[serde(default)]
    pub contact_ids: Vec<Uuid>,
    #[serde(default)]
    pub lead_ids: Vec<Uuid>,
    pub contact_id: Option<Uuid>,
    pub lead_id: Option<Uuid>,
}

/// What became of a request to add people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MembersOutcome {
    pub added: u64,
    /// Members before; they stay as they are.
    pub already: u64,
}

/// The column of a member that points at people of this entity.
pub(super) fn person_column(entity: &Entity) -> &'static str {
    if entity.name == "lead" {
        "lead_id"
    } else {
        "contact_id"
    }
}

/// The campaign, when the caller may change it and it is not over.
pub(super) async fn open_campaign(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<Json, EngineError> {
    caller.require(&CAMPAIGN, Action::Read)?;
    let record = read_within(engine, tx, caller, &CAMPAIGN, vec![id])
        .await?
        .pop()
        .ok_or(EngineError::NotFound)?;
    caller.require(&CAMPAIGN, Action::Update)?;
    let campaign: Json = serde_json::from_slice(&record.json)
        .map_err(|error| StoreError::internal(error.to_string()))?;
    match campaign.get("status").and_then(Json::as_str) {
        Some(over @ ("completed" | "cancelled")) => Err(EngineError::Conflict {
            field: Some("status".to_owned()),
            message: format!("the campaign is {over}; nobody can be added"),
        }),
        _ => Ok(campaign),
    }
}

/// Adds contacts and leads to a campaign, all or none; who is a member already stays one.
///
/// # Errors
/// Faults for people that the caller may not see; [`EngineError::Conflict`] for people who do not want to be written to.
pub async fn add_people(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    people: People,
) -> Result<MembersOutcome, EngineError> {
    open_campaign(engine, tx, caller, id).await?;
    let unique = |mut ids: Vec<Uuid>, one: Option<Uuid>| {
        ids.extend(one);
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let contacts = unique(people.contact_ids, people.contact_id);
    let leads = unique(people.lead_ids, people.lead_id);
    let wanted = contacts.len() + leads.len();
    if wanted == 0 {
        return Err(Fault::new(
            "required",
            "name at least one person: contact_ids or lead_ids",
        )
        .at("contact_ids")
        .into());
    }
    if wanted > MOST {
        let message =
            format!("names {wanted} people; at most {MOST} are allowed. Use the audience for more");
        return Err(Fault::new("too_many", message).at("contact_ids").into());
    }
    // Under row security: foreign keys alone would tell of people whom the caller may not see.
    let seen = tx
        .query_one(
            &Statement::new(
                "SELECT ARRAY(SELECT c.id FROM contacts c WHERE c.id = ANY ($1) AND c.deleted_at IS NULL), \
                 ARRAY(SELECT l.id FROM leads l WHERE l.id = ANY ($2) AND l.deleted_at IS NULL)",
            )
            .with(contacts.clone(), Type::UUID_ARRAY)
            .with(leads.clone(), Type::UUID_ARRAY),
        )
        .await?;
    let mut faults = Vec::new();
    for (index, ids, field) in [(0, &contacts, "contact_ids"), (1, &leads, "lead_ids")] {
        let found: Vec<Uuid> = seen.try_get(index).unwrap_or_default();
        faults.extend(
            ids.iter()
                .filter(|id| !found.contains(id))
                .map(|id| Fault::new("no_such_record", format!("there is nobody {id}")).at(field)),
        );
    }
    if !faults.is_empty() {
        return Err(EngineError::Invalid(faults));
    }
    let added = tx
        .execute(
            &Statement::new(
                "INSERT INTO campaign_members (organization_id, created_by, campaign_id, contact_id, lead_id) \
                 SELECT current_organization_id(), current_user_id(), $1, p.contact_id, p.lead_id FROM ( \
                   SELECT c AS contact_id, NULL::uuid AS lead_id FROM unnest($2::uuid[]) c \
                   UNION ALL SELECT NULL, l FROM unnest($3::uuid[]) l) p \
                 ON CONFLICT DO NOTHING",
            )
            .with(id, Type::UUID)
            .with(contacts, Type::UUID_ARRAY)
            .with(leads, Type::UUID_ARRAY),
        )
        .await
        .map_err(explain)?;
    Ok(MembersOutcome {
        added,
        already: (wanted as u64).saturating_sub(added),
    })
}

/// Takes a contact out of a campaign.
///
/// # Errors
/// [`EngineError::NotFound`] when it is no member.
pub async fn remove_contact(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    contact: Uuid,
) -> Result<(), EngineError> {
    caller.require(&CAMPAIGN, Action::Read)?;
    let find = Statement::new(
        "SELECT m.id FROM campaign_members m WHERE m.organization_id = current_organization_id() AND m.campaign_id = $1 AND m.contact_id = $2",
    )
    .with(id, Type::UUID)
    .with(contact, Type::UUID);
    let member: Uuid = tx
        .query_opt(&find)
        .await?
        .and_then(|row| row.try_get(0).ok())
        .ok_or(EngineError::NotFound)?;
    kith_engine::delete(engine, tx, caller, &CAMPAIGN_MEMBER, &[member]).await
}

/// A refused write of members, in words: row security says no more than that it is not permitted.
pub(super) fn explain(error: StoreError) -> EngineError {
    match error {
        StoreError::Permission { .. } => EngineError::Forbidden {
            action: Action::Update,
            resource: CAMPAIGN.resource,
        },
        other => EngineError::from(other),
    }
}
