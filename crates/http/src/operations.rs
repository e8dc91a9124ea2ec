//! The named operations: what is special about boards, stages, the organization and the feed of events.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_catalogue::fault::Fault;
use kith_engine::{EngineError, ListQuery, Position, QueryInput};
use kith_entities::staged::{self, StageMove};
use kith_entities::{organization, stage};
use kith_store::StoreError;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::{Answer, if_match};
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{EntityPath, IdPath, Parameters, RecordPath};
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageBody {
    stage: Option<String>,
    lost_reason: Option<String>,
    before: Option<Uuid>,
    after: Option<Uuid>,
}

/// `PUT /{entity}/{id}/stage`, for what is worked through stages.
pub(crate) async fn move_stage(
    State(app): State<App>,
    Acting(caller): Acting,
    RecordPath(entity, id): RecordPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let body: StageBody = request.json()?;
    let wanted = StageMove {
        stage: body.stage,
        lost_reason: body.lost_reason,
        before: body.before,
        after: body.after,
        version: if_match(&request.headers)?,
    };
    staged::of(entity).ok_or_else(Problem::no_such_address)?;
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let moved = staged::move_stage(engine, &tx, who, entity, id, wanted).await?;
        Ok((tx, Answer::record(moved)))
    })
    .await?;
    Ok(answer.into_response())
}

/// `GET /{entity}/pipeline`: the board's totals, for the records that the parameters select.
pub(crate) async fn pipeline(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    mut parameters: Parameters,
) -> Handled {
    let staged = staged::of(entity).ok_or_else(Problem::no_such_address)?;
    let chosen = match parameters
        .take("pipeline_id")
        .filter(|text| !text.is_empty())
    {
        None => None,
        Some(text) => Some(text.parse::<Uuid>().map_err(|_| {
            let fault = Fault::new("not_an_id", "must be the id of a pipeline").at("pipeline_id");
            Problem::from(EngineError::BadQuery(vec![fault]))
        })?),
    };
    let query = ListQuery::parse(
        app.engine.catalogue,
        entity,
        &caller,
        QueryInput {
            pairs: parameters.0,
            filter: None,
        },
    )?;
    let totals = staged::pipeline(&app.engine, &caller, staged, chosen, &query).await?;
    Ok(Answer::value(&totals).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeBody {
    into: Uuid,
}

/// `POST /stages/{id}/merge {into}`: its deals go to the other stage, and it goes.
pub(crate) async fn merge_stage(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let MergeBody { into } = request.json()?;
    let (engine, who) = (&app.engine, &caller);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            stage::merge(engine, &tx, who, id, into).await?;
            Ok((tx, Answer::nothing()))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `GET /events?after=&limit=`: what happened after a position, in order.
pub(crate) async fn events(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let limit = parameters.take_number("limit", 1_000, 100)?;
    let after = match parameters.take("after") {
        None => Position::BEGINNING,
        Some(text) => text.parse::<Position>().map_err(|_| {
            let fault = Fault::new(
                "not_a_position",
                "must be a position that this feed gave out",
            )
            .at("after");
            Problem::from(EngineError::BadQuery(vec![fault]))
        })?,
    };
    parameters.finish()?;
    let page = kith_engine::events(&app.engine, &caller, after, limit).await?;
    Ok(Answer::value(
        &json!({"data": page.data, "page": {"next_after": page.next_after.to_string()}}),
    )
    .into_response())
}

/// `GET /organization`.
pub(crate) async fn organization(State(app): State<App>, Acting(caller): Acting) -> Handled {
    let shown = organization::get(&app.engine, &caller).await?;
    Ok(organization_answer(&shown).into_response())
}

/// `PATCH /organization`.
pub(crate) async fn change_organization(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let body: Json = request.json()?;
    let version = if_match(&request.headers)?;
    let (who, body) = (&caller, &body);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let changed = organization::update(&tx, who, body).await?;
        // The change raised the version by one; had it been another than the caller read, it is taken back.
        let now = changed.get("version").and_then(Json::as_i64);
        if version.is_some_and(|version| now != version.checked_add(1)) {
            return Err(EngineError::Stale {
                conflicts: Vec::new(),
                current: Json::Null,
            });
        }
        Ok((tx, organization_answer(&changed)))
    })
    .await?;
    app.sessions
        .actors()
        .invalidate(caller.principal.organization_id);
    Ok(answer.into_response())
}

fn organization_answer(shown: &Json) -> Answer {
    let etag = shown
        .get("version")
        .and_then(Json::as_i64)
        .and_then(crate::answer::etag);
    Answer {
        etag,
        ..Answer::value(shown)
    }
}

/// `GET /health/live`: the program runs.
pub(crate) async fn live() -> &'static str {
    "ok"
}

/// `GET /health/ready`: the program can answer requests, which takes the database.
pub(crate) async fn ready(State(app): State<App>) -> Handled {
    let waited = tokio::time::timeout(
        std::time::Duration::from_secs(5),
        app.engine.database.ping(),
    )
    .await;
    match waited {
        Ok(Ok(())) => Ok("ok".into_response()),
        Ok(Err(error)) => Err(Problem::from(error)),
        Err(_) => Err(Problem::from(StoreError::Unavailable {
            detail: "no answer within 5 s".to_owned(),
        })),
    }
}
