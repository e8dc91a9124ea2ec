//! Signing in and staying signed in. Programs get their tokens in the body; the web application gets them as cookies
//! that no script can read.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::SET_COOKIE;
use http::{Extensions, HeaderMap, HeaderValue, Request, StatusCode};
use kith_auth::token::REFRESH_TOKEN_SECONDS;
use kith_auth::{Me, Registration, RegistrationPolicy, Session, Sessions, SignIn};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::actor::{
    ACCESS_COOKIE, Member, REFRESH_COOKIE, cookie, is_web, origin_of, require_own_page,
};
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::edge::Peer;
use crate::error::Problem;

type Handled = Result<Response, Problem>;

/// A request before anybody is signed in.
pub(crate) struct Arrival {
    pub request: Whole,
    pub origin: kith_store::Origin,
    pub sessions: Sessions,
}

impl Arrival {
    /// Also refuses another site that would sign its visitor in as somebody else.
    pub(crate) async fn of(app: &App, request: Request<Body>) -> Result<Arrival, Problem> {
        let extensions = request.extensions().clone();
        let request = Whole::read(request, JSON_LIMIT).await?;
        if is_web(&request.headers) {
            require_own_page(&request.headers, app)?;
        }
        let origin = origin_of(app, &request.headers, &extensions);
        let sessions = sessions_for(app, &request.headers, &extensions);
        Ok(Arrival {
            request,
            origin,
            sessions,
        })
    }
}

/// While the program listens on this machine alone, whoever sits at it may register: they could as well start a
/// program of their own.
fn sessions_for(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Sessions {
    let on_this_machine = extensions
        .get::<Peer>()
        .is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    let trusted = app.settings.registration == RegistrationPolicy::First
        && app.settings.listens_on_loopback
        && app.settings.public_url.is_none()
        && on_this_machine
        && !headers.contains_key("x-forwarded-for")
        && !headers.contains_key("forwarded");
    if trusted {
        app.sessions.under(RegistrationPolicy::Open)
    } else {
        app.sessions.clone()
    }
}

/// The session as the client takes it.
pub(crate) fn answer(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    session: &Session,
) -> Response {
    let user = &session.user;
    let organization = &session.organization;
    let mut body = json!({
        "token_type": session.token_type,
        "expires_in": session.expires_in,
        "user": user,
        "organization": {
            "id": organization.id, "name": organization.name, "slug": organization.slug, "base_currency": organization.base_currency,
            "timezone": organization.timezone, "locale": organization.locale,
        },
    });
    let web = is_web(headers);
    if let (false, Json::Object(body)) = (web, &mut body) {
        body.insert(
            "access_token".to_owned(),
            Json::from(session.access_token.clone()),
        );
        body.insert(
            "refresh_token".to_owned(),
            Json::from(session.refresh_token.clone()),
        );
    }
    let mut response = Answer {
        status,
        ..Answer::value(&body)
    }
    .into_response();
    response.headers_mut().insert(
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    if web {
        // The access token's cookie outlives the token, so that an expired one is told from none.
        set_cookie(
            app,
            &mut response,
            ACCESS_COOKIE,
            &session.access_token,
            "/",
            REFRESH_TOKEN_SECONDS,
        );
        set_cookie(
            app,
            &mut response,
            REFRESH_COOKIE,
            &session.refresh_token,
            "/api/v1/auth",
            REFRESH_TOKEN_SECONDS,
        );
        set_cookie(
            app,
            &mut response,
            REFRESH_COOKIE,
            &session.refresh_token,
            "/api/v1/a-crm/auth",
            REFRESH_TOKEN_SECONDS,
        );
    }
    response
}

/// Adds a cookie; with an age of 0 the browser forgets it.
fn set_cookie(app: &App, response: &mut Response, name: &str, value: &str, path: &str, age: i32) {
    let secure = app
        .settings
        .public_url
        .as_deref()
        .is_some_and(|url| url.starts_with("https://"));
    let text = format!(
        "{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{}",
        if secure { "; Secure" } else { "" }
    );
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

fn forget_cookies(app: &App, response: &mut Response) {
    set_cookie(app, response, ACCESS_COOKIE, "", "/", 0);
    set_cookie(app, response, REFRESH_COOKIE, "", "/api/v1/auth", 0);
    set_cookie(app, response, REFRESH_COOKIE, "", "/api/v1/a-crm/auth", 0);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    email: String,
    password: String,
    full_name: String,
    organization_name: String,
}

/// `POST /auth/register`.
pub(crate) async fn register(State(app): State<App>, request: Request<Body>) -> Handled {
    let Arrival {
        request,
        origin,
        sessions,
    } = Arrival::of(&app, request).await?;
    let body: RegisterBody = request.json()?;
    let registration = Registration {
        email: body.email,
        password: body.password,
        full_name: body.full_name,
        organization_name: body.organization_name,
    };
    let session = sessions.register(&registration, &origin).await?;
    Ok(answer(
        &app,
        &request.headers,
        StatusCode::CREATED,
        &session,
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginBody {
    email: String,
    password: String,
    totp: Option<String>,
    organization_id: Option<Uuid>,
}

/// `POST /auth/login`.
pub(crate) async fn login(State(app): State<App>, request: Request<Body>) -> Handled {
    let Arrival {
        request,
        origin,
        sessions,
    } = Arrival::of(&app, request).await?;
    let body: LoginBody = request.json()?;
    let wanted = SignIn {
        email: body.email,
        password: body.password,
        totp: body.totp,
        organization_id: body.organization_id,
    };
    let session = sessions.sign_in(&wanted, &origin).await?;
    Ok(answer(&app, &request.headers, StatusCode::OK, &session))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    refresh_token: Option<String>,
}

/// `POST /auth/refresh`: with the token in the body, or from a browser with the cookie.
pub(crate) async fn refresh(State(app): State<App>, request: Request<Body>) -> Handled {
    let Arrival {
        request,
        origin,
        sessions,
    } = Arrival::of(&app, request).await?;
    let body: RefreshBody = if request.bytes.is_empty() {
        RefreshBody::default()
    } else {
        request.json()?
    };
    let by_cookie = cookie(&request.headers, REFRESH_COOKIE);
    if body.refresh_token.is_none() && by_cookie.is_some() {
        require_own_page(&request.headers, &app)?;
    }
    let token = body.refresh_token.as_deref().or(by_cookie);
    let Some(token) = token else {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "there is no session to renew; sign in",
        ));
    };
    match sessions.refresh(token, &origin).await {
        Ok(session) => Ok(answer(&app, &request.headers, StatusCode::OK, &session)),
        Err(error) => {
            let over = matches!(error, kith_auth::AuthError::SessionEnded);
            let mut response = Problem::from(error).into_response();
            if over && is_web(&request.headers) {
                forget_cookies(&app, &mut response);
            }
            Ok(response)
        }
    }
}

/// `POST /auth/logout`: also with an access token that has expired, when the refresh token comes along.
pub(crate) async fn logout(State(app): State<App>, request: Request<Body>) -> Handled {
    let (mut parts, body) = request.into_parts();
    let member =
        <Member as axum::extract::FromRequestParts<App>>::from_request_parts(&mut parts, &app)
            .await;
    let Arrival {
        request,
        origin,
        sessions,
    } = Arrival::of(&app, Request::from_parts(parts, body)).await?;
    let body: RefreshBody = if request.bytes.is_empty() {
        RefreshBody::default()
    } else {
        request.json()?
    };
    let by_cookie = cookie(&request.headers, REFRESH_COOKIE).filter(|_| is_web(&request.headers));
    match (member, body.refresh_token.as_deref().or(by_cookie)) {
        (Ok(member), _) => sessions.sign_out(&member.actor, &origin).await?,
        (Err(problem), _) if problem.status() == StatusCode::FORBIDDEN => return Err(problem),
        (Err(_), Some(token)) => sessions.sign_out_by_token(token, &origin).await?,
        (Err(problem), None) => return Err(problem),
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if is_web(&request.headers) {
        forget_cookies(&app, &mut response);
    }
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchBody {
    organization_id: Uuid,
}

/// `POST /auth/switch-organization`.
pub(crate) async fn switch_organization(
    State(app): State<App>,
    member: Member,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let body: SwitchBody = request.json()?;
    if member.actor.key.is_some() {
        return Err(Problem::forbidden(
            "an API key acts in one organization; make one there",
        ));
    }
    match app
        .sessions
        .switch_organization(&member.actor, body.organization_id, &member.origin)
        .await
    {
        Ok(session) => Ok(answer(&app, &request.headers, StatusCode::OK, &session)),
        // The session is good; the organization is one that it cannot see.
        Err(kith_auth::AuthError::NotAMember) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such organization that you are an active member of",
        )),
        Err(error) => Err(error.into()),
    }
}

/// `GET /auth/me`.
pub(crate) async fn me(State(app): State<App>, member: Member) -> Handled {
    let me = app.sessions.me(&member.actor).await?;
    Ok(Answer::value(&about(&me)).into_response())
}

/// Who somebody is, as they may know it.
pub(crate) fn about(me: &Me) -> Json {
    let actor = &me.actor;
    let mut grants: Vec<(&str, &str, &str)> = actor
        .grants
        .iter()
        .map(|(resource, action, scope)| (resource, action.name(), scope.name()))
        .collect();
    grants.sort_unstable();
    let grants: Vec<Json> = grants
        .into_iter()
        .map(|(resource, action, scope)| json!({"resource": resource, "action": action, "scope": scope}))
        .collect();
    let mut user = json!(actor.user);
    if let (Json::Object(user), Json::Object(profile)) = (&mut user, json!(me.profile)) {
        user.extend(profile);
    }
    json!({
        "user": user, "organization": actor.organization, "role": actor.role, "grants": grants, "memberships": me.memberships,
    })
}

/// `GET /auth/options`: what the sign-in page offers.
pub(crate) async fn options(State(app): State<App>, request: Request<Body>) -> Handled {
    let status = sessions_for(&app, request.headers(), request.extensions())
        .registration_status()
        .await?;
    let body = json!({"registration_open": status.registration_open, "first": status.first});
    Ok(Answer::value(&body).into_response())
}
