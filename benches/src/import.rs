//! A hundred thousand companies by file.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use http::Method;
use serde_json::{Value as Json, json};

use crate::load::{Body, Connection};
use crate::measure::Bench;
use crate::program::Person;
use crate::report::Line;
use crate::requests::BASE;

/// Rows of the file.
const ROWS: u64 = 100_000;
/// When to give up.
const PATIENCE: Duration = Duration::from_mins(10);

/// Imports a file into the organization of `person` and looks whether every row left its traces.
pub(crate) async fn import(bench: &Bench<'_>, person: &Person) -> Result<Line> {
    let mut connection = Connection::open(bench.program.address).await?;
    let request = person.request(
        Method::POST,
        &format!("{BASE}/companies/import"),
        "multipart/form-data; boundary=kith-bench",
        Body::from(form()),
    )?;
    let before = bench.watched.used()?;
    let began = Instant::now();
    let started = connection.json(request).await?;
    let id = started
        .get("id")
        .and_then(Json::as_str)
        .context("an import without an id")?
        .to_owned();
    let answer = loop {
        let answer = connection
            .json(person.get(&format!("{BASE}/imports/{id}"))?)
            .await?;
        match answer.get("status").and_then(Json::as_str) {
            Some("completed") => break answer,
            Some("queued" | "running") if began.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            _ => bail!("the import did not complete: {answer}"),
        }
    };
    let took = began.elapsed();
    let used = bench.watched.used()?.since(before);
    let created = answer.get("created").and_then(Json::as_u64);
    ensure!(
        created == Some(ROWS),
        "the import created {created:?} of {ROWS}: {answer}"
    );
    let mut complete = true;
    for traces in [
        "audit_log where entity_type = 'company' and action = 'INSERT'",
        "activities where entity_type = 'company' and type = 'created'",
        "events where entity = 'company' and action = 'created'",
    ] {
        let organization = &person.organization;
        let sql = format!("select count(*) from {traces} and organization_id = '{organization}'");
        complete &= bench.place.number(&sql).await? == ROWS;
    }
    let traces = if complete {
        "audit, activities and events written"
    } else {
        "TRACES MISSING"
    };
    Ok(Line {
        name: "import of 100,000 companies".to_owned(),
        figure: format!("{:.1} s, {traces}", took.as_secs_f64()),
        bar: "under 60 s, with audit, activities and events",
        met: Some(complete && took < Duration::from_mins(1)),
        details: json!({
            "seconds": took.as_secs_f64(), "traces_complete": complete,
            "cpu_seconds": {"program": used.program.as_secs_f64(), "database": used.database.as_secs_f64()},
        }),
    })
}

fn form() -> String {
    let options = json!({
        "mapping": {
            "Company": "name", "E-mail": "email", "Phone": "phone", "Website": "website", "Industry": "industry_id",
            "Status": "status", "Size": "company_size", "Revenue": "annual_revenue", "Currency": "currency",
            "Employees": "employee_count", "Tags": "tags", "Notes": "notes",
        },
        "mode": "best_effort", "duplicates": "create",
    });
    let mut form = format!(
        "--kith-bench\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{options}\r\n\
         --kith-bench\r\nContent-Disposition: form-data; name=\"file\"; filename=\"companies.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n\
         Company,E-mail,Phone,Website,Industry,Status,Size,Revenue,Currency,Employees,Tags,Notes\r\n"
    );
    let industries = ["Technology", "Healthcare", "Finance", "Education", "Other"];
    let statuses = ["lead", "prospect", "active", "inactive", "churned"];
    for (number, (industry, status)) in (1..=ROWS).zip(
        industries
            .iter()
            .cycle()
            .zip(statuses.iter().cycle().skip(2)),
    ) {
        // Writing to a String cannot fail.
        let _ = write!(
            form,
            "Imported {number},office@imported-{number}.example,+1415{:07},https://imported-{number}.example,{industry},{status},\
             11-50,{}.50,USD,{},\"{}\",\"Row {number}, as exported\"\r\n",
            number % 10_000_000,
            number * 37 % 5_000_000,
            number % 5000,
            if number % 10 == 0 {
                "vip;newsletter"
            } else {
                "newsletter"
            },
        );
    }
    form.push_str("--kith-bench--\r\n");
    form
}
