//! Addresses that are not written to any more, whoever has them.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::Fault;
use kith_catalogue::field::{AnyField, Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::kinds::{ParseContext, parse};
use kith_catalogue::value::Value;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, EngineError, Rules};
use kith_store::types::Type;
use kith_store::{Statement, SystemTx};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::contact;

pub const ADDRESS: Col<String> = col("address");
pub const CHANNEL: Col<String> = col("channel");
pub const REASON: Col<String> = col("reason");
pub const SINCE: Col<Timestamp> = col("since");
pub const CAMPAIGN: Col<Uuid> = col("campaign_id");
pub const NOTE: Col<String> = col("note");

const CHANNELS: &[Choice] = &[
    Choice::new("email", "Email", "blue").also(&["e-mail"]),
    Choice::new("sms", "SMS", "violet"),
    Choice::new("whatsapp", "WhatsApp", "green"),
];

const REASONS: &[Choice] = &[
    Choice::new("unsubscribed", "Unsubscribed", "amber").also(&["opted out"]),
    Choice::new("bounced", "Bounced", "orange").also(&["hard bounce"]),
    Choice::new("complained", "Complained", "red").also(&["spam complaint"]),
    Choice::new("manual", "By hand", "gray"),
];

pub static SUPPRESSION: Entity = Entity {
    name: "suppression",
    table: "suppressions",
    is_view: false,
    path: "suppressions",
    label: "Suppression",
    label_plural: "Suppressions",
    icon: "ban",
    resource: "suppressions",
    title: "address",
    access: Access::Shared,
    fields: &[
        Field::of(ADDRESS, "Address", Kind::Text)
            .required()
            .unique()
            .filterable()
            .personal()
            .writer(Writer::OnCreate)
            .aliases(&["email", "email address", "phone"])
            .help("An e-mail address, or a phone number with its country code"),
        Field::of(CHANNEL, "Channel", Kind::Choice)
            .choices(CHANNELS)
            .required()
            .default(Default::Text("email"))
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(REASON, "Reason", Kind::Choice)
            .choices(REASONS)
            .required()
            .default(Default::Text("manual"))
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(SINCE, "Since", Kind::Timestamp)
            .filled()
            .sortable()
            .writer(Writer::OnCreate)
            .aliases(&["date", "unsubscribed at"]),
        Field::of(CAMPAIGN, "Campaign", Kind::Reference)
            .references("campaign")
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(NOTE, "Note", Kind::Text).max_length(1000),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "address",
            "channel",
            "reason",
            "since",
            "campaign_id",
            "note",
        ],
        sections: &[Section {
            label: "Suppression",
            fields: &[
                "address",
                "channel",
                "reason",
                "since",
                "campaign_id",
                "note",
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
    natural_keys: &["address"],
    default_sort: ("since", true),
    all: fields_of!(SUPPRESSION),
};

/// Rules of suppressions.
pub struct SuppressionRules;

impl Rules for SuppressionRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            let context = batch.caller.parse_context();
            for change in batch.changes.iter_mut().filter(|change| change.is_new()) {
                let (Some(given), Some(channel)) = (change.get(ADDRESS), change.get(CHANNEL))
                else {
                    continue;
                };
                let address = normal_address(&channel, &given, &context)
                    .map_err(|fault| EngineError::from(fault.at("address")))?;
                change.set(ADDRESS, address);
            }
            Ok(())
        }
        .boxed()
    }
}

/// An address in the one form in which addresses of a channel are compared: e-mail in lower case, phone numbers as
/// E.164 without an extension.
///
/// # Errors
/// A fault for what is no address of the channel.
pub fn normal_address(channel: &str, given: &str, context: &ParseContext) -> Result<String, Fault> {
    let json = Json::String(given.to_owned());
    let (field, what) = match channel {
        "email" => (&EMAIL, "an e-mail address"),
        _ => (&PHONE, "a phone number with its country code"),
    };
    match parse(&AnyField::Column(field), &json, context)? {
        Value::Text(address) => Ok(address
            .split_once(';')
            .map_or(address.as_str(), |(number, _)| number)
            .to_owned()),
        _ => Err(Fault::new("required", format!("must be {what}"))),
    }
}

/// Whoever followed the link in a message: which address leaves which channel, and whose message it was. Twice is as once.
///
/// # Errors
/// When the database cannot be reached.
pub async fn unsubscribe(
    tx: &SystemTx,
    address: &str,
    channel: &str,
    campaign: Option<Uuid>,
) -> Result<(), EngineError> {
    let leave = Statement::new("SELECT unsubscribe($1, $2, $3)")
        .with(address.to_owned(), Type::TEXT)
        .with(channel.to_owned(), Type::TEXT)
        .with(campaign, Type::UUID);
    tx.query(&leave).await?;
    Ok(())
}

static EMAIL: Field = Field::of(contact::EMAIL, "Email", Kind::Email);
static PHONE: Field = Field::of(contact::PHONE, "Phone", Kind::Phone);
