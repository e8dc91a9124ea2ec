//! Time: 24 hours a day, the week as a grid, approval, locks.

use kith_engine::{Caller, EngineError};
use kith_entities::task::TASK;
use kith_entities::time_entry::{Review, TIME_ENTRY, WeekCells, set_week, week};
use kith_store::Statement;
use kith_store::types::Type;
use serde_json::{Value as Json, json};

use crate::delivery::{judge, person, project};
use crate::world::{World, id_of};

async fn spend(
    world: &World,
    caller: &Caller,
    of: &Json,
    date: &str,
    hours: &str,
) -> Result<Json, EngineError> {
    let body = json!({"project_id": of["id"], "date": date, "hours": hours});
    world.create(caller, &TIME_ENTRY, body).await
}

fn is_conflict<T>(outcome: &Result<T, EngineError>) -> bool {
    matches!(outcome, Err(EngineError::Conflict { .. }))
}

fn is_refused<T>(outcome: &Result<T, EngineError>) -> bool {
    matches!(
        outcome,
        Err(EngineError::Refused { .. } | EngineError::Forbidden { .. })
    )
}

async fn set(world: &World, caller: &Caller, body: Json) -> Result<Json, EngineError> {
    let cells: WeekCells = serde_json::from_value(body).unwrap();
    let tx = world.begin(caller).await;
    let grid = set_week(&world.engine, &tx, caller, &cells).await?;
    tx.commit().await?;
    Ok(grid)
}

#[tokio::test]
async fn a_day_has_24_hours_whoever_writes_at_the_same_moment() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let made = project(&world, &boss, json!({})).await;
    let attempts = (0..8).map(|_| spend(&world, &boss, &made, "2026-11-23", "5"));
    let outcomes = futures_util::future::join_all(attempts).await;
    let kept = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(kept, 4, "{outcomes:?}");
    let refused = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
    assert!(
        matches!(refused, Some(EngineError::Invalid(faults)) if faults[0].field == "hours"),
        "{refused:?}"
    );
    // The rest of the day fits; a minute more does not, neither by change nor by coming back.
    let rest = spend(&world, &boss, &made, "2026-11-23", "4")
        .await
        .unwrap();
    let more = world
        .update(
            &boss,
            &TIME_ENTRY,
            id_of(&rest),
            json!({"hours": "4.0001"}),
            None,
        )
        .await;
    assert!(more.is_err());
    world
        .delete(&boss, &TIME_ENTRY, id_of(&rest))
        .await
        .unwrap();
    spend(&world, &boss, &made, "2026-11-23", "1")
        .await
        .unwrap();
    let tx = world.begin(&boss).await;
    let back = kith_engine::restore(&world.engine, &tx, &boss, &TIME_ENTRY, &[id_of(&rest)]).await;
    assert!(back.is_err());
    drop(tx);
    // Another day and another person have hours of their own.
    spend(&world, &boss, &made, "2026-11-24", "24")
        .await
        .unwrap();
    let manager = world.role(&organization, "manager").await;
    spend(&world, &manager, &made, "2026-11-23", "24")
        .await
        .unwrap();
    for hours in ["0", "24.5", "-1"] {
        assert!(
            spend(&world, &boss, &made, "2026-11-25", hours)
                .await
                .is_err(),
            "{hours}"
        );
    }
}

#[tokio::test]
async fn time_goes_from_draft_to_approved_and_is_locked_then() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let manager = world.role(&organization, "manager").await;
    let finance = world.role(&organization, "finance").await;
    let made = project(&world, &boss, json!({})).await;
    let task = world.create(&boss, &TASK, json!({"title": "Design", "project_id": made["id"], "assigned_to_id": member.principal.user_id})).await.unwrap();
    world
        .create(
            &boss,
            &kith_entities::project_member::PROJECT_MEMBER,
            json!({"project_id": made["id"], "user_id": member.principal.user_id}),
        )
        .await
        .unwrap();
    // Time on a task is time on its project.
    let entry = world
        .create(
            &member,
            &TIME_ENTRY,
            json!({"task_id": task["id"], "date": "2026-11-23", "hours": "3"}),
        )
        .await
        .unwrap();
    assert_eq!(
        (&entry["project_id"], &entry["status"]),
        (&made["id"], &json!("draft"))
    );
    let id = id_of(&entry);
    let one = || json!({"ids": [id]});
    let draft = judge(&world, &boss, Review::Approve, one()).await;
    assert!(is_conflict(&draft), "{draft:?}");
    assert!(
        world
            .update(
                &member,
                &TIME_ENTRY,
                id,
                json!({"status": "approved"}),
                None
            )
            .await
            .is_err()
    );
    judge(&world, &member, Review::Submit, one()).await.unwrap();
    // Submitted: the person takes it back before changing it; nobody approves their own.
    let changed = world
        .update(&member, &TIME_ENTRY, id, json!({"hours": "4"}), None)
        .await;
    assert!(is_conflict(&changed), "{changed:?}");
    for caller in [&member, &finance] {
        let outcome = judge(&world, caller, Review::Approve, one()).await;
        assert!(is_refused(&outcome), "{outcome:?}");
    }
    judge(&world, &member, Review::Withdraw, one())
        .await
        .unwrap();
    world
        .update(&member, &TIME_ENTRY, id, json!({"hours": "4"}), None)
        .await
        .unwrap();
    judge(&world, &member, Review::Submit, one()).await.unwrap();
    let silent = judge(&world, &manager, Review::Reject, one()).await;
    assert!(matches!(silent, Err(EngineError::Invalid(_))), "{silent:?}");
    judge(
        &world,
        &manager,
        Review::Reject,
        json!({"ids": [id], "reason": "Wrong day"}),
    )
    .await
    .unwrap();
    let rejected = world.get(&member, &TIME_ENTRY, id).await.unwrap();
    assert_eq!(
        (&rejected["status"], &rejected["rejection_reason"]),
        (&json!("rejected"), &json!("Wrong day"))
    );
    world
        .update(
            &member,
            &TIME_ENTRY,
            id,
            json!({"date": "2026-11-24"}),
            None,
        )
        .await
        .unwrap();
    judge(&world, &member, Review::Submit, one()).await.unwrap();
    judge(&world, &manager, Review::Approve, one())
        .await
        .unwrap();
    let approved = world.get(&manager, &TIME_ENTRY, id).await.unwrap();
    assert_eq!(
        (&approved["approved_by_id"], &approved["rejection_reason"]),
        (&json!(manager.principal.user_id), &Json::Null)
    );
    // Locked, for everyone and by every door.
    for caller in [&member, &manager, &boss] {
        for body in [
            json!({"hours": "1"}),
            json!({"date": "2026-11-25"}),
            json!({"billable": false}),
            json!({"description": "x"}),
        ] {
            let changed = world.update(caller, &TIME_ENTRY, id, body, None).await;
            assert!(is_conflict(&changed), "{changed:?}");
        }
        assert!(world.delete(caller, &TIME_ENTRY, id).await.is_err());
        let tx = world.begin(caller).await;
        let sql = tx
            .execute(
                &Statement::new("UPDATE time_entries SET hours = 1 WHERE id = $1")
                    .with(id, Type::UUID),
            )
            .await;
        assert!(sql.is_err());
    }
    assert!(
        world
            .update(
                &boss,
                &TIME_ENTRY,
                id,
                json!({"user_id": boss.principal.user_id}),
                None
            )
            .await
            .is_err()
    );
    assert!(is_refused(
        &judge(&world, &member, Review::Reopen, one()).await
    ));
    let of_task = world.get(&boss, &TASK, id_of(&task)).await.unwrap();
    assert_eq!(of_task["actual_hours"], json!("4"));
    // Invoiced time does not even open again.
    let admin = world.test.admin().await;
    let invoice = |what: &str| {
        format!(
            "SET session_replication_role = replica; UPDATE time_entries SET invoice_item_id = {what} WHERE id = '{id}'; SET session_replication_role = origin"
        )
    };
    admin.script(&invoice("gen_random_uuid()")).await.unwrap();
    let opened = judge(&world, &boss, Review::Reopen, one()).await;
    assert!(is_conflict(&opened), "{opened:?}");
    admin.script(&invoice("NULL")).await.unwrap();
    judge(&world, &boss, Review::Reopen, one()).await.unwrap();
    let open = world
        .update(&member, &TIME_ENTRY, id, json!({"hours": "1"}), None)
        .await
        .unwrap();
    assert_eq!(
        (&open["status"], &open["approved_at"]),
        (&json!("draft"), &Json::Null)
    );
    let of_task = world.get(&boss, &TASK, id_of(&task)).await.unwrap();
    assert_eq!(of_task["actual_hours"], json!("0"));
    // A task of another project is none of this time's.
    let other = project(&world, &boss, json!({})).await;
    let astray = world
        .update(
            &boss,
            &TIME_ENTRY,
            id,
            json!({"project_id": other["id"]}),
            None,
        )
        .await;
    assert!(matches!(astray, Err(EngineError::Invalid(_))), "{astray:?}");
}

#[tokio::test]
async fn nobody_approves_their_own_time_unless_nobody_else_could() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let made = project(&world, &boss, json!({})).await;
    let entry = spend(&world, &boss, &made, "2026-11-23", "3")
        .await
        .unwrap();
    let one = json!({"ids": [entry["id"]]});
    judge(&world, &boss, Review::Submit, one.clone())
        .await
        .unwrap();
    assert!(is_refused(
        &judge(&world, &boss, Review::Approve, one.clone()).await
    ));
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "UPDATE memberships SET status = 'suspended' WHERE organization_id = '{}' AND user_id <> '{}'",
            organization.id, boss.principal.user_id
        ))
        .await
        .unwrap();
    judge(&world, &boss, Review::Approve, one).await.unwrap();
}

#[tokio::test]
async fn whoever_manages_a_project_approves_its_time_and_no_other() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let lead = world.role(&organization, "member").await;
    let worker = person(&world, &organization, "member").await;
    let mine = project(
        &world,
        &boss,
        json!({"project_manager_id": lead.principal.user_id}),
    )
    .await;
    let other = project(&world, &boss, json!({})).await;
    for (of, may) in [(&mine, true), (&other, false)] {
        for person in [&worker, &lead] {
            let body = json!({"project_id": of["id"], "user_id": person.principal.user_id});
            world
                .create(&boss, &kith_entities::project_member::PROJECT_MEMBER, body)
                .await
                .unwrap();
        }
        let entry = spend(&world, &worker, of, "2026-11-23", "3").await.unwrap();
        judge(
            &world,
            &worker,
            Review::Submit,
            json!({"ids": [entry["id"]]}),
        )
        .await
        .unwrap();
        let outcome = judge(
            &world,
            &lead,
            Review::Approve,
            json!({"ids": [entry["id"]]}),
        )
        .await;
        assert_eq!(outcome.is_ok(), may, "{outcome:?}");
    }
    // Somebody else's hours cannot be made one's own, nor one's own somebody else's.
    let entry = spend(&world, &worker, &mine, "2026-11-24", "3")
        .await
        .unwrap();
    let given = world
        .update(
            &worker,
            &TIME_ENTRY,
            id_of(&entry),
            json!({"user_id": lead.principal.user_id}),
            None,
        )
        .await;
    assert!(given.is_err());
}

#[tokio::test]
async fn a_week_is_a_grid_that_is_set_and_submitted_as_a_whole() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let user = member.principal.user_id;
    let made = project(&world, &boss, json!({"owner_id": user})).await;
    let task = world
        .create(
            &member,
            &TASK,
            json!({"title": "Design", "project_id": made["id"]}),
        )
        .await
        .unwrap();
    let empty = week(&world.engine, &member, None, Some("2026-W48"))
        .await
        .unwrap();
    assert_eq!(
        (&empty["from"], &empty["to"], &empty["total"]),
        (&json!("2026-11-23"), &json!("2026-11-29"), &json!("0"))
    );
    let cells = json!({"week": "2026-W48", "cells": [
        {"project_id": made["id"], "date": "2026-11-23", "hours": "7.5", "description": "Kickoff"},
        {"task_id": task["id"], "date": "2026-11-23", "hours": 0.5, "billable": false},
        {"task_id": task["id"], "date": "2026-11-29", "hours": "2"},
        {"task_id": task["id"], "date": "2026-11-25", "hours": "0"}]});
    let grid = set(&world, &member, cells.clone()).await.unwrap();
    assert_eq!(
        (&grid["total"], grid["rows"].as_array().unwrap().len()),
        (&json!("10"), 2)
    );
    assert_eq!(grid["days"][0]["total"], json!("8"));
    let again = set(&world, &member, cells).await.unwrap();
    assert_eq!(again, grid, "setting the same twice changes nothing");
    let read = week(&world.engine, &boss, Some(user), Some("2026-11-26"))
        .await
        .unwrap();
    assert_eq!(read, grid);
    // Every bad cell at once, and nothing is written.
    let bad = set(
        &world,
        &member,
        json!({"week": "2026-W48", "cells": [
        {"project_id": made["id"], "date": "2026-12-01", "hours": "1"},
        {"project_id": made["id"], "date": "2026-11-24", "hours": "25"},
        {"date": "2026-11-24", "hours": "1"},
        {"project_id": made["id"], "date": "2026-11-26", "hours": "1"},
        {"project_id": made["id"], "date": "2026-11-26", "hours": "2"}]}),
    )
    .await;
    let Err(EngineError::Invalid(faults)) = bad else {
        panic!("{bad:?}")
    };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "cells[0].date",
            "cells[1].hours",
            "cells[2].project_id",
            "cells[4].date"
        ]
    );
    // More than a day holds, over all cells together: all or none.
    let much = set(
        &world,
        &member,
        json!({"week": "2026-W48", "cells": [
        {"project_id": made["id"], "date": "2026-11-24", "hours": "20"},
        {"task_id": task["id"], "date": "2026-11-24", "hours": "5"}]}),
    )
    .await;
    assert!(much.is_err());
    assert_eq!(
        week(&world.engine, &member, None, Some("2026-W48"))
            .await
            .unwrap(),
        grid
    );
    // Hours move from cell to cell, and an emptied cell is gone.
    let moved = set(
        &world,
        &member,
        json!({"week": "2026-W48", "cells": [
        {"project_id": made["id"], "date": "2026-11-23", "hours": "0"},
        {"task_id": task["id"], "date": "2026-11-23", "hours": "24"}]}),
    )
    .await
    .unwrap();
    assert_eq!(
        (&moved["total"], moved["rows"].as_array().unwrap().len()),
        (&json!("26"), 1)
    );
    // Several entries are one cell, which is changed entry by entry.
    spend(&world, &member, &made, "2026-11-26", "1")
        .await
        .unwrap();
    spend(&world, &member, &made, "2026-11-26", "1")
        .await
        .unwrap();
    let cell = |hours: &str| json!({"week": "2026-W48", "cells": [{"project_id": made["id"], "date": "2026-11-26", "hours": hours}]});
    assert!(is_conflict(&set(&world, &member, cell("3")).await));
    set(&world, &member, cell("2")).await.unwrap();
    // The week is submitted and approved at one go.
    let sent = judge(&world, &member, Review::Submit, json!({"week": "2026-W48"}))
        .await
        .unwrap();
    assert_eq!((&sent["count"], &sent["hours"]), (&json!(4), &json!("28")));
    assert!(is_conflict(
        &judge(&world, &member, Review::Submit, json!({"week": "2026-W48"})).await
    ));
    let locked = set(&world, &member, json!({"week": "2026-W48", "cells": [{"task_id": task["id"], "date": "2026-11-23", "hours": "1"}]})).await;
    assert!(is_conflict(&locked), "{locked:?}");
    let all = json!({"week": "2026-W48", "user_id": user});
    assert!(is_refused(
        &judge(&world, &member, Review::Approve, all.clone()).await
    ));
    let approved = judge(&world, &boss, Review::Approve, all).await.unwrap();
    assert_eq!(approved["count"], json!(4));
    let read = week(&world.engine, &member, None, Some("2026-W48"))
        .await
        .unwrap();
    assert_eq!(read["statuses"]["approved"], json!("28"));
    // Who may not see somebody's time sees an empty week, and cannot write it.
    let stranger = person(&world, &organization, "member").await;
    let hidden = week(&world.engine, &stranger, Some(user), Some("2026-W48"))
        .await
        .unwrap();
    assert_eq!(hidden["total"], json!("0"));
    let forged = set(&world, &stranger, json!({"user_id": user, "week": "2026-W49", "cells": [{"project_id": made["id"], "date": "2026-12-01", "hours": "1"}]})).await;
    assert!(forged.is_err());
    let client = world.role(&organization, "client_admin").await;
    assert!(is_refused(&week(&world.engine, &client, None, None).await));
    for wrong in ["2026-W60", "soon", "2026-13-01"] {
        assert!(
            matches!(
                week(&world.engine, &member, None, Some(wrong)).await,
                Err(EngineError::BadQuery(_))
            ),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn time_stays_with_whoever_spent_it() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let manager = world.role(&organization, "manager").await;
    let made = project(&world, &boss, json!({"owner_id": member.principal.user_id})).await;
    let entry = spend(&world, &member, &made, "2026-11-23", "3")
        .await
        .unwrap();
    let tx = world.begin(&boss).await;
    let leave = Statement::new("SELECT deactivate_member($1, $2)")
        .with(member.principal.user_id, Type::UUID)
        .with(manager.principal.user_id, Type::UUID);
    tx.query(&leave).await.unwrap();
    tx.commit().await.unwrap();
    let kept = world.get(&boss, &TIME_ENTRY, id_of(&entry)).await.unwrap();
    assert_eq!(kept["user_id"], json!(member.principal.user_id));
    let given = world
        .get(&boss, &kith_entities::project::PROJECT, id_of(&made))
        .await
        .unwrap();
    assert_eq!(given["owner_id"], json!(manager.principal.user_id));
}
