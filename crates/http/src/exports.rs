//! Exporting: what a list would show, all of it, as a file that is sent while it is made.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::export::{Format, Wanted, export};
use kith_engine::{Caller, EngineError, ListQuery, QueryInput};
use serde_json::{Map, Value as Json};

use crate::actor::Acting;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{EntityPath, Parameters};

type Handled = Result<Response, Problem>;

/// What belongs to pages and not to files.
const OF_PAGES: &[&str] = &["limit", "cursor", "offset"];

/// `GET /{entity}/export`.
pub(crate) async fn get(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    Parameters(pairs): Parameters,
) -> Handled {
    let input = QueryInput {
        pairs,
        filter: None,
    };
    send(&app, &caller, entity, input).await
}

/// `POST /{entity}/export`: the same, for filters too long for an address.
pub(crate) async fn post(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    request: Request<Body>,
) -> Handled {
    let body: Json = Whole::read(request, JSON_LIMIT).await?.json()?;
    send(&app, &caller, entity, QueryInput::from_body(&body)?).await
}

async fn send(
    app: &App,
    caller: &Caller,
    entity: &'static Entity,
    mut input: QueryInput,
) -> Handled {
    let format = format(&mut input)?;
    let mark = mark(&mut input)?;
    let faults: Vec<Fault> = input
        .pairs
        .iter()
        .filter(|(name, _)| OF_PAGES.contains(&name.as_str()))
        .map(|(name, _)| {
            Fault::new(
                "unknown_parameter",
                "does not go with an export, which has everything",
            )
            .at(name.as_str())
        })
        .collect();
    if !faults.is_empty() {
        return Err(EngineError::BadQuery(faults).into());
    }
    let wanted = Wanted {
        format,
        mark,
        asked: asked(&input),
        query: ListQuery::parse(app.engine.catalogue, entity, caller, input)?,
        folder: app.settings.upload_dir.clone(),
    };
    let pieces = export(&app.engine, &app.exports, caller, entity, wanted).await?;
    let body = stream::unfold(pieces, |mut pieces| async move {
        pieces.recv().await.map(|piece| (piece, pieces))
    });
    let mut response = Body::from_stream(body.fuse()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    let name = format!(
        "attachment; filename=\"{}-{}.{}\"",
        entity.path,
        caller.now.date(),
        format.name()
    );
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Takes a parameter out, the last of its name.
fn take(input: &mut QueryInput, name: &str) -> Option<String> {
    let index = input.pairs.iter().rposition(|(key, _)| key == name)?;
    Some(input.pairs.remove(index).1)
}

fn format(input: &mut QueryInput) -> Result<Format, Problem> {
    let Some(name) = take(input, "format") else {
        return Ok(Format::Csv);
    };
    Format::from_name(&name).ok_or_else(|| {
        let fault = Fault::new("not_a_choice", "must be csv, xlsx or ndjson").at("format");
        EngineError::BadQuery(vec![fault]).into()
    })
}

/// Whether CSV gets the byte order mark in front, by which Excel knows UTF-8.
fn mark(input: &mut QueryInput) -> Result<bool, Problem> {
    match take(input, "bom").as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1" | "") => Ok(true),
        Some(_) => {
            let fault = Fault::new("not_a_boolean", "must be true or false").at("bom");
            Err(EngineError::BadQuery(vec![fault]).into())
        }
    }
}

/// What was asked for, as it stands in the audit log: a filter in its own member, the rest as given.
fn asked(input: &QueryInput) -> Map<String, Json> {
    let mut asked = Map::new();
    let mut parameters = Map::new();
    for (name, value) in &input.pairs {
        match name.as_str() {
            "filter" => {
                let filter =
                    serde_json::from_str(value).unwrap_or_else(|_| Json::from(value.as_str()));
                asked.insert("filter".to_owned(), filter);
            }
            // Named by the fields that they stand for.
            "fields" => {}
            _ => {
                parameters.insert(name.clone(), Json::from(value.as_str()));
            }
        }
    }
    if let Some(filter) = &input.filter {
        asked.insert("filter".to_owned(), filter.clone());
    }
    if !parameters.is_empty() {
        asked.insert("parameters".to_owned(), Json::Object(parameters));
    }
    asked
}
