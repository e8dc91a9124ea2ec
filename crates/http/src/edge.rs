//! What every request passes on its way in and out, in one layer: its id, the limits, the time, panics, the headers
//! that every answer carries, the log and the metrics.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request};

use crate::app::{App, Compression};
use crate::error::Problem;
use crate::request_id::{self, RequestId};

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// A successful read that took longer is logged like a write.
const SLOW: Duration = Duration::from_secs(1);

/// The layer.
pub(crate) async fn edge(
    State(app): State<App>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers().get(request_id::HEADER));
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let peer = request.extensions().get::<Peer>().copied();
    if !compresses(&app, peer, request.headers()) {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    let mut response =
        request_id::scope(id.clone(), answer(&app, route.as_ref(), request, next)).await;
    finish(&path, &id, &mut response);
    let name = route.as_ref().map_or("(none)", MatchedPath::as_str);
    observe(&method, name, &path, &id, &response, started.elapsed());
    response
}

async fn answer(
    app: &App,
    route: Option<&MatchedPath>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let name = route.map_or("", MatchedPath::as_str);
    // Whoever asks about the program's health wants to know most when it is busy.
    let _permit = if name.starts_with("/health/") {
        None
    } else if let Ok(permit) = app.in_flight.try_acquire() {
        Some(permit)
    } else {
        return Problem::unavailable(
            "overloaded",
            "too many requests are being answered; try again in a moment",
        )
        .into_response();
    };
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    let done = if is_transfer(name) {
        Ok(work.await)
    } else {
        tokio::time::timeout(app.settings.request_timeout, work).await
    };
    match done {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            Problem::internal(format!("a handler panicked: {}", text.unwrap_or_default()))
                .into_response()
        }
        Err(_) => Problem::unavailable(
            "timeout",
            "the request took too long; narrow it and try again",
        )
        .into_response(),
    }
}

/// Whether a file goes in or out, which takes as long as the other side's line allows.
fn is_transfer(route: &str) -> bool {
    route.ends_with("/import")
        || route.ends_with("/import/preview")
        || route.ends_with("/errors")
        || route.ends_with("/export")
        || route.ends_with("/documents")
        || route.ends_with("/content")
        || route.ends_with("/versions")
        || route.ends_with("/documents/uploads/{id}")
        || route == "/d/{token}"
}

/// Without the header that asks for it nothing is compressed.
fn compresses(app: &App, peer: Option<Peer>, headers: &http::HeaderMap) -> bool {
    match app.settings.compression {
        Compression::On => true,
        Compression::Off => false,
        Compression::Auto => {
            headers.contains_key("x-forwarded-for")
                || peer.is_some_and(|peer| !peer.0.ip().to_canonical().is_loopback())
        }
    }
}

/// The headers of every answer.
fn finish(path: &str, id: &RequestId, response: &mut Response) {
    let in_interface = path.starts_with("/api/");
    if !in_interface {
        crate::web::cache(path, response);
    }
    let headers = response.headers_mut();
    if let Some(id) = id.header() {
        headers.insert(request_id::HEADER, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if in_interface {
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("private, no-cache"));
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
}

/// Writes and what failed stand in the log, and reads that were slow; the rest is counted only.
fn observe(
    method: &Method,
    route: &str,
    path: &str,
    id: &RequestId,
    response: &Response,
    took: Duration,
) {
    let status = response.status();
    let labels = [
        ("method", method_label(method)),
        ("route", metrics::SharedString::from_owned(route.to_owned())),
        (
            "status",
            metrics::SharedString::from_owned(status.as_u16().to_string()),
        ),
    ];
    metrics::histogram!("kith_http_request_duration_seconds", &labels).record(took.as_secs_f64());
    let milliseconds = took.as_secs_f64() * 1000.0;
    let quiet =
        (method == Method::GET || method == Method::HEAD) && status.is_success() && took < SLOW;
    if status.is_server_error() {
        tracing::warn!(request_id = id.as_str(), %method, path, status = status.as_u16(), milliseconds, "request failed");
    } else if quiet || status == http::StatusCode::NOT_MODIFIED {
        tracing::debug!(request_id = id.as_str(), %method, path, status = status.as_u16(), milliseconds, "request");
    } else {
        tracing::info!(request_id = id.as_str(), %method, path, status = status.as_u16(), milliseconds, "request");
    }
}

/// Methods of one's own invention make no series of their own.
fn method_label(method: &Method) -> metrics::SharedString {
    metrics::SharedString::const_str(match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    })
}
