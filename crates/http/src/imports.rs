//! Importing files: received in pieces, kept in the data folder, and handed to the engine.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Request, StatusCode};
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::import;
use serde_json::Value as Json;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, refuse_unstorable};
use crate::error::Problem;
use crate::path::{EntityPath, IdPath, Parameters};

/// Bytes of a file.
const FILE_LIMIT: u64 = 512 * 1024 * 1024;

type Handled = Result<Response, Problem>;

/// A file on its way in; removed when dropped, unless it was handed on.
struct Upload {
    path: PathBuf,
    /// As the client calls it.
    name: String,
    kept: bool,
}

impl Upload {
    /// Hands the file on: whoever takes it removes it.
    fn keep(mut self) -> (PathBuf, String) {
        self.kept = true;
        (
            std::mem::take(&mut self.path),
            std::mem::take(&mut self.name),
        )
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is lost when it stays: the folder is emptied at every start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Empties the folder of uploads: what an earlier process left is of no use to anyone.
///
/// # Errors
/// When the folder can neither be made nor read.
pub fn clean_uploads(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "upload") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// `POST /{entity}/import`.
pub(crate) async fn start(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    request: Request<Body>,
) -> Handled {
    importable(entity)?;
    let (upload, options) = receive(&app, request).await?;
    let (path, name) = upload.keep();
    let run = import::start(app.engine.clone(), caller, entity, path, &name, options).await?;
    let id = run.get("id").and_then(Json::as_str).unwrap_or_default();
    let mut response = (StatusCode::ACCEPTED, run.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/imports/{id}")) {
        headers.insert(LOCATION, location);
    }
    Ok(response)
}

/// `POST /{entity}/import/preview`.
pub(crate) async fn preview(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    request: Request<Body>,
) -> Handled {
    importable(entity)?;
    let (upload, _) = receive(&app, request).await?;
    let shown = import::preview(
        &app.engine,
        &caller,
        entity,
        upload.path.clone(),
        &upload.name,
    )
    .await?;
    Ok(Answer::value(&shown).into_response())
}

fn importable(entity: &Entity) -> Result<(), Problem> {
    if entity.verbs.import {
        Ok(())
    } else {
        Err(Problem::no_such_address())
    }
}

/// `GET /imports`.
pub(crate) async fn list(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let limit = parameters.take_number("limit", 200, 50)?;
    let cursor = parameters.take("cursor").filter(|text| !text.is_empty());
    parameters.finish()?;
    let page = import::list(&app.engine, &caller, limit, cursor.as_deref()).await?;
    Ok(Answer::value(&page).into_response())
}

/// `GET /imports/{id}`.
pub(crate) async fn get(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    Ok(Answer::value(&import::get(&app.engine, &caller, id).await?).into_response())
}

/// `POST /imports/{id}/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    Ok(Answer::value(&import::cancel(&app.engine, &caller, id).await?).into_response())
}

/// `POST /imports/{id}/undo`: takes a finished import back. A large one may take longer than a request may: it goes on
/// when nobody waits any more, and the import tells when it is done.
pub(crate) async fn undo(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let engine = app.engine.clone();
    let undoing = tokio::spawn(async move { import::undo(&engine, &caller, id).await });
    let run = undoing
        .await
        .map_err(|error| Problem::internal(format!("undoing import {id}: {error}")))??;
    Ok(Answer::value(&run).into_response())
}

/// `GET /imports/{id}/errors`: the rows that failed, to mend and import again.
pub(crate) async fn errors(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
) -> Handled {
    let pieces = import::errors_csv(&app.engine, &caller, id).await?;
    let mut response =
        Body::from_stream(pieces.map(|piece| {
            piece.inspect_err(|error| tracing::warn!(%error, "a download ended early"))
        }))
        .into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"import-errors.csv\""),
    );
    Ok(response)
}

/// Reads a form: `file`, into the data folder, and `options`.
async fn receive(app: &App, request: Request<Body>) -> Result<(Upload, Json), Problem> {
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
    let mut upload = None;
    let mut options = Json::Null;
    while let Some(part) = form.next_field().await.map_err(|error| broken(&error))? {
        match part.name() {
            Some("file") if upload.is_none() => upload = Some(store(app, part).await?),
            Some("options") => options = small(part).await?,
            name => {
                let fault = Fault::new(
                    "unknown_field",
                    "is not a part of this form, or is there twice",
                )
                .at(name.unwrap_or_default());
                return Err(Problem::invalid(vec![fault]));
            }
        }
    }
    let upload = upload.ok_or_else(|| {
        Problem::invalid(vec![
            Fault::new("required", "is required: the file to import").at("file"),
        ])
    })?;
    Ok((upload, options))
}

async fn store(app: &App, mut part: Field<'_>) -> Result<Upload, Problem> {
    let trouble = |error: std::io::Error| {
        Problem::internal(format!(
            "an upload cannot be kept in {}: {error}",
            app.settings.upload_dir.display()
        ))
    };
    // The ending tells formats apart; everything before it is ours.
    let name: String = part
        .file_name()
        .unwrap_or("file.csv")
        .chars()
        .filter(|character| !character.is_control())
        .take(255)
        .collect();
    let path = app
        .settings
        .upload_dir
        .join(format!("{}.upload", Uuid::now_v7().simple()));
    let upload = Upload {
        path,
        name,
        kept: false,
    };
    let mut file = tokio::fs::File::create(&upload.path)
        .await
        .map_err(trouble)?;
    let mut size = 0_u64;
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error))? {
        size += piece.len() as u64;
        if size > FILE_LIMIT {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("the file is larger than {} MiB", FILE_LIMIT / 1024 / 1024),
            ));
        }
        file.write_all(&piece).await.map_err(trouble)?;
    }
    file.flush().await.map_err(trouble)?;
    Ok(upload)
}

async fn small(mut part: Field<'_>) -> Result<Json, Problem> {
    let mut text = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error))? {
        text.extend_from_slice(&piece);
        if text.len() > JSON_LIMIT {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "the options are larger than 1 MiB",
            ));
        }
    }
    refuse_unstorable(&text).map_err(|problem| problem.prefixed("options"))?;
    serde_json::from_slice(&text).map_err(|error| {
        Problem::invalid(vec![
            Fault::new("not_json", format!("is not valid JSON: {error}")).at("options"),
        ])
    })
}

fn broken(error: &MultipartError) -> Problem {
    Problem::malformed("the form cannot be read").log(error.to_string())
}
