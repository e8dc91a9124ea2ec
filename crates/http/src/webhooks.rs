//! The secret of a webhook: made here, shown once, kept sealed. And its deliveries, sent again.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use kith_auth::OpaqueToken;
use kith_entities::webhook;
use serde_json::json;

use crate::account::once;
use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::error::Problem;
use crate::path::IdPath;
use crate::write::write;

/// `POST /webhook-endpoints/{id}/secret`.
pub(crate) async fn new_secret(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Result<Response, Problem> {
    let token = OpaqueToken::generate().map_err(|error| Problem::internal(error.to_string()))?;
    let bytes = URL_SAFE_NO_PAD
        .decode(token.as_str())
        .map_err(|error| Problem::internal(error.to_string()))?;
    let sealed = app
        .sessions
        .vault()
        .seal(id, &bytes)
        .map_err(|error| Problem::internal(error.to_string()))?;
    let sealed = &sealed;
    write(&app, &caller, None, Problem::from, move |tx| async move {
        webhook::set_secret(&tx, id, sealed.clone()).await?;
        Ok((tx, Answer::nothing()))
    })
    .await?;
    let secret = format!("whsec_{}", STANDARD.encode(bytes));
    Ok(once(StatusCode::CREATED, &json!({"secret": secret})))
}

/// `POST /webhook-deliveries/{id}/resend`.
pub(crate) async fn resend(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Result<Response, Problem> {
    let (engine, who) = (&app.engine, &caller);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let delivery = webhook::resend(engine, &tx, who, id).await?;
        Ok((tx, Answer::record(delivery)))
    })
    .await?;
    Ok(answer.into_response())
}
