//! When support is open: hours for each day of the week, in a time zone. Days on which it is closed all the
//! same are its holidays.

use jiff::civil::Time;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use serde_json::Value as Json;

pub const NAME: Col<String> = col("name");
pub const TIMEZONE: Col<String> = col("timezone");
pub const WEEKLY_HOURS: Col<Json> = col("weekly_hours");

pub static BUSINESS_HOURS: Entity = Entity {
    name: "business_hours",
    table: "business_hours",
    is_view: false,
    path: "business-hours",
    label: "Business hours",
    label_plural: "Business hours",
    icon: "clock",
    resource: "sla_policies",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .unique()
            .max_length(100)
            .sortable(),
        Field::of(TIMEZONE, "Time zone", Kind::Text)
            .required()
            .max_length(100)
            .help("Such as Europe/Berlin"),
        Field::of(WEEKLY_HOURS, "Weekly hours", Kind::Json)
            .required()
            .help("{\"monday\": [[\"09:00\", \"12:30\"], [\"13:00\", \"17:00\"]], …}; a day that is not named is closed"),
    ],
    children: &[
        Child {
            name: "holidays",
            label: "Holidays",
            entity: "holiday",
            field: "business_hours_id",
        },
        Child {
            name: "sla-policies",
            label: "SLA policies",
            entity: "sla_policy",
            field: "business_hours_id",
        },
    ],
    layout: Layout {
        table: &["name", "timezone", "weekly_hours", "updated_at"],
        sections: &[Section {
            label: "Business hours",
            fields: &["name", "timezone", "weekly_hours"],
        }],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(BUSINESS_HOURS),
};

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Stretches of one day.
const MOST_STRETCHES: usize = 10;

/// Rules of business hours.
pub struct BusinessHoursRules;

impl Rules for BusinessHoursRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.changes(TIMEZONE)
            && let Some(name) = change.get(TIMEZONE)
            && jiff::tz::TimeZone::get(&name).is_err()
        {
            faults.push(
                Fault::new(
                    "not_a_time_zone",
                    "must be a time zone such as Europe/Berlin",
                )
                .at("timezone"),
            );
        }
        if change.changes(WEEKLY_HOURS)
            && let Some(hours) = change.get(WEEKLY_HOURS)
            && let Err(message) = weekly_hours(&hours)
        {
            faults.push(Fault::new("not_weekly_hours", message).at("weekly_hours"));
        }
    }
}

/// What is wrong with a week's hours, first things first. The database holds the same.
fn weekly_hours(hours: &Json) -> Result<(), String> {
    let Json::Object(days) = hours else {
        return Err("must be an object of days, each with a list of stretches".to_owned());
    };
    for (day, stretches) in days {
        if !DAYS.contains(&day.as_str()) {
            return Err(format!(
                "{day:?} is no day; write one of {}",
                DAYS.join(", ")
            ));
        }
        let stretches = stretches
            .as_array()
            .filter(|stretches| stretches.len() <= MOST_STRETCHES)
            .ok_or_else(|| format!("{day} must be a list of at most {MOST_STRETCHES} stretches"))?;
        let mut free_from = 0;
        for stretch in stretches {
            let (opens, closes) = minutes(stretch).ok_or_else(|| {
                format!("{day}: write each stretch as [\"09:00\", \"17:00\"], with 24:00 for the end of the day")
            })?;
            if closes <= opens {
                return Err(format!("{day}: a stretch must end after it begins"));
            }
            if opens < free_from {
                return Err(format!("{day}: the stretches must be in order and apart"));
            }
            free_from = closes;
        }
    }
    Ok(())
}

/// From and until which minute of the day a stretch is.
fn minutes(stretch: &Json) -> Option<(u32, u32)> {
    let [opens, closes] = stretch.as_array()?.as_slice() else {
        return None;
    };
    let closes = match closes.as_str()? {
        "24:00" => 24 * 60,
        text => minute(text)?,
    };
    Some((minute(opens.as_str()?)?, closes))
}

fn minute(text: &str) -> Option<u32> {
    let time = Time::strptime("%H:%M", text)
        .ok()
        .filter(|_| text.len() == 5)?;
    u32::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_weeks_hours_are_checked() {
        for good in [
            json!({}),
            json!({"monday": []}),
            json!({"monday": [["09:00", "12:00"], ["12:00", "24:00"]], "sunday": [["00:00", "00:01"]]}),
        ] {
            assert_eq!(weekly_hours(&good), Ok(()), "{good}");
        }
        for bad in [
            json!([]),
            json!({"Monday": []}),
            json!({"monday": {}}),
            json!({"monday": [["09:00"]]}),
            json!({"monday": [["9:00", "17:00"]]}),
            json!({"monday": [["09:00", "24:01"]]}),
            json!({"monday": [["24:00", "24:00"]]}),
            json!({"monday": [["17:00", "09:00"]]}),
            json!({"monday": [["09:00", "09:00"]]}),
            json!({"monday": [["09:00", "12:00"], ["11:00", "13:00"]]}),
            json!({"monday": [["13:00", "14:00"], ["09:00", "12:00"]]}),
            json!({"monday": [[9, 17]]}),
        ] {
            assert!(weekly_hours(&bad).is_err(), "{bad}");
        }
    }
}
