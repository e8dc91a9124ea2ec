//! What was said, written down and done: interactions with their follow-ups, notes, tasks.

use futures_util::FutureExt;
use jiff::Timestamp;
use kith_engine::{EngineError, Update, update};
use kith_entities::interaction::INTERACTION;
use kith_entities::note::NOTE;
use kith_entities::task::TASK;
use kith_store::Statement;
use kith_store::types::Type;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::people::{MANAGER, OWNER, colleagues, name_of};
use crate::story::{Rule, Story, Turn};
use crate::words::{NOTES, TALKS, TASKS};

/// The task that an interaction's follow-up made is done.
const FOLLOW_UP: Rule = Rule {
    name: "complete the follow-up",
    run: |turn, arguments| follow_up(turn, arguments).boxed(),
};

async fn follow_up(turn: &Turn<'_>, arguments: Json) -> Result<Json, EngineError> {
    let interaction = arguments["interaction"]
        .as_str()
        .and_then(|id| Uuid::try_parse(id).ok());
    let find = Statement::new("SELECT id FROM tasks WHERE interaction_id = $1")
        .with(interaction, Type::UUID);
    let row = turn
        .tx
        .query_opt(&find)
        .await?
        .ok_or(EngineError::NotFound)?;
    let id = row.try_get(0).map_err(|_| EngineError::NotFound)?;
    let done = Update {
        id,
        body: json!({"status": "completed"}),
        version: None,
    };
    update(turn.engine, turn.tx, turn.caller, &TASK, &[done]).await?;
    Ok(json!({}))
}

/// What an act may be about: entity, name, the key of whoever looks after it, since when.
type Subject = (&'static str, String, &'static str, Timestamp);

fn subjects(story: &Story) -> Vec<Subject> {
    let cast = &story.cast;
    let mut subjects: Vec<Subject> = Vec::new();
    for company in &cast.companies {
        subjects.push((
            "company",
            company.name.clone(),
            company.owner,
            company.since,
        ));
    }
    for deal in &cast.deals {
        subjects.push(("deal", deal.name.clone(), deal.owner, deal.since));
    }
    for lead in &cast.leads {
        if let Some(owner) = lead.owner {
            subjects.push(("lead", lead.name.clone(), owner, lead.since));
        }
    }
    for contact in cast.contacts.iter().step_by(3) {
        if let Some(company) = cast.companies.get(contact.company) {
            subjects.push((
                "contact",
                contact.name.clone(),
                company.owner,
                contact.since,
            ));
        }
    }
    subjects
}

pub(crate) fn plan(story: &mut Story) {
    story.begin("work");
    let subjects = subjects(story);
    interactions(story, &subjects);
    notes(story, &subjects);
    past_tasks(story, &subjects);
    coming_tasks(story, &subjects);
    routine(story);
}

fn interactions(story: &mut Story, subjects: &[Subject]) {
    let mut number = 0;
    for (entity, name, owner, since) in subjects {
        let count = match *entity {
            "deal" | "company" => story.number(0, 2),
            _ => story.number(0, 1),
        };
        let mut from = *since;
        for _ in 0..count {
            let days = story.number(1, 45);
            let Some(moment) = story.after(from, days) else {
                break;
            };
            from = moment;
            let Some((what, channel, note, outcome)) = story.pick(TALKS) else {
                return;
            };
            number += 1;
            let mut body = json!({
                "subject_type": entity, "subject_id": format!("{{{name}}}"), "type": what, "channel": channel, "note": note,
                "outcome": outcome, "occurred_at": moment.to_string(),
            });
            if story.chance(30) {
                body["product_id"] = json!(story.word(&[
                    "{product-website}",
                    "{product-care}",
                    "{product-campaign}"
                ]));
            }
            let follow = story.chance(35);
            let days = story.number(3, 12);
            let due = story.clock(story.day_of(moment), 10, 0);
            let due = due
                .checked_add(jiff::SignedDuration::from_hours(24 * days))
                .unwrap_or(due);
            if follow {
                body["follow_up_at"] = json!(due.to_string());
            }
            let interaction = format!("interaction.{number}");
            story.at(owner, moment);
            story.create(&INTERACTION, interaction.clone(), body);
            // Most of what was promised was kept, now and then a day late.
            if follow && story.chance(92) {
                let days = days + story.number(-1, 1);
                if let Some(done) = story.after(moment, days) {
                    story.at(owner, done);
                    story.rule(
                        FOLLOW_UP,
                        format!("{interaction}.done"),
                        json!({"interaction": format!("{{{interaction}}}")}),
                    );
                }
            }
        }
    }
}

fn notes(story: &mut Story, subjects: &[Subject]) {
    let people: Vec<&'static str> = ["priya", "ingrid", "nuno", MANAGER].to_vec();
    for (number, (entity, name, owner, since)) in subjects.iter().enumerate() {
        if !story.chance(32) {
            continue;
        }
        let days = story.number(1, 60);
        let Some(moment) = story.after(*since, days) else {
            continue;
        };
        let mut content = story.word(NOTES).to_owned();
        let pinned = story.chance(18);
        if story.chance(25) {
            let key = story.pick(&people).unwrap_or(MANAGER);
            content = format!("@[{}](user:{{user.{key}}}) {content}", name_of(key));
        }
        story.at(owner, moment);
        story.create(
            &NOTE,
            format!("note.{number}"),
            json!({"subject_type": entity, "subject_id": format!("{{{name}}}"), "content": content, "is_pinned": pinned}),
        );
    }
}

/// Tasks of the past: done, given up, or left lying.
fn past_tasks(story: &mut Story, subjects: &[Subject]) {
    for number in 0..90 {
        let Some((entity, name, owner, since)) = chosen(story, subjects) else {
            return;
        };
        let days = story.number(1, 80);
        let Some(moment) = story.after(since, days) else {
            continue;
        };
        let Some((title, kind)) = story.pick(TASKS) else {
            return;
        };
        let days = story.number(2, 10);
        let due = story.clock(story.day_of(moment), 15, 0);
        let due = due
            .checked_add(jiff::SignedDuration::from_hours(24 * days))
            .unwrap_or(due);
        let task = format!("task.past.{number}");
        story.at(owner, moment);
        let mut body = json!({
            "title": title, "type": kind, "subject_type": entity, "subject_id": format!("{{{name}}}"), "due_at": due.to_string(),
            "priority": story.word(&["low", "medium", "medium", "high"]), "estimated_hours": story.number(1, 6),
        });
        if story.chance(30) {
            body["custom_fields"] = json!({"billable": story.chance(50)});
        }
        story.create(&TASK, task.clone(), body);
        let late = story.number(-1, 2);
        if let Some(done) = story.after(moment, days + late) {
            story.at(owner, done);
            let end = match story.number(1, 100) {
                1..=90 => json!({"status": "completed"}),
                91..=95 => json!({"status": "cancelled"}),
                // Left lying.
                _ => continue,
            };
            story.change(&TASK, task, end);
        }
    }
}

/// What everyone has to do in these days: something overdue, something today, something later.
fn coming_tasks(story: &mut Story, subjects: &[Subject]) {
    let people: Vec<&'static str> = colleagues().collect();
    let mut number = 0;
    for (place, key) in people.into_iter().enumerate() {
        for (days, hour) in [
            (-3, 11),
            (0, 9),
            (0, 14),
            (0, 16),
            (1, 10),
            (3, 15),
            (8, 11),
        ] {
            if (days == -3 || days == 8) && place % 2 == 1 {
                continue;
            }
            number += 1;
            let mine: Vec<Subject> = subjects
                .iter()
                .filter(|(_, _, owner, _)| *owner == key)
                .cloned()
                .collect();
            let subject = if mine.is_empty() {
                chosen(story, subjects)
            } else {
                chosen(story, &mine)
            };
            let Some((entity, name, _, since)) = subject else {
                return;
            };
            let Some((title, kind)) = story.pick(TASKS) else {
                return;
            };
            let moment = story.number(4, 6);
            let moment = story.workday(moment).max(since);
            let due = story.clock(story.day(days), hour, 30 * i8::from(place % 2 == 0));
            // The manager hands work out; otherwise one writes down what one has to do.
            let by = if place % 4 == 3 { MANAGER } else { key };
            let about = name_known(by, entity);
            story.at(by, moment);
            let mut body = json!({
                "title": title, "type": kind, "due_at": due.to_string(), "assigned_to_id": format!("{{user.{key}}}"),
                "priority": story.word(&["medium", "medium", "high", "urgent", "low"]),
                "status": if days == 0 && hour == 14 { "in_progress" } else { "todo" },
            });
            if about {
                body["subject_type"] = json!(entity);
                body["subject_id"] = json!(format!("{{{name}}}"));
            }
            if days >= 0 {
                body["reminder_at"] = json!(
                    due.checked_sub(jiff::SignedDuration::from_hours(1))
                        .unwrap_or(due)
                        .to_string()
                );
            }
            let task = format!("task.coming.{number}");
            story.create(&TASK, task.clone(), body);
            if days == 3 {
                for (position, part) in (1..).zip(["Draft", "Let somebody read it", "Send"]) {
                    story.create(
                        &TASK,
                        format!("{task}.{position}"),
                        json!({"title": part, "parent_id": format!("{{{task}}}"), "assigned_to_id": format!("{{user.{key}}}")}),
                    );
                }
            }
        }
    }
}

/// Whether somebody surely reads records of an entity: those who sell and lead do.
fn name_known(key: &str, entity: &str) -> bool {
    match key {
        "priya" | "tomas" => matches!(entity, "company" | "contact"),
        "ingrid" => matches!(entity, "company" | "deal"),
        "nuno" | "zeynep" => false,
        _ => true,
    }
}

/// What comes again and again.
fn routine(story: &mut Story) {
    let moment = story.workday(60);
    story.at(OWNER, moment);
    for (name, title, rule, hour) in [
        ("task.standup", "Sales meeting", "FREQ=WEEKLY;BYDAY=MO", 9),
        (
            "task.figures",
            "Figures of the month",
            "FREQ=MONTHLY;BYMONTHDAY=1",
            11,
        ),
    ] {
        let due = story.clock(story.day(4), hour, 0);
        story.create(
            &TASK,
            name,
            json!({"title": title, "type": "meeting", "recurrence": rule, "due_at": due.to_string()}),
        );
    }
}

fn chosen(story: &mut Story, subjects: &[Subject]) -> Option<Subject> {
    let last = i64::try_from(subjects.len()).ok()?.checked_sub(1)?;
    let index = usize::try_from(story.number(0, last.max(0))).ok()?;
    subjects.get(index).cloned()
}
