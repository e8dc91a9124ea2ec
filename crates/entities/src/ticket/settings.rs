//! What an organization decides about its tickets, among its settings.

use kith_catalogue::fault::{Fault, Faults};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// How a new ticket that nobody has finds somebody.
const ASSIGNMENTS: [&str; 3] = ["manual", "round_robin", "least_loaded"];

/// Ten years.
const MOST_DAYS: u64 = 3_650;

/// Checks the settings that are about tickets:
/// - `ticket_reopen_days`: for how many days one that is done can be opened again (14);
/// - `ticket_assignment`: `manual` (the default), `round_robin` or `least_loaded`, for new ones;
/// - `ticket_team_id`: the team among whose members they are given out;
/// - `ticket_wait_after_reply`: whether our public comment means that we wait for the customer (false).
pub(crate) fn check(settings: &Map<String, Json>, faults: &mut Faults) {
    for (name, value) in settings.iter().filter(|(_, value)| !value.is_null()) {
        let message = match name.as_str() {
            "ticket_reopen_days" if value.as_u64().is_none_or(|days| days > MOST_DAYS) => {
                "must be a whole number from 0 to 3650"
            }
            "ticket_assignment"
                if value
                    .as_str()
                    .is_none_or(|word| !ASSIGNMENTS.contains(&word)) =>
            {
                "must be manual, round_robin or least_loaded"
            }
            "ticket_team_id"
                if value
                    .as_str()
                    .is_none_or(|text| Uuid::try_parse(text).is_err()) =>
            {
                "must be the id of a team"
            }
            "ticket_wait_after_reply" if !value.is_boolean() => "must be true or false",
            _ => continue,
        };
        faults.push(Fault::new("not_allowed", message).at(format!("settings.{name}")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_setting_is_checked_by_its_name() {
        let good = json!({"ticket_reopen_days": 0, "ticket_assignment": "least_loaded", "ticket_team_id": Uuid::nil(),
            "ticket_wait_after_reply": true, "max_active_products": 5});
        let bad = json!({"ticket_reopen_days": -1, "ticket_assignment": "lottery", "ticket_team_id": "us", "ticket_wait_after_reply": "yes"});
        for (settings, count) in [(good, 0), (bad, 4)] {
            let mut faults = Faults::new();
            check(settings.as_object().unwrap(), &mut faults);
            assert_eq!(faults.into_vec().len(), count);
        }
    }
}
