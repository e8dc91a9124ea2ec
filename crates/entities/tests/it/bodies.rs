//! Bodies made from the catalogue: a valid value for every kind, so that every entity is tried without
//! being named.

use kith_catalogue::{Entity, Field, Kind};
use serde_json::{Map, Value as Json, json};

use crate::billing;
use crate::world::{World, id_of};
use kith_engine::Caller;

/// A valid value of a field, different for every `seed`.
pub(crate) fn value(field: &Field, seed: u32) -> Json {
    match field.kind {
        Kind::Text if field.name == "slug" => json!(format!("slug-{seed}")),
        Kind::Text if field.name == "key" => json!(format!("key_{seed}")),
        Kind::Text if field.name == "timezone" => {
            json!(["Europe/Berlin", "Australia/Lord_Howe"][seed as usize % 2])
        }
        // Two that have the same fields.
        Kind::Text if field.name == "trigger_entity" => json!(["deal", "lead"][seed as usize % 2]),
        Kind::Text if field.name == "honeypot" => json!(format!("trap_{seed}")),
        Kind::Text if field.name == "address" => json!(format!("nobody{seed}@example.com")),
        Kind::Text if field.name == "recurrence" => json!("FREQ=WEEKLY;BYDAY=MO"),
        Kind::Text if field.name == "sort" => json!(["-created_at", "name"][seed as usize % 2]),
        Kind::Text => json!(format!("Text \"{seed}\" é\\")),
        Kind::LongText => json!(format!("Line {seed}\nsecond\tline")),
        Kind::Email => json!(format!("person{seed}@example.com")),
        Kind::Phone => json!(format!("+1415555{:04}", seed % 10_000)),
        Kind::Url => json!(format!("https://example.com/{seed}")),
        Kind::Integer if field.name == "year_founded" => json!(1990 + seed % 30),
        Kind::Integer => json!(i64::from(seed % 1000) + field.min.unwrap_or(0).max(0)),
        Kind::Percent => json!(seed % 101),
        // The hours of a day: few enough for several entries on it.
        Kind::Decimal if field.max == Some(24) => json!(format!("{}.25", seed % 2)),
        Kind::Decimal => json!(format!("{}.25", seed % 90 + 1)),
        Kind::Money => json!(format!("{}.50", seed % 100_000 + 1)),
        Kind::Boolean => json!(seed.is_multiple_of(2)),
        Kind::Date => json!(format!("2026-{:02}-{:02}", seed % 12 + 1, seed % 28 + 1)),
        Kind::Timestamp => json!(format!(
            "2026-{:02}-{:02}T08:30:00Z",
            seed % 12 + 1,
            seed % 28 + 1
        )),
        Kind::Choice => json!(field.choices[seed as usize % field.choices.len()].value),
        Kind::MultiChoice | Kind::Tags => json!([format!("tag{}", seed % 5), "common"]),
        Kind::Currency => json!(["USD", "EUR", "JPY"][seed as usize % 3]),
        Kind::Country => json!("DE"),
        Kind::Address => {
            json!({"line1": format!("{seed} Main Street"), "city": "Springfield", "country": "US"})
        }
        Kind::Color => json!("#6366f1"),
        Kind::Json if field.name == "events" => {
            json!([(["deal.updated", "company.*"][seed as usize % 2])])
        }
        Kind::Json if field.name == "trigger_fields" => {
            json!([(["currency", "owner_id"][seed as usize % 2])])
        }
        Kind::Json if field.name == "conditions" => {
            json!({"field": "currency", "op": "eq", "value": (["EUR", "USD"][seed as usize % 2])})
        }
        Kind::Json if field.name == "actions" => {
            json!([{"do": "update", "set": {"currency": (["EUR", "USD"][seed as usize % 2])}}])
        }
        Kind::Json if field.name == "target_audience" => {
            json!({"entity": "contact", "filter": {"and": [{"field": "score", "op": "gt", "value": seed % 100}]}})
        }
        Kind::Json if field.name == "fields" => {
            json!([{"name": "mail", "field": "email", "label": format!("Mail {seed}"), "required": true}])
        }
        Kind::Json if field.name == "allowed_origins" => {
            json!([format!("https://site{seed}.example")])
        }
        Kind::Json if field.name == "attachments" => json!([{"name": format!("{seed}.pdf")}]),
        Kind::Json if field.name == "email_references" => json!([format!("{seed}@example.com")]),
        Kind::Json if field.name == "recipients" => {
            json!({"to": [format!("person{seed}@example.com")]})
        }
        Kind::Json if field.name == "default_value" => Json::Null,
        Kind::Json if field.name == "permissions" => json!({"tasks": ["delete"]}),
        Kind::Json if field.name == "choices" => json!([{"value": "a", "label": "A"}]),
        Kind::Json if field.name == "columns" => json!([{"field": "name", "width": seed % 500}]),
        Kind::Json if field.name == "widgets" => {
            json!([{"title": format!("{seed}"), "type": "pipeline"}])
        }
        Kind::Json if field.name == "filter" => json!({"and": []}),
        Kind::Json if field.name == "config" => json!({}),
        Kind::Json if field.name == "weekly_hours" => {
            json!({"monday": [["09:00", format!("17:{:02}", seed % 60)]]})
        }
        Kind::Json => json!({"seed": seed}),
        Kind::CustomFields => json!({}),
        Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => Json::Null,
    }
}

/// A body with every field that a new record may be given; references get records of their own.
pub(crate) async fn full(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    seed: u32,
) -> Json {
    let mut body = Map::new();
    for field in entity.all_fields() {
        if !field.writable_on_create() {
            continue;
        }
        let made = match field.kind {
            Kind::User => Some(json!(caller.principal.user_id)),
            Kind::Reference if let Some(parent) = in_state(world, caller, entity, field).await => {
                Some(parent)
            }
            Kind::Reference
                if field.required || entity.name != field.reference.unwrap_or_default() =>
            {
                reference(world, caller, field.reference.unwrap_or_default(), seed).await
            }
            Kind::AnyReference => {
                let choice = entity
                    .field(field.entity_field.unwrap_or_default())
                    .unwrap();
                let about = value(choice, seed);
                reference(world, caller, about.as_str().unwrap(), seed).await
            }
            _ => Some(value(field, seed)),
        };
        if let Some(made) = made.filter(|made| !made.is_null()) {
            body.insert(field.name.to_owned(), made);
        }
    }
    adjust(entity, &mut body, seed);
    Json::Object(body)
}

/// What a generic value cannot know: values that depend on one another.
fn adjust(entity: &'static Entity, body: &mut Map<String, Json>, seed: u32) {
    match entity.name {
        "deal" => {
            for name in [
                "pipeline_id",
                "stage_id",
                "actual_close_date",
                "lost_reason",
                "primary_contact_id",
            ] {
                body.remove(name);
            }
        }
        "custom_field" => {
            body.insert("kind".to_owned(), json!("choice"));
            body.insert("minimum".to_owned(), json!(1));
            body.insert("maximum".to_owned(), json!(5));
            body.remove("reference");
            body.remove("maximum_length");
        }
        // A few products may be active; a priority has one active policy, and every organization begins with one of each.
        "product" | "sla_policy" => {
            body.insert("is_active".to_owned(), json!(false));
        }
        "contact" => {
            body.insert("is_primary".to_owned(), json!(false));
        }
        "lead" => {
            for name in ["pipeline_id", "stage_id", "status", "lost_reason"] {
                body.remove(name);
            }
            body.insert("is_archived".to_owned(), json!(false));
        }
        "stage" => {
            body.remove("lead_status");
        }
        "pipeline" => {
            body.insert("is_default".to_owned(), json!(false));
        }
        "view" => {
            body.insert("entity".to_owned(), json!("deal"));
        }
        "report" => {
            body.insert("type".to_owned(), json!("conversion"));
        }
        "user" => {
            body.remove("status");
        }
        "project" => {
            body.remove("due_date");
        }
        // A task of another project than this one would be refused.
        "time_entry" => {
            body.remove("task_id");
        }
        "task" if body.get("subject_type") == Some(&json!("project")) => {
            body.remove("project_id");
        }
        // What is over has times of its own.
        "ticket" => {
            body.insert("status".to_owned(), json!("open"));
            for name in [
                "opened_at",
                "first_responded_at",
                "resolved_at",
                "closed_at",
            ] {
                body.remove(name);
            }
        }
        // A public one changes its ticket, and an internal one is nobody else's words.
        "ticket_comment" => {
            body.insert("is_internal".to_owned(), json!(true));
            body.remove("contact_id");
        }
        // Of the invoice, and then taken from it.
        "payment" => {
            body.remove("currency");
        }
        // The base currency has no rate.
        "exchange_rate" => {
            body.insert("currency".to_owned(), json!("EUR"));
        }
        "campaign" => {
            body.insert("start_date".to_owned(), json!("2026-01-01"));
        }
        "campaign_member" => {
            body.remove("lead_id");
        }
        "suppression" => {
            body.insert("channel".to_owned(), json!("email"));
        }
        "channel_account" => {
            body.insert("channel".to_owned(), json!("email"));
            body.insert("is_default".to_owned(), json!(false));
        }
        "conversation" => {
            body.insert("channel".to_owned(), json!("email"));
            body.insert("status".to_owned(), json!("active"));
        }
        "message" => {
            for (name, value) in [
                ("message_type", "email"),
                ("direction", "outbound"),
                ("status", "sent"),
            ] {
                body.insert(name.to_owned(), json!(value));
            }
        }
        _ => {}
    }
    let _ = seed;
}

/// A record for a required or optional reference to point at.
async fn reference(world: &World, caller: &Caller, entity: &str, seed: u32) -> Option<Json> {
    let other = world.engine.catalogue.by_name(entity)?;
    let existing = world.list(caller, other, &[("limit", "1")]).await.ok()?;
    if let Some(first) = existing["data"].get(0) {
        return Some(first["id"].clone());
    }
    let body = Box::pin(full(world, caller, other, seed + 1000)).await;
    let made = world
        .create(caller, other, body)
        .await
        .unwrap_or_else(|error| panic!("{}: {error:?}", other.name));
    Some(json!(id_of(&made)))
}

/// A parent in the state that its parts ask for: lines are added to drafts, money comes in for what is sent.
async fn in_state(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    field: &Field,
) -> Option<Json> {
    match (entity.name, field.name) {
        ("invoice_item", "invoice_id") => {
            let draft = billing::draft(world, caller, json!({})).await;
            Some(draft["id"].clone())
        }
        ("payment", "invoice_id") => {
            Some(billing::sent(world, caller, "1000000").await["id"].clone())
        }
        ("refund", "payment_id") => {
            let invoice = billing::sent(world, caller, "1000000").await;
            let paid = billing::pay(world, caller, &invoice, json!({"amount": "1000000"})).await;
            Some(paid.unwrap()["id"].clone())
        }
        _ => None,
    }
}
