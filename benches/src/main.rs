//! `bin/bench`: what the started program does under load, beside the same statements sent straight to PostgreSQL, and
//! the bars that this is held against. It measures and tells; it is no test.
//!
//! The statements are not written here: they are read from the server's log while the program answers. What it must
//! not know: the program's inner workings. It starts the program, speaks HTTP, and looks at PostgreSQL from outside.

mod data;
mod export;
mod figures;
mod histogram;
mod import;
mod load;
mod measure;
mod pgbench;
mod plans;
mod processes;
mod program;
mod report;
mod requests;
mod statements;
mod work;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::{Value as Json, json};

use crate::data::{Data, Place};
use crate::measure::Bench;
use crate::processes::Watched;
use crate::program::{Person, Program};
use crate::report::{Line, say};
use crate::requests::{Asked, PAGE};

const LARGE_ORGANIZATION: &str = "00000000-0000-7000-8000-000000000001";
const SMALL_ORGANIZATION: &str = "00000000-0000-7000-8000-000000000002";
const ADMINISTRATOR: &str = "admin@bench.example";
const MEMBER: &str = "member@bench.example";

/// Measures Kith against PostgreSQL itself.
#[derive(Parser)]
#[command(name = "bin/bench")]
struct Options {
    /// Companies of the organization that is measured.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1000..=10_000_000))]
    companies: u64,
    /// How long each measurement takes, in seconds, after a warm-up of two.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often each comparison with pgbench is repeated; the middle one counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Where the figures go; the plans and the program's log go beside it.
    #[arg(long, default_value = "target/bench/result.json")]
    output: PathBuf,
    /// Keep the loaded data for the next run.
    #[arg(long)]
    keep: bool,
    /// The program that is measured.
    #[arg(long, default_value = "target/release/kith")]
    program: PathBuf,
    /// Measure only what has one of these words in its name: read, page, create, list, search, floor, work, board, memory, export, import.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

impl Options {
    fn wants(&self, what: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| word == what)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let local = tokio::task::LocalSet::new();
    match Box::pin(local.run_until(run(&options))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    ensure!(
        cfg!(target_os = "linux"),
        "the benchmark needs Linux: it reads the use of the processor from /proc"
    );
    let binary = options
        .program
        .canonicalize()
        .with_context(|| format!("{} is not built", options.program.display()))?;
    let folder = match options.output.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("."),
    };
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let data = Data::prepare(&folder, options.companies).await?;
    let program = Program::start(&binary, &data.folder, &folder.join("kith.log")).await?;
    let measured = measure_running(&data, &program, options, &folder).await;
    program.stop().await?;
    let (place, lines) = measured?;
    let about = json!({
        "machine": processes::machine(), "postgresql": place.version, "date": place.date,
        "companies": data.companies, "deals": data.deals, "seconds": options.seconds, "rounds": options.rounds,
    });
    report::write(&options.output, &about, &lines)?;
    say(&format!(
        "\n{}, PostgreSQL {}, {}; {} companies, {} deals\n",
        processes::machine(),
        place.version,
        place.date,
        data.companies,
        data.deals
    ))?;
    say(&report::table(&lines))?;
    if !options.keep {
        data.remove()?;
    }
    Ok(())
}

async fn measure_running(
    data: &Data,
    program: &Program,
    options: &Options,
    folder: &Path,
) -> Result<(Place, Vec<Line>)> {
    let place = data.place().await?;
    place.tidy(data.companies).await?;
    let bench = Bench {
        data,
        place: &place,
        program,
        watched: Watched {
            program: program.process,
            postmaster: place.postmaster,
        },
        seconds: options.seconds,
        rounds: options.rounds,
    };
    let lines = measure_all(&bench, options, folder).await?;
    Ok((place, lines))
}

async fn measure_all(bench: &Bench<'_>, options: &Options, folder: &Path) -> Result<Vec<Line>> {
    for email in [ADMINISTRATOR, MEMBER] {
        bench.program.set_password(email).await?;
    }
    let sign_in = |name, email, organization| bench.program.sign_in(name, email, organization);
    let administrator = sign_in("administrator", ADMINISTRATOR, LARGE_ORGANIZATION).await?;
    let member = sign_in("member", MEMBER, LARGE_ORGANIZATION).await?;
    let mut lines = Vec::new();
    if options.wants("memory") {
        // Checking a password takes memory that the allocator gives back a while later.
        tokio::time::sleep(Duration::from_secs(15)).await;
        let (rest, _) = bench.watched.memory()?;
        tell(&mut lines, bench.memory(&administrator, rest).await?)?;
    }
    let mut plans = String::new();
    for person in [&administrator, &member] {
        let mut asked: Vec<(Asked, &str)> = Vec::new();
        if options.wants("list") {
            let lists = requests::lists(person, bench.data.companies);
            asked.extend(lists.into_iter().map(|one| (one, "FROM companies")));
        }
        if options.wants("search") {
            let searches = requests::searches(bench.data, bench.place, person).await?;
            asked.extend(searches.into_iter().map(|one| (one, "FROM companies")));
        }
        if options.wants("floor") {
            asked.extend(requests::floor(person));
        }
        if options.wants("board") {
            let board = Asked {
                name: format!("board, {}", person.name),
                bar: None,
                make: requests::fixed(person, &format!("{}/deals/pipeline", requests::BASE)),
            };
            asked.push((board, "FROM deals"));
        }
        plans.push_str(&lists(bench, person, &asked, &mut lines).await?);
    }
    if !plans.is_empty() {
        std::fs::write(folder.join("plans.txt"), plans)?;
    }
    if options.wants("export") {
        tell(&mut lines, export::export(bench, &administrator).await?)?;
    }
    // Lists take longer than a token lives.
    let administrator = sign_in("administrator", ADMINISTRATOR, LARGE_ORGANIZATION).await?;
    // Last what adds to the data, so that it is nobody else's burden.
    if ["read", "page", "create"]
        .iter()
        .any(|what| options.wants(what))
    {
        comparisons(bench, options, &administrator, &mut lines).await?;
    }
    if options.wants("work") {
        let administrator = sign_in("administrator", ADMINISTRATOR, LARGE_ORGANIZATION).await?;
        work::measure(bench, &administrator, &mut lines).await?;
    }
    if options.wants("import") {
        say("import of 100,000 companies")?;
        let importer = sign_in("importer", ADMINISTRATOR, SMALL_ORGANIZATION).await?;
        lines.push(import::import(bench, &importer).await?);
    }
    Ok(lines)
}

/// What is measured beside pgbench.
async fn comparisons(
    bench: &Bench<'_>,
    options: &Options,
    person: &Person,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let reads = |sql: &str| sql.contains("FROM companies");
    bench.log_statements(true).await?;
    let by_id = requests::by_id(person, bench.data.companies);
    let (one, record) = bench.captured(&by_id, reads).await?;
    let page = requests::fixed(person, PAGE);
    let (many, _) = bench.captured(&page, reads).await?;
    let create = measure::create(person);
    let inserts = |sql: &str| sql.to_lowercase().starts_with("insert into companies");
    let (made, company) = bench.captured(&create, inserts).await?;
    bench.log_statements(false).await?;

    if options.wants("read") {
        say("read by id, 16 connections")?;
        let id = record.get("id").and_then(Json::as_str).unwrap_or_default();
        let number = id.rsplit('-').next().unwrap_or_default();
        let setup = format!("\\set n random(1, {})", bench.data.companies);
        let script = one.script(&setup, &[(number, "lpad(:n::text, 12, '0')")]);
        let found = bench.compare(16, &by_id, &script).await?;
        tell(lines, found.lines("read by id, 16 connections", Some(0.5)))?;
    }
    if options.wants("page") {
        say("first page of 50, 16 connections")?;
        let found = bench.compare(16, &page, &many.script("", &[])).await?;
        tell(
            lines,
            found.lines("first page of 50, 16 connections", Some(0.5)),
        )?;
    }
    if options.wants("create") {
        say("create, 16 connections")?;
        let script = measure::create_script(made, &company)?;
        let found = bench.compare(16, &create, &script).await?;
        tell(lines, found.lines("create, 16 connections", Some(0.4)))?;
    }
    Ok(())
}

/// Says the figures at once and keeps them for the table.
fn tell(lines: &mut Vec<Line>, found: Vec<Line>) -> Result<()> {
    for line in &found {
        say(&format!("  {}", line.figure))?;
    }
    lines.extend(found);
    Ok(())
}

/// Measures lists and answers their plans.
async fn lists(
    bench: &Bench<'_>,
    person: &Person,
    asked: &[(Asked, &str)],
    lines: &mut Vec<Line>,
) -> Result<String> {
    let mut texts = String::new();
    bench.log_statements(true).await?;
    let mut captured = Vec::new();
    for (one, part) in asked {
        let (exchange, _) = bench
            .captured(&one.make, |sql| sql.contains(part))
            .await
            .with_context(|| one.name.clone())?;
        captured.push(exchange);
    }
    bench.log_statements(false).await?;
    for ((one, part), exchange) in asked.iter().zip(&captured) {
        say(&one.name)?;
        let plan = plans::explain(bench.place, person, exchange, bench.data.companies)
            .await
            .with_context(|| one.name.clone())?;
        // Writing to a String cannot fail.
        let _ = write!(texts, "=== {}\n{}\n", one.name, plan.text);
        let uses_index = (!part.contains("deals")).then_some(plan.uses_index);
        let line = bench.asked(one, uses_index).await?;
        say(&format!("  {}", line.figure))?;
        lines.push(line);
    }
    Ok(texts)
}
