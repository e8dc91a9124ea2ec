//! What is owed and for how long: by company and currency, as of a day, in one statement.

use jiff::civil::Date;
use kith_catalogue::access::Action;
use kith_engine::{Caller, Engine, EngineError, money_text};
use kith_store::types::Type;
use kith_store::{Row, Statement};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::INVOICE;
use crate::reading::cell;

/// The columns of the report, in its order.
const BUCKETS: [&str; 6] = [
    "current",
    "days_1_30",
    "days_31_60",
    "days_61_90",
    "days_over_90",
    "total",
];

/// What stood open on the day: an invoice issued by then, less what was paid and credited by then, and what was given
/// back by then is owed again. An invoice that is settled without a credit note was open until its last payment.
const REPORT: &str = "\
WITH open AS (
  SELECT i.company_id, i.currency::text AS currency, day.as_of - i.due_date AS late, i.total_amount
    - coalesce((SELECT sum(p.amount) FROM payments p WHERE p.organization_id = i.organization_id AND p.invoice_id = i.id AND p.payment_date <= day.as_of), 0)
    + coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.organization_id = i.organization_id AND r.invoice_id = i.id AND r.refund_date <= day.as_of), 0)
    - coalesce((SELECT sum(n.total_amount) FROM invoices n WHERE n.organization_id = i.organization_id AND n.corrects_id = i.id AND n.status <> 'draft'
        AND n.issue_date <= day.as_of), 0) AS amount
  FROM (SELECT coalesce($1, organization_today(current_organization_id())) AS as_of) day
  JOIN invoices i ON i.organization_id = current_organization_id() AND i.kind = 'invoice' AND i.status <> 'draft' AND i.deleted_at IS NULL AND i.issue_date <= day.as_of
    AND (i.balance_key <> 0 OR i.paid_date > day.as_of OR i.amount_credited <> 0)
), summed AS (
  SELECT company_id, currency, grouping(company_id) = 1 AS whole,
    sum(amount) FILTER (WHERE late <= 0) AS b0, sum(amount) FILTER (WHERE late BETWEEN 1 AND 30) AS b1, sum(amount) FILTER (WHERE late BETWEEN 31 AND 60) AS b2,
    sum(amount) FILTER (WHERE late BETWEEN 61 AND 90) AS b3, sum(amount) FILTER (WHERE late > 90) AS b4, sum(amount) AS b5
  FROM open WHERE amount <> 0
  GROUP BY GROUPING SETS ((company_id, currency), (currency))
)
SELECT s.whole, s.company_id, c.name::text, s.currency, coalesce(b0, 0), coalesce(b1, 0), coalesce(b2, 0), coalesce(b3, 0), coalesce(b4, 0), b5,
  coalesce($1, organization_today(current_organization_id()))
FROM summed s LEFT JOIN companies c ON c.organization_id = current_organization_id() AND c.id = s.company_id
ORDER BY s.whole, c.name, s.company_id, s.currency";

/// The ageing report: `{as_of, data: [{company, currency, current, days_1_30, …, total}], totals: [{currency, …}]}`.
/// Today when no day is given.
///
/// # Errors
/// [`EngineError::Forbidden`] for whoever may not read invoices.
pub async fn ageing(
    engine: &Engine,
    caller: &Caller,
    as_of: Option<Date>,
) -> Result<Json, EngineError> {
    caller.require(&INVOICE, Action::Read)?;
    let statement = Statement::new(REPORT).with(as_of, Type::DATE);
    let today =
        Statement::new("SELECT coalesce($1, organization_today(current_organization_id()))")
            .with(as_of, Type::DATE);
    let mut answers = engine
        .database
        .read(&caller.principal, &[today, statement])
        .await?;
    let rows = answers.pop().unwrap_or_default();
    let day: Option<Date> = match answers.pop().unwrap_or_default().first() {
        Some(row) => cell(row, 0)?,
        None => None,
    };
    let (mut data, mut totals) = (Vec::new(), Vec::new());
    for row in &rows {
        let line = Json::Object(line(row)?);
        if cell::<bool>(row, 0)? {
            totals.push(line);
        } else {
            data.push(line);
        }
    }
    Ok(json!({"as_of": day.map(|day| day.to_string()), "data": data, "totals": totals}))
}

fn line(row: &Row) -> Result<Map<String, Json>, EngineError> {
    let mut line = Map::new();
    if let Some(id) = cell::<Option<Uuid>>(row, 1)? {
        let name: Option<String> = cell(row, 2)?;
        line.insert("company".to_owned(), json!({"id": id, "name": name}));
    }
    line.insert("currency".to_owned(), json!(cell::<String>(row, 3)?));
    for (index, bucket) in BUCKETS.into_iter().enumerate() {
        let amount: Decimal = cell(row, 4 + index)?;
        line.insert(bucket.to_owned(), json!(money_text(amount)));
    }
    Ok(line)
}
