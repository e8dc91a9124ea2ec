//! A day's work beside pgbench: tickets by what was promised, a week of time, a long conversation, an invoice of twenty
//! lines.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::rc::Rc;

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value as Json, json};

use crate::load::{Body, Make};
use crate::measure::Bench;
use crate::program::Person;
use crate::report::{Line, say};
use crate::requests::{BASE, company_id, fixed};
use crate::statements::Exchange;
use crate::tell;

/// Requests at a time; a list that people look at, not a storm.
const CONNECTIONS: u32 = 4;
/// The lines of an invoice.
const LINES: usize = 20;
/// What the lines of the table are called.
const INVOICE: &str = "invoice of 20 lines";

/// What is read: its name, its address, and the part of a statement that marks it.
const READS: [(&str, &str, &str); 3] = [
    (
        "tickets to do, by what was promised",
        "tickets?limit=50&status%5Bin%5D=open,in_progress&sort=sla_due_at",
        "FROM tickets",
    ),
    ("a week of time", "time-entries/week", "FROM time_entries"),
    (
        "messages of a conversation of 10,000",
        "messages?limit=50&conversation_id=01900000-0000-7000-e000-000000000001",
        "FROM messages",
    ),
];

/// Each beside the same statements sent by pgbench.
pub(crate) async fn measure(
    bench: &Bench<'_>,
    person: &Person,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let mut asked: Vec<(String, Make, String)> = Vec::new();
    bench.log_statements(true).await?;
    for (name, path, part) in READS {
        let make = fixed(person, &format!("{BASE}/{path}"));
        let (exchange, _) = bench
            .captured(&make, |sql| sql.contains(part))
            .await
            .context(name)?;
        asked.push((name.to_owned(), make, exchange.script("", &[])));
    }
    let make = invoice(person, bench.data.companies);
    let inserts = |sql: &str| sql.to_lowercase().starts_with("insert into invoices");
    let (exchange, made) = bench.captured(&make, inserts).await.context(INVOICE)?;
    bench.log_statements(false).await?;
    asked.push((INVOICE.to_owned(), make, invoice_script(&exchange, &made)?));
    for (name, make, script) in asked {
        let name = format!("{name}, beside pgbench");
        say(&name)?;
        let found = bench.compare(CONNECTIONS, &make, &script).await?;
        tell(lines, found.lines(&name, None))?;
    }
    Ok(())
}

/// Drafts an invoice for a random company.
fn invoice(person: &Person, companies: u64) -> Make {
    let person = person.clone();
    Rc::new(move |random| {
        let items: Vec<Json> = (1..=LINES)
            .map(|number| {
                json!({"description": format!("Line {number}"), "quantity": "1.5", "unit_price": "10.05", "tax_rate": "19"})
            })
            .collect();
        let company = company_id(random.between(1, companies));
        let body = json!({"company_id": company, "currency": "USD", "items": items});
        person.request(
            Method::POST,
            &format!("{BASE}/invoices"),
            "application/json",
            Body::from(body.to_string()),
        )
    })
}

/// The statements that made the invoice, with ids of their own at every turn.
fn invoice_script(exchange: &Exchange, made: &Json) -> Result<String> {
    let id = made
        .get("id")
        .and_then(Json::as_str)
        .context("an invoice without an id")?;
    let text: String = exchange.work().map(|one| one.inlined(&[])).collect();
    let mut setup = String::new();
    let mut variables = Vec::new();
    for (number, id) in made_with(&text, id).into_iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(setup, "\\set n{number} random(100000000000, 999999999999)");
        let tail = id.rsplit('-').next().unwrap_or_default();
        variables.push((tail, format!(":n{number}")));
    }
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(tail, variable)| (*tail, variable.as_str()))
        .collect();
    Ok(exchange.script(&setup, &variables))
}

/// The ids in a text that were made within a quarter of a second of this one: a version 7 begins with its time, whose
/// last two digits of six are left out here.
fn made_with<'a>(text: &'a str, id: &str) -> BTreeSet<&'a str> {
    let moment = id.get(..11).unwrap_or(id);
    text.split(|character: char| !(character.is_ascii_hexdigit() || character == '-'))
        .filter(|word| word.len() == 36 && word.starts_with(moment))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_same_moment_are_found_once() {
        let text = "('{01a2202f-7be1-77d7-990d-fa38aa9b69ea,01a2202f-7bff-77d7-990d-fa38aa9b69eb}') \
            ('01900000-0000-7000-8000-000000000001') ('01a2202f-7be1-77d7-990d-fa38aa9b69ea')";
        let found = made_with(text, "01a2202f-7be1-77d7-990d-fa38aa9b69ea");
        let found: Vec<&str> = found.into_iter().collect();
        assert_eq!(
            found,
            [
                "01a2202f-7be1-77d7-990d-fa38aa9b69ea",
                "01a2202f-7bff-77d7-990d-fa38aa9b69eb"
            ]
        );
    }
}
