//! The handlers of every entity alike. None of them names one.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_LOCATION;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::filter::Filter;
use kith_catalogue::value::Value;
use kith_engine::{Caller, Deleted, EngineError, ListQuery, QueryInput, Update};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::{Answer, etag, has_already, if_match, not_modified};
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{ChildPath, EntityPath, Parameters, RecordPath};
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `GET /{entity}`.
pub(crate) async fn list(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    Parameters(pairs): Parameters,
) -> Handled {
    listed(
        &app,
        &caller,
        entity,
        QueryInput {
            pairs,
            filter: None,
        },
        Filter::everything(),
    )
    .await
}

/// `POST /{entity}/query`.
pub(crate) async fn query(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    request: Request<Body>,
) -> Handled {
    let body: Json = Whole::read(request, JSON_LIMIT).await?.json()?;
    listed(
        &app,
        &caller,
        entity,
        QueryInput::from_body(&body)?,
        Filter::everything(),
    )
    .await
}

/// A list of what the request asks for, within `within`.
pub(crate) async fn listed(
    app: &App,
    caller: &Caller,
    entity: &'static Entity,
    input: QueryInput,
    within: Filter,
) -> Handled {
    let mut query = ListQuery::parse(app.engine.catalogue, entity, caller, input)?;
    query.filter = within.and(query.filter);
    let answer = kith_engine::list(&app.engine, caller, entity, &query).await?;
    Ok(Answer::json(answer.json).into_response())
}

/// What reading one record may be told.
fn reading(
    entity: &'static Entity,
    mut parameters: Parameters,
) -> Result<(Vec<&'static Field>, Deleted), Problem> {
    let mut include = Vec::new();
    for name in parameters
        .take("include")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let field = entity.include(name).ok_or_else(|| {
            let message = format!("\"{name}\" is not a reference of {}", entity.path);
            Problem::from(EngineError::BadQuery(vec![
                kith_catalogue::fault::Fault::new("unknown_include", message).at("include"),
            ]))
        })?;
        if !include
            .iter()
            .any(|other: &&Field| other.name == field.name)
        {
            include.push(field);
        }
    }
    let deleted = match parameters.take("deleted").as_deref() {
        None | Some("no" | "") => Deleted::No,
        Some("only") => Deleted::Only,
        Some("with") => Deleted::With,
        Some(_) => {
            let fault =
                kith_catalogue::fault::Fault::new("not_a_choice", "must be no, only or with")
                    .at("deleted");
            return Err(EngineError::BadQuery(vec![fault]).into());
        }
    };
    parameters.finish()?;
    Ok((include, deleted))
}

/// `GET /{entity}/{id}`.
pub(crate) async fn get(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    parameters: Parameters,
    headers: HeaderMap,
) -> Handled {
    let (include, deleted) = reading(entity, parameters)?;
    let record = match kith_engine::get(&app.engine, &caller, entity, id, &include, deleted).await {
        Err(EngineError::NotFound) => {
            let id = merged_into(&app, &caller, entity, id).await?;
            kith_engine::get(&app.engine, &caller, entity, id, &include, deleted).await?
        }
        other => other?,
    };
    // The id of a merged record answers the one that stayed, under its own address.
    let elsewhere = (record.id != id).then(|| format!("/api/v1/{}/{}", entity.path, record.id));
    // What is nested changes without the record's version.
    if include.is_empty()
        && let Some(tag) = etag(record.version)
        && has_already(&headers, &tag)
    {
        return Ok(not_modified(&tag));
    }
    let mut response = Answer::record(record).into_response();
    if let Some(place) = elsewhere.and_then(|place| HeaderValue::from_str(&place).ok()) {
        response.headers_mut().insert(CONTENT_LOCATION, place);
    }
    Ok(response)
}

/// The record that an id which is not there any more was merged into.
async fn merged_into(
    app: &App,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<Uuid, EngineError> {
    kith_engine::alias_of(&app.engine, caller, entity, id)
        .await?
        .ok_or(EngineError::NotFound)
}

/// `POST /{entity}`.
pub(crate) async fn create(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let bodies = [request.json::<Json>()?];
    let (engine, who, bodies) = (&app.engine, &caller, &bodies);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let made = kith_engine::create(engine, &tx, who, entity, bodies)
                .await?
                .pop();
            Ok((
                tx,
                Answer::created(entity, made.ok_or(EngineError::NotFound)?),
            ))
        },
    )
    .await?;
    after_write(&app, &caller, entity).await;
    Ok(answer.into_response())
}

/// `PATCH` and `PUT /{entity}/{id}`: fields given change, fields absent stay.
pub(crate) async fn update(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let updates = [Update {
        id,
        body: request.json::<Json>()?,
        version: if_match(&request.headers)?,
    }];
    let answer = match changed(&app, &caller, entity, &updates).await {
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
            let Ok(id) = merged_into(&app, &caller, entity, id).await else {
                return Err(problem);
            };
            let updates = updates.map(|update| Update { id, ..update });
            changed(&app, &caller, entity, &updates).await?
        }
        other => other?,
    };
    after_write(&app, &caller, entity).await;
    Ok(answer.into_response())
}

async fn changed(
    app: &App,
    caller: &Caller,
    entity: &'static Entity,
    updates: &[Update],
) -> Result<Answer, Problem> {
    let engine = &app.engine;
    write(app, caller, None, Problem::from, move |tx| async move {
        let changed = kith_engine::update(engine, &tx, caller, entity, updates)
            .await?
            .pop();
        Ok((tx, Answer::record(changed.ok_or(EngineError::NotFound)?)))
    })
    .await
}

/// `DELETE /{entity}/{id}`. With `If-Match`, only the version that the caller read.
pub(crate) async fn delete(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    headers: HeaderMap,
) -> Handled {
    let version = if_match(&headers)?;
    let (engine, who) = (&app.engine, &caller);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        if version.is_some() {
            // Locks the record and refuses an older version; changes nothing.
            let same = [Update {
                id,
                body: Json::Object(serde_json::Map::new()),
                version: None,
            }];
            let current = kith_engine::update(engine, &tx, who, entity, &same)
                .await?
                .pop()
                .ok_or(EngineError::NotFound)?;
            if version != Some(current.version) {
                let current = serde_json::from_slice(&current.json).unwrap_or(Json::Null);
                return Err(EngineError::Stale {
                    conflicts: Vec::new(),
                    current,
                });
            }
        }
        kith_engine::delete(engine, &tx, who, entity, &[id]).await?;
        Ok((tx, Answer::nothing()))
    })
    .await?;
    after_write(&app, &caller, entity).await;
    Ok(answer.into_response())
}

/// `POST /{entity}/{id}/restore`.
pub(crate) async fn restore(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let (engine, who) = (&app.engine, &caller);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let back = kith_engine::restore(engine, &tx, who, entity, &[id])
                .await?
                .pop();
            Ok((tx, Answer::record(back.ok_or(EngineError::NotFound)?)))
        },
    )
    .await?;
    after_write(&app, &caller, entity).await;
    Ok(answer.into_response())
}

/// `GET /{entity}/{id}/history`.
pub(crate) async fn history(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    mut parameters: Parameters,
) -> Handled {
    let limit = parameters.take_number("limit", 200, 50)?;
    let cursor = parameters.take("cursor").filter(|text| !text.is_empty());
    parameters.finish()?;
    let page =
        kith_engine::history(&app.engine, &caller, entity, id, limit, cursor.as_deref()).await?;
    Ok(Answer::value(&page).into_response())
}

/// `GET /{entity}/{id}/{child}`: the child's list, for a record that the caller may see. Every record has activities.
pub(crate) async fn children(
    State(app): State<App>,
    Acting(caller): Acting,
    ChildPath(entity, id, child): ChildPath,
    Parameters(pairs): Parameters,
) -> Handled {
    let (other, within) =
        belonging(&app, entity, id, &child).ok_or_else(Problem::no_such_address)?;
    kith_engine::get(&app.engine, &caller, entity, id, &[], Deleted::With).await?;
    listed(
        &app,
        &caller,
        other,
        QueryInput {
            pairs,
            filter: None,
        },
        within,
    )
    .await
}

/// The child's entity and the filter that its records of this parent pass.
fn belonging(
    app: &App,
    entity: &'static Entity,
    id: Uuid,
    child: &str,
) -> Option<(&'static Entity, Filter)> {
    let catalogue = app.engine.catalogue;
    if let Some(child) = entity.child(child) {
        let other = catalogue.by_name(child.entity)?;
        return Some((
            other,
            Filter::equal(other.field(child.field)?, Value::Uuid(id)),
        ));
    }
    if child != "activities" {
        return None;
    }
    let other = catalogue.by_name("activity")?;
    let kind = Filter::equal(
        other.field("entity_type")?,
        Value::Text(entity.name.to_owned()),
    );
    Some((
        other,
        kind.and(Filter::equal(other.field("entity_id")?, Value::Uuid(id))),
    ))
}

/// What this node remembers and a write may have changed. Other nodes hear of it from the database.
pub(crate) async fn after_write(app: &App, caller: &Caller, entity: &Entity) {
    if entity.name == "custom_field" {
        app.overlays.forget(caller.principal.organization_id).await;
    }
    if matches!(entity.name, "user" | "role" | "team" | "team_member") {
        app.sessions
            .actors()
            .invalidate(caller.principal.organization_id);
    }
}
