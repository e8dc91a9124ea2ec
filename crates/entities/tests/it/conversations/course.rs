//! The course of a conversation: counted, closed, opened again, kept.

use kith_engine::EngineError;
use kith_entities::conversation::CONVERSATION;
use kith_entities::message::MESSAGE;
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use serde_json::{Value as Json, json};

use crate::world::{World, id_of};

use super::{incoming, my_unread, read, receive, recounted, send};

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
