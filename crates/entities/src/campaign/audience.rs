//! A campaign's audience: a saved filter of contacts or leads, and everyone it finds as members.

use kith_catalogue::Catalogue;
use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::{
    Caller, Engine, EngineError, ListQuery, QueryInput, Sql, push_archived, render_filter,
    scope_predicate,
};
use kith_store::Tx;
use kith_store::types::Type;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use super::members;
use crate::{contact, lead};

/// People that one request adds, at most.
const MOST: i64 = 50_000;

/// Whom a campaign is for.
pub(super) struct Audience {
    pub(super) entity: &'static Entity,
    query: ListQuery,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    entity: String,
    #[serde(default)]
    filter: Option<Json>,
}

impl Audience {
    /// Reads an audience and checks that its filter is one of its entity.
    ///
    /// # Errors
    /// Faults at `target_audience`.
    pub(super) fn parse(
        catalogue: &'static Catalogue,
        caller: &Caller,
        json: &Json,
    ) -> Result<Audience, EngineError> {
        let bad = |code: &'static str, message: String| {
            EngineError::from(Fault::new(code, message).at("target_audience"))
        };
        let stored: Stored = serde_json::from_value(json.clone()).map_err(|error| {
            bad(
                "not_an_audience",
                format!("must be {{\"entity\": \"contact\" or \"lead\", \"filter\": …}}: {error}"),
            )
        })?;
        let entity = [&contact::CONTACT, &lead::LEAD]
            .into_iter()
            .find(|entity| entity.name == stored.entity || entity.path == stored.entity)
            .ok_or_else(|| {
                bad(
                    "not_a_choice",
                    "its entity must be contact or lead".to_owned(),
                )
            })?;
        let input = QueryInput {
            pairs: Vec::new(),
            filter: stored.filter.filter(|filter| !filter.is_null()),
        };
        let query =
            ListQuery::parse(catalogue, entity, caller, input).map_err(|error| match error {
                EngineError::BadQuery(faults) => EngineError::Invalid(
                    faults
                        .into_iter()
                        .map(|fault| Fault {
                            message: format!("{} {}", fault.field, fault.message)
                                .trim()
                                .to_owned(),
                            field: "target_audience".to_owned(),
                            ..fault
                        })
                        .collect(),
                ),
                other => other,
            })?;
        Ok(Audience { entity, query })
    }
}

/// What to do with the audience.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudienceRequest {
    /// Count and add nobody.
    #[serde(default)]
    pub dry_run: bool,
}

/// Whom the audience has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AudienceOutcome {
    /// Everyone who passes the filter and whom the caller may see.
    pub matched: i64,
    /// Members before.
    pub already: i64,
    /// Whose address is suppressed.
    pub suppressed: i64,
    /// Whose preferences say that they are not to be written to.
    pub do_not_contact: i64,
    /// Whom an e-mail campaign cannot reach.
    pub without_address: i64,
    /// Who became a member; in a dry run, who would.
    pub added: i64,
    pub dry_run: bool,
}

/// Adds everyone of the campaign's audience whom the caller may see and who may be written to, in one statement.
///
/// # Errors
/// [`EngineError::Invalid`] for a campaign without an audience; [`EngineError::Conflict`] for one that is over, or for
/// more people than one request adds.
pub async fn add_from_audience(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    wanted: &AudienceRequest,
) -> Result<AudienceOutcome, EngineError> {
    let campaign = members::open_campaign(engine, tx, caller, id).await?;
    let stored = campaign
        .get("target_audience")
        .filter(|audience| !audience.is_null())
        .ok_or_else(|| {
            EngineError::from(
                Fault::new(
                    "required",
                    "the campaign has no audience; give it one first",
                )
                .at("target_audience"),
            )
        })?;
    let audience = Audience::parse(engine.catalogue, caller, stored)?;
    caller.require(audience.entity, Action::Read)?;
    let by_mail = campaign.get("type").and_then(Json::as_str) == Some("email");
    let row = tx
        .query_one(&statement(
            engine,
            caller,
            &audience,
            id,
            by_mail,
            wanted.dry_run,
        ))
        .await
        .map_err(members::explain)?;
    let count = |index: usize| row.try_get::<_, i64>(index).unwrap_or_default();
    if count(0) > MOST {
        return Err(EngineError::Conflict {
            field: Some("target_audience".to_owned()),
            message: format!("more than {MOST} people match; narrow the audience"),
        });
    }
    Ok(AudienceOutcome {
        matched: count(0),
        already: count(1),
        suppressed: count(2),
        do_not_contact: count(3),
        without_address: count(4),
        added: count(5),
        dry_run: wanted.dry_run,
    })
}

/// Each of whom matched belongs to exactly one of the counts: the first reason not to add them counts.
fn statement(
    engine: &Engine,
    caller: &Caller,
    audience: &Audience,
    campaign: Uuid,
    by_mail: bool,
    dry_run: bool,
) -> kith_store::Statement {
    let entity = audience.entity;
    let mut sql = Sql::new();
    sql.push("WITH matched AS MATERIALIZED (SELECT t.id, t.email::text AS email, refuses_channel(t.preferences, 'email') AS refuses FROM ");
    sql.push(entity.table);
    sql.push(" t WHERE t.deleted_at IS NULL");
    push_archived(&mut sql, entity, audience.query.archived);
    scope_predicate(&mut sql, engine.catalogue, entity, &caller.grants, "t");
    sql.push(" AND ");
    render_filter(
        &mut sql,
        engine.catalogue,
        entity,
        "t",
        &audience.query.filter,
    );
    sql.push(" ORDER BY t.id LIMIT ");
    sql.bind(MOST + 1, Type::INT8);
    sql.push("), barred AS MATERIALIZED (SELECT s.address FROM suppressed(ARRAY(SELECT m.email FROM matched m WHERE m.email IS NOT NULL), 'email') AS s (address)), judged AS MATERIALIZED (SELECT m.id, CASE WHEN EXISTS (SELECT 1 FROM campaign_members k WHERE k.organization_id = current_organization_id() AND k.campaign_id = ");
    sql.bind(campaign, Type::UUID);
    sql.push(" AND k.");
    sql.push(members::person_column(entity));
    sql.push(" = m.id) THEN 'already' WHEN m.email IN (SELECT b.address FROM barred b) THEN 'suppressed' WHEN m.refuses THEN 'refuses' WHEN m.email IS NULL AND ");
    sql.bind(by_mail, Type::BOOL);
    sql.push(" THEN 'nowhere' ELSE 'wanted' END AS judgement FROM matched m), made AS (");
    if dry_run {
        sql.push("SELECT j.id FROM judged j WHERE j.judgement = 'wanted'");
    } else {
        sql.push("INSERT INTO campaign_members (organization_id, created_by, campaign_id, ");
        sql.push(members::person_column(entity));
        sql.push(") SELECT current_organization_id(), current_user_id(), ");
        sql.bind(campaign, Type::UUID);
        sql.push("::uuid, j.id FROM judged j WHERE j.judgement = 'wanted' AND (SELECT count(*) FROM matched) <= ");
        sql.bind(MOST, Type::INT8);
        sql.push(" ON CONFLICT DO NOTHING RETURNING id");
    }
    sql.push(
        ") SELECT count(*), count(*) FILTER (WHERE j.judgement = 'already'), count(*) FILTER (WHERE j.judgement = 'suppressed'), \
         count(*) FILTER (WHERE j.judgement = 'refuses'), count(*) FILTER (WHERE j.judgement = 'nowhere'), (SELECT count(*) FROM made) FROM judged j",
    );
    sql.plan_each_time();
    sql.finish()
}
