//! Forms of landing pages, sent in by anybody: bounded, counted per address, answered to the sites that may send.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, LOCATION, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use kith_catalogue::fault::Fault;
use kith_catalogue::storable;
use kith_engine::{Caller, EngineError};
use kith_entities::inbound_form::{self, Form, Submission};
use serde_json::{Map, Value as Json, json};

use crate::actor::{Acting, origin_of};
use crate::answer::Answer;
use crate::app::App;
use crate::body::Whole;
use crate::error::Problem;
use crate::path::{IdPath, Parameters, TokenPath};
use crate::write::write;

type Handled = Result<Response, Problem>;

/// Bytes of a submission.
const LIMIT: usize = 64 * 1024;

/// `OPTIONS /forms/{key}`: a browser asks whether its page may send.
pub(crate) async fn preflight(
    State(app): State<App>,
    TokenPath(key): TokenPath,
    headers: HeaderMap,
) -> Handled {
    let form = inbound_form::find(&app.engine.database, &key).await?;
    let site = site(&headers);
    if !form.allows(site.as_deref()) {
        return Err(not_allowed());
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    );
    answer.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type"),
    );
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    let_read(&mut response, site.as_deref());
    Ok(response)
}

/// `POST /forms/{key}`, as JSON or as a page's own form. Whoever sends learns that it arrived, and no more.
pub(crate) async fn submit(
    State(app): State<App>,
    TokenPath(key): TokenPath,
    request: Request<Body>,
) -> Response {
    let site = site(request.headers());
    let mut response = match submitted(&app, &key, site.as_deref(), request).await {
        Ok(response) => response,
        Err(Refused::Silently(problem)) => return problem.into_response(),
        // A page that may send may also read what is wrong with it.
        Err(Refused::Openly(problem)) => problem.into_response(),
    };
    let_read(&mut response, site.as_deref());
    response
}

/// A refusal that the page's own script may read, and one that it may not.
enum Refused {
    Openly(Problem),
    Silently(Problem),
}

async fn submitted(
    app: &App,
    key: &str,
    site: Option<&str>,
    request: Request<Body>,
) -> Result<Response, Refused> {
    let mut origin = origin_of(app, request.headers(), request.extensions());
    // Counted before anything is looked up: guessing keys is counted too.
    let counted = app.form_throttle.begin(key, origin.ip);
    counted
        .map(drop)
        .map_err(|error| Refused::Silently(error.into()))?;
    let form = inbound_form::find(&app.engine.database, key)
        .await
        .map_err(|error| Refused::Silently(error.into()))?;
    if !form.allows(site) {
        return Err(Refused::Silently(not_allowed()));
    }
    origin.kind = Cow::Borrowed("form");
    let by_page = is_form(request.headers());
    let sent = read(request, by_page).await.map_err(Refused::Openly)?;
    let caller = caller_of(app, &form, origin)
        .await
        .map_err(Refused::Silently)?;
    let (engine, who, of, sent) = (&app.engine, &caller, &form, &sent);
    write(app, &caller, None, Problem::from, move |tx| async move {
        inbound_form::submit(engine, &tx, who, of, sent, site).await?;
        Ok((tx, Answer::nothing()))
    })
    .await
    .map_err(Refused::Openly)?;
    Ok(thanks(&form, by_page))
}

/// The member in whose name the form's leads are made.
async fn caller_of(app: &App, form: &Form, origin: kith_store::Origin) -> Result<Caller, Problem> {
    let actor = app
        .sessions
        .actors()
        .get(form.acting_user, form.organization_id, None)
        .await?;
    app.caller(&actor, origin).await
}

/// A page's own form goes on to the page of thanks, when there is one.
fn thanks(form: &Form, by_page: bool) -> Response {
    let next = form
        .redirect_url
        .as_deref()
        .filter(|_| by_page)
        .and_then(|url| HeaderValue::from_str(url).ok());
    if let Some(next) = next {
        let mut response = StatusCode::SEE_OTHER.into_response();
        response.headers_mut().insert(LOCATION, next);
        return response;
    }
    let body = json!({"message": form.success_message, "redirect_url": form.redirect_url});
    Answer {
        status: StatusCode::CREATED,
        ..Answer::value(&body)
    }
    .into_response()
}

/// The site of the page that sends, as its browser says.
fn site(headers: &HeaderMap) -> Option<String> {
    headers
        .get(ORIGIN)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn let_read(response: &mut Response, site: Option<&str>) {
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(site) = site.and_then(|site| HeaderValue::from_str(site).ok()) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, site);
    }
}

fn not_allowed() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "origin_not_allowed",
        "this form takes nothing from this site; add the site to the form's sites",
    )
}

fn is_form(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The names and values that were sent.
async fn read(request: Request<Body>, by_page: bool) -> Result<Submission, Problem> {
    let (parts, body) = request.into_parts();
    if !by_page {
        let request = Request::from_parts(parts, body);
        let whole = Whole::read(request, LIMIT).await?;
        let members: Map<String, Json> = whole.json()?;
        return members
            .into_iter()
            .map(|(name, value)| Ok((name.clone(), text(&name, value)?)))
            .collect();
    }
    let bytes = Limited::new(body, LIMIT)
        .collect()
        .await
        .map_err(|_| {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!(
                    "the form is larger than {} KiB, or ended before it was complete",
                    LIMIT / 1024
                ),
            )
        })?
        .to_bytes();
    let pairs = form_pairs(&bytes);
    let faults: Vec<Fault> = pairs
        .iter()
        .filter_map(|(name, value)| {
            storable::text(value)
                .err()
                .map(|fault| fault.at(name.clone()))
        })
        .collect();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    Ok(pairs)
}

fn form_pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let decoded = |part: &[u8]| {
        let spaced: Vec<u8> = part
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect();
        percent_encoding::percent_decode(&spaced)
            .decode_utf8_lossy()
            .into_owned()
    };
    bytes
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            (
                decoded(parts.next().unwrap_or_default()),
                decoded(parts.next().unwrap_or_default()),
            )
        })
        .collect()
}

fn text(name: &str, value: Json) -> Result<String, Problem> {
    match value {
        Json::String(text) => Ok(text),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(flag) => Ok(flag.to_string()),
        Json::Null => Ok(String::new()),
        Json::Array(_) | Json::Object(_) => {
            let fault = Fault::new("not_text", "must be text, a number, true or false").at(name);
            Err(Problem::invalid(vec![fault]))
        }
    }
}

/// `GET /inbound-forms/{id}/submissions`: what came of them, newest first.
pub(crate) async fn submissions(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    mut parameters: Parameters,
) -> Handled {
    let limit = parameters.take_number("limit", 200, 50)?;
    let cursor = match parameters.take("cursor").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            let fault = Fault::new("bad_cursor", "is no cursor of this list").at("cursor");
            Problem::from(EngineError::BadQuery(vec![fault]))
        })?),
    };
    parameters.finish()?;
    let page = inbound_form::submissions(&app.engine, &caller, id, limit, cursor).await?;
    Ok(Answer::value(&page).into_response())
}
