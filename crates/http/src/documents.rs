//! Documents over HTTP: sent in one piece as a form, read with ranges, linked for others. Sending in pieces is
//! `uploads`; what any of it means is the entity's.

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, Request, StatusCode};
use jiff::SignedDuration;
use kith_auth::OpaqueToken;
use kith_catalogue::fault::Fault;
use kith_channels::storage::{Received, StorageError};
use kith_engine::{Caller, EngineError};
use kith_entities::document::{self, Attachment};
use kith_store::Tx;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

use crate::account::once;
use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{ChildPath, IdPath, Parameters};
use crate::serving;
use crate::write::write;

type Handled = Result<Response, Problem>;

/// The longest that sending a file may take. The sweeper gives a file up a day after its announcement: whoever is
/// still writing then must have been stopped.
const LONGEST: Duration = Duration::from_hours(12);
/// Bytes of a form's small parts.
const SMALL: usize = 20_000;
/// Seconds for which a link is good: at least, at most, and when nobody says.
const LINK_SECONDS: std::ops::RangeInclusive<i64> = 60..=90 * 86_400;
const LINK_USUALLY: i64 = 7 * 86_400;

/// A file that arrived and has been counted; not yet a document's.
pub(crate) struct Arrived {
    pub(crate) id: Uuid,
    pub(crate) received: Received,
}

pub(crate) fn storage_trouble(error: &StorageError) -> Problem {
    match error {
        StorageError::Missing => {
            Problem::internal("a file that should be there is missing in the storage")
        }
        StorageError::Trouble(text) => Problem::unavailable(
            "storage_unavailable",
            "the storage of files does not answer; try again in a moment",
        )
        .log(text.clone()),
    }
}

/// Moves a stream into the storage, in constant memory, and counts it. With `keep_part` what arrived before the
/// sender's line broke is kept.
pub(crate) async fn receive(
    app: &App,
    caller: &Caller,
    purpose: &'static str,
    at_most: u64,
    keep_part: bool,
    pieces: impl Stream<Item = Result<Bytes, Problem>>,
) -> Result<Arrived, Problem> {
    let now = (app.clock)();
    let tx = Tx::begin(&app.engine.database, &caller.principal, &caller.origin)
        .await
        .map_err(EngineError::from)?;
    let id = document::begin_file(&tx, purpose, now).await?;
    let left = document::storage_left(&tx, app.settings.storage_quota).await?;
    tx.commit().await.map_err(EngineError::from)?;
    let organization = caller.principal.organization_id;
    let moving = move_into(app, organization, id, at_most, left, keep_part, pieces);
    let outcome = match tokio::time::timeout(LONGEST, moving).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "sending the file took too long",
        )),
    };
    let outcome = match outcome {
        Ok(received) => count(app, caller, id, &received).await.map(|()| received),
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(received) => Ok(Arrived { id, received }),
        Err(problem) => {
            give_up(app, caller, id).await;
            Err(problem)
        }
    }
}

async fn move_into(
    app: &App,
    organization: Uuid,
    id: Uuid,
    at_most: u64,
    left: Option<u64>,
    keep_part: bool,
    pieces: impl Stream<Item = Result<Bytes, Problem>>,
) -> Result<Received, Problem> {
    let storage = app.storage()?;
    let mut target = storage
        .begin(organization, id)
        .await
        .map_err(|error| storage_trouble(&error))?;
    let mut pieces = std::pin::pin!(pieces);
    while let Some(piece) = pieces.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(problem) if keep_part && target.size() > 0 => {
                tracing::debug!(?problem, "a piece of an upload ended early");
                break;
            }
            Err(problem) => {
                target.abort().await;
                return Err(problem);
            }
        };
        let size = target.size() + piece.len() as u64;
        let refusal = if size > at_most {
            Some(too_large(at_most))
        } else if left.is_some_and(|left| size > left) {
            Some(full())
        } else {
            None
        };
        if let Some(problem) = refusal {
            target.abort().await;
            return Err(problem);
        }
        target
            .write(piece)
            .await
            .map_err(|error| storage_trouble(&error))?;
    }
    target
        .finish()
        .await
        .map_err(|error| storage_trouble(&error))
}

async fn count(app: &App, caller: &Caller, id: Uuid, received: &Received) -> Result<(), Problem> {
    let quota = app.settings.storage_quota;
    write(app, caller, None, Problem::from, move |tx| async move {
        document::finish_file(
            &tx,
            id,
            received.size,
            received.checksum.clone(),
            received.mime_type,
            quota,
        )
        .await?;
        Ok((tx, Answer::nothing()))
    })
    .await
    .map(drop)
}

/// Has a file removed that became nothing. When even that fails, the sweeper finds it.
pub(crate) async fn give_up(app: &App, caller: &Caller, id: Uuid) {
    let dropped = write(app, caller, None, Problem::from, move |tx| async move {
        document::drop_file(&tx, id).await?;
        Ok((tx, Answer::nothing()))
    });
    if let Err(problem) = dropped.await {
        tracing::warn!(?problem, file = %id, "a file could not be given up; it is swept away within a day");
    }
}

pub(crate) fn too_large(at_most: u64) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("the file is larger than {at_most} bytes, the most that is taken here"),
    )
}

fn full() -> Problem {
    EngineError::Conflict {
        field: Some("file".to_owned()),
        message: "The organization's storage is full. Remove documents that nobody needs, or ask the operator for more."
            .to_owned(),
    }
    .into()
}

/// `POST /{entity}/{id}/documents`: a form with the file as its part `file`.
pub(crate) async fn attach(
    State(app): State<App>,
    Acting(caller): Acting,
    ChildPath(entity, id, _): ChildPath,
    request: Request<Body>,
) -> Handled {
    if !entity
        .children
        .iter()
        .any(|child| child.name == "documents")
    {
        return Err(Problem::no_such_address());
    }
    // Before the first byte: nobody should send a gigabyte to be told no.
    kith_engine::get(
        &app.engine,
        &caller,
        entity,
        id,
        &[],
        kith_engine::Deleted::No,
    )
    .await?;
    caller.require(&document::DOCUMENT, kith_catalogue::access::Action::Create)?;
    let (arrived, name, description) = form(&app, &caller, request).await?;
    let to = Attachment {
        subject_type: entity.name.to_owned(),
        subject_id: id,
        file_name: name,
        description,
    };
    let (engine, who, to, file) = (&app.engine, &caller, &to, arrived.id);
    let made = write(&app, &caller, None, Problem::from, move |tx| async move {
        let record = document::attach(engine, &tx, who, to, file).await?;
        Ok((tx, Answer::created(&document::DOCUMENT, record)))
    })
    .await;
    or_give_up(&app, &caller, file, made).await
}

/// `POST /documents/{id}/versions`: a new file in the place of the newest.
pub(crate) async fn add_version(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    document::open(&app.engine, &caller, id, None).await?;
    caller.require(&document::DOCUMENT, kith_catalogue::access::Action::Update)?;
    let (arrived, name, _) = form(&app, &caller, request).await?;
    let (engine, who, name, file) = (&app.engine, &caller, &name, arrived.id);
    let made = write(&app, &caller, None, Problem::from, move |tx| async move {
        let record = document::add_version(engine, &tx, who, id, name, file).await?;
        Ok((tx, Answer::created(&document::DOCUMENT, record)))
    })
    .await;
    or_give_up(&app, &caller, file, made).await
}

pub(crate) async fn or_give_up(
    app: &App,
    caller: &Caller,
    file: Uuid,
    made: Result<Answer, Problem>,
) -> Handled {
    match made {
        Ok(answer) => Ok(answer.into_response()),
        Err(problem) => {
            give_up(app, caller, file).await;
            Err(problem)
        }
    }
}

/// Reads a form: `file`, and perhaps `description`, in any order.
async fn form(
    app: &App,
    caller: &Caller,
    request: Request<Body>,
) -> Result<(Arrived, String, Option<String>), Problem> {
    let mut form = Multipart::from_request(request, app)
        .await
        .map_err(|rejection| {
            Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send a form as multipart/form-data, with the file as its part \"file\"",
            )
            .log(rejection.to_string())
        })?;
    let mut arrived: Option<(Arrived, String)> = None;
    let mut description = None;
    let outcome = loop {
        let part = match form.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => break Ok(()),
            Err(error) => {
                break Err(Problem::malformed("the form cannot be read").log(error.to_string()));
            }
        };
        match part.name() {
            Some("file") if arrived.is_none() => {
                let name = document::file_name(part.file_name().unwrap_or_default());
                let pieces = part.map(|piece| {
                    piece.map_err(|error| {
                        Problem::malformed("the file ended before it was complete")
                            .log(error.to_string())
                    })
                });
                let limit = app.settings.upload_limit;
                match receive(app, caller, "content", limit, false, pieces).await {
                    Ok(file) => arrived = Some((file, name)),
                    Err(problem) => break Err(problem),
                }
            }
            Some("description") if description.is_none() => match part.bytes().await {
                Ok(text) if text.len() <= SMALL => {
                    let text = String::from_utf8_lossy(&text).replace('\0', " ");
                    description = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                }
                Ok(_) => {
                    break Err(Problem::invalid(vec![
                        Fault::new("too_long", "is longer than 5000 characters").at("description"),
                    ]));
                }
                Err(error) => {
                    break Err(Problem::malformed("the form cannot be read").log(error.to_string()));
                }
            },
            name => {
                let fault = Fault::new(
                    "unknown_field",
                    "is not a part of this form, or is there twice",
                );
                break Err(Problem::invalid(vec![fault.at(name.unwrap_or_default())]));
            }
        }
    };
    let outcome = outcome.and_then(|()| {
        if description
            .as_ref()
            .is_some_and(|text: &String| text.chars().count() > 5000)
        {
            return Err(Problem::invalid(vec![
                Fault::new("too_long", "is longer than 5000 characters").at("description"),
            ]));
        }
        Ok(())
    });
    match (outcome, arrived) {
        (Ok(()), Some((file, name))) => Ok((file, name, description)),
        (Ok(()), None) => Err(Problem::invalid(vec![
            Fault::new("required", "is required: the file").at("file"),
        ])),
        (Err(problem), arrived) => {
            if let Some((file, _)) = arrived {
                give_up(app, caller, file.id).await;
            }
            Err(problem)
        }
    }
}

/// `GET /documents/{id}/content`.
pub(crate) async fn content(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    mut parameters: Parameters,
    headers: HeaderMap,
) -> Handled {
    let revision = match parameters.take("revision") {
        None => None,
        Some(text) => Some(text.parse::<i32>().map_err(|_| {
            let fault = Fault::new("not_a_number", "must be a whole number").at("revision");
            Problem::from(EngineError::BadQuery(vec![fault]))
        })?),
    };
    parameters.finish()?;
    let file = document::open(&app.engine, &caller, id, revision).await?;
    serving::file(&app, &file, &headers).await
}

/// `GET /documents/{id}/thumbnail`.
pub(crate) async fn thumbnail(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    headers: HeaderMap,
) -> Handled {
    let (organization, key) = document::open_thumbnail(&app.engine, &caller, id).await?;
    serving::thumbnail(&app, organization, key, &headers).await
}

/// `GET /documents/{id}/versions`.
pub(crate) async fn versions(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let versions = document::versions(&app.engine, &caller, id).await?;
    Ok(Answer::value(&json!({"data": versions})).into_response())
}

/// `POST /documents/{id}/purge`: for good, with every version.
pub(crate) async fn purge(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let who = &caller;
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        document::purge(&tx, who, id).await?;
        Ok((tx, Answer::nothing()))
    })
    .await?;
    Ok(answer.into_response())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    expires_in: Option<i64>,
    revision: Option<i32>,
}

/// `POST /documents/{id}/link`: an address that anybody may open for a while.
pub(crate) async fn link(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let body: LinkBody = if request.bytes.is_empty() {
        LinkBody::default()
    } else {
        request.json()?
    };
    let seconds = body.expires_in.unwrap_or(LINK_USUALLY);
    let out_of_range = || {
        Problem::invalid(vec![
            Fault::new(
                "out_of_range",
                format!(
                    "must be from {} to {} seconds",
                    LINK_SECONDS.start(),
                    LINK_SECONDS.end()
                ),
            )
            .at("expires_in"),
        ])
    };
    if !LINK_SECONDS.contains(&seconds) {
        return Err(out_of_range());
    }
    let expires = (app.clock)()
        .checked_add(SignedDuration::from_secs(seconds))
        .map_err(|_| out_of_range())?;
    let token = OpaqueToken::generate().map_err(|error| Problem::internal(error.to_string()))?;
    let (who, hash) = (&caller, &token.hash());
    let link = write(&app, &caller, None, Problem::from, move |tx| async move {
        let link = document::make_link(&tx, who, id, body.revision, hash.clone(), expires).await?;
        Ok((
            tx,
            Answer::value(&json!({"id": link.id, "expires_at": link.expires_at})),
        ))
    })
    .await?;
    let mut shown: serde_json::Value = serde_json::from_slice(&link.body).unwrap_or_default();
    let base = app.settings.public_url.as_deref().unwrap_or_default();
    if let Some(members) = shown.as_object_mut() {
        members.insert(
            "url".to_owned(),
            json!(format!("{base}/d/{}", token.as_str())),
        );
    }
    Ok(once(StatusCode::CREATED, &shown))
}

/// `DELETE /documents/{id}/links/{link}`.
pub(crate) async fn revoke_link(
    State(app): State<App>,
    Acting(caller): Acting,
    Path(segments): Path<Vec<(String, String)>>,
) -> Handled {
    let named = |name: &str| {
        let found = segments.iter().find(|(key, _)| key == name);
        found.and_then(|(_, value)| value.parse::<Uuid>().ok())
    };
    let (Some(id), Some(link)) = (named("id"), named("link")) else {
        return Err(Problem::not_found());
    };
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        document::revoke_link(&tx, id, link).await?;
        Ok((tx, Answer::nothing()))
    })
    .await?;
    Ok(answer.into_response())
}

/// `GET /d/{token}`: for anybody who has the address.
pub(crate) async fn open_link(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Handled {
    let hash = OpaqueToken::parse(&token)
        .ok_or_else(Problem::not_found)?
        .hash();
    let file = document::open_link(&app.engine.database, hash, (app.clock)()).await?;
    serving::file(&app, &file, &headers).await
}
