//! People's way into an organization, out of it, and in again.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use kith_auth::Acceptance;
use kith_catalogue::access::Action;
use kith_entities::user::{self, USER};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::sign_in::{Arrival, answer};
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `GET /auth/invitation?token=`.
pub(crate) async fn invitation(State(app): State<App>, mut parameters: Parameters) -> Handled {
    let token = parameters.take("token").unwrap_or_default();
    parameters.finish()?;
    let invitation = app.sessions.invitation(&token).await?;
    Ok(Answer::value(&json!(invitation)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptBody {
    token: String,
    full_name: Option<String>,
    password: Option<String>,
    totp: Option<String>,
}

/// `POST /auth/accept-invitation`.
pub(crate) async fn accept_invitation(State(app): State<App>, request: Request<Body>) -> Handled {
    let arrival = Arrival::of(&app, request).await?;
    let body: AcceptBody = arrival.request.json()?;
    let acceptance = Acceptance {
        token: body.token,
        password: body.password,
        full_name: body.full_name.filter(|name| !name.is_empty()),
        totp: body.totp,
    };
    let session = arrival
        .sessions
        .accept_invitation(&acceptance, &arrival.origin)
        .await?;
    let headers = &arrival.request.headers;
    Ok(answer(&app, headers, StatusCode::OK, &session))
}

/// The only fields of a person that an invitation gives.
const INVITED_FIELDS: &[&str] = &["email", "full_name", "role_id", "team_id"];

/// `POST /users/invite`.
pub(crate) async fn invite(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let body: Map<String, Json> = request.json()?;
    if let Some(unknown) = body
        .keys()
        .find(|name| !INVITED_FIELDS.contains(&name.as_str()))
    {
        return Err(Problem::malformed(format!(
            "\"{unknown}\" is no part of an invitation; it takes {}",
            INVITED_FIELDS.join(", ")
        )));
    }
    let (engine, who, body) = (&app.engine, &caller, &body);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let invited = user::invite(engine, &tx, who, body.clone()).await?;
            Ok((tx, Answer::created(&USER, invited)))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `POST /users/{id}/invite`: sends it again.
pub(crate) async fn invite_again(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    caller.require(&USER, Action::Create)?;
    app.sessions
        .count_mail(&format!("invite {id}"), &caller.origin)?;
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        user::invite_again(&tx, id).await?;
        let accepted = Answer {
            status: StatusCode::ACCEPTED,
            ..Answer::default()
        };
        Ok((tx, accepted))
    })
    .await?;
    Ok(answer.into_response())
}

/// `DELETE /users/{id}/invite`.
pub(crate) async fn withdraw_invitation(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        user::withdraw_invitation(&tx, id).await?;
        Ok((tx, Answer::nothing()))
    })
    .await?;
    Ok(answer.into_response())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeactivateBody {
    hand_over_to: Option<Uuid>,
}

/// `POST /users/{id}/deactivate`.
pub(crate) async fn deactivate(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let body = if request.bytes.is_empty() {
        DeactivateBody::default()
    } else {
        request.json()?
    };
    let (engine, who) = (&app.engine, &caller);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let gone = user::deactivate(engine, &tx, who, id, body.hand_over_to).await?;
            Ok((tx, Answer::record(gone)))
        },
    )
    .await?;
    forget(&app, &caller);
    Ok(answer.into_response())
}

/// `POST /users/{id}/reactivate`.
pub(crate) async fn reactivate(
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
            let back = user::reactivate(engine, &tx, who, id).await?;
            Ok((tx, Answer::record(back)))
        },
    )
    .await?;
    forget(&app, &caller);
    Ok(answer.into_response())
}

/// This node need not wait for the database's word.
pub(crate) fn forget(app: &App, caller: &kith_engine::Caller) {
    app.sessions
        .actors()
        .invalidate(caller.principal.organization_id);
}
