//! The place itself: writing a stream, reading a range, removing.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::sniff::{SNIFFED, sniff};

/// Bytes of a piece on its way to the storage: the least that S3 takes.
const PIECE: usize = 5 * 1024 * 1024;
/// Pieces on their way at a time.
const PIECES: usize = 2;

/// An address of a storage that cannot be used; the text never repeats a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadStorage(String);

/// The storage does not answer, or not as it should. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("there is no such file in the storage")]
    Missing,
    #[error("the storage does not work: {0}")]
    Trouble(String),
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> StorageError {
        match error {
            object_store::Error::NotFound { .. } => StorageError::Missing,
            other => StorageError::Trouble(other.to_string()),
        }
    }
}

/// Where files lie. Cheap to clone.
#[derive(Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    /// Of a storage in a folder.
    root: Option<PathBuf>,
}

impl fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Storage").finish_non_exhaustive()
    }
}

/// What a stream turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub size: u64,
    /// SHA-256.
    pub checksum: Vec<u8>,
    /// As sniffed from the content.
    pub mime_type: &'static str,
}

/// An object that is being written. Dropped before [`Writing::finish`], nothing of it is kept that the sweeper will
/// not remove.
pub struct Writing {
    target: WriteMultipart,
    hash: Sha256,
    size: u64,
    beginning: Vec<u8>,
}

impl Storage {
    /// A folder, made when it is missing.
    ///
    /// # Errors
    /// [`BadStorage`] when it cannot be made.
    pub fn folder(path: &Path) -> Result<Storage, BadStorage> {
        let trouble = |what: String| BadStorage(format!("the folder {}: {what}", path.display()));
        std::fs::create_dir_all(path).map_err(|error| trouble(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| trouble(error.to_string()))?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok(Storage {
            store: Arc::new(store),
            prefix: Key::default(),
            root: Some(path.to_owned()),
        })
    }

    /// A storage by its address: `file:///path`, or `s3://key:secret@bucket/prefix?region=…&endpoint=https://…`. An
    /// endpoint by http is for this machine and tests.
    ///
    /// # Errors
    /// [`BadStorage`] with what is wrong; never with the secret.
    pub fn open(address: &str) -> Result<Storage, BadStorage> {
        let url =
            Url::parse(address).map_err(|error| BadStorage(format!("is no address: {error}")))?;
        match url.scheme() {
            "file" => {
                let path = url.to_file_path().map_err(|()| {
                    BadStorage(
                        "file: needs an absolute path, file:///var/lib/kith/documents".to_owned(),
                    )
                })?;
                Storage::folder(&path)
            }
            "s3" => Storage::s3(&url),
            _ => Err(BadStorage("begins with file:// or s3://".to_owned())),
        }
    }

    fn s3(url: &Url) -> Result<Storage, BadStorage> {
        let plain = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let bucket = url
            .host_str()
            .ok_or_else(|| BadStorage("s3: needs a bucket, s3://bucket".to_owned()))?;
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
        if !url.username().is_empty() {
            builder = builder
                .with_access_key_id(plain(url.username()))
                .with_secret_access_key(plain(url.password().unwrap_or_default()));
        }
        for (name, value) in url.query_pairs() {
            builder = match name.as_ref() {
                "region" => builder.with_region(value),
                "endpoint" => {
                    let open = value.starts_with("http://");
                    builder
                        .with_endpoint(value.trim_end_matches('/'))
                        .with_allow_http(open)
                }
                "virtual_hosted" => builder.with_virtual_hosted_style_request(value == "true"),
                other => {
                    return Err(BadStorage(format!(
                        "s3: knows no parameter {other}; region, endpoint and virtual_hosted"
                    )));
                }
            };
        }
        let store = builder
            .build()
            .map_err(|error| BadStorage(format!("s3: {error}")))?;
        Ok(Storage {
            store: Arc::new(store),
            prefix: Key::from(url.path().trim_matches('/')),
            root: None,
        })
    }

    /// The object of a file: ids only, so that nothing from outside is part of a path.
    fn key(&self, organization: Uuid, file: Uuid) -> Key {
        self.prefix
            .clone()
            .join(organization.simple().to_string())
            .join(file.simple().to_string())
    }

    /// Begins to write a file.
    ///
    /// # Errors
    /// [`StorageError::Trouble`].
    pub async fn begin(&self, organization: Uuid, file: Uuid) -> Result<Writing, StorageError> {
        let upload = self
            .store
            .put_multipart(&self.key(organization, file))
            .await?;
        Ok(Writing {
            target: WriteMultipart::new_with_chunk_size(upload, PIECE),
            hash: Sha256::new(),
            size: 0,
            beginning: Vec::with_capacity(SNIFFED),
        })
    }

    /// Writes what is there already.
    ///
    /// # Errors
    /// [`StorageError::Trouble`].
    pub async fn put(
        &self,
        organization: Uuid,
        file: Uuid,
        content: Bytes,
    ) -> Result<Received, StorageError> {
        let received = Received {
            size: content.len() as u64,
            checksum: Sha256::digest(&content).to_vec(),
            mime_type: sniff(content.get(..SNIFFED).unwrap_or(&content)),
        };
        self.store
            .put(&self.key(organization, file), content.into())
            .await?;
        Ok(received)
    }

    /// A part of a file, as it arrives. The range lies within the file.
    ///
    /// # Errors
    /// [`StorageError::Missing`] for what is not there.
    pub async fn read(
        &self,
        organization: Uuid,
        file: Uuid,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
        let options = GetOptions::new().with_range(range);
        let found = self
            .store
            .get_opts(&self.key(organization, file), options)
            .await?;
        Ok(found.into_stream().map_err(StorageError::from).boxed())
    }

    /// A whole file in memory, of at most so many bytes.
    ///
    /// # Errors
    /// [`StorageError::Missing`] for what is not there or larger.
    pub async fn read_whole(
        &self,
        organization: Uuid,
        file: Uuid,
        at_most: u64,
    ) -> Result<Bytes, StorageError> {
        let found = self.store.get(&self.key(organization, file)).await?;
        if found.meta.size > at_most {
            return Err(StorageError::Missing);
        }
        Ok(found.bytes().await?)
    }

    /// Removes a file; one that is not there is gone already.
    ///
    /// # Errors
    /// [`StorageError::Trouble`].
    pub async fn remove(&self, organization: Uuid, file: Uuid) -> Result<(), StorageError> {
        if let Some(root) = &self.root {
            // What a process that died was writing lies beside its place, under this name.
            let draft = root
                .join(organization.simple().to_string())
                .join(format!("{}#1", file.simple()));
            match tokio::fs::remove_file(&draft).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StorageError::Trouble(error.to_string()));
                }
                _ => {}
            }
        }
        match self.store.delete(&self.key(organization, file)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The files of an organization that the storage has, for those who compare it with the database.
    ///
    /// # Errors
    /// [`StorageError::Trouble`].
    pub async fn files(&self, organization: Uuid) -> Result<Vec<Uuid>, StorageError> {
        let folder = self.prefix.clone().join(organization.simple().to_string());
        let mut listed = self.store.list(Some(&folder));
        let mut found = Vec::new();
        while let Some(object) = listed.try_next().await? {
            let name = object.location.filename().unwrap_or_default();
            if let Ok(id) = name.parse() {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Removes everything that an organization has, with what was still being written. Answers how many files.
    ///
    /// # Errors
    /// [`StorageError::Trouble`]; what is removed by then stays so.
    pub async fn remove_organization(&self, organization: Uuid) -> Result<usize, StorageError> {
        let files = self.files(organization).await?;
        for file in &files {
            self.remove(organization, *file).await?;
        }
        if let Some(root) = &self.root {
            match tokio::fs::remove_dir_all(root.join(organization.simple().to_string())).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StorageError::Trouble(error.to_string()));
                }
                _ => {}
            }
        }
        Ok(files.len())
    }
}

impl Writing {
    /// Adds a piece; waits while the storage is behind.
    ///
    /// # Errors
    /// [`StorageError::Trouble`].
    pub async fn write(&mut self, piece: Bytes) -> Result<(), StorageError> {
        let missing = SNIFFED - self.beginning.len().min(SNIFFED);
        self.beginning
            .extend_from_slice(piece.get(..missing).unwrap_or(&piece));
        self.hash.update(&piece);
        self.size += piece.len() as u64;
        self.target.wait_for_capacity(PIECES).await?;
        self.target.write(&piece);
        Ok(())
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Makes the file complete.
    ///
    /// # Errors
    /// [`StorageError::Trouble`].
    pub async fn finish(self) -> Result<Received, StorageError> {
        self.target.finish().await?;
        Ok(Received {
            size: self.size,
            checksum: self.hash.finalize().to_vec(),
            mime_type: sniff(&self.beginning),
        })
    }

    /// Gives the file up.
    pub async fn abort(self) {
        if let Err(error) = self.target.abort().await {
            tracing::debug!(%error, "an upload that was given up could not be removed at once; the sweeper does it");
        }
    }
}
