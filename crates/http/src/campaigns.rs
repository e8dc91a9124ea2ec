//! What is special about campaigns: whom they reach, and what came of it.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use kith_catalogue::filter::Filter;
use kith_catalogue::value::Value;
use kith_engine::{Deleted, QueryInput};
use kith_entities::campaign::{self, AudienceRequest, People};
use kith_entities::campaign_member::CAMPAIGN_MEMBER;
use serde_json::json;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, OfPath, Parameters};
use crate::records::listed;
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `POST /campaigns/{id}/contacts` (001): adds contacts and leads by id.
pub(crate) async fn add_people(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let people: People = request.json()?;
    let (engine, who, people) = (&app.engine, &caller, &people);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let added = campaign::add_people(engine, &tx, who, id, people.clone()).await?;
            Ok((
                tx,
                Answer {
                    status: StatusCode::CREATED,
                    ..Answer::value(&json!(added))
                },
            ))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `GET /campaigns/{id}/contacts` (001): the campaign's members, with the contact or the lead where that is asked for.
pub(crate) async fn people(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    Parameters(pairs): Parameters,
) -> Handled {
    kith_engine::get(
        &app.engine,
        &caller,
        &campaign::CAMPAIGN,
        id,
        &[],
        Deleted::With,
    )
    .await?;
    let field = CAMPAIGN_MEMBER
        .field("campaign_id")
        .ok_or_else(Problem::no_such_address)?;
    let input = QueryInput {
        pairs,
        filter: None,
    };
    listed(
        &app,
        &caller,
        &CAMPAIGN_MEMBER,
        input,
        Filter::equal(field, Value::Uuid(id)),
    )
    .await
}

/// `DELETE /campaigns/{id}/contacts/{contact_id}`.
pub(crate) async fn remove_contact(
    State(app): State<App>,
    Acting(caller): Acting,
    OfPath(id, contact): OfPath,
) -> Handled {
    let (engine, who) = (&app.engine, &caller);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        campaign::remove_contact(engine, &tx, who, id, contact).await?;
        Ok((tx, Answer::nothing()))
    })
    .await?;
    Ok(answer.into_response())
}

/// `POST /campaigns/{id}/members/from-audience {dry_run}`.
pub(crate) async fn from_audience(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: AudienceRequest = if request.bytes.is_empty() {
        AudienceRequest::default()
    } else {
        request.json()?
    };
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let outcome = campaign::add_from_audience(engine, &tx, who, id, wanted).await?;
            Ok((tx, Answer::value(&json!(outcome))))
        },
    )
    .await?;
    Ok(answer.into_response())
}

/// `GET /campaigns/{id}/metrics` (001).
pub(crate) async fn metrics(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    parameters.finish()?;
    let figures = campaign::metrics(&app.engine, &caller, id).await?;
    Ok(Answer::value(&figures).into_response())
}
