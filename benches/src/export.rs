//! Everything in one file, beside the same rows by COPY through psql.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::figures::{median, per_second};
use crate::load::begin;
use crate::measure::Bench;
use crate::program::Person;
use crate::report::{Line, say};
use crate::requests::BASE;
use crate::statements::{Log, declared};

/// How much the program may grow while it exports, in MiB: the pieces on their way, the names it remembers.
const GROWTH: f64 = 32.0;
const FORMATS: [&str; 2] = ["csv", "ndjson"];

/// One export over HTTP.
struct Sent {
    first_byte: Duration,
    time: Duration,
    bytes: u64,
    /// How far the memory rose above what it was before, in MiB.
    growth: f64,
}

/// Exports every company in turns with `COPY (the same statement) TO STDOUT`, and looks at the first byte and at the
/// memory.
pub(crate) async fn export(bench: &Bench<'_>, person: &Person) -> Result<Vec<Line>> {
    let statement = captured(bench, person).await?;
    let mut lines = Vec::new();
    for format in FORMATS {
        say(&format!(
            "export of {} companies as {format}",
            bench.data.companies
        ))?;
        let (mut ours, mut theirs, mut firsts, mut growths) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut bytes = 0;
        for _ in 0..bench.rounds {
            let sent = over_http(bench, person, format).await?;
            ours.push(per_second(bench.data.companies, sent.time));
            firsts.push(sent.first_byte.as_secs_f64() * 1000.0);
            growths.push(sent.growth);
            bytes = sent.bytes;
            theirs.push(per_second(
                bench.data.companies,
                copy(bench, person, &statement).await?,
            ));
        }
        let first = firsts.iter().copied().fold(0.0, f64::max);
        let growth = growths.iter().copied().fold(0.0, f64::max);
        let (ours, theirs) = (median(ours), median(theirs));
        let share = if theirs > 0.0 { ours / theirs } else { 0.0 };
        let name = format!("export of {} companies, {format}", bench.data.companies);
        let details = json!({
            "rows_per_second": ours, "copy_rows_per_second": theirs, "bytes": bytes, "first_byte_ms": firsts,
            "growth_mib": growths,
        });
        lines.push(Line {
            name: name.clone(),
            figure: format!(
                "{ours:.0} rows/s, COPY {theirs:.0} rows/s: {:.0} %",
                share * 100.0
            ),
            bar: "at least 50 % of COPY",
            met: Some(share >= 0.5),
            details,
        });
        lines.push(Line {
            name: format!("{name}: first byte"),
            figure: format!("{first:.0} ms at most"),
            bar: "under 200 ms",
            met: Some(first < 200.0),
            details: json!({}),
        });
        lines.push(Line {
            name: format!("{name}: memory"),
            figure: format!("grew by {growth:.0} MiB at most"),
            bar: "under 32 MiB",
            met: Some(growth < GROWTH),
            details: json!({}),
        });
    }
    Ok(lines)
}

/// The statement that the program sends, from the server's log. The export itself is broken off.
async fn captured(bench: &Bench<'_>, person: &Person) -> Result<String> {
    bench.log_statements(true).await?;
    let began = Instant::now();
    let found = loop {
        let log = Log::here(&bench.place.log)?;
        let request = person.get(&format!("{BASE}/companies/export?format=csv"))?;
        drop(begin(bench.program.address, request).await?);
        if let Some(found) = declared(&log.read()?) {
            break found;
        }
        ensure!(
            began.elapsed() < Duration::from_secs(10),
            "the server's log does not show the statement of an export"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    bench.log_statements(false).await?;
    Ok(found)
}

async fn over_http(bench: &Bench<'_>, person: &Person, format: &str) -> Result<Sent> {
    let request = person.get(&format!("{BASE}/companies/export?format={format}"))?;
    let (before, _) = bench.watched.memory()?;
    let began = Instant::now();
    let mut response = begin(bench.program.address, request).await?;
    ensure!(
        response.status().is_success(),
        "the export was refused: {}",
        response.status()
    );
    let (mut first_byte, mut bytes, mut lines, mut most) = (None, 0_u64, 0_u64, before);
    let mut looked = Instant::now();
    while let Some(frame) = response.body_mut().frame().await {
        let frame = frame.context("the export broke off")?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        first_byte.get_or_insert_with(|| began.elapsed());
        bytes += data.len() as u64;
        lines += data.split(|byte| *byte == b'\n').count() as u64 - 1;
        if looked.elapsed() > Duration::from_millis(100) {
            looked = Instant::now();
            most = most.max(bench.watched.memory()?.0);
        }
    }
    let header = u64::from(format == "csv");
    ensure!(
        lines >= bench.data.companies + header,
        "{lines} lines for {} companies",
        bench.data.companies
    );
    Ok(Sent {
        first_byte: first_byte.context("the export was empty")?,
        time: began.elapsed(),
        bytes,
        growth: most - before,
    })
}

/// The same rows straight from PostgreSQL, as the same role under the same policies.
async fn copy(bench: &Bench<'_>, person: &Person, statement: &str) -> Result<Duration> {
    let acting = format!(
        "select set_config('kith.organization', '{}', true), set_config('kith.user', '{}', true)",
        person.organization, person.user
    );
    let began = Instant::now();
    let output = bench
        .place
        .client(bench.data, "psql")
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"])
        .args(["-c", "set jit = off"])
        .args(["-c", "begin isolation level repeatable read read only"])
        .args(["-c", &acting])
        .args([
            "-c",
            &format!("copy ({statement}) to stdout with (format csv)"),
        ])
        .args(["-c", "commit"])
        .arg(kith_store::embedded::cluster::DATABASE)
        .stdout(Stdio::null())
        .output()
        .await
        .context("psql cannot be started")?;
    ensure!(
        output.status.success(),
        "COPY failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(began.elapsed())
}
