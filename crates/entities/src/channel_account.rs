//! A connected WhatsApp number, mailbox or Twilio number. Its secrets are sealed by the server and read by nobody.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kith_catalogue::access::Action;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Caller, EngineError, Rules};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::suppression::normal_address;

pub const NAME: Col<String> = col("name");
pub const CHANNEL: Col<String> = col("channel");
pub const PROVIDER: Col<String> = col("provider");
pub const ADDRESS: Col<String> = col("address");
pub const EXTERNAL_ID: Col<String> = col("external_id");
pub const ASSIGNED_TO: Col<Uuid> = col("assigned_to_id");
pub const IS_ACTIVE: Col<bool> = col("is_active");
pub const IS_DEFAULT: Col<bool> = col("is_default");
pub const STATUS: Col<String> = col("status");
pub const LAST_ERROR: Col<String> = col("last_error");
pub const LAST_ACTIVE_AT: Col<Timestamp> = col("last_active_at");
pub const SETTINGS: Col<Json> = col("settings");
pub const SECRET_NAMES: Col<Json> = col("secret_names");
pub const SECRETS_SET_AT: Col<Timestamp> = col("secrets_set_at");

/// Secrets of an account, at most, and characters of each.
const MOST_SECRETS: usize = 20;
const LONGEST_SECRET: usize = 16_384;
/// Characters of all secrets of an account together.
const LARGEST: usize = 60_000;

const CHANNELS: &[Choice] = &[
    Choice::new("email", "Email", "blue").also(&["e-mail"]),
    Choice::new("whatsapp", "WhatsApp", "green"),
    Choice::new("sms", "SMS", "violet"),
];

const PROVIDERS: &[Choice] = &[
    Choice::new("smtp_imap", "Mailbox (SMTP, IMAP)", "blue").also(&["smtp", "imap", "mailbox"]),
    Choice::new("amazon_ses", "Amazon SES", "orange").also(&["ses"]),
    Choice::new("mailgun", "Mailgun", "red"),
    Choice::new("postmark", "Postmark", "amber"),
    Choice::new("sendgrid", "SendGrid", "blue"),
    Choice::new("resend", "Resend", "gray"),
    Choice::new("brevo", "Brevo", "green"),
    Choice::new("mailersend", "MailerSend", "violet"),
    Choice::new("whatsapp_cloud", "WhatsApp Cloud API", "green").also(&["whatsapp"]),
    Choice::new("twilio", "Twilio", "red"),
    Choice::new("other", "Other", "gray"),
];

const STATUSES: &[Choice] = &[
    Choice::new("unverified", "Not tried yet", "gray"),
    Choice::new("connected", "Connected", "green"),
    Choice::new("failed", "Failed", "red"),
];

pub static CHANNEL_ACCOUNT: Entity = Entity {
    name: "channel_account",
    table: "channel_accounts",
    is_view: false,
    path: "channel-accounts",
    label: "Channel account",
    label_plural: "Channel accounts",
    icon: "plug",
    resource: "channel_accounts",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text).required().sortable(),
        Field::of(CHANNEL, "Channel", Kind::Choice)
            .choices(CHANNELS)
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(PROVIDER, "Provider", Kind::Choice)
            .choices(PROVIDERS)
            .required()
            .filterable(),
        Field::of(ADDRESS, "Address", Kind::Text)
            .required()
            .unique()
            .filterable()
            .writer(Writer::OnCreate)
            .help("The mailbox, or the number with its country code"),
        Field::of(EXTERNAL_ID, "Provider's id", Kind::Text)
            .unique()
            .help("What the provider calls it: a phone number id, an account SID"),
        Field::of(ASSIGNED_TO, "New conversations go to", Kind::User).filterable(),
        Field::of(IS_ACTIVE, "Active", Kind::Boolean)
            .default(Default::Boolean(true))
            .filterable(),
        Field::of(IS_DEFAULT, "Default of its channel", Kind::Boolean)
            .default(Default::Boolean(false)),
        Field::of(STATUS, "Status", Kind::Choice)
            .filled()
            .choices(STATUSES)
            .filterable()
            .system(),
        Field::of(LAST_ERROR, "Last error", Kind::Text)
            .max_length(1000)
            .system(),
        Field::of(LAST_ACTIVE_AT, "Last active", Kind::Timestamp).system(),
        Field::of(SETTINGS, "Settings", Kind::Json)
            .default(Default::Empty)
            .help("What is no secret: server names, ports, folders"),
        Field::of(SECRET_NAMES, "Secrets", Kind::Json)
            .filled()
            .system()
            .help("Which are kept, by name; PUT …/secrets sets them"),
        Field::of(SECRETS_SET_AT, "Secrets set", Kind::Timestamp).system(),
    ],
    children: &[Child {
        name: "conversations",
        label: "Conversations",
        entity: "conversation",
        field: "channel_account_id",
    }],
    layout: Layout {
        table: &[
            "name",
            "channel",
            "provider",
            "address",
            "status",
            "is_default",
            "is_active",
        ],
        sections: &[Section {
            label: "Account",
            fields: &[
                "name",
                "channel",
                "provider",
                "address",
                "external_id",
                "assigned_to_id",
                "is_active",
                "is_default",
                "status",
                "last_error",
                "settings",
                "secret_names",
                "secrets_set_at",
            ],
        }],
        board: None,
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
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(CHANNEL_ACCOUNT),
};

/// Rules of channel accounts.
pub struct ChannelAccountRules;

impl Rules for ChannelAccountRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            let context = batch.caller.parse_context();
            let mut faults = Faults::new();
            for change in batch.changes.iter_mut().filter(|change| change.is_new()) {
                let (Some(given), Some(channel)) = (change.get(ADDRESS), change.get(CHANNEL))
                else {
                    continue;
                };
                match normal_address(&channel, &given, &context) {
                    Ok(address) => change.set(ADDRESS, address),
                    Err(fault) => faults.push(fault.at("address")),
                }
            }
            if faults.is_empty() {
                Ok(())
            } else {
                Err(faults.into())
            }
        }
        .boxed()
    }
}

/// Checks secrets by name before they are sealed; null forgets nothing, because what is set replaces all.
///
/// # Errors
/// A fault for each secret that is no text, empty or too long.
pub fn check_secrets(given: &Map<String, Json>) -> Result<(), EngineError> {
    let mut faults = Faults::new();
    let mut size = 0;
    for (name, value) in given {
        let shaped = name.len() <= 50
            && name.starts_with(|letter: char| letter.is_ascii_lowercase())
            && name.chars().all(|letter| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
            });
        let field = format!("secrets.{}", name.chars().take(60).collect::<String>());
        match value.as_str() {
            _ if !shaped => faults.push(
                Fault::new(
                    "not_a_name",
                    "is no name; use lower-case letters, digits and _, at most 50",
                )
                .at(field),
            ),
            Some(text) if !text.is_empty() && text.len() <= LONGEST_SECRET => size += text.len(),
            _ => faults.push(
                Fault::new(
                    "not_a_secret",
                    format!("must be text of 1 to {LONGEST_SECRET} bytes"),
                )
                .at(field),
            ),
        }
    }
    if given.len() > MOST_SECRETS || size > LARGEST {
        let message =
            format!("at most {MOST_SECRETS} secrets of {LARGEST} bytes together are kept");
        faults.push(Fault::new("too_large", message).at("secrets"));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.into())
    }
}

/// Keeps an account's secrets, which the caller has sealed, in place of all it had; none forgets them.
///
/// # Errors
/// [`EngineError::Refused`] for whoever may not change channel accounts; [`EngineError::NotFound`].
pub async fn keep_secrets(
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    sealed: Vec<u8>,
    names: &[String],
) -> Result<(), EngineError> {
    caller.require(&CHANNEL_ACCOUNT, Action::Update)?;
    let there =
        Statement::new("SELECT 1 FROM channel_accounts a WHERE a.id = $1 AND a.deleted_at IS NULL")
            .with(id, Type::UUID);
    if tx.query_opt(&there).await?.is_none() {
        return Err(EngineError::NotFound);
    }
    let keep = Statement::new("SELECT keep_channel_secrets($1, $2, $3)")
        .with(id, Type::UUID)
        .with(sealed, Type::BYTEA)
        .with(Json::from(names.to_vec()), Type::JSONB);
    tx.query(&keep).await?;
    Ok(())
}
