//! Who asks: from a request's token to the [`Caller`] that the engine acts for.
//!
//! A handler that takes [`Acting`] is for signed-in members. Cookies travel with requests that other sites cause, so a
//! change that is signed in by cookie must also show that the web application sent it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, USER_AGENT};
use http::request::Parts;
use http::{Extensions, HeaderMap, Method, StatusCode};
use jiff::tz::TimeZone;
use kith_auth::{Actor, ApiKey, AuthError, Clock};
use kith_catalogue::custom::Overlay;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine};
use kith_store::{Origin, StoreError};

use crate::app::App;
use crate::edge::Peer;
use crate::error::Problem;
use crate::overlays::Overlays;
use crate::request_id;

/// The cookie of the access token.
pub(crate) const ACCESS_COOKIE: &str = "kith_access";
/// The cookie of the refresh token.
pub(crate) const REFRESH_COOKIE: &str = "kith_refresh";

/// A signed-in member, ready for the engine.
pub struct Acting(pub Caller);

/// The same, when somebody is signed in.
pub struct MaybeActing(pub Option<Caller>);

/// A signed-in member, for what concerns the session itself.
pub struct Member {
    pub actor: Arc<Actor>,
    pub origin: Origin,
}

impl FromRequestParts<App> for Acting {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let member = Member::from_request_parts(parts, app).await?;
        app.caller(&member.actor, member.origin).await.map(Acting)
    }
}

impl FromRequestParts<App> for MaybeActing {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if token(&parts.headers)?.is_none() {
            return Ok(MaybeActing(None));
        }
        Acting::from_request_parts(parts, app)
            .await
            .map(|acting| MaybeActing(Some(acting.0)))
    }
}

impl FromRequestParts<App> for Member {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (token, by_cookie) = match token(&parts.headers)? {
            Some(Token::Bearer(token)) => (token, false),
            Some(Token::Cookie(token)) => (token, true),
            None => {
                return Err(Problem::new(
                    StatusCode::UNAUTHORIZED,
                    "unauthenticated",
                    "sign in first",
                ));
            }
        };
        if by_cookie && !is_safe(&parts.method) {
            require_own_page(&parts.headers, app)?;
        }
        let mut origin = origin_of(app, &parts.headers, &parts.extensions);
        // A browser has no business with keys: they come in the header alone.
        let actor = if ApiKey::is_one(token) && !by_cookie {
            app.sessions.authenticate_key(token, &origin).await?
        } else {
            app.sessions.authenticate(token).await?
        };
        if let Some(key) = &actor.key {
            origin.kind = Cow::Owned(format!("key {}", key.prefix));
        }
        Ok(Member { actor, origin })
    }
}

impl Member {
    /// Refuses an API key that may not manage the account of its user.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require_account(&self) -> Result<(), Problem> {
        Ok(self.actor.require_account()?)
    }
}

impl App {
    /// The engine's caller for a member.
    pub(crate) async fn caller(&self, actor: &Actor, origin: Origin) -> Result<Caller, Problem> {
        let overlay = self
            .overlays
            .of(&self.engine.database, &actor.principal, &actor.grants)
            .await?;
        Ok(assemble(actor, overlay, &self.clock, origin))
    }
}

/// The engine's caller for a member, for work that no request causes.
///
/// # Errors
/// When the organization's own fields cannot be read.
pub async fn caller(
    engine: &Engine,
    clock: &Clock,
    actor: &Actor,
    origin: Origin,
) -> Result<Caller, StoreError> {
    let overlay = Overlays::new()
        .of(&engine.database, &actor.principal, &actor.grants)
        .await?;
    Ok(assemble(actor, overlay, clock, origin))
}

fn assemble(actor: &Actor, overlay: Arc<Overlay>, clock: &Clock, origin: Origin) -> Caller {
    let zone = actor
        .user
        .timezone
        .as_deref()
        .unwrap_or(&actor.organization.timezone);
    Caller {
        principal: actor.principal,
        grants: Arc::clone(&actor.grants),
        overlay,
        base_currency: actor.organization.base_currency.clone(),
        region: actor.organization.country.clone(),
        now: clock().to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC)),
        origin,
    }
}

enum Token<'a> {
    Bearer(&'a str),
    Cookie(&'a str),
}

/// The token of a request; the header is stronger than the cookie.
fn token(headers: &HeaderMap) -> Result<Option<Token<'_>>, Problem> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default();
        return match text.split_once(' ') {
            Some((scheme, token))
                if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() =>
            {
                Ok(Some(Token::Bearer(token.trim())))
            }
            _ => Err(AuthError::TokenInvalid.into()),
        };
    }
    Ok(cookie(headers, ACCESS_COOKIE).map(Token::Cookie))
}

/// The value of a cookie, when it has one.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// Requests that change nothing, whoever causes them.
fn is_safe(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD || method == Method::OPTIONS
}

/// Whether the web application speaks.
pub(crate) fn is_web(headers: &HeaderMap) -> bool {
    headers
        .get("x-kith-client")
        .is_some_and(|value| value.as_bytes() == b"web")
}

/// Refuses what another site may have caused. A form cannot send a header of its own, a script of another site is not
/// allowed to without our leave, and the browser itself says where a request comes from.
///
/// # Errors
/// 403 with the code `csrf`.
pub(crate) fn require_own_page(headers: &HeaderMap, app: &App) -> Result<(), Problem> {
    if is_web(headers) && comes_from_here(headers, app.settings.public_url.as_deref()) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "csrf",
        "a change that is signed in by cookie must come from this site's own pages, with the header X-Kith-Client: web",
    ))
}

fn comes_from_here(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    if let Some(site) = text(http::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    // Older browsers; programs send neither.
    let Some(origin) = text(ORIGIN) else {
        return true;
    };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    public_url == Some(origin) || text(HOST).is_some_and(|own| own.eq_ignore_ascii_case(host))
}

/// Where a request comes from, for the history.
pub(crate) fn origin_of(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Origin {
    let mut origin = Origin::new(Cow::Borrowed(if is_web(headers) { "web" } else { "api" }));
    origin.ip = client_address(app, headers, extensions);
    origin.user_agent = headers.get(USER_AGENT).map(|value| {
        String::from_utf8_lossy(value.as_bytes())
            .chars()
            .take(300)
            .collect()
    });
    origin.request_id = request_id::current();
    origin
}

/// The client's address: the connection's, or what a trusted proxy says. Proxies add to the end, so the last address
/// that is no proxy of ours is the client.
pub(crate) fn client_address(
    app: &App,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>()?.0.ip().to_canonical();
    let trusted = |address: IpAddr| {
        app.settings
            .trusted_proxies
            .iter()
            .any(|network| network.contains(address))
    };
    if !trusted(peer) {
        return Some(peer);
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        // What is no address was not written by a proxy of ours: nothing before it can be believed.
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = address.to_canonical();
        if !trusted(client) {
            break;
        }
    }
    Some(client)
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Problem {
        let (code, text) = (error.code(), error.to_string());
        let status = match error {
            AuthError::Store(error) => return Problem::from(error),
            AuthError::Internal(text) => return Problem::internal(text),
            AuthError::Faults(faults) => return Problem::invalid(faults),
            AuthError::LinkInvalid => {
                let fault = Fault::new(code, "is not valid any more").at("token");
                return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, text)
                    .with_errors(vec![fault]);
            }
            AuthError::Throttled { retry_after } => {
                return Problem::new(StatusCode::TOO_MANY_REQUESTS, code, text)
                    .retry_after(retry_after.as_secs().max(1));
            }
            // Also for a good token whose bearer is nobody here any more: signing in again is what helps.
            AuthError::InvalidCredentials
            | AuthError::SecondFactorRequired
            | AuthError::SecondFactorInvalid
            | AuthError::TokenExpired
            | AuthError::TokenInvalid
            | AuthError::SessionEnded
            | AuthError::NotAMember => StatusCode::UNAUTHORIZED,
            AuthError::RegistrationClosed | AuthError::KeyNotAllowed => StatusCode::FORBIDDEN,
            AuthError::RegistrationRefused
            | AuthError::AlreadyRefreshed
            | AuthError::NoSecondFactor
            | AuthError::AlreadyMember => StatusCode::CONFLICT,
        };
        Problem::new(status, code, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let headers = headers(&[("cookie", "a=1; kith_access=abc; not_kith_access=x")]);
        assert_eq!(cookie(&headers, "kith_access"), Some("abc"));
        assert_eq!(cookie(&headers, "access"), None);
    }

    #[test]
    fn other_sites_are_recognised() {
        let here = |pairs: &[(&'static str, &'static str)]| {
            comes_from_here(&headers(pairs), Some("https://crm.example.com"))
        };
        assert!(here(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://evil.example")
        ]));
        assert!(!here(&[("sec-fetch-site", "cross-site")]));
        assert!(!here(&[("sec-fetch-site", "same-site")]));
        assert!(here(&[
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(here(&[
            ("origin", "https://crm.example.com"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(!here(&[
            ("origin", "https://evil.example"),
            ("host", "crm.example.com")
        ]));
        assert!(here(&[]));
    }

    #[test]
    fn a_header_that_is_no_bearer_token_is_refused() {
        assert!(token(&headers(&[("authorization", "Basic abc")])).is_err());
        assert!(matches!(
            token(&headers(&[("authorization", "bearer abc")])),
            Ok(Some(Token::Bearer("abc")))
        ));
        assert!(matches!(token(&headers(&[])), Ok(None)));
    }
}
