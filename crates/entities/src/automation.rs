//! Automations: what an organization wants done when something happens. Checked when they are written, so that what
//! runs later makes sense.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, ListQuery, QueryInput, Rules};
use serde_json::Value as Json;
use uuid::Uuid;

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const IS_ACTIVE: Col<bool> = col("is_active");
pub const TRIGGER_ENTITY: Col<String> = col("trigger_entity");
pub const TRIGGER_EVENT: Col<String> = col("trigger_event");
pub const TRIGGER_FIELDS: Col<Json> = col("trigger_fields");
pub const CONDITIONS: Col<Json> = col("conditions");
pub const ACTIONS: Col<Json> = col("actions");
pub const RUN_COUNT: Col<i64> = col("run_count");
pub const LAST_RUN_AT: Col<Timestamp> = col("last_run_at");

pub const AUTOMATION_REFERENCE: Col<Uuid> = col("automation_id");
pub const SEQUENCE: Col<i64> = col("sequence");
pub const RECORD: Col<Uuid> = col("record_id");
pub const STATUS: Col<String> = col("status");
pub const RESULT: Col<Json> = col("result");
pub const ERROR: Col<String> = col("error");
pub const STARTED_AT: Col<Timestamp> = col("started_at");
pub const FINISHED_AT: Col<Timestamp> = col("finished_at");

const EVENTS: &[Choice] = &[
    Choice::new("created", "Created", "green"),
    Choice::new("updated", "Changed", "blue"),
    Choice::new("deleted", "Deleted", "red"),
    Choice::new("restored", "Restored", "teal"),
];

const STATUSES: &[Choice] = &[
    Choice::new("queued", "Queued", "gray"),
    Choice::new("running", "Running", "blue"),
    Choice::new("completed", "Completed", "green"),
    Choice::new("failed", "Failed", "red"),
    Choice::new("skipped", "Skipped", "gray"),
];

pub static AUTOMATION: Entity = Entity {
    name: "automation",
    table: "automations",
    is_view: false,
    path: "automations",
    label: "Automation",
    label_plural: "Automations",
    icon: "zap",
    resource: "automations",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .max_length(100)
            .sortable(),
        Field::of(DESCRIPTION, "Description", Kind::LongText).max_length(5000),
        Field::of(IS_ACTIVE, "Active", Kind::Boolean)
            .default(Default::Boolean(false))
            .sortable(),
        Field::of(TRIGGER_ENTITY, "When a record of", Kind::Text)
            .required()
            .max_length(50)
            .filterable()
            .help("An entity, such as deal"),
        Field::of(TRIGGER_EVENT, "is", Kind::Choice)
            .choices(EVENTS)
            .required()
            .filterable(),
        Field::of(TRIGGER_FIELDS, "in one of these fields", Kind::Json).filled()
            .help("For changes: a list of fields; empty for any"),
        Field::of(CONDITIONS, "and", Kind::Json)
            .help("A filter, as lists take it"),
        Field::of(ACTIONS, "then", Kind::Json).required().help(
            "A list: {\"do\": \"update\", \"set\": {…}}, {\"do\": \"create\", \"entity\": …, \"set\": {…}}, {\"do\": \"notify\", \"users\": […], \"title\": …} or {\"do\": \"webhook\", \"endpoint_id\": …}",
        ),
        Field::of(RUN_COUNT, "Runs", Kind::Integer).filled().system(),
        Field::of(LAST_RUN_AT, "Last run", Kind::Timestamp).system(),
    ],
    children: &[Child {
        name: "runs",
        label: "Runs",
        entity: "automation_run",
        field: "automation_id",
    }],
    layout: Layout {
        table: &[
            "name",
            "trigger_entity",
            "trigger_event",
            "is_active",
            "run_count",
            "last_run_at",
        ],
        sections: &[
            Section {
                label: "Automation",
                fields: &["name", "description", "is_active"],
            },
            Section {
                label: "When and what",
                fields: &[
                    "trigger_entity",
                    "trigger_event",
                    "trigger_fields",
                    "conditions",
                    "actions",
                ],
            },
        ],
        board: None,
    },
    verbs: Verbs {
        import: false,
        ..Verbs::ALL
    },
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(AUTOMATION),
};

pub static AUTOMATION_RUN: Entity = Entity {
    name: "automation_run",
    table: "automation_runs",
    is_view: false,
    path: "automation-runs",
    label: "Automation run",
    label_plural: "Automation runs",
    icon: "play",
    resource: "automations",
    title: "id",
    access: Access::Shared,
    fields: &[
        Field::of(AUTOMATION_REFERENCE, "Automation", Kind::Reference)
            .references("automation")
            .filterable()
            .system(),
        Field::of(SEQUENCE, "Sequence", Kind::Integer).system(),
        Field::of(RECORD, "Record", Kind::Uuid)
            .filterable()
            .system(),
        Field::of(STATUS, "Status", Kind::Choice)
            .filled()
            .choices(STATUSES)
            .filterable()
            .system(),
        Field::of(RESULT, "Result", Kind::Json).system(),
        Field::of(ERROR, "Error", Kind::Text).system(),
        Field::of(STARTED_AT, "Started", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(FINISHED_AT, "Finished", Kind::Timestamp)
            .sortable()
            .system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "created_at",
            "automation_id",
            "record_id",
            "status",
            "error",
            "finished_at",
        ],
        sections: &[Section {
            label: "Run",
            fields: &[
                "automation_id",
                "record_id",
                "status",
                "error",
                "result",
                "started_at",
                "finished_at",
            ],
        }],
        board: None,
    },
    verbs: Verbs::READ,
    soft_delete: false,
    versioned: false,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("created_at", true),
    all: fields_of!(AUTOMATION_RUN),
};

/// Rules of automations: what triggers, conditions and actions speak of exists.
pub struct AutomationRules;

impl Rules for AutomationRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            // Conditions are read as a list would read them, with the organization's own fields.
            let mut faults = Faults::new();
            for change in batch.changes.iter() {
                let Some(entity) = change
                    .get(TRIGGER_ENTITY)
                    .and_then(|name| batch.catalogue.by_name(&name))
                else {
                    continue;
                };
                let Some(conditions) = change.get(CONDITIONS) else {
                    continue;
                };
                let input = QueryInput {
                    pairs: Vec::new(),
                    filter: Some(conditions),
                };
                match ListQuery::parse(batch.catalogue, entity, batch.caller, input) {
                    Ok(_) => {}
                    Err(EngineError::BadQuery(found)) => {
                        for fault in found {
                            faults.push(fault.at("conditions"));
                        }
                    }
                    Err(other) => return Err(other),
                }
            }
            if faults.is_empty() {
                Ok(())
            } else {
                Err(faults.into())
            }
        }
        .boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let Some(name) = change.get(TRIGGER_ENTITY) else {
            return;
        };
        let Some(entity) = crate::CATALOGUE.by_name(&name) else {
            faults.push(
                Fault::new(
                    "not_an_entity",
                    "is no kind of record; give one such as deal",
                )
                .at("trigger_entity"),
            );
            return;
        };
        if let Some(fields) = change.get(TRIGGER_FIELDS) {
            check_fields(entity, &fields, faults);
        }
        if let Some(actions) = change.get(ACTIONS) {
            check_actions(entity, &actions, faults);
        }
    }
}

fn check_fields(entity: &'static Entity, fields: &Json, faults: &mut Faults) {
    let Some(list) = fields.as_array().filter(|list| list.len() <= 100) else {
        faults.push(
            Fault::new("not_a_list", "must be a list of at most 100 fields").at("trigger_fields"),
        );
        return;
    };
    for (index, name) in list.iter().enumerate() {
        let known = name.as_str().is_some_and(|name| {
            entity.field(name).is_some() || entity.extensible && name == "custom_fields"
        });
        if !known {
            faults.push(
                Fault::new("unknown_field", "is no field of such records")
                    .at(format!("trigger_fields.{index}")),
            );
        }
    }
}

fn check_actions(entity: &'static Entity, actions: &Json, faults: &mut Faults) {
    let Some(list) = actions
        .as_array()
        .filter(|list| (1..=20).contains(&list.len()))
    else {
        faults.push(Fault::new("not_a_list", "must be a list of 1 to 20 actions").at("actions"));
        return;
    };
    for (index, action) in list.iter().enumerate() {
        if let Err((field, message)) = check_action(entity, action) {
            let place = if field.is_empty() {
                format!("actions.{index}")
            } else {
                format!("actions.{index}.{field}")
            };
            faults.push(Fault::new("not_an_action", message).at(place));
        }
    }
}

/// The members that each action takes, `do` aside; the first ones are required.
const ACTION_MEMBERS: [(&str, &[&str], &[&str]); 4] = [
    ("update", &["set"], &[]),
    ("create", &["entity", "set"], &[]),
    ("notify", &["users", "title"], &["message", "type"]),
    ("webhook", &["endpoint_id"], &[]),
];

fn check_action(entity: &'static Entity, action: &Json) -> Result<(), (String, String)> {
    let wrong = |field: &str, message: &str| Err((field.to_owned(), message.to_owned()));
    let Some(members) = action.as_object() else {
        return wrong("", "must be an object");
    };
    let name = members.get("do").and_then(Json::as_str).unwrap_or_default();
    let Some((_, required, optional)) = ACTION_MEMBERS.iter().find(|(known, _, _)| *known == name)
    else {
        return wrong("do", "must be update, create, notify or webhook");
    };
    if let Some(missing) = required.iter().find(|name| !members.contains_key(**name)) {
        return wrong(missing, "is required");
    }
    if let Some(unknown) = members.keys().find(|key| {
        *key != "do" && !required.contains(&key.as_str()) && !optional.contains(&key.as_str())
    }) {
        return wrong(unknown, "is not a part of this action");
    }
    match name {
        "update" => check_values(entity, members.get("set"), Field::writable_on_update),
        "create" => {
            let named = members.get("entity").and_then(Json::as_str);
            match named.and_then(|name| crate::CATALOGUE.by_name(name)) {
                Some(other) if other.verbs.create => {
                    check_values(other, members.get("set"), Field::writable_on_create)
                }
                _ => wrong("entity", "is no kind of record that can be made"),
            }
        }
        "notify" => {
            let users = members.get("users").and_then(Json::as_array);
            let whole = users.is_some_and(|users| {
                (1..=50).contains(&users.len())
                    && users.iter().all(|user| {
                        user.as_str().is_some_and(|text| {
                            text.parse::<Uuid>().is_ok()
                                || entity
                                    .field(text)
                                    .is_some_and(|field| field.kind == Kind::User)
                        })
                    })
            });
            if !whole {
                return wrong(
                    "users",
                    "must be a list of people's ids, or of fields that hold one",
                );
            }
            let title = members.get("title").and_then(Json::as_str);
            if !title.is_some_and(|text| (1..=255).contains(&text.chars().count())) {
                return wrong("title", "must be text of 1 to 255 characters");
            }
            let kind = members
                .get("type")
                .map(|kind| kind.as_str().unwrap_or_default());
            if kind.is_some_and(|kind| !["info", "success", "warning", "error"].contains(&kind)) {
                return wrong("type", "must be info, success, warning or error");
            }
            Ok(())
        }
        _ => {
            let id = members.get("endpoint_id").and_then(Json::as_str);
            if id.is_some_and(|id| id.parse::<Uuid>().is_ok()) {
                Ok(())
            } else {
                wrong("endpoint_id", "must be the id of a webhook")
            }
        }
    }
}

/// Values are checked in full when the action runs; here that their fields exist and may be written.
fn check_values(
    entity: &'static Entity,
    values: Option<&Json>,
    writable: fn(&Field) -> bool,
) -> Result<(), (String, String)> {
    let Some(values) = values
        .and_then(Json::as_object)
        .filter(|set| !set.is_empty())
    else {
        return Err((
            "set".to_owned(),
            "must be an object of fields and values".to_owned(),
        ));
    };
    match values
        .keys()
        .find(|name| !entity.field(name).is_some_and(writable))
    {
        None => Ok(()),
        Some(unknown) => Err((
            format!("set.{unknown}"),
            "is no field of such records that can be written".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn actions_speak_of_what_exists() {
        let deal = crate::CATALOGUE.by_name("deal").unwrap();
        let person = Uuid::from_u128(1);
        for good in [
            json!({"do": "update", "set": {"description": "Seen"}}),
            json!({"do": "create", "entity": "task", "set": {"title": "Call"}}),
            json!({"do": "notify", "users": ["owner_id", person], "title": "Look"}),
            json!({"do": "webhook", "endpoint_id": person}),
        ] {
            assert_eq!(check_action(deal, &good), Ok(()), "{good}");
        }
        for (bad, place) in [
            (json!("update"), ""),
            (json!({"do": "explode"}), "do"),
            (json!({"do": "update"}), "set"),
            (
                json!({"do": "update", "set": {"unicorn": 1}}),
                "set.unicorn",
            ),
            (
                json!({"do": "update", "set": {"version": 1}}),
                "set.version",
            ),
            (
                json!({"do": "create", "entity": "activity", "set": {"a": 1}}),
                "entity",
            ),
            (
                json!({"do": "notify", "users": ["name"], "title": "x"}),
                "users",
            ),
            (json!({"do": "notify", "users": [], "title": "x"}), "users"),
            (json!({"do": "webhook", "endpoint_id": "x"}), "endpoint_id"),
            (
                json!({"do": "webhook", "endpoint_id": person, "extra": 1}),
                "extra",
            ),
        ] {
            assert_eq!(check_action(deal, &bad).unwrap_err().0, place, "{bad}");
        }
    }
}
