//! How the firm set Kith up: its own settings, industries, labels, fields, pipelines, roles and products.

use futures_util::FutureExt;
use kith_entities::custom_field::CUSTOM_FIELD;
use kith_entities::industry::INDUSTRY;
use kith_entities::pipeline::PIPELINE;
use kith_entities::product::PRODUCT;
use kith_entities::role::ROLE;
use kith_entities::stage::STAGE;
use kith_entities::tag::TAG;
use serde_json::json;

use crate::people::OWNER;
use crate::story::{Rule, Story};

/// How many days the story goes back.
pub(crate) const BEGINNING: i64 = 372;

const CONFIGURE: Rule = Rule {
    name: "configure the organization",
    run: |turn, body| {
        async move {
            kith_entities::organization::update(turn.tx, turn.caller, &body).await?;
            Ok(json!({}))
        }
        .boxed()
    },
};

const TAGS: &[(&str, &str)] = &[
    ("vip", "amber"),
    ("newsletter", "blue"),
    ("reference", "green"),
    ("at risk", "red"),
    ("conference", "violet"),
    ("nonprofit rate", "teal"),
];

/// The products' names: three that are sold, and one of the past.
pub(crate) const PRODUCTS: &[(&str, i64)] = &[
    ("product-website", 14_800),
    ("product-care", 390),
    ("product-campaign", 5_200),
];

pub(crate) fn plan(story: &mut Story) {
    story.begin("organization");
    let moment = story.workday(BEGINNING);
    story.at(OWNER, moment);
    story.rule(
        CONFIGURE,
        "organization",
        json!({
            "base_currency": "EUR", "timezone": "Europe/Berlin", "locale": "en-GB", "country": "DE",
            "branding": {"primary_color": "#3f6b4f", "footer": "Larkspur Studio · Berlin"},
        }),
    );
    for name in ["Hospitality", "Non-profit"] {
        story.create(
            &INDUSTRY,
            format!("industry.{}", name.to_lowercase()),
            json!({"name": name}),
        );
    }
    for (name, color) in TAGS {
        story.create(
            &TAG,
            format!("tag.{name}"),
            json!({"name": name, "color": color}),
        );
    }
    story.create(
        &ROLE,
        "role.freelancer",
        json!({"name": "Freelancer", "description": "Works on what is assigned to them", "copy_of": "{role.member}"}),
    );
    custom_fields(story);
    // An hour later, once there are fields to fill in.
    let later = moment
        .checked_add(jiff::SignedDuration::from_hours(1))
        .unwrap_or(moment);
    story.at(OWNER, later);
    renewals(story);
    products(story);
}

fn custom_fields(story: &mut Story) {
    let choices = |list: &[(&str, &str, &str)]| {
        list.iter()
            .map(|(value, label, hue)| json!({"value": value, "label": label, "hue": hue}))
            .collect::<Vec<_>>()
    };
    let tiers = choices(&[
        ("gold", "Gold", "amber"),
        ("silver", "Silver", "gray"),
        ("bronze", "Bronze", "orange"),
    ]);
    let channels = choices(&[
        ("web", "Website", "blue"),
        ("social", "Social media", "pink"),
        ("mail", "Newsletter", "teal"),
        ("print", "Print", "gray"),
    ]);
    let languages = choices(&[
        ("en", "English", "blue"),
        ("de", "Deutsch", "amber"),
        ("fr", "Français", "violet"),
        ("es", "Español", "red"),
        ("other", "Another", "gray"),
    ]);
    let fields = [
        json!({"entity": "company", "label": "Tier", "kind": "choice", "choices": tiers, "position": 1}),
        json!({"entity": "company", "label": "Contract ends", "kind": "date", "position": 2}),
        json!({"entity": "company", "label": "Satisfaction", "kind": "integer", "minimum": 0, "maximum": 10, "help": "Answer to: would you recommend us?", "position": 3}),
        json!({"entity": "company", "label": "Key account", "kind": "boolean", "position": 4}),
        json!({"entity": "company", "label": "Channels", "kind": "multi_choice", "choices": channels, "position": 5}),
        json!({"entity": "company", "label": "Customer number", "kind": "text", "is_unique": true, "maximum_length": 20, "position": 6}),
        json!({"entity": "contact", "label": "Language", "kind": "choice", "choices": languages, "position": 1}),
        json!({"entity": "contact", "label": "Birthday", "kind": "date", "position": 2}),
        json!({"entity": "lead", "label": "Budget", "kind": "money", "position": 1}),
        json!({"entity": "lead", "label": "Current website", "kind": "url", "position": 2}),
        json!({"entity": "deal", "label": "Competitor", "kind": "text", "position": 1}),
        json!({"entity": "deal", "label": "Technical lead", "kind": "user", "position": 2}),
        json!({"entity": "product", "label": "Hours included", "kind": "decimal", "position": 1}),
        json!({"entity": "task", "label": "Billable", "kind": "boolean", "position": 1}),
    ];
    for field in fields {
        let name = format!(
            "field.{}.{}",
            field["entity"].as_str().unwrap_or_default(),
            field["label"].as_str().unwrap_or_default()
        );
        story.create(&CUSTOM_FIELD, name, field);
    }
}

/// A second pipeline: care plans that are renewed.
fn renewals(story: &mut Story) {
    story.create(
        &PIPELINE,
        "pipeline.renewals",
        json!({"name": "Renewals", "entity": "deal", "position": 2}),
    );
    let stages = [
        ("due", "Due", 60, "#6366f1", "open"),
        ("offered", "Offered", 80, "#f59e0b", "open"),
        ("renewed", "Renewed", 100, "#10b981", "won"),
        ("cancelled", "Cancelled", 0, "#ef4444", "lost"),
    ];
    for (position, (key, name, probability, color, kind)) in (1..).zip(stages) {
        story.create(
            &STAGE,
            format!("stage.renewals.{key}"),
            json!({"pipeline_id": "{pipeline.renewals}", "key": key, "name": name, "position": position,
                "probability": probability, "color": color, "kind": kind}),
        );
    }
}

fn products(story: &mut Story) {
    let products = [
        (
            "product-website",
            "Website",
            "WEB-01",
            "14800",
            "Design",
            "Concept, design and build of a website with up to twenty pages.",
            "160",
        ),
        (
            "product-care",
            "Care plan",
            "CARE-12",
            "390",
            "Care",
            "Updates, backups, monitoring and two hours of changes a month.",
            "2",
        ),
        (
            "product-campaign",
            "Campaign",
            "CAMP-01",
            "5200",
            "Marketing",
            "Six weeks of search and social advertising with a landing page.",
            "48",
        ),
    ];
    for (name, title, sku, price, category, description, hours) in products {
        story.create(
            &PRODUCT,
            name,
            json!({"name": title, "sku": sku, "price": price, "currency": "EUR", "category": category, "description": description,
                "custom_fields": {"hours_included": hours}}),
        );
    }
    story.create(
        &PRODUCT,
        "product-print",
        json!({"name": "Print design", "sku": "PRINT-01", "price": "1900", "currency": "EUR", "category": "Design", "is_active": false,
            "description": "Brochures and posters. No longer sold."}),
    );
}
