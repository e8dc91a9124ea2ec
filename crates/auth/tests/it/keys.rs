//! The signing keys in their folder.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Barrier},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use kith_auth::{AccessTokens, AuthError, KeyRing};
use uuid::Uuid;

use crate::fixture::Folder;

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn tokens(ring: KeyRing) -> AccessTokens {
    AccessTokens::new(Arc::new(ring), "https://crm.example")
}

fn issue(tokens: &AccessTokens, now: Timestamp) -> String {
    let id = Uuid::now_v7();
    tokens.issue(id, id, id, now).unwrap()
}

#[test]
fn a_first_start_makes_a_key_that_only_its_owner_reads() {
    let folder = Folder::new();
    let ring = KeyRing::open(&folder.0, start()).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700);
    let key = folder
        .0
        .join(format!("{}.key", ring.ids().first().unwrap().simple()));
    assert_eq!(mode(&key), 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let token = issue(&tokens(ring), start());
    let again = KeyRing::open(&folder.0, start()).unwrap();
    assert_eq!(
        mode(&key),
        0o600,
        "a key that others could read is closed to them"
    );
    tokens(again).verify(&token, start()).unwrap();
}

#[test]
fn starts_at_the_same_time_end_up_with_one_key() {
    let folder = Folder::new();
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (path, barrier) = (folder.0.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                KeyRing::open(path, start()).unwrap().ids()
            })
        })
        .collect();
    let ids: BTreeSet<Uuid> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(ids.len(), 1);
}

#[test]
fn rotation_signs_anew_and_verifies_the_old_until_it_is_retired() {
    let folder = Folder::new();
    let day = |days: i64| start() + SignedDuration::from_hours(24 * days);
    let retire_after = Duration::from_hours(7 * 24);
    let other = tokens(KeyRing::open(&folder.0, day(0)).unwrap());
    let ring = KeyRing::open(&folder.0, day(0)).unwrap();
    let first = ring.ids();
    let old = issue(&other, day(90));
    assert_eq!(
        ring.rotate(retire_after, day(90)).unwrap(),
        0,
        "it signed until now"
    );
    assert_eq!(ring.ids().first(), first.first());
    assert_eq!(ring.ids().len(), 2);
    let here = tokens(ring);
    here.verify(&old, day(90)).unwrap();
    // Another process finds the new key when it meets it.
    let new = issue(&here, day(90));
    other.verify(&new, day(90)).unwrap();
    let ring = KeyRing::open(&folder.0, day(90)).unwrap();
    assert_eq!(ring.rotate(retire_after, day(96)).unwrap(), 0);
    assert_eq!(ring.rotate(retire_after, day(97)).unwrap(), 1);
    assert!(!ring.ids().contains(first.first().unwrap()));
    let retired = tokens(ring).verify(&old, day(90)).unwrap_err();
    assert!(matches!(retired, AuthError::TokenInvalid), "{retired:?}");
}

#[test]
fn a_clock_that_goes_back_does_not_bring_an_old_key_back() {
    let folder = Folder::new();
    let ring = KeyRing::open(&folder.0, start()).unwrap();
    let before = ring.ids();
    ring.rotate(
        Duration::from_hours(1),
        start() - SignedDuration::from_hours(24 * 365),
    )
    .unwrap();
    let after = ring.ids();
    assert_eq!(after.first(), before.first());
    assert_eq!(after.len(), 2, "the newest is last");
}

#[test]
fn a_damaged_key_stops_the_start_with_its_name() {
    let folder = Folder::new();
    drop(KeyRing::open(&folder.0, start()).unwrap());
    let path = folder.0.join(format!("{}.key", Uuid::now_v7().simple()));
    fs::write(&path, "not a key").unwrap();
    match KeyRing::open(&folder.0, start()) {
        Err(AuthError::Internal(text)) => assert!(text.contains(path.to_str().unwrap()), "{text}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("opened"),
    }
}
