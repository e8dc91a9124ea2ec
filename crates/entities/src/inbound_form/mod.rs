//! Forms of landing pages: what anybody may send in, and what lead it makes.

mod submission;

pub use submission::{Form, Submission, Submitted, find, submissions, submit};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{deal, lead};

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const PUBLIC_ID: Col<String> = col("public_id");
pub const IS_ACTIVE: Col<bool> = col("is_active");
pub const OWNER: Col<Uuid> = col("owner_id");
pub const CAMPAIGN: Col<Uuid> = col("campaign_id");
pub const PRODUCT: Col<Uuid> = col("product_id");
pub const SOURCE: Col<String> = col("source");
pub const SOURCE_DETAIL: Col<String> = col("source_detail");
pub const FIELDS: Col<Json> = col("fields");
pub const ALLOWED_ORIGINS: Col<Json> = col("allowed_origins");
pub const HONEYPOT: Col<String> = col("honeypot");
pub const SUCCESS_MESSAGE: Col<String> = col("success_message");
pub const REDIRECT_URL: Col<String> = col("redirect_url");
pub const SUBMISSION_COUNT: Col<i64> = col("submission_count");
pub const LAST_SUBMITTED_AT: Col<Timestamp> = col("last_submitted_at");

/// Fields of a form, at most.
const MOST_FIELDS: usize = 50;
/// Sites of a form, at most.
const MOST_ORIGINS: usize = 50;

/// What a form asks for when nothing else is said.
const USUAL: [(&str, &str, bool); 6] = [
    ("first_name", "First name", false),
    ("last_name", "Last name", false),
    ("email", "Email", true),
    ("phone", "Phone", false),
    ("company_name", "Company", false),
    ("notes", "Message", false),
];

/// Fields of a lead that say how the lead is worked, or that the form itself gives: no page may fill them in.
const KEPT: [&str; 13] = [
    "pipeline_id",
    "stage_id",
    "status",
    "owner_id",
    "source",
    "source_detail",
    "campaign_id",
    "product_id",
    "is_archived",
    "lost_reason",
    "estimated_value",
    "preferences",
    "tags",
];

/// One field of a form.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// As the page sends it.
    pub name: String,
    /// A lead's field, or `custom.<key>`; without one, what was sent is added to the lead's notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default)]
    pub required: bool,
}

pub static INBOUND_FORM: Entity = Entity {
    name: "inbound_form",
    table: "inbound_forms",
    is_view: false,
    path: "inbound-forms",
    label: "Inbound form",
    label_plural: "Inbound forms",
    icon: "file-text",
    resource: "inbound_forms",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text).required().sortable(),
        Field::of(IS_ACTIVE, "Active", Kind::Boolean)
            .default(Default::Boolean(true))
            .filterable(),
        Field::of(PUBLIC_ID, "Public id", Kind::Text).filled()
            .unique()
            .system()
            .help("The page sends to /api/v1/forms/ and this"),
        Field::of(OWNER, "Owner", Kind::User)
            .default(Default::CurrentUser)
            .filterable()
            .help("In whose name its leads are made, and whose they are"),
        Field::of(CAMPAIGN, "Campaign", Kind::Reference)
            .references("campaign")
            .filterable(),
        Field::of(PRODUCT, "Product", Kind::Reference)
            .references("product")
            .filterable(),
        Field::of(SOURCE, "Source", Kind::Choice)
            .choices(deal::SOURCES)
            .required()
            .default(Default::Text("website"))
            .filterable(),
        Field::of(SOURCE_DETAIL, "Source detail", Kind::Text),
        Field::of(FIELDS, "Fields", Kind::Json).filled()
            .help("[{\"name\": \"mail\", \"field\": \"email\", \"label\": \"Your address\", \"required\": true}]"),
        Field::of(ALLOWED_ORIGINS, "Sites", Kind::Json).filled()
            .help("[\"https://www.example.com\"]; empty: any site"),
        Field::of(HONEYPOT, "Trap", Kind::Text)
            .required()
            .max_length(50)
            .default(Default::Text("company_fax"))
            .help("A field that people do not see; who fills it in is a robot"),
        Field::of(SUCCESS_MESSAGE, "Thanks", Kind::Text)
            .required()
            .max_length(1000)
            .default(Default::Text("Thank you. We will be in touch.")),
        Field::of(REDIRECT_URL, "Then go to", Kind::Url),
        Field::of(DESCRIPTION, "Description", Kind::Text).max_length(1000),
        Field::of(SUBMISSION_COUNT, "Submissions", Kind::Integer).filled().system(),
        Field::of(LAST_SUBMITTED_AT, "Last submission", Kind::Timestamp)
            .sortable()
            .system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "name",
            "is_active",
            "campaign_id",
            "owner_id",
            "submission_count",
            "last_submitted_at",
        ],
        sections: &[
            Section {
                label: "Form",
                fields: &[
                    "name",
                    "is_active",
                    "description",
                    "public_id",
                    "fields",
                    "honeypot",
                    "allowed_origins",
                    "success_message",
                    "redirect_url",
                ],
            },
            Section {
                label: "Its leads",
                fields: &[
                    "owner_id",
                    "source",
                    "source_detail",
                    "campaign_id",
                    "product_id",
                    "submission_count",
                    "last_submitted_at",
                ],
            },
        ],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: true,
        delete: true,
        import: false,
    },
    soft_delete: true,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(INBOUND_FORM),
};

/// Rules of forms.
pub struct InboundFormRules;

impl Rules for InboundFormRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        let mut faults = Faults::new();
        for change in batch.changes.iter_mut() {
            if change.is_new() && change.get(FIELDS).is_none() {
                change.set(FIELDS, usual_fields());
            }
            if change.gives(FIELDS) && change.get(FIELDS).is_none() {
                change.set(FIELDS, json!([]));
            }
            if change.gives(ALLOWED_ORIGINS) && change.get(ALLOWED_ORIGINS).is_none() {
                change.set(ALLOWED_ORIGINS, json!([]));
            }
            let custom = batch.caller.overlay.of(lead::LEAD.name);
            let known = |name: &str| match name.strip_prefix("custom.") {
                Some(key) => custom.iter().any(|field| field.key == key),
                None => fillable(name),
            };
            if let Some(fields) = change.get(FIELDS).filter(|_| change.gives(FIELDS)) {
                match parse_fields(&fields, &known) {
                    Ok(fields) => change.set(FIELDS, json!(fields)),
                    Err(fault) => faults.push(fault.at("fields")),
                }
            }
            if let Some(origins) = change
                .get(ALLOWED_ORIGINS)
                .filter(|_| change.gives(ALLOWED_ORIGINS))
            {
                match parse_origins(&origins) {
                    Ok(origins) => change.set(ALLOWED_ORIGINS, json!(origins)),
                    Err(fault) => faults.push(fault.at("allowed_origins")),
                }
            }
        }
        let checked = if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.into())
        };
        async { checked }.boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let shaped = |name: &str| {
            name.chars().enumerate().all(|(index, letter)| {
                letter.is_ascii_lowercase()
                    || index > 0 && (letter.is_ascii_digit() || letter == '_')
            })
        };
        if change.get(HONEYPOT).is_some_and(|name| !shaped(&name)) {
            faults.push(
                Fault::new(
                    "not_a_name",
                    "must be a lower-case letter, then letters, digits and _",
                )
                .at("honeypot"),
            );
        }
    }
}

/// Whether a page may fill in this field of a lead.
fn fillable(name: &str) -> bool {
    lead::LEAD.field(name).is_some_and(|field| {
        field.writable_on_create() && !KEPT.contains(&name) && field.kind != Kind::CustomFields
    })
}

fn usual_fields() -> Json {
    let fields = USUAL.map(|(name, label, required)| FormField {
        name: name.to_owned(),
        field: Some(name.to_owned()),
        label: Some(label.to_owned()),
        required,
    });
    json!(fields)
}

fn parse_fields(json: &Json, known: &dyn Fn(&str) -> bool) -> Result<Vec<FormField>, Fault> {
    let fields: Vec<FormField> = serde_json::from_value(json.clone()).map_err(|error| {
        let message =
            format!("must be a list of {{\"name\", \"field\", \"label\", \"required\"}}: {error}");
        Fault::new("not_fields", message)
    })?;
    if fields.len() > MOST_FIELDS {
        return Err(Fault::new(
            "too_many",
            format!("has more than {MOST_FIELDS} fields"),
        ));
    }
    for (index, field) in fields.iter().enumerate() {
        if field.name.is_empty() || field.name.chars().count() > 100 {
            return Err(Fault::new(
                "not_a_name",
                "has a field whose name is empty or longer than 100 characters",
            ));
        }
        if fields
            .iter()
            .take(index)
            .any(|other| other.name == field.name)
        {
            return Err(Fault::new(
                "twice",
                format!("has the field {} twice", field.name),
            ));
        }
        if let Some(of_lead) = &field.field
            && !known(of_lead)
        {
            let message = format!("{of_lead} is no field of leads that a page may fill in");
            return Err(Fault::new("unknown_field", message));
        }
    }
    Ok(fields)
}

/// Origins as browsers write them: `https://www.example.com`, a port where it is not the usual one.
fn parse_origins(json: &Json) -> Result<Vec<String>, Fault> {
    let origins: Vec<String> = serde_json::from_value(json.clone()).map_err(|_| {
        Fault::new(
            "not_origins",
            "must be a list of sites such as [\"https://www.example.com\"]",
        )
    })?;
    if origins.len() > MOST_ORIGINS {
        return Err(Fault::new(
            "too_many",
            format!("has more than {MOST_ORIGINS} sites"),
        ));
    }
    origins
        .iter()
        .map(|origin| {
            let lower = origin.trim().trim_end_matches('/').to_lowercase();
            let host = lower
                .strip_prefix("https://")
                .or_else(|| lower.strip_prefix("http://"));
            match host {
                Some(host)
                    if !host.is_empty()
                        && lower.len() <= 255
                        && !host.contains(['/', '?', '#', '@', ' ', '*']) =>
                {
                    Ok(lower)
                }
                _ => Err(Fault::new(
                    "not_an_origin",
                    format!(
                        "{origin:?} is no site such as https://www.example.com, without a path"
                    ),
                )),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_sites_without_paths() {
        let good = parse_origins(&json!([
            "https://WWW.example.com/",
            "http://localhost:3000"
        ]))
        .unwrap();
        assert_eq!(good, ["https://www.example.com", "http://localhost:3000"]);
        for bad in [
            "*",
            "example.com",
            "https://",
            "https://a.example/path",
            "ftp://a.example",
            "https://u@a.example",
        ] {
            assert!(parse_origins(&json!([bad])).is_err(), "{bad}");
        }
        assert!(parse_origins(&json!("https://a.example")).is_err());
    }

    #[test]
    fn a_page_fills_in_what_it_may() {
        let known = |name: &str| fillable(name);
        assert!(parse_fields(&usual_fields(), &known).is_ok());
        for bad in [
            "owner_id",
            "stage_id",
            "score",
            "source",
            "no_such",
            "custom_fields",
        ] {
            assert!(
                parse_fields(&json!([{"name": "x", "field": bad}]), &known).is_err(),
                "{bad}"
            );
        }
        assert!(parse_fields(&json!([{"name": "x"}, {"name": "x"}]), &known).is_err());
        assert!(parse_fields(&json!([{"name": "utm", "field": "utm_source"}]), &known).is_ok());
    }
}
