//! Who reads and who may be written to.

use kith_engine::{Caller, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_entities::conversation::CONVERSATION;
use kith_entities::message::MESSAGE;
use kith_entities::suppression::SUPPRESSION;
use kith_store::Statement;
use kith_store::types::Type;
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, id_of, ids};

use super::{incoming, lead, read, receive, send};

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
