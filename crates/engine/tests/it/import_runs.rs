//! Runs in the background: progress, cancelling, interrupted nodes, who sees them.

use std::fmt::Write as _;
use std::path::PathBuf;

use kith_engine::EngineError;
use kith_engine::import::{cancel, get, list, start};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::import_world::{World, counts, file};

fn many(rows: usize) -> PathBuf {
    let mut text = "Name\n".to_owned();
    for number in 0..rows {
        writeln!(text, "Company {number}").unwrap();
    }
    file("many.csv", text)
}

fn id(run: &Json) -> Uuid {
    run["id"].as_str().unwrap().parse().unwrap()
}

/// Asks until the run is over.
async fn finished(world: &World, run: &Json) -> Json {
    loop {
        let now = world.run(&run["id"]).await;
        if !matches!(now["status"].as_str(), Some("queued" | "running")) {
            return now;
        }
        tokio::task::yield_now().await;
    }
}

/// Starts a run whose first write has to wait, cancels it, lets it notice, and lets the write go on.
async fn cancelled(world: &World, mode: &str) -> Json {
    let admin = world.test.admin().await;
    admin
        .script("BEGIN; LOCK TABLE companies IN EXCLUSIVE MODE")
        .await
        .unwrap();
    let path = many(5_000);
    let run = start(
        world.engine.clone(),
        world.owner.clone(),
        world.entity("company"),
        path.clone(),
        "many.csv",
        json!({"mapping": {"Name": "name"}, "mode": mode}),
    )
    .await
    .unwrap();
    assert_eq!(run["status"], "queued");
    while world.run(&run["id"]).await["status"] != "running" {
        tokio::task::yield_now().await;
    }
    cancel(&world.engine, &world.owner, id(&run)).await.unwrap();
    let asked: jiff::Timestamp = world.value("SELECT now()").await;
    // The run asks whether to stop each time it says that it lives.
    while world
        .value::<jiff::Timestamp>(format!(
            "SELECT heartbeat_at FROM imports WHERE id = '{}'",
            id(&run)
        ))
        .await
        <= asked
    {
        tokio::task::yield_now().await;
    }
    // The answer to the beat that began after `asked` is with the run once another one has begun.
    let beat: jiff::Timestamp = world
        .value(format!(
            "SELECT heartbeat_at FROM imports WHERE id = '{}'",
            id(&run)
        ))
        .await;
    while world
        .value::<jiff::Timestamp>(format!(
            "SELECT heartbeat_at FROM imports WHERE id = '{}'",
            id(&run)
        ))
        .await
        <= beat
    {
        tokio::task::yield_now().await;
    }
    admin.script("ROLLBACK").await.unwrap();
    let run = finished(world, &run).await;
    assert!(!path.exists(), "the uploaded file is removed");
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_undoes_its_batch() {
    let world = World::new().await;
    for mode in ["best_effort", "all_or_nothing"] {
        let run = cancelled(&world, mode).await;
        assert_eq!(
            (run["status"].as_str(), counts(&run), run["total"].as_i64()),
            (Some("cancelled"), [0, 0, 0, 0], Some(5_000)),
            "{mode}: {run}"
        );
        assert_eq!(world.count("companies").await, 0, "{mode}");
        let again = cancel(&world.engine, &world.owner, id(&run))
            .await
            .unwrap_err();
        assert!(matches!(again, EngineError::Conflict { .. }), "{again:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_the_background_ends_and_removes_its_file() {
    let world = World::new().await;
    let path = many(10);
    let run = start(
        world.engine.clone(),
        world.owner.clone(),
        world.entity("company"),
        path.clone(),
        "many.csv",
        json!({"mapping": {"Name": "name"}}),
    )
    .await
    .unwrap();
    let run = finished(&world, &run).await;
    assert_eq!(
        (
            run["status"].as_str(),
            counts(&run),
            run["total"].as_i64(),
            run["processed"].as_i64()
        ),
        (Some("completed"), [10, 0, 0, 0], Some(10), Some(10))
    );
    assert!(run["finished_at"].is_string() && run["started_at"].is_string());
    // One that cannot even begin removes it too.
    let path = many(1);
    let refused = start(
        world.engine.clone(),
        world.owner.clone(),
        world.entity("company"),
        path.clone(),
        "many.csv",
        json!({"mode": "some"}),
    )
    .await;
    assert!(matches!(refused, Err(EngineError::Invalid(_))));
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_to_those_who_may_see_them() {
    let world = World::new().await;
    let member = world.member("member", "Mia Member").await;
    let mapping = json!({"mapping": {"Name": "name"}});
    let mut ids = Vec::new();
    for caller in [&world.owner, &member, &world.owner] {
        ids.push(
            world
                .import_as(caller, "company", many(1), mapping.clone())
                .await
                .unwrap()["id"]
                .clone(),
        );
    }
    ids.reverse();
    let first = list(&world.engine, &world.owner, 2, None).await.unwrap();
    let second = list(
        &world.engine,
        &world.owner,
        2,
        first["page"]["next_cursor"].as_str(),
    )
    .await
    .unwrap();
    let listed: Vec<Json> = [&first, &second]
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap())
        .map(|run| run["id"].clone())
        .collect();
    assert_eq!(listed, ids);
    assert!(second["page"]["next_cursor"].is_null());
    let own = list(&world.engine, &member, 50, None).await.unwrap();
    assert_eq!(own["data"].as_array().unwrap().len(), 1);
    let hidden = get(
        &world.engine,
        &member,
        ids[0].as_str().unwrap().parse().unwrap(),
    )
    .await;
    assert!(matches!(hidden, Err(EngineError::NotFound)));
    assert!(matches!(
        list(&world.engine, &member, 50, Some("nonsense")).await,
        Err(EngineError::BadQuery(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_node_died_is_found_dead() {
    let world = World::new().await;
    let (dead, alive) = (Uuid::now_v7(), Uuid::now_v7());
    let admin = world.test.admin().await;
    for (id, age) in [(dead, "3 minutes"), (alive, "1 minute")] {
        let sql = format!(
            "INSERT INTO imports (organization_id, id, entity, file_name, status, heartbeat_at, created_by) VALUES ('{}', '{id}', 'company', 'a.csv', 'running', now() - interval '{age}', '{}')",
            world.organization, world.owner.principal.user_id
        );
        admin.script(&sql).await.unwrap();
    }
    let run = get(&world.engine, &world.owner, dead).await.unwrap();
    assert_eq!(run["status"], "failed");
    assert!(
        run["message"].as_str().unwrap().contains("interrupted"),
        "{run}"
    );
    assert_eq!(
        get(&world.engine, &world.owner, alive).await.unwrap()["status"],
        "running"
    );
}
