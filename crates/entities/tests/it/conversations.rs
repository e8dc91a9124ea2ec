//! Conversations: what comes in and what goes out, the counts, who sees what, and what cannot be changed.

use kith_engine::{Caller, EngineError};
use kith_entities::channel_account::CHANNEL_ACCOUNT;
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_entities::conversation::{self, CONVERSATION, Inbox, Incoming, NewMessage, Received};
use kith_entities::email_template::EMAIL_TEMPLATE;
use kith_entities::lead::LEAD;
use kith_entities::message::MESSAGE;
use kith_entities::suppression::SUPPRESSION;
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{Organization, World, id_of, ids, json_of};

fn incoming(channel: &str, from: &str, text: &str, provider_id: &str) -> Incoming {
    Incoming {
        channel: channel.to_owned(),
        from: from.to_owned(),
        content: text.to_owned(),
        provider_id: Some(provider_id.to_owned()),
        ..Incoming::default()
    }
}

async fn receive(
    world: &World,
    organization: &Organization,
    incoming: &Incoming,
) -> Result<Received, EngineError> {
    let tx = SystemTx::begin(
        &world.engine.database,
        Some(organization.id),
        &Origin::new("system"),
    )
    .await?;
    let received = conversation::process_incoming(&tx, incoming).await?;
    tx.commit().await?;
    Ok(received)
}

async fn send(world: &World, caller: &Caller, id: Uuid, wanted: Json) -> Result<Json, EngineError> {
    let wanted: NewMessage = serde_json::from_value(wanted).unwrap();
    let tx = world.begin(caller).await;
    let made = conversation::send(&world.engine, &tx, caller, id, wanted, &|_| None).await?;
    tx.commit().await?;
    Ok(json_of(&made))
}

async fn read(world: &World, caller: &Caller, id: Uuid) -> Result<(), EngineError> {
    let tx = world.begin(caller).await;
    conversation::mark_read(&tx, caller, id).await?;
    Ok(tx.commit().await?)
}

async fn my_unread(world: &World, caller: &Caller, id: Uuid) -> Json {
    let wanted = Inbox {
        view: Some("all".to_owned()),
        pairs: Vec::new(),
    };
    let list = conversation::inbox(&world.engine, caller, wanted)
        .await
        .unwrap();
    let found = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == json!(id));
    found.map_or(Json::Null, |one| one["my_unread"].clone())
}

async fn lead(world: &World, caller: &Caller, body: Json) -> Uuid {
    id_of(&world.create(caller, &LEAD, body).await.unwrap())
}

/// The counts as the messages say them.
async fn recounted(world: &World, id: Uuid) -> Json {
    let statement = Statement::new(
        "SELECT jsonb_build_object('message_count', count(*), 'inbound_count', count(*) FILTER (WHERE direction = 'inbound')) \
         FROM messages WHERE conversation_id = $1 AND message_type NOT IN ('internal', 'call_note')",
    )
    .with(id, Type::UUID);
    let admin = world.test.admin().await;
    admin.query(&statement).await.unwrap()[0].get(0)
}

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
async fn counts_are_kept_and_equal_a_recount() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let manager = world.role(&organization, "manager").await;
    let colleague = world.role(&organization, "owner").await;
    let received = receive(
        &world,
        &organization,
        &incoming("whatsapp", "972987654321", "One", "1"),
    )
    .await
    .unwrap();
    let id = received.conversation_id;
    receive(
        &world,
        &organization,
        &incoming("whatsapp", "972987654321", "Two", "2"),
    )
    .await
    .unwrap();
    assert_eq!(my_unread(&world, &manager, id).await, 2);
    read(&world, &manager, id).await.unwrap();
    assert_eq!(my_unread(&world, &manager, id).await, 0);
    assert_eq!(
        my_unread(&world, &colleague, id).await,
        2,
        "each reads for themselves"
    );
    let shown = world.get(&manager, &CONVERSATION, id).await.unwrap();
    assert_eq!(
        (&shown["unread_count"], &shown["last_message_preview"]),
        (&json!(0), &json!("Two"))
    );
    receive(
        &world,
        &organization,
        &incoming("whatsapp", "972987654321", "Three", "3"),
    )
    .await
    .unwrap();
    assert_eq!(
        world.get(&manager, &CONVERSATION, id).await.unwrap()["unread_count"],
        1
    );
    send(
        &world,
        &manager,
        id,
        json!({"content": "A note", "message_type": "internal"}),
    )
    .await
    .unwrap();
    let noted = world.get(&manager, &CONVERSATION, id).await.unwrap();
    assert_eq!(
        (
            &noted["message_count"],
            &noted["unread_count"],
            &noted["last_message_preview"]
        ),
        (&json!(3), &json!(1), &json!("Three"))
    );
    let answer = send(&world, &manager, id, json!({"content": "Yes"}))
        .await
        .unwrap();
    assert_eq!(
        (
            &answer["status"],
            &answer["message_type"],
            &answer["direction"],
            &answer["sender_user_id"]
        ),
        (
            &json!("queued"),
            &json!("whatsapp"),
            &json!("outbound"),
            &json!(manager.principal.user_id)
        )
    );
    assert_eq!(answer["recipients"], json!({"to": ["+972987654321"]}));
    let answered = world.get(&manager, &CONVERSATION, id).await.unwrap();
    assert_eq!(
        (&answered["message_count"], &answered["unread_count"]),
        (&json!(4), &json!(0))
    );
    assert_eq!(
        answered["assigned_to_id"],
        json!(manager.principal.user_id),
        "who answers what is nobody's takes it"
    );
    let counted = recounted(&world, id).await;
    for name in ["message_count", "inbound_count"] {
        assert_eq!(counted[name], answered[name], "{name}");
    }
    // Counts are nobody's to write, and set right when they are wrong.
    let tx = world.begin(&manager).await;
    tx.execute(
        &Statement::new(
            "UPDATE conversations SET message_count = 99, seen_count = 0 WHERE id = $1",
        )
        .with(id, Type::UUID),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        world.get(&manager, &CONVERSATION, id).await.unwrap()["message_count"],
        4
    );
    world
        .test
        .admin()
        .await
        .script(&format!(
            "UPDATE conversations SET message_count = 50 WHERE id = '{id}'"
        ))
        .await
        .unwrap();
    let tx = world.begin(&manager).await;
    tx.query(&Statement::new("SELECT update_conversation_stats($1)").with(id, Type::UUID))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        world.get(&manager, &CONVERSATION, id).await.unwrap()["message_count"],
        4
    );
    // Several messages of several conversations in one statement.
    let other = receive(
        &world,
        &organization,
        &incoming("whatsapp", "14155550100", "Hi", "4"),
    )
    .await
    .unwrap()
    .conversation_id;
    let tx = world.begin(&manager).await;
    let many = Statement::new(
        "INSERT INTO messages (organization_id, conversation_id, message_type, direction, content, created_by) \
         SELECT current_organization_id(), c.id, 'whatsapp', CASE WHEN n % 3 = 0 THEN 'outbound' ELSE 'inbound' END, 'x' || n, current_user_id() \
         FROM conversations c CROSS JOIN generate_series(1, 30) n WHERE c.id IN ($1, $2)",
    )
    .with(id, Type::UUID)
    .with(other, Type::UUID);
    assert_eq!(tx.execute(&many).await.unwrap(), 60);
    tx.commit().await.unwrap();
    for id in [id, other] {
        let shown = world.get(&manager, &CONVERSATION, id).await.unwrap();
        let counted = recounted(&world, id).await;
        assert_eq!(
            (&counted["message_count"], &counted["inbound_count"]),
            (&shown["message_count"], &shown["inbound_count"])
        );
    }
    // A page that was read before the counts moved may still be changed.
    let stale = world
        .update(
            &manager,
            &CONVERSATION,
            id,
            json!({"title": "Renamed"}),
            answered["version"].as_i64(),
        )
        .await;
    assert!(stale.is_ok(), "{stale:?}");
}

#[tokio::test]
async fn a_closed_conversation_opens_again_or_after_some_time_another_begins() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let id = receive(
        &world,
        &organization,
        &incoming("whatsapp", "972987654321", "One", "1"),
    )
    .await
    .unwrap()
    .conversation_id;
    let close = async || {
        world
            .update(&owner, &CONVERSATION, id, json!({"status": "closed"}), None)
            .await
            .unwrap()
    };
    assert!(!close().await["closed_at"].is_null());
    let again = receive(
        &world,
        &organization,
        &incoming("whatsapp", "972987654321", "Two", "2"),
    )
    .await
    .unwrap();
    assert_eq!(again.conversation_id, id);
    let open = world.get(&owner, &CONVERSATION, id).await.unwrap();
    assert_eq!(
        (&open["status"], &open["closed_at"]),
        (&json!("active"), &Json::Null)
    );
    close().await;
    world
        .test
        .admin()
        .await
        .script(&format!(
            "ALTER TABLE conversations DISABLE TRIGGER USER; UPDATE conversations SET closed_at = now() - interval '15 days' WHERE id = '{id}'; ALTER TABLE conversations ENABLE TRIGGER USER"
        ))
        .await
        .unwrap();
    let later = receive(
        &world,
        &organization,
        &incoming("whatsapp", "972987654321", "Three", "3"),
    )
    .await
    .unwrap();
    assert_ne!(later.conversation_id, id);
    assert_eq!(later.subject_id, again.subject_id, "of the same lead");
    assert_eq!(
        world.get(&owner, &CONVERSATION, id).await.unwrap()["status"],
        "closed"
    );
    world
        .update(
            &owner,
            &CONVERSATION,
            later.conversation_id,
            json!({"status": "paused"}),
            None,
        )
        .await
        .unwrap();
    let woken = receive(
        &world,
        &organization,
        &incoming("whatsapp", "972987654321", "Four", "4"),
    )
    .await
    .unwrap();
    assert_eq!(woken.conversation_id, later.conversation_id);
    assert_eq!(
        world
            .get(&owner, &CONVERSATION, woken.conversation_id)
            .await
            .unwrap()["status"],
        "active"
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

#[tokio::test]
async fn what_was_said_stays_said() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let id = receive(
        &world,
        &organization,
        &incoming("sms", "+14155550100", "Hi", "1"),
    )
    .await
    .unwrap()
    .conversation_id;
    let sent = send(&world, &owner, id, json!({"content": "Hello"}))
        .await
        .unwrap();
    let message = id_of(&sent);
    for sql in [
        "UPDATE messages SET content = 'x'",
        "UPDATE messages SET status = 'sent'",
        "DELETE FROM messages",
    ] {
        let tx = world.begin(&owner).await;
        assert!(tx.execute(&Statement::new(sql)).await.is_err(), "{sql}");
    }
    for (method, outcome) in [
        (
            "update",
            world
                .update(&owner, &MESSAGE, message, json!({"content": "x"}), None)
                .await
                .map(drop),
        ),
        ("delete", world.delete(&owner, &MESSAGE, message).await),
    ] {
        assert!(
            matches!(outcome, Err(EngineError::Refused { .. })),
            "{method}: {outcome:?}"
        );
    }
    // Not even past row security.
    let admin = world.test.admin().await;
    assert!(
        admin
            .script(&format!(
                "UPDATE messages SET content = 'x' WHERE id = '{message}'"
            ))
            .await
            .is_err()
    );
    admin
        .script(&format!(
            "UPDATE messages SET provider_id = 'p1' WHERE id = '{message}'"
        ))
        .await
        .unwrap();
    let note = async |status: &str| {
        let tx = SystemTx::begin(
            &world.engine.database,
            Some(organization.id),
            &Origin::new("system"),
        )
        .await
        .unwrap();
        let statement =
            Statement::new("SELECT note_message_status('sms', NULL, 'p1', $1, now(), 'because')")
                .with(status.to_owned(), Type::TEXT);
        let moved: bool = tx.query_one(&statement).await.unwrap().get(0);
        tx.commit().await.unwrap();
        moved
    };
    for (status, moves) in [
        ("sent", true),
        ("sent", false),
        ("delivered", true),
        ("sent", false),
        ("failed", false),
        ("read", true),
        ("delivered", false),
    ] {
        assert_eq!(note(status).await, moves, "{status}");
    }
    let shown = world.get(&owner, &MESSAGE, message).await.unwrap();
    assert_eq!(shown["status"], "read");
    for name in ["sent_at", "delivered_at", "read_at"] {
        assert!(!shown[name].is_null(), "{name}");
    }
    assert!(shown["failed_at"].is_null());
}

#[tokio::test]
async fn the_client_side_sees_its_own_and_nothing_internal() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let company = id_of(
        &world
            .create(&owner, &COMPANY, json!({"name": "Client"}))
            .await
            .unwrap(),
    );
    let theirs = id_of(
        &world
            .create(
                &owner,
                &CONTACT,
                json!({"last_name": "C", "company_id": company, "email": "c@client.example"}),
            )
            .await
            .unwrap(),
    );
    let stranger = id_of(
        &world
            .create(
                &owner,
                &CONTACT,
                json!({"last_name": "S", "email": "s@other.example"}),
            )
            .await
            .unwrap(),
    );
    let begin = async |kind: &str, id: Uuid, channel: &str| {
        let body = json!({"subject_type": kind, "subject_id": id, "channel": channel});
        id_of(&world.create(&owner, &CONVERSATION, body).await.unwrap())
    };
    let open = begin("contact", theirs, "email").await;
    let of_company = begin("company", company, "whatsapp").await;
    let inside = begin("contact", theirs, "internal").await;
    let elsewhere = begin("contact", stranger, "email").await;
    let said = id_of(
        &send(&world, &owner, open, json!({"content": "Hello"}))
            .await
            .unwrap(),
    );
    let mut hidden = Vec::new();
    for (conversation, kind) in [
        (open, "internal"),
        (open, "call_note"),
        (inside, "internal"),
        (elsewhere, "email"),
    ] {
        let made = send(
            &world,
            &owner,
            conversation,
            json!({"content": "Between us", "message_type": kind}),
        )
        .await
        .unwrap();
        hidden.push(id_of(&made));
    }
    for role in ["client_admin", "client_member", "client_viewer"] {
        let client = world.role(&organization, role).await;
        world
            .create(
                &owner,
                &COMPANY_MEMBER,
                json!({"company_id": company, "user_id": client.principal.user_id}),
            )
            .await
            .unwrap();
        let mut seen = ids(&world.list(&client, &CONVERSATION, &[]).await.unwrap());
        seen.sort();
        let mut wanted = vec![open.to_string(), of_company.to_string()];
        wanted.sort();
        assert_eq!(seen, wanted, "{role}");
        let listed = world.list(&client, &MESSAGE, &[]).await.unwrap();
        assert_eq!(ids(&listed), [said.to_string()], "{role}");
        assert!(!listed.to_string().contains("Between us"));
        let shown = world.get(&client, &CONVERSATION, open).await.unwrap();
        assert_eq!(
            (&shown["message_count"], &shown["last_message_preview"]),
            (&json!(1), &json!("Hello"))
        );
        assert_ne!(shown["email"], "c@client.example", "masked");
        for message in &hidden {
            assert!(
                matches!(
                    world.get(&client, &MESSAGE, *message).await,
                    Err(EngineError::NotFound)
                ),
                "{role}"
            );
            assert!(matches!(
                kith_engine::history(&world.engine, &client, &MESSAGE, *message, 5, None).await,
                Err(EngineError::NotFound)
            ));
        }
        // Nothing internal by any other way.
        for table in [
            "audit_log",
            "activities",
            "events",
            "channel_accounts",
            "email_templates",
            "suppressions",
            "campaigns",
        ] {
            let statement = Statement::new(format!(
                "SELECT count(*) FROM {table} t WHERE t::text LIKE '%Between us%' OR '{table}' NOT IN ('audit_log', 'activities', 'events')"
            ));
            let rows = world
                .engine
                .database
                .read(&client.principal, &[statement])
                .await
                .unwrap()
                .pop()
                .unwrap();
            assert_eq!(rows[0].get::<_, i64>(0), 0, "{role} {table}");
        }
        let writes = send(&world, &client, open, json!({"content": "x"})).await;
        assert!(
            matches!(writes, Err(EngineError::Forbidden { .. })),
            "{writes:?}"
        );
        read(&world, &client, open).await.unwrap();
        assert!(matches!(
            read(&world, &client, inside).await,
            Err(EngineError::NotFound)
        ));
    }
    // A role of one's own that reads everything but not what is internal.
    world
        .test
        .admin()
        .await
        .script(&format!(
            "INSERT INTO roles (organization_id, key, name) VALUES ('{0}', 'auditor', 'Auditor');
             INSERT INTO role_permissions SELECT '{0}', r.id, p.resource, 'read', 'all' FROM roles r CROSS JOIN (VALUES ('conversations'), ('activities')) p (resource)
             WHERE r.organization_id = '{0}' AND r.key = 'auditor';
             UPDATE memberships SET role_id = (SELECT id FROM roles WHERE organization_id = '{0}' AND key = 'auditor') WHERE user_id = '{1}'",
            organization.id, organization.people["finance"]
        ))
        .await
        .unwrap();
    let auditor = world
        .caller(&organization, organization.people["finance"])
        .await;
    assert_eq!(
        ids(&world.list(&auditor, &CONVERSATION, &[]).await.unwrap()).len(),
        3
    );
    for message in &hidden[..3] {
        assert!(matches!(
            kith_engine::history(&world.engine, &auditor, &MESSAGE, *message, 5, None).await,
            Err(EngineError::NotFound)
        ));
    }
    let statement = Statement::new(
        "SELECT count(*) FROM audit_log t WHERE t.entity_type = 'message' AND t.new_values ->> 'message_type' IN ('internal', 'call_note')",
    );
    let rows = world
        .engine
        .database
        .read(&auditor.principal, &[statement])
        .await
        .unwrap()
        .pop()
        .unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 0);
}

#[tokio::test]
async fn nobody_is_written_to_who_does_not_want_it() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let gone = lead(
        &world,
        &owner,
        json!({"last_name": "Gone", "email": "gone@example.com", "phone": "+14155550100"}),
    )
    .await;
    let private = lead(&world, &owner, json!({"last_name": "Private", "email": "p@example.com", "preferences": {"do_not_contact": true}})).await;
    let begin = |lead: Uuid, channel: &str| json!({"subject_type": "lead", "subject_id": lead, "channel": channel});
    let open = id_of(
        &world
            .create(&owner, &CONVERSATION, begin(gone, "email"))
            .await
            .unwrap(),
    );
    world
        .create(
            &owner,
            &SUPPRESSION,
            json!({"address": "gone@example.com", "reason": "unsubscribed"}),
        )
        .await
        .unwrap();
    for body in [
        begin(gone, "email"),
        begin(private, "email"),
        begin(private, "whatsapp"),
    ] {
        let made = world.create(&owner, &CONVERSATION, body).await;
        assert!(
            matches!(made, Err(EngineError::Conflict { .. })),
            "{made:?}"
        );
    }
    // Another channel was not left.
    let by_text = id_of(
        &world
            .create(&owner, &CONVERSATION, begin(gone, "sms"))
            .await
            .unwrap(),
    );
    send(&world, &owner, by_text, json!({"content": "Hi"}))
        .await
        .unwrap();
    let refused = send(&world, &owner, open, json!({"content": "Hi"})).await;
    assert!(
        matches!(&refused, Err(EngineError::Conflict { message, .. }) if message.contains("unsubscribed")),
        "{refused:?}"
    );
    // Nor as one of several.
    let friend = lead(
        &world,
        &owner,
        json!({"last_name": "F", "email": "f@example.com"}),
    )
    .await;
    let friend = id_of(
        &world
            .create(&owner, &CONVERSATION, begin(friend, "email"))
            .await
            .unwrap(),
    );
    let copied = send(&world, &owner, friend, json!({"content": "Hi", "recipients": {"to": ["f@example.com"], "cc": ["Gone@Example.com"]}})).await;
    assert!(
        matches!(copied, Err(EngineError::Conflict { .. })),
        "{copied:?}"
    );
    let tx = world.begin(&owner).await;
    let past = Statement::new(
        "INSERT INTO messages (organization_id, conversation_id, message_type, content, created_by) VALUES (current_organization_id(), $1, 'email', 'x', current_user_id())",
    )
    .with(open, Type::UUID);
    assert!(tx.execute(&past).await.is_err(), "the database holds it");
    drop(tx);
    // Notes among ourselves go nowhere, and they may always write to us.
    send(
        &world,
        &owner,
        open,
        json!({"content": "Left", "message_type": "internal"}),
    )
    .await
    .unwrap();
    assert!(
        receive(
            &world,
            &organization,
            &incoming("email", "gone@example.com", "Back", "1")
        )
        .await
        .unwrap()
        .is_new
    );
}

#[tokio::test]
async fn the_functions_of_the_document_answer_for_what_their_caller_may_see() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let sales = world.role(&organization, "sales").await;
    let mine = lead(
        &world,
        &sales,
        json!({"last_name": "Mine", "phone": "+14155550100"}),
    )
    .await;
    let theirs = lead(&world, &owner, json!({"last_name": "Theirs"})).await;
    let call =
        async |caller: &Caller, sql: &str, lead: Uuid| -> Result<Uuid, kith_store::StoreError> {
            let tx = world.begin(caller).await;
            let row = tx
                .query_one(&Statement::new(sql.to_owned()).with(lead, Type::UUID))
                .await?;
            tx.commit().await?;
            Ok(row.get(0))
        };
    let begin = "SELECT create_conversation($1, 'whatsapp')";
    let take = "SELECT process_incoming_message($1, 'Hello', 'whatsapp')";
    let id = call(&sales, begin, mine).await.unwrap();
    assert_eq!(
        call(&sales, begin, mine).await.unwrap(),
        id,
        "one thread a channel"
    );
    let message = call(&sales, take, mine).await.unwrap();
    let shown = world.get(&sales, &MESSAGE, message).await.unwrap();
    assert_eq!(
        (
            &shown["conversation_id"],
            &shown["direction"],
            &shown["sender_lead_id"],
            &shown["status"]
        ),
        (
            &json!(id),
            &json!("inbound"),
            &json!(mine),
            &json!("delivered")
        )
    );
    world
        .update(&sales, &CONVERSATION, id, json!({"status": "closed"}), None)
        .await
        .unwrap();
    call(&sales, take, mine).await.unwrap();
    assert_eq!(
        world.get(&sales, &CONVERSATION, id).await.unwrap()["status"],
        "active"
    );
    let evil = world.organization("Evil").await;
    let stranger = world.role(&evil, "owner").await;
    let viewer = world.role(&organization, "viewer").await;
    for (caller, lead) in [(&sales, theirs), (&stranger, mine), (&viewer, mine)] {
        assert!(
            call(caller, "SELECT create_conversation($1, 'sms')", lead)
                .await
                .is_err()
        );
        assert!(call(caller, take, lead).await.is_err());
    }
    for sql in [
        "SELECT create_conversation($1, 'fax')",
        "SELECT process_incoming_message($1, 'x', 'internal')",
        "SELECT process_incoming_message($1, ' ', 'sms')",
        "SELECT process_incoming_message($1, repeat('x', 50001), 'sms')",
    ] {
        assert!(call(&sales, sql, mine).await.is_err(), "{sql}");
    }
    // A recount of what one does not see changes nothing.
    world
        .test
        .admin()
        .await
        .script(&format!(
            "UPDATE conversations SET message_count = 50 WHERE id = '{id}'"
        ))
        .await
        .unwrap();
    let tx = world.begin(&stranger).await;
    tx.query(&Statement::new("SELECT update_conversation_stats($1)").with(id, Type::UUID))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        world.get(&sales, &CONVERSATION, id).await.unwrap()["message_count"],
        50
    );
    // What acts for no user is the server's alone.
    let tx = world.begin(&owner).await;
    for sql in [
        "SELECT receive_message('sms', NULL, '+14155550100', NULL, NULL, '{}')",
        "SELECT channel_secrets_of(gen_random_uuid())",
    ] {
        tx.savepoint("a").await.unwrap();
        assert!(tx.query(&Statement::new(sql)).await.is_err(), "{sql}");
        tx.rollback_to("a").await.unwrap();
    }
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let sales = world.role(&organization, "sales").await;
    let account = world
        .create(&owner, &CHANNEL_ACCOUNT, json!({"name": "Main", "channel": "whatsapp", "provider": "whatsapp_cloud", "address": "+1 415 555 0133"}))
        .await
        .unwrap();
    let id = id_of(&account);
    assert_eq!(account["address"], "+14155550133");
    let keep = async |caller: &Caller, names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let tx = world.begin(caller).await;
        kith_entities::channel_account::keep_secrets(
            &tx,
            caller,
            id,
            b"sealed secret".to_vec(),
            &names,
        )
        .await?;
        Ok::<(), EngineError>(tx.commit().await?)
    };
    keep(&owner, &["access_token", "app_secret"]).await.unwrap();
    assert!(matches!(
        keep(&sales, &["x"]).await,
        Err(EngineError::Forbidden { .. })
    ));
    let shown = world.get(&owner, &CHANNEL_ACCOUNT, id).await.unwrap();
    assert_eq!(shown["secret_names"], json!(["access_token", "app_secret"]));
    assert!(!shown["secrets_set_at"].is_null());
    for table in [
        "channel_secrets",
        "audit_log",
        "activities",
        "events",
        "channel_accounts",
    ] {
        let statement = Statement::new(format!(
            "SELECT count(*) FROM {table} t WHERE t::text LIKE '%sealed%' OR t::text LIKE '%7365616c6564%'"
        ));
        match world
            .engine
            .database
            .read(&owner.principal, &[statement])
            .await
        {
            Ok(mut rows) => assert_eq!(rows.pop().unwrap()[0].get::<_, i64>(0), 0, "{table}"),
            Err(error) => assert!(
                matches!(error, kith_store::StoreError::Permission { .. })
                    && table == "channel_secrets",
                "{error:?}"
            ),
        }
    }
    let tx = SystemTx::begin(
        &world.engine.database,
        Some(organization.id),
        &Origin::new("system"),
    )
    .await
    .unwrap();
    let row = tx
        .query_one(&Statement::new("SELECT channel_secrets_of($1)").with(id, Type::UUID))
        .await
        .unwrap();
    assert_eq!(row.get::<_, Vec<u8>>(0), b"sealed secret");
    drop(tx);
    keep(&owner, &[]).await.unwrap();
    let shown = world.get(&owner, &CHANNEL_ACCOUNT, id).await.unwrap();
    assert_eq!(
        (&shown["secret_names"], &shown["secrets_set_at"]),
        (&json!([]), &Json::Null)
    );
    let kept: i64 = world
        .test
        .admin()
        .await
        .query(&Statement::new("SELECT count(*) FROM channel_secrets"))
        .await
        .unwrap()[0]
        .get(0);
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_template_writes_what_its_writer_may_know() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let template = world
        .create(
            &owner,
            &EMAIL_TEMPLATE,
            json!({"name": "Welcome", "subject": "Hi {{ lead.first_name }}", "body_html": "<p>{{ lead.company_name }} {{ offer }}</p>", "body_text": "{{ lead.source }} {{ user.full_name }}"}),
        )
        .await
        .unwrap();
    assert_eq!(
        template["variables"],
        json!([
            "lead.company_name",
            "lead.first_name",
            "lead.source",
            "offer",
            "user.full_name"
        ])
    );
    let somebody = lead(&world, &owner, json!({"first_name": "Ada", "company_name": "Ada & Sons", "email": "ada@example.com", "source": "google_ads"})).await;
    let id = id_of(
        &world
            .create(
                &owner,
                &CONVERSATION,
                json!({"subject_type": "lead", "subject_id": somebody}),
            )
            .await
            .unwrap(),
    );
    let missing = send(&world, &owner, id, json!({"template_id": template["id"]}))
        .await
        .unwrap_err();
    assert!(
        format!("{missing:?}").contains("variables.offer"),
        "{missing:?}"
    );
    let message = send(
        &world,
        &owner,
        id,
        json!({"template_id": template["id"], "variables": {"offer": "<b>10%</b>"}}),
    )
    .await
    .unwrap();
    assert_eq!(message["subject"], "Hi Ada");
    assert_eq!(
        message["content_html"],
        "<p>Ada &amp; Sons &lt;b&gt;10%&lt;&#x2f;b&gt;</p>"
    );
    assert_eq!(message["content"], "Google Ads Acme owner");
    assert_eq!(message["email_template_id"], template["id"]);
    // What the record says is not to be replaced, and what one may not see is not to be rendered.
    let forged = send(
        &world,
        &owner,
        id,
        json!({"template_id": template["id"], "variables": {"lead": {}, "offer": 1}}),
    )
    .await;
    assert!(matches!(forged, Err(EngineError::Invalid(_))));
    let member = world.role(&organization, "member").await;
    let request = kith_entities::email_template::RenderRequest {
        subject_type: Some("lead".to_owned()),
        subject_id: Some(somebody),
        ..Default::default()
    };
    let hidden = kith_entities::email_template::render_for(
        &world.engine,
        &member,
        id_of(&template),
        &request,
        &|_| None,
    )
    .await;
    assert!(matches!(hidden, Err(EngineError::NotFound)), "{hidden:?}");
    for bad in ["{{ a", "{% include 'x' %}"] {
        let made = world
            .create(
                &owner,
                &EMAIL_TEMPLATE,
                json!({"name": bad, "subject": "x", "body_text": bad}),
            )
            .await;
        assert!(made.is_err(), "{bad}");
    }
}
