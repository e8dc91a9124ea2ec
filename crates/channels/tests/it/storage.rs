//! The storage of files, in a folder and over the wire in an object store: the same promises.

use bytes::Bytes;
use futures_util::TryStreamExt;
use kith_channels::storage::{Storage, StorageError};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::bucket::{Bucket, KEY, SECRET};
use crate::fixture::Folder;

async fn content(
    storage: &Storage,
    organization: Uuid,
    file: Uuid,
    range: Option<std::ops::Range<u64>>,
) -> Vec<u8> {
    let pieces = storage.read(organization, file, range).await.unwrap();
    pieces
        .map_ok(|piece| piece.to_vec())
        .try_concat()
        .await
        .unwrap()
}

/// What every place of files must do.
async fn keeps_its_promises(storage: &Storage) {
    let (organization, other) = (Uuid::now_v7(), Uuid::now_v7());
    let (small, large, lost) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let stored = storage
        .put(organization, small, Bytes::from_static(b"%PDF-1.7 small"))
        .await
        .unwrap();
    assert_eq!((stored.size, stored.mime_type), (14, "application/pdf"));
    assert_eq!(stored.checksum, Sha256::digest(b"%PDF-1.7 small").to_vec());
    // Over several pieces, the last of which is short.
    let pieces: Vec<Bytes> = (0_u8..12)
        .map(|number| Bytes::from(vec![number; 1024 * 1024 + 7]))
        .collect();
    let whole: Vec<u8> = pieces.iter().flatten().copied().collect();
    let mut writing = storage.begin(organization, large).await.unwrap();
    for piece in pieces {
        writing.write(piece).await.unwrap();
    }
    let stored = writing.finish().await.unwrap();
    assert_eq!(
        (stored.size, &stored.checksum),
        (whole.len() as u64, &Sha256::digest(&whole).to_vec())
    );
    assert_eq!(content(storage, organization, large, None).await, whole);
    let middle = 5_000_000..5_300_000;
    assert_eq!(
        content(storage, organization, large, Some(middle)).await,
        &whole[5_000_000..5_300_000]
    );
    // Nothing of what is given up can be read, and nothing is another organization's.
    let mut writing = storage.begin(organization, lost).await.unwrap();
    writing
        .write(Bytes::from(vec![1; 6 * 1024 * 1024]))
        .await
        .unwrap();
    writing.abort().await;
    for (of, file) in [(organization, lost), (other, small)] {
        let missing = storage.read(of, file, None).await.err();
        assert!(
            matches!(missing, Some(StorageError::Missing)),
            "{missing:?}"
        );
    }
    assert!(matches!(
        storage.read_whole(organization, large, 1000).await,
        Err(StorageError::Missing)
    ));
    let mut files = storage.files(organization).await.unwrap();
    files.sort();
    assert_eq!(files, [small, large]);
    // What is removed is gone, and removing it again is nothing.
    for _ in 0..2 {
        storage.remove(organization, small).await.unwrap();
    }
    assert_eq!(storage.files(organization).await.unwrap(), [large]);
}

#[tokio::test]
async fn a_folder_keeps_its_promises() {
    let folder = Folder::new();
    keeps_its_promises(&Storage::folder(&folder.0).unwrap()).await;
    let address = format!("file://{}/nested", folder.0.display());
    keeps_its_promises(&Storage::open(&address).unwrap()).await;
}

#[tokio::test]
async fn an_object_store_keeps_its_promises_and_every_request_is_signed() {
    let bucket = Bucket::start().await;
    let storage = Storage::open(&bucket.url(KEY, SECRET)).unwrap();
    keeps_its_promises(&storage).await;
    assert_eq!((bucket.refused(), bucket.unfinished()), (0, 0));
    assert!(
        bucket.keys().iter().all(|key| key.starts_with("files/")),
        "{:?}",
        bucket.keys()
    );
    // Without the secret nothing goes.
    let stranger = Storage::open(&bucket.url(KEY, "guessed")).unwrap();
    let refused = stranger
        .put(Uuid::now_v7(), Uuid::now_v7(), Bytes::from_static(b"x"))
        .await;
    assert!(
        matches!(refused, Err(StorageError::Trouble(_))),
        "{refused:?}"
    );
    assert!(bucket.refused() > 0);
}

#[tokio::test]
async fn what_a_dead_process_left_in_a_folder_goes_with_its_file() {
    let folder = Folder::new();
    let storage = Storage::folder(&folder.0).unwrap();
    let (organization, file) = (Uuid::now_v7(), Uuid::now_v7());
    let mut writing = storage.begin(organization, file).await.unwrap();
    writing
        .write(Bytes::from(vec![1; 6 * 1024 * 1024]))
        .await
        .unwrap();
    // Killed: nothing is closed or given up.
    std::mem::forget(writing);
    let place = folder.0.join(organization.simple().to_string());
    let left = || std::fs::read_dir(&place).map_or(0, Iterator::count);
    assert_eq!(left(), 1);
    storage.remove(organization, file).await.unwrap();
    assert_eq!(left(), 0);
}

#[test]
fn addresses_that_mean_nothing_are_refused_and_never_repeated() {
    for (address, says) in [
        ("ftp://x", "file:// or s3://"),
        ("file://elsewhere/x", "absolute"),
        ("s3://key:hidden@bucket?colour=red", "colour"),
        ("nonsense", "address"),
    ] {
        let refusal = Storage::open(address).unwrap_err().to_string();
        assert!(
            refusal.contains(says) && !refusal.contains("hidden"),
            "{refusal}"
        );
    }
}
