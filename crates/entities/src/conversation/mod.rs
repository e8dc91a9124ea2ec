//! What is said between the organization and a lead, a contact or a company, on one channel.

mod inbox;
mod incoming;
mod outgoing;

pub use inbox::{Inbox, inbox, mark_read};
pub use incoming::{Incoming, Received, process_incoming};
pub use outgoing::{NewMessage, send};

use jiff::Timestamp;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use uuid::Uuid;

use crate::subject::{CONVERSATION_SUBJECTS, SUBJECT, SUBJECT_TYPE};

pub const TITLE: Col<String> = col("title");
pub const CHANNEL: Col<String> = col("channel");
pub const STATUS: Col<String> = col("status");
pub const DIRECTION: Col<String> = col("direction");
pub const CHANNEL_ACCOUNT: Col<Uuid> = col("channel_account_id");
pub const EMAIL: Col<String> = col("email");
pub const PHONE: Col<String> = col("phone");
pub const ASSIGNED_TO: Col<Uuid> = col("assigned_to_id");
pub const LAST_MESSAGE_AT: Col<Timestamp> = col("last_message_at");
pub const LAST_MESSAGE_PREVIEW: Col<String> = col("last_message_preview");
pub const LAST_INBOUND_AT: Col<Timestamp> = col("last_inbound_at");
pub const LAST_OUTBOUND_AT: Col<Timestamp> = col("last_outbound_at");
pub const MESSAGE_COUNT: Col<i64> = col("message_count");
pub const INBOUND_COUNT: Col<i64> = col("inbound_count");
pub const SEEN_COUNT: Col<i64> = col("seen_count");
pub const UNREAD_COUNT: Col<i64> = col("unread_count");
pub const CLOSED_AT: Col<Timestamp> = col("closed_at");

const CHANNELS: &[Choice] = &[
    Choice::new("email", "Email", "blue").also(&["e-mail"]),
    Choice::new("whatsapp", "WhatsApp", "green"),
    Choice::new("sms", "SMS", "violet").also(&["text"]),
    Choice::new("internal", "Internal", "amber"),
];

const STATUSES: &[Choice] = &[
    Choice::new("active", "Active", "green").also(&["open"]),
    Choice::new("paused", "Paused", "amber").also(&["snoozed"]),
    Choice::new("closed", "Closed", "gray").also(&["done", "resolved"]),
];

pub(crate) const DIRECTIONS: &[Choice] = &[
    Choice::new("inbound", "Inbound", "teal").also(&["incoming", "received"]),
    Choice::new("outbound", "Outbound", "blue").also(&["outgoing", "sent"]),
];

pub static CONVERSATION: Entity = Entity {
    name: "conversation",
    table: "conversations",
    is_view: false,
    path: "conversations",
    label: "Conversation",
    label_plural: "Conversations",
    icon: "messages-square",
    resource: "conversations",
    title: "title",
    access: Access::InProjects {
        owner: "assigned_to_id",
        also: &["subject_owner_id"],
        company: Some("subject_company_id"),
        projects: &["subject_project_id"],
    },
    fields: &[
        Field::of(TITLE, "Title", Kind::Text)
            .searchable()
            .sortable()
            .help("The first message's subject, or whom it is with"),
        Field::of(SUBJECT_TYPE, "With", Kind::Choice)
            .choices(CONVERSATION_SUBJECTS)
            .required()
            .writer(Writer::OnCreate)
            .filterable()
            .aliases(&["related to type"]),
        Field::of(SUBJECT, "Whom", Kind::AnyReference)
            .references_any(SUBJECT_TYPE)
            .required()
            .writer(Writer::OnCreate)
            .filterable()
            .aliases(&["related to", "lead_id", "contact_id"]),
        Field::of(CHANNEL, "Channel", Kind::Choice)
            .choices(CHANNELS)
            .required()
            .default(Default::Text("email"))
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("active"))
            .filterable(),
        Field::of(DIRECTION, "Begun", Kind::Choice)
            .choices(DIRECTIONS)
            .required()
            .default(Default::Text("outbound"))
            .writer(Writer::OnCreate)
            .filterable()
            .help("Who wrote first"),
        Field::of(CHANNEL_ACCOUNT, "Account", Kind::Reference)
            .references("channel_account")
            .filterable(),
        Field::of(EMAIL, "Email", Kind::Email)
            .searchable()
            .filterable()
            .personal(),
        Field::of(PHONE, "Phone", Kind::Phone)
            .searchable()
            .filterable()
            .personal(),
        Field::of(ASSIGNED_TO, "Assigned to", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&["assignee", "owner"]),
        Field::of(LAST_MESSAGE_AT, "Last message", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(LAST_MESSAGE_PREVIEW, "Says", Kind::Text).system(),
        Field::of(LAST_INBOUND_AT, "Last inbound", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(LAST_OUTBOUND_AT, "Last outbound", Kind::Timestamp).system(),
        Field::of(MESSAGE_COUNT, "Messages", Kind::Integer)
            .filled()
            .sortable()
            .system(),
        Field::of(INBOUND_COUNT, "Inbound messages", Kind::Integer)
            .filled()
            .system(),
        Field::of(SEEN_COUNT, "Inbound messages seen", Kind::Integer)
            .filled()
            .system(),
        Field::of(UNREAD_COUNT, "Unread", Kind::Integer)
            .sortable()
            .system(),
        Field::of(CLOSED_AT, "Closed", Kind::Timestamp)
            .sortable()
            .system(),
    ],
    children: &[Child {
        name: "messages",
        label: "Messages",
        entity: "message",
        field: "conversation_id",
    }],
    layout: Layout {
        table: &[
            "title",
            "subject_id",
            "channel",
            "status",
            "last_message_preview",
            "unread_count",
            "message_count",
            "assigned_to_id",
            "last_message_at",
        ],
        sections: &[
            Section {
                label: "Conversation",
                fields: &[
                    "title",
                    "subject_type",
                    "subject_id",
                    "channel",
                    "status",
                    "assigned_to_id",
                    "email",
                    "phone",
                    "channel_account_id",
                    "direction",
                ],
            },
            Section {
                label: "Messages",
                fields: &[
                    "message_count",
                    "unread_count",
                    "last_message_at",
                    "last_inbound_at",
                    "last_outbound_at",
                    "closed_at",
                ],
            },
        ],
        board: Some("status"),
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
    natural_keys: &["title"],
    default_sort: ("last_message_at", true),
    all: fields_of!(CONVERSATION),
};

/// Rules of conversations.
pub struct ConversationRules;

impl Rules for ConversationRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let channel = change.get(CHANNEL);
        let fits = |address: &str| match channel.as_deref() {
            Some("email") => address == "email",
            Some("whatsapp" | "sms") => address == "phone",
            _ => false,
        };
        // An address that the channel does not use would be read as one that it does.
        for (address, given) in [
            ("email", change.gives(EMAIL) && change.get(EMAIL).is_some()),
            ("phone", change.gives(PHONE) && change.get(PHONE).is_some()),
        ] {
            if given && channel.as_deref() == Some("internal") && !fits(address) {
                faults.push(
                    Fault::new(
                        "not_on_channel",
                        "an internal conversation reaches nobody outside",
                    )
                    .at(address),
                );
            }
        }
    }
}

/// The conversations of whoever can have some.
pub(crate) const CONVERSATIONS: Child = Child {
    name: "conversations",
    label: "Conversations",
    entity: "conversation",
    field: "subject_id",
};
