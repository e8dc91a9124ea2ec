//! One's own account: profile, password, sessions, API keys.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Request, StatusCode};
use jiff::Timestamp;
use kith_auth::{NewKey, PasswordChange};
use kith_catalogue::fault::Fault;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::actor::Member;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::IdPath;
use crate::sign_in::about;

type Handled = Result<Response, Problem>;

/// An answer with a secret in it, which is shown this once.
pub(crate) fn once(status: StatusCode, body: &Json) -> Response {
    let mut response = Answer {
        status,
        ..Answer::value(body)
    }
    .into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `PATCH /auth/me`.
pub(crate) async fn update_profile(
    State(app): State<App>,
    member: Member,
    request: Request<Body>,
) -> Handled {
    let changes: Map<String, Json> = Whole::read(request, JSON_LIMIT).await?.json()?;
    app.sessions
        .update_profile(&member.actor, &changes, &member.origin)
        .await?;
    let actor = app.sessions.reload(&member.actor).await?;
    let me = app.sessions.me(&actor).await?;
    Ok(Answer::value(&about(&me)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    current_password: String,
    password: String,
}

/// `POST /auth/change-password`.
pub(crate) async fn change_password(
    State(app): State<App>,
    member: Member,
    request: Request<Body>,
) -> Handled {
    let body: PasswordBody = Whole::read(request, JSON_LIMIT).await?.json()?;
    let change = PasswordChange {
        current_password: body.current_password,
        new_password: body.password,
    };
    app.sessions
        .change_password(&member.actor, &change, &member.origin)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /auth/sessions`.
pub(crate) async fn sessions(State(app): State<App>, member: Member) -> Handled {
    let sessions = app.sessions.open_sessions(&member.actor).await?;
    Ok(Answer::value(&json!({"data": sessions})).into_response())
}

/// `DELETE /auth/sessions/{id}`.
pub(crate) async fn end_session(
    State(app): State<App>,
    member: Member,
    IdPath(id): IdPath,
) -> Handled {
    let ended = app
        .sessions
        .end_session(&member.actor, id, &member.origin)
        .await?;
    found(ended)
}

/// `DELETE /auth/sessions`: all but the one that asks.
pub(crate) async fn end_other_sessions(State(app): State<App>, member: Member) -> Handled {
    app.sessions
        .end_other_sessions(&member.actor, &member.origin)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /auth/api-keys`.
pub(crate) async fn api_keys(State(app): State<App>, member: Member) -> Handled {
    let keys = app.sessions.api_keys(&member.actor).await?;
    Ok(Answer::value(&json!({"data": keys})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    name: String,
    scopes: Vec<String>,
    expires_at: Option<String>,
}

/// `POST /auth/api-keys`.
pub(crate) async fn create_api_key(
    State(app): State<App>,
    member: Member,
    request: Request<Body>,
) -> Handled {
    let body: KeyBody = Whole::read(request, JSON_LIMIT).await?.json()?;
    let expires_at = match body.expires_at.as_deref().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(text.parse::<Timestamp>().map_err(|_| {
            let fault = Fault::new(
                "not_a_timestamp",
                "must be a time such as 2027-01-31T00:00:00Z",
            );
            Problem::invalid(vec![fault.at("expires_at")])
        })?),
    };
    let wanted = NewKey {
        name: body.name,
        scopes: body.scopes,
        expires_at,
    };
    let (key, kept) = app
        .sessions
        .create_api_key(&member.actor, &wanted, &member.origin)
        .await?;
    let mut answer = json!(kept);
    if let Json::Object(answer) = &mut answer {
        answer.insert("key".to_owned(), Json::from(key.as_str()));
    }
    Ok(once(StatusCode::CREATED, &answer))
}

/// `DELETE /auth/api-keys/{id}`.
pub(crate) async fn delete_api_key(
    State(app): State<App>,
    member: Member,
    IdPath(id): IdPath,
) -> Handled {
    let gone = app
        .sessions
        .delete_api_key(&member.actor, id, &member.origin)
        .await?;
    found(gone)
}

fn found(found: bool) -> Handled {
    if found {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(Problem::not_found())
    }
}
