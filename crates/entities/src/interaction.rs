//! What happened between us and them (002): a call, a meeting, a message. Written once.

use jiff::Timestamp;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use uuid::Uuid;

use crate::subject::{SUBJECT_FIELD, SUBJECT_TYPE_FIELD};

pub const TYPE: Col<String> = col("type");
pub const CHANNEL: Col<String> = col("channel");
pub const NOTE: Col<String> = col("note");
pub const OUTCOME: Col<String> = col("outcome");
pub const OCCURRED_AT: Col<Timestamp> = col("occurred_at");
pub const FOLLOW_UP_AT: Col<Timestamp> = col("follow_up_at");
pub const PRODUCT: Col<Uuid> = col("product_id");

const CHANNELS: &[Choice] = &[
    Choice::new("phone", "Phone", "orange").also(&["call"]),
    Choice::new("email", "Email", "blue").also(&["e-mail"]),
    Choice::new("meeting", "Meeting", "pink"),
    Choice::new("chat", "Chat", "teal"),
    Choice::new("whatsapp", "WhatsApp", "green"),
    Choice::new("sms", "SMS", "violet"),
    Choice::new("other", "Other", "gray"),
];

pub static INTERACTION: Entity = Entity {
    name: "interaction",
    table: "interactions",
    is_view: false,
    path: "interactions",
    label: "Interaction",
    label_plural: "Interactions",
    icon: "messages-square",
    resource: "interactions",
    title: "type",
    access: Access::About,
    fields: &[
        Field::of(TYPE, "What", Kind::Text)
            .required()
            .max_length(100)
            .searchable()
            .sortable()
            .aliases(&["type", "interaction type", "activity type"])
            .help("In a few words, such as Initial call"),
        SUBJECT_TYPE_FIELD.required(),
        SUBJECT_FIELD.required(),
        Field::of(CHANNEL, "Channel", Kind::Choice)
            .choices(CHANNELS)
            .required()
            .filterable(),
        Field::of(NOTE, "Note", Kind::LongText)
            .required()
            .searchable()
            .aliases(&["notes", "comment", "description"]),
        Field::of(OUTCOME, "Outcome", Kind::Text)
            .max_length(1000)
            .searchable()
            .aliases(&["result"]),
        Field::of(OCCURRED_AT, "When", Kind::Timestamp)
            .filled()
            .sortable()
            .aliases(&["date", "activity date", "occurred"]),
        Field::of(FOLLOW_UP_AT, "Follow up", Kind::Timestamp)
            .sortable()
            .aliases(&["follow_up_date", "follow up date", "next step date"])
            .help("Makes a task for you"),
        Field::of(PRODUCT, "Product", Kind::Reference)
            .references("product")
            .filterable(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "type",
            "subject_id",
            "channel",
            "note",
            "outcome",
            "occurred_at",
            "created_by",
        ],
        sections: &[Section {
            label: "Interaction",
            fields: &[
                "type",
                "channel",
                "subject_type",
                "subject_id",
                "note",
                "outcome",
                "occurred_at",
                "follow_up_at",
                "product_id",
            ],
        }],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: false,
        delete: false,
        import: true,
    },
    soft_delete: false,
    versioned: false,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("occurred_at", true),
    all: fields_of!(INTERACTION),
};
