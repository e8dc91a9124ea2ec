//! How long what is deleted, and what tells of the past, is kept.

use jiff::Timestamp;
use kith_catalogue::fault::{Fault, Faults};
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Statement, StoreError, SystemTx};
use serde_json::Value as Json;

/// Rows that one run removes at most; what is left is for the next.
const BATCH: i32 = 1000;
/// A hundred years.
const MOST_DAYS: u64 = 36_500;

/// Removes what one organization has kept for as long as its settings say, a batch of it, and answers how many
/// rows went. What something refers to that has to be kept stays.
///
/// # Errors
/// Those of the database.
pub async fn retention(tx: &SystemTx, now: Timestamp) -> Result<u64, EngineError> {
    let statement = Statement::new("SELECT apply_retention($1, $2)")
        .with(now, Type::TIMESTAMPTZ)
        .with(BATCH, Type::INT4);
    let gone: i64 = tx
        .query_one(&statement)
        .await?
        .try_get(0)
        .map_err(StoreError::from)?;
    Ok(gone.unsigned_abs())
}

/// Checks the setting `retention`: days by what they are for. `deleted_days` is for every entity that has none of
/// its own (`company_days`), `audit_log_days` and `activities_days` for the trails.
pub(crate) fn check_retention(retention: &Json, faults: &mut Faults) {
    let at = |name: &str| format!("settings.retention.{name}");
    let Json::Object(members) = retention else {
        if !retention.is_null() {
            faults.push(Fault::new("not_allowed", "must be an object").at("settings.retention"));
        }
        return;
    };
    for (name, days) in members {
        let known = matches!(
            name.as_str(),
            "deleted_days" | "audit_log_days" | "activities_days"
        ) || name
            .strip_suffix("_days")
            .and_then(|name| crate::CATALOGUE.by_name(name))
            .is_some_and(|entity| entity.soft_delete);
        if !known {
            faults.push(
                Fault::new(
                    "unknown_field",
                    "is not something that is kept for some days",
                )
                .at(at(name)),
            );
        } else if !days.is_null()
            && days
                .as_u64()
                .is_none_or(|days| !(1..=MOST_DAYS).contains(&days))
        {
            faults.push(
                Fault::new("not_allowed", "must be a whole number from 1 to 36500").at(at(name)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn days_are_whole_and_for_something_known() {
        let faults = |retention: Json| {
            let mut faults = Faults::new();
            check_retention(&retention, &mut faults);
            faults
                .into_vec()
                .into_iter()
                .map(|fault| fault.field)
                .collect::<Vec<_>>()
        };
        let good = json!({"deleted_days": 90, "company_days": 365, "audit_log_days": 3650, "activities_days": null});
        assert!(faults(good).is_empty());
        assert_eq!(
            faults(json!({"deleted_days": 0, "tag_days": 3, "company_days": "7"})),
            [
                "settings.retention.deleted_days",
                "settings.retention.tag_days",
                "settings.retention.company_days"
            ]
        );
        assert_eq!(faults(json!(3)), ["settings.retention"]);
    }
}
