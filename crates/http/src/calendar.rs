//! A person's tasks as a calendar, at a secret address: whoever knows it reads it, without signing in.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Request};
use kith_auth::OpaqueToken;
use kith_catalogue::fault::Fault;
use kith_engine::EngineError;
use kith_entities::task::calendar::{self, Form};
use serde_json::json;

use crate::actor::{Acting, client_address};
use crate::answer::{Answer, has_already, not_modified};
use crate::app::App;
use crate::error::Problem;
use crate::meta::tag_of;
use crate::path::Parameters;
use crate::write::write;

type Handled = Result<Response, Problem>;

/// `GET /calendar`: whether the caller has an address. The address itself is shown once, when it is made.
pub(crate) async fn state(State(app): State<App>, Acting(caller): Acting) -> Handled {
    let made = calendar::own_feed(&app.engine.database, &caller.principal).await?;
    let made = made.map(|made| made.to_string());
    Ok(Answer::value(&json!({"active": made.is_some(), "created_at": made})).into_response())
}

/// `POST /calendar`: makes the address anew.
pub(crate) async fn renew(State(app): State<App>, Acting(caller): Acting) -> Handled {
    let secret = OpaqueToken::generate()?;
    let base = app.settings.public_url.as_deref().unwrap_or_default();
    let address = format!(
        "{}/api/v1/calendar/{}.ics",
        base.trim_end_matches('/'),
        secret.as_str()
    );
    let (hash, address) = (&secret.hash(), &address);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let made = calendar::renew_feed(&tx, hash.clone()).await?;
        let shown = json!({"active": true, "created_at": made.to_string(), "url": address});
        Ok((tx, Answer::value(&shown)))
    })
    .await?;
    Ok(answer.into_response())
}

/// `DELETE /calendar`: revokes the address.
pub(crate) async fn revoke(State(app): State<App>, Acting(caller): Acting) -> Handled {
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        match calendar::revoke_feed(&tx).await? {
            true => Ok((tx, Answer::nothing())),
            false => Err(EngineError::NotFound),
        }
    })
    .await?;
    Ok(answer.into_response())
}

/// `GET /calendar/{secret}.ics`. Every attempt with a secret that opens nothing counts against its address; a
/// secret has 256 random bits and is looked up by its hash, so that nothing is told by how long that takes.
pub(crate) async fn feed(
    State(app): State<App>,
    path: RawPathParams,
    mut parameters: Parameters,
    request: Request<Body>,
) -> Handled {
    let form = match parameters.take("as").as_deref() {
        None | Some("" | "events") => Form::Events,
        Some("todos") => Form::Todos,
        Some(_) => {
            let fault = Fault::new("not_a_choice", "must be events or todos").at("as");
            return Err(EngineError::BadQuery(vec![fault]).into());
        }
    };
    parameters.finish()?;
    let ip = client_address(&app, request.headers(), request.extensions());
    let name = path
        .iter()
        .find(|(key, _)| *key == "file")
        .map_or("", |(_, value)| value);
    let reader = open(&app, name, ip).await?;
    let text = calendar::calendar(&app.engine.database, &reader, form).await?;
    let body = text.into_bytes();
    Ok(answer(request.headers(), body))
}

async fn open(app: &App, name: &str, ip: Option<IpAddr>) -> Result<calendar::Reader, Problem> {
    let attempt = app.feeds.begin(name, ip)?;
    let secret = name.strip_suffix(".ics").and_then(OpaqueToken::parse);
    let reader = match secret {
        Some(secret) => calendar::reader(&app.engine.database, secret.hash()).await?,
        None => None,
    };
    let reader = reader.ok_or_else(Problem::no_such_address)?;
    attempt.forgive();
    Ok(reader)
}

fn answer(headers: &HeaderMap, body: Vec<u8>) -> Response {
    let tag = tag_of(&body);
    if has_already(headers, &tag) {
        return not_modified(&tag);
    }
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/calendar; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}
