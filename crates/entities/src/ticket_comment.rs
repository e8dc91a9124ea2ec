//! What is said in a ticket: to the customer and by them, or among ourselves. Who sees an internal comment is
//! the database's policy; what a public one does to its ticket is its trigger.

use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use uuid::Uuid;

pub const TICKET: Col<Uuid> = col("ticket_id");
pub const COMMENT: Col<String> = col("comment");
pub const IS_INTERNAL: Col<bool> = col("is_internal");
pub const AUTHOR_KIND: Col<String> = col("author_kind");
pub const CONTACT: Col<Uuid> = col("contact_id");

const AUTHORS: &[Choice] = &[
    Choice::new("agent", "Agent", "blue"),
    Choice::new("customer", "Customer", "green"),
    Choice::new("system", "System", "gray"),
];

pub static TICKET_COMMENT: Entity = Entity {
    name: "ticket_comment",
    table: "ticket_comments",
    is_view: false,
    path: "ticket-comments",
    label: "Ticket comment",
    label_plural: "Ticket comments",
    icon: "messages-square",
    resource: "ticket_comments",
    title: "comment",
    access: Access::Through {
        column: "ticket_id",
        parent: "ticket",
    },
    fields: &[
        Field::of(TICKET, "Ticket", Kind::Reference)
            .references("ticket")
            .required()
            .writer(Writer::OnCreate)
            .filterable()
            .aliases(&["ticket number"]),
        Field::of(COMMENT, "Comment", Kind::LongText)
            .required()
            .aliases(&["text", "body", "message", "answer"]),
        Field::of(IS_INTERNAL, "Internal", Kind::Boolean)
            .default(Default::Boolean(false))
            .writer(Writer::OnCreate)
            .filterable()
            .help("Never shown to the customer"),
        Field::of(AUTHOR_KIND, "Written by", Kind::Choice)
            .filled()
            .choices(AUTHORS)
            .filterable()
            .system(),
        Field::of(CONTACT, "Contact", Kind::Reference)
            .references("contact")
            .writer(Writer::OnCreate)
            .filterable()
            .help("Whose words these are, when somebody else writes them down"),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "comment",
            "ticket_id",
            "author_kind",
            "is_internal",
            "created_by",
            "created_at",
        ],
        sections: &[Section {
            label: "Comment",
            fields: &[
                "ticket_id",
                "comment",
                "is_internal",
                "author_kind",
                "contact_id",
            ],
        }],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("created_at", false),
    all: fields_of!(TICKET_COMMENT),
};
