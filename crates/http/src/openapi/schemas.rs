//! Schemas: the shared ones, and those of each entity by the kinds of its fields.

use kith_catalogue::Catalogue;
use kith_catalogue::custom::{CustomField, Overlay};
use kith_catalogue::entity::Entity;
use kith_catalogue::field::{Default as FieldDefault, Field};
use kith_catalogue::kind::Kind;
use serde_json::{Map, Value as Json, json};

use super::schema;
use crate::meta::nullable;

/// `deal_item` → `DealItem`.
pub(super) fn name_of(entity: &Entity) -> String {
    entity.name.split('_').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// What a value of a field looks like.
struct Shape<'a> {
    kind: Kind,
    max_length: Option<u32>,
    min: Option<i64>,
    max: Option<i64>,
    choices: Vec<&'a str>,
}

impl<'a> Shape<'a> {
    fn of(field: &'a Field) -> Shape<'a> {
        Shape {
            kind: field.kind,
            max_length: field.max_length,
            min: field.min,
            max: field.max,
            choices: field.choices.iter().map(|choice| choice.value).collect(),
        }
    }

    fn of_custom(field: &'a CustomField) -> Shape<'a> {
        Shape {
            kind: field.kind,
            max_length: field.max_length,
            min: field.min,
            max: field.max,
            choices: field
                .choices
                .iter()
                .map(|choice| choice.value.as_str())
                .collect(),
        }
    }

    fn schema(&self) -> Json {
        match self.kind {
            Kind::Text | Kind::LongText | Kind::Color => self.bounded(json!({"type": "string"})),
            Kind::Email => self.bounded(json!({"type": "string", "format": "email"})),
            Kind::Phone => self.bounded(json!({"type": "string", "description": "E.164; read in the organization's country when written otherwise"})),
            Kind::Url => self.bounded(json!({"type": "string", "format": "uri"})),
            Kind::Integer | Kind::Percent => self.bounded(json!({"type": "integer"})),
            Kind::Decimal | Kind::Money => json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$", "description": "An exact decimal"}),
            Kind::Boolean => json!({"type": "boolean"}),
            Kind::Date => json!({"type": "string", "format": "date"}),
            Kind::Timestamp => json!({"type": "string", "format": "date-time"}),
            Kind::Choice => json!({"type": "string", "enum": self.choices}),
            Kind::MultiChoice => json!({"type": "array", "items": {"type": "string", "enum": self.choices}}),
            Kind::Tags => json!({"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": 50}),
            Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => json!({"type": "string", "format": "uuid"}),
            Kind::Currency => json!({"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"}),
            Kind::Country => json!({"type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2"}),
            Kind::Address => schema("Address"),
            Kind::Json => json!({}),
            Kind::CustomFields => json!({"type": "object", "description": "The organization's own fields, by key"}),
        }
    }

    fn bounded(&self, mut schema: Json) -> Json {
        if let Json::Object(parts) = &mut schema {
            for (name, value) in [
                ("maxLength", self.max_length.map(i64::from)),
                ("minimum", self.min),
                ("maximum", self.max),
            ] {
                if let Some(value) = value {
                    parts.insert(name.to_owned(), json!(value));
                }
            }
        }
        schema
    }

    fn example(&self) -> Json {
        match self.kind {
            Kind::Text => json!("Example"),
            Kind::LongText => json!("A few words about it."),
            Kind::Email => json!("ada@example.com"),
            Kind::Phone => json!("+14155550123"),
            Kind::Url => json!("https://example.com"),
            Kind::Integer => json!(
                self.min
                    .unwrap_or(0)
                    .max(10)
                    .min(self.max.unwrap_or(i64::MAX))
            ),
            Kind::Percent => json!(50),
            Kind::Decimal => json!("1.5"),
            Kind::Money => json!("4514.00"),
            Kind::Boolean => json!(true),
            Kind::Date => json!("2026-11-21"),
            Kind::Timestamp => json!("2026-11-21T09:30:00Z"),
            Kind::Choice => json!(self.choices.first()),
            Kind::MultiChoice => json!(self.choices.iter().take(1).collect::<Vec<_>>()),
            Kind::Tags => json!(["vip"]),
            Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => {
                json!("01936f2e-8c1a-7b3c-9d4e-5f6a7b8c9d0e")
            }
            Kind::Currency => json!("USD"),
            Kind::Country => json!("DE"),
            Kind::Address => {
                json!({"line1": "1 Main Street", "line2": null, "city": "Springfield", "state": "IL", "postal_code": "62701", "country": "US"})
            }
            Kind::Json | Kind::CustomFields => json!({}),
            Kind::Color => json!("#6366f1"),
        }
    }
}

/// The same schema, with null.
fn or_null(schema: Json) -> Json {
    match schema {
        Json::Object(mut parts) if parts.contains_key("type") => {
            if let Some(Json::Array(values)) = parts.get_mut("enum") {
                values.push(Json::Null);
            }
            if let Some(kind) = parts.remove("type") {
                parts.insert("type".to_owned(), json!([kind, "null"]));
            }
            Json::Object(parts)
        }
        Json::Object(parts) if parts.is_empty() => Json::Object(parts),
        other => json!({"anyOf": [other, {"type": "null"}]}),
    }
}

fn labelled(mut schema: Json, label: &str, help: Option<&str>) -> Json {
    if let Json::Object(parts) = &mut schema {
        parts.insert("title".to_owned(), json!(label));
        if let Some(help) = help {
            parts.insert("description".to_owned(), json!(help));
        }
    }
    schema
}

fn custom_fields(entity: &Entity, overlay: &Overlay) -> Json {
    let fields = overlay.of(entity.name);
    let properties: Map<String, Json> = fields
        .iter()
        .map(|field| {
            (
                field.key.clone(),
                labelled(
                    or_null(Shape::of_custom(field).schema()),
                    &field.label,
                    field.help.as_deref(),
                ),
            )
        })
        .collect();
    json!({"type": "object", "description": "The organization's own fields, by key", "properties": properties})
}

fn property(entity: &Entity, field: &'static Field, overlay: &Overlay) -> Json {
    let schema = if field.kind == Kind::CustomFields {
        custom_fields(entity, overlay)
    } else {
        Shape::of(field).schema()
    };
    labelled(
        if nullable(field) {
            or_null(schema)
        } else {
            schema
        },
        field.label,
        field.help,
    )
}

/// What may be written: decimals also as numbers.
fn writable(entity: &Entity, field: &'static Field, overlay: &Overlay) -> Json {
    match field.kind {
        Kind::Decimal | Kind::Money => {
            let kinds = if nullable(field) {
                json!(["string", "number", "null"])
            } else {
                json!(["string", "number"])
            };
            labelled(json!({"type": kinds}), field.label, field.help)
        }
        _ => property(entity, field, overlay),
    }
}

/// The schemas of one entity: its fields, the record, what creates and changes it, its lists.
pub(super) fn of_entity(
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    overlay: &Overlay,
) -> Map<String, Json> {
    let name = name_of(entity);
    let mut schemas = Map::new();
    let mut properties: Map<String, Json> = entity
        .all_fields()
        .iter()
        .map(|field| (field.name.to_owned(), property(entity, field, overlay)))
        .collect();
    for field in entity.all_fields() {
        if let Some((include, other)) = field
            .include_name()
            .zip(field.reference.and_then(|name| catalogue.by_name(name)))
        {
            let description = format!(
                "With include={include}: the {} in brief",
                other.label.to_lowercase()
            );
            properties.insert(include.to_owned(), json!({"type": ["object", "null"], "description": description, "properties": {"id": {"type": "string", "format": "uuid"}}, "required": ["id"]}));
        }
    }
    let all: Vec<&str> = entity.all_fields().iter().map(|field| field.name).collect();
    schemas.insert(format!("{name}Fields"), json!({"type": "object", "properties": properties, "required": ["id"], "examples": [record_example(entity)]}));
    schemas.insert(
        name.clone(),
        json!({"allOf": [schema(&format!("{name}Fields")), {"type": "object", "required": all}]}),
    );
    schemas.insert(
        format!("{name}List"),
        json!({"type": "object", "required": ["data", "page"], "properties": {
            "data": {"type": "array", "items": schema(&format!("{name}Fields"))}, "page": schema("Page")}}),
    );
    if entity.verbs.create {
        let mut create = new_record(entity, overlay, None);
        if let Some(Json::Object(properties)) = create.get_mut("properties") {
            for (child, part) in catalogue.parts(entity) {
                let items = Json::Object(new_record(part, overlay, Some(child.field)));
                let list = json!({"type": ["array", "null"], "items": items, "maxItems": 1000, "title": child.label, "description": "Made together with the record"});
                properties.insert(child.name.to_owned(), list);
            }
        }
        create.insert("examples".to_owned(), json!([create_example(entity)]));
        schemas.insert(format!("{name}Create"), Json::Object(create));
    }
    if entity.verbs.update {
        let fields = entity
            .all_fields()
            .iter()
            .filter(|field| field.writable_on_update());
        let properties: Map<String, Json> = fields
            .map(|field| (field.name.to_owned(), writable(entity, field, overlay)))
            .collect();
        schemas.insert(format!("{name}Update"), json!({"type": "object", "description": "Fields given change, fields absent stay, null empties", "additionalProperties": false, "properties": properties}));
    }
    schemas
}

/// What makes a new record; a part made with its record does without the field that names that.
fn new_record(
    entity: &'static Entity,
    overlay: &Overlay,
    parent: Option<&str>,
) -> Map<String, Json> {
    let fields: Vec<&'static Field> = entity
        .all_fields()
        .iter()
        .copied()
        .filter(|field| field.writable_on_create() && Some(field.name) != parent)
        .collect();
    let properties: Map<String, Json> = fields
        .iter()
        .map(|field| (field.name.to_owned(), writable(entity, field, overlay)))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| must_be_given(field))
        .map(|field| field.name)
        .collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema.insert("properties".to_owned(), Json::Object(properties));
    schema.insert("required".to_owned(), json!(required));
    schema
}

/// What a new record cannot do without. References that are left out are filled by the entity's rules where it has
/// any (a deal's pipeline and stage), and asked for by the answer where it has none.
fn must_be_given(field: &Field) -> bool {
    field.required
        && field.default == FieldDefault::None
        && !matches!(field.kind, Kind::Reference | Kind::Integer | Kind::Currency)
}

fn value_example(entity: &Entity, field: &Field) -> Json {
    if field.name == entity.title && field.kind == Kind::Text {
        return json!(format!("Example {}", entity.label.to_lowercase()));
    }
    Shape::of(field).example()
}

/// A new record: what it cannot do without, and the first few of the rest.
pub(super) fn create_example(entity: &'static Entity) -> Json {
    let mut example = Map::new();
    for field in entity
        .all_fields()
        .iter()
        .filter(|field| field.writable_on_create())
    {
        let plain = !matches!(
            field.kind,
            Kind::Reference
                | Kind::AnyReference
                | Kind::User
                | Kind::Json
                | Kind::CustomFields
                | Kind::Uuid
        );
        if must_be_given(field) || plain && example.len() < 6 {
            example.insert(field.name.to_owned(), value_example(entity, field));
        }
    }
    Json::Object(example)
}

fn record_example(entity: &'static Entity) -> Json {
    let fields = entity.all_fields().iter();
    Json::Object(
        fields
            .map(|field| {
                let value = match field.name {
                    "deleted_at" => Json::Null,
                    "version" => json!(1),
                    _ => value_example(entity, field),
                };
                (field.name.to_owned(), value)
            })
            .collect(),
    )
}
