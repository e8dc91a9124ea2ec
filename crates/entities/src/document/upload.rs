//! Files that arrive in pieces, perhaps over days and at several nodes. Each piece is an object of its own in the
//! storage until the last is there.

use jiff::{SignedDuration, Timestamp};
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, Tx};
use uuid::Uuid;

use super::file::{Attachment, require_subject};

/// How long an upload waits for its next piece.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24 * 3);

/// What is about to arrive.
#[derive(Clone, Debug)]
pub struct NewUpload {
    pub to: Attachment,
    /// A new version of this document.
    pub document_id: Option<Uuid>,
    pub file_size: u64,
}

/// How far an upload is.
#[derive(Clone, Debug)]
pub struct Upload {
    pub id: Uuid,
    pub to: Attachment,
    pub document_id: Option<Uuid>,
    pub file_size: u64,
    pub received: u64,
    pub expires_at: Timestamp,
}

/// One piece of it.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub storage_key: Uuid,
    pub size: u64,
}

const COLUMNS: &str = "id, subject_type, subject_id, file_name, description, document_id, file_size, received, expires_at";

/// Begins an upload.
///
/// # Errors
/// [`EngineError::NotFound`] for a subject or document that the caller does not see.
pub async fn new_upload(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    wanted: &NewUpload,
    now: Timestamp,
) -> Result<Upload, EngineError> {
    require_subject(
        engine,
        tx,
        caller,
        &wanted.to.subject_type,
        wanted.to.subject_id,
    )
    .await?;
    let expires = now
        .checked_add(PATIENCE)
        .map_err(|_| Fault::new("out_of_range", "the time is out of range").at("expires_at"))?;
    let make = Statement::new(format!(
        "insert into uploads (organization_id, user_id, subject_type, subject_id, file_name, description, document_id, file_size, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning {COLUMNS}"
    ))
    .with(caller.principal.organization_id, Type::UUID)
    .with(caller.principal.user_id, Type::UUID)
    .with(wanted.to.subject_type.clone(), Type::TEXT)
    .with(wanted.to.subject_id, Type::UUID)
    .with(wanted.to.file_name.clone(), Type::TEXT)
    .with(wanted.to.description.clone(), Type::TEXT)
    .with(wanted.document_id, Type::UUID)
    .with(i64::try_from(wanted.file_size).unwrap_or(i64::MAX), Type::INT8)
    .with(expires, Type::TIMESTAMPTZ);
    Ok(read(&tx.query_one(&make).await?)?)
}

/// One of the caller's own uploads that has not ended.
///
/// # Errors
/// [`EngineError::NotFound`].
pub async fn upload(tx: &Tx, id: Uuid, now: Timestamp) -> Result<Upload, EngineError> {
    let find = Statement::new(format!(
        "select {COLUMNS} from uploads where organization_id = $1 and user_id = $2 and id = $3 and expires_at > $4"
    ))
    .with(tx.principal().organization_id, Type::UUID)
    .with(tx.principal().user_id, Type::UUID)
    .with(id, Type::UUID)
    .with(now, Type::TIMESTAMPTZ);
    let row = tx.query_opt(&find).await?.ok_or(EngineError::NotFound)?;
    Ok(read(&row)?)
}

/// Adds a piece that was written. Answers what has been received then; `None` when another piece was first, and then
/// this one is of no use.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn add_part(
    tx: &Tx,
    upload: Uuid,
    begins_at: u64,
    size: u64,
    file: Uuid,
) -> Result<Option<u64>, EngineError> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let add = Statement::new("select add_upload_part($1, $2, $3, $4)")
        .with(upload, Type::UUID)
        .with(number(begins_at), Type::INT8)
        .with(number(size), Type::INT8)
        .with(file, Type::UUID);
    let received: Option<i64> = tx
        .query_one(&add)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    Ok(received.and_then(|received| u64::try_from(received).ok()))
}

/// The pieces of an upload, in order.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn parts(tx: &Tx, upload: Uuid) -> Result<Vec<Part>, EngineError> {
    let find = Statement::new(
        "select storage_key, size from upload_parts where organization_id = $1 and upload_id = $2 order by begins_at",
    )
    .with(tx.principal().organization_id, Type::UUID)
    .with(upload, Type::UUID);
    let read = |row: &Row| {
        Ok::<_, StoreError>(Part {
            storage_key: row.try_get(0)?,
            size: u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or(0),
        })
    };
    let rows = tx.query(&find).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Ends an upload; its pieces are removed. False when it had ended already, and then somebody else has completed it.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn end_upload(tx: &Tx, upload: Uuid) -> Result<bool, EngineError> {
    let end = Statement::new(
        "delete from uploads where organization_id = $1 and user_id = $2 and id = $3",
    )
    .with(tx.principal().organization_id, Type::UUID)
    .with(tx.principal().user_id, Type::UUID)
    .with(upload, Type::UUID);
    Ok(tx.execute(&end).await? > 0)
}

fn read(row: &Row) -> Result<Upload, StoreError> {
    let size = |index: usize| -> Result<u64, StoreError> {
        Ok(u64::try_from(row.try_get::<_, i64>(index)?).unwrap_or(0))
    };
    Ok(Upload {
        id: row.try_get(0)?,
        to: Attachment {
            subject_type: row.try_get(1)?,
            subject_id: row.try_get(2)?,
            file_name: row.try_get(3)?,
            description: row.try_get(4)?,
        },
        document_id: row.try_get(5)?,
        file_size: size(6)?,
        received: size(7)?,
        expires_at: row.try_get(8)?,
    })
}
