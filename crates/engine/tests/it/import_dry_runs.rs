//! A dry run says exactly what the run then does: over every real file, and over files that are made up.

use std::fmt::Write as _;
use std::path::PathBuf;

use kith_store::Statement;
use kith_store::types::Type;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::import_world::{World, counts, data, file};

/// A letter for each row: created, updated, skipped, failed.
async fn fates(world: &World, run: &Json) -> String {
    let select = Statement::new("SELECT outcomes FROM imports WHERE id = $1").with(
        run["id"].as_str().unwrap().parse::<Uuid>().unwrap(),
        Type::UUID,
    );
    let rows = world.test.admin().await.query(&select).await.unwrap();
    rows[0].get::<_, Option<String>>(0).unwrap_or_default()
}

/// Runs dry and then in earnest, and compares everything that is told of both.
async fn dry_and_real(
    world: &World,
    entity: &str,
    path: PathBuf,
    options: Json,
    what: &str,
) -> Json {
    // What rows refer to may be of the same table, and is made besides.
    let makes_more = options["missing_references"] == "create";
    let mut dry = options.clone();
    dry["dry_run"] = json!(true);
    let table = if entity == "user" {
        "memberships"
    } else {
        world.entity(entity).table
    };
    let before = world.count(table).await;
    let trial = world.import(entity, path.clone(), dry).await;
    assert_eq!(
        world.count(table).await,
        before,
        "{what}: a trial leaves nothing behind"
    );
    let run = world.import(entity, path, options).await;
    assert_eq!(counts(&trial), counts(&run), "{what}: {trial:#} {run:#}");
    assert_eq!(trial["processed"], run["processed"], "{what}");
    let (foretold, happened) = (fates(world, &trial).await, fates(world, &run).await);
    assert_eq!(foretold, happened, "{what}");
    assert_eq!(json!(happened.len()), run["processed"], "{what}");
    assert!(
        !happened.contains('?'),
        "{what}: a row without a fate: {happened}"
    );
    assert_eq!(
        world.errors(&trial).await,
        world.errors(&run).await,
        "{what}: the same errors"
    );
    assert_eq!(trial["summary"], run["summary"], "{what}");
    let letters = |letter: char| i64::try_from(happened.matches(letter).count()).unwrap();
    assert_eq!(
        counts(&run),
        [letters('c'), letters('u'), letters('s'), letters('f')],
        "{what}: {happened}"
    );
    let related = run["summary"]["related"].as_object().unwrap();
    let more = related
        .get(entity)
        .and_then(Json::as_i64)
        .unwrap_or_default();
    assert!(makes_more || related.is_empty(), "{what}: {related:?}");
    assert_eq!(
        world.count(table).await - before,
        run["created"].as_i64().unwrap() + more,
        "{what}: as many records as are counted"
    );
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn real_files_do_what_their_dry_run_said() {
    let world = World::new().await;
    for (entity, path) in [
        ("company", "crm/maven_crm/accounts.csv"),
        ("company", "crm/hubspot/hubspot_companies.open.csv"),
        ("contact", "crm/hubspot/hubspot_contacts.open.csv"),
        ("deal", "crm/hubspot/hubspot_deals.open.csv"),
        ("contact", "crm/atomic_crm/contacts.csv"),
        ("contact", "crm/atomic_crm/contacts_export_template.csv"),
        ("contact", "crm/templates/google_contacts_old_format.csv"),
        ("contact", "crm/templates/pipedrive_sample_import.csv"),
        ("company", "crm/templates/pipedrive_sample_import.csv"),
        ("contact", "vcard/ezvcard_gmail-list.vcf"),
        ("contact", "vcard/ezvcard_outlook-2007.vcf"),
        ("contact", "vcard/libical_leaktest.vcf"),
        ("user", "crm/maven_crm/sales_teams.csv"),
    ] {
        for options in [
            json!({"missing_references": "empty"}),
            json!({"missing_references": "create", "duplicates": "update"}),
            json!({"missing_references": "error", "duplicates": "create", "mode": "all_or_nothing"}),
        ] {
            let what = format!("{path} {options}");
            dry_and_real(&world, entity, data(path), options, &what).await;
        }
    }
}

/// A row of made-up companies: few names, so that many meet.
#[derive(Clone, Debug)]
struct Line {
    name: String,
    website: String,
    employees: String,
    status: String,
    industry: String,
    parent: String,
    owner: String,
}

fn line() -> impl Strategy<Value = Line> {
    let word = prop::sample::select(vec![
        "Acme",
        "acme",
        "ACME, Inc",
        "Beta",
        "Gamma",
        "Delta GmbH",
        "Épsilon",
        "",
        "=1+1",
    ]);
    let site = prop::sample::select(vec![
        "",
        "acme.com",
        "https://ACME.com/",
        "beta.com",
        "not a site",
        "gamma.com",
    ]);
    (
        word.clone(),
        site,
        prop::sample::select(vec!["", "5", "many", "1.000", "7"]),
        prop::sample::select(vec!["", "", "", "active", "Customer", "unheard of"]),
        prop::sample::select(vec!["", "Technology", "technology", "Basket weaving"]),
        word,
        prop::sample::select(vec!["", "", "Olivia Owner", "Nobody"]),
        0..40_u32,
    )
        .prop_map(
            |(name, website, employees, status, industry, parent, owner, more)| Line {
                // Some names of their own, so that there is something to make.
                name: if more < 15 && !name.is_empty() {
                    format!("{name} {more}")
                } else {
                    name.to_owned()
                },
                website: website.to_owned(),
                employees: employees.to_owned(),
                status: status.to_owned(),
                industry: industry.to_owned(),
                parent: parent.to_owned(),
                owner: owner.to_owned(),
            },
        )
}

fn options() -> impl Strategy<Value = Json> {
    (
        prop::sample::select(vec!["skip", "update", "create"]),
        prop::sample::select(vec!["best_effort", "best_effort", "all_or_nothing"]),
        prop::sample::select(vec!["error", "create", "empty"]),
        prop::sample::select(vec!["name", "website"]),
    )
        .prop_map(|(duplicates, mode, missing, match_on)| {
            let mut options = json!({
                "mapping": {"Name": "name", "Site": "website", "Employees": "employee_count", "Status": "status", "Industry": "industry_id", "Parent": "parent_id", "Owner": "owner_id"},
                "duplicates": duplicates, "mode": mode, "missing_references": missing,
            });
            if duplicates != "create" {
                options["match_on"] = json!(match_on);
            }
            options
        })
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_made_up_do_what_their_dry_run_said() {
    let world = World::new().await;
    let mut runner = TestRunner::deterministic();
    for case in 0..40 {
        let lines = prop::collection::vec(line(), 1..40)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let options = options().new_tree(&mut runner).unwrap().current();
        let mut text = "Name,Site,Employees,Status,Industry,Parent,Owner\n".to_owned();
        for line in &lines {
            writeln!(
                text,
                "\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\"",
                line.name,
                line.website,
                line.employees,
                line.status,
                line.industry,
                line.parent,
                line.owner
            )
            .unwrap();
        }
        let what = format!("case {case}: {options}\n{text}");
        dry_and_real(&world, "company", file("list.csv", &text), options, &what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn across_batches_too() {
    let world = World::new().await;
    let mut text = "First,Mail,Company\n".to_owned();
    for number in 0..4_700_u32 {
        // Addresses come again in other batches, written otherwise.
        let mail = match number % 4 {
            0 => format!("person{}@example.com", number % 900),
            1 => format!("PERSON{}@Example.com", number % 900),
            2 => String::new(),
            _ => format!("own{number}@example.com"),
        };
        writeln!(text, "Person {number},{mail},Company {}", number % 300).unwrap();
    }
    let mapping = json!({"First": "first_name", "Mail": "email", "Company": "company_id"});
    for duplicates in ["skip", "update"] {
        let options =
            json!({"mapping": mapping, "duplicates": duplicates, "missing_references": "create"});
        let run = dry_and_real(
            &world,
            "contact",
            file("people.csv", &text),
            options,
            duplicates,
        )
        .await;
        assert_eq!(run["failed"], 0, "{run:#}");
    }
    assert_eq!(world.count("contacts GROUP BY email HAVING email IS NOT NULL AND count(*) > 1 UNION ALL SELECT 0 LIMIT 1").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_names_what_became_of_the_rows() {
    let world = World::new().await;
    let text = "Name,Employees\nAcme,5\nAcme,6\nBeta,many\n,1\n";
    let run = world
        .import(
            "company",
            file("list.csv", text),
            json!({"mapping": {"Name": "name", "Employees": "employee_count"}}),
        )
        .await;
    let summary = &run["summary"];
    assert_eq!(summary["created"], json!({"count": 1, "rows": [2]}));
    assert_eq!(summary["skipped"], json!({"count": 1, "rows": [3]}));
    assert_eq!(summary["failed"], json!({"count": 2, "rows": [4, 5]}));
    assert_eq!(summary["errors"].as_array().unwrap().len(), 2);
    assert_eq!(summary["problems"][0]["column"], "Employees");
    assert_eq!(summary["problems"][0]["count"], 1);
    let run = world
        .import(
            "company",
            file("list.csv", text),
            json!({"mapping": {"Name": "name", "Employees": "employee_count"}, "mode": "all_or_nothing", "duplicates": "create"}),
        )
        .await;
    assert_eq!(
        run["summary"]["undone"],
        json!({"count": 2, "rows": [2, 3]})
    );
}
