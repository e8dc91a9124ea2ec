//! Columns of well-known products, mapped to the fields of a customer system.

use kith_tabular::headers::{Target, TargetKind, suggest};

use TargetKind::{Date, Email, Number, Phone, Reference, Text, Url};

const fn target(
    name: &'static str,
    label: &'static str,
    kind: TargetKind,
    aliases: &'static [&'static str],
) -> Target<'static> {
    Target {
        name,
        label,
        aliases,
        kind,
    }
}

const COMPANY: &[Target<'static>] = &[
    target(
        "name",
        "Name",
        Text,
        &[
            "account",
            "company",
            "company name",
            "organization - name",
            "account name",
        ],
    ),
    target("industry_id", "Industry", Reference, &[]),
    target("website", "Website", Url, &["company domain name"]),
    target("phone", "Phone", Phone, &[]),
    target("email", "E-mail", Email, &[]),
    target("employee_count", "Employees", Number, &[]),
    target("annual_revenue", "Annual revenue", Number, &[]),
    target("parent_id", "Parent company", Reference, &[]),
    target("address.line1", "Street", Text, &[]),
    target("address.city", "City", Text, &[]),
    target("address.state", "State", Text, &[]),
    target("address.postal_code", "Postal code", Text, &[]),
    target("address.country", "Country", Text, &["office location"]),
    target("owner_id", "Owner", Reference, &["company owner"]),
    target("description", "Description", Text, &[]),
];

const DEAL: &[Target<'static>] = &[
    target("title", "Title", Text, &["deal name", "opportunity name"]),
    target("company_id", "Company", Reference, &[]),
    target("contact_id", "Contact", Reference, &[]),
    target("owner_id", "Owner", Reference, &[]),
    target("stage_id", "Stage", Reference, &[]),
    target("pipeline_id", "Pipeline", Reference, &[]),
    target("product_id", "Product", Reference, &[]),
    target("amount", "Amount", Number, &[]),
    target("currency", "Currency", Text, &[]),
    target("expected_close_date", "Expected close date", Date, &[]),
    target("start_date", "Start date", Date, &[]),
    target(
        "external_id",
        "External ID",
        TargetKind::Identifier,
        &["opportunity id", "deal id"],
    ),
    target("lost_reason", "Lost reason", Text, &[]),
];

const CONTACT: &[Target<'static>] = &[
    target("first_name", "First name", Text, &[]),
    target("last_name", "Last name", Text, &[]),
    target("email", "E-mail", Email, &[]),
    target("phone", "Phone", Phone, &["business phone"]),
    target("mobile", "Mobile", Phone, &[]),
    target("job_title", "Job title", Text, &[]),
    target("company_id", "Company", Reference, &[]),
    target("department", "Department", Text, &[]),
    target("birthday", "Birthday", Date, &[]),
    target("notes", "Notes", Text, &[]),
    target("linkedin_url", "LinkedIn", Url, &[]),
    target(
        "address.city",
        "City",
        Text,
        &["business city", "home city"],
    ),
    target("address.postal_code", "Postal code", Text, &[]),
    target("address.country", "Country", Text, &[]),
    target("source", "Source", Text, &[]),
];

fn mapped(headers: &[&str], targets: &[Target<'_>]) -> Vec<Option<String>> {
    let headers: Vec<String> = headers.iter().map(|&header| header.to_owned()).collect();
    suggest(&headers, &[], targets)
        .into_iter()
        .map(|suggestion| suggestion.target)
        .collect()
}

fn check(targets: &[Target<'_>], pairs: &[(&str, &str)]) {
    let headers: Vec<&str> = pairs.iter().map(|(header, _)| *header).collect();
    for ((header, expected), found) in pairs.iter().zip(mapped(&headers, targets)) {
        assert_eq!(found.as_deref().unwrap_or("-"), *expected, "{header:?}");
    }
}

#[test]
fn maven_accounts() {
    check(
        COMPANY,
        &[
            ("account", "name"),
            ("sector", "industry_id"),
            ("year_established", "-"),
            ("revenue", "annual_revenue"),
            ("employees", "employee_count"),
            ("office_location", "address.country"),
            ("subsidiary_of", "parent_id"),
        ],
    );
}

#[test]
fn maven_opportunities() {
    check(
        DEAL,
        &[
            ("opportunity_id", "external_id"),
            ("sales_agent", "owner_id"),
            ("product", "product_id"),
            ("account", "company_id"),
            ("deal_stage", "stage_id"),
            ("engage_date", "start_date"),
            ("close_date", "expected_close_date"),
            ("close_value", "amount"),
        ],
    );
}

#[test]
fn hubspot_companies_and_deals() {
    check(
        COMPANY,
        &[
            ("Company ID", "-"),
            ("Company Name", "name"),
            ("Industry", "industry_id"),
            ("Number of Employees", "employee_count"),
            ("Annual Revenue", "annual_revenue"),
            ("Phone Number", "phone"),
            ("Website", "website"),
            ("Street Address", "address.line1"),
            ("City", "address.city"),
            ("State/Region", "address.state"),
            ("Postal Code", "address.postal_code"),
            ("Country", "address.country"),
            ("Company Owner", "owner_id"),
        ],
    );
    check(
        DEAL,
        &[
            ("Deal ID", "external_id"),
            ("Deal Name", "title"),
            ("Deal Stage", "stage_id"),
            ("Pipeline", "pipeline_id"),
            ("Amount", "amount"),
            ("Close Date", "expected_close_date"),
            ("Deal Owner", "owner_id"),
            ("Closed Lost Reason", "lost_reason"),
        ],
    );
}

#[test]
fn contacts_of_several_products() {
    let hubspot = [
        ("First Name", "first_name"),
        ("Last Name", "last_name"),
        ("Email", "email"),
        ("Phone Number", "phone"),
        ("Mobile Phone Number", "mobile"),
        ("Job Title", "job_title"),
        ("Lead Source", "source"),
    ];
    let google = [
        ("Given Name", "first_name"),
        ("Family Name", "last_name"),
        ("Birthday", "birthday"),
        ("Notes", "notes"),
        ("E-mail 1 - Value", "email"),
        ("Phone 1 - Value", "phone"),
        ("Organization 1 - Name", "company_id"),
        ("Organization 1 - Department", "department"),
    ];
    let outlook = [
        ("First Name", "first_name"),
        ("Last Name", "last_name"),
        ("E-mail Address", "email"),
        ("Mobile Phone", "mobile"),
        ("Business Phone", "phone"),
        ("Company", "company_id"),
        ("Job Title", "job_title"),
        ("Department", "department"),
        ("Business City", "address.city"),
    ];
    let pipedrive = [
        ("Person - First name", "first_name"),
        ("Person - Last name", "last_name"),
        ("Person - Phone", "phone"),
        ("Person - Email (Work)", "email"),
        ("Organization - Name*", "company_id"),
    ];
    let salesforce = [
        ("FirstName", "first_name"),
        ("LastName", "last_name"),
        ("AccountId", "company_id"),
        ("MobilePhone", "mobile"),
        ("Title", "job_title"),
    ];
    let with_title = |targets: &[Target<'static>]| {
        let mut targets = targets.to_vec();
        for target in &mut targets {
            if target.name == "job_title" {
                target.aliases = &["title"];
            }
        }
        targets
    };
    check(CONTACT, &hubspot);
    check(CONTACT, &google);
    check(CONTACT, &outlook);
    check(CONTACT, &pipedrive);
    check(&with_title(CONTACT), &salesforce);
}

#[test]
fn german_french_and_spanish() {
    check(
        CONTACT,
        &[
            ("Vorname", "first_name"),
            ("Nachname", "last_name"),
            ("E-Mail-Adresse", "email"),
            ("Telefonnummer", "phone"),
            ("Handy", "mobile"),
            ("Firma", "company_id"),
            ("Abteilung", "department"),
            ("Geburtstag", "birthday"),
            ("PLZ", "address.postal_code"),
            ("Ort", "address.city"),
            ("Land", "address.country"),
            ("Bemerkungen", "notes"),
        ],
    );
    check(
        CONTACT,
        &[
            ("Prénom", "first_name"),
            ("Nom de famille", "last_name"),
            ("Courriel", "email"),
            ("Téléphone portable", "mobile"),
            ("Téléphone", "phone"),
            ("Société", "company_id"),
            ("Ville", "address.city"),
            ("Code postal", "address.postal_code"),
            ("Pays", "address.country"),
        ],
    );
    check(
        CONTACT,
        &[
            ("Apellidos", "last_name"),
            ("Correo electrónico", "email"),
            ("Teléfono", "phone"),
            ("Empresa", "company_id"),
            ("Ciudad", "address.city"),
            ("País", "address.country"),
        ],
    );
}

#[test]
fn spelling_mistakes_and_styles_of_writing() {
    check(
        COMPANY,
        &[
            ("Websiet", "website"),
            ("ANNUAL-REVENUE", "annual_revenue"),
            ("employeeCount", "employee_count"),
        ],
    );
    assert_eq!(
        mapped(&["Shoe size", "Favourite colour"], CONTACT),
        [None, None]
    );
}

#[test]
fn values_tell_what_a_name_does_not() {
    let headers = ["Kontaktweg".to_owned(), "Phone".to_owned()];
    let samples: Vec<Vec<String>> = (0..5)
        .map(|index| vec![format!("person{index}@example.com"), "see notes".to_owned()])
        .collect();
    let suggestions = suggest(&headers, &samples, CONTACT);
    let first = suggestions.first().unwrap();
    assert_eq!(first.target.as_deref(), Some("email"));
    assert!(first.confidence < 0.7);
    let doubtful = suggestions.get(1).unwrap();
    let sure = suggest(&headers, &[], CONTACT);
    assert!(doubtful.confidence < sure.get(1).unwrap().confidence);
}

#[test]
fn the_same_name_wins_over_a_similar_one() {
    let headers = ["Work e-mail".to_owned(), "E-mail".to_owned()];
    let suggestions = suggest(&headers, &[], CONTACT);
    assert_eq!(suggestions.first().unwrap().target, None);
    assert_eq!(suggestions.get(1).unwrap().target.as_deref(), Some("email"));
    assert!((suggestions.get(1).unwrap().confidence - 1.0).abs() < f32::EPSILON);
}
