//! `kith export`: what an organization has as a file on the server, without the web application.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use kith_auth::{ActorCache, system_clock};
use kith_engine::export::{Format, Seats, Wanted, export};
use kith_engine::{Engine, EngineError, ListQuery, QueryInput};
use kith_store::{Origin, Server};
use serde_json::{Map, Value as Json};
use tokio::io::AsyncWriteExt;

use super::{owner, say_aside};
use crate::settings::Settings;

#[derive(Args)]
pub(crate) struct Export {
    /// What to export: companies, contacts, deals …
    entity: String,
    /// Where to; standard output when left out.
    file: Option<PathBuf>,
    /// The member who exports, by address: what they may see decides.
    #[arg(long)]
    user: String,
    /// The organization's slug or id; not needed when there is only one.
    #[arg(long)]
    org: Option<String>,
    /// csv, xlsx or ndjson; the ending of the file decides when left out.
    #[arg(long)]
    format: Option<String>,
    /// Which records, as a filter tree in JSON.
    #[arg(long)]
    filter: Option<String>,
    /// Only these fields, parted by commas.
    #[arg(long)]
    fields: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, what: Export) -> Result<ExitCode> {
    let server = Server::join_current(&settings.database).await?;
    let result = export_file(&server, settings, what).await;
    server.stop().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn export_file(server: &Server, settings: &Settings, what: Export) -> Result<()> {
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
            .map(|entity| entity.path)
            .collect();
        bail!(
            "{:?} is nothing that can be exported; there are {}",
            what.entity,
            known.join(", ")
        );
    };
    let format = format(&what)?;
    let admin = owner::connect(server).await?;
    let (organization, _) = owner::organization(&admin, what.org.as_deref()).await?;
    let Some(user) = owner::user(&admin, &what.user).await? else {
        bail!("nobody has the address {}", what.user);
    };
    let actor = ActorCache::new(engine.database.clone())
        .get(user, organization, None)
        .await?;
    let caller = kith_http::caller(&engine, &system_clock(), &actor, Origin::new("cli")).await?;
    let mut input = QueryInput::default();
    let mut asked = Map::new();
    if let Some(filter) = &what.filter {
        let filter: Json = serde_json::from_str(filter).context("--filter is not valid JSON")?;
        asked.insert("filter".to_owned(), filter.clone());
        input.filter = Some(filter);
    }
    if let Some(fields) = &what.fields {
        input.pairs.push(("fields".to_owned(), fields.clone()));
    }
    let wanted = Wanted {
        format,
        mark: false,
        query: ListQuery::parse(engine.catalogue, entity, &caller, input).map_err(explain)?,
        asked,
        folder: settings.http.upload_dir.clone(),
    };
    std::fs::create_dir_all(&wanted.folder)
        .with_context(|| format!("the folder {}", wanted.folder.display()))?;
    let seats = Seats::of_pool(engine.database.pool_use().limit);
    let mut pieces = export(&engine, &seats, &caller, entity, wanted)
        .await
        .map_err(explain)?;
    let mut out: Box<dyn tokio::io::AsyncWrite + Unpin + Send> = match &what.file {
        Some(path) => Box::new(
            tokio::fs::File::create(path)
                .await
                .with_context(|| format!("{} cannot be written", path.display()))?,
        ),
        None => Box::new(tokio::io::stdout()),
    };
    let mut bytes = 0;
    while let Some(piece) = pieces.recv().await {
        let piece = piece?;
        out.write_all(&piece).await?;
        bytes += piece.len();
    }
    out.flush().await?;
    if let Some(path) = &what.file {
        say_aside(&format!("{}: {bytes} bytes", path.display()))?;
    }
    Ok(())
}

fn format(what: &Export) -> Result<Format> {
    let ending = what
        .file
        .as_ref()
        .and_then(|path| path.extension()?.to_str())
        .map(str::to_lowercase);
    match (&what.format, ending) {
        (Some(name), _) => Format::from_name(name)
            .with_context(|| format!("{name:?} is none of csv, xlsx and ndjson")),
        (None, Some(ending)) => Ok(Format::from_name(&ending).unwrap_or(Format::Csv)),
        (None, None) => Ok(Format::Csv),
    }
}

/// Every fault, for whoever typed the command.
fn explain(error: EngineError) -> anyhow::Error {
    match error {
        EngineError::BadQuery(faults) => {
            let list: Vec<String> = faults
                .iter()
                .map(|fault| format!("{} {}", fault.field, fault.message))
                .collect();
            anyhow::anyhow!("{}", list.join("; "))
        }
        other => other.into(),
    }
}
