//! The organization's own fields: their definitions as records, and the overlay made of them.

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::custom::{CustomChoice, CustomField, Overlay};
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{AnyField, Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::kinds::{ParseContext, parse};
use kith_catalogue::value::Value;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use kith_store::{Database, Principal, Row, Statement, StoreError};
use serde_json::Value as Json;

use crate::naming;

pub const ENTITY: Col<String> = col("entity");
pub const KEY: Col<String> = col("key");
pub const LABEL: Col<String> = col("label");
pub const KIND: Col<String> = col("kind");
pub const IS_REQUIRED: Col<bool> = col("is_required");
pub const IS_UNIQUE: Col<bool> = col("is_unique");
pub const IS_FILTERABLE: Col<bool> = col("is_filterable");
pub const DEFAULT_VALUE: Col<Json> = col("default_value");
pub const CHOICES: Col<Json> = col("choices");
pub const REFERENCE: Col<String> = col("reference");
pub const MINIMUM: Col<i64> = col("minimum");
pub const MAXIMUM: Col<i64> = col("maximum");
pub const MAXIMUM_LENGTH: Col<i64> = col("maximum_length");
pub const HELP: Col<String> = col("help");
pub const POSITION: Col<i64> = col("position");

/// The entities that organizations may extend.
const ENTITIES: &[Choice] = &[
    Choice::new("company", "Company", "blue"),
    Choice::new("contact", "Contact", "green"),
    Choice::new("lead", "Lead", "teal"),
    Choice::new("deal", "Deal", "violet"),
    Choice::new("project", "Project", "amber"),
    Choice::new("task", "Task", "gray"),
    Choice::new("product", "Product", "amber"),
    Choice::new("ticket", "Ticket", "orange"),
    Choice::new("invoice", "Invoice", "green"),
    Choice::new("campaign", "Campaign", "pink"),
    Choice::new("email_template", "Email template", "blue"),
];

const KINDS: &[Choice] = &[
    Choice::new("text", "Text", "gray"),
    Choice::new("long_text", "Long text", "gray").also(&["textarea"]),
    Choice::new("email", "Email", "gray"),
    Choice::new("phone", "Phone", "gray"),
    Choice::new("url", "Web address", "gray"),
    Choice::new("integer", "Whole number", "blue"),
    Choice::new("percent", "Percent", "blue"),
    Choice::new("decimal", "Number", "blue").also(&["number"]),
    Choice::new("money", "Money", "blue"),
    Choice::new("boolean", "Yes or no", "green"),
    Choice::new("date", "Date", "amber"),
    Choice::new("timestamp", "Date and time", "amber").also(&["datetime"]),
    Choice::new("choice", "Choice", "violet"),
    Choice::new("multi_choice", "Several choices", "violet").also(&["multichoice"]),
    Choice::new("reference", "Reference", "teal"),
    Choice::new("user", "User", "teal"),
];

pub static CUSTOM_FIELD: Entity = Entity {
    name: "custom_field",
    table: "custom_fields",
    is_view: false,
    path: "custom-fields",
    label: "Custom field",
    label_plural: "Custom fields",
    icon: "text-cursor-input",
    resource: "custom_fields",
    title: "label",
    access: Access::Shared,
    fields: &[
        Field::of(LABEL, "Label", Kind::Text)
            .required()
            .max_length(100)
            .sortable(),
        Field::of(ENTITY, "Entity", Kind::Choice)
            .choices(ENTITIES)
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(KEY, "Key", Kind::Text)
            .required()
            .max_length(50)
            .writer(Writer::OnCreate)
            .help("The name in the interface and in imports; made from the label when left empty"),
        Field::of(KIND, "Kind", Kind::Choice)
            .choices(KINDS)
            .required()
            .writer(Writer::OnCreate),
        Field::of(IS_REQUIRED, "Required", Kind::Boolean).default(Default::Boolean(false)),
        Field::of(IS_UNIQUE, "Unique", Kind::Boolean).default(Default::Boolean(false)),
        Field::of(IS_FILTERABLE, "Filterable", Kind::Boolean).default(Default::Boolean(true)),
        Field::of(DEFAULT_VALUE, "Default", Kind::Json).help("{\"value\": …}"),
        Field::of(CHOICES, "Choices", Kind::Json)
            .default(Default::Empty)
            .help("[{\"value\": \"gold\", \"label\": \"Gold\", \"hue\": \"amber\"}]"),
        Field::of(REFERENCE, "Refers to", Kind::Choice)
            .choices(ENTITIES)
            .writer(Writer::OnCreate),
        Field::of(MINIMUM, "Minimum", Kind::Integer).range(-2_147_483_647, 2_147_483_647),
        Field::of(MAXIMUM, "Maximum", Kind::Integer).range(-2_147_483_647, 2_147_483_647),
        Field::of(MAXIMUM_LENGTH, "Maximum length", Kind::Integer).range(1, 50_000),
        Field::of(HELP, "Help", Kind::Text).max_length(500),
        Field::of(POSITION, "Position", Kind::Integer)
            .default(Default::Integer(0))
            .sortable(),
    ],
    children: &[],
    layout: Layout {
        table: &["label", "entity", "key", "kind", "is_required", "is_unique"],
        sections: &[
            Section {
                label: "Field",
                fields: &[
                    "label",
                    "entity",
                    "key",
                    "kind",
                    "choices",
                    "reference",
                    "help",
                    "position",
                ],
            },
            Section {
                label: "Rules",
                fields: &[
                    "is_required",
                    "is_unique",
                    "is_filterable",
                    "default_value",
                    "minimum",
                    "maximum",
                    "maximum_length",
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
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["key"],
    default_sort: ("position", false),
    all: fields_of!(CUSTOM_FIELD),
};

/// Rules of custom fields.
pub struct CustomFieldRules;

impl Rules for CustomFieldRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            for change in batch.changes.iter_mut() {
                if change.is_new()
                    && !change.gives(KEY)
                    && let Some(key) = change.get(LABEL).as_deref().and_then(naming::key)
                {
                    change.set(KEY, key);
                }
                if matches!(change.get(CHOICES), Some(Json::Object(_)) | None) {
                    change.set(CHOICES, Json::Array(Vec::new()));
                }
            }
            Ok(())
        }
        .boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if let Some(key) = change.get(KEY)
            && naming::key(&key).as_deref() != Some(key.as_str())
        {
            faults.push(
                Fault::new(
                    "not_a_key",
                    "has lower-case letters, digits and _ only and begins with a letter",
                )
                .at("key"),
            );
        }
        let Some(kind) = change.get(KIND).as_deref().and_then(Kind::from_name) else {
            return;
        };
        let choices = change
            .get(CHOICES)
            .map(serde_json::from_value::<Vec<CustomChoice>>);
        let wants_choices = matches!(kind, Kind::Choice | Kind::MultiChoice);
        match &choices {
            Some(Err(_)) => faults.push(
                Fault::new("bad_choices", "must be a list of {value, label, hue}").at("choices"),
            ),
            Some(Ok(choices)) if wants_choices && choices.is_empty() => {
                faults.push(
                    Fault::new("required", "a choice needs at least one value").at("choices"),
                );
            }
            None if wants_choices => faults
                .push(Fault::new("required", "a choice needs at least one value").at("choices")),
            _ => {}
        }
        if (kind == Kind::Reference) != change.get(REFERENCE).is_some() {
            faults.push(
                Fault::new("rule", "is needed for references, and only for them").at("reference"),
            );
        }
        if change
            .get(MINIMUM)
            .zip(change.get(MAXIMUM))
            .is_some_and(|(low, high)| low > high)
        {
            faults.push(Fault::new("rule", "must not be below the minimum").at("maximum"));
        }
        if kind == Kind::LongText
            && change.get(IS_FILTERABLE) == Some(true)
            && change.gives(IS_FILTERABLE)
            && !change.is_new()
        {
            faults.push(Fault::new("rule", "long text cannot be filtered by").at("is_filterable"));
        }
        if let Some(Json::Object(default)) = change.get(DEFAULT_VALUE)
            && let (Some(value), Some(Ok(choices))) =
                (default.get("value"), choices.or(Some(Ok(Vec::new()))))
        {
            check_default(change, kind, choices, value, faults);
        }
    }
}

/// A default must be a value of the field it is the default of.
fn check_default(
    change: &Change<Draft>,
    kind: Kind,
    choices: Vec<CustomChoice>,
    value: &Json,
    faults: &mut Faults,
) {
    let field = CustomField {
        key: "default_value".to_owned(),
        label: String::new(),
        kind,
        required: false,
        unique: false,
        filterable: false,
        default: Value::Null,
        max_length: change
            .get(MAXIMUM_LENGTH)
            .and_then(|length| u32::try_from(length).ok()),
        min: change.get(MINIMUM),
        max: change.get(MAXIMUM),
        choices,
        reference: None,
        help: None,
        position: 0,
    };
    let context = ParseContext {
        now: jiff::Zoned::default(),
        user_id: uuid::Uuid::nil(),
        region: None,
    };
    if let Err(fault) = parse(&AnyField::Custom(&field), value, &context) {
        faults.push(fault.at("default_value"));
    }
}

/// The organization's own fields, as the acting user may see them.
///
/// # Errors
/// The database's.
pub async fn load_overlay(
    database: &Database,
    principal: &Principal,
) -> Result<Overlay, StoreError> {
    let statement = Statement::new(
        "SELECT entity, key, label, kind, is_required, is_unique, is_filterable, default_value, choices, reference, minimum, maximum, \
         maximum_length, help, position FROM custom_fields",
    );
    let rows = database
        .read(principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let mut fields: HashMap<String, Vec<CustomField>> = HashMap::new();
    for row in &rows {
        let (entity, field) = read(row).map_err(|error| StoreError::internal(error.to_string()))?;
        fields.entry(entity).or_default().push(field);
    }
    Ok(Overlay::new(fields))
}

fn read(row: &Row) -> Result<(String, CustomField), Box<dyn std::error::Error + Send + Sync>> {
    let kind_name: String = row.try_get(3)?;
    let kind = Kind::from_name(&kind_name).ok_or("unknown kind of custom field")?;
    let mut field = CustomField {
        key: row.try_get(1)?,
        label: row.try_get(2)?,
        kind,
        required: row.try_get(4)?,
        unique: row.try_get(5)?,
        filterable: row.try_get::<_, bool>(6)? && kind != Kind::LongText,
        default: Value::Null,
        max_length: row
            .try_get::<_, Option<i32>>(12)?
            .and_then(|length| u32::try_from(length).ok()),
        min: row.try_get(10)?,
        max: row.try_get(11)?,
        choices: serde_json::from_value(row.try_get(8)?).unwrap_or_default(),
        reference: row.try_get(9)?,
        help: row.try_get(13)?,
        position: row.try_get::<_, i32>(14)?.into(),
    };
    let default: Option<Json> = row.try_get(7)?;
    if let Some(value) = default.as_ref().and_then(|json| json.get("value")) {
        let context = ParseContext {
            now: jiff::Zoned::default(),
            user_id: uuid::Uuid::nil(),
            region: None,
        };
        field.default = parse(&AnyField::Custom(&field), value, &context).unwrap_or(Value::Null);
    }
    Ok((row.try_get(0)?, field))
}
