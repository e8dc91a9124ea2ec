//! What a mailbox proves: forgotten passwords and addresses to confirm.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use serde::Deserialize;

use crate::actor::Member;
use crate::app::App;
use crate::error::Problem;
use crate::sign_in::Arrival;

type Handled = Result<Response, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgotBody {
    email: String,
}

/// `POST /auth/forgot-password`: the same answer for every address.
pub(crate) async fn forgot_password(State(app): State<App>, request: Request<Body>) -> Handled {
    let arrival = Arrival::of(&app, request).await?;
    let body: ForgotBody = arrival.request.json()?;
    arrival
        .sessions
        .forgot_password(&body.email, &arrival.origin)
        .await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetBody {
    token: String,
    password: String,
}

/// `POST /auth/reset-password`.
pub(crate) async fn reset_password(State(app): State<App>, request: Request<Body>) -> Handled {
    let arrival = Arrival::of(&app, request).await?;
    let body: ResetBody = arrival.request.json()?;
    arrival
        .sessions
        .reset_password(&body.token, &body.password, &arrival.origin)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifyBody {
    token: String,
}

/// `POST /auth/verify-email`.
pub(crate) async fn verify_email(State(app): State<App>, request: Request<Body>) -> Handled {
    let arrival = Arrival::of(&app, request).await?;
    let body: VerifyBody = arrival.request.json()?;
    arrival
        .sessions
        .verify_email(&body.token, &arrival.origin)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /auth/verify-email/resend`.
pub(crate) async fn resend_verification(State(app): State<App>, member: Member) -> Handled {
    app.sessions
        .resend_verification(&member.actor, &member.origin)
        .await?;
    Ok(StatusCode::ACCEPTED.into_response())
}
