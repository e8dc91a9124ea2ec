//! Background work as people see it: how far it is, and what was given up.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use kith_jobs::watch;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::write::write;

type Handled = Result<Response, Problem>;

/// `GET /jobs`.
pub(crate) async fn list(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let limit = parameters.take_number("limit", 200, 50)?;
    let cursor = parameters.take("cursor").filter(|text| !text.is_empty());
    let status = parameters.take("status").filter(|text| !text.is_empty());
    parameters.finish()?;
    let page = watch::list(&app.engine, &caller, status, limit, cursor.as_deref()).await?;
    Ok(Answer::of(&page).into_response())
}

/// `GET /jobs/{id}`.
pub(crate) async fn get(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    Ok(Answer::of(&watch::get(&app.engine, &caller, id).await?).into_response())
}

/// `POST /jobs/{id}/retry`.
pub(crate) async fn retry(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let who = &caller;
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let job = watch::retry(&tx, who, id).await?;
        Ok((tx, Answer::of(&job)))
    })
    .await?;
    Ok(answer.into_response())
}

/// `POST /jobs/{id}/discard`.
pub(crate) async fn discard(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let who = &caller;
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let job = watch::discard(&tx, who, id).await?;
        Ok((tx, Answer::of(&job)))
    })
    .await?;
    Ok(answer.into_response())
}
