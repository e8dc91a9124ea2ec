//! A person's week as a grid: projects and tasks down, days across.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use kith_catalogue::access::Action;
use kith_catalogue::fault::{Fault, Faults};
use kith_engine::{Caller, Engine, EngineError, Update};
use kith_store::types::Type;
use kith_store::{Row, Statement, Tx};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::TIME_ENTRY;

/// Cells set at once.
const MOST: usize = 500;

/// A week from Monday to Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week(Date);

impl Week {
    /// `2026-W48`, any day of the week, or nothing for the caller's current week.
    ///
    /// # Errors
    /// [`EngineError::BadQuery`] for anything else.
    pub fn parse(text: Option<&str>, caller: &Caller) -> Result<Week, EngineError> {
        let day = match text.map(str::trim).filter(|text| !text.is_empty()) {
            None => Some(caller.now.date()),
            Some(text) => match text.split_once("-W") {
                Some((year, week)) => year
                    .parse()
                    .ok()
                    .zip(week.parse().ok())
                    .and_then(|(year, week)| ISOWeekDate::new(year, week, Weekday::Monday).ok())
                    .map(ISOWeekDate::date),
                None => text.parse().ok(),
            },
        };
        day.and_then(Week::around).ok_or_else(|| {
            EngineError::BadQuery(vec![
                Fault::new(
                    "not_a_week",
                    "must be a week such as 2026-W48, or one of its days",
                )
                .at("week"),
            ])
        })
    }

    fn around(day: Date) -> Option<Week> {
        let back = i64::from(day.weekday().to_monday_zero_offset());
        let monday = day.checked_sub(back.days()).ok()?;
        // A week that has its Sunday.
        monday.checked_add(6.days()).ok()?;
        (1..=9998).contains(&monday.year()).then_some(Week(monday))
    }

    pub fn first(self) -> Date {
        self.0
    }

    pub fn last(self) -> Date {
        self.0.saturating_add(6.days())
    }

    fn days(self) -> impl Iterator<Item = Date> {
        (0..7).map(move |day: i64| self.0.saturating_add(day.days()))
    }
}

impl fmt::Display for Week {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.0.iso_week_date();
        write!(formatter, "{:04}-W{:02}", week.year(), week.week())
    }
}

/// One cell of the grid as it shall be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    #[serde(default)]
    pub project_id: Option<Uuid>,
    #[serde(default)]
    pub task_id: Option<Uuid>,
    pub date: Date,
    /// 0 empties the cell.
    pub hours: Json,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub billable: Option<bool>,
}

/// The cells to set, in one transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeekCells {
    /// The caller when absent.
    #[serde(default)]
    pub user_id: Option<Uuid>,
    #[serde(default)]
    pub week: Option<String>,
    pub cells: Vec<Cell>,
}

/// A person's week, as far as the caller may read it.
///
/// # Errors
/// [`EngineError::Forbidden`] without the permission to read time; what is no week.
pub async fn week(
    engine: &Engine,
    caller: &Caller,
    user: Option<Uuid>,
    week: Option<&str>,
) -> Result<Json, EngineError> {
    caller.require(&TIME_ENTRY, Action::Read)?;
    let week = Week::parse(week, caller)?;
    let user = user.unwrap_or(caller.principal.user_id);
    let rows = engine
        .database
        .read(&caller.principal, &[entries_of(user, week)])
        .await?
        .pop()
        .unwrap_or_default();
    grid(user, week, &rows)
}

/// Sets cells: makes, changes and removes entries until each cell has its hours. Answers the week.
///
/// # Errors
/// 422 with every bad cell at once; 409 for cells of several entries and for locked ones.
pub async fn set_week(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    wanted: &WeekCells,
) -> Result<Json, EngineError> {
    caller.require(&TIME_ENTRY, Action::Update)?;
    let week = Week::parse(wanted.week.as_deref(), caller)?;
    let user = wanted.user_id.unwrap_or(caller.principal.user_id);
    let cells = checked(tx, week, &wanted.cells).await?;
    let standing: Vec<Entry> = tx
        .query(&entries_of(user, week))
        .await?
        .iter()
        .map(Entry::read)
        .collect::<Result<_, _>>()?;
    let (mut created, mut updated, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (cell, project, hours)) in cells.iter().enumerate() {
        let there: Vec<&Entry> = standing
            .iter()
            .filter(|entry| {
                (entry.project, entry.task, entry.date) == (*project, cell.task_id, cell.date)
            })
            .collect();
        match there.as_slice() {
            [] if hours.is_zero() => {}
            [] => {
                let mut body = json!({"user_id": user, "project_id": project, "task_id": cell.task_id, "date": cell.date.to_string(),
                    "hours": hours.to_string(), "description": cell.description});
                set_billable(&mut body, cell);
                created.push(body);
            }
            [entry] if hours.is_zero() => removed.push(entry.id),
            [entry] => {
                let mut body = json!({"hours": hours.to_string()});
                if let (Some(description), Json::Object(body)) = (&cell.description, &mut body) {
                    body.insert("description".to_owned(), json!(description));
                }
                set_billable(&mut body, cell);
                updated.push(Update {
                    id: entry.id,
                    body,
                    version: None,
                });
            }
            several if several.iter().map(|entry| entry.hours).sum::<Decimal>() == *hours => {}
            several => {
                return Err(EngineError::Conflict {
                    field: Some(format!("cells[{index}].hours")),
                    message: format!(
                        "the cell has {} entries on {}; change them one by one",
                        several.len(),
                        cell.date
                    ),
                });
            }
        }
    }
    // What makes room comes first.
    if !removed.is_empty() {
        kith_engine::delete(engine, tx, caller, &TIME_ENTRY, &removed).await?;
    }
    if !updated.is_empty() {
        kith_engine::update(engine, tx, caller, &TIME_ENTRY, &updated).await?;
    }
    if !created.is_empty() {
        kith_engine::create(engine, tx, caller, &TIME_ENTRY, &created).await?;
    }
    grid(user, week, &tx.query(&entries_of(user, week)).await?)
}

fn set_billable(body: &mut Json, cell: &Cell) {
    if let (Some(billable), Json::Object(body)) = (cell.billable, body) {
        body.insert("billable".to_owned(), json!(billable));
    }
}

/// The cells with their project and hours, or every fault.
async fn checked<'a>(
    tx: &Tx,
    week: Week,
    cells: &'a [Cell],
) -> Result<Vec<(&'a Cell, Uuid, Decimal)>, EngineError> {
    if cells.len() > MOST {
        return Err(
            Fault::new("out_of_range", format!("must be at most {MOST} cells"))
                .at("cells")
                .into(),
        );
    }
    let mut faults = Faults::new();
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(cells.len());
    let projects = projects_of(tx, cells).await?;
    for (index, cell) in cells.iter().enumerate() {
        let mut fault = |code: &'static str, message: &str, name: &str| {
            faults.push(Fault::new(code, message.to_owned()).at(format!("cells[{index}].{name}")));
        };
        if cell.date < week.first() || cell.date > week.last() {
            fault("out_of_range", "lies in another week", "date");
        }
        let hours = match &cell.hours {
            Json::String(text) => text.trim().parse::<Decimal>().ok(),
            Json::Number(number) => number.to_string().parse().ok(),
            _ => None,
        };
        let hours = hours.filter(|hours| {
            *hours >= Decimal::ZERO && *hours <= Decimal::from(24) && hours.scale() <= 4
        });
        let project = cell
            .project_id
            .or_else(|| projects.get(&cell.task_id?).copied());
        match (project, hours) {
            (Some(project), Some(hours)) => {
                if seen.insert((project, cell.task_id, cell.date)) {
                    kept.push((cell, project, hours));
                } else {
                    fault("duplicate", "the cell is there twice", "date");
                }
            }
            (None, _) => fault("required", "say which project", "project_id"),
            (_, None) => fault("out_of_range", "must be from 0 to 24", "hours"),
        }
    }
    if faults.is_empty() {
        Ok(kept)
    } else {
        Err(faults.into())
    }
}

/// The projects of the tasks whose cells do not say.
async fn projects_of(tx: &Tx, cells: &[Cell]) -> Result<BTreeMap<Uuid, Uuid>, EngineError> {
    let tasks: Vec<Uuid> = cells
        .iter()
        .filter(|cell| cell.project_id.is_none())
        .filter_map(|cell| cell.task_id)
        .collect();
    if tasks.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = Statement::new(
        "SELECT t.id, t.project_id FROM tasks t WHERE t.id = ANY ($1) AND t.project_id IS NOT NULL",
    )
    .with(tasks, Type::UUID_ARRAY);
    let mut projects = BTreeMap::new();
    for row in tx.query(&statement).await? {
        projects.insert(row.try_get(0)?, row.try_get(1)?);
    }
    Ok(projects)
}

/// A person's entries of a week, in the order of the grid.
fn entries_of(user: Uuid, week: Week) -> Statement {
    Statement::new(
        "SELECT t.id, t.project_id, t.task_id, t.date, t.hours, t.status, t.billable, t.description, t.version, p.name, k.title \
         FROM time_entries t \
         LEFT JOIN projects p ON p.organization_id = t.organization_id AND p.id = t.project_id \
         LEFT JOIN tasks k ON k.organization_id = t.organization_id AND k.id = t.task_id \
         WHERE t.user_id = $1 AND t.date BETWEEN $2 AND $3 AND t.deleted_at IS NULL \
         ORDER BY p.name, t.project_id, k.title, t.task_id, t.date, t.id",
    )
    .with(user, Type::UUID)
    .with(week.first(), Type::DATE)
    .with(week.last(), Type::DATE)
}

struct Entry {
    id: Uuid,
    project: Uuid,
    task: Option<Uuid>,
    date: Date,
    hours: Decimal,
    status: String,
}

impl Entry {
    fn read(row: &Row) -> Result<Entry, EngineError> {
        Ok(Entry {
            id: row.try_get(0)?,
            project: row.try_get(1)?,
            task: row.try_get(2)?,
            date: row.try_get(3)?,
            hours: row.try_get(4)?,
            status: row.try_get(5)?,
        })
    }
}

/// One row of the grid under construction.
struct Line {
    key: (Uuid, Option<Uuid>),
    head: Json,
    days: BTreeMap<Date, (Decimal, Vec<Json>)>,
}

fn grid(user: Uuid, week: Week, rows: &[Row]) -> Result<Json, EngineError> {
    let mut lines: Vec<Line> = Vec::new();
    let mut by_day: BTreeMap<Date, Decimal> = BTreeMap::new();
    let mut by_status: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in rows {
        let entry = Entry::read(row)?;
        let key = (entry.project, entry.task);
        if lines.last().is_none_or(|line| line.key != key) {
            let title: Option<String> = row.try_get(10)?;
            lines.push(Line {
                key,
                head: json!({
                    "project": {"id": entry.project, "name": row.try_get::<_, Option<String>>(9)?},
                    "task": entry.task.map(|id| json!({"id": id, "title": title})),
                }),
                days: BTreeMap::new(),
            });
        }
        if let Some(line) = lines.last_mut() {
            let day = line.days.entry(entry.date).or_default();
            day.0 += entry.hours;
            day.1.push(json!({"id": entry.id, "hours": hours_text(entry.hours), "status": entry.status,
                "billable": row.try_get::<_, bool>(6)?, "description": row.try_get::<_, Option<String>>(7)?, "version": row.try_get::<_, i64>(8)?}));
        }
        *by_day.entry(entry.date).or_default() += entry.hours;
        *by_status.entry(entry.status).or_default() += entry.hours;
    }
    let shown: Vec<Json> = lines
        .into_iter()
        .map(|mut line| {
            let total: Decimal = line.days.values().map(|(hours, _)| hours).sum();
            let days: Vec<Json> = week
                .days()
                .map(|date| {
                    let (hours, entries) = line.days.remove(&date).unwrap_or_default();
                    json!({"date": date.to_string(), "hours": hours_text(hours), "entries": entries})
                })
                .collect();
            if let Json::Object(head) = &mut line.head {
                head.insert("days".to_owned(), Json::Array(days));
                head.insert("total".to_owned(), json!(hours_text(total)));
            }
            line.head
        })
        .collect();
    let statuses: Map<String, Json> = ["draft", "pending", "approved", "rejected"]
        .into_iter()
        .map(|status| {
            let hours = by_status.get(status).copied().unwrap_or_default();
            (status.to_owned(), json!(hours_text(hours)))
        })
        .collect();
    let days: Vec<Json> = week
        .days()
        .map(|date| {
            json!({"date": date.to_string(), "total": hours_text(by_day.get(&date).copied().unwrap_or_default())})
        })
        .collect();
    let total: Decimal = by_day.values().sum();
    Ok(json!({
        "user_id": user,
        "week": week.to_string(),
        "from": week.first().to_string(),
        "to": week.last().to_string(),
        "rows": shown,
        "days": days,
        "statuses": statuses,
        "total": hours_text(total),
    }))
}

fn hours_text(hours: Decimal) -> String {
    hours.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_have_their_iso_number() {
        for (day, name, first) in [
            ("2026-11-27", "2026-W48", "2026-11-23"),
            ("2027-01-01", "2026-W53", "2026-12-28"),
            ("2026-03-29", "2026-W13", "2026-03-23"),
        ] {
            let week = Week::around(day.parse().unwrap()).unwrap();
            assert_eq!(week.to_string(), name);
            assert_eq!(week.first().to_string(), first);
            assert_eq!(week.days().count(), 7);
            assert_eq!(week.days().last(), Some(week.last()));
        }
        assert_eq!(Week::around(Date::MAX), None);
        assert_eq!(Week::around(Date::MIN), None);
    }
}
