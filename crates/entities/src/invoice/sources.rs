//! Drafts made from what was agreed or done: the items of a deal, the approved time of a project.

use jiff::civil::Date;
use kith_catalogue::access::{Action, Scope};
use kith_catalogue::fault::Fault;
use kith_catalogue::storable;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement, Tx};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::INVOICE;
use super::sending::{conflict, one};
use crate::reading::cell;

/// A draft from a deal's items.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromDeal {
    pub deal_id: Uuid,
    /// Percent, for every line.
    pub tax_rate: Option<Decimal>,
}

/// What becomes a line of its own.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// All of it in one line for each rate.
    Project,
    #[default]
    Task,
    Person,
    Day,
    /// Every entry.
    Entry,
}

/// A draft from a project's time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromTime {
    pub project_id: Uuid,
    pub from: Option<Date>,
    pub to: Option<Date>,
    #[serde(default)]
    pub group_by: GroupBy,
    /// Percent, for every line.
    pub tax_rate: Option<Decimal>,
}

/// Makes a draft from a deal: its items, or the deal itself where it has none. Answers the draft.
///
/// # Errors
/// [`EngineError::Invalid`] for a deal without a company, or with neither items nor an amount.
pub async fn from_deal(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    wanted: &FromDeal,
) -> Result<Json, EngineError> {
    caller.require(&INVOICE, Action::Create)?;
    let bad = |code: &'static str, message: &str| -> EngineError {
        Fault::new(code, message).at("deal_id").into()
    };
    let deal = Statement::new(
        "SELECT company_id, currency::text, name::text, amount FROM deals WHERE id = $1 AND deleted_at IS NULL",
    )
    .with(wanted.deal_id, Type::UUID);
    let items = Statement::new(
        "SELECT x.product_id, coalesce(x.description, p.name::text), x.quantity, x.unit_price, x.discount_percent \
         FROM deal_items x LEFT JOIN products p ON p.organization_id = x.organization_id AND p.id = x.product_id \
         WHERE x.deal_id = $1 ORDER BY x.position, x.id",
    )
    .with(wanted.deal_id, Type::UUID);
    let mut answers = tx.query_many(&[deal, items]).await?;
    let items = answers.pop().unwrap_or_default();
    let deal = answers.pop().unwrap_or_default();
    let deal = deal
        .first()
        .ok_or_else(|| bad("no_such_record", "there is no such deal"))?;
    let company: Option<Uuid> = cell(deal, 0)?;
    let company = company.ok_or_else(|| {
        bad(
            "required",
            "this deal has no company; give it one to invoice",
        )
    })?;
    let (name, amount): (String, Option<Decimal>) = (cell(deal, 2)?, cell(deal, 3)?);
    let tax = wanted.tax_rate.unwrap_or_default();
    let mut lines = Vec::new();
    for item in &items {
        lines.push(deal_line(item, &name, tax)?);
    }
    if lines.is_empty() {
        let amount =
            amount.ok_or_else(|| bad("required", "this deal has neither items nor an amount"))?;
        lines.push(json!({"description": name, "unit_price": amount.to_string(), "tax_rate": tax.to_string()}));
    }
    let body = json!({"company_id": company, "deal_id": wanted.deal_id, "currency": cell::<String>(deal, 1)?, "items": lines});
    made(engine, tx, caller, body).await
}

fn deal_line(item: &Row, deal: &str, tax: Decimal) -> Result<Json, EngineError> {
    let description: Option<String> = cell(item, 1)?;
    let figure = |index: usize| cell::<Decimal>(item, index).map(|figure| figure.to_string());
    Ok(json!({
        "product_id": cell::<Option<Uuid>>(item, 0)?,
        "description": description.unwrap_or_else(|| deal.to_owned()),
        "quantity": figure(2)?,
        "unit_price": figure(3)?,
        "discount_percent": figure(4)?,
        "tax_rate": tax.to_string(),
    }))
}

async fn made(engine: &Engine, tx: &Tx, caller: &Caller, body: Json) -> Result<Json, EngineError> {
    let made = kith_engine::create(engine, tx, caller, &INVOICE, &[body]).await?;
    let id = made.first().ok_or(EngineError::NotFound)?.id;
    one(engine, tx, caller, id).await
}

/// An entry of time that can be invoiced.
struct Entry {
    id: Uuid,
    day: Date,
    hours: Decimal,
    rate: Option<Decimal>,
    currency: String,
    description: Option<String>,
    user: Uuid,
    person: String,
    task: Option<(Uuid, String)>,
}

impl Entry {
    fn read(row: &Row) -> Result<Entry, EngineError> {
        let task: Option<Uuid> = cell(row, 8)?;
        Ok(Entry {
            id: cell(row, 0)?,
            day: cell(row, 1)?,
            hours: cell(row, 2)?,
            rate: cell(row, 3)?,
            currency: cell(row, 4)?,
            description: cell(row, 5)?,
            user: cell(row, 6)?,
            person: cell(row, 7)?,
            task: task.zip(cell(row, 9)?),
        })
    }

    /// What the entry's line is told apart by, and called. Without a task, or words of its own, the time is the
    /// project's.
    fn line(&self, group: GroupBy, project: &str) -> (String, String) {
        match (group, &self.task) {
            (GroupBy::Project, _) | (GroupBy::Task, None) => (String::new(), project.to_owned()),
            (GroupBy::Task, Some((id, title))) => (id.to_string(), title.clone()),
            (GroupBy::Person, _) => (self.user.to_string(), self.person.clone()),
            (GroupBy::Day, _) => (self.day.to_string(), format!("{project}, {}", self.day)),
            (GroupBy::Entry, _) => {
                let words = self.description.clone();
                let words = words.or_else(|| self.task.as_ref().map(|(_, title)| title.clone()));
                let words = words.unwrap_or_else(|| project.to_owned());
                (self.id.to_string(), format!("{}: {words}", self.day))
            }
        }
    }
}

/// A line under construction.
struct Line {
    key: String,
    rate: Decimal,
    description: String,
    hours: Decimal,
    entries: Vec<Uuid>,
}

/// Makes a draft from the approved, billable time of a project that is not invoiced yet. Answers the draft.
///
/// # Errors
/// [`EngineError::Conflict`] when there is none, or another invoice took it meanwhile; [`EngineError::Invalid`] for
/// time without a rate.
pub async fn from_time(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    wanted: &FromTime,
) -> Result<Json, EngineError> {
    caller.require(&INVOICE, Action::Create)?;
    if caller.grants.scope("time_entries", Action::Read) != Some(Scope::All) {
        return Err(EngineError::Forbidden {
            action: Action::Read,
            resource: "time_entries",
        });
    }
    for (name, day) in [("from", wanted.from), ("to", wanted.to)] {
        if day.is_some_and(|day| !storable::day(day)) {
            let fault = Fault::new("not_a_date", "must be a day such as 2026-03-31");
            return Err(fault.at(name).into());
        }
    }
    let project = Statement::new(
        "SELECT company_id, name::text FROM projects WHERE id = $1 AND deleted_at IS NULL",
    )
    .with(wanted.project_id, Type::UUID);
    let time = Statement::new(
        "SELECT id, date, hours, rate, currency, description, user_id, person, task_id, task FROM unbilled_time($1, $2, $3)",
    )
    .with(wanted.project_id, Type::UUID)
    .with(wanted.from, Type::DATE)
    .with(wanted.to, Type::DATE);
    let mut answers = tx.query_many(&[project, time]).await?;
    let time = answers.pop().unwrap_or_default();
    let project = answers.pop().unwrap_or_default();
    let project = project.first().ok_or_else(|| {
        EngineError::from(Fault::new("no_such_record", "there is no such project").at("project_id"))
    })?;
    let (company, name): (Uuid, String) = (cell(project, 0)?, cell(project, 1)?);
    let entries = time
        .iter()
        .map(Entry::read)
        .collect::<Result<Vec<_>, _>>()?;
    let first = entries.first().ok_or_else(|| {
        conflict(
            "no approved, billable time of this project is left to invoice in this period"
                .to_owned(),
        )
    })?;
    let lines = grouped(&entries, wanted.group_by, &name)?;
    let tax = wanted.tax_rate.unwrap_or_default().to_string();
    let items: Vec<Json> = lines
        .iter()
        .map(|line| {
            let description: String = line.description.chars().take(1000).collect();
            json!({"description": description, "quantity": line.hours.to_string(), "unit": "hour",
                "unit_price": line.rate.to_string(), "tax_rate": tax})
        })
        .collect();
    let body = json!({"company_id": company, "project_id": wanted.project_id, "currency": first.currency, "items": items});
    let draft = kith_engine::create(engine, tx, caller, &INVOICE, &[body]).await?;
    let id = draft.first().ok_or(EngineError::NotFound)?.id;
    claim(tx, id, &lines).await?;
    one(engine, tx, caller, id).await
}

/// Time of one line and rate together, in the order in which it first comes.
fn grouped(entries: &[Entry], group: GroupBy, project: &str) -> Result<Vec<Line>, EngineError> {
    let mut lines: Vec<Line> = Vec::new();
    let mut faults = Vec::new();
    let currency = entries.first().map(|entry| entry.currency.as_str());
    for entry in entries {
        if Some(entry.currency.as_str()) != currency {
            let message =
                "some of this time is in another currency; choose a period with one currency";
            return Err(Fault::new("several_currencies", message).at("from").into());
        }
        let Some(rate) = entry.rate else {
            let message = format!(
                "{} h of {} on {} have no rate; enter a billable rate and approve the time again",
                entry.hours.normalize(),
                entry.person,
                entry.day
            );
            faults.push(Fault::new("required", message).at("rate"));
            continue;
        };
        let (key, description) = entry.line(group, project);
        match lines
            .iter_mut()
            .find(|line| line.key == key && line.rate == rate)
        {
            Some(line) => {
                line.hours += entry.hours;
                line.entries.push(entry.id);
            }
            None => lines.push(Line {
                key,
                rate,
                description,
                hours: entry.hours,
                entries: vec![entry.id],
            }),
        }
    }
    if faults.is_empty() {
        Ok(lines)
    } else {
        Err(EngineError::Invalid(faults))
    }
}

/// The lines that were made hold on to their time.
async fn claim(tx: &Tx, invoice: Uuid, lines: &[Line]) -> Result<(), EngineError> {
    let made =
        Statement::new("SELECT id FROM invoice_items WHERE invoice_id = $1 ORDER BY position, id")
            .with(invoice, Type::UUID);
    let rows = tx.query(&made).await?;
    let (mut entries, mut items): (Vec<Uuid>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for (row, line) in rows.iter().zip(lines) {
        let item: Uuid = cell(row, 0)?;
        entries.extend(&line.entries);
        items.extend(line.entries.iter().map(|_| item));
    }
    let statement = Statement::new("SELECT claim_time($1, $2)")
        .with(entries, Type::UUID_ARRAY)
        .with(items, Type::UUID_ARRAY);
    tx.execute(&statement).await?;
    Ok(())
}
