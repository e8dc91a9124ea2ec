//! Files of known products and vCards, from the preview to the records.

use serde_json::{Value as Json, json};

use crate::import_world::{World, counts, data, file};

async fn preview(world: &World, entity: &str, path: std::path::PathBuf) -> Json {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    kith_engine::import::preview(
        &world.engine,
        &world.owner,
        world.entity(entity),
        path,
        &name,
    )
    .await
    .unwrap()
}

fn suggested(preview: &Json) -> Vec<(String, String)> {
    preview["columns"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|column| {
            Some((
                column["header"].as_str()?.to_owned(),
                column["suggestion"].as_str()?.to_owned(),
            ))
        })
        .collect()
}

/// Every header that has a suggestion, with it.
fn check(preview: &Json, source: &str, expected: &[(&str, &str)]) {
    assert_eq!(preview["source"], source, "{preview:#}");
    let found = suggested(preview);
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(header, target)| ((*header).to_owned(), (*target).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn hubspot_comes_with_its_companies_people_and_deals() {
    let world = World::new().await;
    let companies = data("crm/hubspot/hubspot_companies.open.csv");
    check(
        &preview(&world, "company", companies.clone()).await,
        "hubspot",
        &[
            ("Company Name", "name"),
            ("Industry", "industry_id"),
            ("Number of Employees", "employee_count"),
            ("Annual Revenue", "annual_revenue"),
            ("Phone Number", "phone"),
            ("Website", "website"),
            ("Street Address", "billing_address.line1"),
            ("City", "billing_address.city"),
            ("State/Region", "billing_address.state"),
            ("Postal Code", "billing_address.postal_code"),
            ("Country", "billing_address.country"),
            ("Company Owner", "owner_id"),
        ],
    );
    let run = world
        .import(
            "company",
            companies,
            json!({"missing_references": "create"}),
        )
        .await;
    assert!(run["created"].as_i64().unwrap() >= 60, "{run:#}");
    let contacts = data("crm/hubspot/hubspot_contacts.open.csv");
    let shown = preview(&world, "contact", contacts.clone()).await;
    check(
        &shown,
        "hubspot",
        &[
            ("First Name", "first_name"),
            ("Last Name", "last_name"),
            ("Email", "email"),
            ("Phone Number", "phone"),
            ("Mobile Phone Number", "mobile"),
            ("Job Title", "job_title"),
            ("Contact Owner", "owner_id"),
            ("Lead Source", "lead_source"),
            ("Street Address", "address.line1"),
            ("City", "address.city"),
            ("State/Region", "address.state"),
            ("Postal Code", "address.postal_code"),
            ("Country", "address.country"),
            ("Associated Company Domain", "company_id"),
        ],
    );
    let run = world
        .import("contact", contacts, json!({"missing_references": "empty"}))
        .await;
    assert!(run["created"].as_i64().unwrap() > 200, "{run:#}");
    assert!(world.count("contacts WHERE company_id IS NOT NULL").await > 20);
    let deals = data("crm/hubspot/hubspot_deals.open.csv");
    check(
        &preview(&world, "deal", deals.clone()).await,
        "hubspot",
        &[
            ("Deal Name", "name"),
            ("Deal Stage", "stage_id"),
            ("Pipeline", "pipeline_id"),
            ("Amount", "amount"),
            ("Close Date", "expected_close_date"),
            ("Deal Owner", "owner_id"),
            ("Closed Lost Reason", "lost_reason"),
            ("Associated Company Domain", "company_id"),
            ("Associated Contact Email", "primary_contact_id"),
        ],
    );
    let run = world
        .import(
            "deal",
            deals,
            json!({"missing_references": "empty", "duplicates": "create"}),
        )
        .await;
    assert_eq!(run["failed"], 0, "{run:#}");
    assert!(world.count("deals WHERE status = 'won' AND amount > 0 AND actual_close_date = expected_close_date").await > 5);
    assert!(world.count("deals WHERE status = 'lost'").await > 5);
    assert_eq!(world.count("deals WHERE primary_contact_id IS NOT NULL AND primary_contact_id NOT IN (SELECT id FROM contacts)").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn google_outlook_and_pipedrive_people_are_understood() {
    let world = World::new().await;
    let google = data("crm/templates/google_contacts_old_format.csv");
    let shown = preview(&world, "contact", google.clone()).await;
    let found = suggested(&shown);
    assert_eq!(shown["source"], "google_contacts");
    for pair in [
        ("Name", "full_name"),
        ("Given Name", "first_name"),
        ("Family Name", "last_name"),
        ("E-mail 1 - Value", "email"),
        ("Phone 1 - Value", "phone"),
        ("Phone 2 - Value", "mobile"),
        ("Organization 1 - Name", "company_id"),
        ("Organization 1 - Title", "job_title"),
        ("Address 1 - Street", "address.line1"),
        ("Group Membership", "tags"),
    ] {
        let pair = (pair.0.to_owned(), pair.1.to_owned());
        assert!(found.contains(&pair), "{pair:?} in {found:?}");
    }
    let run = world.import("contact", google, json!({})).await;
    assert_eq!(counts(&run), [3, 0, 0, 0], "{run:#}");
    let text = "First Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,Organization Name,Organization Title\n\
        Ada,Lovelace,VIP ::: * myContacts,* Work,ada@example.com ::: ada@old.example,Mobile,+14155550112,Work Fax,+14155550113,Engines Ltd,Countess\n";
    let run = world
        .import(
            "contact",
            file("contacts.csv", text),
            json!({"missing_references": "create"}),
        )
        .await;
    assert_eq!(counts(&run), [1, 0, 0, 0], "{run:#}");
    assert_eq!(
        world
            .count("contacts k JOIN companies c ON c.id = k.company_id WHERE k.email = 'ada@example.com' AND k.mobile = '+14155550112' AND k.phone IS NULL AND k.tags = '{VIP}' AND c.name = 'Engines Ltd' AND k.job_title = 'Countess'")
            .await,
        1
    );
    let outlook = data("crm/templates/outlook_csv_google_variant.header.csv");
    check(
        &preview(&world, "contact", outlook).await,
        "outlook",
        &[
            ("First Name", "first_name"),
            ("Last Name", "last_name"),
            ("Notes", "notes"),
            ("E-mail Address", "email"),
            ("Mobile Phone", "mobile"),
            ("Business Phone", "phone"),
            ("Company", "company_id"),
            ("Job Title", "job_title"),
            ("Department", "department"),
            ("Business Street", "address.line1"),
            ("Business Street 2", "address.line2"),
            ("Business City", "address.city"),
            ("Business State", "address.state"),
            ("Business Postal Code", "address.postal_code"),
            ("Business Country", "address.country"),
            ("Categories", "tags"),
        ],
    );
    let pipedrive = data("crm/templates/pipedrive_sample_import.csv");
    check(
        &preview(&world, "contact", pipedrive.clone()).await,
        "pipedrive",
        &[
            ("Person - Name*", "full_name"),
            ("Person - First name", "first_name"),
            ("Person - Last name", "last_name"),
            ("Person - Phone", "phone"),
            ("Person - Email (Work)", "email"),
            ("Organization - Name*", "company_id"),
        ],
    );
    check(
        &preview(&world, "deal", pipedrive).await,
        "pipedrive",
        &[
            ("Person - Name*", "primary_contact_id"),
            ("Organization - Name*", "company_id"),
            ("Deal - Title", "name"),
            ("Deal - Value", "amount"),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn salesforce_objects_come_without_its_identifiers() {
    let world = World::new().await;
    let text = "Id,Name,StageName,Amount,Probability,CloseDate,AccountId,OwnerId,LeadSource,IsWon,CreatedDate\n\
        0061t00000AAAAAAA1,Big,Closed Won,1000.50,100,2024-03-31,0011t00000BBBBBAAA,0051t00000CCCCCAAA,Referral,true,2024-01-01 10:00:00 UTC\n\
        0061t00000AAAAAAA2,Small,Closed Lost,5,0,2024-02-29,0011t00000BBBBBAAA,0051t00000CCCCCAAA,Website,false,2024-01-02 10:00:00 UTC\n";
    let path = file("opportunities.csv", text);
    check(
        &preview(&world, "deal", path.clone()).await,
        "salesforce",
        &[
            ("Name", "name"),
            ("StageName", "stage_id"),
            ("Amount", "amount"),
            ("Probability", "probability"),
            ("CloseDate", "expected_close_date"),
            ("LeadSource", "source"),
        ],
    );
    let run = world.import("deal", path, json!({})).await;
    assert_eq!(counts(&run), [2, 0, 0, 0], "{run:#}");
    assert_eq!(world.count("deals WHERE name = 'Big' AND status = 'won' AND actual_close_date = '2024-03-31' AND source = 'referral'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn vcards_become_contacts() {
    let world = World::new().await;
    let path = data("vcard/ezvcard_outlook-2007.vcf");
    let shown = preview(&world, "contact", path.clone()).await;
    assert_eq!(shown["format"], "vcard");
    for header in [
        "First name",
        "Last name",
        "Company",
        "Email",
        "Phone",
        "Mobile",
        "Street",
    ] {
        assert!(
            suggested(&shown).iter().any(|(found, _)| found == header),
            "{header}: {shown:#}"
        );
    }
    let run = world
        .import("contact", path, json!({"missing_references": "create"}))
        .await;
    assert_eq!(counts(&run), [1, 0, 0, 0], "{run:#}");
    assert_eq!(
        world
            .count("contacts k JOIN companies c ON c.id = k.company_id WHERE k.email = 'mike.angstadt@gmail.com' AND c.name = 'TheCompany' AND k.address ->> 'city' = 'New York' AND k.mobile IS NOT NULL")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_fail_in_every_row_is_not_suggested() {
    let world = World::new().await;
    let shown = preview(&world, "contact", data("crm/atomic_crm/contacts.csv")).await;
    let found = suggested(&shown);
    assert!(
        found.contains(&("company".to_owned(), "company_id".to_owned()))
            || found.contains(&("company_name".to_owned(), "company_id".to_owned())),
        "{found:?}"
    );
    assert!(
        !found
            .iter()
            .any(|(header, _)| header == "id" || header == "company_id" || header == "status"),
        "{found:?}"
    );
}
