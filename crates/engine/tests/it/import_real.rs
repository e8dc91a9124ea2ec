//! Real exports: a sales team's accounts, products, people and 6,155 opportunities.

use serde_json::{Value as Json, json};

use crate::import_world::{World, counts, data};

async fn accounts(world: &World, more: Json) -> Json {
    let mut options = json!({
        "mapping": {
            "account": "name", "sector": "industry_id", "year_established": "year_founded", "revenue": "annual_revenue",
            "employees": "employee_count", "office_location": "billing_address.country", "subsidiary_of": "parent_id"
        },
        "missing_references": "create",
        "value_map": {"billing_address.country": {"Philipines": "Philippines"}}
    });
    merge(&mut options, more);
    world
        .import("company", data("crm/maven_crm/accounts.csv"), options)
        .await
}

async fn set_up(world: &World) {
    let run = accounts(world, json!({})).await;
    assert_eq!(counts(&run), [85, 0, 0, 0], "{run}");
    let products = world
        .import("product", data("crm/maven_crm/products.csv"), json!({"mapping": {"product": "name", "series": "category", "sales_price": "price"}, "defaults": {"is_active": "false"}}))
        .await;
    assert_eq!(counts(&products), [7, 0, 0, 0], "{products}");
    let people = world
        .import(
            "user",
            data("crm/maven_crm/sales_teams.csv"),
            json!({"mapping": {"sales_agent": "full_name", "manager": "manager_id", "regional_office": "team_id"}, "missing_references": "create"}),
        )
        .await;
    assert_eq!(counts(&people), [35, 0, 0, 0], "{people}");
}

fn merge(options: &mut Json, more: Json) {
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
}

/// Stages of the source's own names: open stages are matched, won and lost are ours.
async fn pipeline(world: &World, more: Json) -> Json {
    let mut options = json!({
        "mapping": {
            "opportunity_id": "name", "sales_agent": "owner_id", "product": "items.product_id", "account": "company_id",
            "deal_stage": "stage_id", "close_date": "actual_close_date", "close_value": "amount"
        },
        "value_map": {"stage_id": {"Prospecting": "Qualified", "Engaging": "Negotiation"}},
        "defaults": {"currency": "USD"}
    });
    merge(&mut options, more);
    world
        .import(
            "deal",
            data("crm/maven_crm/sales_pipeline.open.csv"),
            options,
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_bring_industries_addresses_and_parents_that_come_later() {
    let world = World::new().await;
    let run = accounts(&world, json!({})).await;
    assert_eq!(
        (
            run["status"].as_str(),
            run["message"].as_str(),
            counts(&run)
        ),
        (Some("completed"), None, [85, 0, 0, 0])
    );
    assert_eq!(
        world
            .count("companies WHERE billing_address ->> 'country' = 'US'")
            .await,
        71
    );
    assert_eq!(
        world
            .count("companies WHERE billing_address ->> 'country' = 'PH'")
            .await,
        1
    );
    assert_eq!(
        world.count("companies WHERE parent_id IS NOT NULL").await,
        15
    );
    assert_eq!(world.count("companies c JOIN companies p ON p.id = c.parent_id WHERE p.name = 'Acme Corporation'").await, 4);
    assert_eq!(world.count("companies WHERE annual_revenue = 1100.04 AND employee_count = 2822 AND year_founded = 1996").await, 1);
    // Ten industries come with an organization; "technolgy" and "medical" do not, "finance" does.
    let industries = world.count("industries").await;
    assert!(industries > 10, "{industries}");
    assert_eq!(
        world
            .count("industries WHERE lower(name) = 'finance'")
            .await,
        1
    );
    assert_eq!(world.count("companies WHERE industry_id IS NULL").await, 0);
    // Everything is told: history, timeline and feed, under one change set.
    for table in [
        "audit_log WHERE entity_type = 'company' AND action = 'INSERT'",
        "activities WHERE entity_type = 'company' AND type = 'created'",
        "events WHERE entity = 'company' AND action = 'created'",
    ] {
        let filter = format!(
            "{table} AND change_set_id = '{}'",
            run["id"].as_str().unwrap()
        );
        assert_eq!(world.count(&filter).await, 85, "{filter}");
    }
    assert_eq!(
        world
            .value::<String>("SELECT DISTINCT origin FROM audit_log WHERE entity_type = 'company'")
            .await,
        "import"
    );
    // And again: nothing new.
    let again = accounts(&world, json!({})).await;
    assert_eq!(counts(&again), [0, 0, 85, 0], "{again}");
    assert_eq!(world.count("companies").await, 85);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_database_fails_the_rows_beyond_it() {
    let world = World::new().await;
    let run = world
        .import(
            "product",
            data("crm/maven_crm/products.csv"),
            json!({"mapping": {"product": "name", "series": "category", "sales_price": "price"}}),
        )
        .await;
    assert_eq!(
        (run["status"].as_str(), counts(&run)),
        (Some("completed"), [3, 0, 0, 4]),
        "{run}"
    );
    let errors = world.errors(&run).await;
    assert_eq!(
        errors.iter().map(|error| error.0).collect::<Vec<_>>(),
        [5, 6, 7, 8]
    );
    assert!(
        errors
            .iter()
            .all(|error| error.3.contains("At most 3 products can be active")),
        "{errors:?}"
    );
    assert_eq!(
        world
            .count("products WHERE name IN ('GTX Basic', 'GTX Pro', 'MG Special')")
            .await,
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_come_with_their_managers_and_teams() {
    let world = World::new().await;
    set_up(&world).await;
    assert_eq!(world.count("teams").await, 3);
    // Six managers who are in no row of their own, and the owner.
    assert_eq!(world.count("memberships").await, 35 + 6 + 1);
    assert_eq!(
        world
            .count("members WHERE manager_id IS NOT NULL AND team_id IS NOT NULL")
            .await,
        35
    );
    assert_eq!(world.count("members m JOIN members b ON b.id = m.manager_id WHERE b.full_name = 'Dustin Brinkmann' AND m.full_name = 'Anna Snelling'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn opportunities_add_up_to_the_published_figures() {
    let world = World::new().await;
    set_up(&world).await;
    let expected: Json = serde_json::from_slice(
        &std::fs::read(data("crm/maven_crm/expected_report_numbers.json")).unwrap(),
    )
    .unwrap();
    let trial = pipeline(&world, json!({"dry_run": true})).await;
    assert_eq!(
        (trial["status"].as_str(), counts(&trial)),
        (Some("completed"), [6_155, 0, 0, 0]),
        "{trial}"
    );
    assert_eq!(world.count("deals").await, 0);
    let run = pipeline(&world, json!({})).await;
    assert_eq!(
        (run["status"].as_str(), counts(&run)),
        (Some("completed"), [6_155, 0, 0, 0]),
        "{run} {:?}",
        world.errors(&run).await.first()
    );
    assert_eq!(run["total"], expected["rows"]);
    for (theirs, ours) in [
        ("Won", "won"),
        ("Lost", "lost"),
        ("Engaging", "negotiation"),
        ("Prospecting", "qualified"),
    ] {
        let count = world
            .count(&format!(
                "deals d JOIN stages s ON s.id = d.stage_id WHERE s.key = '{ours}'"
            ))
            .await;
        assert_eq!(
            Some(count),
            expected["by_stage"][theirs].as_i64(),
            "{theirs}"
        );
    }
    let won: i64 = world
        .value("SELECT sum(amount)::bigint FROM deals WHERE status = 'won'")
        .await;
    assert_eq!(won, 6_937_655);
    let quarter: i64 = world.value("SELECT sum(amount)::bigint FROM deals WHERE status = 'won' AND date_trunc('quarter', actual_close_date) = '2017-04-01'").await;
    assert_eq!(quarter, 2_173_460);
    let agent: i64 = world.value("SELECT sum(amount)::bigint FROM deals d JOIN members m ON m.id = d.owner_id WHERE d.status = 'won' AND m.full_name = 'Darcel Schlecht'").await;
    assert_eq!(agent, 803_667);
    assert_eq!(
        Some(world.count("deals WHERE company_id IS NULL").await),
        expected["rows_without_account"].as_i64()
    );
    // "GTXPro" is the catalogue's "GTX Pro".
    assert_eq!(world.count("deal_items").await, 6_155);
    assert!(
        world
            .count("deal_items i JOIN products p ON p.id = i.product_id WHERE p.name = 'GTX Pro'")
            .await
            >= 1_021
    );
    assert_eq!(
        world
            .count("deals WHERE status = 'lost' AND lost_reason = 'Not recorded'")
            .await,
        1_754
    );
    let again = pipeline(&world, json!({})).await;
    assert_eq!(counts(&again), [0, 0, 6_155, 0], "{again}");
    assert_eq!(world.count("deals").await, 6_155);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suggestions_for_real_headers_are_right() {
    let world = World::new().await;
    let preview = kith_engine::import::preview(
        &world.engine,
        &world.owner,
        world.entity("deal"),
        data("crm/maven_crm/sales_pipeline.open.csv"),
        "sales_pipeline.csv",
    )
    .await
    .unwrap();
    let suggested: Vec<(&str, Option<&str>)> = preview["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| {
            (
                column["header"].as_str().unwrap(),
                column["suggestion"].as_str(),
            )
        })
        .collect();
    for (header, field) in [
        ("opportunity_id", "name"),
        ("product", "items.product_id"),
        ("account", "company_id"),
        ("deal_stage", "stage_id"),
        ("sales_agent", "owner_id"),
        ("close_value", "amount"),
    ] {
        assert!(
            suggested.contains(&(header, Some(field))),
            "{header}: {suggested:?}"
        );
    }
    assert_eq!(preview["total_rows"], 6_155);
    assert_eq!(preview["rows"].as_array().unwrap().len(), 20);
    assert_eq!(
        (preview["encoding"].as_str(), preview["delimiter"].as_str()),
        (Some("UTF-8"), Some(","))
    );
    assert_eq!(preview["match_on"][0], "name");
    let preview = kith_engine::import::preview(
        &world.engine,
        &world.owner,
        world.entity("company"),
        data("crm/maven_crm/accounts.csv"),
        "accounts.csv",
    )
    .await
    .unwrap();
    let suggested: Vec<Option<&str>> = preview["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["suggestion"].as_str())
        .collect();
    assert_eq!(
        suggested,
        [
            Some("name"),
            Some("industry_id"),
            Some("year_founded"),
            Some("annual_revenue"),
            Some("employee_count"),
            Some("billing_address.country"),
            Some("parent_id")
        ]
    );
    assert_eq!(preview["required"], json!(["name"]));
}
