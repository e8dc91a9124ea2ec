//! What one is told, and what one wants to hear of.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_catalogue::fault::Fault;
use kith_engine::EngineError;
use kith_entities::notification::{self, PreferenceChange, Wanted};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::write::write;

type Handled = Result<Response, Problem>;

/// `GET /notifications`.
pub(crate) async fn list(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let unread_only = match parameters.take("unread").as_deref() {
        None | Some("" | "false") => false,
        Some("true") => true,
        Some(_) => {
            let fault = Fault::new("not_a_boolean", "must be true or false").at("unread");
            return Err(EngineError::BadQuery(vec![fault]).into());
        }
    };
    let wanted = Wanted {
        unread_only,
        kind: parameters.take("kind").filter(|text| !text.is_empty()),
        limit: parameters.take_number("limit", 200, 50)?,
        cursor: parameters.take("cursor").filter(|text| !text.is_empty()),
    };
    parameters.finish()?;
    let page = notification::notifications(&app.engine, &caller, &wanted).await?;
    Ok(Answer::of(&page).into_response())
}

/// `PUT /notifications/{id}/read`.
pub(crate) async fn read(state: State<App>, acting: Acting, IdPath(id): IdPath) -> Handled {
    mark(state, acting, id, true).await
}

/// `PUT /notifications/{id}/unread`.
pub(crate) async fn unread(state: State<App>, acting: Acting, IdPath(id): IdPath) -> Handled {
    mark(state, acting, id, false).await
}

async fn mark(State(app): State<App>, Acting(caller): Acting, id: Uuid, is_read: bool) -> Handled {
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let marked = notification::mark(&tx, id, is_read).await?;
        Ok((tx, Answer::of(&marked)))
    })
    .await?;
    Ok(answer.into_response())
}

/// `PUT /notifications/read-all`.
pub(crate) async fn read_all(State(app): State<App>, Acting(caller): Acting) -> Handled {
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let marked = notification::mark_all_read(&tx).await?;
        Ok((tx, Answer::value(&json!({"marked": marked}))))
    })
    .await?;
    Ok(answer.into_response())
}

/// `GET /notifications/preferences`.
pub(crate) async fn preferences(State(app): State<App>, Acting(caller): Acting) -> Handled {
    let preferences = notification::preferences(&app.engine, &caller).await?;
    Ok(Answer::value(&json!({"data": preferences})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreferencesBody {
    data: Vec<PreferenceChange>,
}

/// `PUT /notifications/preferences`: kinds that are not given stay as they are.
pub(crate) async fn set_preferences(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let body: PreferencesBody = Whole::read(request, JSON_LIMIT).await?.json()?;
    let changes = &body.data;
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let now = notification::set_preferences(&tx, changes).await?;
        Ok((tx, Answer::value(&json!({"data": now}))))
    })
    .await?;
    Ok(answer.into_response())
}
