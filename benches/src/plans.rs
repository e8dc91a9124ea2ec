//! How PostgreSQL runs a statement of the program, the statements inside its functions included.

use std::fmt::Write as _;

use anyhow::Result;
use kith_store::types::Type;
use kith_store::{APPLICATION_ROLE, Statement};

use crate::data::Place;
use crate::program::Person;
use crate::statements::{Exchange, Log, nested_plans};

/// The plans of one request.
pub(crate) struct Plan {
    pub(crate) text: String,
    /// Whether no table that grows with the data is read from end to end, also not by way of an index whose rows a
    /// filter then throws away.
    pub(crate) uses_index: bool,
}

/// Tables of which a list never reads every row.
const LARGE: [&str; 8] = [
    "companies",
    "record_values",
    "leads",
    "tasks",
    "notes",
    "interactions",
    "tickets",
    "time_entries",
];

/// A plan that throws away more than one in so many of the companies has walked the table.
const WALKED: u64 = 20;

/// Runs the statements of an exchange once more, as the same person and under the same policies, and shows how.
/// The connection is the owner's, who alone may turn the showing of nested statements on; the role is not.
pub(crate) async fn explain(
    place: &Place,
    person: &Person,
    exchange: &Exchange,
    companies: u64,
) -> Result<Plan> {
    let admin = place.owner().await?;
    admin
        .script(
            "load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; \
             set auto_explain.log_analyze = on; set auto_explain.log_buffers = on",
        )
        .await?;
    admin
        .script("begin isolation level repeatable read read only")
        .await?;
    admin
        .script(&format!("set local role {APPLICATION_ROLE}"))
        .await?;
    let acting = Statement::new(
        "select set_config('kith.organization', $1, true), set_config('kith.user', $2, true)",
    )
    .with(person.organization.clone(), Type::TEXT)
    .with(person.user.clone(), Type::TEXT);
    admin.query(&acting).await?;
    let log = Log::here(&place.log)?;
    let mut text = String::new();
    for statement in exchange.work() {
        let sql = statement.inlined(&[]);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{sql}\n");
        let explained = Statement::new(format!("explain (analyze, buffers) {sql}"));
        for row in admin.query(&explained).await? {
            let _ = writeln!(text, "    {}", row.try_get::<_, String>(0)?);
        }
    }
    for nested in nested_plans(&log.read()?, &LARGE) {
        let _ = writeln!(text, "\n  inside a function:");
        for line in nested.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    admin.script("rollback").await?;
    Ok(Plan {
        uses_index: is_narrow(&text, companies / WALKED),
        text,
    })
}

/// Whether a plan reads no large table from end to end and throws away no more than `most` rows in one place.
fn is_narrow(plan: &str, most: u64) -> bool {
    let whole = LARGE
        .iter()
        .any(|table| plan.contains(&format!("Seq Scan on {table}")));
    let thrown_away = plan
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("Rows Removed by Filter: "))
        .filter_map(|number| number.trim().parse::<u64>().ok())
        .max();
    !whole && thrown_away.unwrap_or(0) <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_everything_is_noticed_however_it_is_done() {
        assert!(is_narrow(
            "  Index Scan using a on companies t\n    Rows Removed by Filter: 12\n",
            100
        ));
        assert!(!is_narrow("  Parallel Seq Scan on companies t\n", 100));
        assert!(!is_narrow(
            "  Index Scan using companies_pkey on companies t\n    Rows Removed by Filter: 999750\n",
            100
        ));
    }
}
