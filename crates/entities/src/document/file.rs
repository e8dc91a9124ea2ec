//! From a stream of bytes to a document and back. Whoever moves the bytes announces a file here before the first and
//! says what it turned out to be after the last; the database has the quota and the rules.

use jiff::Timestamp;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, RecordJson, read_within};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, SystemTx, Tx};
use serde::Serialize;
use uuid::Uuid;

use super::DOCUMENT;
use crate::notification::changed;

/// What a document is made of besides its file.
#[derive(Clone, Debug)]
pub struct Attachment {
    pub subject_type: String,
    pub subject_id: Uuid,
    /// As [`file_name`] made it harmless.
    pub file_name: String,
    pub description: Option<String>,
}

/// A file to send: where it lies and what is said about it.
#[derive(Clone, Debug)]
pub struct Served {
    pub organization_id: Uuid,
    pub storage_key: Uuid,
    pub file_name: String,
    pub file_size: u64,
    pub mime_type: String,
    /// SHA-256, in hexadecimal.
    pub checksum: String,
}

/// One of the files that a document ever had.
#[derive(Debug, Serialize)]
pub struct FileVersion {
    pub revision: i32,
    pub file_name: String,
    pub file_size: i64,
    pub mime_type: String,
    pub checksum: String,
    pub uploaded_by: Option<Uuid>,
    pub created_at: Timestamp,
}

/// A name as it may be kept: its last part without anything that means something to a file system or a terminal.
pub fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|letter| {
            // Marks that turn the direction of writing around make "exe" look like "pdf".
            !letter.is_control()
                && !matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect();
    let kept = kept.trim().trim_end_matches('.');
    if kept.is_empty() || kept.chars().all(|letter| letter == '.') {
        return "file".to_owned();
    }
    if kept.chars().count() <= 255 {
        return kept.to_owned();
    }
    // The ending says what it is: it stays.
    let ending: String = kept
        .rsplit_once('.')
        .map(|(_, ending)| ending)
        .filter(|ending| ending.chars().count() <= 16)
        .map(|ending| format!(".{ending}"))
        .unwrap_or_default();
    let room = 255 - ending.chars().count();
    let stem: String = kept.chars().take(room).collect();
    format!("{stem}{ending}")
}

/// Bytes that the caller's organization may still keep; `None` without a bound.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn storage_left(tx: &Tx, quota: Option<u64>) -> Result<Option<u64>, EngineError> {
    let ask = Statement::new("select storage_left($1)").with(bound(quota), Type::INT8);
    let left: Option<i64> = tx
        .query_one(&ask)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    Ok(left.map(|left| u64::try_from(left).unwrap_or(0)))
}

/// Announces a file that is about to be written.
///
/// # Errors
/// [`EngineError::Refused`] for who may add no documents.
pub async fn begin_file(
    tx: &Tx,
    purpose: &'static str,
    now: Timestamp,
) -> Result<Uuid, EngineError> {
    let begin = Statement::new("select begin_file($1, $2)")
        .with(purpose, Type::TEXT)
        .with(now, Type::TIMESTAMPTZ);
    Ok(tx
        .query_one(&begin)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?)
}

/// Says what the file turned out to be.
///
/// # Errors
/// [`EngineError::Conflict`] when the organization's storage is full.
pub async fn finish_file(
    tx: &Tx,
    file: Uuid,
    size: u64,
    checksum: Vec<u8>,
    mime_type: &str,
    quota: Option<u64>,
) -> Result<(), EngineError> {
    let finish = Statement::new("select finish_file($1, $2, $3, $4, $5)::text")
        .with(file, Type::UUID)
        .with(i64::try_from(size).unwrap_or(i64::MAX), Type::INT8)
        .with(checksum, Type::BYTEA)
        .with(mime_type.to_owned(), Type::TEXT)
        .with(bound(quota), Type::INT8);
    tx.query(&finish).await?;
    Ok(())
}

/// Gives up a file that no document has.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn drop_file(tx: &Tx, file: Uuid) -> Result<(), EngineError> {
    tx.query(&Statement::new("select drop_file($1)::text").with(file, Type::UUID))
        .await?;
    Ok(())
}

/// Makes a document of a file that the caller has sent.
///
/// # Errors
/// [`EngineError::NotFound`] for a subject that the caller does not see; a fault for one that documents are not about.
pub async fn attach(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    to: &Attachment,
    file: Uuid,
) -> Result<RecordJson, EngineError> {
    require_subject(engine, tx, caller, &to.subject_type, to.subject_id).await?;
    let insert = Statement::new(
        "insert into documents (organization_id, created_by, subject_type, subject_id, file_name, description, storage_key) \
         values ($1, $2, $3, $4, $5, $6, $7) returning id",
    )
    .with(caller.principal.organization_id, Type::UUID)
    .with(caller.principal.user_id, Type::UUID)
    .with(to.subject_type.clone(), Type::TEXT)
    .with(to.subject_id, Type::UUID)
    .with(to.file_name.clone(), Type::TEXT)
    .with(to.description.clone(), Type::TEXT)
    .with(file, Type::UUID);
    let id: Uuid = tx
        .query_one(&insert)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    read_back(engine, tx, caller, id).await
}

/// Puts a file that the caller has sent in the place of a document's newest one.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Forbidden`] for who may not change it.
pub async fn add_version(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    document: Uuid,
    name: &str,
    file: Uuid,
) -> Result<RecordJson, EngineError> {
    read_back(engine, tx, caller, document).await?;
    let replace = Statement::new(
        "update documents set storage_key = $2, file_name = $3 where organization_id = $4 and id = $1 and deleted_at is null",
    )
    .with(document, Type::UUID)
    .with(file, Type::UUID)
    .with(name.to_owned(), Type::TEXT)
    .with(caller.principal.organization_id, Type::UUID);
    if tx.execute(&replace).await? == 0 {
        return Err(EngineError::Forbidden {
            action: kith_catalogue::access::Action::Update,
            resource: "documents",
        });
    }
    read_back(engine, tx, caller, document).await
}

/// Whether the caller sees the record that a document would be about.
pub(super) async fn require_subject(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    subject_type: &str,
    subject: Uuid,
) -> Result<&'static Entity, EngineError> {
    caller.require(&DOCUMENT, kith_catalogue::access::Action::Create)?;
    let known = DOCUMENT
        .field("subject_type")
        .is_some_and(|field| field.choices.iter().any(|one| one.value == subject_type));
    let entity = engine
        .catalogue
        .by_name(subject_type)
        .filter(|_| known)
        .ok_or_else(|| {
            Fault::new("not_a_choice", "documents cannot be about such records").at("subject_type")
        })?;
    let found = read_within(engine, tx, caller, entity, vec![subject]).await?;
    if found.is_empty() {
        return Err(EngineError::NotFound);
    }
    Ok(entity)
}

async fn read_back(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
) -> Result<RecordJson, EngineError> {
    read_within(engine, tx, caller, &DOCUMENT, vec![id])
        .await?
        .pop()
        .ok_or(EngineError::NotFound)
}

/// Where a document's file lies: the newest, that of a revision, or its thumbnail.
///
/// # Errors
/// [`EngineError::NotFound`] also for what the caller may not see.
pub async fn open(
    engine: &Engine,
    caller: &Caller,
    document: Uuid,
    revision: Option<i32>,
) -> Result<Served, EngineError> {
    caller.require(&DOCUMENT, kith_catalogue::access::Action::Read)?;
    let find = Statement::new(
        "select v.organization_id, v.storage_key, v.file_name, v.file_size, v.mime_type, v.checksum \
         from documents d join document_versions v on v.organization_id = d.organization_id and v.document_id = d.id \
         where d.organization_id = $1 and d.id = $2 and d.deleted_at is null and v.revision = coalesce($3, d.revision)",
    )
    .with(caller.principal.organization_id, Type::UUID)
    .with(document, Type::UUID)
    .with(revision, Type::INT4);
    let answers = engine.database.read(&caller.principal, &[find]).await?;
    let row = answers.first().and_then(|rows| rows.first());
    Ok(served(row.ok_or(EngineError::NotFound)?)?)
}

/// Where a document's thumbnail lies. It has no name, size or checksum of its own.
///
/// # Errors
/// [`EngineError::NotFound`] also for a document without one.
pub async fn open_thumbnail(
    engine: &Engine,
    caller: &Caller,
    document: Uuid,
) -> Result<(Uuid, Uuid), EngineError> {
    caller.require(&DOCUMENT, kith_catalogue::access::Action::Read)?;
    let find = Statement::new(
        "select organization_id, thumbnail_key from documents where organization_id = $1 and id = $2 and deleted_at is null and has_thumbnail",
    )
    .with(caller.principal.organization_id, Type::UUID)
    .with(document, Type::UUID);
    let answers = engine.database.read(&caller.principal, &[find]).await?;
    let row = answers
        .first()
        .and_then(|rows| rows.first())
        .ok_or(EngineError::NotFound)?;
    let read = || Ok::<_, StoreError>((row.try_get(0)?, row.try_get(1)?));
    Ok(read()?)
}

pub(super) fn served(row: &Row) -> Result<Served, StoreError> {
    Ok(Served {
        organization_id: row.try_get(0)?,
        storage_key: row.try_get(1)?,
        file_name: row.try_get(2)?,
        file_size: u64::try_from(row.try_get::<_, i64>(3)?).unwrap_or(0),
        mime_type: row.try_get(4)?,
        checksum: row.try_get(5)?,
    })
}

/// The files that a document ever had, the newest first.
///
/// # Errors
/// [`EngineError::NotFound`] also for what the caller may not see.
pub async fn versions(
    engine: &Engine,
    caller: &Caller,
    document: Uuid,
) -> Result<Vec<FileVersion>, EngineError> {
    let find = Statement::new(
        "select v.revision, v.file_name, v.file_size, v.mime_type, v.checksum, v.uploaded_by, v.created_at from document_versions v \
         where v.organization_id = $1 and v.document_id = $2 order by v.revision desc",
    )
    .with(caller.principal.organization_id, Type::UUID)
    .with(document, Type::UUID);
    let answers = engine.database.read(&caller.principal, &[find]).await?;
    let rows = answers.into_iter().next().unwrap_or_default();
    if rows.is_empty() {
        return Err(EngineError::NotFound);
    }
    let read = |row: &Row| {
        Ok::<_, StoreError>(FileVersion {
            revision: row.try_get(0)?,
            file_name: row.try_get(1)?,
            file_size: row.try_get(2)?,
            mime_type: row.try_get(3)?,
            checksum: row.try_get(4)?,
            uploaded_by: row.try_get(5)?,
            created_at: row.try_get(6)?,
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Removes a document for good, with every version of its file.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Forbidden`] for who may not delete it.
pub async fn purge(tx: &Tx, caller: &Caller, document: Uuid) -> Result<(), EngineError> {
    // Deleted ones too: that is what this is for.
    let seen = Statement::new("select 1 from documents where organization_id = $1 and id = $2")
        .with(caller.principal.organization_id, Type::UUID)
        .with(document, Type::UUID);
    tx.query_opt(&seen).await?.ok_or(EngineError::NotFound)?;
    let purge = Statement::new("select purge_document($1)").with(document, Type::UUID);
    let gone: bool = tx
        .query_one(&purge)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    if gone {
        Ok(())
    } else {
        Err(EngineError::Forbidden {
            action: kith_catalogue::access::Action::Delete,
            resource: "documents",
        })
    }
}

/// Scheduled: gives up what nobody finishes, purges what was deleted long ago, and has the storage swept.
///
/// # Errors
/// [`EngineError::Store`].
pub async fn sweep_documents(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    changed(
        tx,
        Statement::new("select sweep_documents($1)").with(now, Type::TIMESTAMPTZ),
    )
    .await
}

/// A bound as the database takes it.
pub(super) fn bound(quota: Option<u64>) -> Option<i64> {
    quota.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_harmless() {
        for (given, kept) in [
            ("offer.pdf", "offer.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\plan.docx", "plan.docx"),
            ("..", "file"),
            ("", "file"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("trailing. ", "trailing"),
            ("na\u{ef}ve \u{1f600}.txt", "na\u{ef}ve \u{1f600}.txt"),
        ] {
            assert_eq!(file_name(given), kept, "{given:?}");
        }
        let long = file_name(&format!("{}.pdf", "x".repeat(400)));
        assert_eq!(long.chars().count(), 255);
        assert_eq!(long.rsplit_once('.').map(|(_, ending)| ending), Some("pdf"));
    }
}
