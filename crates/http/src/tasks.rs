//! What is special about tasks: one's own, by day, and ticking them off.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, EngineError, Update};
use kith_entities::task::{self, MyTasks, Place};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::{Answer, if_match};
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::write::write;

type Handled = Result<Response, Problem>;

/// `GET /tasks/my-tasks`.
pub(crate) async fn my_tasks(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let bad = |field: &str, message: &str| {
        let fault = Fault::new("out_of_range", message).at(field);
        Problem::from(EngineError::BadQuery(vec![fault]))
    };
    let completed_today = match parameters.take("completed").as_deref() {
        None | Some("") => false,
        Some("today") => true,
        Some(_) => return Err(bad("completed", "must be today")),
    };
    let offset = match parameters.take("offset") {
        None => 0,
        Some(text) => text
            .parse()
            .ok()
            .filter(|offset| *offset <= 1_000_000)
            .ok_or_else(|| bad("offset", "must be a whole number from 0 to 1000000"))?,
    };
    let wanted = MyTasks {
        bucket: parameters.take("bucket").filter(|text| !text.is_empty()),
        completed_today,
        limit: parameters.take_number("limit", 200, 200)?,
        offset,
    };
    parameters.finish()?;
    let tasks = task::my_tasks(&app.engine, &caller, &wanted).await?;
    Ok(Answer::value(&tasks).into_response())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompleteBody {
    /// `complete`: what is open below is completed with it.
    #[serde(default)]
    subtasks: Option<String>,
}

/// `PUT /tasks/{id}/complete`. With `{"subtasks": "complete"}`, together with what is open below.
pub(crate) async fn complete(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let body: CompleteBody = if request.bytes.is_empty() {
        CompleteBody::default()
    } else {
        request.json()?
    };
    match body.subtasks.as_deref() {
        None => set_status(&app, &caller, id, &request, "completed").await,
        Some("complete") => {
            let version = if_match(&request.headers)?;
            let (engine, who) = (&app.engine, &caller);
            let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
                let done = task::complete_with_subtasks(engine, &tx, who, id, version).await?;
                Ok((tx, Answer::record(done)))
            })
            .await?;
            Ok(answer.into_response())
        }
        Some(_) => {
            let fault = Fault::new("not_a_choice", "must be complete").at("subtasks");
            Err(Problem::invalid(vec![fault]))
        }
    }
}

/// `PUT /tasks/{id}/position`.
pub(crate) async fn position(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let place: Place = Whole::read(request, JSON_LIMIT).await?.json()?;
    let (engine, who, place) = (&app.engine, &caller, &place);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let placed = task::place(engine, &tx, who, id, place).await?;
        Ok((tx, Answer::record(placed)))
    })
    .await?;
    Ok(answer.into_response())
}

/// `PUT /tasks/{id}/reopen`.
pub(crate) async fn reopen(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    set_status(&app, &caller, id, &request, "todo").await
}

async fn set_status(
    app: &App,
    caller: &Caller,
    id: Uuid,
    request: &Whole,
    status: &str,
) -> Handled {
    let updates = [Update {
        id,
        body: json!({"status": status}),
        version: if_match(&request.headers)?,
    }];
    let (engine, who, updates) = (&app.engine, caller, &updates);
    let answer = write(app, caller, None, Problem::from, move |tx| async move {
        let changed = kith_engine::update(engine, &tx, who, &task::TASK, updates)
            .await?
            .pop();
        Ok((tx, Answer::record(changed.ok_or(EngineError::NotFound)?)))
    })
    .await?;
    Ok(answer.into_response())
}
