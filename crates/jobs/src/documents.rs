//! What happens to files in the background: pictures get thumbnails, and what nothing refers to any more is removed.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_channels::storage::{
    LARGEST_SOURCE, NoPicture, Storage, StorageError, Thumbnail, thumbnail,
};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, SystemTx};
use serde_json::Value as Json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::error::JobError;
use crate::queue::Work;
use crate::worker::Job;

/// Files removed between two words to the database.
const BATCH: i32 = 200;

impl From<StorageError> for JobError {
    fn from(error: StorageError) -> JobError {
        match error {
            StorageError::Missing => JobError::Never("the file is not in the storage".to_owned()),
            StorageError::Trouble(text) => JobError::Later(text),
        }
    }
}

/// Removes the files of an organization that are doomed: first the object, then its row, so that what is left of a
/// crash between the two is a row without an object, which the next sweep removes.
pub struct SweepStorage(pub Storage);

impl Job for SweepStorage {
    fn kind(&self) -> &'static str {
        "sweep_storage"
    }

    fn run<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            let mut removed = 0;
            loop {
                let tx = work.begin().await?;
                let find = Statement::new("select * from doomed_files($1)").with(BATCH, Type::INT4);
                let files = tx
                    .query(&find)
                    .await?
                    .iter()
                    .map(|row| row.try_get(0).map_err(StoreError::from))
                    .collect::<Result<Vec<Uuid>, _>>()?;
                if files.is_empty() {
                    return work.finish(tx).await;
                }
                drop(tx);
                for file in &files {
                    self.0.remove(work.organization_id, *file).await?;
                }
                removed += i64::try_from(files.len()).unwrap_or_default();
                let forget =
                    Statement::new("select forget_files($1)").with(files, Type::UUID_ARRAY);
                work.begin().await?.commit_with(&[forget]).await?;
                work.progress(removed, None, None).await?;
            }
        }
        .boxed()
    }
}

/// Makes the thumbnail of a document's newest picture.
pub struct MakeThumbnail {
    storage: Storage,
    /// One at a time: a picture may take hundreds of megabytes.
    seat: Semaphore,
}

impl MakeThumbnail {
    /// Thumbnails of pictures in this storage.
    pub fn new(storage: Storage) -> MakeThumbnail {
        MakeThumbnail {
            storage,
            seat: Semaphore::new(1),
        }
    }

    async fn draw(
        &self,
        work: &Work,
        file: Uuid,
        mime_type: &str,
    ) -> Result<Option<Thumbnail>, JobError> {
        let Ok(_seat) = self.seat.acquire().await else {
            return Ok(None);
        };
        let content = self
            .storage
            .read_whole(work.organization_id, file, LARGEST_SOURCE)
            .await?;
        let mime_type = mime_type.to_owned();
        let drawn = tokio::task::spawn_blocking(move || thumbnail(&content, &mime_type))
            .await
            .map_err(|error| JobError::Never(error.to_string()))?;
        match drawn {
            Ok(picture) => Ok(Some(picture)),
            // A picture without a thumbnail is no failure of anybody.
            Err(NoPicture::TooLarge | NoPicture::Unreadable) => Ok(None),
        }
    }
}

impl Job for MakeThumbnail {
    fn kind(&self) -> &'static str {
        "make_thumbnail"
    }

    fn run<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            let document: Uuid = work
                .payload
                .get("document_id")
                .and_then(Json::as_str)
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| JobError::Never("no document is named".to_owned()))?;
            let tx = work.begin().await?;
            let find = Statement::new(
                "select storage_key, file_size, mime_type, revision from document_file($1)",
            )
            .with(document, Type::UUID);
            let Some(row) = tx.query_opt(&find).await? else {
                return work.finish(tx).await;
            };
            let file: Uuid = row.try_get(0).map_err(StoreError::from)?;
            let size: i64 = row.try_get(1).map_err(StoreError::from)?;
            let mime_type: String = row.try_get(2).map_err(StoreError::from)?;
            let revision: i32 = row.try_get(3).map_err(StoreError::from)?;
            drop(row);
            if u64::try_from(size).unwrap_or(u64::MAX) > LARGEST_SOURCE {
                return work.finish(tx).await;
            }
            drop(tx);
            let Some(picture) = self.draw(work, file, &mime_type).await? else {
                return work.finish(work.begin().await?).await;
            };
            let target = announce(work).await?;
            let stored = self
                .storage
                .put(work.organization_id, target, picture.bytes.into())
                .await?;
            let tx = work.begin().await?;
            let finish = Statement::new("select finish_file($1, $2, $3, $4, null)::text")
                .with(target, Type::UUID)
                .with(i64::try_from(stored.size).unwrap_or(i64::MAX), Type::INT8)
                .with(stored.checksum, Type::BYTEA)
                .with(picture.mime_type, Type::TEXT);
            let show = Statement::new("select set_thumbnail($1, $2, $3)")
                .with(document, Type::UUID)
                .with(revision, Type::INT4)
                .with(target, Type::UUID);
            // One that came too late is swept away: nothing refers to it.
            tx.query_many(&[finish, show]).await?;
            work.finish(tx).await
        }
        .boxed()
    }
}

async fn announce(work: &Work) -> Result<Uuid, JobError> {
    let begin =
        Statement::new("select begin_file('thumbnail', $1)").with(work.now(), Type::TIMESTAMPTZ);
    let tx: SystemTx = work.begin().await?;
    let id = tx
        .query_one(&begin)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    tx.commit().await?;
    Ok(id)
}
