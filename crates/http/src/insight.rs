//! Asking: reports, dashboards, a project on one page, the cache of metrics.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_catalogue::access::Action;
use kith_engine::EngineError;
use kith_entities::report::{self, REPORT, Request as Question};
use kith_entities::{dashboard, metric};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `GET /reports/types`.
pub(crate) async fn types(Acting(caller): Acting, parameters: Parameters) -> Handled {
    parameters.finish()?;
    caller.require(&REPORT, Action::Read)?;
    Ok(Answer::value(&report::types()).into_response())
}

/// A report that is asked without being saved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    config: Option<Json>,
}

/// `POST /reports/run`.
pub(crate) async fn run(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let asked: Asked = request.json()?;
    caller.require(&REPORT, Action::Read)?;
    let config = asked.config.unwrap_or_else(|| json!({}));
    let question = Question::parse(&asked.kind, &config).map_err(EngineError::from)?;
    let answer = report::run(&app.engine, &caller, &question).await?;
    Ok(Answer::value(&answer).into_response())
}

/// `GET /reports/{id}/data`: what a saved report answers now.
pub(crate) async fn data(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    parameters.finish()?;
    let answer = report::data(&app.engine, &caller, id).await?;
    Ok(Answer::value(&answer).into_response())
}

/// `POST /reports/{id}/generate`: keeps the answer for whoever reads the report.
pub(crate) async fn generate(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let (engine, who) = (&app.engine, &caller);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let kept = report::generate(engine, &tx, who, id).await?;
            Ok((tx, Answer::value(&kept)))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `GET /dashboards/{id}/data`: every widget's answer.
pub(crate) async fn dashboard(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    parameters.finish()?;
    let answer = dashboard::data(&app.engine, &caller, id).await?;
    Ok(Answer::value(&answer).into_response())
}

/// `GET /projects/{id}/summary`.
pub(crate) async fn project_summary(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    parameters.finish()?;
    reads_projects(&app, &caller)?;
    let summary = report::summary(&app.engine, &caller, id).await?;
    Ok(Answer::value(&summary).into_response())
}

/// Refuses whoever reads no projects at all.
fn reads_projects(app: &App, caller: &kith_engine::Caller) -> Result<(), EngineError> {
    let project = app.engine.catalogue.by_name("project");
    caller.require(project.ok_or(EngineError::NotFound)?, Action::Read)?;
    Ok(())
}

/// `GET /projects/{id}/sources`: where its leads came from.
pub(crate) async fn project_sources(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    of_project(app, caller, id, parameters, "source_performance").await
}

/// `GET /projects/{id}/conversion`: how many of its leads became customers, by month.
pub(crate) async fn project_conversion(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    of_project(app, caller, id, parameters, "conversion").await
}

async fn of_project(
    app: App,
    caller: kith_engine::Caller,
    id: Uuid,
    mut parameters: Parameters,
    kind: &str,
) -> Handled {
    let mut config = Map::from_iter([("project_id".to_owned(), json!(id))]);
    for name in ["from", "to"] {
        if let Some(day) = parameters.take(name).filter(|day| !day.is_empty()) {
            config.insert(name.to_owned(), json!(day));
        }
    }
    parameters.finish()?;
    reads_projects(&app, &caller)?;
    // Whoever does not see the project is told so, not that it has no leads.
    report::summary(&app.engine, &caller, id).await?;
    let question = Question::parse(kind, &Json::Object(config))
        .map_err(|faults| EngineError::BadQuery(faults.into_vec()))?;
    let answer = report::run(&app.engine, &caller, &question).await?;
    Ok(Answer::value(&answer).into_response())
}

/// `POST /metrics/refresh`: counts what happened since the last time.
pub(crate) async fn refresh_metrics(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    caller.require(&metric::METRIC, Action::Read)?;
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let changes = metric::refresh(&tx).await?;
            Ok((tx, Answer::value(&json!({"changes": changes}))))
        },
    )
    .await?;
    Ok(answer.into_response())
}
