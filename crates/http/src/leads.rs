//! What is special about leads: their conversion.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_entities::lead::{self, ConversionRequest};

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `GET /leads/{id}/conversion`: what a conversion would do, or whether the one that was made can be undone.
pub(crate) async fn suggestion(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    parameters.finish()?;
    let suggestion = lead::suggestion(&app.engine, &caller, id).await?;
    Ok(Answer::value(&suggestion).into_response())
}

/// `POST /leads/{id}/convert`. Without a body, everything is matched or made.
pub(crate) async fn convert(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: ConversionRequest = if request.bytes.is_empty() {
        ConversionRequest::default()
    } else {
        request.json()?
    };
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let converted = lead::convert(engine, &tx, who, id, wanted).await?;
            Ok((tx, Answer::value(&converted)))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `POST /leads/{id}/unconvert`.
pub(crate) async fn unconvert(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
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
            let back = lead::unconvert(engine, &tx, who, id).await?;
            Ok((tx, Answer::value(&back)))
        },
    )
    .await?;
    Ok(answer.into_response())
}
