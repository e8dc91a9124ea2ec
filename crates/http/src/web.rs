//! The web application's files and the interface's documentation, which live in the program itself.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use tower::ServiceExt;
use utoipa_swagger_ui::Config;

use crate::app::App;
use crate::error::Problem;

/// Nothing from elsewhere, nothing inline but styles, no frames, no plug-ins.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; \
     connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
);
/// File names under `/assets` carry a hash of their contents.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The files of the web application, by their paths; `/` is its page.
pub(crate) fn files<S: Clone + Send + Sync + 'static>() -> Router<S> {
    application().layer(axum::middleware::map_response(
        |response: Response| async move { guarded(response) },
    ))
}

#[cfg(web_application)]
fn application<S: Clone + Send + Sync + 'static>() -> Router<S> {
    memory_serve::load!()
        .cache_control(memory_serve::CacheControl::NoCache)
        .html_cache_control(memory_serve::CacheControl::NoCache)
        .into_router()
}

#[cfg(not(web_application))]
fn application<S: Clone + Send + Sync + 'static>() -> Router<S> {
    const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Kith</title>\
        <h1>Kith</h1><p>The server runs. This build is without the web application: build it with \
        <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>, then build the program again, or start with \
        <code>bin/run</code>, which does both.</p><p>The interface is described at <a href=\"/docs/\">/docs</a>.</p></html>";
    Router::new().route("/", get(|| async { axum::response::Html(PAGE) }))
}

/// The page's headers, which say what a browser may do with it.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    );
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// Everything under `/assets` may be kept for ever; the rest is asked about again.
pub(crate) fn cache(path: &str, response: &mut Response) {
    // A page that must not be kept says so itself.
    let kept_nowhere = response
        .headers()
        .get(CACHE_CONTROL)
        .is_some_and(|value| value.as_bytes() == b"no-store");
    if kept_nowhere {
        return;
    }
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        let value = if path.starts_with("/assets/") {
            FOR_EVER
        } else {
            ASK_AGAIN
        };
        response.headers_mut().insert(CACHE_CONTROL, value);
    }
}

/// What answers when no route does: the application's page for addresses of its own that a browser opens, and a
/// problem for everything else.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    page: Router,
}

impl Elsewhere {
    pub(crate) fn new(page: Router) -> Elsewhere {
        Elsewhere { page }
    }

    pub(crate) async fn answer(self, request: Request<Body>) -> Response {
        if !wants_page(request.method(), request.uri().path(), request.headers()) {
            return Problem::no_such_address().into_response();
        }
        let (parts, _) = request.into_parts();
        let mut root = Request::new(Body::empty());
        *root.headers_mut() = parts.headers;
        match self.page.oneshot(root).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

fn wants_page(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let own = ["/api/", "/assets/", "/docs/", "/health/"];
    let accepts = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    (method == Method::GET || method == Method::HEAD)
        && accepts
        && path != "/api"
        && !own.iter().any(|prefix| path.starts_with(prefix))
}

/// `/docs`: the interface's description, to read and to try.
pub(crate) fn documentation() -> Router<App> {
    let config = Arc::new(
        Config::new(["/api/v1/openapi.json"])
            .try_it_out_enabled(true)
            .with_credentials(true),
    );
    let again = Arc::clone(&config);
    Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route(
            "/docs/",
            get(move || async move { documentation_file("", again) }),
        )
        .route(
            "/docs/{*file}",
            get(move |Path(file): Path<String>| async move { documentation_file(&file, config) }),
        )
}

fn documentation_file(name: &str, config: Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(name, config) {
        Ok(Some(file)) => {
            let mut response = Body::from(file.bytes.into_owned()).into_response();
            if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
                response.headers_mut().insert(CONTENT_TYPE, kind);
            }
            response.headers_mut().insert(CACHE_CONTROL, ASK_AGAIN);
            guarded(response)
        }
        Ok(None) => Problem::no_such_address().into_response(),
        Err(error) => Problem::internal(error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_for_browsers_outside_the_interface() {
        let mut browser = HeaderMap::new();
        browser.insert(
            ACCEPT,
            HeaderValue::from_static("text/html,application/xhtml+xml;q=0.9"),
        );
        assert!(wants_page(&Method::GET, "/companies/1", &browser));
        assert!(!wants_page(&Method::POST, "/companies/1", &browser));
        assert!(!wants_page(&Method::GET, "/api/v1/nothing", &browser));
        assert!(!wants_page(&Method::GET, "/assets/gone.js", &browser));
        assert!(!wants_page(&Method::GET, "/companies/1", &HeaderMap::new()));
    }
}
