//! Reports, views, dashboards and metrics: SQL and interface say the same to the same caller.

use kith_catalogue::access::{Action, Scope};
use kith_engine::{Caller, EngineError};
use kith_entities::dashboard::{self, DASHBOARD};
use kith_entities::lead::LEAD;
use kith_entities::report::{self, REPORT, Request};
use kith_entities::view::VIEW;
use kith_entities::{company, metric};
use kith_store::types::Type;
use kith_store::{Origin, Statement, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{Organization, World, id_of};

/// Leads of a manager, a seller and nobody, some of them lost, one archived, in two currencies.
async fn leads(world: &World, organization: &Organization) -> Vec<Uuid> {
    let manager = world.role(organization, "manager").await;
    let seller = organization.people["sales"];
    let mut made = Vec::new();
    for (index, (owner, source, value, currency, status)) in [
        (Some(seller), "website", "100.50", "USD", "new"),
        (Some(seller), "website", "200", "USD", "qualified"),
        (Some(seller), "referral", "300", "EUR", "lost"),
        (None, "google_ads", "400", "USD", "new"),
        (
            Some(manager.principal.user_id),
            "google_ads",
            "500",
            "EUR",
            "contacted",
        ),
        (
            Some(manager.principal.user_id),
            "website",
            "600",
            "USD",
            "proposal",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"last_name": format!("Lead {index}"), "owner_id": owner, "source": source, "estimated_value": value,
            "currency": currency, "status": status, "utm_campaign": if index % 2 == 0 { Some("spring") } else { None }});
        made.push(id_of(&world.create(&manager, &LEAD, body).await.unwrap()));
    }
    made
}

async fn ask(
    world: &World,
    caller: &Caller,
    kind: &str,
    config: Json,
) -> Result<Json, EngineError> {
    report::run(&world.engine, caller, &Request::parse(kind, &config)?).await
}

/// The first column of a statement, asked by SQL as a member.
async fn by_sql(world: &World, caller: &Caller, sql: &str) -> Vec<Json> {
    let statement = Statement::new(format!("SELECT to_jsonb(x) FROM ({sql}) x"));
    let rows = world
        .engine
        .database
        .read(&caller.principal, &[statement])
        .await
        .unwrap()
        .pop()
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn number(value: &Json) -> f64 {
    value
        .as_f64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
        .unwrap_or_default()
}

#[tokio::test]
async fn the_documents_functions_answer_as_the_interface_does_for_every_role() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let made = leads(&world, &organization).await;
    let manager = world.role(&organization, "manager").await;
    let tx = world.begin(&manager).await;
    let wanted =
        serde_json::from_value(json!({"company": {"action": "create", "name": "Customer"}}))
            .unwrap();
    kith_entities::lead::convert(&world.engine, &tx, &manager, made[5], &wanted)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for role in ["owner", "manager", "sales", "member", "viewer"] {
        let caller = world.role(&organization, role).await;
        // The funnel: view, report and board.
        let view = by_sql(&world, &caller, "SELECT stage, currency, count, total_value::text AS total FROM lead_conversion_funnel WHERE pipeline_id = (SELECT id FROM pipelines WHERE entity = 'lead' AND is_default) ORDER BY position, currency").await;
        let asked = ask(&world, &caller, "lead_funnel", json!({}))
            .await
            .unwrap();
        let asked = asked["rows"].as_array().unwrap();
        assert_eq!(view.len(), asked.len(), "{role}");
        for (view, asked) in view.iter().zip(asked) {
            assert_eq!(
                (&view["stage"], &view["currency"], &view["count"]),
                (&asked["stage"], &asked["currency"], &asked["count"]),
                "{role}"
            );
            assert!(
                (number(&view["total"]) - number(&asked["total_value"])).abs() < 0.001,
                "{role}"
            );
        }
        let board = kith_entities::staged::pipeline(
            &world.engine,
            &caller,
            &kith_entities::lead::STAGED,
            None,
            &kith_engine::ListQuery::default(),
        )
        .await
        .unwrap();
        let on_board: i64 = board["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stage| stage["count"].as_i64().unwrap())
            .sum();
        let in_funnel: i64 = asked.iter().map(|row| row["count"].as_i64().unwrap()).sum();
        assert_eq!(on_board, in_funnel, "{role}");
        // Sources.
        let function = by_sql(
            &world,
            &caller,
            "SELECT source, count, rate FROM get_source_performance(NULL)",
        )
        .await;
        let asked = ask(&world, &caller, "source_performance", json!({}))
            .await
            .unwrap();
        let asked: Vec<Json> = asked["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| json!({"source": row["source"], "count": row["count"], "rate": row["rate"]}))
            .collect();
        assert_eq!(function.len(), asked.len(), "{role}");
        for (function, asked) in function.iter().zip(&asked) {
            assert_eq!(
                (&function["source"], &function["count"]),
                (&asked["source"], &asked["count"]),
                "{role}"
            );
            assert!((number(&function["rate"]) - number(&asked["rate"])).abs() < 0.001);
        }
        // Conversion: the function, the report's years together, and the list.
        let rate = number(
            &by_sql(
                &world,
                &caller,
                "SELECT calculate_conversion_rate(NULL, NULL) AS rate",
            )
            .await[0]["rate"],
        );
        let asked = ask(&world, &caller, "conversion", json!({"interval": "year"}))
            .await
            .unwrap();
        let sum = |name: &str| -> f64 {
            asked["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| number(&row[name]))
                .sum()
        };
        let expected = if sum("leads") > 0.0 {
            sum("converted") * 100.0 / sum("leads")
        } else {
            0.0
        };
        assert!((rate - expected).abs() < 0.01, "{role}: {rate} {asked}");
        let list = world
            .list(&caller, &LEAD, &[("total", "true"), ("archived", "with")])
            .await
            .unwrap();
        assert!(
            (sum("leads") - number(&list["page"]["total"])).abs() < 0.1,
            "{role}: {asked} {}",
            list["page"]
        );
    }
    // Each role counts what it sees: the seller three of their own and nobody's one.
    let seller = world.role(&organization, "sales").await;
    let counted = ask(&world, &seller, "source_performance", json!({}))
        .await
        .unwrap();
    let total: i64 = counted["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["count"].as_i64().unwrap())
        .sum();
    assert_eq!(total, 4);
    // Whoever reads no leads is told so; nobody counts another organization's.
    let support = world.role(&organization, "support").await;
    assert!(matches!(
        ask(&world, &support, "conversion", json!({})).await,
        Err(EngineError::Forbidden { .. })
    ));
    let other = world.organization("Other").await;
    let stranger = world.role(&other, "owner").await;
    assert_eq!(
        ask(&world, &stranger, "source_performance", json!({}))
            .await
            .unwrap()["rows"],
        json!([])
    );
    assert!(matches!(
        ask(&world, &seller, "project_profitability", json!({})).await,
        Err(EngineError::Forbidden { .. })
    ));
}

#[tokio::test]
async fn days_are_the_organizations_and_both_ends_count() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let made = leads(&world, &organization).await;
    let admin = world.test.admin().await;
    admin.script(&format!("UPDATE organizations SET timezone = 'Asia/Tokyo' WHERE id = '{}'; ALTER TABLE leads DISABLE TRIGGER USER;
        UPDATE leads SET created_at = '2026-03-31T15:30:00Z' WHERE id = '{}'; UPDATE leads SET created_at = '2026-03-31T14:30:00Z' WHERE id = '{}'; ALTER TABLE leads ENABLE TRIGGER USER",
        organization.id, made[0], made[1])).await.unwrap();
    let manager = world.role(&organization, "manager").await;
    for (from, to, expected) in [
        ("2026-04-01", "2026-04-01", 1),
        ("2026-03-31", "2026-03-31", 1),
        ("2026-03-31", "2026-04-01", 2),
        ("2026-04-02", "2026-04-03", 0),
    ] {
        let asked = ask(
            &world,
            &manager,
            "conversion",
            json!({"from": from, "to": to, "interval": "day"}),
        )
        .await
        .unwrap();
        let counted: i64 = asked["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["leads"].as_i64().unwrap())
            .sum();
        assert_eq!(counted, expected, "{from} {to} {asked}");
        // The function's range leaves its end out, as ranges do.
        let sources = ask(
            &world,
            &manager,
            "source_performance",
            json!({"from": from, "to": to}),
        )
        .await
        .unwrap();
        let counted: i64 = sources["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["count"].as_i64().unwrap())
            .sum();
        assert_eq!(counted, expected);
    }
}

#[tokio::test]
async fn metrics_are_counted_on_and_equal_what_counting_anew_says() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let manager = world.role(&organization, "manager").await;
    let made = leads(&world, &organization).await;
    let fold = async || {
        let tx = world.begin(&manager).await;
        metric::refresh(&tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    fold().await;
    // Everything that can happen to a lead, in between and at once.
    world
        .update(&manager, &LEAD, made[0], json!({"owner_id": null}), None)
        .await
        .unwrap();
    world.delete(&manager, &LEAD, made[1]).await.unwrap();
    fold().await;
    let tx = world.begin(&manager).await;
    kith_entities::lead::convert(
        &world.engine,
        &tx,
        &manager,
        made[3],
        &serde_json::from_value(json!({"company": {"action": "create", "name": "C"}})).unwrap(),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let tx = world.begin(&manager).await;
    kith_engine::restore(&world.engine, &tx, &manager, &LEAD, &[made[1]])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    world.create(&manager, &kith_entities::interaction::INTERACTION, json!({"subject_type": "lead", "subject_id": made[4], "type": "Call", "channel": "phone", "note": "x"})).await.unwrap();
    world.create(&manager, &kith_entities::interaction::INTERACTION, json!({"subject_type": "lead", "subject_id": made[4], "type": "Call", "channel": "phone", "note": "again"})).await.unwrap();
    fold().await;
    let counted = async || {
        let admin = world.test.admin().await;
        let rows = admin.query(&Statement::new("SELECT entity_type || ' ' || entity_id || ' ' || metric_name || ' ' || period || ' ' || date || ' ' || total || '/' || cases || ' ' || metric_value FROM metrics WHERE organization_id = $1 AND (total <> 0 OR cases <> 0) ORDER BY 1").with(organization.id, Type::UUID)).await.unwrap();
        rows.iter()
            .map(|row| row.get::<_, String>(0))
            .collect::<Vec<_>>()
    };
    let on = counted().await;
    let admin = world.test.admin().await;
    admin
        .query(
            &Statement::new("SELECT recount_metrics($1)::text").with(organization.id, Type::UUID),
        )
        .await
        .unwrap();
    assert_eq!(on, counted().await);
    // The organization's rate is what the function says.
    let rate = &by_sql(
        &world,
        &manager,
        "SELECT calculate_conversion_rate(NULL, NULL) AS rate",
    )
    .await[0];
    let cached = &by_sql(&world, &manager, "SELECT metric_value AS rate FROM metrics WHERE entity_type = 'organization' AND metric_name = 'conversion_rate' AND period = 'monthly'").await[0];
    assert!((number(&rate["rate"]) - number(&cached["rate"])).abs() < 0.01);
    // A seller sees their own figures, not the organization's nor a colleague's; nobody writes any.
    let seller = world.role(&organization, "sales").await;
    let seen = by_sql(
        &world,
        &seller,
        "SELECT DISTINCT entity_type, entity_id FROM metrics",
    )
    .await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0]["entity_id"], json!(seller.principal.user_id));
    for forbidden in [
        "UPDATE metrics SET total = 1",
        "DELETE FROM metrics",
        "SELECT fold_metrics(current_organization_id())",
        "SELECT recount_metrics(NULL)",
        "SELECT fold_due_metrics()",
        "DELETE FROM metric_changes",
    ] {
        let tx = Tx::begin(
            &world.engine.database,
            &manager.principal,
            &Origin::new("api"),
        )
        .await
        .unwrap();
        assert!(
            tx.query(&Statement::new(forbidden)).await.is_err(),
            "{forbidden}"
        );
    }
}

#[tokio::test]
async fn what_is_private_is_its_owners_alone_and_what_is_shared_is_everyones() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let seller = world.role(&organization, "sales").await;
    for entity in [&VIEW, &DASHBOARD] {
        let body = |name: &str, visibility: &str| {
            let mut body = json!({"name": name, "visibility": visibility});
            if entity.name == "view" {
                body["entity"] = json!("deal");
            }
            body
        };
        let private = id_of(
            &world
                .create(&seller, entity, body("Mine", "private"))
                .await
                .unwrap(),
        );
        let shared = id_of(
            &world
                .create(&seller, entity, body("Ours", "shared"))
                .await
                .unwrap(),
        );
        for role in ["owner", "admin", "manager", "member", "viewer", "support"] {
            let other = world.role(&organization, role).await;
            assert!(
                matches!(
                    world.get(&other, entity, private).await,
                    Err(EngineError::NotFound)
                ),
                "{role} reads a private {}",
                entity.name
            );
            assert!(
                world.get(&other, entity, shared).await.is_ok(),
                "{role} does not read a shared {}",
                entity.name
            );
            // The audit log tells everything to whoever may read it all, and to nobody else.
            let trail = other.grants.scope("audit_log", Action::Read) == Some(Scope::All);
            assert_eq!(
                kith_engine::history(&world.engine, &other, entity, private, 5, None)
                    .await
                    .is_ok(),
                trail,
                "{role}"
            );
            let changes = world
                .update(
                    &other,
                    entity,
                    shared,
                    json!({"name": format!("By {role}")}),
                    None,
                )
                .await
                .is_ok();
            assert_eq!(
                changes,
                ["owner", "admin", "manager"].contains(&role),
                "{role} changes a shared {}",
                entity.name
            );
        }
        // A client sees their own only, and shares nothing.
        let client = world.role(&organization, "client_admin").await;
        assert!(world.get(&client, entity, shared).await.is_err());
        assert!(
            world
                .create(&client, entity, body("Theirs", "shared"))
                .await
                .is_err()
        );
        // Whose it is stays; somebody else's shared one cannot be made one's own.
        assert!(
            world
                .update(
                    &owner,
                    entity,
                    shared,
                    json!({"visibility": "private"}),
                    None
                )
                .await
                .is_err()
        );
        let kept = world.get(&seller, entity, shared).await.unwrap();
        assert_eq!(kept["owner_id"], json!(seller.principal.user_id));
        assert!(world.delete(&owner, entity, private).await.is_err());
        world.delete(&seller, entity, private).await.unwrap();
        world.delete(&owner, entity, shared).await.unwrap();
    }
    for (body, field) in [
        (json!({"name": "x", "entity": "nothing"}), "entity"),
        (
            json!({"name": "x", "entity": "deal", "filter": {"field": 1}}),
            "filter",
        ),
        (
            json!({"name": "x", "entity": "deal", "sort": "-amount;drop"}),
            "sort",
        ),
        (
            json!({"name": "x", "entity": "deal", "columns": [{"width": 1}]}),
            "columns",
        ),
        (
            json!({"name": "x", "entity": "company", "layout": "board"}),
            "layout",
        ),
    ] {
        let Err(EngineError::InvalidRows(rows)) = world.create(&seller, &VIEW, body.clone()).await
        else {
            panic!("{body}")
        };
        assert_eq!(rows[0].1[0].field, field, "{body}");
    }
}

#[tokio::test]
async fn reports_are_asked_as_their_reader_and_kept_for_others() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    leads(&world, &organization).await;
    let manager = world.role(&organization, "manager").await;
    let firm = world
        .create(&manager, &company::COMPANY, json!({"name": "Client"}))
        .await
        .unwrap();
    let client = world.role(&organization, "client_viewer").await;
    world
        .create(
            &manager,
            &kith_entities::company_member::COMPANY_MEMBER,
            json!({"company_id": firm["id"], "user_id": client.principal.user_id}),
        )
        .await
        .unwrap();
    let saved = world.create(&manager, &REPORT, json!({"name": "Sources", "type": "source_performance", "company_id": firm["id"], "config": {"from": "2026-01-01"}})).await.unwrap();
    let id = id_of(&saved);
    let now = report::data(&world.engine, &manager, id).await.unwrap();
    assert_eq!(now["type"], "source_performance");
    let tx = world.begin(&manager).await;
    let kept = report::generate(&world.engine, &tx, &manager, id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(kept["data"], now);
    assert_eq!(kept["generated_by"], json!(manager.principal.user_id));
    // The client reads what was kept for them, and keeps nothing themselves.
    let read = world.get(&client, &REPORT, id).await.unwrap();
    assert_eq!(read["data"], now);
    let tx = world.begin(&client).await;
    assert!(
        report::generate(&world.engine, &tx, &client, id)
            .await
            .is_err()
    );
    drop(tx);
    // What is internal is for no client, whichever way it is said.
    for kind in ["project_profitability", "won_lost", "activity"] {
        assert!(
            world
                .create(
                    &manager,
                    &REPORT,
                    json!({"name": "x", "type": kind, "company_id": firm["id"]})
                )
                .await
                .is_err(),
            "{kind}"
        );
    }
    let Err(EngineError::InvalidRows(rows)) = world
        .create(
            &manager,
            &REPORT,
            json!({"name": "x", "type": "project_summary"}),
        )
        .await
    else {
        panic!()
    };
    assert_eq!(rows[0].1[0].field, "project_id");
    let Err(EngineError::InvalidRows(rows)) = world
        .create(
            &manager,
            &REPORT,
            json!({"name": "x", "type": "pipeline", "config": {"from": "2026-01-01"}}),
        )
        .await
    else {
        panic!()
    };
    assert_eq!(rows[0].1[0].field, "config.from");
    // Put together by hand: any list, narrowed, grouped, added up by currency.
    let asked = ask(
        &world,
        &manager,
        "custom",
        json!({"entity": "lead", "group_by": "source", "measure": "estimated_value",
        "filter": {"and": [{"field": "status", "op": "ne", "value": "lost"}]}}),
    )
    .await
    .unwrap();
    let sums: Vec<(Json, Json, Json)> = asked["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["group"].clone(),
                row["currency"].clone(),
                row["sum"].clone(),
            )
        })
        .collect();
    assert!(
        sums.contains(&(json!("google_ads"), json!("EUR"), json!("500.000"))),
        "{sums:?}"
    );
    for (config, field) in [
        (json!({"entity": "lead", "group_by": "email"}), "group_by"),
        (json!({"entity": "lead", "group_by": "notes"}), "group_by"),
        (json!({"entity": "nothing", "group_by": "source"}), "entity"),
        (
            json!({"entity": "lead", "group_by": "source", "measure": "last_name"}),
            "measure",
        ),
    ] {
        let Err(EngineError::Invalid(faults)) =
            ask(&world, &manager, "custom", config.clone()).await
        else {
            panic!("{config}")
        };
        assert_eq!(faults[0].field, field);
    }
    // Every type answers, to everyone who may ask.
    for kind in report::TYPES
        .iter()
        .map(|choice| choice.value)
        .filter(|kind| !["project_summary", "custom"].contains(kind))
    {
        let owner = world.role(&organization, "owner").await;
        let answer = ask(&world, &owner, kind, json!({}))
            .await
            .unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        let columns: Vec<&str> = answer["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        for row in answer["rows"].as_array().unwrap() {
            let names: Vec<&str> = row
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            assert_eq!(names, columns, "{kind}");
        }
    }
    // A dashboard: a widget that fails spoils no other.
    let board = world.create(&manager, &DASHBOARD, json!({"name": "Monday", "widgets": [{"type": "pipeline"}, {"report_id": id}, {"report_id": Uuid::now_v7()}]})).await.unwrap();
    let shown = dashboard::data(&world.engine, &manager, id_of(&board))
        .await
        .unwrap();
    assert_eq!(shown["widgets"][0]["answer"]["type"], "pipeline");
    assert_eq!(shown["widgets"][1]["answer"], now);
    assert!(shown["widgets"][2]["error"].is_string());
    let Err(EngineError::InvalidRows(_)) = world
        .create(
            &manager,
            &DASHBOARD,
            json!({"name": "x", "widgets": [{"type": "nothing"}]}),
        )
        .await
    else {
        panic!()
    };
}
