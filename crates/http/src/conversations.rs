//! What is special about conversations: the inbox, writing, closing, handing on, reading; templates and the accounts that
//! messages go through.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_catalogue::filter::Filter;
use kith_catalogue::value::Value;
use kith_engine::{Deleted, EngineError, QueryInput, Update};
use kith_entities::channel_account;
use kith_entities::conversation::{self, CONVERSATION, Inbox, NewMessage};
use kith_entities::email_template::{self, RenderRequest};
use kith_entities::message::MESSAGE;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::actor::Acting;
use crate::answer::{Answer, if_match};
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::records::listed;
use crate::unsubscribe;
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `GET /conversations/inbox?box=mine|unassigned|all|unread|closed`.
pub(crate) async fn inbox(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let wanted = Inbox {
        view: parameters.take("box").filter(|text| !text.is_empty()),
        pairs: parameters.0,
    };
    let list = conversation::inbox(&app.engine, &caller, wanted).await?;
    Ok(Answer::value(&list).into_response())
}

/// `GET /conversations/{id}/messages`: the latest first.
pub(crate) async fn messages(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    Parameters(pairs): Parameters,
) -> Handled {
    kith_engine::get(&app.engine, &caller, &CONVERSATION, id, &[], Deleted::With).await?;
    let field = MESSAGE
        .field("conversation_id")
        .ok_or_else(Problem::no_such_address)?;
    let input = QueryInput {
        pairs,
        filter: None,
    };
    listed(
        &app,
        &caller,
        &MESSAGE,
        input,
        Filter::equal(field, Value::Uuid(id)),
    )
    .await
}

/// `POST /conversations/{id}/messages`.
pub(crate) async fn send(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: NewMessage = request.json()?;
    let (shared, engine, who, wanted) = (&app, &app.engine, &caller, &wanted);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let leaving =
                |email: &str| unsubscribe::link(shared, who.principal.organization_id, email, None);
            let made = conversation::send(engine, &tx, who, id, wanted.clone(), &leaving).await?;
            Ok((tx, Answer::created(&MESSAGE, made)))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `POST /conversations/{id}/close`.
pub(crate) async fn close(
    state: State<App>,
    acting: Acting,
    id: IdPath,
    request: Request<Body>,
) -> Handled {
    change(state, acting, id, request, |_| {
        Ok(json!({"status": "closed"}))
    })
    .await
}

/// `POST /conversations/{id}/reopen`.
pub(crate) async fn reopen(
    state: State<App>,
    acting: Acting,
    id: IdPath,
    request: Request<Body>,
) -> Handled {
    change(state, acting, id, request, |_| {
        Ok(json!({"status": "active"}))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignBody {
    /// Nobody when null.
    user_id: Option<Json>,
}

/// `POST /conversations/{id}/assign {user_id}`.
pub(crate) async fn assign(
    state: State<App>,
    acting: Acting,
    id: IdPath,
    request: Request<Body>,
) -> Handled {
    change(state, acting, id, request, |request| {
        let body: AssignBody = request.json()?;
        Ok(json!({"assigned_to_id": body.user_id}))
    })
    .await
}

async fn change(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
    body: fn(&Whole) -> Result<Json, Problem>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let updates = [Update {
        id,
        body: body(&request)?,
        version: if_match(&request.headers)?,
    }];
    let (engine, who, updates) = (&app.engine, &caller, &updates);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let changed = kith_engine::update(engine, &tx, who, &CONVERSATION, updates)
                .await?
                .pop();
            Ok((tx, Answer::record(changed.ok_or(EngineError::NotFound)?)))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `POST /conversations/{id}/read`: the caller has read it to its end.
pub(crate) async fn read(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    Whole::read(request, JSON_LIMIT).await?;
    let who = &caller;
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        conversation::mark_read(&tx, who, id).await?;
        Ok((tx, Answer::nothing()))
    })
    .await?;
    Ok(answer.into_response())
}

/// `POST /email-templates/{id}/render`.
pub(crate) async fn render(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let wanted: RenderRequest = if request.bytes.is_empty() {
        RenderRequest::default()
    } else {
        request.json()?
    };
    let leaving =
        |email: &str| unsubscribe::link(&app, caller.principal.organization_id, email, None);
    let rendered = email_template::render_for(&app.engine, &caller, id, &wanted, &leaving).await?;
    Ok(Answer::value(&json!(rendered)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretsBody {
    secrets: Map<String, Json>,
}

/// `PUT /channel-accounts/{id}/secrets {secrets}`: these and no others. They are sealed here and never come back.
pub(crate) async fn set_secrets(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let SecretsBody { secrets } = request.json()?;
    channel_account::check_secrets(&secrets)?;
    let names: Vec<String> = secrets.keys().cloned().collect();
    let plain = Json::Object(secrets).to_string();
    // For this account alone: moved to another's row they do not open.
    let sealed = app.sessions.vault().seal(id, plain.as_bytes())?;
    let (who, sealed, names) = (&caller, &sealed, &names);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        channel_account::keep_secrets(&tx, who, id, sealed.clone(), names).await?;
        Ok((tx, Answer::nothing()))
    })
    .await?;
    Ok(answer.into_response())
}
