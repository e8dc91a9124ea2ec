//! What is said in a conversation. Only how far it got changes afterwards.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::conversation::DIRECTIONS;
use crate::subject::{CONVERSATION_SUBJECTS, SUBJECT, SUBJECT_TYPE};

pub const CONVERSATION: Col<Uuid> = col("conversation_id");
pub const SENDER_TYPE: Col<String> = col("sender_type");
pub const SENDER: Col<Uuid> = col("sender_id");
pub const SENDER_USER: Col<Uuid> = col("sender_user_id");
pub const SENDER_LEAD: Col<Uuid> = col("sender_lead_id");
pub const SENDER_CONTACT: Col<Uuid> = col("sender_contact_id");
pub const SENDER_NAME: Col<String> = col("sender_name");
pub const SENDER_ADDRESS: Col<String> = col("sender_address");
pub const RECIPIENTS: Col<Json> = col("recipients");
pub const MESSAGE_TYPE: Col<String> = col("message_type");
pub const DIRECTION: Col<String> = col("direction");
pub const CONTENT_TYPE: Col<String> = col("content_type");
pub const MAIL_SUBJECT: Col<String> = col("subject");
pub const CONTENT: Col<String> = col("content");
pub const CONTENT_HTML: Col<String> = col("content_html");
pub const PREVIEW: Col<String> = col("preview");
pub const STATUS: Col<String> = col("status");
pub const OCCURRED_AT: Col<Timestamp> = col("occurred_at");
pub const SENT_AT: Col<Timestamp> = col("sent_at");
pub const DELIVERED_AT: Col<Timestamp> = col("delivered_at");
pub const READ_AT: Col<Timestamp> = col("read_at");
pub const FAILED_AT: Col<Timestamp> = col("failed_at");
pub const FAILURE_REASON: Col<String> = col("failure_reason");
pub const CHANNEL_ACCOUNT: Col<Uuid> = col("channel_account_id");
pub const PROVIDER_ID: Col<String> = col("provider_id");
pub const EMAIL_MESSAGE_ID: Col<String> = col("email_message_id");
pub const IN_REPLY_TO: Col<String> = col("in_reply_to");
pub const EMAIL_REFERENCES: Col<Json> = col("email_references");
pub const REPLY_TO: Col<Uuid> = col("reply_to_id");
pub const EMAIL_TEMPLATE: Col<Uuid> = col("email_template_id");
pub const CAMPAIGN: Col<Uuid> = col("campaign_id");
pub const ATTACHMENTS: Col<Json> = col("attachments");
pub const METADATA: Col<Json> = col("metadata");

/// Characters of a text and of an HTML body.
pub(crate) const LONGEST: usize = 50_000;
pub(crate) const LONGEST_HTML: usize = 500_000;
/// Attachments of a message, and mail that it refers to, at most.
pub(crate) const MOST: usize = 50;

const SENDERS: &[Choice] = &[
    Choice::new("user", "User", "blue"),
    Choice::new("lead", "Lead", "violet"),
    Choice::new("contact", "Contact", "teal"),
    Choice::new("system", "System", "gray"),
];

const TYPES: &[Choice] = &[
    Choice::new("email", "Email", "blue").also(&["e-mail"]),
    Choice::new("sms", "SMS", "violet"),
    Choice::new("whatsapp", "WhatsApp", "green"),
    Choice::new("call_note", "Note on a call", "orange").also(&["call note", "call"]),
    Choice::new("internal", "Internal", "amber").also(&["internal note"]),
];

const CONTENT_TYPES: &[Choice] = &[
    Choice::new("text", "Text", "gray"),
    Choice::new("html", "HTML", "blue"),
    Choice::new("image", "Image", "pink"),
    Choice::new("audio", "Audio", "orange"),
    Choice::new("video", "Video", "violet"),
    Choice::new("document", "Document", "teal"),
    Choice::new("sticker", "Sticker", "amber"),
    Choice::new("location", "Location", "green"),
    Choice::new("contacts", "Contacts", "green"),
    Choice::new("template", "Template", "blue"),
    Choice::new("interactive", "Interactive", "violet"),
    Choice::new("reaction", "Reaction", "amber"),
    Choice::new("system", "System", "gray"),
    Choice::new("unsupported", "Unsupported", "gray"),
];

const STATUSES: &[Choice] = &[
    Choice::new("queued", "Queued", "gray"),
    Choice::new("sent", "Sent", "blue"),
    Choice::new("delivered", "Delivered", "teal"),
    Choice::new("read", "Read", "green"),
    Choice::new("failed", "Failed", "red"),
];

pub static MESSAGE: Entity = Entity {
    name: "message",
    table: "messages",
    is_view: false,
    path: "messages",
    label: "Message",
    label_plural: "Messages",
    icon: "message-square",
    resource: "conversations",
    title: "preview",
    access: Access::Through {
        column: "conversation_id",
        parent: "conversation",
    },
    fields: &[
        Field::of(PREVIEW, "Message", Kind::Text).system(),
        Field::of(CONVERSATION, "Conversation", Kind::Reference)
            .references("conversation")
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(SUBJECT_TYPE, "With", Kind::Choice)
            .choices(CONVERSATION_SUBJECTS)
            .filterable()
            .system(),
        // No reference: what it would nest, `subject`, is the name of a mail's line. The conversation's nests.
        Field::of(SUBJECT, "Whom", Kind::Uuid).filterable().system(),
        Field::of(MESSAGE_TYPE, "Type", Kind::Choice).filled()
            .choices(TYPES)
            .writer(Writer::OnCreate)
            .filterable()
            .help("The conversation's channel, or a note among ourselves"),
        Field::of(DIRECTION, "Direction", Kind::Choice)
            .choices(DIRECTIONS)
            .required()
            .default(Default::Text("outbound"))
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(SENDER_TYPE, "Sender type", Kind::Choice).filled().choices(SENDERS).system(),
        Field::of(SENDER, "Sender", Kind::Uuid).system(),
        Field::of(SENDER_USER, "Sent by", Kind::User).system(),
        Field::of(SENDER_LEAD, "Sent by lead", Kind::Reference).references("lead").system(),
        Field::of(SENDER_CONTACT, "Sent by contact", Kind::Reference).references("contact").system(),
        Field::of(SENDER_NAME, "Sender's name", Kind::Text).personal().system(),
        Field::of(SENDER_ADDRESS, "Sender's address", Kind::Text)
            .max_length(320)
            .personal()
            .system(),
        Field::of(RECIPIENTS, "Recipients", Kind::Json)
            .default(Default::Empty)
            .writer(Writer::OnCreate)
            .personal()
            .help("{\"to\": […], \"cc\": […], \"bcc\": […]}; the conversation's address when left empty"),
        Field::of(CONTENT_TYPE, "Content type", Kind::Choice)
            .choices(CONTENT_TYPES)
            .required()
            .default(Default::Text("text"))
            .writer(Writer::OnCreate),
        Field::of(MAIL_SUBJECT, "Subject", Kind::Text)
            .max_length(998)
            .searchable()
            .writer(Writer::OnCreate),
        Field::of(CONTENT, "Content", Kind::LongText).filled()
            .searchable()
            .writer(Writer::OnCreate)
            .aliases(&["text", "body", "message"]),
        Field::of(CONTENT_HTML, "HTML", Kind::LongText)
            .max_length(500_000)
            .writer(Writer::OnCreate),
        Field::of(STATUS, "Status", Kind::Choice).filled()
            .choices(STATUSES)
            .writer(Writer::OnCreate)
            .filterable()
            .help("Queued to be sent, unless it is told that it was"),
        Field::of(OCCURRED_AT, "When", Kind::Timestamp).filled()
            .sortable()
            .writer(Writer::OnCreate),
        Field::of(SENT_AT, "Sent", Kind::Timestamp).system(),
        Field::of(DELIVERED_AT, "Delivered", Kind::Timestamp).system(),
        Field::of(READ_AT, "Read", Kind::Timestamp).system(),
        Field::of(FAILED_AT, "Failed", Kind::Timestamp).system(),
        Field::of(FAILURE_REASON, "Why it failed", Kind::Text).max_length(1000).system(),
        Field::of(CHANNEL_ACCOUNT, "Account", Kind::Reference)
            .references("channel_account")
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(PROVIDER_ID, "Provider's id", Kind::Text)
            .max_length(512)
            .unique()
            .writer(Writer::OnCreate),
        Field::of(EMAIL_MESSAGE_ID, "Message-ID", Kind::Text)
            .max_length(998)
            .writer(Writer::OnCreate),
        Field::of(IN_REPLY_TO, "In-Reply-To", Kind::Text)
            .max_length(998)
            .writer(Writer::OnCreate),
        Field::of(EMAIL_REFERENCES, "References", Kind::Json).filled().writer(Writer::OnCreate),
        Field::of(REPLY_TO, "Answers", Kind::Reference)
            .references("message")
            .writer(Writer::OnCreate),
        Field::of(EMAIL_TEMPLATE, "Template", Kind::Reference)
            .references("email_template")
            .writer(Writer::OnCreate),
        Field::of(CAMPAIGN, "Campaign", Kind::Reference)
            .references("campaign")
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(ATTACHMENTS, "Attachments", Kind::Json).filled()
            .writer(Writer::OnCreate)
            .help("[{\"name\", \"content_type\", \"size\", \"url\"}]"),
        Field::of(METADATA, "Metadata", Kind::Json)
            .default(Default::Empty)
            .writer(Writer::OnCreate),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "preview",
            "conversation_id",
            "message_type",
            "direction",
            "status",
            "sender_user_id",
            "occurred_at",
        ],
        sections: &[
            Section {
                label: "Message",
                fields: &[
                    "conversation_id",
                    "message_type",
                    "direction",
                    "subject",
                    "content",
                    "attachments",
                    "sender_name",
                    "sender_address",
                    "recipients",
                ],
            },
            Section {
                label: "Delivery",
                fields: &[
                    "status",
                    "occurred_at",
                    "sent_at",
                    "delivered_at",
                    "read_at",
                    "failed_at",
                    "failure_reason",
                    "channel_account_id",
                    "provider_id",
                ],
            },
        ],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: false,
        delete: false,
        import: false,
    },
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("occurred_at", true),
    all: fields_of!(MESSAGE),
};

/// Rules of messages.
pub struct MessageRules;

impl Rules for MessageRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        types_of_channels(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let says_something = change.get(CONTENT).is_some_and(|text| !text.is_empty())
            || change.get(CONTENT_HTML).is_some()
            || change
                .get(ATTACHMENTS)
                .and_then(|list| list.as_array().map(|list| !list.is_empty()))
                .unwrap_or(false)
            || change.get(CONTENT_TYPE).is_some_and(|kind| kind != "text");
        if !says_something && !faults.has("content") && !faults.has("content_html") {
            faults
                .push(Fault::new("required", "write something, or attach something").at("content"));
        }
        for (column, name) in [
            (ATTACHMENTS, "attachments"),
            (EMAIL_REFERENCES, "email_references"),
        ] {
            if let Some(value) = change.get(column)
                && value.as_array().is_none_or(|list| list.len() > MOST)
            {
                faults.push(
                    Fault::new("not_a_list", format!("must be a list of at most {MOST}")).at(name),
                );
            }
        }
        if let Some(recipients) = change.get(RECIPIENTS)
            && !are_recipients(&recipients)
        {
            faults.push(
                Fault::new(
                    "not_recipients",
                    format!("must be {{\"to\": […], \"cc\": […], \"bcc\": […]}} with at most {MOST} addresses each"),
                )
                .at("recipients"),
            );
        }
    }
}

/// Lists of addresses by how they are addressed.
fn are_recipients(json: &Json) -> bool {
    json.as_object().is_some_and(|members| {
        members.iter().all(|(name, list)| {
            matches!(name.as_str(), "to" | "cc" | "bcc")
                && list.as_array().is_some_and(|list| {
                    list.len() <= MOST
                        && list
                            .iter()
                            .all(|address| address.as_str().is_some_and(|text| text.len() <= 320))
                })
        })
    })
}

/// A message is of its conversation's channel unless it says otherwise.
async fn types_of_channels(batch: Batch<'_>) -> Result<(), EngineError> {
    let silent: Vec<Uuid> = batch
        .changes
        .iter()
        .filter(|change| change.is_new() && change.get(MESSAGE_TYPE).is_none())
        .filter_map(|change| change.get(CONVERSATION))
        .collect();
    let mut channels = std::collections::HashMap::new();
    if !silent.is_empty() {
        let statement = kith_store::Statement::new(
            "SELECT c.id, c.channel FROM conversations c WHERE c.id = ANY ($1)",
        )
        .with(silent, kith_store::types::Type::UUID_ARRAY);
        for row in batch.tx.query(&statement).await? {
            if let (Ok(id), Ok(channel)) = (row.try_get::<_, Uuid>(0), row.try_get::<_, String>(1))
            {
                channels.insert(id, channel);
            }
        }
    }
    for change in batch.changes.iter_mut().filter(|change| change.is_new()) {
        if change.get(MESSAGE_TYPE).is_none()
            && let Some(channel) = change.get(CONVERSATION).and_then(|id| channels.get(&id))
        {
            change.set(MESSAGE_TYPE, channel.clone());
        }
        if change.get(CONTENT).is_none() {
            change.set(CONTENT, String::new());
        }
        for column in [ATTACHMENTS, EMAIL_REFERENCES] {
            if change.gives(column) && change.get(column).is_none() {
                change.set(column, json!([]));
            }
        }
    }
    Ok(())
}

/// What was said with a lead, a contact or a company, on all channels.
pub(crate) const MESSAGES: Child = Child {
    name: "messages",
    label: "Messages",
    entity: "message",
    field: "subject_id",
};
