//! Files as people have them: encodings, separators, numbers, dates, names in one cell, broken rows.

use futures_util::TryStreamExt;
use kith_engine::EngineError;
use kith_engine::import::{errors_csv, preview};
use serde_json::json;
use uuid::Uuid;

use crate::import_world::{World, counts, data, file};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_list_in_three_encodings() {
    let world = World::new().await;
    let text = "Firma;Ort;Jahresumsatz;Land\r\nMüller & Söhne;Köln;1.234,50;Germany\r\nÅkesson;Malmö;12,25;SE\r\n";
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let latin: Vec<u8> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap())
        .collect();
    let mapping = json!({"Firma": "name", "Ort": "billing_address.city", "Jahresumsatz": "annual_revenue", "Land": "billing_address.country"});
    for (name, bytes, expected) in [
        ("utf8.csv", text.as_bytes().to_vec(), [2, 0, 0, 0]),
        ("utf16.csv", utf16, [0, 0, 2, 0]),
        ("latin.csv", latin, [0, 0, 2, 0]),
    ] {
        let run = world
            .import("company", file(name, bytes), json!({"mapping": mapping}))
            .await;
        assert_eq!(counts(&run), expected, "{name}: {run}");
    }
    assert_eq!(
        world.count("companies WHERE name = 'Müller & Söhne' AND annual_revenue = 1234.5 AND billing_address = '{\"city\": \"Köln\", \"country\": \"DE\"}'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_encodings_of_a_real_export_look_alike() {
    let world = World::new().await;
    let entity = world.entity("contact");
    let mut previews = Vec::new();
    for name in [
        "eu_tickets.cp1252_semicolon_crlf.csv",
        "eu_tickets.utf8_bom_comma_lf.csv",
    ] {
        previews.push(
            preview(
                &world.engine,
                &world.owner,
                entity,
                data(&format!("crm/encodings/{name}")),
                name,
            )
            .await
            .unwrap(),
        );
    }
    assert_eq!(previews[0]["columns"], previews[1]["columns"]);
    assert_eq!(previews[0]["total_rows"], previews[1]["total_rows"]);
    assert_eq!(
        (
            previews[0]["encoding"].as_str(),
            previews[1]["encoding"].as_str()
        ),
        (Some("windows-1252"), Some("UTF-8"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_column_says_how_dates_are_written() {
    let world = World::new().await;
    let deals = "Deal,Closes,Amount\nA,03/04/2026,\"$1,200.50\"\nB,31/12/2026,€99\nC,,n/a\n";
    let run = world.import("deal", file("deals.csv", deals), json!({"mapping": {"Deal": "name", "Closes": "expected_close_date", "Amount": "amount"}})).await;
    assert_eq!(
        counts(&run),
        [3, 0, 0, 0],
        "{run} {:?}",
        world.errors(&run).await
    );
    assert_eq!(
        world
            .count(
                "deals WHERE name = 'A' AND expected_close_date = '2026-04-03' AND amount = 1200.50"
            )
            .await,
        1
    );
    assert_eq!(
        world
            .count("deals WHERE name = 'B' AND currency = 'EUR' AND amount = 99")
            .await,
        1
    );
    assert_eq!(
        world
            .count("deals WHERE name = 'C' AND expected_close_date IS NULL AND amount IS NULL")
            .await,
        1
    );
    // Nothing decides: a person has to.
    let unclear = "Deal,Closes\nD,03/04/2026\n";
    let mapping = json!({"Deal": "name", "Closes": "expected_close_date"});
    let run = world
        .import(
            "deal",
            file("deals.csv", unclear),
            json!({"mapping": mapping}),
        )
        .await;
    assert_eq!(counts(&run), [0, 0, 0, 1]);
    let errors = world.errors(&run).await;
    assert_eq!(
        (errors[0].0, errors[0].1.as_deref(), errors[0].2.as_deref()),
        (2, Some("Closes"), Some("03/04/2026"))
    );
    assert!(errors[0].3.contains("two dates"), "{errors:?}");
    let run = world
        .import(
            "deal",
            file("deals.csv", unclear),
            json!({"mapping": mapping, "date_order": "month_first"}),
        )
        .await;
    assert_eq!(counts(&run), [1, 0, 0, 0]);
    assert_eq!(
        world
            .count("deals WHERE name = 'D' AND expected_close_date = '2026-03-04'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_with_their_name_in_one_cell_and_their_company_by_name() {
    let world = World::new().await;
    let contacts = "Full name,E-mail,Company,Labels\nAda King Lovelace,ADA@Example.com,Engines Ltd.,\"vip; london\"\n\"Hopper, Grace\",grace@example.com,engines ltd,\n";
    let options = json!({"mapping": {"Full name": "full_name", "E-mail": "email", "Company": "company_id", "Labels": "tags"}, "missing_references": "create"});
    let run = world
        .import("contact", file("contacts.csv", contacts), options.clone())
        .await;
    assert_eq!(
        counts(&run),
        [2, 0, 0, 0],
        "{run} {:?}",
        world.errors(&run).await
    );
    assert_eq!(world.count("contacts WHERE first_name = 'Ada King' AND last_name = 'Lovelace' AND email = 'ada@example.com' AND tags = '{vip,london}'").await, 1);
    assert_eq!(
        world
            .count("contacts WHERE full_name = 'Grace Hopper'")
            .await,
        1
    );
    assert_eq!(world.count("companies").await, 1);
    // Compared by e-mail unless asked otherwise.
    let run = world
        .import("contact", file("contacts.csv", contacts), options)
        .await;
    assert_eq!(counts(&run), [0, 0, 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_named_and_come_back_as_a_file() {
    let world = World::new().await;
    let text = "Name,Mail,Employees,Industry\nGood,a@b.co,5,\nBad mail,not-an-address,5,\nToo few\n\"Two, wrong\",x,many,Nowhere\n,c@d.co,1,\n";
    let run = world
        .import("company", file("list.csv", text), json!({"mapping": {"Name": "name", "Mail": "email", "Employees": "employee_count", "Industry": "industry_id"}}))
        .await;
    assert_eq!(
        (
            run["status"].as_str(),
            run["has_errors"].as_bool(),
            counts(&run)
        ),
        (Some("completed"), Some(true), [1, 0, 0, 4]),
        "{run}"
    );
    let id: Uuid = run["id"].as_str().unwrap().parse().unwrap();
    let pieces: Vec<bytes::Bytes> = errors_csv(&world.engine, &world.owner, id)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let csv = String::from_utf8(pieces.concat()).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "Row,Column,Value,Problem,Name,Mail,Employees,Industry"
    );
    assert!(
        lines[1].starts_with("3,Mail,not-an-address,is not an e-mail address"),
        "{csv}"
    );
    assert!(lines[1].ends_with(",Bad mail,not-an-address,5,"), "{csv}");
    assert!(
        lines[2].starts_with("4,,,\"1 cells where the header has 4"),
        "{csv}"
    );
    assert!(lines[3].starts_with("5,Employees,many,"), "{csv}");
    assert!(
        lines[3].ends_with(",\"Two, wrong\",x,many,Nowhere"),
        "{csv}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("6,Name,,Name is required")),
        "{csv}"
    );
    // Nobody of another organization learns that there is such a run.
    let other = World::new().await;
    assert!(matches!(
        errors_csv(&other.engine, &other.owner, id).await,
        Err(EngineError::NotFound)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_table_is_refused_before_there_is_a_run() {
    let world = World::new().await;
    for (name, bytes) in [
        ("empty.csv", Vec::new()),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
    ] {
        let error = world
            .import_as(&world.owner, "company", file(name, bytes), json!({}))
            .await
            .unwrap_err();
        assert!(
            matches!(error, EngineError::Malformed(_)),
            "{name}: {error:?}"
        );
    }
    assert_eq!(world.count("imports").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_fields_are_filled_like_any_other() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    let sql = format!(
        "INSERT INTO custom_fields (organization_id, entity, key, label, kind) VALUES ('{0}', 'company', 'renewal', 'Renewal date', 'date'), ('{0}', 'company', 'buddy', 'Buddy', 'user')",
        world.organization
    );
    admin.script(&sql).await.unwrap();
    let mut caller = world.owner.clone();
    caller.overlay = std::sync::Arc::new(
        kith_entities::custom_field::load_overlay(world.test.database(), &caller.principal)
            .await
            .unwrap(),
    );
    let text = "Name,Renewal date,Buddy\nA,2026-12-31,Olivia Owner\n";
    // Without a mapping the suggestions are taken.
    let run = world.import_as(&caller, "company", file("own.csv", text), json!({"mapping": {"Name": "name", "Renewal date": "custom.renewal", "Buddy": "custom.buddy"}})).await.unwrap();
    assert_eq!(counts(&run), [1, 0, 0, 0], "{:?}", world.errors(&run).await);
    let stored: serde_json::Value = world.value("SELECT custom_fields FROM companies").await;
    assert_eq!(
        stored,
        json!({"renewal": "2026-12-31", "buddy": world.owner.principal.user_id})
    );
}
