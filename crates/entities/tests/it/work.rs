//! Tasks, notes and interactions: what is about a record, who sees it, and what follows from it.

use kith_catalogue::Entity;
use kith_engine::{Caller, EngineError, Sql, scope_predicate};
use kith_entities::CATALOGUE;
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_entities::deal::DEAL;
use kith_entities::interaction::INTERACTION;
use kith_entities::lead::LEAD;
use kith_entities::note::NOTE;
use kith_entities::task::{MyTasks, TASK, my_tasks};
use kith_store::{Origin, Statement, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{ROLES, World, id_of, ids};

fn about(entity: &Entity, record: &Json) -> Json {
    json!({"subject_type": entity.name, "subject_id": record["id"]})
}

fn with(mut body: Json, more: &Json) -> Json {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn note(
    world: &World,
    caller: &Caller,
    entity: &Entity,
    record: &Json,
) -> Result<Json, EngineError> {
    world
        .create(
            caller,
            &NOTE,
            with(about(entity, record), &json!({"content": "Heard"})),
        )
        .await
}

async fn call(
    world: &World,
    caller: &Caller,
    entity: &Entity,
    record: &Json,
) -> Result<Json, EngineError> {
    let body = json!({"type": "Initial call", "channel": "phone", "note": "Wants a quote"});
    world
        .create(caller, &INTERACTION, with(about(entity, record), &body))
        .await
}

/// A record of each kind that can be a subject: owned by the boss, by nobody, and by `user`.
async fn subjects(world: &World, boss: &Caller, user: Uuid) -> Vec<(&'static Entity, Json)> {
    let mut made = Vec::new();
    for owner in [json!(boss.principal.user_id), Json::Null, json!(user)] {
        for (entity, name) in [
            (&COMPANY, "name"),
            (&CONTACT, "last_name"),
            (&LEAD, "last_name"),
            (&DEAL, "name"),
        ] {
            let record = world
                .create(boss, entity, json!({name: "Subject", "owner_id": owner}))
                .await
                .unwrap();
            made.push((entity, record));
        }
    }
    made
}

async fn sees(world: &World, caller: &Caller, entity: &'static Entity, id: Uuid) -> bool {
    let got = world.get(caller, entity, id).await.is_ok();
    let listed = world
        .list(caller, entity, &[("id", &id.to_string())])
        .await
        .is_ok_and(|list| ids(&list).len() == 1);
    assert_eq!(
        got, listed,
        "the predicate and the policy differ for {} {id}",
        entity.name
    );
    got
}

#[tokio::test]
async fn notes_and_interactions_are_seen_with_what_they_are_about() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    for role in ROLES {
        let caller = world.role(&organization, role).await;
        for (entity, record) in subjects(&world, &boss, caller.principal.user_id).await {
            let visible = world.get(&caller, entity, id_of(&record)).await.is_ok();
            let note_id = id_of(&note(&world, &boss, entity, &record).await.unwrap());
            let call_id = id_of(&call(&world, &boss, entity, &record).await.unwrap());
            let client = role.starts_with("client");
            for (kind, id) in [(&NOTE, note_id), (&INTERACTION, call_id)] {
                assert_eq!(
                    sees(&world, &caller, kind, id).await,
                    visible && !client,
                    "{role} {} of {}",
                    kind.name,
                    entity.name
                );
            }
            // Whoever reads a record may add to it, if their role writes at all.
            let may_write = visible && !client && *role != "viewer";
            let added = note(&world, &caller, entity, &record).await;
            assert_eq!(
                added.is_ok(),
                may_write,
                "{role} adds a note to {}: {added:?}",
                entity.name
            );
            assert_eq!(
                call(&world, &caller, entity, &record).await.is_ok(),
                may_write,
                "{role} logs a call with {}",
                entity.name
            );
            // Another's note is changed by those whose scope says so, one's own by its author.
            let full = matches!(*role, "owner" | "admin" | "manager");
            let changed = world
                .update(
                    &caller,
                    &NOTE,
                    note_id,
                    json!({"content": "Mine now"}),
                    None,
                )
                .await;
            assert_eq!(
                changed.is_ok(),
                full,
                "{role} changes the boss's note: {changed:?}"
            );
            if let Ok(own) = added {
                world
                    .update(
                        &caller,
                        &NOTE,
                        id_of(&own),
                        json!({"is_pinned": true}),
                        None,
                    )
                    .await
                    .unwrap();
                world.delete(&caller, &NOTE, id_of(&own)).await.unwrap();
            }
            // The timeline tells it to the same people.
            let timeline = world
                .list(
                    &caller,
                    &kith_entities::activity::ACTIVITY,
                    &[
                        ("entity_id", record["id"].as_str().unwrap()),
                        ("type", "call"),
                    ],
                )
                .await;
            let told = timeline.is_ok_and(|list| !ids(&list).is_empty());
            assert_eq!(
                told,
                visible && !client,
                "{role} timeline of {}",
                entity.name
            );
        }
    }
}

#[tokio::test]
async fn what_is_about_a_record_follows_it_from_hand_to_hand() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let me = member.principal.user_id;
    let company = world
        .create(&boss, &COMPANY, json!({"name": "Northwind"}))
        .await
        .unwrap();
    let contact = world
        .create(
            &boss,
            &CONTACT,
            json!({"last_name": "Ng", "company_id": company["id"]}),
        )
        .await
        .unwrap();
    let written = note(&world, &boss, &CONTACT, &contact).await.unwrap();
    let task = world
        .create(
            &boss,
            &TASK,
            with(
                about(&CONTACT, &contact),
                &json!({"title": "Send the offer"}),
            ),
        )
        .await
        .unwrap();
    let hidden = [(&NOTE, id_of(&written)), (&TASK, id_of(&task))];
    for (entity, id) in hidden {
        assert!(!sees(&world, &member, entity, id).await);
    }
    // Through the company that one belongs to.
    let membership = world
        .create(
            &boss,
            &COMPANY_MEMBER,
            json!({"company_id": company["id"], "user_id": me}),
        )
        .await
        .unwrap();
    for (entity, id) in hidden {
        assert!(sees(&world, &member, entity, id).await, "{}", entity.name);
    }
    world
        .delete(&boss, &COMPANY_MEMBER, id_of(&membership))
        .await
        .unwrap();
    // Through the ownership of the record.
    world
        .update(
            &boss,
            &CONTACT,
            id_of(&contact),
            json!({"owner_id": me}),
            None,
        )
        .await
        .unwrap();
    for (entity, id) in hidden {
        assert!(sees(&world, &member, entity, id).await, "{}", entity.name);
    }
    world
        .update(
            &boss,
            &CONTACT,
            id_of(&contact),
            json!({"owner_id": boss.principal.user_id}),
            None,
        )
        .await
        .unwrap();
    for (entity, id) in hidden {
        assert!(!sees(&world, &member, entity, id).await, "{}", entity.name);
        // Changing hands is no change of what was written.
        assert_eq!(
            world.get(&boss, entity, id).await.unwrap()["version"],
            json!(1)
        );
    }
}

/// An attacker who reaches the database as the application cannot say whose a subject is.
#[tokio::test]
async fn whose_a_subject_is_cannot_be_written() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let company = world
        .create(&boss, &COMPANY, json!({"name": "Secret"}))
        .await
        .unwrap();
    let mine = world
        .create(&member, &TASK, json!({"title": "Mine"}))
        .await
        .unwrap();
    let attempts = [
        format!(
            "INSERT INTO notes (organization_id, subject_type, subject_id, subject_owner_id, content, created_by) \
             VALUES (current_organization_id(), 'company', '{}', current_user_id(), 'In', current_user_id())",
            company["id"].as_str().unwrap()
        ),
        format!(
            "UPDATE tasks SET subject_owner_id = current_user_id() WHERE id <> '{}'",
            mine["id"].as_str().unwrap()
        ),
    ];
    for sql in attempts {
        let tx = Tx::begin(
            &world.engine.database,
            &member.principal,
            &Origin::new("api"),
        )
        .await
        .unwrap();
        let outcome = tx.execute(&Statement::new(sql.clone())).await;
        assert!(
            !outcome.as_ref().is_ok_and(|rows| *rows > 0),
            "{sql}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn interactions_are_written_once() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let company = world
        .create(&boss, &COMPANY, json!({"name": "Northwind"}))
        .await
        .unwrap();
    let logged = call(&world, &boss, &COMPANY, &company).await.unwrap();
    let id = id_of(&logged);
    for role in ROLES {
        let caller = world.role(&organization, role).await;
        assert!(
            world
                .update(
                    &caller,
                    &INTERACTION,
                    id,
                    json!({"note": "Never happened"}),
                    None
                )
                .await
                .is_err(),
            "{role}"
        );
        assert!(
            world.delete(&caller, &INTERACTION, id).await.is_err(),
            "{role}"
        );
        for sql in [
            "UPDATE interactions SET note = 'x'",
            "DELETE FROM interactions",
        ] {
            let tx = Tx::begin(
                &world.engine.database,
                &caller.principal,
                &Origin::new("api"),
            )
            .await
            .unwrap();
            let outcome = tx.execute(&Statement::new(sql)).await;
            assert!(outcome.is_err(), "{role}: {sql}: {outcome:?}");
        }
    }
    assert_eq!(world.get(&boss, &INTERACTION, id).await.unwrap(), logged);
    // It goes with its subject, and only then.
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "SET kith.organization = '{}'; DELETE FROM companies",
            organization.id
        ))
        .await
        .unwrap();
    assert!(matches!(
        world.get(&boss, &INTERACTION, id).await,
        Err(EngineError::NotFound)
    ));
}

#[tokio::test]
async fn a_follow_up_becomes_a_task_of_whoever_wrote_it() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let sales = world.role(&organization, "sales").await;
    let lead = world
        .create(&sales, &LEAD, json!({"last_name": "Hopper"}))
        .await
        .unwrap();
    let body = json!({"type": "Initial call", "channel": "phone", "note": "Call again", "follow_up_at": "2026-11-24T09:00:00Z"});
    let logged = world
        .create(&sales, &INTERACTION, with(about(&LEAD, &lead), &body))
        .await
        .unwrap();
    let mine = my_tasks(
        &world.engine,
        &sales,
        &MyTasks {
            limit: 50,
            ..MyTasks::default()
        },
    )
    .await
    .unwrap();
    let task = &mine["data"][0];
    assert_eq!(task["title"], json!("Follow up: Initial call"));
    assert_eq!(task["interaction_id"], logged["id"]);
    assert_eq!(
        task["subject"],
        json!({"id": lead["id"], "entity": "lead", "title": "Hopper"})
    );
    assert_eq!(
        (&task["type"], &task["due_at"]),
        (&json!("follow_up"), &json!("2026-11-24T09:00:00Z"))
    );
    assert_eq!(task["assigned_to_id"], json!(sales.principal.user_id));
    // Saturday, 21 November: the Tuesday after is later.
    assert_eq!(task["bucket"], json!("later"));
    assert_eq!(mine["page"]["counts"]["later"], json!(1));
}

async fn task(world: &World, caller: &Caller, title: &str, due: Option<&str>) -> Uuid {
    let made = world
        .create(caller, &TASK, json!({"title": title, "due_at": due}))
        .await
        .unwrap();
    id_of(&made)
}

#[tokio::test]
async fn ones_own_tasks_come_by_day_and_leave_when_they_are_done() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for (title, due) in [
        ("no date", None),
        ("later", Some("2026-12-24T09:00:00Z")),
        ("tomorrow", Some("2026-11-22T23:59:59Z")),
        ("today", Some("2026-11-21T00:00:00Z")),
        ("overdue", Some("2026-11-20T23:59:59Z")),
    ] {
        task(&world, &owner, title, due).await;
    }
    let wanted = MyTasks {
        limit: 50,
        completed_today: true,
        ..MyTasks::default()
    };
    let mine = my_tasks(&world.engine, &owner, &wanted).await.unwrap();
    let shown: Vec<(&str, &str)> = mine["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| {
            (
                task["title"].as_str().unwrap(),
                task["bucket"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("overdue", "overdue"),
            ("today", "today"),
            ("tomorrow", "tomorrow"),
            ("later", "later"),
            ("no date", "no_date")
        ]
    );
    assert_eq!(
        mine["page"]["counts"],
        json!({"overdue": 1, "today": 1, "tomorrow": 1, "this_week": 0, "later": 1, "no_date": 1})
    );
    let one = MyTasks {
        bucket: Some("overdue".to_owned()),
        limit: 50,
        ..MyTasks::default()
    };
    let overdue = my_tasks(&world.engine, &owner, &one).await.unwrap();
    assert_eq!(ids(&overdue).len(), 1);
    let id: Uuid = ids(&overdue)[0].parse().unwrap();
    let done = world
        .update(&owner, &TASK, id, json!({"status": "completed"}), None)
        .await
        .unwrap();
    assert_ne!(done["completed_at"], Json::Null);
    assert!(ids(&my_tasks(&world.engine, &owner, &one).await.unwrap()).is_empty());
    let again = world
        .update(&owner, &TASK, id, json!({"status": "pending"}), None)
        .await
        .unwrap();
    assert_eq!(
        (&again["status"], &again["completed_at"]),
        (&json!("todo"), &Json::Null)
    );
    let unknown = MyTasks {
        bucket: Some("someday".to_owned()),
        limit: 50,
        ..MyTasks::default()
    };
    assert!(matches!(
        my_tasks(&world.engine, &owner, &unknown).await,
        Err(EngineError::BadQuery(_))
    ));
}

#[tokio::test]
async fn a_pair_that_names_nothing_is_refused() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let company = world
        .create(&owner, &COMPANY, json!({"name": "Northwind"}))
        .await
        .unwrap();
    for (pair, field) in [
        (json!({"subject_type": "company"}), "subject_id"),
        (json!({"subject_id": company["id"]}), "subject_type"),
        (
            json!({"subject_type": "contact", "subject_id": company["id"]}),
            "subject_id",
        ),
        (
            json!({"subject_type": "user", "subject_id": company["id"]}),
            "subject_type",
        ),
        (json!({"recurrence": "every now and then"}), "recurrence"),
    ] {
        let error = world
            .create(&owner, &TASK, with(json!({"title": "x"}), &pair))
            .await
            .unwrap_err();
        let EngineError::InvalidRows(rows) = error else {
            panic!("{pair}: {error:?}")
        };
        assert_eq!(rows[0].1[0].field, field, "{pair}");
    }
    let task = world
        .create(
            &owner,
            &TASK,
            with(json!({"title": "x"}), &about(&COMPANY, &company)),
        )
        .await
        .unwrap();
    let freed = world
        .update(
            &owner,
            &TASK,
            id_of(&task),
            json!({"subject_type": null, "subject_id": null}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(freed["subject_id"], Json::Null);
}

/// Tags of a task are found by whoever sees the task, however they come to see it.
#[tokio::test]
async fn a_tag_finds_what_several_people_own() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let made = world
        .create(&member, &TASK, json!({"title": "Handed on", "tags": ["urgent"], "assigned_to_id": boss.principal.user_id}))
        .await
        .unwrap();
    world
        .create(&boss, &TASK, json!({"title": "Hidden", "tags": ["urgent"]}))
        .await
        .unwrap();
    let found = world
        .list(&member, &TASK, &[("tags[has]", "urgent")])
        .await
        .unwrap();
    assert_eq!(ids(&found), [id_of(&made).to_string()]);
    let searched = world
        .list(&member, &TASK, &[("q", "handed")])
        .await
        .unwrap();
    assert_eq!(ids(&searched), [id_of(&made).to_string()]);
    assert!(
        ids(&world
            .list(&member, &TASK, &[("q", "hidden")])
            .await
            .unwrap())
        .is_empty()
    );
}

/// Reading all notes means all whose record one reads, and the same goes for their trail.
#[tokio::test]
async fn the_trail_of_a_note_is_read_with_the_note() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let owned = json!({"name": "Northwind", "owner_id": boss.principal.user_id});
    let company = world.create(&boss, &COMPANY, owned).await.unwrap();
    let made = note(&world, &boss, &COMPANY, &company).await.unwrap();
    for (role, reads) in [("sales", false), ("manager", true)] {
        let caller = world.role(&organization, role).await;
        assert_eq!(sees(&world, &caller, &NOTE, id_of(&made)).await, reads);
        let trail =
            kith_engine::history(&world.engine, &caller, &NOTE, id_of(&made), 5, None).await;
        assert_eq!(trail.is_ok(), reads, "{role}: {trail:?}");
        for (table, column) in [("audit_log", "record_id"), ("events", "record_id")] {
            let count = Statement::new(format!(
                "SELECT count(*) FROM {table} WHERE {column} = '{}'",
                id_of(&made)
            ));
            let rows = world
                .engine
                .database
                .read(&caller.principal, &[count])
                .await
                .unwrap();
            assert_eq!(rows[0][0].get::<_, i64>(0) > 0, reads, "{role} {table}");
        }
    }
}

/// Under row security an index answers comparisons of single values; over arrays it is passed over, and a list of
/// somebody who sees little walks everything there is.
#[tokio::test]
async fn what_the_planner_is_told_of_a_scope_is_such_as_an_index_answers() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let mut told = 0;
    for role in ["member", "sales", "manager", "client_admin"] {
        let caller = world.role(&organization, role).await;
        for entity in CATALOGUE.entities() {
            let mut sql = Sql::new();
            scope_predicate(&mut sql, &CATALOGUE, entity, &caller.grants, "t");
            let text = sql.finish().sql.into_owned();
            for unanswered in ["&&", "@>", "ANY (t."] {
                assert!(!text.contains(unanswered), "{role} {}: {text}", entity.name);
            }
            told += usize::from(!text.is_empty());
        }
    }
    assert!(told > 20, "{told}");
}
