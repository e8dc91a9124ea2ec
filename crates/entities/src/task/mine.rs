//! A person's own open tasks, sorted into what is overdue, due today and so on by their time zone.

use jiff::{ToSpan, Zoned};
use kith_catalogue::access::Action;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, ListQuery, QueryInput};
use kith_store::Statement;
use kith_store::types::Type;
use serde_json::{Map, Value as Json, json};

use super::TASK;

/// What still has to be done.
const OPEN: &str = "todo,in_progress,review";

/// The buckets in their order. `overdue` was due before today; what is due earlier today is still `today`.
const BUCKETS: [&str; 6] = [
    "overdue",
    "today",
    "tomorrow",
    "this_week",
    "later",
    "no_date",
];

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct MyTasks {
    /// One bucket only.
    pub bucket: Option<String>,
    /// Adds what was completed today, as bucket `done`.
    pub completed_today: bool,
    pub limit: u32,
    pub offset: u32,
}

/// The first moments of today, tomorrow, the day after and next week (which begins on Monday).
struct Days {
    today: Zoned,
    tomorrow: Zoned,
    after: Zoned,
    week: Zoned,
}

impl Days {
    fn around(now: &Zoned) -> Option<Days> {
        let today = now.start_of_day().ok()?;
        let begin = |days: i64| today.checked_add(days.days()).ok()?.start_of_day().ok();
        let to_monday = i64::from(8 - now.weekday().to_monday_one_offset());
        let (after, week) = (begin(2)?, begin(to_monday)?);
        Some(Days {
            tomorrow: begin(1)?,
            // On a Saturday and a Sunday nothing is left of the week after tomorrow.
            week: if week < after { after.clone() } else { week },
            after,
            today,
        })
    }

    /// From and until when a bucket's tasks are due.
    fn bounds(&self, bucket: &str) -> (Option<&Zoned>, Option<&Zoned>) {
        match bucket {
            "overdue" => (None, Some(&self.today)),
            "today" => (Some(&self.today), Some(&self.tomorrow)),
            "tomorrow" => (Some(&self.tomorrow), Some(&self.after)),
            "this_week" => (Some(&self.after), Some(&self.week)),
            _ => (Some(&self.week), None),
        }
    }

    fn bucket(&self, due: Option<&str>) -> &'static str {
        let Some(due) = due.and_then(|text| text.parse::<jiff::Timestamp>().ok()) else {
            return "no_date";
        };
        BUCKETS
            .into_iter()
            .find(|bucket| {
                let (from, until) = self.bounds(bucket);
                from.is_none_or(|from| due >= from.timestamp())
                    && until.is_none_or(|until| due < until.timestamp())
            })
            .unwrap_or("later")
    }
}

/// The caller's open tasks, the most pressing first, each with its `bucket` and `subject`, and how many
/// there are in each bucket (`page.counts`).
///
/// # Errors
/// [`EngineError::BadQuery`] for an unknown bucket.
pub async fn my_tasks(
    engine: &Engine,
    caller: &Caller,
    wanted: &MyTasks,
) -> Result<Json, EngineError> {
    caller.require(&TASK, Action::Read)?;
    let days = Days::around(&caller.now)
        .ok_or_else(|| EngineError::Malformed("the calendar has no such days".to_owned()))?;
    let mut parameters = vec![
        ("assigned_to_id".to_owned(), "me".to_owned()),
        ("status[in]".to_owned(), OPEN.to_owned()),
        ("sort".to_owned(), "due_at".to_owned()),
        ("include".to_owned(), "subject".to_owned()),
        ("limit".to_owned(), wanted.limit.to_string()),
        ("offset".to_owned(), wanted.offset.to_string()),
    ];
    match wanted.bucket.as_deref() {
        None => {}
        Some("no_date") => parameters.push(("due_at[is_null]".to_owned(), "true".to_owned())),
        Some(bucket) if BUCKETS.contains(&bucket) => {
            let (from, until) = days.bounds(bucket);
            let bound = |moment: &Zoned| moment.timestamp().to_string();
            parameters.extend(from.map(|from| ("due_at[gte]".to_owned(), bound(from))));
            parameters.extend(until.map(|until| ("due_at[lt]".to_owned(), bound(until))));
        }
        Some(_) => {
            let message = format!("must be one of {}", BUCKETS.join(", "));
            return Err(EngineError::BadQuery(vec![
                Fault::new("not_a_choice", message).at("bucket"),
            ]));
        }
    }
    let mut list = listed(engine, caller, parameters).await?;
    if let Some(tasks) = list.get_mut("data").and_then(Json::as_array_mut) {
        for task in tasks {
            let bucket = days.bucket(task.get("due_at").and_then(Json::as_str));
            put(task, "bucket", json!(bucket));
        }
    }
    if wanted.completed_today {
        let done = vec![
            ("assigned_to_id".to_owned(), "me".to_owned()),
            (
                "completed_at[gte]".to_owned(),
                days.today.timestamp().to_string(),
            ),
            ("sort".to_owned(), "-completed_at".to_owned()),
            ("include".to_owned(), "subject".to_owned()),
            ("limit".to_owned(), "200".to_owned()),
        ];
        let mut done = listed(engine, caller, done).await?;
        if let (Some(all), Some(done)) = (
            list.get_mut("data").and_then(Json::as_array_mut),
            done.get_mut("data").and_then(Json::as_array_mut),
        ) {
            for mut task in done.drain(..) {
                put(&mut task, "bucket", json!("done"));
                all.push(task);
            }
        }
    }
    let counts = counts(engine, caller, &days).await?;
    if let Some(page) = list.get_mut("page") {
        put(page, "counts", counts);
    }
    Ok(list)
}

fn put(object: &mut Json, name: &str, value: Json) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

async fn listed(
    engine: &Engine,
    caller: &Caller,
    pairs: Vec<(String, String)>,
) -> Result<Json, EngineError> {
    let input = QueryInput {
        pairs,
        filter: None,
    };
    let query = ListQuery::parse(engine.catalogue, &TASK, caller, input)?;
    let answer = kith_engine::list(engine, caller, &TASK, &query).await?;
    serde_json::from_slice(&answer.json)
        .map_err(|error| kith_store::StoreError::internal(error.to_string()).into())
}

async fn counts(engine: &Engine, caller: &Caller, days: &Days) -> Result<Json, EngineError> {
    let moment = |day: &Zoned| day.timestamp();
    let statement = Statement::new(
        "SELECT count(*) FILTER (WHERE t.due_at < $1), count(*) FILTER (WHERE t.due_at >= $1 AND t.due_at < $2), \
         count(*) FILTER (WHERE t.due_at >= $2 AND t.due_at < $3), count(*) FILTER (WHERE t.due_at >= $3 AND t.due_at < $4), \
         count(*) FILTER (WHERE t.due_at >= $4), count(*) FILTER (WHERE t.due_at IS NULL) \
         FROM tasks t WHERE t.assigned_to_id = current_user_id() AND t.deleted_at IS NULL AND t.status IN ('todo', 'in_progress', 'review')",
    )
    .with(moment(&days.today), Type::TIMESTAMPTZ)
    .with(moment(&days.tomorrow), Type::TIMESTAMPTZ)
    .with(moment(&days.after), Type::TIMESTAMPTZ)
    .with(moment(&days.week), Type::TIMESTAMPTZ);
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let mut counts = Map::new();
    for (index, bucket) in BUCKETS.into_iter().enumerate() {
        let count: i64 = rows
            .first()
            .and_then(|row| row.try_get(index).ok())
            .unwrap_or(0);
        counts.insert(bucket.to_owned(), json!(count));
    }
    Ok(Json::Object(counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_the_persons_calendar() {
        // A Thursday evening in Auckland, where Friday has begun by UTC's noon.
        let days = Days::around(&"2026-11-26T20:00:00[Pacific/Auckland]".parse().unwrap()).unwrap();
        for (due, bucket) in [
            (Some("2026-11-25T10:59:59Z"), "overdue"),
            (Some("2026-11-25T11:00:00Z"), "today"),
            (Some("2026-11-26T10:59:59Z"), "today"),
            (Some("2026-11-26T11:00:00Z"), "tomorrow"),
            (Some("2026-11-27T11:00:00Z"), "this_week"),
            (Some("2026-11-29T10:59:59Z"), "this_week"),
            (Some("2026-11-29T11:00:00Z"), "later"),
            (None, "no_date"),
        ] {
            assert_eq!(days.bucket(due), bucket, "{due:?}");
        }
    }

    #[test]
    fn a_weekend_leaves_nothing_of_the_week() {
        let days = Days::around(&"2026-11-29T09:00:00[UTC]".parse().unwrap()).unwrap();
        assert_eq!(days.bucket(Some("2026-11-30T09:00:00Z")), "tomorrow");
        assert_eq!(days.bucket(Some("2026-12-01T09:00:00Z")), "later");
    }
}
