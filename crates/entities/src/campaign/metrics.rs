//! What a campaign did: how far its messages got, and what its leads became.

use kith_catalogue::access::Action;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::CAMPAIGN;

/// All of it in one statement, over what the caller may see. Rates are shares of those sent (delivered, for what can
/// only happen to what arrived), as decimals of four places.
const METRICS: &str = "WITH campaign AS MATERIALIZED ( \
    SELECT c.id, c.status, c.currency::text AS currency, c.budget, c.actual_cost, c.goals, c.metrics \
    FROM campaigns c WHERE c.organization_id = current_organization_id() AND c.id = $1 AND c.deleted_at IS NULL \
  ), members AS ( \
    SELECT count(*) AS total, \
      count(*) FILTER (WHERE m.status = 'pending') AS pending, count(*) FILTER (WHERE m.status = 'sent') AS sent, \
      count(*) FILTER (WHERE m.status = 'delivered') AS delivered, count(*) FILTER (WHERE m.status = 'opened') AS opened, \
      count(*) FILTER (WHERE m.status = 'clicked') AS clicked, count(*) FILTER (WHERE m.status = 'bounced') AS bounced, \
      count(*) FILTER (WHERE m.status = 'unsubscribed') AS unsubscribed, \
      count(m.sent_at) AS was_sent, count(*) FILTER (WHERE m.sent_at IS NOT NULL AND m.bounced_at IS NULL) AS arrived, \
      count(m.opened_at) AS was_opened, count(m.clicked_at) AS was_clicked, count(m.bounced_at) AS has_bounced, \
      count(*) FILTER (WHERE m.unsubscribed_at IS NOT NULL AND m.sent_at IS NOT NULL) AS has_left \
    FROM campaign_members m JOIN campaign c ON m.campaign_id = c.id WHERE m.organization_id = current_organization_id() \
  ), leads AS ( \
    SELECT count(*) AS total, count(l.converted_at) AS conversions, \
      count(*) FILTER (WHERE d.status = 'won') AS won, \
      coalesce(sum(d.amount) FILTER (WHERE d.status = 'won' AND d.currency = c.currency), 0) AS won_value, \
      count(*) FILTER (WHERE d.status = 'won' AND d.currency <> c.currency) AS won_otherwise \
    FROM leads l JOIN campaign c ON l.campaign_id = c.id \
    LEFT JOIN deals d ON d.organization_id = current_organization_id() AND d.id = l.converted_deal_id AND d.deleted_at IS NULL \
    WHERE l.organization_id = current_organization_id() AND l.deleted_at IS NULL \
  ) SELECT m.total, m.pending, m.sent, m.delivered, m.opened, m.clicked, m.bounced, m.unsubscribed, \
    m.was_sent, m.arrived, m.was_opened, m.was_clicked, m.has_bounced, m.has_left, \
    l.total, l.conversions, l.won, l.won_otherwise, \
    round(m.was_opened::numeric / nullif(m.arrived, 0), 4), round(m.was_clicked::numeric / nullif(m.arrived, 0), 4), \
    round(m.has_bounced::numeric / nullif(m.was_sent, 0), 4), round(m.has_left::numeric / nullif(m.was_sent, 0), 4), \
    round(l.conversions::numeric / nullif(l.total, 0), 4), \
    l.won_value, c.budget, c.actual_cost, round((l.won_value - c.actual_cost) / nullif(c.actual_cost, 0), 4), \
    c.currency, c.goals, c.metrics \
  FROM campaign c CROSS JOIN members m CROSS JOIN leads l";

const STATES: [&str; 8] = [
    "total",
    "pending",
    "sent",
    "delivered",
    "opened",
    "clicked",
    "bounced",
    "unsubscribed",
];
const REACHED: [&str; 6] = [
    "sent",
    "delivered",
    "opened",
    "clicked",
    "bounced",
    "unsubscribed",
];
const RATES: [&str; 5] = [
    "open_rate",
    "click_rate",
    "bounce_rate",
    "unsubscribe_rate",
    "conversion_rate",
];

/// The figures of a campaign. Money and rates are exact decimals, written as text; a rate without anything to divide by
/// is null.
///
/// # Errors
/// [`EngineError::NotFound`] for a campaign that the caller may not see.
pub async fn metrics(engine: &Engine, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    caller.require(&CAMPAIGN, Action::Read)?;
    let statement = Statement::new(METRICS).with(id, Type::UUID);
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let row = rows.first().ok_or(EngineError::NotFound)?;
    let mut answer = Map::new();
    answer.insert("campaign_id".to_owned(), json!(id));
    answer.insert("members".to_owned(), counts(row, 0, &STATES));
    answer.insert("reached".to_owned(), counts(row, 8, &REACHED));
    for (offset, name) in RATES.into_iter().enumerate() {
        answer.insert(name.to_owned(), decimal(row, 18 + offset));
    }
    for (index, name) in [(14, "leads"), (15, "conversions"), (16, "won_deals")] {
        answer.insert(name.to_owned(), count(row, index));
    }
    answer.insert("won_deals_in_other_currencies".to_owned(), count(row, 17));
    for (index, name) in [
        (23, "won_value"),
        (24, "budget"),
        (25, "actual_cost"),
        (26, "roi"),
    ] {
        answer.insert(name.to_owned(), decimal(row, index));
    }
    answer.insert(
        "currency".to_owned(),
        json!(row.try_get::<_, String>(27).unwrap_or_default()),
    );
    answer.insert("goals".to_owned(), object(row, 28));
    answer.insert("external".to_owned(), object(row, 29));
    Ok(Json::Object(answer))
}

fn count(row: &Row, index: usize) -> Json {
    json!(row.try_get::<_, i64>(index).unwrap_or_default())
}

fn counts(row: &Row, first: usize, names: &[&str]) -> Json {
    let counts = names
        .iter()
        .enumerate()
        .map(|(offset, name)| ((*name).to_owned(), count(row, first + offset)));
    Json::Object(counts.collect())
}

fn decimal(row: &Row, index: usize) -> Json {
    match row.try_get::<_, Option<Decimal>>(index) {
        Ok(Some(number)) => Json::String(number.normalize().to_string()),
        _ => Json::Null,
    }
}

fn object(row: &Row, index: usize) -> Json {
    row.try_get::<_, Json>(index).unwrap_or_else(|_| json!({}))
}
