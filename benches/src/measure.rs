//! What is measured, and against which bar.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value as Json, json};

use crate::data::{Data, Place};
use crate::figures::{Random, median, ratio};
use crate::histogram::Histogram;
use crate::load::{self, Body, Connection, Make, Run, Shape};
use crate::pgbench::{self, Straight};
use crate::processes::Watched;
use crate::program::{Person, Program};
use crate::report::Line;
use crate::requests::{Asked, BASE, PAGE, by_id, fixed};
use crate::statements::{Exchange, Log, exchange};

/// How long a change of the server's settings may take to be seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything a measurement needs.
pub(crate) struct Bench<'a> {
    pub(crate) data: &'a Data,
    pub(crate) place: &'a Place,
    pub(crate) program: &'a Program,
    pub(crate) watched: Watched,
    pub(crate) seconds: u64,
    pub(crate) rounds: u32,
}

/// Rounds over HTTP and straight to PostgreSQL, in turns.
pub(crate) struct Comparison {
    latency: Histogram,
    throughput: f64,
    straight: f64,
    /// Of each pair of rounds, the middle one.
    share: f64,
    /// Milliseconds of the processor for a request: the program's, PostgreSQL's, and PostgreSQL's alone with pgbench.
    program: f64,
    database: f64,
    alone: f64,
}

impl Bench<'_> {
    fn shape(&self, connections: u32) -> Shape {
        Shape {
            connections,
            warm_up: Duration::from_secs(2),
            measured: Duration::from_secs(self.seconds),
        }
    }

    async fn over_http(&self, connections: u32, make: &Make) -> Result<Run> {
        load::run(
            self.program.address,
            self.shape(connections),
            self.watched,
            make,
        )
        .await
    }

    /// Asks by `make` until the server's log has the transaction in which `wanted` was sent.
    pub(crate) async fn captured(
        &self,
        make: &Make,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(Exchange, Json)> {
        let mut connection = Connection::open(self.program.address).await?;
        let mut random = Random::new(1);
        let began = Instant::now();
        loop {
            let log = Log::here(&self.place.log)?;
            let answer = connection.json(make(&mut random)?).await?;
            if let Some(found) = exchange(&log.read()?, &wanted) {
                return Ok((found, answer));
            }
            anyhow::ensure!(
                began.elapsed() < PATIENCE,
                "the server's log does not show the statement of a request"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Turns the logging of statements on or off.
    pub(crate) async fn log_statements(&self, on: bool) -> Result<()> {
        let admin = self.place.owner().await?;
        let change = if on {
            "alter system set log_statement = 'all'"
        } else {
            "alter system reset log_statement"
        };
        admin.script(change).await?;
        admin.script("select pg_reload_conf()").await?;
        Ok(())
    }

    /// Measures requests over HTTP and their statements by pgbench, in turns: the machine's moods meet both.
    pub(crate) async fn compare(
        &self,
        connections: u32,
        make: &Make,
        script: &str,
    ) -> Result<Comparison> {
        let mut runs: Vec<(Run, Straight)> = Vec::new();
        for _ in 0..self.rounds {
            let run = self.over_http(connections, make).await?;
            let time = Duration::from_secs(self.seconds);
            let straight = pgbench::run(
                self.data,
                self.place,
                self.watched,
                connections,
                time,
                script,
            )
            .await?;
            runs.push((run, straight));
        }
        let mut latency = Histogram::new();
        for (run, _) in &runs {
            latency.add(&run.latency);
        }
        let of = |value: &dyn Fn(&Run, &Straight) -> f64| {
            median(
                runs.iter()
                    .map(|(run, straight)| value(run, straight))
                    .collect(),
            )
        };
        Ok(Comparison {
            latency,
            throughput: of(&|run, _| run.throughput()),
            straight: of(&|_, straight| straight.throughput),
            share: of(&|run, straight| run.throughput() / straight.throughput),
            program: of(&|run, _| each(run.used.program, run)),
            database: of(&|run, _| each(run.used.database, run)),
            alone: of(&|_, straight| straight.processor),
        })
    }

    /// Measures requests with a bar on their p95, at 4 connections.
    pub(crate) async fn asked(&self, asked: &Asked, uses_index: Option<bool>) -> Result<Line> {
        let bar = match asked.bar {
            Some(bar) if bar > 30.0 => "index; p95 under 50 ms at 4 connections",
            Some(_) => "index; p95 under 20 ms at 4 connections",
            None => "",
        };
        let run = match self.over_http(4, &asked.make).await {
            Ok(run) => run,
            // A request that fails, by taking too long say, is a result as well.
            Err(error) => {
                return Ok(Line {
                    name: asked.name.clone(),
                    figure: format!("FAILED: {error:#}"),
                    bar,
                    met: asked.bar.map(|_| false),
                    details: json!({"uses_index": uses_index, "error": format!("{error:#}")}),
                });
            }
        };
        let p95 = run.latency.milliseconds(950);
        let access = match uses_index {
            Some(true) => "index, ",
            Some(false) => "NO INDEX, ",
            None => "",
        };
        Ok(Line {
            name: asked.name.clone(),
            figure: format!(
                "{access}p50 {} p95 {} p99 {} ms, {:.0}/s",
                milliseconds(run.latency.milliseconds(500)),
                milliseconds(p95),
                milliseconds(run.latency.milliseconds(990)),
                run.throughput()
            ),
            bar,
            met: asked.bar.map(|bar| p95 < bar && uses_index.unwrap_or(true)),
            details: json!({
                "uses_index": uses_index,
                "latency_ms": latency(&run.latency),
                "requests_per_second": run.throughput(),
                "cpu_ms_per_request": {
                    "program": each(run.used.program, &run), "database": each(run.used.database, &run),
                },
            }),
        })
    }

    /// The program's memory: after sign-in and a rest, and the most of it under many connections.
    pub(crate) async fn memory(&self, person: &Person, rest: f64) -> Result<Vec<Line>> {
        let by_id = by_id(person, self.data.companies);
        let page = fixed(person, PAGE);
        let make: Make = Rc::new(move |random| match random.between(0, 1) {
            0 => by_id(random),
            _ => page(random),
        });
        self.over_http(64, &make).await?;
        let (now, most) = self.watched.memory()?;
        let line = |name: &str, figure: f64, bar, limit: f64| Line {
            name: name.to_owned(),
            figure: format!("{figure:.0} MiB"),
            bar,
            met: Some(figure < limit),
            details: json!({"mebibytes": figure}),
        };
        Ok(vec![
            line("memory of the server at rest", rest, "under 80 MiB", 80.0),
            line(
                "memory of the server at 64 connections (the most until then)",
                most.max(now),
                "under 256 MiB",
                256.0,
            ),
        ])
    }
}

/// Makes a company that nothing else is called like.
pub(crate) fn create(person: &Person) -> Make {
    let person = person.clone();
    // Apart from what other runs made, and as many digits as pgbench's numbers have.
    Rc::new(move |random| {
        let number = random.between(CREATED.0, CREATED.1);
        let body = json!({
            "name": format!("{CREATED_NAME} {number}"),
            "email": format!("sales@created-{number}.example"),
            "annual_revenue": "125000.00",
            "currency": "USD",
            "status": "lead",
            // Not those that the filters ask for, which would measure how much was created.
            "tags": ["created"],
            "custom_fields": {"tier": "iron"},
        });
        person.request(
            Method::POST,
            &format!("{BASE}/companies"),
            "application/json",
            Body::from(body.to_string()),
        )
    })
}

/// The numbers of created companies: twelve digits, so that two are hardly ever alike.
const CREATED: (u64, u64) = (100_000_000_000, 999_999_999_999);
const CREATED_NAME: &str = "Created";

/// The script that creates as the program did when it answered with `record`.
pub(crate) fn create_script(exchange: Exchange, record: &Json) -> Result<String> {
    let text = |name: &str| record.get(name).and_then(Json::as_str);
    let id = text("id").context("a created company without an id")?;
    let number = text("name")
        .and_then(|name| name.rsplit(' ').next())
        .context("a created company without a name")?;
    let tail = id.rsplit('-').next().unwrap_or_default();
    let (low, high) = CREATED;
    let setup = format!("\\set n random({low}, {high})\n\\set m random({low}, {high})");
    let exchange = exchange.only(|sql| sql.to_lowercase().starts_with("insert into companies"));
    Ok(exchange.script(&setup, &[(number, ":n"), (tail, ":m")]))
}

/// Milliseconds of the processor for each request that was counted.
fn each(used: Duration, run: &Run) -> f64 {
    let micros = u64::try_from(used.as_micros()).unwrap_or(u64::MAX);
    ratio(micros, run.latency.count()) / 1000.0
}

fn latency(histogram: &Histogram) -> Json {
    json!({
        "p50": histogram.milliseconds(500), "p95": histogram.milliseconds(950), "p99": histogram.milliseconds(990),
        "longest": histogram.milliseconds(1000),
    })
}

fn milliseconds(value: f64) -> String {
    format!("{value:.1}")
}

impl Comparison {
    /// The lines of the table: throughput, the spread of latencies, processor. `least` is the share of pgbench's throughput
    /// that is asked for, `None` where the figure is only told.
    pub(crate) fn lines(&self, name: &str, least: Option<f64>) -> Vec<Line> {
        let (p50, p99) = (
            self.latency.milliseconds(500),
            self.latency.milliseconds(990),
        );
        let processor = (self.program + self.database) / self.alone;
        let details = json!({
            "requests_per_second": self.throughput,
            "pgbench_transactions_per_second": self.straight,
            "share": self.share,
            "latency_ms": latency(&self.latency),
            "cpu_ms_per_request": {
                "program": self.program, "database": self.database, "database_by_pgbench": self.alone,
                "times": processor,
            },
        });
        let reads = least.is_some_and(|least| least >= 0.5);
        let mut lines = vec![Line {
            name: name.to_owned(),
            figure: format!(
                "{:.0}/s, pgbench {:.0}/s: {:.0} %",
                self.throughput,
                self.straight,
                self.share * 100.0
            ),
            bar: match least {
                Some(_) if reads => "at least 50 % of pgbench",
                Some(_) => "at least 40 % of pgbench",
                None => "",
            },
            met: least.map(|least| self.share >= least),
            details,
        }];
        lines.push(Line {
            name: format!("{name}: latency"),
            figure: format!(
                "p50 {} p95 {} p99 {} ms: {:.1} times",
                milliseconds(p50),
                milliseconds(self.latency.milliseconds(950)),
                milliseconds(p99),
                p99 / p50
            ),
            bar: if reads {
                "p99 under 8 times the p50"
            } else {
                ""
            },
            met: reads.then_some(p99 < 8.0 * p50),
            details: latency(&self.latency),
        });
        lines.push(Line {
            name: format!("{name}: processor"),
            figure: format!(
                "{:.3} ms (server {:.3}, PostgreSQL {:.3}), pgbench {:.3}: {processor:.1} times",
                self.program + self.database,
                self.program,
                self.database,
                self.alone
            ),
            bar: if reads { "at most 2.5 times" } else { "" },
            met: reads.then_some(processor <= 2.5),
            details: json!({"times": processor}),
        });
        lines
    }
}
