//! `kith import`: a file on the server, without the web application.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use kith_auth::{ActorCache, system_clock};
use kith_engine::{Engine, EngineError, import};
use kith_store::types::Type;
use kith_store::{Origin, Server, Statement};
use serde_json::Value as Json;

use super::{owner, say};
use crate::settings::Settings;

#[derive(Args)]
pub(crate) struct Import {
    /// What is in the file: companies, contacts, deals …
    entity: String,
    /// CSV, TSV or a spreadsheet.
    file: PathBuf,
    /// The member who imports, by address: what they may do decides.
    #[arg(long)]
    user: String,
    /// The organization's slug or id; not needed when there is only one.
    #[arg(long)]
    org: Option<String>,
    /// The options as JSON, as `POST /{entity}/import` takes them: mapping, duplicates, `match_on` …
    #[arg(long, default_value = "{}")]
    options: String,
    /// Say what would happen and keep nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command. Exit code 1 when rows failed.
pub(crate) async fn run(settings: &Settings, what: Import) -> Result<ExitCode> {
    let server = Server::join_current(&settings.database).await?;
    let result = import_file(&server, what).await;
    server.stop().await;
    result
}

async fn import_file(server: &Server, what: Import) -> Result<ExitCode> {
    let engine = Engine {
        database: server.database().clone(),
        catalogue: &kith_entities::CATALOGUE,
        rules: kith_entities::rules(),
    };
    let Some(entity) = engine
        .catalogue
        .by_path(&what.entity)
        .or_else(|| engine.catalogue.by_name(&what.entity))
    else {
        let known: Vec<&str> = engine
            .catalogue
            .entities()
            .iter()
            .filter(|entity| entity.verbs.import)
            .map(|entity| entity.path)
            .collect();
        bail!(
            "{:?} is nothing that can be imported; there are {}",
            what.entity,
            known.join(", ")
        );
    };
    let mut options: Json =
        serde_json::from_str(&what.options).context("--options is not valid JSON")?;
    if let (true, Json::Object(options)) = (what.dry_run, &mut options) {
        options.insert("dry_run".to_owned(), Json::Bool(true));
    }
    let admin = owner::connect(server).await?;
    let (organization, _) = owner::organization(&admin, what.org.as_deref()).await?;
    let Some(user) = owner::user(&admin, &what.user).await? else {
        bail!("nobody has the address {}", what.user);
    };
    let actor = ActorCache::new(engine.database.clone())
        .get(user, organization, None)
        .await?;
    let caller = kith_http::caller(&engine, &system_clock(), &actor, Origin::new("import")).await?;
    let name = what
        .file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let run = import::run_to_end(&engine, &caller, entity, &what.file, &name, &options)
        .await
        .map_err(explain)?;
    let count = |member: &str| run.get(member).and_then(Json::as_i64).unwrap_or_default();
    say(&format!(
        "{}: {} created, {} updated, {} skipped, {} failed",
        run.get("status").and_then(Json::as_str).unwrap_or_default(),
        count("created"),
        count("updated"),
        count("skipped"),
        count("failed")
    ))?;
    if let Some(message) = run.get("message").and_then(Json::as_str) {
        say(message)?;
    }
    if count("failed") > 0 {
        let errors = Statement::new(
            "select row_number, coalesce(column_name, ''), message from import_errors where organization_id = $1 and import_id = $2::text::uuid \
             order by ordinal limit 20",
        )
        .with(organization, Type::UUID)
        .with(run.get("id").and_then(Json::as_str).unwrap_or_default().to_owned(), Type::TEXT);
        for row in admin.query(&errors).await? {
            say(&format!(
                "row {}: {} {}",
                row.try_get::<_, i64>(0)?,
                row.try_get::<_, String>(1)?,
                row.try_get::<_, String>(2)?
            ))?;
        }
    }
    let completed = run.get("status").and_then(Json::as_str) == Some("completed");
    Ok(if completed && count("failed") == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Every fault, for whoever typed the options.
fn explain(error: EngineError) -> anyhow::Error {
    match error {
        EngineError::Invalid(faults) => {
            let list: Vec<String> = faults
                .iter()
                .map(|fault| format!("{} {}", fault.field, fault.message))
                .collect();
            anyhow::anyhow!("{}", list.join("; "))
        }
        other => other.into(),
    }
}
