//! What is special about tickets: replying, giving them out, merging two, and how well promises are kept.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_entities::ticket::{self, Assignment, MetricsRequest, Reply};
use serde::Deserialize;
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `GET /tickets/metrics`: the figures, by period and group, of the tickets that the list's filters choose.
pub(crate) async fn metrics(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let wanted = MetricsRequest {
        period: parameters.take("period"),
        group: parameters.take("group"),
        filters: parameters.0,
    };
    let figures = ticket::metrics(&app.engine, &caller, &wanted).await?;
    Ok(Answer::value(&figures).into_response())
}

/// `POST /tickets/{id}/reply {comment, is_internal, contact_id, status}`.
pub(crate) async fn reply(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: Reply = request.json()?;
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let said = ticket::reply(engine, &tx, who, id, wanted).await?;
            Ok((tx, Answer::value(&said)))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `POST /tickets/{id}/assign {strategy, assigned_to_id}`.
pub(crate) async fn assign(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: Assignment = request.json()?;
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let given = ticket::assign(engine, &tx, who, id, wanted).await?;
            Ok((tx, Answer::record(given)))
        },
    )
    .await?;
    Ok(answer.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeBody {
    into: Uuid,
}

/// `POST /tickets/{id}/merge {into}`.
pub(crate) async fn merge(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let MergeBody { into } = request.json()?;
    let (engine, who) = (&app.engine, &caller);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let merged = ticket::merge(engine, &tx, who, id, into).await?;
            Ok((tx, Answer::value(&merged)))
        },
    )
    .await?;
    Ok(answer.into_response())
}
