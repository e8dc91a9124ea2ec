//! The firm's people, their teams and roles, and those of their clients who look in.

use kith_entities::team::TEAM;
use kith_entities::team_member::TEAM_MEMBER;
use kith_entities::user::USER;
use serde_json::json;

use crate::organization::BEGINNING;
use crate::story::Story;
use crate::words::german_mobile;

/// The key of the owner, who is there from the beginning.
pub(crate) const OWNER: &str = "helena";
/// Who imports and leads.
pub(crate) const MANAGER: &str = "amara";
/// Who sells.
pub(crate) const SALES: &[&str] = &["mateo", "soren", "lea", "yuki"];

/// The owner's name.
#[must_use]
pub fn owner_name() -> &'static str {
    "Helena Brandt"
}

/// The owner's address, with which one signs in.
#[must_use]
pub fn owner_email(slug: &str) -> String {
    format!("{OWNER}@{slug}.example")
}

struct Person {
    key: &'static str,
    name: &'static str,
    role: &'static str,
    job: &'static str,
    team: Option<&'static str>,
    manager: Option<&'static str>,
    /// Accepts the invitation.
    comes: bool,
}

const fn person(
    key: &'static str,
    name: &'static str,
    role: &'static str,
    job: &'static str,
    team: Option<&'static str>,
    manager: Option<&'static str>,
) -> Person {
    Person {
        key,
        name,
        role,
        job,
        team,
        manager,
        comes: true,
    }
}

const PEOPLE: &[Person] = &[
    person(
        "jonas",
        "Jonas Weber",
        "admin",
        "Operations",
        Some("office"),
        Some(OWNER),
    ),
    person(
        MANAGER,
        "Amara Okafor",
        "manager",
        "Head of Sales",
        Some("sales"),
        Some(OWNER),
    ),
    person(
        "mateo",
        "Mateo García",
        "sales",
        "Account Executive",
        Some("sales"),
        Some(MANAGER),
    ),
    person(
        "soren",
        "Søren Kjær",
        "sales",
        "Account Executive",
        Some("sales"),
        Some(MANAGER),
    ),
    person(
        "lea",
        "Léa Fontaine",
        "sales",
        "Account Executive",
        Some("sales"),
        Some(MANAGER),
    ),
    person(
        "yuki",
        "Yuki Tanaka",
        "sales",
        "Business Development",
        Some("sales"),
        Some(MANAGER),
    ),
    person(
        "priya",
        "Priya Raman",
        "support",
        "Customer Care",
        Some("delivery"),
        Some("jonas"),
    ),
    person(
        "tomas",
        "Tomáš Dvořák",
        "support",
        "Customer Care",
        Some("delivery"),
        Some("jonas"),
    ),
    person(
        "ingrid",
        "Ingrid Sandström",
        "finance",
        "Bookkeeping",
        Some("office"),
        Some(OWNER),
    ),
    person(
        "nuno",
        "Nuno Carvalho",
        "member",
        "Designer",
        Some("delivery"),
        Some("jonas"),
    ),
    person(
        "zeynep",
        "Zeynep Arslan",
        "member",
        "Developer",
        Some("delivery"),
        Some("jonas"),
    ),
    person("oliver", "Oliver Hughes", "viewer", "Adviser", None, None),
    person(
        "marta",
        "Marta Nowak",
        "client_admin",
        "Marketing, for her own firm",
        None,
        None,
    ),
    person(
        "ahmed",
        "Ahmed El-Sayed",
        "client_viewer",
        "Marketing, for his own firm",
        None,
        None,
    ),
    Person {
        comes: false,
        ..person(
            "freja",
            "Freja Lund",
            "sales",
            "Account Executive",
            Some("sales"),
            Some(MANAGER),
        )
    },
];

/// The keys of those who come.
pub(crate) fn admitted() -> impl Iterator<Item = &'static str> {
    PEOPLE
        .iter()
        .filter(|person| person.comes)
        .map(|person| person.key)
}

/// The keys of everyone who does the firm's work, the owner included.
pub(crate) fn colleagues() -> impl Iterator<Item = &'static str> {
    std::iter::once(OWNER).chain(
        PEOPLE
            .iter()
            .filter(|person| person.comes && person.team.is_some())
            .map(|person| person.key),
    )
}

/// The name of one of them.
pub(crate) fn name_of(key: &str) -> &'static str {
    PEOPLE
        .iter()
        .find(|person| person.key == key)
        .map_or(owner_name(), |person| person.name)
}

pub(crate) fn plan(story: &mut Story) {
    story.begin("people");
    let moment = story
        .after(story.moment(), 1)
        .unwrap_or_else(|| story.moment());
    story.at(OWNER, moment);
    for (name, title, description) in [
        ("sales", "Sales", "Finds customers and keeps them"),
        ("delivery", "Delivery", "Designs, builds and cares"),
        ("office", "Office", "Keeps everything running"),
    ] {
        story.create(
            &TEAM,
            format!("team.{name}"),
            json!({"name": title, "description": description}),
        );
    }
    let mut later = Vec::new();
    for (index, person) in (0..).zip(PEOPLE) {
        let mut body = json!({
            "full_name": person.name,
            "email": format!("{}@{}", person.key, story.domain),
            "phone": german_mobile(index),
            "job_title": person.job,
            "role_id": format!("{{role.{}}}", person.role),
        });
        if let Some(team) = person.team {
            body["team_id"] = json!(format!("{{team.{team}}}"));
        }
        if let Some(manager) = person.manager {
            body["manager_id"] = json!(format!("{{user.{manager}}}"));
        }
        if person.comes {
            story.create(&USER, format!("user.{}", person.key), body);
        } else {
            later.push((person.key, body));
        }
    }
    // Whoever leads the firm belongs to its office.
    story.create(
        &TEAM_MEMBER,
        "team-member.owner",
        json!({"team_id": "{team.office}", "user_id": format!("{{user.{OWNER}}}")}),
    );
    let moment = story
        .after(moment, 1)
        .unwrap_or_else(|| story.workday(BEGINNING - 3));
    story.at(OWNER, moment);
    story.admit();
    let moment = story.workday(6);
    story.at(MANAGER, moment);
    story.at(OWNER, moment);
    for (key, body) in later {
        story.create(&USER, format!("user.{key}"), body);
    }
}
