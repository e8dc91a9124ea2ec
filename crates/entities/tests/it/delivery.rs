//! Projects: who has what belongs to them, how far they are, what they cost.

use kith_catalogue::Entity;
use kith_engine::{Caller, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::lead::LEAD;
use kith_entities::note::NOTE;
use kith_entities::project::PROJECT;
use kith_entities::project_member::PROJECT_MEMBER;
use kith_entities::rate::RATE;
use kith_entities::task::TASK;
use kith_entities::time_entry::{Review, Selected, TIME_ENTRY, review};
use kith_store::Statement;
use kith_store::types::Type;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{Organization, ROLES, World, id_of, ids};

pub(crate) async fn project(world: &World, boss: &Caller, more: Json) -> Json {
    let company = world
        .create(boss, &COMPANY, json!({"name": "Client"}))
        .await
        .unwrap();
    let mut body = json!({"name": "Website", "company_id": company["id"]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.create(boss, &PROJECT, body).await.unwrap()
}

/// Another person of a role.
pub(crate) async fn person(world: &World, organization: &Organization, role: &str) -> Caller {
    let user = Uuid::now_v7();
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "INSERT INTO users (id, full_name) VALUES ('{user}', 'Someone');
             INSERT INTO memberships (organization_id, user_id, role_id) SELECT '{0}', '{user}', id FROM roles WHERE organization_id = '{0}' AND key = '{role}'",
            organization.id
        ))
        .await
        .unwrap();
    world.caller(organization, user).await
}

pub(crate) async fn judge(
    world: &World,
    caller: &Caller,
    what: Review,
    selected: Json,
) -> Result<Json, EngineError> {
    let selected: Selected = serde_json::from_value(selected).unwrap();
    let tx = world.begin(caller).await;
    let moved = review(&tx, caller, what, &selected).await?;
    tx.commit().await?;
    Ok(moved)
}

/// Whether a caller reads a record, by every door alike.
async fn sees(world: &World, caller: &Caller, entity: &'static Entity, record: &Json) -> bool {
    let id = id_of(record);
    let read = world.get(caller, entity, id).await;
    let got = read.is_ok();
    let listed = world
        .list(caller, entity, &[("id", &id.to_string())])
        .await
        .is_ok_and(|list| ids(&list).len() == 1);
    let by_sql = world
        .engine
        .database
        .read(
            &caller.principal,
            &[Statement::new(format!(
                "SELECT id FROM {} WHERE id = '{id}'",
                entity.table
            ))],
        )
        .await
        .unwrap()
        .pop()
        .unwrap()
        .len()
        == 1;
    assert_eq!((got, listed), (by_sql, by_sql), "{}", entity.name);
    if entity.searchable() && !entity.title.is_empty() {
        // It may have been renamed since.
        let read = read.as_ref().unwrap_or(record);
        let title = read[entity.title].as_str().unwrap();
        let found = world
            .list(caller, entity, &[("q", title), ("limit", "200")])
            .await
            .is_ok_and(|list| ids(&list).contains(&id.to_string()));
        assert_eq!(found, by_sql, "search {}", entity.name);
    }
    by_sql
}

async fn can_access(world: &World, asking: &Caller, user: Uuid, project: &Json) -> bool {
    let statement = Statement::new("SELECT can_access_project($1, $2)")
        .with(user, Type::UUID)
        .with(id_of(project), Type::UUID);
    let rows = world
        .engine
        .database
        .read(&asking.principal, &[statement])
        .await
        .unwrap()
        .pop()
        .unwrap();
    rows[0].get(0)
}

#[tokio::test]
async fn members_of_a_project_have_what_belongs_to_it_as_their_role_there_says() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let made = project(&world, &boss, json!({})).await;
    let id = made["id"].clone();
    let task = world
        .create(
            &boss,
            &TASK,
            json!({"title": "Design", "project_id": id, "tags": ["vip"]}),
        )
        .await
        .unwrap();
    let lead = world
        .create(
            &boss,
            &LEAD,
            json!({"last_name": "Lovelace", "project_id": id, "tags": ["vip"]}),
        )
        .await
        .unwrap();
    let about_lead = world
        .create(
            &boss,
            &TASK,
            json!({"title": "Call", "subject_type": "lead", "subject_id": lead["id"]}),
        )
        .await
        .unwrap();
    let mut notes = Vec::new();
    for (kind, record) in [("project", &made), ("lead", &lead)] {
        let body = json!({"content": "Heard", "subject_type": kind, "subject_id": record["id"]});
        notes.push(world.create(&boss, &NOTE, body).await.unwrap());
    }
    let time = world
        .create(&boss, &TIME_ENTRY, json!({"project_id": id, "date": "2026-11-23", "hours": "2", "description": "Sketches"}))
        .await
        .unwrap();
    for role in ["", "viewer", "member", "manager"] {
        let caller = person(&world, &organization, "member").await;
        let user = caller.principal.user_id;
        let inside = !role.is_empty();
        if inside {
            let body = json!({"project_id": id, "user_id": user, "role": role});
            world.create(&boss, &PROJECT_MEMBER, body).await.unwrap();
        }
        for (entity, record) in [
            (&PROJECT, &made),
            (&TASK, &task),
            (&TASK, &about_lead),
            (&LEAD, &lead),
            (&NOTE, &notes[0]),
            (&NOTE, &notes[1]),
            (&TIME_ENTRY, &time),
        ] {
            assert_eq!(
                sees(&world, &caller, entity, record).await,
                inside,
                "{role} {}",
                entity.name
            );
        }
        for entity in [&TASK, &LEAD] {
            let tagged = world
                .list(&caller, entity, &[("tags[has]", "vip")])
                .await
                .unwrap();
            assert_eq!(
                ids(&tagged).len(),
                usize::from(inside),
                "{role} {}",
                entity.name
            );
        }
        assert_eq!(can_access(&world, &caller, user, &made).await, inside);
        assert_eq!(can_access(&world, &boss, user, &made).await, inside);
        let works = matches!(role, "member" | "manager");
        let manages = role == "manager";
        for (entity, record, field, may) in [
            (&TASK, &task, "title", works),
            (&LEAD, &lead, "last_name", works),
            (&PROJECT, &made, "name", manages),
            (&TIME_ENTRY, &time, "description", manages),
        ] {
            let outcome = world
                .update(
                    &caller,
                    entity,
                    id_of(record),
                    json!({field: format!("By {role}")}),
                    None,
                )
                .await;
            assert_eq!(
                outcome.is_ok(),
                may,
                "{role} changes {}: {outcome:?}",
                entity.name
            );
        }
        let added = world
            .create(
                &caller,
                &PROJECT_MEMBER,
                json!({"project_id": id, "user_id": boss.principal.user_id}),
            )
            .await;
        assert_eq!(added.is_ok(), manages, "{role}: {added:?}");
        if let Ok(added) = added {
            world
                .delete(&boss, &PROJECT_MEMBER, id_of(&added))
                .await
                .unwrap();
        }
        let victim = world
            .create(&boss, &TASK, json!({"title": "Old", "project_id": id}))
            .await
            .unwrap();
        let removed = world.delete(&caller, &TASK, id_of(&victim)).await;
        assert_eq!(removed.is_ok(), manages, "{role}: {removed:?}");
        // More than the role allows, for this person alone.
        if role == "viewer" {
            let list = world
                .list(&boss, &PROJECT_MEMBER, &[("user_id", &user.to_string())])
                .await
                .unwrap();
            let membership: Uuid = ids(&list)[0].parse().unwrap();
            let more = json!({"permissions": {"tasks": ["update"]}});
            world
                .update(&boss, &PROJECT_MEMBER, membership, more, None)
                .await
                .unwrap();
            let body = json!({"title": "By a viewer"});
            world
                .update(&caller, &TASK, id_of(&task), body, None)
                .await
                .unwrap();
            world
                .delete(&boss, &PROJECT_MEMBER, membership)
                .await
                .unwrap();
            assert!(!sees(&world, &caller, &TASK, &task).await, "left");
        }
    }
    // Whoever asks about others must be an admin.
    let stranger = person(&world, &organization, "member").await;
    assert!(!can_access(&world, &stranger, boss.principal.user_id, &made).await);
}

#[tokio::test]
async fn the_clients_side_sees_its_projects_and_leads_and_nothing_internal() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let ours = project(&world, &boss, json!({"budget": "1000"})).await;
    let theirs = project(&world, &boss, json!({})).await;
    let mut leads = Vec::new();
    let mut hidden: Vec<(&'static Entity, Json)> = Vec::new();
    for of in [&ours, &theirs] {
        let id = of["id"].clone();
        leads.push(
            world
                .create(&boss, &LEAD, json!({"last_name": "Ng", "project_id": id}))
                .await
                .unwrap(),
        );
        hidden.push((
            &TASK,
            world
                .create(&boss, &TASK, json!({"title": "Design", "project_id": id}))
                .await
                .unwrap(),
        ));
        hidden.push((
            &NOTE,
            world
                .create(
                    &boss,
                    &NOTE,
                    json!({"content": "Internal", "subject_type": "project", "subject_id": id}),
                )
                .await
                .unwrap(),
        ));
        hidden.push((&TIME_ENTRY, world.create(&boss, &TIME_ENTRY, json!({"project_id": id, "date": "2026-11-23", "hours": "1", "description": "Work"})).await.unwrap()));
        hidden.push((
            &RATE,
            world
                .create(&boss, &RATE, json!({"project_id": id, "cost_rate": "50"}))
                .await
                .unwrap(),
        ));
        hidden.push((
            &PROJECT_MEMBER,
            world
                .create(
                    &boss,
                    &PROJECT_MEMBER,
                    json!({"project_id": id, "user_id": boss.principal.user_id}),
                )
                .await
                .unwrap(),
        ));
    }
    for role in ROLES.iter().filter(|role| role.starts_with("client")) {
        let caller = world.role(&organization, role).await;
        assert!(!sees(&world, &caller, &PROJECT, &ours).await, "{role}");
        let body = json!({"company_id": ours["company_id"], "user_id": caller.principal.user_id});
        world.create(&boss, &COMPANY_MEMBER, body).await.unwrap();
        assert!(sees(&world, &caller, &PROJECT, &ours).await, "{role}");
        assert!(sees(&world, &caller, &LEAD, &leads[0]).await, "{role}");
        assert!(!sees(&world, &caller, &PROJECT, &theirs).await, "{role}");
        assert!(!sees(&world, &caller, &LEAD, &leads[1]).await, "{role}");
        for (entity, record) in &hidden {
            assert!(
                world.get(&caller, entity, id_of(record)).await.is_err(),
                "{role} {}",
                entity.name
            );
        }
        let seen = world.get(&caller, &PROJECT, id_of(&ours)).await.unwrap();
        assert_eq!(seen["actual_cost"], Json::Null);
        assert_eq!(seen["budget_warning"], Json::Null);
        for parameters in [("sort", "actual_cost"), ("actual_cost[gt]", "0")] {
            let refused = world.list(&caller, &PROJECT, &[parameters]).await;
            assert!(refused.is_err(), "{role} {parameters:?}");
        }
        let changed = world
            .update(
                &caller,
                &PROJECT,
                id_of(&ours),
                json!({"name": "Mine"}),
                None,
            )
            .await;
        assert!(changed.is_err(), "{role}");
    }
}

#[tokio::test]
async fn rates_are_hidden_from_whoever_may_not_read_them() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let made = project(&world, &boss, json!({"owner_id": member.principal.user_id})).await;
    let entry =
        json!({"project_id": made["id"], "date": "2026-11-23", "hours": "2", "rate": "100"});
    let refused = world
        .create(&member, &TIME_ENTRY, entry.clone())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, EngineError::InvalidRows(_)),
        "{refused:?}"
    );
    // Past the engine the database refuses.
    let tx = world.begin(&member).await;
    let insert = Statement::new("INSERT INTO time_entries (organization_id, user_id, project_id, date, hours, rate, created_by) VALUES (current_organization_id(), current_user_id(), $1, '2026-11-23', 1, 500, current_user_id())")
        .with(id_of(&made), Type::UUID);
    let error = EngineError::from(tx.execute(&insert).await.unwrap_err());
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    drop(tx);
    let own = world
        .create(&boss, &TIME_ENTRY, json!({"user_id": member.principal.user_id, "project_id": made["id"], "date": "2026-11-23", "hours": "2", "rate": "100"}))
        .await
        .unwrap();
    assert_eq!(
        (&own["rate"], &own["amount"]),
        (&json!("100.00"), &json!("200.00"))
    );
    let seen = world.get(&member, &TIME_ENTRY, id_of(&own)).await.unwrap();
    assert_eq!(
        (&seen["rate"], &seen["amount"], &seen["cost"]),
        (&Json::Null, &Json::Null, &Json::Null)
    );
    let changed = world
        .update(
            &member,
            &TIME_ENTRY,
            id_of(&own),
            json!({"rate": "900"}),
            None,
        )
        .await;
    assert!(changed.is_err());
    let history = kith_engine::history(&world.engine, &member, &TIME_ENTRY, id_of(&own), 5, None)
        .await
        .unwrap();
    // By field: the identifiers and times of the history may have any digits in them.
    let changes = history["data"][0]["changes"].as_array().unwrap();
    for change in changes {
        let hidden = ["rate", "amount", "cost"].contains(&change["field"].as_str().unwrap());
        assert!(!hidden || change["new"].is_null(), "{change}");
    }
    assert!(changes.iter().any(|change| change["field"] == "rate"));
}

#[tokio::test]
async fn progress_follows_the_tasks() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let made = project(&world, &boss, json!({})).await;
    let other = project(&world, &boss, json!({})).await;
    let progress = async |of: &Json| {
        let record = world.get(&boss, &PROJECT, id_of(of)).await.unwrap();
        (
            record["completed_task_count"].as_i64().unwrap(),
            record["task_count"].as_i64().unwrap(),
            record["progress"].as_i64().unwrap(),
        )
    };
    let mut tasks = Vec::new();
    for title in ["One", "Two", "Three"] {
        let body = json!({"title": title, "project_id": made["id"]});
        tasks.push(id_of(&world.create(&boss, &TASK, body).await.unwrap()));
    }
    assert_eq!(progress(&made).await, (0, 3, 0));
    let set = async |task: Uuid, body: Json| {
        world.update(&boss, &TASK, task, body, None).await.unwrap();
    };
    set(tasks[0], json!({"status": "completed"})).await;
    assert_eq!(progress(&made).await, (1, 3, 33));
    set(tasks[1], json!({"status": "cancelled"})).await;
    assert_eq!(progress(&made).await, (1, 2, 50));
    world.delete(&boss, &TASK, tasks[2]).await.unwrap();
    assert_eq!(progress(&made).await, (1, 1, 100));
    set(tasks[0], json!({"project_id": other["id"]})).await;
    assert_eq!(progress(&made).await, (0, 0, 0));
    assert_eq!(progress(&other).await, (1, 1, 100));
    set(tasks[0], json!({"status": "todo"})).await;
    assert_eq!(progress(&other).await, (0, 1, 0));
    // Completing the project says when, reopening it says no more.
    let done = world
        .update(
            &boss,
            &PROJECT,
            id_of(&other),
            json!({"status": "done"}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        (&done["status"], &done["progress"]),
        (&json!("completed"), &json!(100))
    );
    assert!(done["completion_date"].is_string());
    let open = world
        .update(
            &boss,
            &PROJECT,
            id_of(&other),
            json!({"status": "on_hold"}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        (&open["status"], &open["completion_date"]),
        (&json!("paused"), &Json::Null)
    );
    let open = world
        .update(
            &boss,
            &PROJECT,
            id_of(&other),
            json!({"status": "in_progress", "priority": "critical"}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        (&open["status"], &open["priority"]),
        (&json!("active"), &json!("urgent"))
    );
    let wrong = world
        .update(
            &boss,
            &PROJECT,
            id_of(&other),
            json!({"start_date": "2026-02-01", "due_date": "2026-01-01"}),
            None,
        )
        .await;
    assert!(
        matches!(wrong, Err(EngineError::InvalidRows(_))),
        "{wrong:?}"
    );
    // What follows from tasks is no news on the project's timeline.
    let list = world
        .list(
            &boss,
            &kith_entities::activity::ACTIVITY,
            &[("entity_id", made["id"].as_str().unwrap())],
        )
        .await
        .unwrap();
    assert_eq!(ids(&list).len(), 1, "{list}");
}

#[tokio::test]
async fn the_narrowest_rate_counts_and_is_fixed_with_the_approval() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let user = member.principal.user_id;
    let made = project(&world, &boss, json!({"owner_id": user})).await;
    let approved = async |date: &str| {
        let body = json!({"project_id": made["id"], "date": date, "hours": "1.5"});
        let entry = world.create(&member, &TIME_ENTRY, body).await.unwrap();
        judge(
            &world,
            &member,
            Review::Submit,
            json!({"ids": [entry["id"]]}),
        )
        .await
        .unwrap();
        judge(
            &world,
            &boss,
            Review::Approve,
            json!({"ids": [entry["id"]]}),
        )
        .await
        .unwrap();
        world.get(&boss, &TIME_ENTRY, id_of(&entry)).await.unwrap()
    };
    let none = approved("2026-11-02").await;
    assert_eq!((&none["rate"], &none["cost"]), (&Json::Null, &Json::Null));
    let mut expected = Vec::new();
    for (index, (body, rate)) in [
        (json!({"billable_rate": "50", "cost_rate": "20"}), "50.00"),
        (json!({"billable_rate": "60", "currency": "EUR"}), "50.00"),
        (json!({"user_id": user, "billable_rate": "70"}), "70.00"),
        (json!({"project_id": made["id"], "billable_rate": "80"}), "80.00"),
        (json!({"project_id": made["id"], "user_id": user, "billable_rate": "90.005"}), "90.005"),
        (json!({"project_id": made["id"], "user_id": user, "billable_rate": "95", "valid_from": "2026-11-20"}), "90.005"),
    ]
    .into_iter()
    .enumerate()
    {
        world.create(&boss, &RATE, body).await.unwrap();
        let entry = approved(&format!("2026-11-{:02}", 3 + index)).await;
        assert_eq!(entry["rate"], json!(rate), "{index}");
        assert_eq!((&entry["cost_rate"], &entry["cost"]), (&json!("20.00"), &json!("30.00")), "{index}");
        expected.push((id_of(&entry), entry["rate"].clone()));
    }
    let later = approved("2026-11-20").await;
    assert_eq!(
        (&later["rate"], &later["amount"]),
        (&json!("95.00"), &json!("142.50"))
    );
    assert_eq!(later["approved_by_id"], json!(boss.principal.user_id));
    // What was approved stays as it was.
    for (id, rate) in expected {
        assert_eq!(
            world.get(&boss, &TIME_ENTRY, id).await.unwrap()["rate"],
            rate
        );
    }
    let double = world
        .create(&boss, &RATE, json!({"billable_rate": "51"}))
        .await;
    assert!(double.is_err(), "two rates for the same");
    assert!(
        world
            .create(
                &boss,
                &RATE,
                json!({"user_id": user, "valid_from": "2026-01-01"})
            )
            .await
            .is_err(),
        "a rate that says nothing"
    );
    let of_project = world.get(&boss, &PROJECT, id_of(&made)).await.unwrap();
    assert_eq!(
        (&of_project["actual_hours"], &of_project["actual_cost"]),
        (&json!("12"), &json!("210.00"))
    );
}

#[tokio::test]
async fn budgets_warn_at_80_and_at_100_percent_once_each() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let made = project(
        &world,
        &boss,
        json!({"owner_id": member.principal.user_id, "budget": "100"}),
    )
    .await;
    world
        .create(&boss, &RATE, json!({"cost_rate": "10"}))
        .await
        .unwrap();
    let admin = world.test.admin().await;
    let warnings = async || {
        let rows = admin
            .query(
                &Statement::new("SELECT coalesce(string_agg(action, ',' ORDER BY seq), '') FROM events WHERE record_id = $1 AND action LIKE 'budget%'")
                    .with(id_of(&made), Type::UUID),
            )
            .await
            .unwrap();
        rows[0].get::<_, String>(0)
    };
    let spend = async |date: &str, hours: &str| {
        let body = json!({"project_id": made["id"], "date": date, "hours": hours});
        let entry = world.create(&member, &TIME_ENTRY, body).await.unwrap();
        judge(
            &world,
            &member,
            Review::Submit,
            json!({"ids": [entry["id"]]}),
        )
        .await
        .unwrap();
        judge(
            &world,
            &boss,
            Review::Approve,
            json!({"ids": [entry["id"]]}),
        )
        .await
        .unwrap();
        entry["id"].clone()
    };
    spend("2026-11-02", "7.9").await;
    assert_eq!(warnings().await, "");
    let last = spend("2026-11-03", "0.1").await;
    assert_eq!(warnings().await, "budget_warning");
    // Falling below and rising again is no second warning.
    judge(&world, &boss, Review::Reopen, json!({"ids": [last]}))
        .await
        .unwrap();
    spend("2026-11-04", "0.5").await;
    assert_eq!(warnings().await, "budget_warning");
    spend("2026-11-05", "2").await;
    assert_eq!(warnings().await, "budget_warning,budget_exceeded");
    let record = world.get(&boss, &PROJECT, id_of(&made)).await.unwrap();
    assert_eq!(
        (&record["budget_warning"], &record["actual_cost"]),
        (&json!(100), &json!("104.00"))
    );
    // Another budget begins anew.
    world
        .update(
            &boss,
            &PROJECT,
            id_of(&made),
            json!({"budget": "120"}),
            None,
        )
        .await
        .unwrap();
    spend("2026-11-06", "2").await;
    assert_eq!(
        warnings().await,
        "budget_warning,budget_exceeded,budget_exceeded"
    );
}
