//! What the options promise: duplicates, missing references, all or nothing, dry runs, permissions.

use std::fmt::Write as _;

use kith_engine::EngineError;
use serde_json::{Value as Json, json};

use crate::import_world::{World, counts, file};

const MAPPING: &str = r#"{"Name": "name", "Website": "website", "Employees": "employee_count"}"#;

fn options(more: Json) -> Json {
    let mut options = json!({"mapping": serde_json::from_str::<Json>(MAPPING).unwrap()});
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

async fn trial_and_run(world: &World, entity: &str, text: &str, options: Json) -> Json {
    let mut dry = options.clone();
    dry["dry_run"] = json!(true);
    let before = world.count("audit_log").await;
    let trial = world.import(entity, file("list.csv", text), dry).await;
    assert_eq!(
        world.count("audit_log").await,
        before,
        "a trial leaves nothing behind"
    );
    let run = world.import(entity, file("list.csv", text), options).await;
    assert_eq!(
        counts(&trial),
        counts(&run),
        "a trial predicts the run: {trial} {run}"
    );
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_in_the_database_and_in_the_file() {
    let world = World::new().await;
    let first = "Name,Website,Employees\nAcme,acme.com,5\nBeta,,7\nACME.,acme.org,9\n";
    let run = trial_and_run(&world, "company", first, options(json!({}))).await;
    assert_eq!(counts(&run), [2, 0, 1, 0]);
    let second =
        "Name,Website,Employees\nacme,,50\nBeta,beta.com,\nGamma,,1\nGamma,,2\ngamma,gamma.com,\n";
    let run = trial_and_run(
        &world,
        "company",
        second,
        options(json!({"duplicates": "update", "defaults": {"status": "active"}})),
    )
    .await;
    assert_eq!(counts(&run), [1, 4, 0, 0]);
    // Blank cells leave what stands, defaults are for new records.
    assert_eq!(world.count("companies WHERE name = 'acme' AND website LIKE '%acme.com%' AND employee_count = 50 AND status = 'prospect'").await, 1);
    assert_eq!(
        world
            .count(
                "companies WHERE name = 'Beta' AND website LIKE '%beta.com%' AND employee_count = 7"
            )
            .await,
        1
    );
    assert_eq!(world.count("companies WHERE name = 'gamma' AND website LIKE '%gamma.com%' AND employee_count = 2 AND status = 'active'").await, 1);
    let run = trial_and_run(
        &world,
        "company",
        second,
        options(json!({"duplicates": "create"})),
    )
    .await;
    assert_eq!(counts(&run), [5, 0, 0, 0]);
    assert_eq!(world.count("companies").await, 8);
    // Two records of one name: it is not clear which to update.
    let run = trial_and_run(
        &world,
        "company",
        "Name,Website,Employees\nBeta,,1\n",
        options(json!({"duplicates": "update"})),
    )
    .await;
    assert_eq!(counts(&run), [0, 0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn compared_by_another_field_or_by_id() {
    let world = World::new().await;
    world
        .import(
            "company",
            file(
                "a.csv",
                "Name,Website,Employees\nAcme,acme.com,5\nBeta,beta.com,6\n",
            ),
            options(json!({})),
        )
        .await;
    let run = world
        .import(
            "company",
            file(
                "b.csv",
                "Name,Website,Employees\nAcme Holding,https://ACME.com/,7\n",
            ),
            options(json!({"duplicates": "update", "match_on": "website"})),
        )
        .await;
    assert_eq!(counts(&run), [0, 1, 0, 0], "{:?}", world.errors(&run).await);
    assert_eq!(
        world
            .count("companies WHERE name = 'Acme Holding' AND employee_count = 7")
            .await,
        1
    );
    let id: String = world
        .value("SELECT id::text FROM companies WHERE name = 'Beta'")
        .await;
    let text = format!("id,Employees\n{id},70\n{},1\n", uuid::Uuid::now_v7());
    let run = world
        .import(
            "company",
            file("c.csv", text),
            json!({"mapping": {"id": "id", "Employees": "employee_count"}, "duplicates": "update"}),
        )
        .await;
    assert_eq!(counts(&run), [0, 1, 0, 1], "{:?}", world.errors(&run).await);
    assert_eq!(
        world
            .count("companies WHERE name = 'Beta' AND employee_count = 70")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_references_fail_are_made_or_stay_empty() {
    let world = World::new().await;
    let text =
        "Deal,Company,Stage\nOne,Acme,Won\nTwo,acme,won\nThree,,Proposal\nFour,Acme,Nowhere\n";
    let with = |policy: &str| json!({"mapping": {"Deal": "name", "Company": "company_id", "Stage": "stage_id"}, "missing_references": policy});
    let run = trial_and_run(&world, "deal", text, with("error")).await;
    assert_eq!(counts(&run), [1, 0, 0, 3]);
    let errors = world.errors(&run).await;
    assert!(
        errors.iter().any(|error| error.0 == 2
            && error.1.as_deref() == Some("Company")
            && error.3.contains("no company called \"Acme\"")),
        "{errors:?}"
    );
    let run = trial_and_run(&world, "deal", text, with("empty")).await;
    assert_eq!(counts(&run), [3, 0, 1, 0]);
    assert_eq!(world.count("deals d JOIN stages s ON s.id = d.stage_id WHERE d.name = 'Four' AND s.key = 'lead'").await, 1);
    assert_eq!(world.count("companies").await, 0);
    let mut make = with("create");
    make["duplicates"] = json!("create");
    let run = trial_and_run(&world, "deal", text, make).await;
    assert_eq!(counts(&run), [4, 0, 0, 0], "{:?}", world.errors(&run).await);
    assert_eq!(world.count("companies WHERE name = 'Acme'").await, 1);
    assert_eq!(
        world
            .count("deals d JOIN companies c ON c.id = d.company_id")
            .await,
        3
    );
    assert_eq!(
        world
            .count("deals WHERE status = 'won' AND company_id IS NOT NULL")
            .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing_keeps_nothing_when_one_row_is_bad() {
    let world = World::new().await;
    let mut text = "Name,Website,Employees\n".to_owned();
    for number in 0..4_500 {
        writeln!(text, "Company {number},,{number}").unwrap();
    }
    let bad = format!("{text}Last,,many\n");
    let wanted = options(json!({"mode": "all_or_nothing"}));
    let mut dry = wanted.clone();
    dry["dry_run"] = json!(true);
    let trial = world.import("company", file("bad.csv", &bad), dry).await;
    let run = world
        .import("company", file("bad.csv", &bad), wanted.clone())
        .await;
    assert_eq!(
        (
            run["status"].as_str(),
            counts(&run),
            run["processed"].as_i64()
        ),
        (Some("failed"), [0, 0, 0, 1], Some(4_501)),
        "{run}"
    );
    assert_eq!(
        (trial["status"].as_str(), counts(&trial)),
        (Some("completed"), counts(&run))
    );
    assert_eq!(world.count("companies").await, 0);
    assert_eq!(world.errors(&run).await[0].0, 4_502);
    let run = world
        .import("company", file("good.csv", &text), wanted)
        .await;
    assert_eq!(
        (run["status"].as_str(), counts(&run)),
        (Some("completed"), [4_500, 0, 0, 0])
    );
    assert_eq!(world.count("events WHERE entity = 'company'").await, 4_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_value_that_is_taken_fails_one_row() {
    let world = World::new().await;
    // Taken where the importing person cannot see it: only the database knows.
    let seller = world.member("member", "Mia Member").await;
    world
        .import(
            "contact",
            file("a.csv", "First,Mail\nHidden,taken@example.com\n"),
            json!({"mapping": {"First": "first_name", "Mail": "email"}}),
        )
        .await;
    let mut text = "First,Mail\n".to_owned();
    for number in 0..300 {
        let mail = if number == 137 {
            "taken@example.com".to_owned()
        } else {
            format!("person{number}@example.com")
        };
        writeln!(text, "Person {number},{mail}").unwrap();
    }
    let run = world
        .import_as(
            &seller,
            "contact",
            file("b.csv", text),
            json!({"mapping": {"First": "first_name", "Mail": "email"}}),
        )
        .await
        .unwrap();
    assert_eq!(
        (run["status"].as_str(), counts(&run)),
        (Some("completed"), [299, 0, 0, 1]),
        "{run}"
    );
    let errors = world.errors(&run).await;
    assert_eq!(
        (
            errors.len(),
            errors[0].0,
            errors[0].1.as_deref(),
            errors[0].2.as_deref()
        ),
        (1, 139, Some("Mail"), Some("taken@example.com"))
    );
    assert_eq!(world.count("contacts").await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn children_come_with_their_record_and_fail_with_it() {
    let world = World::new().await;
    world
        .import(
            "product",
            file("p.csv", "Name,Price\nGTX Pro,4821\n"),
            json!({"mapping": {"Name": "name", "Price": "price"}}),
        )
        .await;
    let text = "Deal,Amount,Product,Qty,Price\nPriced,100,GTXPro,2,40\nByAmount,100,gtx-pro,,\nByCatalogue,,GTX Pro,,\nWrong,100,GTX Pro,0,\nNone,100,,,\n";
    let options = json!({"mapping": {"Deal": "name", "Amount": "amount", "Product": "items.product_id", "Qty": "items.quantity", "Price": "items.unit_price"}});
    let run = trial_and_run(&world, "deal", text, options).await;
    assert_eq!(counts(&run), [4, 0, 0, 1], "{:?}", world.errors(&run).await);
    let errors = world.errors(&run).await;
    assert_eq!(
        (errors[0].0, errors[0].1.as_deref(), errors[0].2.as_deref()),
        (5, Some("Qty"), Some("0"))
    );
    assert_eq!(world.count("deals WHERE name = 'Wrong'").await, 0);
    for (deal, quantity, price) in [
        ("Priced", 2, 40),
        ("ByAmount", 1, 100),
        ("ByCatalogue", 1, 4821),
    ] {
        let filter = format!(
            "deal_items i JOIN deals d ON d.id = i.deal_id WHERE d.name = '{deal}' AND i.quantity = {quantity} AND i.unit_price = {price}"
        );
        assert_eq!(world.count(&filter).await, 1, "{deal}");
    }
    assert_eq!(world.count("deal_items").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_do_not_fit_are_all_named() {
    let world = World::new().await;
    let bad = json!({
        "mapping": {"Name": "name", "Nmae": "website", "Website": "web", "Employees": "name"},
        "match_on": "email", "defaults": {"colour": "red"}, "value_map": {"status": {"x": "lead"}}
    });
    let error = world
        .import_as(
            &world.owner,
            "company",
            file("a.csv", "Name,Website,Employees\nA,,\n"),
            bad,
        )
        .await
        .unwrap_err();
    let EngineError::Invalid(faults) = error else {
        panic!("{error:?}")
    };
    let mut fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "defaults.colour",
            "mapping.Employees",
            "mapping.Nmae",
            "mapping.Website",
            "match_on",
            "value_map.status"
        ]
    );
    let error = world
        .import_as(
            &world.owner,
            "company",
            file("a.csv", "Name,Website\nA,\n"),
            json!({"mapping": {"Website": "website"}}),
        )
        .await
        .unwrap_err();
    assert!(
        matches!(&error, EngineError::Invalid(faults) if faults.len() == 1 && faults[0].field == "mapping"),
        "{error:?}"
    );
    assert_eq!(world.count("imports").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_may_do_what_its_caller_may() {
    let world = World::new().await;
    let viewer = world.member("viewer", "Vera Viewer").await;
    let text = "Name,Website,Employees\nA,,\n";
    let error = world
        .import_as(&viewer, "company", file("a.csv", text), options(json!({})))
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Forbidden { .. }), "{error:?}");
    // Records for someone else need the right to assign; industries the right to make them.
    let member = world.member("member", "Mia Member").await;
    let text = "Name,Owner,Industry\nMine,Mia Member,\nTheirs,Olivia Owner,\nNew,,Basket weaving\n";
    let wanted = json!({"mapping": {"Name": "name", "Owner": "owner_id", "Industry": "industry_id"}, "missing_references": "create"});
    let run = world
        .import_as(&member, "company", file("a.csv", text), wanted)
        .await
        .unwrap();
    assert_eq!(counts(&run), [1, 0, 0, 2], "{run}");
    let errors = world.errors(&run).await;
    assert!(
        errors[0].0 == 3 && errors[0].3.contains("may not give"),
        "{errors:?}"
    );
    assert!(
        errors[1].0 == 4 && errors[1].3.contains("cannot be created"),
        "{errors:?}"
    );
    assert_eq!(
        world
            .value::<String>(
                "SELECT u.full_name::text FROM companies c JOIN users u ON u.id = c.owner_id"
            )
            .await,
        "Mia Member"
    );
}

#[tokio::test]
async fn an_empty_cell_takes_no_default_away_that_another_row_does_not_need() {
    let world = World::new().await;
    world
        .import(
            "company",
            file("c.csv", "Name\nAcme\n"),
            json!({"mapping": {"Name": "name"}}),
        )
        .await;
    let acme: uuid::Uuid = world.value("SELECT id FROM companies").await;
    let run = world
        .import(
            "interaction",
            file(
                "calls.csv",
                format!("Type,Channel,When,Company,Note\nFirst,phone,,{acme},a\nSecond,phone,2026-01-02 03:04,{acme},b\nThird,phone,,{acme},c\n"),
            ),
            json!({"mapping": {"Type": "type", "Channel": "channel", "When": "occurred_at", "Company": "subject_id", "Note": "note"}, "defaults": {"subject_type": "company"}}),
        )
        .await;
    assert_eq!(counts(&run), [3, 0, 0, 0], "{run}");
    assert_eq!(
        world
            .count("interactions WHERE occurred_at <> '2026-01-02 03:04Z'")
            .await,
        2
    );
}
