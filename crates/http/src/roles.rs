//! What roles may do, as a matrix.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_entities::role::{self, Grant};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::actor::Acting;
use crate::answer::{Answer, etag, if_match};
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::IdPath;
use crate::people::forget;
use crate::write::write;

type Handled = Result<Response, Problem>;

/// `GET /permissions`: what there is to grant.
pub(crate) async fn grantable(State(app): State<App>, Acting(caller): Acting) -> Handled {
    let all = role::grantable(&app.engine, &caller).await?;
    Ok(Answer::value(&all).into_response())
}

/// `GET /roles/{id}/permissions`.
pub(crate) async fn permissions(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let (body, version) = role::permissions(&app.engine, &caller, id).await?;
    Ok(versioned(&body, version).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MatrixBody {
    data: Vec<Grant>,
}

/// `PUT /roles/{id}/permissions`: these and no others.
pub(crate) async fn set_permissions(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let seen = if_match(&request.headers)?;
    let body: MatrixBody = request.json()?;
    let (who, wanted) = (&caller, &body.data);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let (body, version) = role::set_permissions(&tx, who, id, wanted, seen).await?;
        Ok((tx, versioned(&body, version)))
    })
    .await?;
    forget(&app, &caller);
    Ok(answer.into_response())
}

fn versioned(body: &Json, version: i64) -> Answer {
    Answer {
        etag: etag(version),
        ..Answer::value(body)
    }
}
