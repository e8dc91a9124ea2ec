//! What goes over the wire, and what is made of a server's answers.

use kith_channels::mail::{Delivered, Transport};

use crate::fixture::{Fixture, token_in};
use crate::server::{Behaviour, MailServer};

const SENT: Delivered = Delivered {
    sent: 1,
    dropped: 0,
    postponed: 0,
    dead: 0,
};

#[tokio::test]
async fn a_mail_arrives_with_its_link() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    kith.forgot("ada@example.com").await;
    assert_eq!(kith.outbox_to(&server).deliver().await.unwrap(), SENT);
    let mail = server.received.recv().await.unwrap();
    assert_eq!(mail.from, "crm@example.com");
    assert_eq!(mail.to, ["ada@example.com"]);
    for part in [
        "From: Kith <crm@example.com>\r\n",
        "To: \"Ada Lovelace\" <ada@example.com>\r\n",
        "Subject: Set a new password\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Content-Type: multipart/alternative",
        "Hello Ada Lovelace,",
    ] {
        assert!(
            mail.text.contains(part),
            "{part} is missing in {}",
            mail.text
        );
    }
    let token = token_in(&mail.text);
    assert_eq!(
        kith.subject(&token).await.as_deref(),
        Some("ada@example.com")
    );
    let kept = kith
        .text("select string_agg(m::text, ' ') from outgoing_mail m")
        .await;
    assert!(!kept.contains(&token), "the queue keeps no token: {kept}");
    let status = kith
        .text("select status || ' ' || attempts from outgoing_mail")
        .await;
    assert_eq!(status, "sent 1");
    assert_eq!(
        kith.outbox_to(&server).deliver().await.unwrap(),
        Delivered::default()
    );
}

#[tokio::test]
async fn the_servers_password_is_given_and_a_wrong_one_keeps_the_mail() {
    let (kith, mut server) = (Fixture::new().await, MailServer::start().await);
    let address = format!("smtp://crm:p%40ss@{}", server.address);
    let outbox = kith.outbox(Transport::smtp(&address).unwrap());
    kith.forgot("ada@example.com").await;
    server.behave(Behaviour {
        auth: Some("535 5.7.8 wrong"),
        ..Behaviour::default()
    });
    let postponed = Delivered {
        sent: 0,
        postponed: 1,
        ..SENT
    };
    assert_eq!(outbox.deliver().await.unwrap(), postponed);
    server.behave(Behaviour::default());
    kith.script("update outgoing_mail set due_at = now()").await;
    assert_eq!(outbox.deliver().await.unwrap(), SENT);
    server.received.recv().await.unwrap();
    // NUL crm NUL p@ss in Base64.
    let given = server
        .commands()
        .iter()
        .any(|line| line == "AUTH PLAIN AGNybQBwQHNz");
    assert!(given, "{:?}", server.commands());
}

#[tokio::test]
async fn without_encryption_nothing_is_said_to_a_server_that_should_offer_it() {
    let (kith, server) = (Fixture::new().await, MailServer::start().await);
    let address = format!("smtp://crm:secret@{}?tls=required", server.address);
    kith.forgot("ada@example.com").await;
    let outbox = kith.outbox(Transport::smtp(&address).unwrap());
    let outcome = outbox.deliver().await.unwrap();
    assert_eq!((outcome.sent, outcome.postponed), (0, 1));
    let said = server.commands();
    assert!(
        said.iter()
            .all(|line| !line.starts_with("AUTH") && !line.starts_with("MAIL")),
        "{said:?}"
    );
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_given_up_and_the_rest_is_tried_again() {
    for (behaviour, dead) in [
        (
            Behaviour {
                rcpt: Some("550 5.1.1 no such user"),
                ..Behaviour::default()
            },
            true,
        ),
        (
            Behaviour {
                data: Some("554 5.7.1 rejected"),
                ..Behaviour::default()
            },
            true,
        ),
        (
            Behaviour {
                rcpt: Some("450 4.2.1 try later"),
                ..Behaviour::default()
            },
            false,
        ),
        (
            Behaviour {
                mail: Some("421 4.3.2 going down"),
                ..Behaviour::default()
            },
            false,
        ),
        (
            Behaviour {
                hangs_up: true,
                ..Behaviour::default()
            },
            false,
        ),
    ] {
        let (kith, server) = (Fixture::new().await, MailServer::start().await);
        server.behave(behaviour.clone());
        kith.forgot("ada@example.com").await;
        let outcome = kith.outbox_to(&server).deliver().await.unwrap();
        let expected = Delivered {
            sent: 0,
            dead: usize::from(dead),
            postponed: usize::from(!dead),
            dropped: 0,
        };
        assert_eq!(outcome, expected, "{behaviour:?}");
        let state = kith
            .text("select status || ' ' || (due_at > now() + interval '50 seconds')::text || ' ' || (last_error <> '')::text from outgoing_mail")
            .await;
        let wanted = if dead {
            "dead true true"
        } else {
            "queued true true"
        };
        assert_eq!(state, wanted, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for() {
    let kith = Fixture::new().await;
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let outbox = kith.outbox(Transport::smtp(&format!("smtp://{closed}")).unwrap());
    kith.forgot("ada@example.com").await;
    for attempt in 1..=9 {
        let outcome = outbox.deliver().await.unwrap();
        // Eight pauses, and then it is over.
        let expected = (usize::from(attempt < 9), usize::from(attempt == 9));
        assert_eq!(
            (outcome.postponed, outcome.dead),
            expected,
            "attempt {attempt}"
        );
        kith.script("update outgoing_mail set due_at = now() where status = 'queued'")
            .await;
    }
    assert_eq!(outbox.deliver().await.unwrap(), Delivered::default());
}
