//! Leaving by the link in a message (RFC 8058): the link is sealed, so that it can be neither read nor made, and says by
//! itself who leaves what; whether anybody has the address is not looked at.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use kith_entities::suppression;
use kith_store::{Origin, SystemTx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::error::Problem;
use crate::path::TokenPath;

/// Characters of a link's token.
const LONGEST: usize = 2_000;

/// Who leaves what.
#[derive(Deserialize, Serialize)]
struct Leaving {
    #[serde(rename = "a")]
    address: String,
    #[serde(rename = "c")]
    channel: String,
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    campaign: Option<Uuid>,
}

/// The link by which an e-mail address leaves; nothing while the program has no address of its own.
pub(crate) fn link(
    app: &App,
    organization: Uuid,
    email: &str,
    campaign: Option<Uuid>,
) -> Option<String> {
    let base = app.settings.public_url.as_deref()?.trim_end_matches('/');
    let leaving = Leaving {
        address: email.to_lowercase(),
        channel: "email".to_owned(),
        campaign,
    };
    let plain = serde_json::to_vec(&leaving).ok()?;
    let sealed = app.sessions.vault().seal(organization, &plain).ok()?;
    let token = URL_SAFE_NO_PAD.encode([organization.as_bytes().as_slice(), &sealed].concat());
    Some(format!("{base}/unsubscribe/{token}"))
}

/// What a token says; nothing for one that was not made here.
fn open(app: &App, token: &str) -> Option<(Uuid, Leaving)> {
    if token.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (organization, sealed) = bytes.split_at_checked(16)?;
    let organization = Uuid::from_slice(organization).ok()?;
    let plain = app.sessions.vault().unseal(organization, sealed).ok()?;
    Some((organization, serde_json::from_slice(&plain).ok()?))
}

/// `GET /unsubscribe/{token}`: asks. Programs that follow every link in a mail take nobody off.
pub(crate) async fn ask(State(app): State<App>, TokenPath(token): TokenPath) -> Response {
    match open(&app, &token) {
        Some(_) => page(
            StatusCode::OK,
            "Unsubscribe",
            "<p>You will get no more messages of this kind from us.</p>\
             <form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\"><button>Unsubscribe</button></form>",
        ),
        None => broken(),
    }
}

/// `POST /unsubscribe/{token}`: leaves, by the button or by the mail program itself. Twice is as once.
pub(crate) async fn leave(
    State(app): State<App>,
    TokenPath(token): TokenPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some((organization, leaving)) = open(&app, &token) else {
        return Ok(broken());
    };
    let mut origin = Origin::new("unsubscribe");
    origin.request_id = crate::request_id::current();
    origin.user_agent = headers.get(http::header::USER_AGENT).map(|value| {
        String::from_utf8_lossy(value.as_bytes())
            .chars()
            .take(300)
            .collect()
    });
    let tx = SystemTx::begin(&app.engine.database, Some(organization), &origin).await?;
    suppression::unsubscribe(&tx, &leaving.address, &leaving.channel, leaving.campaign).await?;
    tx.commit().await?;
    Ok(page(
        StatusCode::OK,
        "Unsubscribed",
        "<p>You will get no more messages of this kind from us.</p>",
    ))
}

fn broken() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "This link is not whole",
        "<p>Open it from the message itself, or answer the message.</p>",
    )
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}button{{font:inherit;padding:.5rem 1rem}}</style>\
         <h1>{title}</h1>{body}</html>"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"),
    );
    response
}
