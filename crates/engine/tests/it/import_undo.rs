//! Taking an import back as a whole: what goes, what comes back, what stays and why, and who may.

use kith_engine::import::{get, undo};
use kith_engine::{Caller, EngineError, Update, create, update};
use kith_store::Tx;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::import_world::{World, file};

fn id(record: &Json) -> Uuid {
    record["id"].as_str().unwrap().parse().unwrap()
}

impl World {
    async fn made(&self, caller: &Caller, entity: &str, body: Json) -> Uuid {
        let tx = Tx::begin(&self.engine.database, &caller.principal, &caller.origin)
            .await
            .unwrap();
        let records = create(&self.engine, &tx, caller, self.entity(entity), &[body])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        records[0].id
    }

    async fn changed(&self, caller: &Caller, entity: &str, id: Uuid, body: Json) {
        let tx = Tx::begin(&self.engine.database, &caller.principal, &caller.origin)
            .await
            .unwrap();
        let change = Update {
            id,
            body,
            version: None,
        };
        update(&self.engine, &tx, caller, self.entity(entity), &[change])
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    async fn company(&self, name: &str) -> Uuid {
        self.value(format!("SELECT id FROM companies WHERE name = '{name}'"))
            .await
    }

    /// The living companies, by name.
    async fn living(&self, table: &str, column: &str) -> String {
        self.value(format!(
            "SELECT coalesce(string_agg({column}, ',' ORDER BY {column}), '') FROM {table} WHERE deleted_at IS NULL"
        ))
        .await
    }

    async fn undone(&self, run: &Json) -> Json {
        undo(&self.engine, &self.owner, id(run)).await.unwrap()
    }
}

/// What the caller is told; anything but a conflict is told apart.
fn refusal(result: Result<Json, EngineError>) -> String {
    match result.unwrap_err() {
        EngineError::Conflict { message, .. } => message,
        other => format!("no conflict: {other:?}"),
    }
}

#[tokio::test]
async fn what_it_made_goes_and_what_it_changed_comes_back() {
    let world = World::new().await;
    let known = world
        .made(
            &world.owner,
            "company",
            json!({"name": "Known", "website": "https://known.example", "annual_revenue": "12.50", "tags": ["old"]}),
        )
        .await;
    let path = file(
        "companies.csv",
        "Name,Website,Revenue,Size,Tags\nKnown,https://new.example,99,11-50,fresh\nFirst,,1,,\nSecond,,2,,\n",
    );
    let run = world
        .import(
            "company",
            path,
            json!({"mapping": {"Name": "name", "Website": "website", "Revenue": "annual_revenue", "Size": "company_size", "Tags": "tags"},
                "duplicates": "update", "match_on": "name"}),
        )
        .await;
    assert_eq!([&run["created"], &run["updated"]], [2, 1], "{run}");
    assert!(run["undo_until"].is_string());
    assert_eq!(
        world.living("companies", "name").await,
        "First,Known,Second"
    );

    let undone = world.undone(&run).await;
    assert_eq!(
        undone["undo"],
        json!({"deleted": 2, "restored": 1, "gone": 0, "kept": {"changed": 0, "used": 0, "not_allowed": 0, "refused": 0}, "kept_records": []})
    );
    assert_eq!(undone["undone_by"], json!(world.owner.principal.user_id));
    assert!(undone["undone_at"].is_string() && undone["undo_until"].is_null());
    assert_eq!(world.living("companies", "name").await, "Known");
    let back: Json = world
        .value(format!(
            "SELECT jsonb_build_array(website, annual_revenue::numeric(15,2)::text, company_size, tags) FROM companies WHERE id = '{known}'"
        ))
        .await;
    assert_eq!(back[0], "https://known.example");
    assert_eq!(back[1], "12.50");
    assert_eq!(back[2], Json::Null);
    assert_eq!(back[3], json!(["old"]));
    // By the same ways as by hand: the history has it, under a change set of its own.
    assert_eq!(
        world
            .count(&format!(
                "audit_log WHERE entity_type = 'company' AND action = 'UPDATE' AND change_set_id = '{}'",
                world.owner.origin.change_set_id
            ))
            .await,
        3
    );
    assert_eq!(world.count("import_undoing").await, 0);

    assert_eq!(
        refusal(undo(&world.engine, &world.owner, id(&run)).await),
        "this import was undone already"
    );
}

#[tokio::test]
async fn what_was_built_upon_stays_with_what_it_stands_on() {
    let world = World::new().await;
    let known = world
        .made(
            &world.owner,
            "company",
            json!({"name": "Known", "phone": "+14155550100"}),
        )
        .await;
    let path = file(
        "companies.csv",
        "Name,Parent,Phone,Website\nKnown,,+14155550199,https://known.example\nTop,,,\nMiddle,Top,,\nNoted,Middle,,\nEdited,,,\nDeleted,,,\nFree,Top,,\n",
    );
    let run = world
        .import(
            "company",
            path,
            json!({"mapping": {"Name": "name", "Parent": "parent_id", "Phone": "phone", "Website": "website"}, "duplicates": "update", "match_on": "name"}),
        )
        .await;
    assert_eq!([&run["created"], &run["updated"]], [6, 1], "{run}");
    let noted = world.company("Noted").await;
    world
        .made(
            &world.owner,
            "note",
            json!({"content": "Called them", "subject_type": "company", "subject_id": noted}),
        )
        .await;
    let edited = world.company("Edited").await;
    world
        .changed(&world.owner, "company", edited, json!({"status": "active"}))
        .await;
    world
        .changed(
            &world.owner,
            "company",
            known,
            json!({"phone": "+14155550155"}),
        )
        .await;
    world
        .test
        .admin()
        .await
        .script("UPDATE companies SET deleted_at = now() WHERE name = 'Deleted'")
        .await
        .unwrap();

    let undone = world.undone(&run).await;
    let told = &undone["undo"];
    assert_eq!(
        [&told["deleted"], &told["restored"], &told["gone"]],
        [1, 1, 1],
        "{told}"
    );
    assert_eq!(
        told["kept"],
        json!({"changed": 2, "used": 3, "not_allowed": 0, "refused": 0})
    );
    let mut kept: Vec<String> = told["kept_records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            ["title", "reason", "detail"]
                .map(|name| one[name].as_str().unwrap_or("-"))
                .join(" ")
        })
        .collect();
    kept.sort();
    assert_eq!(
        kept,
        [
            "Edited changed -",
            "Known changed phone",
            "Middle used company",
            "Noted used note",
            "Top used company"
        ]
    );
    assert_eq!(
        world.living("companies", "name").await,
        "Edited,Known,Middle,Noted,Top"
    );
    let back: String = world
        .value(format!(
            "SELECT concat_ws(' ', phone, website) FROM companies WHERE id = '{known}'"
        ))
        .await;
    assert_eq!(back, "+14155550155");
}

#[tokio::test]
async fn what_a_row_brought_along_goes_with_it() {
    let world = World::new().await;
    let path = file(
        "contacts.csv",
        "First,Last,Company\nAda,Ng,Acme\nBo,Diaz,Acme\nCy,Okafor,Umbrella\n",
    );
    let run = world
        .import(
            "contact",
            path,
            json!({"mapping": {"First": "first_name", "Last": "last_name", "Company": "company_id"}, "missing_references": "create"}),
        )
        .await;
    assert_eq!(run["created"], 3, "{run}");
    assert_eq!(world.living("companies", "name").await, "Acme,Umbrella");
    // Somebody sells something to one of the people: that person and their company stay.
    let bo: Uuid = world
        .value("SELECT id FROM contacts WHERE first_name = 'Bo'")
        .await;
    world
        .made(
            &world.owner,
            "deal",
            json!({"name": "Order", "primary_contact_id": bo}),
        )
        .await;
    let told = world.undone(&run).await["undo"].clone();
    assert_eq!(told["deleted"], 3, "{told}");
    assert_eq!(told["kept"]["used"], 2, "{told}");
    assert_eq!(world.living("companies", "name").await, "Acme");
    assert_eq!(world.living("contacts", "first_name").await, "Bo");
}

#[tokio::test]
async fn with_the_rights_of_whoever_takes_it_back() {
    let world = World::new().await;
    let seller = world.member("sales", "Sam Seller").await;
    let other = world.member("sales", "Olga Other").await;
    let viewer = world.member("viewer", "Vera Viewer").await;
    let path = || file("leads.csv", "Last\nNg\nDiaz\n");
    let options = json!({"mapping": {"Last": "last_name"}});
    let run = world
        .import_as(&seller, "lead", path(), options.clone())
        .await
        .unwrap();
    assert_eq!(run["created"], 2, "{run}");
    // Somebody else's import, another's eyes, another organization: none of them finds it.
    let stranger = Caller {
        principal: kith_store::Principal::user(Uuid::now_v7(), seller.principal.user_id),
        ..seller.clone()
    };
    for caller in [&other, &viewer, &stranger] {
        assert!(matches!(
            undo(&world.engine, caller, id(&run)).await,
            Err(EngineError::NotFound)
        ));
    }
    // Nor can the pieces be had without it.
    for caller in [&other, &viewer, &stranger] {
        for door in [
            "begin_import_undo($1, array['lead'])",
            "settle_import_undo($1)",
            "import_changes($1, 'lead')",
            "import_changed_entities($1)",
            "end_import_undo($1)",
        ] {
            let ask = kith_store::Statement::new(format!("SELECT * FROM {door}"))
                .with(id(&run), kith_store::types::Type::UUID);
            assert!(
                world
                    .engine
                    .database
                    .read(&caller.principal, &[ask])
                    .await
                    .is_err(),
                "{door}"
            );
        }
    }
    assert_eq!(world.living("leads", "last_name").await, "Diaz,Ng");

    // What was given to somebody else since is no longer the seller's to delete.
    world
        .test
        .admin()
        .await
        .script(&format!(
            "UPDATE leads SET owner_id = '{}' WHERE last_name = 'Ng'",
            other.principal.user_id
        ))
        .await
        .unwrap();
    let told = undo(&world.engine, &seller, id(&run)).await.unwrap()["undo"].clone();
    assert_eq!(told["kept"]["not_allowed"], 1, "{told}");
    assert_eq!(
        told["deleted"].as_i64().unwrap() + told["kept"]["not_allowed"].as_i64().unwrap(),
        2
    );
}

#[tokio::test]
async fn only_what_is_over_wrote_something_and_is_not_too_old() {
    let world = World::new().await;
    let options = json!({"mapping": {"Name": "name"}});
    let check = world
        .import(
            "company",
            file("a.csv", "Name\nAcme\n"),
            json!({"mapping": {"Name": "name"}, "dry_run": true}),
        )
        .await;
    assert!(check["undo_until"].is_null());
    assert!(refusal(undo(&world.engine, &world.owner, id(&check)).await).contains("a check only"));
    let run = world
        .import("company", file("a.csv", "Name\nAcme\n"), options)
        .await;
    let finished = |text: &str| {
        format!(
            "UPDATE imports SET finished_at = {text} WHERE id = '{}'",
            id(&run)
        )
    };
    let admin = world.test.admin().await;
    admin
        .script(&finished(
            "'2026-11-21T12:00:00Z'::timestamptz - interval '30 days 1 second'",
        ))
        .await
        .unwrap();
    assert!(refusal(undo(&world.engine, &world.owner, id(&run)).await).contains("30 days"));
    admin
        .script(&format!(
            "{}; UPDATE imports SET status = 'running' WHERE id = '{}'",
            finished("NULL"),
            id(&run)
        ))
        .await
        .unwrap();
    assert!(refusal(undo(&world.engine, &world.owner, id(&run)).await).contains("not over"));
    admin
        .script(&format!(
            "{}; UPDATE imports SET status = 'completed' WHERE id = '{}'",
            finished("'2026-11-21T12:00:00Z'::timestamptz - interval '30 days'"),
            id(&run)
        ))
        .await
        .unwrap();
    assert_eq!(world.undone(&run).await["undo"]["deleted"], 1);
    assert!(matches!(
        get(&world.engine, &world.owner, Uuid::now_v7()).await,
        Err(EngineError::NotFound)
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_take_it_back_at_once_do_so_once() {
    let world = World::new().await;
    let run = world
        .import(
            "company",
            file("a.csv", "Name\nAcme\nUmbrella\n"),
            json!({"mapping": {"Name": "name"}}),
        )
        .await;
    let (first, second) = tokio::join!(
        undo(&world.engine, &world.owner, id(&run)),
        undo(&world.engine, &world.owner, id(&run))
    );
    let (done, refused): (Vec<_>, Vec<_>) = [first, second].into_iter().partition(Result::is_ok);
    assert_eq!([done.len(), refused.len()], [1, 1]);
    assert_eq!(world.living("companies", "name").await, "");
}
