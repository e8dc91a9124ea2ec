//! How well support keeps its promises: how many tickets, how soon the first response, how soon the
//! resolution, by period, priority, person and the like.

use jiff::civil::Date;
use kith_catalogue::access::Action;
use kith_catalogue::fault::Fault;
use kith_engine::{
    Caller, Engine, EngineError, ListQuery, QueryInput, Sql, render_filter, scope_predicate,
};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::TICKET;

/// What tickets may be grouped by, besides the period.
const GROUPS: [&str; 5] = [
    "priority",
    "assigned_to_id",
    "category",
    "channel",
    "company_id",
];

/// Groups in one answer.
const BOUND: usize = 5_000;

/// The word of a request and PostgreSQL's.
const PERIODS: [(&str, &str); 3] = [("daily", "day"), ("weekly", "week"), ("monthly", "month")];

/// What to count.
#[derive(Clone, Debug, Default)]
pub struct MetricsRequest {
    /// `daily`, `weekly` (from Monday) or `monthly`, by the day on which a ticket was opened where the person
    /// is; all time in one when absent.
    pub period: Option<String>,
    /// Fields to group by, with commas between.
    pub group: Option<String>,
    /// The list's filters, which say which tickets.
    pub filters: Vec<(String, String)>,
}

/// The figures of the tickets that the caller may see, with those of all groups together under `total`. Times
/// are minutes of business time, without the time in which we waited for the customer; a share is of those of
/// which it is known whether they were in time, and null when there are none.
///
/// # Errors
/// [`EngineError::BadQuery`] for an unknown period, group or filter.
pub async fn metrics(
    engine: &Engine,
    caller: &Caller,
    wanted: &MetricsRequest,
) -> Result<Json, EngineError> {
    caller.require(&TICKET, Action::Read)?;
    let period = wanted.period.as_deref().filter(|text| !text.is_empty());
    let unit = period.map(period_unit).transpose()?;
    let groups = groups(wanted.group.as_deref().unwrap_or_default())?;
    let input = QueryInput {
        pairs: wanted.filters.clone(),
        filter: None,
    };
    let query = ListQuery::parse(engine.catalogue, &TICKET, caller, input)?;
    let total = statement(engine, caller, &query, None, &[]);
    let grouped = statement(engine, caller, &query, unit, &groups);
    let answers = engine
        .database
        .read(&caller.principal, &[total, grouped])
        .await?;
    let [total, grouped] = answers.as_slice() else {
        return Err(StoreError::internal("not the answers that were asked for").into());
    };
    shown(total, grouped, unit.is_some(), &groups)
        .map_err(|error| StoreError::internal(error.to_string()).into())
}

/// The figures of the tickets in question, by local period and groups.
fn statement(
    engine: &Engine,
    caller: &Caller,
    query: &ListQuery,
    unit: Option<&'static str>,
    groups: &[&'static str],
) -> Statement {
    let mut sql = Sql::new();
    sql.push("SELECT ").push(FIGURES);
    let mut keys = 0;
    if let Some(unit) = unit {
        let zone = caller
            .now
            .time_zone()
            .iana_name()
            .unwrap_or("UTC")
            .to_owned();
        sql.push(&format!(", date_trunc('{unit}', t.opened_at AT TIME ZONE "));
        sql.bind(zone, Type::TEXT).push(")::date");
        keys += 1;
    }
    for group in groups {
        sql.push(&format!(", t.{group}"));
        keys += 1;
    }
    sql.push(" FROM tickets t");
    if let Some(text) = &query.search {
        sql.push(" JOIN search_candidates('tickets', ");
        sql.bind(text.clone(), Type::TEXT);
        sql.push(", 1000) found ON found.id = t.id");
    }
    sql.push(" WHERE t.deleted_at IS NULL");
    scope_predicate(&mut sql, engine.catalogue, &TICKET, &caller.grants, "t");
    if !query.filter.is_everything() {
        sql.plan_each_time();
        sql.push(" AND ");
        render_filter(&mut sql, engine.catalogue, &TICKET, "t", &query.filter);
    }
    if keys > 0 {
        let places: Vec<String> = (COUNTED + 1..=COUNTED + keys)
            .map(|place| place.to_string())
            .collect();
        let places = places.join(", ");
        sql.push(&format!(
            " GROUP BY {places} ORDER BY {places} LIMIT {}",
            BOUND + 1
        ));
    }
    sql.finish()
}

/// Everything that is counted.
const FIGURES: &str = "count(*), count(*) FILTER (WHERE t.status IN ('open', 'in_progress', 'waiting_customer')), \
    count(t.resolved_at), count(*) FILTER (WHERE t.reopened_count > 0), \
    count(t.first_response_seconds), count(*) FILTER (WHERE t.first_response_met), count(*) FILTER (WHERE NOT t.first_response_met), \
    percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_response_seconds), avg(t.first_response_seconds)::float8, \
    count(*) FILTER (WHERE t.resolution_met), count(*) FILTER (WHERE NOT t.resolution_met), \
    percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN t.resolved_at IS NOT NULL THEN t.sla_used_seconds END), \
    avg(CASE WHEN t.resolved_at IS NOT NULL THEN t.sla_used_seconds END)::float8";

/// The columns of [`FIGURES`].
const COUNTED: usize = 13;

type ReadError = Box<dyn std::error::Error + Send + Sync>;

fn shown(
    total: &[Row],
    grouped: &[Row],
    by_period: bool,
    groups: &[&'static str],
) -> Result<Json, ReadError> {
    let total = total.first().map(figures).transpose()?.unwrap_or_default();
    let mut data = Vec::with_capacity(grouped.len());
    for row in grouped.iter().take(BOUND) {
        let mut entry = Map::new();
        let mut place = COUNTED;
        if by_period {
            let begins: Date = row.try_get(place)?;
            entry.insert("period".to_owned(), json!(begins.to_string()));
            place += 1;
        }
        for group in groups {
            let value = if group.ends_with("_id") {
                json!(row.try_get::<_, Option<Uuid>>(place)?)
            } else {
                json!(row.try_get::<_, Option<&str>>(place)?)
            };
            entry.insert((*group).to_owned(), value);
            place += 1;
        }
        entry.extend(figures(row)?);
        data.push(Json::Object(entry));
    }
    Ok(json!({"data": data, "total": total, "truncated": grouped.len() > BOUND}))
}

fn figures(row: &Row) -> Result<Map<String, Json>, ReadError> {
    let count = |place: usize| row.try_get::<_, i64>(place);
    let minutes = |place: usize| -> Result<Json, ReadError> {
        let seconds: Option<f64> = row.try_get(place)?;
        Ok(json!(seconds.map(|seconds| (seconds / 6.0).round() / 10.0)))
    };
    let timed = |counted: i64, met: usize, median: usize| -> Result<Json, ReadError> {
        let (met, missed) = (count(met)?, count(met + 1)?);
        Ok(json!({
            "count": counted, "met": met, "missed": missed, "share_met": share(met, missed),
            "median_minutes": minutes(median)?, "mean_minutes": minutes(median + 1)?,
        }))
    };
    let mut figures = Map::new();
    figures.insert("tickets".to_owned(), json!(count(0)?));
    figures.insert("open".to_owned(), json!(count(1)?));
    figures.insert("resolved".to_owned(), json!(count(2)?));
    figures.insert("reopened".to_owned(), json!(count(3)?));
    figures.insert("first_response".to_owned(), timed(count(4)?, 5, 7)?);
    figures.insert("resolution".to_owned(), timed(count(2)?, 9, 11)?);
    Ok(figures)
}

/// Of how many there are, how many were in time, in percent with one decimal place.
fn share(met: i64, missed: i64) -> Option<f64> {
    let known = met.checked_add(missed).filter(|known| *known > 0)?;
    // Tenths of a percent, rounded half up.
    let tenths = (i128::from(met) * 2_000 + i128::from(known)) / (i128::from(known) * 2);
    u32::try_from(tenths)
        .ok()
        .map(|tenths| f64::from(tenths) / 10.0)
}

fn period_unit(word: &str) -> Result<&'static str, EngineError> {
    PERIODS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, unit)| *unit)
        .ok_or_else(|| bad("period", "must be daily, weekly or monthly"))
}

fn groups(words: &str) -> Result<Vec<&'static str>, EngineError> {
    let mut groups = Vec::new();
    for word in words
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        let group = GROUPS
            .into_iter()
            .find(|group| *group == word)
            .filter(|group| !groups.contains(group))
            .ok_or_else(|| {
                bad(
                    "group",
                    &format!("must be among {}, each once", GROUPS.join(", ")),
                )
            })?;
        groups.push(group);
    }
    Ok(groups)
}

fn bad(field: &str, message: &str) -> EngineError {
    EngineError::BadQuery(vec![Fault::new("not_a_choice", message).at(field)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_is_known() {
        assert_eq!(share(0, 0), None);
        assert_eq!(share(1, 2), Some(33.3));
        assert_eq!(share(2, 1), Some(66.7));
        assert_eq!(share(5, 0), Some(100.0));
        assert_eq!(share(0, 5), Some(0.0));
    }

    #[test]
    fn unknown_words_are_refused() {
        assert!(period_unit("weekly").is_ok());
        assert!(period_unit("week").is_err());
        assert_eq!(groups("priority, assigned_to_id").unwrap().len(), 2);
        assert!(groups("").unwrap().is_empty());
        assert!(groups("priority,priority").is_err());
        assert!(groups("subject").is_err());
    }
}
