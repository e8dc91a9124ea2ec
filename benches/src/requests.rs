//! What is asked: lists, filters, searches.

use std::rc::Rc;

use anyhow::{Context, Result};
use kith_store::Statement;
use kith_store::types::Type;

use crate::data::{Data, Place};
use crate::figures::Random;
use crate::load::Make;
use crate::program::Person;

/// The base of the interface.
pub(crate) const BASE: &str = "/api/v1";
/// The first page of fifty.
pub(crate) const PAGE: &str = "/api/v1/companies?limit=50";

/// A request under a name, with its bar.
pub(crate) struct Asked {
    pub(crate) name: String,
    /// Milliseconds that the p95 must stay under; `None` for what is only told.
    pub(crate) bar: Option<f64>,
    pub(crate) make: Make,
}

/// The id of a company of the loaded data.
pub(crate) fn company_id(number: u64) -> String {
    format!("01900000-0000-7000-8000-{number:012}")
}

/// Reads a random company.
pub(crate) fn by_id(person: &Person, companies: u64) -> Make {
    let person = person.clone();
    Rc::new(move |random| {
        let id = company_id(random.between(1, companies));
        person.get(&format!("{BASE}/companies/{id}"))
    })
}

/// Asks for the same address again and again.
pub(crate) fn fixed(person: &Person, path: &str) -> Make {
    let (person, path) = (person.clone(), path.to_owned());
    Rc::new(move |_| person.get(&path))
}

/// The page and the filters that must stay fast for whoever asks.
pub(crate) fn lists(person: &Person, companies: u64) -> Vec<Asked> {
    let money = {
        let person = person.clone();
        // Revenues lie evenly between nothing and this many units; about a hundred companies are within a range.
        let highest = (companies * 7919).min(1_000_000_000) / 100;
        let width = (highest * 100 / companies.max(1)).max(1);
        move |random: &mut Random| {
            let low = random.between(0, highest.saturating_sub(width));
            let range = format!("annual_revenue%5Bbetween%5D={low},{}", low + width);
            person.get(&format!("{PAGE}&{range}"))
        }
    };
    let asked = |name: &str, make: Make| Asked {
        name: format!("{name}, {}", person.name),
        bar: Some(20.0),
        make,
    };
    vec![
        asked("page of 50", fixed(person, PAGE)),
        asked("filter on money", Rc::new(money)),
        asked(
            "filter on a tag",
            fixed(person, &format!("{PAGE}&tags%5Bhas%5D=vip")),
        ),
        asked(
            "filter on a custom field",
            fixed(person, &format!("{PAGE}&custom.tier=gold")),
        ),
    ]
}

/// The sales floor's lists, each with the part of a statement that marks it.
pub(crate) fn floor(person: &Person) -> Vec<(Asked, &'static str)> {
    [
        ("leads, newest first", "leads?limit=50", "FROM leads"),
        (
            "leads of a status by value",
            "leads?limit=50&status=qualified&sort=-estimated_value",
            "FROM leads",
        ),
        (
            "tasks by date",
            "tasks?limit=50&include=subject",
            "FROM tasks",
        ),
        (
            "one's own tasks by day",
            "tasks/my-tasks?limit=50",
            "FROM tasks",
        ),
        (
            "notes, newest first",
            "notes?limit=50&include=subject",
            "FROM notes",
        ),
        (
            "interactions, newest first",
            "interactions?limit=50&include=subject",
            "FROM interactions",
        ),
        (
            "conversations, latest first",
            "conversations?limit=50&status=active",
            "FROM conversations",
        ),
        (
            "messages of a conversation of 10,000",
            "messages?limit=50&conversation_id=01900000-0000-7000-e000-000000000001",
            "FROM messages",
        ),
        (
            "tickets to do, by what was promised",
            "tickets?limit=50&status%5Bin%5D=open,in_progress&sort=sla_due_at",
            "FROM tickets",
        ),
        ("a week of time", "time-entries/week", "FROM time_entries"),
    ]
    .into_iter()
    .map(|(name, path, part)| {
        let asked = Asked {
            name: format!("{name}, {}", person.name),
            bar: Some(20.0),
            make: fixed(person, &format!("{BASE}/{path}")),
        };
        (asked, part)
    })
    .collect()
}

/// Searches for what some of the companies are called, where they are reached and what they do.
pub(crate) async fn searches(data: &Data, place: &Place, person: &Person) -> Result<Vec<Asked>> {
    let find = Statement::new(
        "select name::text, email::text, description from companies where organization_id = $1::text::uuid \
         and deleted_at is null and ($2 or owner_id = $3::text::uuid) and id <= $4::text::uuid order by md5(id::text) limit 1000",
    )
    .with(person.organization.clone(), Type::TEXT)
    .with(person.sees_all, Type::BOOL)
    .with(person.user.clone(), Type::TEXT)
    .with(company_id(data.companies), Type::TEXT);
    let mut names = Vec::new();
    let mut addresses = Vec::new();
    let mut descriptions = Vec::new();
    let mut misspelt = Vec::new();
    for row in place.owner().await?.query(&find).await? {
        let name: String = row.try_get(0)?;
        let description: String = row.try_get(2)?;
        // Without its number a name is shared by one company in ten thousand.
        let words = name
            .rsplit_once(' ')
            .map_or(name.as_str(), |(words, _)| words);
        names.push(words.to_owned());
        addresses.push(row.try_get::<_, String>(1)?);
        let (what, year) = description
            .trim_start_matches("Makes ")
            .split_once(" since ")
            .context("a description is not that of the loaded data")?;
        descriptions.push(format!("{what} {year}"));
        // The third letter is missing.
        let letters = name.char_indices().filter(|(index, _)| *index != 2);
        misspelt.push(letters.map(|(_, letter)| letter).collect());
    }
    let asked = |name: &str, bar: Option<f64>, texts: Vec<String>| Asked {
        name: format!("search by {name}, {}", person.name),
        bar,
        make: search(person, texts),
    };
    Ok(vec![
        asked("name", Some(50.0), names),
        asked("e-mail", Some(50.0), addresses),
        asked("free text", Some(50.0), descriptions),
        asked("misspelt name", None, misspelt),
    ])
}

fn search(person: &Person, texts: Vec<String>) -> Make {
    let person = person.clone();
    Rc::new(move |random| {
        let last = (texts.len() as u64).saturating_sub(1);
        let index = usize::try_from(random.between(0, last))?;
        let text = texts.get(index).context("there is nothing to search for")?;
        person.get(&format!("{PAGE}&q={}", text.replace(' ', "%20")))
    })
}
