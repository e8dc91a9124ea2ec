//! What can be stored at all, and read again: text without the character U+0000, which neither `text` nor `jsonb`
//! takes; days of four-digit years; numbers that are not at the very end of what a float reaches.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::fault::Fault;

/// Refuses text that cannot be stored.
///
/// # Errors
/// A [`Fault`] without a field: the caller knows it.
pub fn text(text: &str) -> Result<(), Fault> {
    if text.contains('\0') {
        return Err(Fault::new(
            "not_text",
            "must not contain the character U+0000",
        ));
    }
    Ok(())
}

/// Years that make sense in a CRM. PostgreSQL and JavaScript both reach further, though not as far as `jiff`.
const YEARS: std::ops::RangeInclusive<i16> = 1..=9999;

/// `jsonb` keeps every digit of a number, so that one near the end of a float's reach comes back as three hundred digits
/// which round to no float any more.
const LARGEST_NUMBER: f64 = 1e300;

/// Whether a day can be stored and compared.
pub fn day(day: Date) -> bool {
    YEARS.contains(&day.year())
}

/// Whether a moment can be stored and compared.
pub fn moment(moment: Timestamp) -> bool {
    day(moment.to_zoned(TimeZone::UTC).date())
}

/// Everything in a document that cannot be stored, names of members included, each with its place in it:
/// `operations[3].data.name`. A name that is itself at fault is shown with `\u0000`, as JSON writes it.
pub fn json(json: &Json) -> Vec<Fault> {
    let mut faults = Vec::new();
    visit(json, "", &mut faults);
    faults
}

fn visit(json: &Json, place: &str, faults: &mut Vec<Fault>) {
    match json {
        Json::String(value) => {
            if let Err(fault) = text(value) {
                faults.push(fault.at(place));
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, &format!("{place}[{index}]"), faults);
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                let shown = name.replace('\0', "\\u0000");
                let place = if place.is_empty() {
                    shown
                } else {
                    format!("{place}.{shown}")
                };
                if text(name).is_err() {
                    let message = "has a name with the character U+0000; leave it out";
                    faults.push(Fault::new("not_text", message).at(place.as_str()));
                }
                visit(member, &place, faults);
            }
        }
        Json::Number(number) => {
            if number
                .as_f64()
                .is_some_and(|number| number.abs() > LARGEST_NUMBER)
            {
                let message = "must be a number between -1e300 and 1e300";
                faults.push(Fault::new("out_of_range", message).at(place));
            }
        }
        Json::Null | Json::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_that_would_not_come_back_are_refused() {
        let document = json!({"a": f64::MAX, "b": [-1.7e308, 1e299, 5e-324], "c": u64::MAX});
        let places: Vec<String> = json(&document)
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(places, ["a", "b[0]"]);
    }

    #[test]
    fn every_place_is_named() {
        let document =
            json!({"a": "fine", "b": ["\0", {"c": "x\0"}], "d\0": {"e": "\0"}, "f": "\\u0000"});
        let places: Vec<String> = json(&document)
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(places, ["b[0]", "b[1].c", "d\\u0000", "d\\u0000.e"]);
        let alone: Vec<String> = json(&json!("\0"))
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(alone, [""]);
    }
}
