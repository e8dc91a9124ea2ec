//! Duplicates and merging, of every entity that knows them.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::{DuplicatesQuery, EngineError, MergeRequest};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{EntityPath, Parameters, RecordPath};
use crate::records::after_write;
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// Pairs that are less sure are not worth anybody's time unless they ask.
const WORTH_SHOWING: u32 = 60;

/// Entities that know no duplicates have no such address.
fn mergeable(entity: &'static Entity) -> Result<(), Problem> {
    if entity.merges() {
        Ok(())
    } else {
        Err(Problem::no_such_address())
    }
}

/// `GET /{entity}/duplicates`.
pub(crate) async fn list(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    mut parameters: Parameters,
) -> Handled {
    mergeable(entity)?;
    let query = DuplicatesQuery {
        limit: parameters.take_number("limit", 100, 20)?,
        cursor: parameters.take("cursor").filter(|text| !text.is_empty()),
        min_score: u8::try_from(parameters.take_number("min_score", 100, WORTH_SHOWING)?)
            .unwrap_or(100),
    };
    parameters.finish()?;
    let page = kith_engine::duplicates(&app.engine, &caller, entity, &query).await?;
    Ok(Answer::value(&page).into_response())
}

/// `POST /{entity}/duplicates/check`: whether a record that is about to be made is there already.
pub(crate) async fn check(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    mut parameters: Parameters,
    request: Request<Body>,
) -> Handled {
    mergeable(entity)?;
    let except = match parameters.take("except") {
        None => None,
        Some(text) => Some(text.parse::<Uuid>().map_err(|_| {
            let fault = Fault::new("not_an_id", "must be the id of a record").at("except");
            Problem::from(EngineError::BadQuery(vec![fault]))
        })?),
    };
    parameters.finish()?;
    let body: Json = Whole::read(request, JSON_LIMIT).await?.json()?;
    let found = kith_engine::check_new(&app.engine, &caller, entity, &body, except).await?;
    Ok(Answer::value(&found).into_response())
}

/// Another record of the same entity.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    with: Uuid,
}

/// `POST /{entity}/{id}/not-duplicates`.
pub(crate) async fn distinct(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    request: Request<Body>,
) -> Handled {
    mergeable(entity)?;
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let other: Other = request.json()?;
    let (who, other) = (&caller, other.with);
    let work = move |tx| async move {
        kith_engine::distinct(&tx, who, entity, id, other).await?;
        Ok((tx, Answer::nothing()))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `DELETE /{entity}/{id}/not-duplicates?with=`: takes that back.
pub(crate) async fn not_distinct(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    mut parameters: Parameters,
) -> Handled {
    mergeable(entity)?;
    let other: Uuid = parameters
        .take("with")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| {
            let fault = Fault::new("not_an_id", "must be the id of the other record").at("with");
            Problem::from(EngineError::BadQuery(vec![fault]))
        })?;
    parameters.finish()?;
    let who = &caller;
    let work = move |tx| async move {
        kith_engine::not_distinct(&tx, who, entity, id, other).await?;
        Ok((tx, Answer::nothing()))
    };
    let answer = write(&app, &caller, None, Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `POST /{entity}/{id}/merge`.
pub(crate) async fn merge(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    request: Request<Body>,
) -> Handled {
    mergeable(entity)?;
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: MergeRequest = request.json()?;
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let work = move |tx| async move {
        let merged = kith_engine::merge(engine, &tx, who, entity, id, wanted).await?;
        Ok((tx, Answer::record(merged)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    after_write(&app, &caller, entity).await;
    Ok(answer.into_response())
}

/// Which merge to undo; the latest when it is not said.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undo {
    merge_id: Option<Uuid>,
}

/// `POST /{entity}/{id}/merge/undo`.
pub(crate) async fn undo(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    request: Request<Body>,
) -> Handled {
    mergeable(entity)?;
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: Undo = if request.bytes.is_empty() {
        Undo::default()
    } else {
        request.json()?
    };
    let (engine, who, merge) = (&app.engine, &caller, wanted.merge_id);
    let work = move |tx| async move {
        let (record, back) = kith_engine::undo_merge(engine, &tx, who, entity, id, merge).await?;
        let raw = |bytes: &[u8]| serde_json::from_slice::<Box<RawValue>>(bytes).ok();
        let both = json!({"record": raw(&record.json), "restored": raw(&back.json)});
        Ok((tx, Answer::value(&both)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    after_write(&app, &caller, entity).await;
    Ok(answer.into_response())
}

/// `GET /{entity}/{id}/merges`.
pub(crate) async fn merges(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    parameters: Parameters,
) -> Handled {
    mergeable(entity)?;
    parameters.finish()?;
    let merges = kith_engine::merges(&app.engine, &caller, entity, id).await?;
    Ok(Answer::value(&merges).into_response())
}
