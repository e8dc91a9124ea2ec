//! Personal data, removing for good, and who sees what.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use kith_catalogue::fault::Fault;
use kith_engine::{EngineError, MembersPage};

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{Parameters, RecordPath};
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `POST /{entity}/{id}/purge`.
pub(crate) async fn purge(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    request: Request<Body>,
) -> Handled {
    if !entity.soft_delete {
        return Err(Problem::no_such_address());
    }
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let who = &caller;
    let work = move |tx| async move {
        kith_engine::purge(&tx, who, entity, id).await?;
        Ok((tx, Answer::nothing()))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `POST /{entity}/{id}/erase`.
pub(crate) async fn erase(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    request: Request<Body>,
) -> Handled {
    if !entity.can_be_erased() {
        return Err(Problem::no_such_address());
    }
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let who = &caller;
    let work = move |tx| async move {
        let report = kith_engine::erase(&tx, who, entity, id).await?;
        Ok((tx, Answer::value(&report)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `GET /{entity}/{id}/personal-data`: everything held about a person, as it is found.
pub(crate) async fn personal_data(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    parameters: Parameters,
) -> Handled {
    if !entity.is_person() {
        return Err(Problem::no_such_address());
    }
    parameters.finish()?;
    let lines = kith_engine::personal_data(&app.engine, &caller, entity, id).await?;
    let body = stream::unfold(lines, |mut lines| async move {
        lines.recv().await.map(|line| (line, lines))
    });
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    let name = format!("attachment; filename=\"personal-data-{id}.ndjson\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// `GET /{entity}/{id}/access`.
pub(crate) async fn access(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    mut parameters: Parameters,
) -> Handled {
    let limit = parameters.take_number("limit", 200, 50)?;
    let offset = match parameters.take("offset") {
        None => 0,
        Some(text) => text
            .parse()
            .ok()
            .filter(|offset| *offset <= 1_000_000)
            .ok_or_else(|| {
                let message = "must be a whole number from 0 to 1000000";
                let fault = Fault::new("out_of_range", message).at("offset");
                Problem::from(EngineError::BadQuery(vec![fault]))
            })?,
    };
    parameters.finish()?;
    let page = MembersPage { limit, offset };
    let access = kith_engine::access(&app.engine, &caller, entity, id, page).await?;
    Ok(Answer::value(&access).into_response())
}
