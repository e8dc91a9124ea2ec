//! What is written to people: texts with places for what is known about them.

mod context;
mod render;

pub use context::{Leaving, RenderRequest, render_for};
pub use render::{Rendered, Texts, variables};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use serde_json::Value as Json;

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const CATEGORY: Col<String> = col("category");
pub const SUBJECT: Col<String> = col("subject");
pub const BODY_HTML: Col<String> = col("body_html");
pub const BODY_TEXT: Col<String> = col("body_text");
pub const VARIABLES: Col<Json> = col("variables");
pub const IS_ACTIVE: Col<bool> = col("is_active");

const CATEGORIES: &[Choice] = &[
    Choice::new("notification", "Notification", "blue"),
    Choice::new("marketing", "Marketing", "pink").also(&["newsletter"]),
    Choice::new("transactional", "Transactional", "teal"),
];

pub static EMAIL_TEMPLATE: Entity = Entity {
    name: "email_template",
    table: "email_templates",
    is_view: false,
    path: "email-templates",
    label: "Email template",
    label_plural: "Email templates",
    icon: "mail",
    resource: "email_templates",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .searchable()
            .sortable()
            .aliases(&["template", "template name"]),
        Field::of(CATEGORY, "Category", Kind::Choice)
            .choices(CATEGORIES)
            .required()
            .default(Default::Text("notification"))
            .filterable(),
        Field::of(SUBJECT, "Subject", Kind::Text)
            .required()
            .max_length(998)
            .searchable()
            .aliases(&["subject line"])
            .help("Such as: News for {{ contact.first_name }}"),
        Field::of(BODY_HTML, "HTML", Kind::LongText)
            .aliases(&["html", "html body"])
            .help("What is filled in is escaped"),
        Field::of(BODY_TEXT, "Text", Kind::LongText).aliases(&["text", "body", "plain text"]),
        Field::of(VARIABLES, "Variables", Kind::Json)
            .filled()
            .system()
            .help("What the texts want to be told, read from them"),
        Field::of(IS_ACTIVE, "Active", Kind::Boolean)
            .default(Default::Boolean(true))
            .filterable(),
        Field::of(DESCRIPTION, "Description", Kind::Text).max_length(1000),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "name",
            "category",
            "subject",
            "is_active",
            "tags",
            "updated_at",
        ],
        sections: &[
            Section {
                label: "Template",
                fields: &["name", "category", "is_active", "description", "tags"],
            },
            Section {
                label: "Text",
                fields: &["subject", "body_html", "body_text", "variables"],
            },
        ],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: true,
    extensible: true,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(EMAIL_TEMPLATE),
};

/// Rules of e-mail templates.
pub struct EmailTemplateRules;

impl Rules for EmailTemplateRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        for change in batch.changes.iter_mut() {
            if change.is_new() || texts_change(change) {
                // What does not parse has no variables; the check says what is wrong.
                let found = variables(&texts(change)).unwrap_or_default();
                change.set(VARIABLES, Json::from(found));
            }
        }
        async { Ok(()) }.boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.get(BODY_HTML).is_none()
            && change.get(BODY_TEXT).is_none()
            && !faults.has("body_html")
            && !faults.has("body_text")
        {
            faults.push(
                Fault::new("required", "give an HTML or a text body, or both").at("body_text"),
            );
        }
        if change.is_new() || texts_change(change) {
            for fault in variables(&texts(change)).err().into_iter().flatten() {
                faults.push(fault);
            }
        }
    }
}

fn texts_change(change: &Change<Draft>) -> bool {
    change.gives(SUBJECT) || change.gives(BODY_HTML) || change.gives(BODY_TEXT)
}

fn texts(change: &Change<Draft>) -> Texts {
    Texts {
        subject: change.get(SUBJECT).unwrap_or_default(),
        html: change.get(BODY_HTML),
        text: change.get(BODY_TEXT),
    }
}
