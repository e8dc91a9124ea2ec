//! The queue: nothing is lost, nothing is sent twice, nobody is told about.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use kith_channels::mail::{Delivered, MAIL_CHANNEL, Transport};
use kith_store::{Listener, Notice, Target};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, Folder, token_in};
use crate::server::{Behaviour, MailServer};

#[tokio::test]
async fn an_address_without_an_account_gets_nothing() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    kith.forgot("nobody@example.com").await;
    kith.script("insert into users (email, full_name, is_active) values ('gone@example.com', 'Gone', false)").await;
    kith.forgot("gone@example.com").await;
    let outcome = kith.outbox_to(&server).deliver().await.unwrap();
    let dropped = Delivered {
        dropped: 2,
        ..Delivered::default()
    };
    assert_eq!(outcome, dropped);
    assert!(server.received.try_recv().is_err());
    assert_eq!(
        kith.text("select count(*)::text from one_time_tokens")
            .await,
        "0"
    );
}

#[tokio::test]
async fn one_request_after_another_makes_one_mail_while_it_waits() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    for _ in 0..5 {
        kith.forgot("ada@example.com").await;
    }
    assert_eq!(kith.outbox_to(&server).deliver().await.unwrap().sent, 1);
    server.received.recv().await.unwrap();
    kith.forgot("ada@example.com").await;
    assert_eq!(kith.outbox_to(&server).deliver().await.unwrap().sent, 1);
}

#[tokio::test]
async fn without_a_server_mail_is_in_files_for_their_owner_alone() {
    let (kith, folder) = (Fixture::new().await, Folder::new());
    kith.forgot("ada@example.com").await;
    let outbox = kith.outbox(Transport::folder(&folder.0));
    assert_eq!(outbox.deliver().await.unwrap().sent, 1);
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [file] = files.as_slice() else {
        panic!("one file and no drafts: {files:?}");
    };
    assert_eq!(mode(file), 0o600);
    assert!(
        file.to_str().unwrap().ends_with("-reset-password.eml"),
        "{file:?}"
    );
    let message = std::fs::read_to_string(file).unwrap();
    let token = token_in(&message);
    assert_eq!(
        kith.subject(&token).await.as_deref(),
        Some("ada@example.com")
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_keeps_the_mail() {
    let (kith, folder) = (Fixture::new().await, Folder::new());
    // A file where the folder should be.
    std::fs::write(&folder.0, "").unwrap();
    kith.forgot("ada@example.com").await;
    let outcome = kith
        .outbox(Transport::folder(&folder.0))
        .deliver()
        .await
        .unwrap();
    assert_eq!((outcome.sent, outcome.postponed), (0, 1));
    std::fs::remove_file(&folder.0).unwrap();
}

#[tokio::test]
async fn what_a_dead_node_was_sending_is_sent_by_another() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    kith.forgot("ada@example.com").await;
    // Taken, and then the node is gone.
    assert_eq!(
        kith.text("select kind from take_mail(600)").await,
        "reset_password"
    );
    let outbox = kith.outbox_to(&server);
    assert_eq!(
        outbox.deliver().await.unwrap(),
        Delivered::default(),
        "it may be sending still"
    );
    kith.script("update outgoing_mail set due_at = now()").await;
    assert_eq!(outbox.deliver().await.unwrap().sent, 1);
    server.received.recv().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_side_by_side_send_each_mail_once() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    kith.script(
        "insert into users (email, full_name) select 'person' || n || '@example.com', 'Person ' || n from generate_series(1, 60) n;
         insert into outgoing_mail (kind, recipient) select 'reset_password', 'person' || n || '@example.com' from generate_series(1, 60) n",
    )
    .await;
    let (one, two) = (kith.outbox_to(&server), kith.outbox_to(&server));
    let (one, two) = tokio::join!(one.deliver(), two.deliver());
    assert_eq!(one.unwrap().sent + two.unwrap().sent, 60);
    let mut recipients = BTreeSet::new();
    for _ in 0..60 {
        let mail = server.received.recv().await.unwrap();
        assert!(recipients.insert(mail.to.concat()), "{:?} twice", mail.to);
    }
    assert!(server.received.try_recv().is_err());
}

#[tokio::test]
async fn a_mail_that_could_not_be_sent_gets_a_new_link_and_the_old_one_is_good_as_well() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    let outbox = kith.outbox_to(&server);
    kith.forgot("ada@example.com").await;
    server.behave(Behaviour {
        hangs_up: true,
        ..Behaviour::default()
    });
    assert_eq!(outbox.deliver().await.unwrap().postponed, 1);
    server.behave(Behaviour::default());
    kith.script("update outgoing_mail set due_at = now()").await;
    assert_eq!(outbox.deliver().await.unwrap().sent, 1);
    let token = token_in(&server.received.recv().await.unwrap().text);
    assert!(kith.subject(&token).await.is_some());
    // A server may have delivered the first before it hung up.
    assert_eq!(
        kith.text("select count(*)::text from one_time_tokens")
            .await,
        "2"
    );
}

#[tokio::test]
async fn the_running_outbox_wakes_up_sends_and_stops() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    let target = Target::parse(kith.test.url()).unwrap();
    let listener = Listener::start(&target, &[MAIL_CHANNEL]).unwrap();
    let mut ready = listener.subscribe();
    let stop = CancellationToken::new();
    let running = tokio::spawn(
        kith.outbox_to(&server)
            .run(listener.subscribe(), stop.clone()),
    );
    assert_eq!(ready.recv().await.unwrap(), Notice::Listening);
    for _ in 0..3 {
        kith.forgot("ada@example.com").await;
        // Far sooner than the clock would look.
        tokio::time::timeout(Duration::from_secs(20), server.received.recv())
            .await
            .unwrap()
            .unwrap();
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn finished_mail_and_old_links_are_cleared_away() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    kith.forgot("ada@example.com").await;
    kith.outbox_to(&server).deliver().await.unwrap();
    server.received.recv().await.unwrap();
    kith.script(
        "update outgoing_mail set finished_at = now() - interval '31 days';
         update one_time_tokens set expires_at = now() - interval '2 days'",
    )
    .await;
    kith.forgot("ada@example.com").await;
    kith.outbox_to(&server).deliver().await.unwrap();
    assert_eq!(
        kith.text("select count(*)::text from outgoing_mail").await,
        "1"
    );
    assert_eq!(
        kith.text("select count(*)::text from one_time_tokens")
            .await,
        "1"
    );
}
