//! What a report asks: its type and what narrows it.

use jiff::civil::Date;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::Choice;
use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

/// The questions that there are: those of documents 000 to 003, and one that is put together.
pub const TYPES: &[Choice] = &[
    Choice::new("conversion", "Conversion", "green"),
    Choice::new("source_performance", "Source performance", "blue"),
    Choice::new("project_summary", "Project summary", "violet"),
    Choice::new("lead_funnel", "Lead conversion funnel", "teal"),
    Choice::new("pipeline", "Sales pipeline", "violet"),
    Choice::new("forecast", "Forecast", "orange"),
    Choice::new("won_lost", "Won and lost", "amber"),
    Choice::new("product_performance", "Product performance", "pink"),
    Choice::new("campaign_performance", "Campaign performance", "blue"),
    Choice::new("activity", "Activity", "gray"),
    Choice::new("project_profitability", "Project profitability", "red"),
    Choice::new("custom", "Custom", "gray"),
];

/// A report that is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) kind: &'static str,
    pub(super) narrowed: Narrowed,
}

/// What narrows it; what a type does not know is refused.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Narrowed {
    /// Days, both included.
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    pub(super) interval: Option<Interval>,
    pub(super) project_id: Option<Uuid>,
    pub(super) company_id: Option<Uuid>,
    pub(super) owner_id: Option<Uuid>,
    pub(super) pipeline_id: Option<Uuid>,
    /// Of a custom report: whose records, which of them, by what, and what is added up.
    pub(super) entity: Option<String>,
    pub(super) filter: Option<Json>,
    pub(super) group_by: Option<String>,
    pub(super) measure: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Interval {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Interval {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Interval::Day => "day",
            Interval::Week => "week",
            Interval::Month => "month",
            Interval::Quarter => "quarter",
            Interval::Year => "year",
        }
    }
}

/// What each type can be narrowed by.
pub(super) fn parameters(kind: &str) -> &'static [&'static str] {
    match kind {
        "conversion" => &[
            "from",
            "to",
            "interval",
            "project_id",
            "company_id",
            "owner_id",
        ],
        "source_performance" | "campaign_performance" => {
            &["from", "to", "project_id", "company_id", "owner_id"]
        }
        "project_summary" => &["project_id"],
        "lead_funnel" | "pipeline" => &["pipeline_id"],
        "forecast" => &[
            "from",
            "to",
            "interval",
            "pipeline_id",
            "owner_id",
            "company_id",
        ],
        "won_lost" => &["from", "to", "pipeline_id", "owner_id", "company_id"],
        "product_performance" => &["from", "to"],
        "activity" => &["from", "to", "owner_id"],
        "project_profitability" => &["company_id", "project_id"],
        "custom" => &["entity", "filter", "group_by", "measure", "interval"],
        _ => &[],
    }
}

impl Request {
    /// Reads and checks what narrows a report of a type.
    ///
    /// # Errors
    /// Every part that is wrong, by its name.
    pub fn parse(kind: &str, config: &Json) -> Result<Request, Faults> {
        let mut faults = Faults::new();
        let known = TYPES
            .iter()
            .find(|choice| choice.value == kind)
            .map(|choice| choice.value);
        let Some(kind) = known else {
            faults.push(Fault::new("not_a_choice", "is no type of report").at("type"));
            return Err(faults);
        };
        let allowed = parameters(kind);
        let Json::Object(members) = config else {
            faults.push(Fault::new("not_an_object", "must be an object").at("config"));
            return Err(faults);
        };
        for name in members
            .keys()
            .filter(|name| !allowed.contains(&name.as_str()))
        {
            let message = format!(
                "does not narrow this type of report; it takes {}",
                allowed.join(", ")
            );
            faults.push(Fault::new("unknown_field", message).at(name.clone()));
        }
        faults.into_result()?;
        let mut faults = Faults::new();
        let narrowed: Narrowed = match serde_json::from_value(config.clone()) {
            Ok(narrowed) => narrowed,
            Err(error) => {
                faults.push(
                    Fault::new("not_allowed", format!("cannot be read: {error}")).at("config"),
                );
                return Err(faults);
            }
        };
        if narrowed
            .from
            .zip(narrowed.to)
            .is_some_and(|(from, to)| from > to)
        {
            faults.push(Fault::new("rule", "must not be before from").at("to"));
        }
        if kind == "project_summary" && narrowed.project_id.is_none() {
            faults.push(Fault::new("required", "say which project").at("project_id"));
        }
        if kind == "custom" {
            for (name, missing) in [
                ("entity", narrowed.entity.is_none()),
                ("group_by", narrowed.group_by.is_none()),
            ] {
                if missing {
                    faults.push(Fault::new("required", "is needed by a custom report").at(name));
                }
            }
        }
        faults.into_result()?;
        Ok(Request { kind, narrowed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_narrows_a_report_is_checked_by_type() {
        assert!(
            Request::parse(
                "conversion",
                &json!({"from": "2026-01-01", "interval": "month"})
            )
            .is_ok()
        );
        for (kind, config, field) in [
            ("conversion", json!({"pipeline_id": null}), "pipeline_id"),
            (
                "conversion",
                json!({"from": "2026-02-01", "to": "2026-01-01"}),
                "to",
            ),
            ("conversion", json!({"from": "yesterday"}), "config"),
            ("project_summary", json!({}), "project_id"),
            ("custom", json!({"entity": "deal"}), "group_by"),
            ("nothing", json!({}), "type"),
        ] {
            let faults = Request::parse(kind, &config).unwrap_err().into_vec();
            assert_eq!(faults[0].field, field, "{kind} {config}");
        }
    }
}
