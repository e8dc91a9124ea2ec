//! Tasks in full: repeating, reminding, parts of tasks, their order, the calendar.

use kith_engine::{Caller, EngineError};
use kith_entities::task::calendar::{self, Form};
use kith_entities::task::{Place, TASK, complete_with_subtasks, place, task_reminders};
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::delivery::project;
use crate::world::{Organization, World, id_of};

async fn make(world: &World, caller: &Caller, body: Json) -> Json {
    world.create(caller, &TASK, body).await.unwrap()
}

async fn set(world: &World, caller: &Caller, task: &Json, body: Json) -> Result<Json, EngineError> {
    world.update(caller, &TASK, id_of(task), body, None).await
}

/// The living task that repeats another.
async fn next_of(world: &World, caller: &Caller, task: &Json) -> Vec<Json> {
    let list = world
        .list(
            caller,
            &TASK,
            &[("repeats_id", task["id"].as_str().unwrap())],
        )
        .await
        .unwrap();
    list["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn completing_a_task_that_repeats_makes_the_next() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "UPDATE organizations SET timezone = 'Europe/Berlin' WHERE id = '{}'",
            organization.id
        ))
        .await
        .unwrap();
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let made = project(&world, &boss, json!({})).await;
    let task = make(&world, &boss, json!({"title": "Report", "description": "All of it", "project_id": made["id"], "priority": "high", "tags": ["weekly"],
        "assigned_to_id": member.principal.user_id, "due_at": "2027-03-26T08:00:00Z", "reminder_at": "2027-03-25T17:00:00Z", "recurrence": "FREQ=WEEKLY;COUNT=2"})).await;
    let part = make(
        &world,
        &boss,
        json!({"title": "Figures", "parent_id": task["id"], "due_at": "2027-03-26T07:00:00Z"}),
    )
    .await;
    set(&world, &boss, &part, json!({"status": "completed"}))
        .await
        .unwrap();
    set(&world, &member, &task, json!({"status": "completed"}))
        .await
        .unwrap();
    let next = next_of(&world, &boss, &task).await;
    assert_eq!(next.len(), 1);
    let next = &next[0];
    // Nine o'clock stays nine o'clock on the other side of the change of the clocks.
    for (field, expected) in [
        ("due_at", json!("2027-04-02T07:00:00Z")),
        ("reminder_at", json!("2027-04-01T16:00:00Z")),
        ("recurrence", json!("FREQ=WEEKLY;COUNT=1")),
        ("title", json!("Report")),
        ("description", json!("All of it")),
        ("priority", json!("high")),
        ("tags", json!(["weekly"])),
        ("status", json!("todo")),
        ("project_id", made["id"].clone()),
        ("assigned_to_id", json!(member.principal.user_id)),
        ("created_by", json!(boss.principal.user_id)),
    ] {
        assert_eq!(next[field], expected, "{field}");
    }
    let parts = world
        .list(&boss, &TASK, &[("parent_id", next["id"].as_str().unwrap())])
        .await
        .unwrap();
    assert_eq!(
        (
            &parts["data"][0]["title"],
            &parts["data"][0]["status"],
            &parts["data"][0]["due_at"]
        ),
        (
            &json!("Figures"),
            &json!("todo"),
            &json!("2027-04-02T06:00:00Z")
        )
    );
    // Opened again, the next goes as long as nobody touched it, and comes back with the completion.
    set(&world, &member, &task, json!({"status": "todo"}))
        .await
        .unwrap();
    assert!(next_of(&world, &boss, &task).await.is_empty());
    set(&world, &member, &task, json!({"status": "completed"}))
        .await
        .unwrap();
    let next = next_of(&world, &boss, &task).await;
    assert_eq!(next.len(), 1);
    set(
        &world,
        &boss,
        &next[0],
        json!({"title": "Report for April"}),
    )
    .await
    .unwrap();
    set(&world, &member, &task, json!({"status": "in_progress"}))
        .await
        .unwrap();
    assert_eq!(next_of(&world, &boss, &task).await.len(), 1);
    set(&world, &member, &task, json!({"status": "completed"}))
        .await
        .unwrap();
    assert_eq!(next_of(&world, &boss, &task).await.len(), 1);
    // The last of the series makes no other.
    let last = next_of(&world, &boss, &task).await.remove(0);
    let with_parts = json!({"status": "completed"});
    assert!(matches!(
        set(&world, &boss, &last, with_parts).await,
        Err(EngineError::Conflict { .. })
    ));
    let tx = world.begin(&boss).await;
    complete_with_subtasks(&world.engine, &tx, &boss, id_of(&last), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(next_of(&world, &boss, &last).await.is_empty());
    // Nor does what is made completed, as an import makes it.
    let old = make(&world, &boss, json!({"title": "Old", "status": "completed", "due_at": "2026-01-01T08:00:00Z", "recurrence": "FREQ=DAILY"})).await;
    assert!(next_of(&world, &boss, &old).await.is_empty());
    assert!(
        world
            .create(
                &boss,
                &TASK,
                json!({"title": "Never", "recurrence": "FREQ=SECONDLY"})
            )
            .await
            .is_err()
    );
}

#[tokio::test]
async fn two_who_press_at_once_make_one_next_task() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let manager = world.role(&organization, "manager").await;
    for _ in 0..3 {
        let task = make(
            &world,
            &boss,
            json!({"title": "Daily", "due_at": "2026-11-30T08:00:00Z", "recurrence": "FREQ=DAILY"}),
        )
        .await;
        let presses = (0..6).map(|index| {
            let who = if index % 2 == 0 { &boss } else { &manager };
            set(&world, who, &task, json!({"status": "completed"}))
        });
        for outcome in futures_util::future::join_all(presses).await {
            outcome.unwrap();
        }
        assert_eq!(next_of(&world, &boss, &task).await.len(), 1);
    }
    // The function itself makes nothing of tasks that this transaction did not complete.
    let task = make(
        &world,
        &boss,
        json!({"title": "Open", "due_at": "2026-11-30T08:00:00Z", "recurrence": "FREQ=DAILY"}),
    )
    .await;
    let tx = world.begin(&boss).await;
    let forged = Statement::new("SELECT count(*) FROM repeat_tasks(ARRAY[$1]::uuid[], ARRAY[now()], ARRAY[now()], ARRAY['FREQ=DAILY'])").with(id_of(&task), Type::UUID);
    assert_eq!(tx.query_one(&forged).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_task_is_no_part_of_its_parts_and_goes_with_its_parent() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let made = project(&world, &boss, json!({})).await;
    let other = project(&world, &boss, json!({})).await;
    let top = make(
        &world,
        &boss,
        json!({"title": "Top", "project_id": made["id"]}),
    )
    .await;
    let middle = make(
        &world,
        &boss,
        json!({"title": "Middle", "parent_id": top["id"]}),
    )
    .await;
    let bottom = make(
        &world,
        &boss,
        json!({"title": "Bottom", "parent_id": middle["id"]}),
    )
    .await;
    assert_eq!(
        (&middle["project_id"], &bottom["project_id"]),
        (&made["id"], &made["id"])
    );
    for parent in [&middle, &bottom] {
        let outcome = set(&world, &boss, &top, json!({"parent_id": parent["id"]})).await;
        assert!(
            matches!(&outcome, Err(EngineError::Invalid(faults)) if faults[0].field == "parent_id"),
            "{outcome:?}"
        );
    }
    // Two who turn the family round from both ends at once do not make a ring.
    for _ in 0..4 {
        let one = make(&world, &boss, json!({"title": "One"})).await;
        let two = make(&world, &boss, json!({"title": "Two"})).await;
        let (first, second) = tokio::join!(
            set(&world, &boss, &one, json!({"parent_id": two["id"]})),
            set(&world, &boss, &two, json!({"parent_id": one["id"]}))
        );
        assert!(first.is_err() || second.is_err(), "a ring");
    }
    let apart = set(&world, &boss, &bottom, json!({"project_id": other["id"]})).await;
    assert!(matches!(apart, Err(EngineError::Invalid(_))), "{apart:?}");
    set(&world, &boss, &top, json!({"project_id": other["id"]}))
        .await
        .unwrap();
    for task in [&middle, &bottom] {
        assert_eq!(
            world.get(&boss, &TASK, id_of(task)).await.unwrap()["project_id"],
            other["id"]
        );
    }
    // A task about a project belongs to it.
    let about = make(
        &world,
        &boss,
        json!({"title": "Ask", "subject_type": "project", "subject_id": made["id"]}),
    )
    .await;
    assert_eq!(about["project_id"], made["id"]);
    let moved = set(&world, &boss, &about, json!({"subject_id": other["id"]}))
        .await
        .unwrap();
    assert_eq!(moved["project_id"], other["id"]);
    assert!(
        set(&world, &boss, &about, json!({"project_id": made["id"]}))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_task_is_done_when_its_parts_are() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let top = make(&world, &boss, json!({"title": "Top"})).await;
    let part = make(
        &world,
        &boss,
        json!({"title": "Part", "parent_id": top["id"]}),
    )
    .await;
    let deep = make(
        &world,
        &boss,
        json!({"title": "Deep", "parent_id": part["id"]}),
    )
    .await;
    let refused = set(&world, &boss, &top, json!({"status": "completed"})).await;
    assert!(
        matches!(&refused, Err(EngineError::Conflict { message, .. }) if message.starts_with("1 subtask is")),
        "{refused:?}"
    );
    let tx = world.begin(&boss).await;
    complete_with_subtasks(&world.engine, &tx, &boss, id_of(&top), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for task in [&top, &part, &deep] {
        assert_eq!(
            world.get(&boss, &TASK, id_of(task)).await.unwrap()["status"],
            json!("completed")
        );
    }
    // Cancelled parts hold nothing up.
    let top = make(&world, &boss, json!({"title": "Top"})).await;
    make(
        &world,
        &boss,
        json!({"title": "Part", "parent_id": top["id"], "status": "cancelled"}),
    )
    .await;
    set(&world, &boss, &top, json!({"status": "completed"}))
        .await
        .unwrap();
}

#[tokio::test]
async fn tasks_lie_where_they_were_laid() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let made = project(&world, &boss, json!({})).await;
    let other = project(&world, &boss, json!({})).await;
    let mut tasks = Vec::new();
    for title in ["A", "B", "C", "D"] {
        tasks.push(
            make(
                &world,
                &boss,
                json!({"title": title, "project_id": made["id"]}),
            )
            .await,
        );
    }
    let stranger = make(
        &world,
        &boss,
        json!({"title": "S", "project_id": other["id"]}),
    )
    .await;
    let order = async || {
        let list = world
            .list(
                &boss,
                &TASK,
                &[
                    ("project_id", made["id"].as_str().unwrap()),
                    ("sort", "position"),
                ],
            )
            .await
            .unwrap();
        let titles: Vec<String> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["title"].as_str().unwrap().to_owned())
            .collect();
        titles.concat()
    };
    let lay = async |task: &Json, before: Option<&Json>, after: Option<&Json>| {
        let wanted = Place {
            before: before.map(id_of),
            after: after.map(id_of),
        };
        let tx = world.begin(&boss).await;
        place(&world.engine, &tx, &boss, id_of(task), &wanted).await?;
        tx.commit().await?;
        Ok::<(), EngineError>(())
    };
    assert_eq!(order().await, "ABCD");
    lay(&tasks[3], Some(&tasks[0]), None).await.unwrap();
    assert_eq!(order().await, "DABC");
    lay(&tasks[0], None, Some(&tasks[1])).await.unwrap();
    assert_eq!(order().await, "DBAC");
    lay(&tasks[3], None, None).await.unwrap();
    assert_eq!(order().await, "BACD");
    for _ in 0..20 {
        lay(&tasks[2], Some(&tasks[0]), None).await.unwrap();
        lay(&tasks[3], Some(&tasks[2]), None).await.unwrap();
        lay(&tasks[2], None, Some(&tasks[3])).await.unwrap();
    }
    assert_eq!(order().await, "BDCA");
    assert!(lay(&tasks[0], Some(&stranger), None).await.is_err());
    assert!(lay(&tasks[0], Some(&tasks[0]), None).await.is_err());
    let client = world.role(&organization, "viewer").await;
    let tx = world.begin(&client).await;
    assert!(
        place(
            &world.engine,
            &tx,
            &client,
            id_of(&tasks[0]),
            &Place::default()
        )
        .await
        .is_err()
    );
}

async fn due(world: &World, organization: &Organization, now: &str) -> u64 {
    let tx = SystemTx::begin(
        &world.engine.database,
        Some(organization.id),
        &Origin::new("schedule"),
    )
    .await
    .unwrap();
    let given = task_reminders(&tx, now.parse().unwrap()).await.unwrap();
    tx.commit().await.unwrap();
    given
}

#[tokio::test]
async fn reminders_are_given_once_and_again_when_moved() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let other = world.organization("Other").await;
    let boss = world.role(&organization, "owner").await;
    let task = make(
        &world,
        &boss,
        json!({"title": "Call", "reminder_at": "2026-11-21T12:00:00Z"}),
    )
    .await;
    make(
        &world,
        &boss,
        json!({"title": "Done", "reminder_at": "2026-11-21T12:00:00Z", "status": "completed"}),
    )
    .await;
    make(
        &world,
        &boss,
        json!({"title": "Ancient", "reminder_at": "2026-10-01T12:00:00Z"}),
    )
    .await;
    let waiting = async |now: &str| -> Vec<Uuid> {
        let tx = SystemTx::begin(&world.engine.database, None, &Origin::new("schedule"))
            .await
            .unwrap();
        let statement = Statement::new("SELECT * FROM organizations_with_task_reminders($1)")
            .with(now.parse::<jiff::Timestamp>().unwrap(), Type::TIMESTAMPTZ);
        let rows = tx.query(&statement).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    assert!(waiting("2026-11-21T11:59:59Z").await.is_empty());
    assert_eq!(due(&world, &organization, "2026-11-21T11:59:59Z").await, 0);
    assert_eq!(waiting("2026-11-21T12:00:00Z").await, [organization.id]);
    assert_eq!(due(&world, &other, "2026-11-21T12:00:00Z").await, 0);
    // However many nodes look at the same moment.
    let now = "2026-11-21T12:00:00Z";
    let given = tokio::join!(
        due(&world, &organization, now),
        due(&world, &organization, now),
        due(&world, &organization, now)
    );
    assert_eq!(given.0 + given.1 + given.2, 1);
    assert!(waiting(now).await.is_empty());
    assert_eq!(due(&world, &organization, "2026-11-21T13:00:00Z").await, 0);
    // Giving a reminder changes nothing of the task.
    assert_eq!(
        world.get(&boss, &TASK, id_of(&task)).await.unwrap()["version"],
        json!(1)
    );
    set(
        &world,
        &boss,
        &task,
        json!({"reminder_at": "2026-11-21T14:00:00Z"}),
    )
    .await
    .unwrap();
    assert_eq!(due(&world, &organization, "2026-11-21T14:00:00Z").await, 1);
    let admin = world.test.admin().await;
    let events = admin.query(&Statement::new("SELECT count(*) FROM events WHERE entity = 'task' AND action = 'reminder' AND record_id = $1").with(id_of(&task), Type::UUID)).await.unwrap();
    assert_eq!(events[0].get::<_, i64>(0), 2);
    // No user may have reminders given.
    let late = make(
        &world,
        &boss,
        json!({"title": "Late", "reminder_at": "2026-11-21T15:00:00Z"}),
    )
    .await;
    let tx = world.begin(&boss).await;
    let forged = Statement::new("SELECT remind_of_tasks('2026-11-21T16:00:00Z', 10)");
    assert_eq!(tx.query_one(&forged).await.unwrap().get::<_, i64>(0), 0);
    drop(tx);
    assert_eq!(
        due(&world, &organization, "2026-11-21T16:00:00Z").await,
        1,
        "{late}"
    );
}

#[tokio::test]
async fn a_secret_opens_ones_own_open_tasks_until_it_is_revoked() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let user = member.principal.user_id;
    make(&world, &boss, json!({"title": "Mine", "assigned_to_id": user, "due_at": "2026-11-30T08:00:00Z", "recurrence": "FREQ=WEEKLY;BYDAY=MO"})).await;
    make(
        &world,
        &boss,
        json!({"title": "Finished", "assigned_to_id": user, "status": "completed"}),
    )
    .await;
    make(&world, &boss, json!({"title": "Another's"})).await;
    make(
        &world,
        &member,
        json!({"title": "Given away", "assigned_to_id": boss.principal.user_id}),
    )
    .await;
    let database = &world.engine.database;
    let hash = |text: &str| text.as_bytes().to_vec();
    assert!(
        calendar::reader(database, hash("one"))
            .await
            .unwrap()
            .is_none()
    );
    let renew = async |caller: &Caller, secret: &str| {
        let tx = world.begin(caller).await;
        calendar::renew_feed(&tx, hash(secret)).await.unwrap();
        tx.commit().await.unwrap();
    };
    renew(&member, "one").await;
    assert!(
        calendar::own_feed(database, &member.principal)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        calendar::own_feed(database, &boss.principal)
            .await
            .unwrap()
            .is_none()
    );
    let reader = calendar::reader(database, hash("one"))
        .await
        .unwrap()
        .unwrap();
    let text = calendar::calendar(database, &reader, Form::Events)
        .await
        .unwrap();
    assert!(
        text.contains("SUMMARY:Mine") && text.contains("RRULE:FREQ=WEEKLY;BYDAY=MO"),
        "{text}"
    );
    for hidden in ["Finished", "Another", "Given away"] {
        assert!(!text.contains(hidden), "{text}");
    }
    // Made anew, the old one is dead; nobody sees the table; who is let go reads nothing more.
    renew(&member, "two").await;
    assert!(
        calendar::reader(database, hash("one"))
            .await
            .unwrap()
            .is_none()
    );
    let look = database
        .read(
            &boss.principal,
            &[Statement::new("SELECT 1 FROM calendar_feeds")],
        )
        .await;
    assert!(look.is_err(), "calendar_feeds can be read");
    let admin = world.test.admin().await;
    let standing = |status: &str| {
        format!("UPDATE memberships SET status = '{status}' WHERE user_id = '{user}'")
    };
    admin.script(&standing("suspended")).await.unwrap();
    assert!(
        calendar::reader(database, hash("two"))
            .await
            .unwrap()
            .is_none()
    );
    let text = calendar::calendar(database, &reader, Form::Todos)
        .await
        .unwrap();
    assert!(
        !text.contains("Mine"),
        "row security asks at the moment of reading"
    );
    admin.script(&standing("active")).await.unwrap();
    let tx = world.begin(&member).await;
    assert!(calendar::revoke_feed(&tx).await.unwrap());
    tx.commit().await.unwrap();
    assert!(
        calendar::reader(database, hash("two"))
            .await
            .unwrap()
            .is_none()
    );
}
