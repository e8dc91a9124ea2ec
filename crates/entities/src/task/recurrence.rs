//! Tasks that repeat: completing one makes the next (RFC 5545).
//!
//! The rule is followed on the calendar of the organization, not on a clock: what is due at nine stays due at
//! nine when daylight saving begins or ends. The series begins anew with each task, at its own due time, so
//! that moving one task moves those after it; what is left of COUNT goes along.

use std::fmt::Write;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use rrule::{Frequency, RRule, RRuleSet, Unvalidated};
use uuid::Uuid;

/// Occurrences looked through for the next one; 27 years of days.
const FARTHEST: usize = 10_000;

/// What is wrong with a rule; `None` for one that tasks can follow.
pub(super) fn fault(rule: &str) -> Option<&'static str> {
    const FORM: &str = "is not a recurrence rule; write one such as FREQ=WEEKLY;BYDAY=MO";
    let Ok(parsed) = rule.parse::<RRule<Unvalidated>>() else {
        return Some(FORM);
    };
    if !matches!(
        parsed.get_freq(),
        Frequency::Daily | Frequency::Weekly | Frequency::Monthly | Frequency::Yearly
    ) {
        return Some("tasks repeat by days, weeks, months or years");
    }
    if parsed.get_interval() == 0 || parsed.get_count() == Some(0) {
        return Some("INTERVAL and COUNT must be at least 1");
    }
    // A day on which every rule that names days, months and years at all has begun.
    let begin = DateTime::constant(2000, 1, 1, 9, 0, 0, 0);
    series(&without_end(rule), begin).is_none().then_some(FORM)
}

/// A task's next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Next {
    pub(super) due: Timestamp,
    pub(super) reminder: Option<Timestamp>,
    /// The rule with what is left of COUNT.
    pub(super) rule: String,
}

/// What follows a task that was due and is completed `now`: the first time after it was due that is not past.
/// `None` when the series has ended.
pub(super) fn next(
    rule: &str,
    due: Option<Timestamp>,
    reminder: Option<Timestamp>,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<Next> {
    let local = |moment: Timestamp| zone.to_datetime(moment);
    let begin = local(due.unwrap_or(now));
    let after = begin.max(local(now));
    let (steps, found) = series(&in_local_time(rule, zone)?, begin)?
        .into_iter()
        .take(FARTHEST)
        .map(|moment| civil(moment.timestamp()))
        .enumerate()
        .find(|(_, moment)| moment.is_none_or(|moment| moment > after))?;
    let found = found?;
    let rule = count_down(rule, u32::try_from(steps.max(1)).ok()?)?;
    let at = |moment: DateTime| Some(moment.to_zoned(zone.clone()).ok()?.timestamp());
    // The reminder keeps its distance on the calendar: the evening before stays the evening before.
    let reminder = match (due, reminder) {
        (Some(due), Some(reminder)) => {
            let ahead = local(due).duration_since(local(reminder));
            at(found.checked_sub(ahead).ok()?)
        }
        _ => None,
    };
    Some(Next {
        due: at(found)?,
        reminder,
        rule,
    })
}

/// The occurrences, in civil time written as if it were UTC: the library then never meets a time that a change
/// of the clocks leaves out.
fn series(rule: &str, begin: DateTime) -> Option<RRuleSet> {
    let text = format!("DTSTART:{}Z\nRRULE:{rule}", begin.strftime("%Y%m%dT%H%M%S"));
    text.parse::<RRuleSet>().ok().map(RRuleSet::limit)
}

fn civil(seconds: i64) -> Option<DateTime> {
    let moment = Timestamp::from_second(seconds).ok()?;
    Some(TimeZone::UTC.to_datetime(moment))
}

/// The rule's parts, each name with its value.
fn parts(rule: &str) -> impl Iterator<Item = (&str, &str)> {
    let rule = rule.trim();
    let rule = rule.strip_prefix("RRULE:").unwrap_or(rule);
    rule.split(';').filter_map(|part| part.split_once('='))
}

fn joined<'a>(parts: impl Iterator<Item = (&'a str, String)>) -> String {
    parts.fold(String::new(), |mut rule, (name, value)| {
        let separator = if rule.is_empty() { "" } else { ";" };
        let _ = write!(rule, "{separator}{name}={value}");
        rule
    })
}

fn without_end(rule: &str) -> String {
    joined(
        parts(rule)
            .filter(|(name, _)| {
                !name.eq_ignore_ascii_case("UNTIL") && !name.eq_ignore_ascii_case("COUNT")
            })
            .map(|(name, value)| (name, value.to_owned())),
    )
}

/// UNTIL as civil time: of a moment in UTC its time here, of a day its end.
fn in_local_time(rule: &str, zone: &TimeZone) -> Option<String> {
    let mut whole = Some(());
    let rewritten = joined(parts(rule).map(|(name, value)| {
        if !name.eq_ignore_ascii_case("UNTIL") {
            return (name, value.to_owned());
        }
        let until = until(value, zone);
        whole = whole.and(until.map(|_| ()));
        let text = until.map_or_else(String::new, |until| {
            format!("{}Z", until.strftime("%Y%m%dT%H%M%S"))
        });
        (name, text)
    }));
    whole.map(|()| rewritten)
}

/// The rule as calendars want it beside a start in a zone: UNTIL in UTC.
pub(super) fn for_calendars(rule: &str, zone: &TimeZone) -> Option<String> {
    let mut whole = Some(());
    let rewritten = joined(parts(rule).map(|(name, value)| {
        if !name.eq_ignore_ascii_case("UNTIL") {
            return (name, value.to_owned());
        }
        let moment = until(value, zone)
            .and_then(|until| until.to_zoned(zone.clone()).ok())
            .map(|until| TimeZone::UTC.to_datetime(until.timestamp()));
        whole = whole.and(moment.map(|_| ()));
        let text = moment.map_or_else(String::new, |moment| {
            format!("{}Z", moment.strftime("%Y%m%dT%H%M%S"))
        });
        (name, text)
    }));
    whole.map(|()| rewritten)
}

fn until(value: &str, zone: &TimeZone) -> Option<DateTime> {
    if let Some(text) = value.strip_suffix(['Z', 'z']) {
        let moment = DateTime::strptime("%Y%m%dT%H%M%S", text).ok()?;
        let moment = moment.to_zoned(TimeZone::UTC).ok()?;
        return Some(zone.to_datetime(moment.timestamp()));
    }
    if value.len() == 8 {
        let day = jiff::civil::Date::strptime("%Y%m%d", value).ok()?;
        return day
            .checked_add(1.day())
            .ok()?
            .at(0, 0, 0, 0)
            .checked_sub(1.second())
            .ok();
    }
    DateTime::strptime("%Y%m%dT%H%M%S", value).ok()
}

/// The rule of what follows after `steps` occurrences; `None` when none is left.
fn count_down(rule: &str, steps: u32) -> Option<String> {
    let mut left = Some(());
    let rewritten = joined(parts(rule).map(|(name, value)| {
        if !name.eq_ignore_ascii_case("COUNT") {
            return (name, value.to_owned());
        }
        let count = value
            .parse::<u32>()
            .ok()
            .and_then(|count| count.checked_sub(steps))
            .filter(|count| *count > 0);
        left = left.and(count.map(|_| ()));
        (name, count.unwrap_or_default().to_string())
    }));
    left.map(|()| rewritten)
}

/// Makes the next tasks of those among `ids` that this transaction completed, and takes back those of tasks
/// that it opened again. The database makes one of each, whoever presses at the same moment.
pub(super) async fn follow(tx: &Tx, ids: &[Uuid], now: Timestamp) -> Result<(), EngineError> {
    let repeating = Statement::new(
        "SELECT t.id, t.status, t.due_at, t.reminder_at, t.recurrence, o.timezone FROM tasks t \
         LEFT JOIN organizations o ON o.id = t.organization_id \
         WHERE t.id = ANY ($1) AND t.recurrence IS NOT NULL AND t.deleted_at IS NULL AND t.created_at < now() AND t.updated_at = now() \
         AND (t.status <> 'completed' OR t.completed_at = now())",
    )
    .with(ids.to_vec(), Type::UUID_ARRAY);
    let (mut done, mut due, mut reminder, mut rules) = (vec![], vec![], vec![], vec![]);
    let mut opened = Vec::new();
    for row in tx.query(&repeating).await? {
        let id: Uuid = row.try_get(0)?;
        let status: String = row.try_get(1)?;
        if status != "completed" {
            opened.push(id);
            continue;
        }
        let zone: Option<String> = row.try_get(5)?;
        let zone = zone
            .and_then(|name| TimeZone::get(&name).ok())
            .unwrap_or(TimeZone::UTC);
        let rule: String = row.try_get(4)?;
        if let Some(next) = next(&rule, row.try_get(2)?, row.try_get(3)?, now, &zone) {
            done.push(id);
            due.push(next.due);
            reminder.push(next.reminder);
            rules.push(next.rule);
        }
    }
    if !opened.is_empty() {
        let statement = Statement::new("SELECT unrepeat_tasks($1)").with(opened, Type::UUID_ARRAY);
        tx.query(&statement).await?;
    }
    if !done.is_empty() {
        let statement = Statement::new("SELECT count(*) FROM repeat_tasks($1, $2, $3, $4)")
            .with(done, Type::UUID_ARRAY)
            .with(due, Type::TIMESTAMPTZ_ARRAY)
            .with(reminder, Type::TIMESTAMPTZ_ARRAY)
            .with(rules, Type::TEXT_ARRAY);
        tx.query(&statement).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn nine_stays_nine_over_both_changes_of_the_clocks() {
        let berlin = zone("Europe/Berlin");
        // 29 March 2026 and 25 October 2026.
        for (due, expected) in [
            ("2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"),
            ("2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z"),
        ] {
            let next = next("FREQ=DAILY", Some(at(due)), None, at(due), &berlin).unwrap();
            assert_eq!(next.due, at(expected));
        }
        // A time that the change leaves out comes an hour later, and the day after is on time again.
        let gap = next(
            "FREQ=DAILY",
            Some(at("2026-03-28T01:30:00Z")),
            None,
            at("2026-03-28T01:30:00Z"),
            &berlin,
        )
        .unwrap();
        assert_eq!(gap.due, at("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn the_evening_before_stays_the_evening_before() {
        let next = next(
            "FREQ=WEEKLY",
            Some(at("2026-03-22T08:00:00Z")),
            Some(at("2026-03-21T17:00:00Z")),
            at("2026-03-22T09:00:00Z"),
            &zone("Europe/Berlin"),
        )
        .unwrap();
        assert_eq!(next.due, at("2026-03-29T07:00:00Z"));
        assert_eq!(next.reminder, Some(at("2026-03-28T17:00:00Z")));
    }

    #[test]
    fn what_is_completed_late_does_not_come_back_overdue() {
        let monday = "FREQ=WEEKLY;BYDAY=MO";
        let due = at("2026-11-02T09:00:00Z");
        let late = next(
            monday,
            Some(due),
            None,
            at("2026-11-25T12:00:00Z"),
            &TimeZone::UTC,
        );
        assert_eq!(late.unwrap().due, at("2026-11-30T09:00:00Z"));
        let early = next(
            monday,
            Some(due),
            None,
            at("2026-10-30T12:00:00Z"),
            &TimeZone::UTC,
        );
        assert_eq!(early.unwrap().due, at("2026-11-09T09:00:00Z"));
    }

    #[test]
    fn a_series_ends_by_count_and_by_until() {
        let mut rule = "FREQ=DAILY;COUNT=3".to_owned();
        let mut due = at("2026-11-01T09:00:00Z");
        let mut made = 1;
        while let Some(following) = next(&rule, Some(due), None, due, &TimeZone::UTC) {
            (rule, due, made) = (following.rule, following.due, made + 1);
        }
        assert_eq!((made, rule.as_str()), (3, "FREQ=DAILY;COUNT=1"));
        for (until, ends) in [
            ("UNTIL=20261102", false),
            ("UNTIL=20261101", true),
            ("UNTIL=20261102T085959Z", true),
            ("UNTIL=20261102T090000Z", false),
            ("UNTIL=20261102T090000", false),
            ("UNTIL=20200101T000000Z", true),
        ] {
            let rule = format!("FREQ=DAILY;{until}");
            let due = at("2026-11-01T09:00:00Z");
            assert_eq!(fault(&rule), None, "{until}");
            assert_eq!(
                next(&rule, Some(due), None, due, &TimeZone::UTC).is_none(),
                ends,
                "{until}"
            );
        }
    }

    #[test]
    fn months_without_the_day_are_left_out() {
        let due = at("2026-01-31T09:00:00Z");
        let next = next("FREQ=MONTHLY", Some(due), None, due, &TimeZone::UTC).unwrap();
        assert_eq!(next.due, at("2026-03-31T09:00:00Z"));
    }

    #[test]
    fn rules_that_no_task_can_follow_are_named() {
        for good in [
            "FREQ=WEEKLY;BYDAY=MO",
            "FREQ=MONTHLY;BYDAY=-1FR",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            "FREQ=DAILY;INTERVAL=10;COUNT=5",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "",
            "every monday",
            "FREQ=HOURLY",
            "FREQ=SECONDLY",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=MONTHLY;BYMONTHDAY=32",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        // A day that never comes ends the series instead of looking for it for ever.
        let never = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30";
        let due = at("2026-01-31T09:00:00Z");
        assert_eq!(next(never, Some(due), None, due, &TimeZone::UTC), None);
    }

    /// The series of the test data that two libraries agree upon, task by task: each is completed when it is
    /// due and makes the next. The files are not part of the project; `KITH_TEST_DATA` names their folder, or it
    /// is `../shared/data` beside the repository.
    #[test]
    fn task_by_task_a_series_is_what_its_rule_says() {
        let folder = std::env::var_os("KITH_TEST_DATA").map_or_else(
            || std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
            std::path::PathBuf::from,
        );
        let text = std::fs::read_to_string(folder.join("icalendar/rrule_vectors.open.json"))
            .expect("set KITH_TEST_DATA to the folder of the test data");
        let data: serde_json::Value = serde_json::from_str(&text).unwrap();
        let moment = |text: &serde_json::Value| {
            DateTime::strptime("%Y%m%dT%H%M%S", text.as_str()?)
                .ok()?
                .to_zoned(TimeZone::UTC)
                .ok()
                .map(|zoned| zoned.timestamp())
        };
        let mut walked = 0;
        for vector in data["vectors"].as_array().unwrap() {
            let rule = vector["RRULE"].as_str().unwrap();
            let instances: Option<Vec<Timestamp>> = vector["instances"]
                .as_array()
                .unwrap()
                .iter()
                .map(moment)
                .collect();
            let (Some(instances), true) = (
                instances.filter(|instances| !instances.is_empty()),
                vector["dateutil_agrees"] == true && fault(rule).is_none(),
            ) else {
                continue;
            };
            let mut rule = rule.to_owned();
            let mut made = vec![instances[0]];
            while let Some(due) = made.last().copied()
                && made.len() < instances.len()
                && let Some(following) = next(&rule, Some(due), None, due, &TimeZone::UTC)
            {
                made.push(following.due);
                rule = following.rule;
            }
            assert_eq!(made, instances, "{}", vector["RRULE"]);
            walked += 1;
        }
        assert!(walked >= 30, "only {walked} series were walked");
    }
}
