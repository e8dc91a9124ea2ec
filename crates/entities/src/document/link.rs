//! Links to a document for people without an account. They end at a moment, when they are revoked, and when whoever
//! made them may not read the document any more.

use jiff::Timestamp;
use kith_engine::{Caller, EngineError};
use kith_store::types::Type;
use kith_store::{Database, Origin, Statement, StoreError, SystemTx, Tx};
use uuid::Uuid;

use super::DOCUMENT;
use super::file::{Served, served};

/// A link that was made.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub id: Uuid,
    pub expires_at: Timestamp,
}

/// Makes a link. `token_hash` is that of the token in its address, which is kept nowhere.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Forbidden`] for who may not take documents out.
pub async fn make_link(
    tx: &Tx,
    caller: &Caller,
    document: Uuid,
    revision: Option<i32>,
    token_hash: Vec<u8>,
    expires_at: Timestamp,
) -> Result<Link, EngineError> {
    caller.require(&DOCUMENT, kith_catalogue::access::Action::Export)?;
    let seen = Statement::new(
        "select 1 from documents d where d.organization_id = $1 and d.id = $2 and d.deleted_at is null and ($3::integer is null or exists (\
           select 1 from document_versions v where v.organization_id = d.organization_id and v.document_id = d.id and v.revision = $3))",
    )
    .with(caller.principal.organization_id, Type::UUID)
    .with(document, Type::UUID)
    .with(revision, Type::INT4);
    tx.query_opt(&seen).await?.ok_or(EngineError::NotFound)?;
    let make = Statement::new(
        "insert into document_links (organization_id, document_id, revision, token_hash, expires_at, created_by) \
         values ($1, $2, $3, $4, $5, $6) returning id",
    )
    .with(caller.principal.organization_id, Type::UUID)
    .with(document, Type::UUID)
    .with(revision, Type::INT4)
    .with(token_hash, Type::BYTEA)
    .with(expires_at, Type::TIMESTAMPTZ)
    .with(caller.principal.user_id, Type::UUID);
    let id = tx
        .query_one(&make)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    Ok(Link { id, expires_at })
}

/// Ends a link at once.
///
/// # Errors
/// [`EngineError::NotFound`] for one that the caller may not end.
pub async fn revoke_link(tx: &Tx, document: Uuid, link: Uuid) -> Result<(), EngineError> {
    let revoke = Statement::new(
        "delete from document_links where organization_id = $1 and document_id = $2 and id = $3",
    )
    .with(tx.principal().organization_id, Type::UUID)
    .with(document, Type::UUID)
    .with(link, Type::UUID);
    if tx.execute(&revoke).await? == 0 {
        return Err(EngineError::NotFound);
    }
    Ok(())
}

/// What a link leads to.
///
/// # Errors
/// [`EngineError::NotFound`] for one that is unknown or has ended.
pub async fn open_link(
    database: &Database,
    token_hash: Vec<u8>,
    now: Timestamp,
) -> Result<Served, EngineError> {
    let open = Statement::new(
        "select organization_id, storage_key, file_name, file_size, mime_type, checksum from open_document_link($1, $2)",
    )
    .with(token_hash, Type::BYTEA)
    .with(now, Type::TIMESTAMPTZ);
    let tx = SystemTx::begin(database, None, &Origin::new("system")).await?;
    let answers = tx.commit_with(&[open]).await?;
    let row = answers.first().and_then(|rows| rows.first());
    Ok(served(row.ok_or(EngineError::NotFound)?)?)
}
