//! `kith mail`: the queue of outgoing mail, for when something is in its way.

use anyhow::{Result, bail};
use clap::Subcommand;
use kith_store::types::Type;
use kith_store::{AdminConnection, Server, Statement};
use uuid::Uuid;

use super::{owner, say};
use crate::settings::Settings;

#[derive(Subcommand)]
pub(crate) enum Mail {
    /// List mail that waits or was given up, with the last error.
    List,
    /// Send mail that was given up after all.
    Retry {
        /// Only this one.
        id: Option<Uuid>,
    },
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, what: &Mail) -> Result<()> {
    let server = Server::join_current(&settings.database).await?;
    let result = async {
        let admin = owner::connect(&server).await?;
        match what {
            Mail::List => list(&admin).await,
            Mail::Retry { id } => retry(&admin, *id).await,
        }
    }
    .await;
    server.stop().await;
    result
}

async fn list(admin: &AdminConnection) -> Result<()> {
    let find = Statement::new(
        "select m.id::text, m.kind, coalesce(m.recipient::text, u.email::text, '-'), m.status, m.attempts::text, \
         to_char(m.due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), coalesce(m.last_error, '') \
         from outgoing_mail m left join users u on u.id = m.user_id where m.status in ('queued', 'sending', 'dead') order by m.id",
    );
    let rows = admin.query(&find).await?;
    if rows.is_empty() {
        return say("no mail waits, and none was given up");
    }
    for row in rows {
        let column = |index: usize| row.try_get::<_, String>(index);
        say(&format!(
            "{} {:22} {:35} {:8} {} attempts, due {} UTC {}",
            column(0)?,
            column(1)?,
            column(2)?,
            column(3)?,
            column(4)?,
            column(5)?,
            column(6)?
        ))?;
    }
    Ok(())
}

async fn retry(admin: &AdminConnection, id: Option<Uuid>) -> Result<()> {
    let again = Statement::new(
        "with again as (update outgoing_mail set status = 'queued', attempts = 0, due_at = now(), finished_at = null \
           where status = 'dead' and ($1::uuid is null or id = $1) returning 1) \
         select count(*), pg_notify('kith_mail', '')::text from again",
    )
    .with(id, Type::UUID);
    let count: i64 = match admin.query(&again).await?.first() {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    if count == 0 {
        bail!("there is no such mail that was given up; `kith mail list` shows them");
    }
    say(&format!("{count} will be sent by the running server"))
}
