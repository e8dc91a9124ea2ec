//! The second factor of one's own account.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::account::once;
use crate::actor::Member;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;

type Handled = Result<Response, Problem>;

/// `GET /auth/totp`.
pub(crate) async fn state(State(app): State<App>, member: Member) -> Handled {
    member.require_account()?;
    let factor = app.sessions.second_factor(&member.actor).await?;
    Ok(Answer::value(&json!(factor)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetupBody {
    password: String,
}

/// `POST /auth/totp/setup`.
pub(crate) async fn begin(
    State(app): State<App>,
    member: Member,
    request: Request<Body>,
) -> Handled {
    let body: SetupBody = Whole::read(request, JSON_LIMIT).await?.json()?;
    let setup = app
        .sessions
        .begin_second_factor(&member.actor, &body.password, &member.origin)
        .await?;
    Ok(once(StatusCode::OK, &json!(setup)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeBody {
    code: String,
}

/// `POST /auth/totp/enable`.
pub(crate) async fn enable(
    State(app): State<App>,
    member: Member,
    request: Request<Body>,
) -> Handled {
    let body: CodeBody = Whole::read(request, JSON_LIMIT).await?.json()?;
    member.require_account()?;
    let codes = app
        .sessions
        .enable_second_factor(&member.actor, &body.code, &member.origin)
        .await?;
    Ok(once(StatusCode::OK, &json!({"recovery_codes": codes})))
}

/// `POST /auth/totp/recovery-codes`.
pub(crate) async fn renew(
    State(app): State<App>,
    member: Member,
    request: Request<Body>,
) -> Handled {
    let body: CodeBody = Whole::read(request, JSON_LIMIT).await?.json()?;
    member.require_account()?;
    let codes = app
        .sessions
        .renew_recovery_codes(&member.actor, &body.code, &member.origin)
        .await?;
    Ok(once(StatusCode::OK, &json!({"recovery_codes": codes})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisableBody {
    password: String,
    code: String,
}

/// `POST /auth/totp/disable`.
pub(crate) async fn disable(
    State(app): State<App>,
    member: Member,
    request: Request<Body>,
) -> Handled {
    let body: DisableBody = Whole::read(request, JSON_LIMIT).await?.json()?;
    app.sessions
        .disable_second_factor(&member.actor, &body.password, &body.code, &member.origin)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
