//! `GET /meta`: the catalogue as this caller may see it, from which the web application draws its
//! tables, forms and filters.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use kith_catalogue::access::Action;
use kith_catalogue::custom::CustomField;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::{AnyField, Default as FieldDefault, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::kinds::{ParseContext, parse};
use kith_catalogue::{Col, col};
use kith_engine::{Caller, Engine};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::{Answer, has_already, not_modified};
use crate::app::App;
use crate::error::Problem;

/// The handler.
pub(crate) async fn meta(
    State(app): State<App>,
    Acting(caller): Acting,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let body = describe(&app.engine, &caller).to_string().into_bytes();
    let tag = tag_of(&body);
    if has_already(&headers, &tag) {
        return Ok(not_modified(&tag));
    }
    Ok(Answer {
        etag: Some(tag),
        ..Answer::json(body)
    }
    .into_response())
}

/// A tag for a body without a version.
pub(crate) fn tag_of(body: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut tag = String::from("\"");
    for byte in Sha256::digest(body).iter().take(12) {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn describe(engine: &Engine, caller: &Caller) -> Json {
    let visible = engine
        .catalogue
        .entities()
        .iter()
        .filter(|entity| caller.grants.allows(entity.resource, Action::Read));
    json!({
        "entities": visible.map(|entity| describe_entity(entity, caller)).collect::<Vec<_>>(),
        "currencies": *CURRENCIES,
    })
}

/// What the caller may do with an entity's records, where the entity offers it at all.
fn permissions(entity: &Entity, caller: &Caller) -> Vec<&'static str> {
    let offered = |action: Action| match action {
        Action::Create => entity.verbs.create,
        Action::Read | Action::Export => true,
        Action::Update | Action::Assign | Action::Approve => entity.verbs.update,
        Action::Delete => entity.verbs.delete,
        Action::Import => entity.verbs.import && caller.grants.allows("imports", Action::Create),
        Action::Bulk => entity.verbs.create || entity.verbs.update || entity.verbs.delete,
        Action::Configure => false,
    };
    Action::ALL
        .iter()
        .copied()
        .filter(|action| offered(*action) && caller.grants.allows(entity.resource, *action))
        .map(Action::name)
        .collect()
}

fn describe_entity(entity: &'static Entity, caller: &Caller) -> Json {
    // What the caller never sees is not offered.
    let hidden = |field: &Field| {
        field
            .confidential
            .is_some_and(|resource| !caller.grants.allows(resource, Action::Read))
    };
    let shown = |name: &&&str| !entity.field(name).is_some_and(hidden);
    let declared = entity
        .all_fields()
        .iter()
        .filter(|field| !hidden(field))
        .map(|field| describe_field(entity, field, caller));
    let custom = caller.overlay.of(entity.name).iter().map(describe_custom);
    let children: Vec<Json> = entity
        .children
        .iter()
        .map(|child| json!({"name": child.name, "label": child.label, "entity": child.entity, "field": child.field}))
        .collect();
    let sections: Vec<Json> = entity
        .layout
        .sections
        .iter()
        .map(|section| json!({"label": section.label, "fields": section.fields.iter().filter(shown).collect::<Vec<_>>()}))
        .collect();
    json!({
        "name": entity.name,
        "plural": entity.path,
        "label": entity.label,
        "label_plural": entity.label_plural,
        "icon": entity.icon,
        "resource": entity.resource,
        "title_field": entity.title,
        "permissions": permissions(entity, caller),
        "soft_delete": entity.soft_delete,
        "archive": entity.archive,
        "read_only": !(entity.verbs.create || entity.verbs.update || entity.verbs.delete),
        "searchable": entity.searchable(),
        "mergeable": entity.merges(),
        "extensible": entity.extensible,
        "default_sort": if entity.default_sort.1 { format!("-{}", entity.default_sort.0) } else { entity.default_sort.0.to_owned() },
        "fields": declared.chain(custom).collect::<Vec<_>>(),
        "children": children,
        "layout": {
            "table": entity.layout.table.iter().filter(shown).collect::<Vec<_>>(),
            "sections": sections,
            "board": entity.layout.board.map(|field| json!({"group_by": field})),
        },
    })
}

/// Whether a record's value may be null.
pub(crate) fn nullable(field: &Field) -> bool {
    let always = matches!(
        field.kind,
        Kind::Tags | Kind::MultiChoice | Kind::CustomFields
    ) || (field.kind == Kind::Boolean && !field.undecided)
        || matches!(field.name, "id" | "created_at" | "updated_at" | "version");
    !(field.required || always)
}

fn describe_field(entity: &Entity, field: &'static Field, caller: &Caller) -> Json {
    let default = match field.default {
        FieldDefault::None => Json::Null,
        FieldDefault::Text(text) => Json::from(text),
        FieldDefault::Integer(number) => Json::from(number),
        FieldDefault::Boolean(flag) => Json::from(flag),
        FieldDefault::Empty if matches!(field.kind, Kind::Tags | Kind::MultiChoice) => json!([]),
        FieldDefault::Empty => json!({}),
        FieldDefault::CurrentUser => json!(caller.principal.user_id),
        FieldDefault::BaseCurrency => Json::from(caller.base_currency.clone()),
    };
    let choices: Vec<Json> = field
        .choices
        .iter()
        .map(|choice| json!({"value": choice.value, "label": choice.label, "hue": choice.hue}))
        .collect();
    // A field may be written by whoever holds the permission it asks for.
    let read_only = match field.writer {
        Writer::System => true,
        Writer::Editor | Writer::Assigner | Writer::OnCreate => false,
    };
    json!({
        "name": field.name,
        "label": field.label,
        "kind": field.kind.name(),
        "required": field.required,
        "read_only": read_only,
        "create_only": field.writer == Writer::OnCreate,
        "assign_only": field.writer == Writer::Assigner && !caller.grants.allows(entity.resource, Action::Assign),
        "nullable": nullable(field),
        "unique": field.unique,
        "default": default,
        "max_length": field.max_length,
        "min": field.min,
        "max": field.max,
        "scale": AnyField::Column(field).places(),
        "choices": choices,
        "reference": field.reference,
        "entity_field": field.entity_field,
        "include": field.include_name(),
        "filterable": field.filterable,
        "sortable": field.sortable,
        "searchable": field.searchable,
        "operators": operators(field.filterable, field.kind),
        "personal": field.personal,
        "custom": false,
        "help": field.help,
        "currency_field": field.currency,
    })
}

fn describe_custom(field: &CustomField) -> Json {
    json!({
        "name": format!("custom.{}", field.key),
        "label": field.label,
        "kind": field.kind.name(),
        "required": field.required,
        "read_only": false,
        "create_only": false,
        "assign_only": false,
        "nullable": !field.required,
        "unique": field.unique,
        "default": field.default.to_json(),
        "max_length": field.max_length,
        "min": field.min,
        "max": field.max,
        "scale": field.kind.key_scale(),
        "choices": field.choices,
        "reference": field.reference.clone().or_else(|| (field.kind == Kind::User).then(|| "user".to_owned())),
        "entity_field": Json::Null,
        "include": Json::Null,
        "filterable": field.filterable,
        "sortable": false,
        "searchable": false,
        "operators": operators(field.filterable, field.kind),
        "personal": false,
        "custom": true,
        "help": field.help,
        "currency_field": Json::Null,
    })
}

fn operators(filterable: bool, kind: Kind) -> Vec<&'static str> {
    if filterable {
        kind.operators()
            .iter()
            .map(|operator| operator.word())
            .collect()
    } else {
        Vec::new()
    }
}

/// The currencies that the catalogue takes, without metals, funds and test codes. Asked of the catalogue itself, so
/// that what is offered is what is accepted.
static CURRENCIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    const CODE: Col<String> = col("currency");
    static FIELD: Field = Field::of(CODE, "Currency", Kind::Currency);
    let context = ParseContext {
        now: jiff::Zoned::default(),
        user_id: Uuid::nil(),
        region: None,
    };
    let field = AnyField::Column(&FIELD);
    let mut codes = Vec::new();
    for first in 'A'..='Z' {
        for second in 'A'..='Z' {
            for third in 'A'..='Z' {
                let code: String = [first, second, third].iter().collect();
                let in_use =
                    first != 'X' || matches!(code.as_str(), "XAF" | "XCD" | "XCG" | "XOF" | "XPF");
                if in_use && parse(&field, &Json::from(code.as_str()), &context).is_ok() {
                    codes.push(code);
                }
            }
        }
    }
    codes
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_those_people_pay_with() {
        for code in ["USD", "EUR", "JPY", "XOF"] {
            assert!(
                CURRENCIES.iter().any(|known| known == code),
                "{code} is missing"
            );
        }
        for code in ["XAU", "XXX", "XTS", "AAA"] {
            assert!(
                !CURRENCIES.iter().any(|known| known == code),
                "{code} is offered"
            );
        }
    }
}
