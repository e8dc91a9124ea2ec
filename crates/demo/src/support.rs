//! What customers ask for help with: tickets, what was said in them, what is promised and when somebody is there.

use jiff::{SignedDuration, Timestamp};
use kith_entities::business_hours::BUSINESS_HOURS;
use kith_entities::holiday::HOLIDAY;
use kith_entities::sla_policy::SLA_POLICY;
use kith_entities::ticket::TICKET;
use kith_entities::ticket_comment::TICKET_COMMENT;
use serde_json::json;

use crate::organization::BEGINNING;
use crate::story::{Contact, Story};

/// Who answers.
const CARE: &[&str] = &["priya", "tomas"];

/// What is asked: subject, description, category, priority.
const QUESTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "Contact form sends no mail",
        "Since this morning nothing arrives from the form on our contact page.",
        "bug",
        "high",
    ),
    (
        "New opening hours",
        "Please change the opening hours in the footer: Monday to Friday, 8 to 16.",
        "question",
        "low",
    ),
    (
        "Shop is down",
        "The shop answers with an error. We are losing orders!",
        "incident",
        "urgent",
    ),
    (
        "How do I add a news entry?",
        "Where was the button again? The training was a while ago.",
        "question",
        "medium",
    ),
    (
        "Bilder werden unscharf",
        "Auf dem Handy sind die neuen Produktbilder unscharf. Woran liegt das?",
        "bug",
        "medium",
    ),
    (
        "Newsletter in Spanish",
        "Can the newsletter be sent in two languages, by the language of the contact?",
        "feature_request",
        "low",
    ),
    (
        "Certificat expiré",
        "Le navigateur affiche un avertissement de sécurité sur notre site.",
        "incident",
        "urgent",
    ),
    (
        "Report for the board",
        "We need the figures of the last quarter as one page by Thursday.",
        "question",
        "high",
    ),
    (
        "Search finds nothing",
        "Searching for an article number gives no result, by name it works.",
        "bug",
        "medium",
    ),
    (
        "Calendar for courses",
        "Participants ask for an export into their own calendar.",
        "feature_request",
        "low",
    ),
];

pub(crate) fn plan(story: &mut Story) {
    story.begin("support");
    promises(story);
    let contacts = story.cast.contacts.clone();
    for number in 0..34_i64 {
        let index = usize::try_from(number * 3).unwrap_or(0) % contacts.len().max(1);
        let Some(contact) = contacts.get(index).cloned() else {
            return;
        };
        // The newest are open; the others lie further back.
        let days = if number < 7 {
            number
        } else {
            6 + (number - 6) * 9
        };
        let opened = story.workday(days).max(contact.since);
        ticket(story, number, &contact, opened);
    }
}

fn promises(story: &mut Story) {
    let moment = story.workday(BEGINNING - 9);
    story.at("jonas", moment);
    let day = json!([["09:00", "12:30"], ["13:00", "17:00"]]);
    story.create(
        &BUSINESS_HOURS,
        "hours",
        json!({"name": "Studio hours", "timezone": "Europe/Berlin",
            "weekly_hours": {"monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": [["09:00", "15:00"]]}}),
    );
    let year = story.today().year();
    for (name, date) in [
        ("New Year", format!("{year}-01-01")),
        ("Labour Day", format!("{year}-05-01")),
        ("Christmas", format!("{year}-12-25")),
    ] {
        story.create(
            &HOLIDAY,
            format!("holiday.{name}"),
            json!({"business_hours_id": "{hours}", "name": name, "date": date, "repeats_yearly": true}),
        );
    }
    for (priority, first, whole) in [
        ("urgent", 30, 240),
        ("high", 120, 480),
        ("medium", 240, 1440),
        ("low", 480, 4320),
    ] {
        story.create(
            &SLA_POLICY,
            format!("promise.{priority}"),
            json!({"name": format!("Gold care, {priority}"), "is_active": false, "priority": priority, "first_response_minutes": first, "resolution_minutes": whole,
                "business_hours_id": if priority == "urgent" { None } else { Some("{hours}") }}),
        );
    }
}

fn later(moment: Timestamp, minutes: i64) -> Timestamp {
    moment
        .checked_add(SignedDuration::from_mins(minutes))
        .unwrap_or(moment)
}

/// A ticket as it stands in the end, with the times at which it got there: they say what was kept of what was promised.
fn ticket(story: &mut Story, number: i64, contact: &Contact, opened: Timestamp) {
    let Some((subject, description, category, priority)) = story.pick(QUESTIONS) else {
        return;
    };
    let Some(care) = story.pick(CARE) else {
        return;
    };
    let Some(company) = story.cast.companies.get(contact.company).cloned() else {
        return;
    };
    let name = format!("ticket.{number}");
    let answered = later(opened, story.number(8, 150));
    let resolved = later(answered, story.number(30, 1900));
    let closed = later(resolved, 2 * 24 * 60);
    story.at(care, opened);
    let now = later(story.end(), -2);
    let mut body = json!({
        "subject": subject, "description": description, "category": category, "priority": priority,
        "channel": story.word(&["email", "email", "phone", "portal", "chat"]), "company_id": format!("{{{}}}", company.name),
        "contact_id": format!("{{{}}}", contact.name), "opened_at": opened.to_string(),
        "assigned_to_id": if number == 0 { None } else { Some(format!("{{user.{care}}}")) },
    });
    let mut said = opened;
    if number > 1 && answered < now {
        body["first_responded_at"] = json!(answered.to_string());
        said = answered;
    }
    let status = if number > 6 && closed < now {
        body["resolved_at"] = json!(resolved.to_string());
        body["closed_at"] = json!(closed.to_string());
        said = closed;
        "closed"
    } else if number > 4 && resolved < now {
        body["resolved_at"] = json!(resolved.to_string());
        said = resolved;
        "resolved"
    } else if number > 1 && said == answered {
        if number % 2 == 0 {
            "waiting_customer"
        } else {
            "in_progress"
        }
    } else {
        "open"
    };
    body["status"] = json!(status);
    // Written down when it had become what it is.
    story.at(care, said);
    story.create(&TICKET, name.clone(), body);
    if story.chance(70) {
        let words = story.word(&[
            "Reproduced on the test system; the cause is the last update of the mail module.",
            "Called back, nobody there. Will try again after lunch.",
            "Zeynep has a look at it. The backup from last night is fine.",
            "The same question came from two others this month: write a page about it.",
        ]);
        story.at(care, later(said, 5));
        story.create(
            &TICKET_COMMENT,
            format!("{name}.note"),
            json!({"ticket_id": format!("{{{name}}}"), "comment": words, "is_internal": true}),
        );
    }
}
