//! The firm's customers and those who may become some, with the people one talks to there.

use futures_util::FutureExt;
use jiff::Timestamp;
use kith_engine::import::run_to_end;
use kith_engine::{Caller, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::contact::CONTACT;
use kith_store::types::Type;
use kith_store::{Origin, Statement, StoreError};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::organization::BEGINNING;
use crate::people::{MANAGER, SALES, name_of};
use crate::story::{Company, Contact, Rule, Story, Turn};
use crate::words::{JOBS, mobile, people_of, phone};

/// What a company is: title, short name, country, city, street, industry, size, employees, revenue, status.
type Sketch = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i64,
    i64,
    &'static str,
);

/// The first so many come from the list that the firm kept before.
const IMPORTED: usize = 20;

const COMPANIES: &[Sketch] = &[
    (
        "Morgenrot Brauhaus",
        "morgenrot-brauhaus",
        "DE",
        "Bamberg",
        "Obere Brücke 4",
        "Hospitality",
        "51-200",
        84,
        9_400_000,
        "active",
    ),
    (
        "Atelier Vasseur",
        "atelier-vasseur",
        "FR",
        "Lyon",
        "12 rue des Tisserands",
        "Manufacturing",
        "11-50",
        26,
        3_100_000,
        "active",
    ),
    (
        "Bakkegård Mejeri",
        "bakkegaard-mejeri",
        "DK",
        "Aarhus",
        "Havnegade 21",
        "Manufacturing",
        "51-200",
        140,
        22_000_000,
        "active",
    ),
    (
        "Hartwell & Stein Law",
        "hartwell-stein",
        "US",
        "Boston",
        "88 Harbor Street",
        "Consulting",
        "11-50",
        38,
        12_500_000,
        "active",
    ),
    (
        "Klinik am Waldsee",
        "klinik-am-waldsee",
        "DE",
        "Freiburg",
        "Seeweg 1",
        "Healthcare",
        "201-500",
        310,
        41_000_000,
        "active",
    ),
    (
        "Öberg Möbler",
        "oberg-mobler",
        "SE",
        "Växjö",
        "Storgatan 9",
        "E-commerce",
        "11-50",
        44,
        7_800_000,
        "active",
    ),
    (
        "Museu do Rio",
        "museu-do-rio",
        "PT",
        "Porto",
        "Cais da Ribeira 30",
        "Non-profit",
        "11-50",
        33,
        2_400_000,
        "active",
    ),
    (
        "Whitmore Estates",
        "whitmore-estates",
        "GB",
        "Bath",
        "3 Pulteney Row",
        "Real Estate",
        "11-50",
        29,
        6_900_000,
        "active",
    ),
    (
        "Zimmerli Präzision",
        "zimmerli-praezision",
        "CH",
        "Winterthur",
        "Industriestrasse 77",
        "Manufacturing",
        "201-500",
        260,
        58_000_000,
        "active",
    ),
    (
        "Nordlys Energi",
        "nordlys-energi",
        "NO",
        "Bergen",
        "Bryggen 5",
        "Technology",
        "51-200",
        95,
        31_000_000,
        "active",
    ),
    (
        "Etxeberria Ogia",
        "etxeberria-ogia",
        "ES",
        "Bilbao",
        "Calle Somera 18",
        "Hospitality",
        "1-10",
        9,
        780_000,
        "active",
    ),
    (
        "Volkshochschule Lindental",
        "vhs-lindental",
        "DE",
        "Lindental",
        "Am Markt 2",
        "Education",
        "51-200",
        70,
        4_100_000,
        "active",
    ),
    (
        "Kavanagh Outdoor",
        "kavanagh-outdoor",
        "IE",
        "Galway",
        "Quay Street 40",
        "E-commerce",
        "11-50",
        21,
        5_600_000,
        "active",
    ),
    (
        "Petersen Reederei",
        "petersen-reederei",
        "DE",
        "Flensburg",
        "Schiffbrücke 12",
        "Other",
        "51-200",
        160,
        47_000_000,
        "active",
    ),
    (
        "Gill Dental Group",
        "gill-dental",
        "GB",
        "Leeds",
        "27 Park Parade",
        "Healthcare",
        "51-200",
        88,
        9_900_000,
        "active",
    ),
    (
        "Wiesner Dach & Wand",
        "wiesner-dach",
        "DE",
        "Kassel",
        "Handwerkerhof 8",
        "Manufacturing",
        "11-50",
        41,
        6_200_000,
        "inactive",
    ),
    (
        "Sørensen Arkitekter",
        "sorensen-arkitekter",
        "DK",
        "Odense",
        "Vestergade 60",
        "Consulting",
        "11-50",
        18,
        2_900_000,
        "active",
    ),
    (
        "Tejo Vinhos",
        "tejo-vinhos",
        "PT",
        "Santarém",
        "Quinta do Vale",
        "E-commerce",
        "11-50",
        24,
        4_800_000,
        "active",
    ),
    (
        "Collins Bush Tours",
        "collins-bush-tours",
        "AU",
        "Alice Springs",
        "14 Gregory Lane",
        "Hospitality",
        "1-10",
        8,
        1_300_000,
        "churned",
    ),
    (
        "Stadtwerke Auental",
        "stadtwerke-auental",
        "DE",
        "Auental",
        "Wasserwerk 1",
        "Other",
        "201-500",
        420,
        96_000_000,
        "active",
    ),
    (
        "Morgenrot Gastronomie",
        "morgenrot-gastro",
        "DE",
        "Bamberg",
        "Obere Brücke 6",
        "Hospitality",
        "11-50",
        32,
        2_700_000,
        "active",
    ),
    (
        "Nordlys Sol",
        "nordlys-sol",
        "NO",
        "Stavanger",
        "Havneringen 2",
        "Technology",
        "11-50",
        22,
        6_400_000,
        "prospect",
    ),
    (
        "Brightwater School",
        "brightwater-school",
        "GB",
        "Exeter",
        "Brightwater Lane",
        "Education",
        "51-200",
        75,
        5_200_000,
        "active",
    ),
    (
        "佐藤茶園",
        "sato-chaen",
        "JP",
        "Shizuoka",
        "茶町 2-11",
        "E-commerce",
        "1-10",
        10,
        1_100_000,
        "active",
    ),
    (
        "Haddad Trading",
        "haddad-trading",
        "AE",
        "Dubai",
        "Creek Road 220",
        "Other",
        "51-200",
        64,
        18_000_000,
        "prospect",
    ),
    (
        "Yıldız Tekstil",
        "yildiz-tekstil",
        "TR",
        "Bursa",
        "İpekyolu 35",
        "Manufacturing",
        "201-500",
        280,
        24_000_000,
        "prospect",
    ),
    (
        "Dąbrowski Meble",
        "dabrowski-meble",
        "PL",
        "Poznań",
        "ul. Stolarska 7",
        "Manufacturing",
        "51-200",
        120,
        11_000_000,
        "active",
    ),
    (
        "Pivovar U Šimka",
        "u-simka",
        "CZ",
        "Plzeň",
        "Sladovnická 3",
        "Hospitality",
        "11-50",
        27,
        2_200_000,
        "prospect",
    ),
    (
        "Fraser Software",
        "fraser-software",
        "GB",
        "Glasgow",
        "9 Clyde Quay",
        "Technology",
        "51-200",
        110,
        16_000_000,
        "prospect",
    ),
    (
        "Le Goff Conserves",
        "le-goff-conserves",
        "FR",
        "Quimper",
        "5 quai de la Pêche",
        "Manufacturing",
        "51-200",
        98,
        13_000_000,
        "active",
    ),
    (
        "Chao Ceramics",
        "chao-ceramics",
        "US",
        "Portland",
        "410 Kiln Avenue",
        "E-commerce",
        "1-10",
        7,
        900_000,
        "lead",
    ),
    (
        "Okoro Fitness",
        "okoro-fitness",
        "GB",
        "London",
        "71 Railway Arches",
        "Healthcare",
        "11-50",
        45,
        3_700_000,
        "prospect",
    ),
    (
        "Groß Gartenbau",
        "gross-gartenbau",
        "DE",
        "Erfurt",
        "Rosenweg 19",
        "Other",
        "11-50",
        35,
        3_300_000,
        "lead",
    ),
    (
        "Lindqvist Advokat",
        "lindqvist-advokat",
        "SE",
        "Uppsala",
        "Slottsgränd 3",
        "Consulting",
        "1-10",
        9,
        1_900_000,
        "prospect",
    ),
    (
        "Puig Cosmètica",
        "puig-cosmetica",
        "ES",
        "Girona",
        "Carrer de la Força 11",
        "E-commerce",
        "51-200",
        77,
        14_500_000,
        "prospect",
    ),
    (
        "Steinbach Pflege",
        "steinbach-pflege",
        "DE",
        "Dresden",
        "Elbufer 30",
        "Healthcare",
        "201-500",
        350,
        19_000_000,
        "active",
    ),
    (
        "Vogel Verlag am Dom",
        "vogel-verlag",
        "DE",
        "Köln",
        "Domgasse 5",
        "Marketing",
        "11-50",
        40,
        8_000_000,
        "active",
    ),
    (
        "Nygaard Cykler",
        "nygaard-cykler",
        "DK",
        "København",
        "Nørrebrogade 140",
        "E-commerce",
        "11-50",
        19,
        4_400_000,
        "churned",
    ),
    (
        "Ashdown Farm Shop",
        "ashdown-farm",
        "GB",
        "Forest Row",
        "Priory Road",
        "E-commerce",
        "1-10",
        12,
        1_500_000,
        "active",
    ),
    (
        "Brückner Stiftung",
        "brueckner-stiftung",
        "DE",
        "Weimar",
        "Parkallee 16",
        "Non-profit",
        "1-10",
        10,
        2_000_000,
        "active",
    ),
    (
        "Ramírez Robotics",
        "ramirez-robotics",
        "US",
        "Austin",
        "2100 Loop Drive",
        "Technology",
        "51-200",
        130,
        27_000_000,
        "lead",
    ),
    (
        "Khalil Engineering",
        "khalil-engineering",
        "EG",
        "Cairo",
        "Nile Terrace 8",
        "Consulting",
        "51-200",
        85,
        9_000_000,
        "lead",
    ),
    (
        "Hofstätter Hotels",
        "hofstaetter-hotels",
        "AT",
        "Innsbruck",
        "Bergisel 22",
        "Hospitality",
        "201-500",
        290,
        33_000_000,
        "prospect",
    ),
    (
        "Marchand Finance",
        "marchand-finance",
        "BE",
        "Gent",
        "Korenlei 14",
        "Finance",
        "11-50",
        31,
        10_500_000,
        "prospect",
    ),
];

/// Companies that belong to others, by their places in the list.
const PARENTS: &[(usize, usize)] = &[(20, 0), (21, 9)];

/// A file is imported. Answers the ids of the records by their titles.
pub(crate) const IMPORT: Rule = Rule {
    name: "import",
    run: |turn, arguments| import(turn, arguments).boxed(),
};

async fn import(turn: &Turn<'_>, arguments: Json) -> Result<Json, EngineError> {
    let text = |name: &str| arguments[name].as_str().unwrap_or_default();
    let entity = turn
        .engine
        .catalogue
        .by_path(text("entity"))
        .ok_or(EngineError::NotFound)?;
    let path = turn.folder.join(format!("demo-{}.csv", Uuid::now_v7()));
    let lost = |error: std::io::Error| {
        EngineError::Store(StoreError::internal(format!("{}: {error}", path.display())))
    };
    tokio::fs::write(&path, text("csv")).await.map_err(lost)?;
    let caller = Caller {
        origin: Origin::new("import"),
        ..turn.caller.clone()
    };
    let run = run_to_end(
        turn.engine,
        &caller,
        entity,
        &path,
        text("file_name"),
        &json!({}),
    )
    .await;
    tokio::fs::remove_file(&path).await.map_err(lost)?;
    let run = run?;
    let names = arguments["names"].as_object().cloned().unwrap_or_default();
    if run["created"].as_u64() != u64::try_from(names.len()).ok() {
        return Err(EngineError::Malformed(format!(
            "not every row was imported: {run}"
        )));
    }
    let titles: Vec<String> = names
        .values()
        .filter_map(|title| title.as_str().map(str::to_owned))
        .collect();
    let find = Statement::new(format!(
        "SELECT id, {title} FROM {table} WHERE {title} = ANY ($1) ORDER BY created_at",
        title = entity.title,
        table = entity.table
    ))
    .with(titles, Type::TEXT_ARRAY);
    let mut made = Map::new();
    for row in turn.tx.query(&find).await? {
        let (Ok(id), Ok(title)) = (row.try_get::<_, Uuid>(0), row.try_get::<_, String>(1)) else {
            continue;
        };
        if let Some((name, _)) = names.iter().find(|(_, of)| of.as_str() == Some(&title)) {
            made.insert(name.clone(), json!(id.to_string()));
        }
    }
    Ok(Json::Object(made))
}

/// A line of a file, every cell in quotation marks.
pub(crate) fn line(cells: &[&str]) -> String {
    let quoted: Vec<String> = cells
        .iter()
        .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
        .collect();
    quoted.join(",") + "\n"
}

pub(crate) fn plan(story: &mut Story) {
    story.begin("companies");
    let imported = story.workday(BEGINNING - 7);
    for (index, sketch) in COMPANIES.iter().enumerate() {
        let days = BEGINNING - 20 - i64::try_from(index).unwrap_or(0) * 8;
        let since = if index < IMPORTED {
            imported
        } else {
            let days = days + story.number(-3, 3);
            story.workday(days.max(9))
        };
        let owner = SALES.get(index % SALES.len()).copied().unwrap_or(MANAGER);
        story.cast.companies.push(Company {
            name: if index < IMPORTED {
                format!("companies.{}", sketch.1)
            } else {
                format!("company.{}", sketch.1)
            },
            title: sketch.0.to_owned(),
            domain: format!("{}.example", sketch.1),
            country: sketch.2,
            owner,
            since,
            status: sketch.9,
        });
    }
    import_list(story, imported);
    enter_others(story);
    contacts(story);
    members(story);
}

/// The list of customers from before, as a file.
fn import_list(story: &mut Story, moment: Timestamp) {
    let mut csv = line(&[
        "Company name",
        "Website",
        "Email",
        "Phone",
        "Industry",
        "Employees",
        "Status",
        "Annual revenue",
        "Currency",
        "Account manager",
        "Customer number",
    ]);
    let mut names = Map::new();
    for (index, (sketch, company)) in COMPANIES
        .iter()
        .zip(&story.cast.companies)
        .take(IMPORTED)
        .enumerate()
    {
        let (title, slug, country, .., employees, revenue, status) = *sketch;
        let number = phone(country, i64::try_from(index).unwrap_or(0) + 100).unwrap_or_default();
        csv += &line(&[
            title,
            &format!("https://{}", company.domain),
            &format!("hello@{}", company.domain),
            &number,
            sketch.5,
            &employees.to_string(),
            status,
            &revenue.to_string(),
            currency(country),
            name_of(company.owner),
            &format!("K-{:04}", 1001 + index),
        ]);
        names.insert(slug.to_owned(), json!(title));
    }
    story.at(MANAGER, moment);
    story.rule(
        IMPORT,
        "companies",
        json!({"entity": "companies", "file_name": "customers.csv", "csv": csv, "names": names}),
    );
    // The file had no addresses; whoever looks after a customer adds what is missing.
    let companies = story.cast.companies.clone();
    for (sketch, company) in COMPANIES.iter().zip(&companies).take(IMPORTED) {
        let days = story.number(2, 40);
        let Some(moment) = story.after(moment, days) else {
            continue;
        };
        story.at(company.owner, moment);
        let mut body = details(story, sketch);
        body.insert("company_size".to_owned(), json!(sketch.6));
        story.change(&COMPANY, company.name.clone(), Json::Object(body));
    }
}

fn enter_others(story: &mut Story) {
    let companies = story.cast.companies.clone();
    for (index, (sketch, company)) in COMPANIES.iter().zip(&companies).enumerate().skip(IMPORTED) {
        let (title, _, country, .., employees, revenue, status) = *sketch;
        story.at(company.owner, company.since);
        let mut body = details(story, sketch);
        for (key, value) in [
            ("name", json!(title)),
            ("website", json!(format!("https://{}", company.domain))),
            ("email", json!(format!("hello@{}", company.domain))),
            (
                "industry_id",
                json!(format!(
                    "{{industry.{}}}",
                    sketch.5.to_lowercase().replace(' ', "-")
                )),
            ),
            ("company_size", json!(sketch.6)),
            ("employee_count", json!(employees)),
            ("annual_revenue", json!(revenue.to_string())),
            ("currency", json!(currency(country))),
            // Customers begin as prospects; they become active with their first order.
            (
                "status",
                json!(if status == "active" || status == "churned" {
                    "prospect"
                } else {
                    status
                }),
            ),
        ] {
            body.insert(key.to_owned(), value);
        }
        if let Some(number) = phone(country, i64::try_from(index).unwrap_or(0) + 200) {
            body.insert("phone".to_owned(), json!(number));
        }
        if let Some((_, parent)) = PARENTS.iter().find(|(child, _)| *child == index)
            && let Some(parent) = companies.get(*parent)
        {
            body.insert(
                "parent_id".to_owned(),
                json!(format!("{{{}}}", parent.name)),
            );
        }
        story.create(&COMPANY, company.name.clone(), Json::Object(body));
        if status == "active" || status == "churned" {
            let days = story.number(20, 60);
            if let Some(moment) = story.after(company.since, days) {
                story.at(company.owner, moment);
                story.change(&COMPANY, company.name.clone(), json!({"status": "active"}));
            }
        }
        if status == "churned" {
            let days = story.number(70, 110);
            if let Some(moment) = story.after(company.since, days) {
                story.at(MANAGER, moment);
                story.change(&COMPANY, company.name.clone(), json!({"status": "churned", "notes": "Ended the care plan; the new owner works with a friend's agency."}));
            }
        }
    }
}

/// What one learns about a company when one looks after it.
fn details(story: &mut Story, sketch: &Sketch) -> Map<String, Json> {
    let tier = story.word(&["gold", "silver", "silver", "bronze"]);
    let terms = story.word(&["net_15", "net_30", "net_30", "net_60", "due_on_receipt"]);
    let satisfaction = story.number(6, 10);
    let channels: Vec<&str> = ["web", "social", "mail", "print"]
        .into_iter()
        .filter(|_| story.chance(45))
        .collect();
    let ends = story.drawn_day(30, 400);
    let mut custom = json!({"tier": tier, "satisfaction": satisfaction, "key_account": tier == "gold", "channels": channels});
    if sketch.9 == "active" {
        custom["contract_ends"] = json!(ends.to_string());
    }
    let mut tags: Vec<&str> = Vec::new();
    if tier == "gold" {
        tags.push("vip");
    }
    if sketch.5 == "Non-profit" {
        tags.push("nonprofit rate");
    }
    if story.chance(40) {
        tags.push("newsletter");
    }
    if sketch.9 == "active" && story.chance(25) {
        tags.push("reference");
    }
    let founded = 2015 - story.number(0, 110);
    let postal_code = story.number(10_000, 98_999).to_string();
    let Json::Object(body) = json!({
        "billing_address": {"line1": sketch.4, "city": sketch.3, "postal_code": postal_code, "country": sketch.2},
        "payment_terms": terms,
        "credit_limit": (story.number(5, 60) * 1000).to_string(),
        "year_founded": founded,
        "tags": tags,
        "custom_fields": custom,
    }) else {
        return Map::new();
    };
    body
}

/// The currency that a country's firms are invoiced in.
pub(crate) fn currency(country: &str) -> &'static str {
    match country {
        "GB" => "GBP",
        "US" => "USD",
        "SE" => "SEK",
        "DK" => "DKK",
        "CH" => "CHF",
        _ => "EUR",
    }
}

fn contacts(story: &mut Story) {
    let companies = story.cast.companies.clone();
    for (index, company) in companies.iter().enumerate() {
        let names = people_of(company.country);
        let count = story.number(2, 3);
        let offset = index * 2;
        let days = story.number(1, 12);
        let Some(moment) = story.after(company.since, days) else {
            continue;
        };
        story.at(company.owner, moment);
        for place in 0..usize::try_from(count).unwrap_or(2).min(names.len()) {
            let Some((first, last, latin)) = names.get((offset + place) % names.len()).copied()
            else {
                continue;
            };
            let (job, department) = JOBS
                .get((index + place * 3) % JOBS.len())
                .copied()
                .unwrap_or(("", ""));
            let name = format!("contact.{index}.{place}");
            let number = i64::try_from(index * 3 + place).unwrap_or(0);
            let language = match company.country {
                "DE" | "AT" | "CH" => "de",
                "FR" | "BE" => "fr",
                "ES" => "es",
                "GB" | "IE" | "US" | "AU" => "en",
                _ => "other",
            };
            let birthday = story.drawn_day(-60 * 365, -25 * 365);
            let mut body = json!({
                "first_name": first, "last_name": last, "email": format!("{latin}@{}", company.domain),
                "company_id": format!("{{{}}}", company.name), "job_title": job, "department": department,
                "is_primary": place == 0, "lead_source": story.word(&["Referral", "Website", "Event", "Cold call"]),
                "preferences": {"channel": story.word(&["email", "phone"]), "newsletter": story.chance(60)},
                "custom_fields": {"language": language},
            });
            if story.chance(30) {
                body["custom_fields"]["birthday"] = json!(birthday.to_string());
            }
            if let Some(number) = phone(company.country, number) {
                body["phone"] = json!(number);
            }
            if let Some(number) = mobile(company.country, number).filter(|_| place == 0) {
                body["mobile"] = json!(number);
            }
            if place == 0 {
                body["social_profiles"] = json!({"linkedin": format!("https://www.linkedin.com/in/{}-example", latin.replace('.', "-"))});
            }
            story.create(&CONTACT, name.clone(), body);
            story.cast.contacts.push(Contact {
                name: name.clone(),
                title: format!("{first} {last}"),
                company: index,
                since: moment,
            });
            if place == 2
                && story.chance(25)
                && let Some(left) = story.after(moment, 90)
            {
                story.at(company.owner, left);
                story.change(
                    &CONTACT,
                    name,
                    json!({"status": "bounced", "notes": "Has left the firm; mail comes back."}),
                );
                story.at(company.owner, moment);
            }
        }
    }
}

/// People of two customers who may look at their own firm, and colleagues who work for one.
fn members(story: &mut Story) {
    let companies = story.cast.companies.clone();
    let rows = [
        (0, "marta", "admin"),
        (20, "marta", "member"),
        (4, "ahmed", "viewer"),
        (0, "nuno", "member"),
        (4, "zeynep", "member"),
        (7, "nuno", "viewer"),
        (9, "zeynep", "member"),
    ];
    for (place, (index, user, role)) in rows.into_iter().enumerate() {
        let Some(company) = companies.get(index) else {
            continue;
        };
        if let Some(moment) = story.after(company.since, 15) {
            story.at(MANAGER, moment);
            story.create(
                &COMPANY_MEMBER,
                format!("company-member.{place}"),
                json!({"company_id": format!("{{{}}}", company.name), "user_id": format!("{{user.{user}}}"), "role": role}),
            );
        }
    }
}
