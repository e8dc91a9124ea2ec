//! Files in pieces that survive a broken line, in the manner of tus: begin, send pieces from where it stands, ask where
//! it stands. The piece that completes the file makes the document.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, EngineError};
use kith_entities::document::{self, Attachment, NewUpload, Part, Upload};
use kith_store::Tx;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::documents::{or_give_up, receive, storage_trouble, too_large};
use crate::error::Problem;
use crate::path::IdPath;
use crate::write::write;

type Handled = Result<Response, Problem>;

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const PIECE_TYPE: &str = "application/offset+octet-stream";
/// Pieces that one upload may have: they are put together again one by one.
const MOST_PIECES: usize = 20_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UploadBody {
    subject_type: Option<String>,
    subject_id: Option<Uuid>,
    document_id: Option<Uuid>,
    file_name: String,
    file_size: u64,
    description: Option<String>,
}

/// `POST /documents/uploads`.
pub(crate) async fn begin(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let body: UploadBody = Whole::read(request, JSON_LIMIT).await?.json()?;
    if body.file_size > app.settings.upload_limit {
        return Err(too_large(app.settings.upload_limit));
    }
    if body
        .description
        .as_ref()
        .is_some_and(|text| text.chars().count() > 5000)
    {
        let fault = Fault::new("too_long", "is longer than 5000 characters").at("description");
        return Err(Problem::invalid(vec![fault]));
    }
    let (subject_type, subject_id) = subject(&app, &caller, &body).await?;
    let wanted = NewUpload {
        to: Attachment {
            subject_type,
            subject_id,
            file_name: document::file_name(&body.file_name),
            description: body.description.filter(|text| !text.is_empty()),
        },
        document_id: body.document_id,
        file_size: body.file_size,
    };
    let now = (app.clock)();
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let quota = app.settings.storage_quota;
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let left = document::storage_left(&tx, quota).await?;
        if left.is_some_and(|left| wanted.file_size > left) {
            return Err(EngineError::Conflict {
                field: Some("file_size".to_owned()),
                message: "The organization's storage is full. Remove documents that nobody needs, or ask the operator for more.".to_owned(),
            });
        }
        let upload = document::new_upload(engine, &tx, who, wanted, now).await?;
        let location = Some(format!("/api/v1/documents/uploads/{}", upload.id));
        let shown = json!({"id": upload.id, "file_name": upload.to.file_name, "file_size": upload.file_size, "received": 0, "expires_at": upload.expires_at});
        Ok((tx, Answer { status: StatusCode::CREATED, location, ..Answer::value(&shown) }))
    })
    .await?;
    let mut response = answer.into_response();
    number(&mut response, OFFSET, 0);
    Ok(response)
}

/// What the file is to be about: what is said, or what the document is about whose new version it is.
async fn subject(app: &App, caller: &Caller, body: &UploadBody) -> Result<(String, Uuid), Problem> {
    let required =
        |name: &str| Problem::invalid(vec![Fault::new("required", "is required").at(name)]);
    let Some(document) = body.document_id else {
        let subject_type = body
            .subject_type
            .clone()
            .ok_or_else(|| required("subject_type"))?;
        let subject_id = body.subject_id.ok_or_else(|| required("subject_id"))?;
        return Ok((subject_type, subject_id));
    };
    let record = kith_engine::get(
        &app.engine,
        caller,
        &document::DOCUMENT,
        document,
        &[],
        kith_engine::Deleted::No,
    )
    .await?;
    let record: serde_json::Value = serde_json::from_slice(&record.json).unwrap_or_default();
    let text = |name: &str| record.get(name).and_then(serde_json::Value::as_str);
    let subject = text("subject_id").and_then(|id| id.parse().ok());
    match (text("subject_type"), subject) {
        (Some(kind), Some(id)) => Ok((kind.to_owned(), id)),
        _ => Err(Problem::not_found()),
    }
}

/// `HEAD /documents/uploads/{id}` (and GET): where it stands.
pub(crate) async fn state(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let upload = find(&app, &caller, id).await?;
    let shown = json!({"id": upload.id, "file_name": upload.to.file_name, "file_size": upload.file_size, "received": upload.received, "expires_at": upload.expires_at});
    let mut response = Answer::value(&shown).into_response();
    number(&mut response, OFFSET, upload.received);
    number(&mut response, LENGTH, upload.file_size);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `DELETE /documents/uploads/{id}`.
pub(crate) async fn end(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        if !document::end_upload(&tx, id).await? {
            return Err(EngineError::NotFound);
        }
        Ok((tx, Answer::nothing()))
    })
    .await?;
    Ok(answer.into_response())
}

/// `PATCH /documents/uploads/{id}`: a piece. 204 with the new offset; 201 with the document when it is complete.
pub(crate) async fn piece(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let (parts, body) = request.into_parts();
    let text = |name: HeaderName| {
        let value = parts.headers.get(name);
        value.and_then(|value| value.to_str().ok())
    };
    if text(CONTENT_TYPE) != Some(PIECE_TYPE) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            format!("send a piece as {PIECE_TYPE}"),
        ));
    }
    let offset = offset(&parts.headers)?;
    let upload = find(&app, &caller, id).await?;
    if offset != upload.received {
        return Ok(out_of_place(upload.received));
    }
    let room = upload.file_size - upload.received;
    let pieces = body.into_data_stream().map_err(|error| {
        Problem::malformed("the piece ended before it was complete").log(error.to_string())
    });
    let received = if room > 0 {
        // By itself: when the line breaks, whoever serves it goes, and what has arrived must still be kept.
        let taking = take(
            app.clone(),
            caller.clone(),
            upload.clone(),
            room,
            pieces.boxed(),
        );
        let taken = tokio::spawn(taking).await;
        taken.map_err(|error| Problem::internal(format!("a piece was not taken: {error}")))??
    } else {
        upload.received
    };
    if received < upload.file_size {
        let mut response = StatusCode::NO_CONTENT.into_response();
        number(&mut response, OFFSET, received);
        return Ok(response);
    }
    let mut response = complete(&app, &caller, &upload).await?;
    number(&mut response, OFFSET, received);
    Ok(response)
}

/// Takes a piece, or what of it arrives. Answers what has been received then.
async fn take(
    app: App,
    caller: Caller,
    upload: Upload,
    room: u64,
    pieces: BoxStream<'static, Result<Bytes, Problem>>,
) -> Result<u64, Problem> {
    let arrived = receive(&app, &caller, "part", room, true, pieces).await?;
    if arrived.received.size > 0 {
        return keep(&app, &caller, &upload, arrived.received.size, arrived.id).await;
    }
    crate::documents::give_up(&app, &caller, arrived.id).await;
    Ok(upload.received)
}

async fn keep(
    app: &App,
    caller: &Caller,
    upload: &Upload,
    size: u64,
    file: Uuid,
) -> Result<u64, Problem> {
    let (id, begins) = (upload.id, upload.received);
    let answer = write(app, caller, None, Problem::from, move |tx| async move {
        let received = document::add_part(&tx, id, begins, size, file).await?;
        Ok((tx, Answer::value(&json!(received))))
    })
    .await?;
    match serde_json::from_slice(&answer.body) {
        Ok(Some(received)) => Ok(received),
        _ => {
            crate::documents::give_up(app, caller, file).await;
            Err(EngineError::Conflict {
                field: None,
                message:
                    "another piece came first; ask where the upload stands and go on from there"
                        .to_owned(),
            }
            .into())
        }
    }
}

/// Puts the pieces together and makes the document.
async fn complete(app: &App, caller: &Caller, upload: &Upload) -> Handled {
    let tx = Tx::begin(&app.engine.database, &caller.principal, &caller.origin)
        .await
        .map_err(EngineError::from)?;
    let parts: Vec<Part> = document::parts(&tx, upload.id).await?;
    drop(tx);
    if parts.len() > MOST_PIECES {
        return Err(Problem::malformed(
            "the upload has too many pieces; send larger ones",
        ));
    }
    let storage = app.storage()?.clone();
    let organization = caller.principal.organization_id;
    let pieces = futures_util::stream::iter(parts)
        .then(move |part| {
            let storage = storage.clone();
            async move { storage.read(organization, part.storage_key, None).await }
        })
        .try_flatten()
        .map_err(|error| storage_trouble(&error));
    let arrived = receive(
        app,
        caller,
        "content",
        app.settings.upload_limit,
        false,
        pieces.boxed(),
    )
    .await?;
    let (engine, file, upload) = (&app.engine, arrived.id, upload);
    let made = write(app, caller, None, Problem::from, move |tx| async move {
        if !document::end_upload(&tx, upload.id).await? {
            return Err(EngineError::Conflict {
                field: None,
                message: "the upload was completed already".to_owned(),
            });
        }
        let record = match upload.document_id {
            None => document::attach(engine, &tx, caller, &upload.to, file).await?,
            Some(id) => {
                document::add_version(engine, &tx, caller, id, &upload.to.file_name, file).await?
            }
        };
        Ok((tx, Answer::created(&document::DOCUMENT, record)))
    })
    .await;
    or_give_up(app, caller, file, made).await
}

async fn find(app: &App, caller: &Caller, id: Uuid) -> Result<Upload, Problem> {
    let tx = Tx::begin(&app.engine.database, &caller.principal, &caller.origin)
        .await
        .map_err(EngineError::from)?;
    Ok(document::upload(&tx, id, (app.clock)()).await?)
}

fn offset(headers: &HeaderMap) -> Result<u64, Problem> {
    headers
        .get(OFFSET)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .ok_or_else(|| {
            Problem::malformed("Upload-Offset must say where the piece begins, in bytes")
        })
}

/// 409 with where the upload stands.
fn out_of_place(received: u64) -> Response {
    let problem: Problem = EngineError::Conflict {
        field: None,
        message: format!("the upload stands at {received}; send what follows"),
    }
    .into();
    let mut response = problem.into_response();
    number(&mut response, OFFSET, received);
    response
}

fn number(response: &mut Response, name: HeaderName, value: u64) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from(value));
}
