//! Something that is run to reach people: its plan, its cost, whom it reaches and what comes of it.

mod audience;
mod members;
mod metrics;

pub use audience::{AudienceOutcome, AudienceRequest, add_from_audience};
pub use members::{MembersOutcome, People, add_people, remove_contact};
pub use metrics::metrics;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::civil::Date;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::subject;

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const TYPE: Col<String> = col("type");
pub const STATUS: Col<String> = col("status");
pub const START_DATE: Col<Date> = col("start_date");
pub const END_DATE: Col<Date> = col("end_date");
pub const BUDGET: Col<Decimal> = col("budget");
pub const ACTUAL_COST: Col<Decimal> = col("actual_cost");
pub const CURRENCY: Col<String> = col("currency");
pub const OWNER: Col<Uuid> = col("owner_id");
pub const COMPANY: Col<Uuid> = col("company_id");
pub const TARGET_AUDIENCE: Col<Json> = col("target_audience");
pub const GOALS: Col<Json> = col("goals");
pub const METRICS: Col<Json> = col("metrics");

const TYPES: &[Choice] = &[
    Choice::new("email", "Email", "blue").also(&["e-mail", "newsletter"]),
    Choice::new("social", "Social media", "pink").also(&["social media"]),
    Choice::new("webinar", "Webinar", "violet"),
    Choice::new("event", "Event", "orange").also(&["conference"]),
    Choice::new("content", "Content", "teal"),
    Choice::new("other", "Other", "gray"),
];

const STATUSES: &[Choice] = &[
    Choice::new("planning", "Planning", "gray").also(&["planned", "draft"]),
    Choice::new("active", "Active", "green").also(&["in progress", "running"]),
    Choice::new("paused", "Paused", "amber").also(&["on hold"]),
    Choice::new("completed", "Completed", "blue").also(&["done", "finished"]),
    Choice::new("cancelled", "Cancelled", "red").also(&["canceled", "aborted"]),
];

pub static CAMPAIGN: Entity = Entity {
    name: "campaign",
    table: "campaigns",
    is_view: false,
    path: "campaigns",
    label: "Campaign",
    label_plural: "Campaigns",
    icon: "megaphone",
    resource: "campaigns",
    title: "name",
    access: Access::Owned {
        owner: "owner_id",
        also: &[],
        company: Some("company_id"),
    },
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .searchable()
            .sortable()
            .aliases(&["campaign", "campaign name", "title"]),
        Field::of(TYPE, "Type", Kind::Choice)
            .choices(TYPES)
            .required()
            .default(Default::Text("email"))
            .filterable()
            .aliases(&["campaign type", "campaign_type"]),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("planning"))
            .filterable()
            .aliases(&["campaign status"])
            .help("Planned, then active or paused, then completed or cancelled"),
        Field::of(START_DATE, "Starts", Kind::Date)
            .sortable()
            .aliases(&["start date", "from"]),
        Field::of(END_DATE, "Ends", Kind::Date)
            .sortable()
            .aliases(&["end date", "until"]),
        Field::of(BUDGET, "Budget", Kind::Money)
            .currency(CURRENCY)
            .sortable()
            .aliases(&["budgeted cost"]),
        Field::of(ACTUAL_COST, "Actual cost", Kind::Money)
            .currency(CURRENCY)
            .sortable()
            .aliases(&["cost", "spend"]),
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .required()
            .default(Default::BaseCurrency)
            .filterable()
            .aliases(&["currency code"]),
        Field::of(OWNER, "Owner", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&["campaign owner", "assigned to"]),
        Field::of(COMPANY, "Client", Kind::Reference)
            .references("company")
            .filterable()
            .aliases(&["company", "account", "run for"]),
        Field::of(DESCRIPTION, "Description", Kind::LongText).aliases(&["notes"]),
        Field::of(TARGET_AUDIENCE, "Audience", Kind::Json)
            .aliases(&["target audience", "segment"])
            .help("{\"entity\": \"contact\" or \"lead\", \"filter\": a filter of their list}"),
        Field::of(GOALS, "Goals", Kind::Json)
            .default(Default::Empty)
            .help("{\"leads\": 200, \"conversions\": 20}"),
        Field::of(METRICS, "Figures from elsewhere", Kind::Json)
            .default(Default::Empty)
            .help("What other systems counted: {\"impressions\": 12000, \"clicks\": 340}"),
    ],
    children: &[
        Child {
            name: "members",
            label: "Members",
            entity: "campaign_member",
            field: "campaign_id",
        },
        Child {
            name: "leads",
            label: "Leads",
            entity: "lead",
            field: "campaign_id",
        },
        Child {
            name: "projects",
            label: "Projects",
            entity: "project",
            field: "campaign_id",
        },
        subject::TASKS,
        subject::NOTES,
        crate::document::DOCUMENTS,
    ],
    layout: Layout {
        table: &[
            "name",
            "type",
            "status",
            "start_date",
            "end_date",
            "budget",
            "actual_cost",
            "company_id",
            "owner_id",
            "tags",
        ],
        sections: &[
            Section {
                label: "Campaign",
                fields: &[
                    "name",
                    "type",
                    "status",
                    "start_date",
                    "end_date",
                    "owner_id",
                    "company_id",
                    "description",
                    "tags",
                ],
            },
            Section {
                label: "Money",
                fields: &["budget", "actual_cost", "currency"],
            },
            Section {
                label: "Audience and goals",
                fields: &["target_audience", "goals", "metrics"],
            },
        ],
        board: Some("status"),
    },
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: true,
    extensible: true,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("created_at", true),
    all: fields_of!(CAMPAIGN),
};

/// Rules of campaigns.
pub struct CampaignRules;

impl Rules for CampaignRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        // An audience that could not be looked up would be found out when it is needed.
        let checked = batch
            .changes
            .iter()
            .filter(|change| change.gives(TARGET_AUDIENCE))
            .filter_map(|change| change.get(TARGET_AUDIENCE))
            .try_for_each(|audience| {
                audience::Audience::parse(batch.catalogue, batch.caller, &audience).map(drop)
            });
        async { checked }.boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if let (Some(start), Some(end)) = (change.get(START_DATE), change.get(END_DATE))
            && end < start
        {
            faults.push(
                Fault::new(
                    "before_start",
                    "is before the start; a campaign ends on or after the day it starts",
                )
                .at("end_date"),
            );
        }
    }
}
