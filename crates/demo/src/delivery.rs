//! What is done for clients: projects, who works on them, the hours they take and what an hour costs.

use futures_util::FutureExt;
use jiff::Timestamp;
use jiff::civil::Weekday;
use kith_engine::EngineError;
use kith_entities::project::PROJECT;
use kith_entities::project_member::PROJECT_MEMBER;
use kith_entities::rate::RATE;
use kith_entities::task::TASK;
use kith_entities::time_entry::{self, Review, Selected, TIME_ENTRY};
use serde_json::{Value as Json, json};

use crate::organization::BEGINNING;
use crate::story::{Deal, Rule, Story, Turn};

/// Who runs projects and approves hours.
const LEAD: &str = "jonas";
/// Who spends the hours.
const HANDS: &[&str] = &["nuno", "zeynep"];
/// Projects, the newest deals first.
const MOST: usize = 14;
/// Days until a project is done.
const LENGTH: i64 = 75;
/// Days of which there are hours.
const DAYS: i64 = 70;

/// What there is to do, who does it and in which part of the project.
const TASKS: &[(&str, &str, i64)] = &[
    ("Kickoff workshop", "nuno", 5),
    ("Content outline", "nuno", 14),
    ("Design of the first pages", "nuno", 28),
    ("Templates and components", "zeynep", 45),
    ("Move the content over", "zeynep", 58),
    ("Acceptance and launch", "zeynep", 70),
];

const DONE: &[&str] = &[
    "Sketches for the start page",
    "Components and states",
    "Call with the client",
    "Corrections after the review",
    "Accessibility",
    "Performance of the pictures",
];

const SUBMIT: Rule = Rule {
    name: "submit a week",
    run: |turn, arguments| judge(turn, arguments, Review::Submit).boxed(),
};

const APPROVE: Rule = Rule {
    name: "approve a week",
    run: |turn, arguments| judge(turn, arguments, Review::Approve).boxed(),
};

async fn judge(turn: &Turn<'_>, arguments: Json, what: Review) -> Result<Json, EngineError> {
    let selected: Selected = serde_json::from_value(arguments)
        .map_err(|error| EngineError::Malformed(error.to_string()))?;
    time_entry::review(turn.tx, turn.caller, what, &selected).await?;
    Ok(json!({}))
}

/// A project and from when to when it is worked on.
struct Planned {
    name: String,
    begun: Timestamp,
    done: Option<Timestamp>,
}

pub(crate) fn plan(story: &mut Story) {
    story.begin("delivery");
    hourly_rates(story);
    let mut won: Vec<(Timestamp, Deal)> = story
        .cast
        .deals
        .iter()
        .filter(|deal| deal.company.is_some())
        .filter_map(|deal| Some((deal.won?, deal.clone())))
        .collect();
    won.sort_by_key(|(won, _)| std::cmp::Reverse(*won));
    won.truncate(MOST);
    let mut planned = Vec::new();
    for (number, (won, deal)) in won.iter().enumerate() {
        planned.extend(project(story, number, deal, *won));
    }
    hours(story, &planned);
}

fn hourly_rates(story: &mut Story) {
    let moment = story.workday(BEGINNING - 8);
    story.at("ingrid", moment);
    for (name, body) in [
        (
            "all",
            json!({"billable_rate": "95.00", "cost_rate": "46.00"}),
        ),
        (
            "nuno",
            json!({"user_id": "{user.nuno}", "billable_rate": "110.00", "cost_rate": "52.00"}),
        ),
    ] {
        story.create(&RATE, format!("hourly.{name}"), body);
    }
}

fn project(story: &mut Story, number: usize, deal: &Deal, won: Timestamp) -> Option<Planned> {
    let company = story.cast.companies.get(deal.company?)?.clone();
    let begun = story.after(won, 3)?;
    let name = format!("project-{number}");
    let first = story.day_of(begun);
    let after = |days: i64| first.checked_add(jiff::Span::new().days(days)).ok();
    let hours = story.number(4, 12) * 20;
    story.at(LEAD, begun);
    story.create(
        &PROJECT,
        name.clone(),
        json!({"name": deal.title, "company_id": format!("{{{}}}", company.name), "deal_id": format!("{{{}}}", deal.name), "status": "active",
            "priority": if number.is_multiple_of(4) { "high" } else { "medium" }, "start_date": first.to_string(), "due_date": after(LENGTH)?.to_string(),
            "estimated_hours": hours.to_string(), "budget": format!("{}.00", hours * 60), "project_manager_id": format!("{{user.{LEAD}}}"), "tags": ["web"]}),
    );
    for (place, person) in HANDS.iter().enumerate() {
        story.create(
            &PROJECT_MEMBER,
            format!("{name}.{person}"),
            json!({"project_id": format!("{{{name}}}"), "user_id": format!("{{user.{person}}}"), "role": if place == 0 { "manager" } else { "member" }}),
        );
    }
    for (place, (title, person, days)) in TASKS.iter().enumerate() {
        story.at(LEAD, begun);
        let task = format!("{name}.task-{place}");
        let due = story.clock(after(*days)?, 16, 0);
        story.create(
            &TASK,
            task.clone(),
            json!({"title": title, "project_id": format!("{{{name}}}"), "assigned_to_id": format!("{{user.{person}}}"), "due_at": due.to_string(),
                "type": if place == 0 { "meeting" } else { "todo" }, "estimated_hours": (hours / 6).to_string()}),
        );
        let late = story.number(-4, 2);
        if let Some(finished) = story.after(begun, days + late) {
            story.at(person, finished);
            story.change(&TASK, task, json!({"status": "completed"}));
        }
    }
    let done = story.after(begun, LENGTH + 3);
    if let Some(done) = done {
        story.at(LEAD, done);
        story.change(&PROJECT, name.clone(), json!({"status": "completed"}));
    }
    Some(Planned { name, begun, done })
}

/// Hours of the last weeks: submitted on Fridays, approved on the Monday after.
fn hours(story: &mut Story, planned: &[Planned]) {
    for days_ago in (1..=DAYS).rev() {
        let day = story.day(-days_ago);
        if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            continue;
        }
        let evening = story.clock(day, 17, 30);
        let open: Vec<&Planned> = planned
            .iter()
            .filter(|project| {
                project.begun < evening && project.done.is_none_or(|done| done > evening)
            })
            .collect();
        if open.is_empty() {
            continue;
        }
        for person in HANDS {
            story.at(person, evening);
            for part in 0..2 {
                let Some(project) = story.pick(&open) else {
                    continue;
                };
                let (half_hours, what) = (story.number(4, 8), story.word(DONE));
                let billable = story.chance(90);
                story.create(
                    &TIME_ENTRY,
                    format!("time.{person}.{days_ago}.{part}"),
                    json!({"project_id": format!("{{{}}}", project.name), "date": day.to_string(), "description": what, "billable": billable,
                        "hours": format!("{}.{}", half_hours / 2, half_hours % 2 * 5)}),
                );
            }
            if day.weekday() == Weekday::Friday {
                let week =
                    json!({"user_id": format!("{{user.{person}}}"), "week": day.to_string()});
                story.at(person, story.clock(day, 17, 45));
                story.rule(SUBMIT, format!("submit.{person}.{days_ago}"), week.clone());
                if let Some(monday) = story.after(evening, 3) {
                    story.at(LEAD, monday);
                    story.rule(APPROVE, format!("approve.{person}.{days_ago}"), week);
                }
            }
        }
    }
}
