//! Tickets: numbers, the course of one, what comments do, customers of their own.

use kith_engine::{Caller, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_entities::task::TASK;
use kith_entities::ticket::{self, Reply, TICKET};
use kith_entities::ticket_comment::TICKET_COMMENT;
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde_json::{Value as Json, json};

use crate::world::{Organization, World, id_of, ids};

pub(crate) async fn ticket(world: &World, caller: &Caller, more: Json) -> Json {
    let mut body = json!({"subject": "It broke", "description": "It does not start any more."});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.create(caller, &TICKET, body).await.unwrap()
}

pub(crate) async fn say(
    world: &World,
    caller: &Caller,
    ticket: &Json,
    more: Json,
) -> Result<Json, EngineError> {
    let mut body = json!({"ticket_id": ticket["id"], "comment": "Hear hear"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.create(caller, &TICKET_COMMENT, body).await
}

pub(crate) async fn set(
    world: &World,
    caller: &Caller,
    ticket: &Json,
    body: Json,
) -> Result<Json, EngineError> {
    world
        .update(caller, &TICKET, id_of(ticket), body, None)
        .await
}

pub(crate) async fn read(world: &World, caller: &Caller, ticket: &Json) -> Json {
    world.get(caller, &TICKET, id_of(ticket)).await.unwrap()
}

/// Runs SQL as the owner of the database, with its triggers off: what only time would have done.
pub(crate) async fn past(world: &World, sql: &str) {
    let script = format!(
        "SET session_replication_role = replica; {sql}; SET session_replication_role = origin"
    );
    world.test.admin().await.script(&script).await.unwrap();
}

/// A company of which the person in this role of the customer's side is a member.
pub(crate) async fn client_of(world: &World, boss: &Caller, client: &Caller, name: &str) -> Json {
    let company = world
        .create(boss, &COMPANY, json!({"name": name}))
        .await
        .unwrap();
    let membership = json!({"company_id": company["id"], "user_id": client.principal.user_id});
    world
        .create(boss, &COMPANY_MEMBER, membership)
        .await
        .unwrap();
    company
}

pub(crate) async fn settings(world: &World, organization: &Organization, settings: Json) {
    let statement = Statement::new("UPDATE organizations SET settings = $2 WHERE id = $1")
        .with(organization.id, Type::UUID)
        .with(settings, Type::JSONB);
    world.test.admin().await.execute(&statement).await.unwrap();
}

pub(crate) fn message_of(error: &EngineError) -> String {
    match error {
        EngineError::Conflict { message, .. } | EngineError::Refused { message, .. } => {
            message.clone()
        }
        EngineError::Invalid(faults) => faults[0].message.clone(),
        EngineError::InvalidRows(rows) => rows[0].1[0].message.clone(),
        other => panic!("{other:?}"),
    }
}

/// The numbers of an organization's tickets, in order.
async fn numbers(world: &World, organization: &Organization) -> Vec<i64> {
    let statement = Statement::new(
        "SELECT number_key FROM tickets WHERE organization_id = $1 ORDER BY number_key",
    )
    .with(organization.id, Type::UUID);
    let rows = world.test.admin().await.query(&statement).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_no_gaps_with_32_writers_of_whom_some_give_up() {
    let world = std::sync::Arc::new(World::new().await);
    let organization = world.organization("Acme").await;
    let agent = world.role(&organization, "support").await;
    let mut writers = Vec::new();
    for writer in 0..32_u64 {
        let (world, agent) = (std::sync::Arc::clone(&world), agent.clone());
        writers.push(tokio::spawn(async move {
            let mut made = 0;
            for round in 0..8_u64 {
                // No two writers do the same, and every run does the same.
                let chance = (writer * 31 + round * 17) % 7;
                let tx = world.begin(&agent).await;
                let bodies: Vec<Json> = (0..=chance)
                    .map(|n| json!({"subject": format!("{writer} {round} {n}"), "description": "x"}))
                    .collect();
                kith_engine::create(&world.engine, &tx, &agent, &TICKET, &bodies).await.unwrap();
                if chance % 3 == 1 {
                    // A statement that fails gives its numbers back, and the transaction goes on.
                    tx.savepoint("tried").await.unwrap();
                    let failing = Statement::new("INSERT INTO tickets (organization_id, subject, description, created_by) SELECT current_organization_id(), repeat('x', n * 100), 'x', current_user_id() FROM generate_series(1, 5) n");
                    assert!(tx.execute(&failing).await.is_err());
                    tx.rollback_to("tried").await.unwrap();
                    kith_engine::create(&world.engine, &tx, &agent, &TICKET, &bodies[..1]).await.unwrap();
                }
                if chance % 2 == 0 {
                    drop(tx);
                } else {
                    tx.commit().await.unwrap();
                    made += bodies.len() + usize::from(chance % 3 == 1);
                }
            }
            made
        }));
    }
    let mut made = 0;
    for writer in writers {
        made += writer.await.unwrap();
    }
    let numbers = numbers(&world, &organization).await;
    assert!(made > 100, "{made}");
    assert_eq!(
        numbers,
        (1..=i64::try_from(made).unwrap()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn numbers_are_the_organizations_own_and_take_few_steps() {
    let world = World::new().await;
    let (acme, other) = (
        world.organization("Acme").await,
        world.organization("Other").await,
    );
    let admin = world.test.admin().await;
    // A statement that nobody does from outside: rows of several organizations, mixed.
    admin
        .script(&format!(
            "INSERT INTO tickets (organization_id, subject, description) SELECT CASE WHEN n % 3 = 0 THEN '{}'::uuid ELSE '{}'::uuid END, 'x', 'x' FROM generate_series(1, 3000) n",
            other.id, acme.id
        ))
        .await
        .unwrap();
    assert_eq!(numbers(&world, &acme).await, (1..=2000).collect::<Vec<_>>());
    assert_eq!(
        numbers(&world, &other).await,
        (1..=1000).collect::<Vec<_>>()
    );
    let agent = world.role(&acme, "support").await;
    let made = ticket(&world, &agent, json!({})).await;
    assert_eq!(made["number"], json!("T-002001"));
    past(&world, "UPDATE number_series SET last_number = 999999").await;
    let made = ticket(&world, &agent, json!({})).await;
    assert_eq!(made["number"], json!("T-1000000"));
    let found = world
        .list(&agent, &TICKET, &[("q", "T-1000000")])
        .await
        .unwrap();
    assert_eq!(ids(&found)[0], made["id"].as_str().unwrap());
}

#[tokio::test]
async fn a_ticket_is_opened_resolved_closed_and_opened_again_in_time() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let agent = world.role(&organization, "support").await;
    let made = ticket(&world, &agent, json!({})).await;
    assert_eq!(
        (&made["status"], &made["priority"]),
        (&json!("open"), &json!("medium"))
    );
    let resolved = set(&world, &agent, &made, json!({"status": "resolved"}))
        .await
        .unwrap();
    assert!(resolved["resolved_at"].is_string() && resolved["closed_at"].is_null());
    assert_eq!(resolved["resolution_met"], json!(true));
    let closed = set(&world, &agent, &made, json!({"status": "closed"}))
        .await
        .unwrap();
    assert_eq!(closed["resolved_at"], resolved["resolved_at"]);
    assert!(closed["closed_at"].is_string());
    let back = set(&world, &agent, &made, json!({"status": "in_progress"}))
        .await
        .unwrap();
    assert_eq!(back["reopened_count"], json!(1));
    assert!(
        back["resolved_at"].is_null()
            && back["closed_at"].is_null()
            && back["resolution_met"].is_null()
    );
    set(&world, &agent, &made, json!({"status": "closed"}))
        .await
        .unwrap();
    let id = id_of(&made);
    past(&world, &format!("UPDATE tickets SET opened_at = now() - interval '30 days', resolved_at = now() - interval '13 days', closed_at = now() - interval '13 days' WHERE id = '{id}'")).await;
    set(&world, &agent, &made, json!({"status": "open"}))
        .await
        .unwrap();
    set(&world, &agent, &made, json!({"status": "resolved"}))
        .await
        .unwrap();
    past(
        &world,
        &format!("UPDATE tickets SET resolved_at = now() - interval '15 days' WHERE id = '{id}'"),
    )
    .await;
    let refused = set(&world, &agent, &made, json!({"status": "open"}))
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, EngineError::Conflict { field: Some(field), .. } if field == "status")
    );
    let message = message_of(&refused);
    assert!(
        message.contains("14 days")
            && message.contains("new ticket")
            && message.contains("T-000001"),
        "{message}"
    );
    // Closing what is done is no opening again.
    set(&world, &agent, &made, json!({"status": "closed"}))
        .await
        .unwrap();
    settings(&world, &organization, json!({"ticket_reopen_days": 60})).await;
    let back = set(&world, &agent, &made, json!({"status": "open"}))
        .await
        .unwrap();
    assert_eq!(back["reopened_count"], json!(3));
}

#[tokio::test]
async fn a_ticket_may_come_with_its_past_but_not_with_a_muddled_one() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let agent = world.role(&organization, "support").await;
    let old = ticket(
        &world,
        &agent,
        json!({"status": "closed", "opened_at": "2026-03-02T09:00:00Z", "first_responded_at": "2026-03-02T09:30:00Z", "resolved_at": "2026-03-03T10:00:00Z", "priority": "high"}),
    )
    .await;
    // A Monday and an hour of Tuesday, of the office hours from 9 to 17 in UTC.
    assert_eq!(old["sla_used_seconds"], json!(9 * 3600));
    assert_eq!(old["sla_due_at"], json!("2026-03-02T17:00:00Z"));
    assert_eq!(
        (&old["resolution_met"], &old["sla_breached_at"]),
        (&json!(false), &json!("2026-03-02T17:00:00Z"))
    );
    assert_eq!(
        (&old["first_response_seconds"], &old["first_response_met"]),
        (&json!(1800), &json!(true))
    );
    assert_eq!(
        (&old["closed_at"], &old["first_response_breached_at"]),
        (&old["resolved_at"], &Json::Null)
    );
    for (body, field) in [
        (
            json!({"resolved_at": "2026-03-03T10:00:00Z"}),
            "resolved_at",
        ),
        (
            json!({"status": "resolved", "closed_at": "2026-03-03T10:00:00Z"}),
            "closed_at",
        ),
        (
            json!({"status": "closed", "opened_at": "2026-03-03T10:00:00Z", "resolved_at": "2026-03-02T10:00:00Z"}),
            "resolved_at",
        ),
        (
            json!({"status": "closed", "resolved_at": "2026-03-03T10:00:00Z", "closed_at": "2026-03-02T10:00:00Z"}),
            "closed_at",
        ),
        (
            json!({"opened_at": "2026-03-03T10:00:00Z", "first_responded_at": "2026-03-02T10:00:00Z"}),
            "first_responded_at",
        ),
        (json!({"opened_at": "2099-03-03T10:00:00Z"}), "opened_at"),
        (json!({"number": "T-000007"}), "number"),
        (json!({"sla_due_at": "2026-03-03T10:00:00Z"}), "sla_due_at"),
    ] {
        let mut whole = json!({"subject": "x", "description": "x"});
        for (name, value) in body.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let named = match world.create(&agent, &TICKET, whole).await.unwrap_err() {
            EngineError::InvalidRows(rows) => rows[0].1[0].field.clone(),
            EngineError::Invalid(faults) => faults[0].field.clone(),
            other => panic!("{body}: {other:?}"),
        };
        assert_eq!(named, field, "{body}");
    }
    let bare = world
        .create(
            &agent,
            &TICKET,
            json!({"description": "\nNo sound.\nSince noon."}),
        )
        .await
        .unwrap();
    assert_eq!(bare["subject"], json!("No sound."));
    let contact = json!({"last_name": "Ng", "company_id": world.create(&agent_boss(&world, &organization).await, &COMPANY, json!({"name": "Northwind"})).await.unwrap()["id"]});
    let contact = world
        .create(&agent_boss(&world, &organization).await, &CONTACT, contact)
        .await
        .unwrap();
    let of_contact = ticket(&world, &agent, json!({"contact_id": contact["id"]})).await;
    assert_eq!(of_contact["company_id"], contact["company_id"]);
}

async fn agent_boss(world: &World, organization: &Organization) -> Caller {
    world.role(organization, "owner").await
}

/// What the database works out cannot be written by whoever reaches it as the application.
#[tokio::test]
async fn what_follows_cannot_be_forged() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let made = ticket(&world, &owner, json!({})).await;
    let comment = say(&world, &owner, &made, json!({"is_internal": true}))
        .await
        .unwrap();
    let id = id_of(&made);
    for sql in [
        format!("UPDATE tickets SET number_key = 77 WHERE id = '{id}'"),
        format!("UPDATE tickets SET sla_due_at = now() + interval '1 year' WHERE id = '{id}'"),
        format!("UPDATE tickets SET sla_used_seconds = 0 WHERE id = '{id}'"),
        format!("UPDATE tickets SET first_responded_at = now() WHERE id = '{id}'"),
        format!("UPDATE tickets SET resolution_met = true WHERE id = '{id}'"),
        format!("UPDATE tickets SET opened_at = now() WHERE id = '{id}'"),
        format!("UPDATE tickets SET reopened_count = 0 WHERE id = '{id}'"),
        format!(
            "INSERT INTO tickets (organization_id, number_key, subject, description) VALUES ('{}', 99, 'x', 'x')",
            organization.id
        ),
        format!(
            "INSERT INTO tickets (organization_id, subject, description, sla_breached_at) VALUES ('{}', 'x', 'x', NULL)",
            organization.id
        ),
        format!(
            "UPDATE ticket_comments SET is_internal = false WHERE id = '{}'",
            id_of(&comment)
        ),
        format!(
            "UPDATE ticket_comments SET author_kind = 'customer' WHERE id = '{}'",
            id_of(&comment)
        ),
        format!(
            "INSERT INTO ticket_comments (organization_id, ticket_id, comment, created_by) VALUES ('{}', '{id}', 'x', '{}')",
            organization.id, organization.people["admin"]
        ),
        "SELECT take_numbers(current_organization_id(), 'ticket', 0, 5)".to_owned(),
        "SELECT return_ticket_numbers()".to_owned(),
        "SELECT next_ticket_agent(current_organization_id(), 'round_robin')".to_owned(),
        "SELECT send_sla_alerts(now() + interval '1 year', 10)".to_owned(),
        "SELECT * FROM organizations_with_sla_alerts(now() + interval '1 year')".to_owned(),
        "SELECT ticket_agents(current_organization_id())".to_owned(),
        "SELECT start_support(NULL)".to_owned(),
        "DELETE FROM ticket_turns".to_owned(),
        "SELECT * FROM number_series".to_owned(),
    ] {
        let tx = Tx::begin(&world.engine.database, &owner.principal, &owner.origin)
            .await
            .unwrap();
        let outcome = tx.query(&Statement::new(sql.clone())).await;
        assert!(outcome.is_err(), "{sql}");
    }
    assert_eq!(
        read(&world, &owner, &made).await["version"],
        made["version"]
    );
}

#[tokio::test]
async fn comments_answer_wait_and_open_again() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let agent = world.role(&organization, "support").await;
    let boss = world.role(&organization, "owner").await;
    let client = world.role(&organization, "client_member").await;
    let company = client_of(&world, &boss, &client, "Northwind").await;
    let made = ticket(&world, &client, json!({})).await;
    assert_eq!(
        (&made["channel"], &made["company_id"]),
        (&json!("portal"), &company["id"])
    );
    // Among ourselves is no answer, and a customer's own words are none either.
    let inside = say(&world, &agent, &made, json!({"is_internal": true}))
        .await
        .unwrap();
    assert_eq!(inside["author_kind"], json!("agent"));
    let theirs = say(&world, &client, &made, json!({})).await.unwrap();
    assert_eq!(theirs["author_kind"], json!("customer"));
    let standing = read(&world, &agent, &made).await;
    assert_eq!(
        (&standing["first_responded_at"], &standing["status"]),
        (&Json::Null, &json!("open"))
    );
    say(&world, &agent, &made, json!({})).await.unwrap();
    let answered = read(&world, &agent, &made).await;
    assert_eq!(
        (&answered["status"], &answered["first_response_met"]),
        (&json!("in_progress"), &json!(true))
    );
    let first = answered["first_responded_at"].clone();
    assert!(first.is_string());
    let reply = Reply {
        comment: json!("Which version?"),
        is_internal: false,
        contact_id: None,
        status: Some(json!("waiting_customer")),
    };
    let tx = world.begin(&agent).await;
    let both = ticket::reply(&world.engine, &tx, &agent, id_of(&made), &reply)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        (
            &both["ticket"]["status"],
            &both["ticket"]["first_responded_at"]
        ),
        (&json!("waiting_customer"), &first)
    );
    assert!(
        both["ticket"]["sla_due_at"].is_null() && both["ticket"]["sla_running_since"].is_null()
    );
    say(&world, &client, &made, json!({})).await.unwrap();
    let back = read(&world, &agent, &made).await;
    // Nobody has it, so it is open and no more.
    assert_eq!(back["status"], json!("open"));
    assert!(back["sla_due_at"].is_string());
    set(
        &world,
        &agent,
        &made,
        json!({"status": "closed", "assigned_to_id": agent.principal.user_id}),
    )
    .await
    .unwrap();
    // Ours does not open it again; theirs does, and so does what somebody writes down of theirs.
    say(&world, &agent, &made, json!({})).await.unwrap();
    assert_eq!(read(&world, &agent, &made).await["status"], json!("closed"));
    let contact = world
        .create(&boss, &CONTACT, json!({"last_name": "Ng"}))
        .await
        .unwrap();
    say(&world, &agent, &made, json!({"contact_id": contact["id"]}))
        .await
        .unwrap();
    let again = read(&world, &agent, &made).await;
    assert_eq!(
        (&again["status"], &again["reopened_count"]),
        (&json!("in_progress"), &json!(1))
    );
    let bad = say(
        &world,
        &agent,
        &made,
        json!({"contact_id": contact["id"], "is_internal": true}),
    )
    .await
    .unwrap_err();
    assert!(message_of(&bad).contains("no internal comment"));
    // Too late is too late.
    set(&world, &agent, &made, json!({"status": "resolved"}))
        .await
        .unwrap();
    past(&world, &format!("UPDATE tickets SET opened_at = now() - interval '90 days', resolved_at = now() - interval '80 days', first_responded_at = now() - interval '85 days' WHERE id = '{}'", id_of(&made))).await;
    let refused = say(&world, &client, &made, json!({})).await.unwrap_err();
    assert!(
        message_of(&refused).contains("Open a new ticket"),
        "{refused:?}"
    );
    // An organization may have its answers wait.
    settings(
        &world,
        &organization,
        json!({"ticket_wait_after_reply": true}),
    )
    .await;
    let other = ticket(&world, &client, json!({})).await;
    say(&world, &agent, &other, json!({})).await.unwrap();
    assert_eq!(
        read(&world, &agent, &other).await["status"],
        json!("waiting_customer")
    );
    // A comment stays what it is, in the words of whoever wrote it.
    let own = say(&world, &agent, &other, json!({})).await.unwrap();
    world
        .update(
            &agent,
            &TICKET_COMMENT,
            id_of(&own),
            json!({"comment": "Better said"}),
            None,
        )
        .await
        .unwrap();
    let foreign = world
        .update(
            &agent,
            &TICKET_COMMENT,
            id_of(&theirs),
            json!({"comment": "Put into their mouth"}),
            None,
        )
        .await;
    assert!(
        matches!(foreign, Err(EngineError::Forbidden { .. })),
        "{foreign:?}"
    );
    assert!(
        world
            .update(
                &client,
                &TICKET_COMMENT,
                id_of(&theirs),
                json!({"comment": "x"}),
                None
            )
            .await
            .is_err()
    );
}

#[tokio::test]
async fn customers_open_tickets_for_their_own_companies_alone() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let client = world.role(&organization, "client_admin").await;
    let reader = world.role(&organization, "client_viewer").await;
    let own = client_of(&world, &boss, &client, "Northwind").await;
    let membership = json!({"company_id": own["id"], "user_id": reader.principal.user_id});
    world
        .create(&boss, &COMPANY_MEMBER, membership)
        .await
        .unwrap();
    let foreign = world
        .create(&boss, &COMPANY, json!({"name": "Contoso"}))
        .await
        .unwrap();
    let theirs = ticket(&world, &boss, json!({"company_id": foreign["id"]})).await;
    let nobodys = ticket(&world, &boss, json!({})).await;
    let made = ticket(
        &world,
        &client,
        json!({"priority": "urgent", "category": "bug"}),
    )
    .await;
    for (body, field) in [
        (json!({"company_id": foreign["id"]}), "company_id"),
        (json!({"status": "closed"}), "status"),
        (
            json!({"assigned_to_id": client.principal.user_id}),
            "assigned_to_id",
        ),
        (
            json!({"assigned_to_id": boss.principal.user_id}),
            "assigned_to_id",
        ),
        (json!({"opened_at": "2026-01-01T00:00:00Z"}), "opened_at"),
        (
            json!({"first_responded_at": "2026-12-01T00:00:00Z"}),
            "first_responded_at",
        ),
        (json!({"tags": ["vip"]}), "tags"),
    ] {
        let mut whole = json!({"subject": "x", "description": "x", "company_id": own["id"]});
        for (name, value) in body.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let named = match world.create(&client, &TICKET, whole).await.unwrap_err() {
            EngineError::InvalidRows(rows) => rows[0].1[0].field.clone(),
            EngineError::Invalid(faults) => faults[0].field.clone(),
            EngineError::Refused { field, .. } => field.unwrap_or_default(),
            other => panic!("{body}: {other:?}"),
        };
        assert_eq!(named, field, "{body}");
    }
    let seen = world.list(&client, &TICKET, &[]).await.unwrap();
    assert_eq!(ids(&seen), [made["id"].as_str().unwrap()]);
    assert_eq!(
        ids(&world.list(&reader, &TICKET, &[]).await.unwrap()).len(),
        1
    );
    let tried = world
        .create(
            &reader,
            &TICKET,
            json!({"subject": "x", "description": "x", "company_id": own["id"]}),
        )
        .await;
    assert!(
        matches!(tried, Err(EngineError::Forbidden { .. })),
        "{tried:?}"
    );
    for hidden in [&theirs, &nobodys] {
        let refused = say(&world, &client, hidden, json!({})).await.unwrap_err();
        assert!(
            matches!(refused, EngineError::InvalidRows(_)),
            "{refused:?}"
        );
        // Past the engine, with words put into another's mouth or into another's ticket.
        let sql = format!(
            "INSERT INTO ticket_comments (organization_id, ticket_id, comment, created_by) VALUES ('{}', '{}', 'x', '{}')",
            organization.id,
            hidden["id"].as_str().unwrap(),
            client.principal.user_id
        );
        let tx = world.begin(&client).await;
        assert!(tx.execute(&Statement::new(sql)).await.is_err());
    }
    assert!(
        set(&world, &client, &made, json!({"subject": "y"}))
            .await
            .is_err()
    );
    let internal = say(&world, &client, &made, json!({"is_internal": true})).await;
    assert!(internal.is_err());
    // Someone who belongs to two companies says which.
    client_of(&world, &boss, &client, "Fabrikam").await;
    let refused = world
        .create(
            &client,
            &TICKET,
            json!({"subject": "x", "description": "x"}),
        )
        .await
        .unwrap_err();
    assert!(message_of(&refused).contains("company"), "{refused:?}");
}

#[tokio::test]
async fn those_who_see_their_own_alone_keep_what_they_open() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    settings(
        &world,
        &organization,
        json!({"ticket_assignment": "round_robin"}),
    )
    .await;
    for (role, whose) in [
        ("member", "member"),
        ("sales", ""),
        ("support", "support"),
        ("manager", "support"),
    ] {
        let caller = world.role(&organization, role).await;
        let made = ticket(&world, &caller, json!({})).await;
        let expected = organization
            .people
            .get(whose)
            .map_or(Json::Null, |id| json!(id));
        assert_eq!(made["assigned_to_id"], expected, "{role}");
    }
    // A task about a ticket belongs to its people too.
    let member = world.role(&organization, "member").await;
    let mine = ticket(&world, &member, json!({})).await;
    let task = json!({"title": "Look into it", "subject_type": "ticket", "subject_id": mine["id"]});
    let owner = world.role(&organization, "owner").await;
    let task = world.create(&owner, &TASK, task).await.unwrap();
    world.get(&member, &TASK, id_of(&task)).await.unwrap();
}
