//! `kith migrate`: the schema, by hand. `kith serve` applies what is missing by itself.

use anyhow::Result;
use clap::Subcommand;
use kith_store::{AdminConnection, Server, migrations};

use super::say;
use crate::settings::Settings;

#[derive(Subcommand)]
pub(crate) enum Migrate {
    /// Apply what is missing.
    Up {
        /// Stop after this version.
        #[arg(long, value_name = "version")]
        to: Option<i32>,
    },
    /// Undo what is above a version. Undone tables take their data with them.
    Down {
        /// The version to go back to; 0 undoes everything.
        #[arg(long, value_name = "version")]
        to: i32,
    },
    /// Say what is applied.
    Status,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, what: &Migrate) -> Result<()> {
    let server = Server::join(&settings.database).await?;
    let result = migrate(&server.admin().await?, what).await;
    server.stop().await;
    result
}

async fn migrate(admin: &AdminConnection, what: &Migrate) -> Result<()> {
    let all = migrations::all();
    match what {
        Migrate::Up { to } => report("applied", &migrations::up(admin, all, *to).await?),
        Migrate::Down { to } => report("undone", &migrations::down(admin, all, *to).await?),
        Migrate::Status => {
            for status in migrations::status(admin, all).await? {
                let state = match (&status.problem, status.applied_at) {
                    (Some(problem), _) => problem.clone(),
                    (None, Some(at)) => format!("applied {at}"),
                    (None, None) => "missing".to_owned(),
                };
                say(&format!("{:04} {:30} {state}", status.version, status.name))?;
            }
            Ok(())
        }
    }
}

fn report(done: &str, versions: &[i32]) -> Result<()> {
    if versions.is_empty() {
        return say("nothing to do");
    }
    let list: Vec<String> = versions
        .iter()
        .map(|version| format!("{version:04}"))
        .collect();
    say(&format!("{done}: {}", list.join(", ")))
}
