//! `kith jobs`: background work that waits, runs or was given up, and the schedules.

use anyhow::{Result, bail};
use clap::Subcommand;
use kith_store::types::Type;
use kith_store::{AdminConnection, Server, Statement};
use uuid::Uuid;

use super::{owner, say};
use crate::settings::Settings;

#[derive(Subcommand)]
pub(crate) enum Jobs {
    /// List jobs that wait, run or were given up, with the last error, and when each schedule runs next.
    List,
    /// Run jobs that were given up after all.
    Retry {
        /// Only this one.
        id: Option<Uuid>,
    },
    /// Give up a job that waits; one that runs is asked to stop.
    Discard { id: Uuid },
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, what: &Jobs) -> Result<()> {
    let server = Server::join_current(&settings.database).await?;
    let result = async {
        let admin = owner::connect(&server).await?;
        match what {
            Jobs::List => list(&admin).await,
            Jobs::Retry { id } => retry(&admin, *id).await,
            Jobs::Discard { id } => discard(&admin, *id).await,
        }
    }
    .await;
    server.stop().await;
    result
}

async fn list(admin: &AdminConnection) -> Result<()> {
    let find = Statement::new(
        "select j.id::text, o.slug, j.kind, j.status, j.attempts || ' of ' || j.max_attempts, \
         to_char(j.run_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), coalesce(j.last_error, '') \
         from jobs j join organizations o on o.id = j.organization_id where j.status in ('queued', 'running', 'dead') \
         order by j.status, j.run_at limit 1000",
    );
    let rows = admin.query(&find).await?;
    if rows.is_empty() {
        say("no job waits or runs, and none was given up")?;
    }
    for row in rows {
        let column = |index: usize| row.try_get::<_, String>(index);
        say(&format!(
            "{} {:20} {:20} {:8} {} attempts, due {} UTC {}",
            column(0)?,
            column(1)?,
            column(2)?,
            column(3)?,
            column(4)?,
            column(5)?,
            column(6)?
        ))?;
    }
    let schedules = Statement::new(
        "select name, case when lease_until is null then 'waits' else 'runs' end, \
         to_char(due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), runs, coalesce(last_error, '') from schedules order by name",
    );
    for row in admin.query(&schedules).await? {
        say(&format!(
            "schedule {:40} {:6} due {} UTC, ran {} times {}",
            row.try_get::<_, String>(0)?,
            row.try_get::<_, String>(1)?,
            row.try_get::<_, String>(2)?,
            row.try_get::<_, i64>(3)?,
            row.try_get::<_, String>(4)?
        ))?;
    }
    Ok(())
}

async fn retry(admin: &AdminConnection, id: Option<Uuid>) -> Result<()> {
    let again = Statement::new(
        "with again as (update jobs set status = 'queued', attempts = 0, run_at = now(), finished_at = null, cancel_requested = false, key = null \
           where (status = 'dead' or status = 'discarded' and id = $1) and ($1::uuid is null or id = $1) returning 1) \
         select count(*), pg_notify('kith_jobs', '')::text from again",
    )
    .with(id, Type::UUID);
    let count = counted(admin, &again).await?;
    if count == 0 {
        bail!("there is no such job that was given up; `kith jobs list` shows them");
    }
    say(&format!("{count} will be run by the running server"))
}

async fn discard(admin: &AdminConnection, id: Uuid) -> Result<()> {
    let discard = Statement::new(
        "with gone as (update jobs set status = case status when 'running' then status else 'discarded' end, \
           finished_at = case status when 'running' then null else now() end, cancel_requested = true \
           where id = $1 and status in ('queued', 'running', 'dead') returning 1) select count(*) from gone",
    )
    .with(id, Type::UUID);
    if counted(admin, &discard).await? == 0 {
        bail!("there is no such job that waits or runs; `kith jobs list` shows them");
    }
    say("discarded")
}

async fn counted(admin: &AdminConnection, statement: &Statement) -> Result<i64> {
    Ok(match admin.query(statement).await?.first() {
        Some(row) => row.try_get(0)?,
        None => 0,
    })
}
