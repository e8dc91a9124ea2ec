//! The running worker: it wakes up, works and stops.

use std::sync::Arc;
use std::time::Duration;

use kith_jobs::{JOBS_CHANNEL, Worker};
use kith_store::{Listener, Notice, Target};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, Leave, Slow, what};

const PATIENCE: Duration = Duration::from_secs(30);

async fn until(kith: &Fixture, sql: &str, wanted: &str) {
    let waiting = async {
        while kith.text(sql).await != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

fn start(
    kith: &Fixture,
    worker: Worker,
    grace: Duration,
) -> (Listener, CancellationToken, tokio::task::JoinHandle<()>) {
    let listener =
        Listener::start(&Target::parse(kith.test.url()).unwrap(), &[JOBS_CHANNEL]).unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(worker.run(listener.subscribe(), stop.clone(), grace));
    (listener, stop, running)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_wakes_up_works_and_stops() {
    let kith = Fixture::new(1).await;
    let (listener, stop, running) = start(&kith, kith.worker(vec![Box::new(Leave)]), PATIENCE);
    let mut ready = listener.subscribe();
    assert_eq!(ready.recv().await.unwrap(), Notice::Listening);
    for number in 1..=3 {
        kith.queue(kith.organizations[0], "leave", what("a"), None)
            .await;
        // Far sooner than the clock would look.
        until(
            &kith,
            "select count(*)::text from effects",
            &number.to_string(),
        )
        .await;
    }
    stop.cancel();
    tokio::time::timeout(PATIENCE, running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn told_to_stop_it_gives_back_what_it_cannot_finish() {
    let kith = Fixture::new(1).await;
    let (reached, may_go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let slow = Slow {
        reached: Arc::clone(&reached),
        may_go_on,
    };
    let worker = kith.worker(vec![Box::new(slow)]);
    kith.queue(kith.organizations[0], "leave", what("a"), None)
        .await;
    let (_listener, stop, running) = start(&kith, worker, Duration::from_millis(20));
    reached.acquire().await.unwrap().forget();
    stop.cancel();
    tokio::time::timeout(PATIENCE, running)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kith.effects().await, "0");
    // At once, for the next node to take.
    let next = kith.worker(vec![Box::new(Leave)]);
    assert_eq!(next.drain().await.unwrap().completed, 1);
    assert_eq!(kith.effects().await, "1");
}
