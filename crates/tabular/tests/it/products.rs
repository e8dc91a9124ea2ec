//! Files of known products: recognised, and their headers in plain words.

use kith_tabular::headers::{Product, translate};
use kith_tabular::{Limits, Table};

use crate::real::data;

fn headers(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn of_file(path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut table = Table::open_path(&data(path), Limits::default()).unwrap();
    let rows = table.sample(50).unwrap_or_default();
    (
        table.headers().to_vec(),
        rows.into_iter().map(|row| row.cells).collect(),
    )
}

#[test]
fn real_files_are_recognised() {
    for (path, product) in [
        (
            "crm/hubspot/hubspot_contacts.open.csv",
            Some(Product::HubSpot),
        ),
        (
            "crm/hubspot/hubspot_companies.open.csv",
            Some(Product::HubSpot),
        ),
        ("crm/hubspot/hubspot_deals.open.csv", Some(Product::HubSpot)),
        (
            "crm/hubspot/hubspot_tickets.open.csv",
            Some(Product::HubSpot),
        ),
        (
            "crm/hubspot/hubspot_activities.open.csv",
            Some(Product::HubSpot),
        ),
        (
            "crm/templates/google_contacts_old_format.csv",
            Some(Product::GoogleContacts),
        ),
        (
            "crm/templates/outlook_csv_google_variant.header.csv",
            Some(Product::Outlook),
        ),
        (
            "crm/templates/pipedrive_sample_import.csv",
            Some(Product::Pipedrive),
        ),
        ("crm/atomic_crm/contacts.csv", None),
        ("crm/maven_crm/accounts.csv", None),
        ("crm/maven_crm/sales_pipeline.open.csv", None),
        ("crm/datablist/customers-10000.open.csv", None),
        ("crm/datablist/leads-10000.open.csv", None),
        ("crm/datablist/organizations-10000.open.csv", None),
    ] {
        let (headers, _) = of_file(path);
        assert_eq!(Product::recognise(&headers), product, "{path}");
    }
}

#[test]
fn headers_that_are_public_knowledge_are_recognised() {
    for (product, words) in [
        (
            Product::GoogleContacts,
            headers(&[
                "First Name",
                "Middle Name",
                "Last Name",
                "Phonetic First Name",
                "Organization Name",
                "Organization Title",
                "Labels",
                "E-mail 1 - Label",
                "E-mail 1 - Value",
                "Phone 1 - Label",
                "Phone 1 - Value",
            ]),
        ),
        (
            Product::Outlook,
            headers(&[
                "Title",
                "First Name",
                "Middle Name",
                "Last Name",
                "Suffix",
                "Company",
                "Department",
                "Job Title",
                "Business Street",
                "Business City",
                "E-mail Address",
                "Mobile Phone",
            ]),
        ),
        (
            Product::Outlook,
            headers(&[
                "Vorname",
                "Nachname",
                "Firma",
                "Straße geschäftlich",
                "Ort geschäftlich",
                "E-Mail-Adresse",
                "Mobiltelefon",
            ]),
        ),
        (
            Product::Salesforce,
            headers(&[
                "Id",
                "FirstName",
                "LastName",
                "AccountId",
                "Email",
                "MobilePhone",
                "OwnerId",
            ]),
        ),
        (
            Product::Salesforce,
            headers(&[
                "Opportunity Name",
                "Account Name",
                "Stage",
                "Close Date",
                "Opportunity Owner",
                "Probability (%)",
            ]),
        ),
        (
            Product::HubSpot,
            headers(&[
                "Record ID",
                "Company name",
                "Company owner",
                "Create Date",
                "Phone Number",
                "Last Activity Date",
                "City",
                "Country/Region",
                "Industry",
            ]),
        ),
        (
            Product::Pipedrive,
            headers(&[
                "Deal - Title",
                "Deal - Value",
                "Deal - Stage",
                "Person - Name",
                "Organization - Name",
            ]),
        ),
    ] {
        assert_eq!(Product::recognise(&words), Some(product), "{words:?}");
    }
}

/// Header → plain words, `-` for what is of no use.
fn check(product: Product, about: &str, samples: &[Vec<String>], pairs: &[(&str, &str)]) {
    let words: Vec<String> = pairs
        .iter()
        .map(|(header, _)| (*header).to_owned())
        .collect();
    let found = translate(product, about, &words, samples);
    for ((header, expected), found) in pairs.iter().zip(found) {
        assert_eq!(found.as_deref().unwrap_or("-"), *expected, "{header:?}");
    }
}

#[test]
fn google_numbers_go_by_their_labels() {
    let pairs = [
        ("Name", "Full name"),
        ("Given Name", "First name"),
        ("Family Name", "Last name"),
        ("Name Prefix", "-"),
        ("Group Membership", "Tags"),
        ("E-mail 1 - Type", "-"),
        ("E-mail 1 - Value", "Email"),
        ("E-mail 2 - Value", "-"),
        ("Phone 1 - Type", "-"),
        ("Phone 1 - Value", "Mobile"),
        ("Phone 2 - Type", "-"),
        ("Phone 2 - Value", "Phone"),
        ("Address 1 - City", "City"),
        ("Organization 1 - Name", "Company"),
        ("Organization 1 - Title", "Job title"),
    ];
    let mut row = vec![String::new(); pairs.len()];
    row[8] = "Mobile".to_owned();
    row[10] = "Work".to_owned();
    check(Product::GoogleContacts, "Contact", &[row], &pairs);
    let tidy = |header, cell| Product::GoogleContacts.tidy(header, cell).into_owned();
    assert_eq!(
        tidy("Group Membership", "* myContacts ::: * Family"),
        "Family"
    );
    assert_eq!(tidy("Labels", "Friends ::: * myContacts"), "Friends");
    assert_eq!(tidy("E-mail 1 - Value", "a@b.co ::: c@d.co"), "a@b.co");
}

#[test]
fn outlook_has_one_address_and_no_salutation() {
    let pairs = [
        ("Title", "-"),
        ("First Name", "First name"),
        ("Job Title", "Job title"),
        ("E-mail Address", "Email"),
        ("E-mail 2 Address", "-"),
        ("Business Phone", "-"),
        ("Home Phone", "Phone"),
        ("Mobile Phone", "Mobile"),
        ("Business Street", "-"),
        ("Business City", "-"),
        ("Home Street", "Street"),
        ("Home City", "City"),
        ("Categories", "Tags"),
        ("Manager's Name", "-"),
    ];
    let mut row = vec![String::new(); pairs.len()];
    row[6] = "+1 415 555 0100".to_owned();
    row[10] = "1 Main Street".to_owned();
    row[11] = "Springfield".to_owned();
    check(Product::Outlook, "Contact", &[row], &pairs);
    check(
        Product::Outlook,
        "Contact",
        &[],
        &[
            ("E-mail Address", "Email"),
            ("Home City", "-"),
            ("Business City", "City"),
            ("Business Phone", "Phone"),
        ],
    );
}

#[test]
fn pipedrive_says_of_whom_each_column_is() {
    let pairs = |about: &'static str| -> Vec<(&'static str, &'static str)> {
        match about {
            "Contact" => vec![
                ("Person - Name*", "Name"),
                ("Person - First name", "First name"),
                ("Person - Phone", "Phone"),
                ("Person - Email (Work)", "Email"),
                ("Person - Email (Home)", "-"),
                ("Organization - Name*", "Organization"),
                ("Organization - Address", "-"),
                ("Deal - Value", "-"),
                ("Note - Content*", "-"),
            ],
            "Company" => vec![
                ("Person - Name*", "Person"),
                ("Organization - Name*", "Name"),
                ("Organization - Address", "Street"),
                ("Person - Phone", "-"),
            ],
            _ => vec![
                ("Deal - Title", "Title"),
                ("Deal - Value", "Amount"),
                ("Deal - Currency of Value", "Currency"),
                ("Deal - Stage", "Stage"),
                ("Person - Name", "Person"),
                ("Organization - Name", "Organization"),
                ("Person - Email - Work", "-"),
            ],
        }
    };
    for about in ["Contact", "Company", "Deal"] {
        check(Product::Pipedrive, about, &[], &pairs(about));
    }
}

#[test]
fn identifiers_of_others_are_left_out() {
    let pairs = [
        ("Id", "-"),
        ("AccountId", "-"),
        ("Name", "Name"),
        ("StageName", "Stage"),
        ("CloseDate", "Expected close date"),
        ("CreatedDate", "-"),
    ];
    let row: Vec<String> = headers(&[
        "0061t00000AAAAA",
        "0011t00000BBBBBAAA",
        "Big deal",
        "Closed Won",
        "2024-01-31",
        "2024-01-01",
    ]);
    check(Product::Salesforce, "Deal", &[row], &pairs);
    check(
        Product::HubSpot,
        "Contact",
        &[],
        &[
            ("Contact ID", "-"),
            ("Record ID", "-"),
            ("Lead Status", "-"),
            ("Associated Company Domain", "Company"),
            ("Associated Company IDs", "-"),
            ("Country/Region", "Country"),
            ("Email", "Email"),
        ],
    );
    assert_eq!(Product::HubSpot.other_name("closedwon"), Some("Won"));
    assert_eq!(Product::Salesforce.other_name("Closed Lost"), Some("Lost"));
    assert_eq!(Product::Salesforce.other_name("Prospecting"), None);
}
