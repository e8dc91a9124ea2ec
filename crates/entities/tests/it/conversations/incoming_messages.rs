//! What comes in: whose it is, where it belongs, once each.

use kith_engine::EngineError;
use kith_entities::contact::CONTACT;
use kith_entities::conversation::{CONVERSATION, Incoming, Received};
use kith_entities::lead::LEAD;
use kith_entities::message::MESSAGE;
use serde_json::{Value as Json, json};

use crate::world::{World, id_of};

use super::{incoming, lead, receive};

#[tokio::test]
async fn whoever_writes_is_found_or_becomes_a_lead() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let contact = world
        .create(&owner, &CONTACT, json!({"last_name": "Lovelace", "email": "ada@example.com", "phone": "+14155550101", "mobile": "+1 415 555 0102 ext. 7"}))
        .await
        .unwrap();
    let lead = lead(
        &world,
        &owner,
        json!({"last_name": "Bob", "email": "bob@example.com", "phone": "+14155550103"}),
    )
    .await;
    for (channel, from, kind, id) in [
        ("email", "ADA@example.com", "contact", id_of(&contact)),
        ("whatsapp", "14155550101", "contact", id_of(&contact)),
        ("sms", "+14155550102", "contact", id_of(&contact)),
        ("email", "bob@example.com", "lead", lead),
        ("whatsapp", "whatsapp:+14155550103", "lead", lead),
    ] {
        let received = receive(
            &world,
            &organization,
            &incoming(channel, from, "Hello", &format!("{channel}{from}")),
        )
        .await
        .unwrap();
        assert_eq!(
            (received.subject_type.as_str(), received.subject_id),
            (kind, id),
            "{channel} {from}"
        );
        assert!(received.is_new && !received.made_lead);
    }
    let stranger = Incoming {
        from_name: Some("Grace Brewster Hopper".to_owned()),
        ..incoming("whatsapp", "972987654321", "Shalom", "w1")
    };
    let received = receive(&world, &organization, &stranger).await.unwrap();
    assert!(received.made_lead);
    let made = world.get(&owner, &LEAD, received.subject_id).await.unwrap();
    assert_eq!(
        (
            &made["first_name"],
            &made["last_name"],
            &made["phone"],
            &made["source"],
            &made["status"]
        ),
        (
            &json!("Grace Brewster"),
            &json!("Hopper"),
            &json!("+972987654321"),
            &json!("inbound"),
            &json!("new")
        )
    );
    // The next message is the same lead's and in the same conversation.
    let again = receive(
        &world,
        &organization,
        &incoming("whatsapp", "972987654321", "Again", "w2"),
    )
    .await
    .unwrap();
    assert_eq!(
        (again.conversation_id, again.made_lead),
        (received.conversation_id, false)
    );
    // Somebody without a name is known by the address.
    let nameless = receive(
        &world,
        &organization,
        &incoming("sms", "+14155550199", "?", "s1"),
    )
    .await
    .unwrap();
    assert_eq!(
        world.get(&owner, &LEAD, nameless.subject_id).await.unwrap()["full_name"],
        "+14155550199"
    );
    for (channel, from) in [
        ("email", "nobody"),
        ("sms", "x"),
        ("whatsapp", ""),
        ("fax", "+14155550199"),
    ] {
        assert!(
            receive(&world, &organization, &incoming(channel, from, "x", "y"))
                .await
                .is_err(),
            "{channel} {from}"
        );
    }
    // What was written stands in their timeline.
    let told = world
        .list(
            &owner,
            &kith_entities::activity::ACTIVITY,
            &[("entity_id", &lead.to_string()), ("limit", "200")],
        )
        .await
        .unwrap();
    let said: Vec<&Json> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["description"] == "Hello")
        .collect();
    assert_eq!(said.len(), 2, "{told}");
    // A conversation outlives the conversion of its lead, and one's own organization is all that is searched.
    let evil = world.organization("Evil").await;
    let elsewhere = receive(
        &world,
        &evil,
        &incoming("email", "ada@example.com", "Hi", "e1"),
    )
    .await
    .unwrap();
    assert!(elsewhere.made_lead);
}

#[tokio::test]
async fn two_hundred_deliveries_at_once_make_one_of_each() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    // The same message a hundred times, and a hundred of one sender whom nobody knows.
    let tries = (0..200).map(|number| {
        let message = if number < 100 {
            incoming("whatsapp", "972987654321", "Once", "same")
        } else {
            incoming("whatsapp", "972987654321", "Many", &format!("m{number}"))
        };
        let (world, organization) = (&world, &organization);
        async move {
            // As many as the pool has connections are under way; the others wait their turn.
            loop {
                match receive(world, organization, &message).await {
                    Err(EngineError::Store(kith_store::StoreError::Unavailable { .. })) => {}
                    outcome => return outcome,
                }
            }
        }
    });
    let received: Vec<Received> = futures_util::future::join_all(tries)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(received.iter().filter(|one| one.is_new).count(), 101);
    assert_eq!(received.iter().filter(|one| one.made_lead).count(), 1);
    assert!(
        received
            .iter()
            .all(|one| one.conversation_id == received[0].conversation_id)
    );
    let leads = world
        .list(&owner, &LEAD, &[("total", "true")])
        .await
        .unwrap();
    assert_eq!(leads["page"]["total"], 1);
    let conversation = world
        .get(&owner, &CONVERSATION, received[0].conversation_id)
        .await
        .unwrap();
    assert_eq!(
        (
            &conversation["message_count"],
            &conversation["unread_count"]
        ),
        (&json!(101), &json!(101))
    );
}

#[tokio::test]
async fn mail_is_threaded_by_what_it_answers_and_by_its_subject() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let mail = |from: &str, subject: &str, id: &str, answers: Option<&str>| Incoming {
        subject: Some(subject.to_owned()),
        email_message_id: Some(format!("<{id}@mail.example>")),
        in_reply_to: answers.map(|id| format!("<{id}@mail.example>")),
        references: answers
            .map(|id| format!("<{id}@mail.example>"))
            .into_iter()
            .collect(),
        ..incoming("email", from, "Text", id)
    };
    let first = receive(
        &world,
        &organization,
        &mail("ada@example.com", "Offer", "a1", None),
    )
    .await
    .unwrap();
    let by_subject = receive(
        &world,
        &organization,
        &mail("ada@example.com", "RE: AW: offer", "a2", None),
    )
    .await
    .unwrap();
    assert_eq!(by_subject.conversation_id, first.conversation_id);
    let renamed = receive(
        &world,
        &organization,
        &mail("ada@example.com", "Something else", "a3", Some("a1")),
    )
    .await
    .unwrap();
    assert_eq!(
        renamed.conversation_id, first.conversation_id,
        "what it answers counts more than its subject"
    );
    let message = world
        .get(&owner, &MESSAGE, renamed.message_id)
        .await
        .unwrap();
    assert_eq!(message["reply_to_id"], json!(first.message_id));
    assert_eq!(
        (&message["in_reply_to"], &message["email_references"]),
        (&json!("a1@mail.example"), &json!(["a1@mail.example"]))
    );
    let other = receive(
        &world,
        &organization,
        &mail("ada@example.com", "Invoice", "a4", None),
    )
    .await
    .unwrap();
    assert_ne!(other.conversation_id, first.conversation_id);
    // Knowing a message's id lets nobody into another's conversation.
    let stranger = receive(
        &world,
        &organization,
        &mail("eve@evil.example", "Re: Offer", "e1", Some("a1")),
    )
    .await
    .unwrap();
    assert_ne!(stranger.conversation_id, first.conversation_id);
    // Whoever was written to may answer.
    let copied = Incoming {
        cc: vec!["Carl@example.com".to_owned()],
        ..mail("ada@example.com", "Re: Offer", "a5", Some("a1"))
    };
    receive(&world, &organization, &copied).await.unwrap();
    let carl = receive(
        &world,
        &organization,
        &mail("carl@example.com", "Re: Offer", "c1", Some("a5")),
    )
    .await
    .unwrap();
    assert_eq!(
        (carl.conversation_id, carl.made_lead),
        (first.conversation_id, false)
    );
    let his = world.get(&owner, &MESSAGE, carl.message_id).await.unwrap();
    assert_eq!(
        (&his["sender_lead_id"], &his["sender_address"]),
        (&Json::Null, &json!("carl@example.com"))
    );
    let shown = world
        .get(&owner, &CONVERSATION, first.conversation_id)
        .await
        .unwrap();
    assert_eq!(
        (&shown["title"], &shown["email"], &shown["direction"]),
        (
            &json!("Offer"),
            &json!("ada@example.com"),
            &json!("inbound")
        )
    );
}
