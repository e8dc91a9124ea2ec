//! Notifications arrive, and the listener returns after its connection was lost.

use std::time::Duration;

use kith_store::{Listener, Notice};
use tokio::sync::broadcast::Receiver;

use crate::fixture::Fixture;

async fn next(receiver: &mut Receiver<Notice>) -> Notice {
    tokio::time::timeout(Duration::from_secs(20), receiver.recv())
        .await
        .expect("nothing was heard")
        .unwrap()
}

#[tokio::test]
async fn hears_and_comes_back() {
    let fixture = Fixture::new(1).await;
    let listener =
        Listener::start(fixture.database.target(), &["kith_events", "kith_jobs"]).unwrap();
    let mut receiver = listener.subscribe();
    let admin = fixture.admin().await;
    for _ in 0..2 {
        assert_eq!(next(&mut receiver).await, Notice::Listening);
        admin.script("notify kith_jobs, 'wake'").await.unwrap();
        let expected = Notice::Notification {
            channel: "kith_jobs".to_owned(),
            payload: "wake".to_owned(),
        };
        assert_eq!(next(&mut receiver).await, expected);
        let kill = "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and query like 'listen%'";
        admin.script(kill).await.unwrap();
    }
    assert!(Listener::start(fixture.database.target(), &["a\"; drop"]).is_err());
}
