//! Whom a campaign reaches: a contact or a lead, and how far it got with them.

use jiff::Timestamp;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use uuid::Uuid;

pub const CAMPAIGN: Col<Uuid> = col("campaign_id");
pub const CONTACT: Col<Uuid> = col("contact_id");
pub const LEAD: Col<Uuid> = col("lead_id");
pub const STATUS: Col<String> = col("status");
pub const SENT_AT: Col<Timestamp> = col("sent_at");
pub const DELIVERED_AT: Col<Timestamp> = col("delivered_at");
pub const OPENED_AT: Col<Timestamp> = col("opened_at");
pub const CLICKED_AT: Col<Timestamp> = col("clicked_at");
pub const BOUNCED_AT: Col<Timestamp> = col("bounced_at");
pub const UNSUBSCRIBED_AT: Col<Timestamp> = col("unsubscribed_at");

const STATUSES: &[Choice] = &[
    Choice::new("pending", "Pending", "gray").also(&["planned", "added"]),
    Choice::new("sent", "Sent", "blue"),
    Choice::new("delivered", "Delivered", "teal"),
    Choice::new("opened", "Opened", "green").also(&["read"]),
    Choice::new("clicked", "Clicked", "violet").also(&["responded"]),
    Choice::new("bounced", "Bounced", "orange"),
    Choice::new("unsubscribed", "Unsubscribed", "red").also(&["opted out"]),
];

pub static CAMPAIGN_MEMBER: Entity = Entity {
    name: "campaign_member",
    table: "campaign_members",
    is_view: false,
    path: "campaign-members",
    label: "Campaign member",
    label_plural: "Campaign members",
    icon: "users-round",
    resource: "campaigns",
    title: "contact_id",
    access: Access::Through {
        column: "campaign_id",
        parent: "campaign",
    },
    fields: &[
        Field::of(CAMPAIGN, "Campaign", Kind::Reference)
            .references("campaign")
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(CONTACT, "Contact", Kind::Reference)
            .references("contact")
            .writer(Writer::OnCreate)
            .unique()
            .filterable(),
        Field::of(LEAD, "Lead", Kind::Reference)
            .references("lead")
            .writer(Writer::OnCreate)
            .unique()
            .filterable(),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("pending"))
            .filterable()
            .help("Only moves forward"),
        Field::of(SENT_AT, "Sent", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(DELIVERED_AT, "Delivered", Kind::Timestamp).system(),
        Field::of(OPENED_AT, "Opened", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(CLICKED_AT, "Clicked", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(BOUNCED_AT, "Bounced", Kind::Timestamp).system(),
        Field::of(UNSUBSCRIBED_AT, "Unsubscribed", Kind::Timestamp).system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "campaign_id",
            "contact_id",
            "lead_id",
            "status",
            "sent_at",
            "opened_at",
            "clicked_at",
            "created_at",
        ],
        sections: &[Section {
            label: "Member",
            fields: &[
                "campaign_id",
                "contact_id",
                "lead_id",
                "status",
                "sent_at",
                "delivered_at",
                "opened_at",
                "clicked_at",
                "bounced_at",
                "unsubscribed_at",
            ],
        }],
        board: Some("status"),
    },
    verbs: Verbs::ALL,
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("created_at", true),
    all: fields_of!(CAMPAIGN_MEMBER),
};

/// Rules of campaign members.
pub struct CampaignMemberRules;

impl Rules for CampaignMemberRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let (contact, lead) = (change.get(CONTACT), change.get(LEAD));
        if contact.is_some() == lead.is_some()
            && !faults.has("contact_id")
            && !faults.has("lead_id")
        {
            faults.push(
                Fault::new(
                    "one_person",
                    "a member is either a contact or a lead; give one of the two",
                )
                .at("contact_id"),
            );
        }
    }
}
