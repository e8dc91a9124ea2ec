//! An opportunity to sell, worked through the stages of a pipeline.

pub mod history;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
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

use crate::staged::{self, Staged};
use crate::subject;

pub const NAME: Col<String> = col("name");
pub const COMPANY: Col<Uuid> = col("company_id");
pub const PRIMARY_CONTACT: Col<Uuid> = col("primary_contact_id");
pub const PIPELINE: Col<Uuid> = staged::PIPELINE;
pub const STAGE: Col<Uuid> = staged::STAGE;
pub const STATUS: Col<String> = col("status");
pub const AMOUNT: Col<Decimal> = col("amount");
pub const CURRENCY: Col<String> = col("currency");
pub const PROBABILITY: Col<i64> = col("probability");
pub const EXPECTED_CLOSE_DATE: Col<Date> = col("expected_close_date");
pub const ACTUAL_CLOSE_DATE: Col<Date> = col("actual_close_date");
pub const STAGE_ENTERED_AT: Col<Timestamp> = col("stage_entered_at");
pub const SOURCE: Col<String> = col("source");
pub const SOURCE_DETAIL: Col<String> = col("source_detail");
pub const LOST_REASON: Col<String> = col("lost_reason");
pub const DESCRIPTION: Col<String> = col("description");
pub const OWNER: Col<Uuid> = col("owner_id");
pub const AI_SCORE: Col<i64> = col("ai_score");
pub const AI_INSIGHTS: Col<Json> = col("ai_insights");
pub const BOARD_POSITION: Col<String> = staged::BOARD_POSITION;

/// What a deal that arrives lost by import says when its file does not.
const NOT_RECORDED: &str = "Not recorded";

const STATUSES: &[Choice] = &[
    Choice::new("open", "Open", "blue"),
    Choice::new("won", "Won", "green"),
    Choice::new("lost", "Lost", "red"),
];

/// Where deals and leads come from.
pub(crate) const SOURCES: &[Choice] = &[
    Choice::new("website", "Website", "blue"),
    Choice::new("referral", "Referral", "green"),
    Choice::new("brief_wizard", "Brief wizard", "violet"),
    Choice::new("cold_outreach", "Cold outreach", "gray"),
    Choice::new("cold_call", "Cold call", "gray"),
    Choice::new("inbound", "Inbound", "teal"),
    Choice::new("partner", "Partner", "orange"),
    Choice::new("event", "Event", "pink"),
    Choice::new("google_ads", "Google Ads", "amber"),
    Choice::new("facebook_ads", "Facebook Ads", "blue"),
    Choice::new("organic", "Organic", "green"),
    Choice::new("import", "Import", "gray"),
    Choice::new("api", "API", "gray"),
    Choice::new("other", "Other", "gray"),
];

pub static DEAL: Entity = Entity {
    name: "deal",
    table: "deals",
    is_view: false,
    path: "deals",
    label: "Deal",
    label_plural: "Deals",
    icon: "handshake",
    resource: "deals",
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
            .aliases(&[
                "deal",
                "deal name",
                "opportunity",
                "opportunity_id",
                "opportunity name",
                "title",
                "deal - title",
            ]),
        Field::of(COMPANY, "Company", Kind::Reference)
            .references("company")
            .filterable()
            .aliases(&[
                "account",
                "account name",
                "organization",
                "client",
                "associated company",
                "company name",
                "deal - organization",
            ]),
        Field::of(PRIMARY_CONTACT, "Primary contact", Kind::Reference)
            .references("contact")
            .filterable()
            .aliases(&[
                "contact",
                "contact name",
                "contact person",
                "associated contact",
                "deal - contact person",
            ]),
        Field::of(PIPELINE, "Pipeline", Kind::Reference)
            .references("pipeline")
            .required()
            .filterable(),
        Field::of(STAGE, "Stage", Kind::Reference)
            .references("stage")
            .required()
            .filterable()
            .aliases(&["deal_stage", "deal stage", "stage name", "deal - stage"]),
        Field::of(STATUS, "Status", Kind::Choice)
            .filled()
            .choices(STATUSES)
            .filterable()
            .system(),
        Field::of(AMOUNT, "Amount", Kind::Money)
            .currency(CURRENCY)
            .sortable()
            .aliases(&[
                "close_value",
                "close value",
                "value",
                "deal value",
                "deal amount",
                "deal - value",
            ]),
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .required()
            .default(Default::BaseCurrency)
            .filterable()
            .aliases(&["currency code", "deal - currency of value"]),
        Field::of(PROBABILITY, "Probability", Kind::Percent)
            .sortable()
            .help("Taken from the stage unless set"),
        Field::of(EXPECTED_CLOSE_DATE, "Expected close", Kind::Date)
            .sortable()
            .aliases(&[
                "expected close date",
                "close date (expected)",
                "deal - expected close date",
            ]),
        Field::of(ACTUAL_CLOSE_DATE, "Closed", Kind::Date)
            .sortable()
            .aliases(&[
                "close_date",
                "close date",
                "closed date",
                "actual close date",
                "won time",
            ]),
        Field::of(STAGE_ENTERED_AT, "In stage since", Kind::Timestamp)
            .filled()
            .sortable()
            .system(),
        Field::of(SOURCE, "Source", Kind::Choice)
            .choices(SOURCES)
            .filterable()
            .aliases(&["deal source", "lead source"]),
        Field::of(SOURCE_DETAIL, "Source detail", Kind::Text),
        Field::of(LOST_REASON, "Lost reason", Kind::Text)
            .max_length(1000)
            .aliases(&["loss reason", "closed lost reason"])
            .help("Needed when a deal is lost"),
        Field::of(DESCRIPTION, "Description", Kind::LongText),
        Field::of(OWNER, "Owner", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&[
                "sales_agent",
                "sales agent",
                "deal owner",
                "opportunity owner",
                "assigned to",
                "sales rep",
                "deal - owner",
            ]),
        Field::of(AI_SCORE, "AI score", Kind::Percent)
            .sortable()
            .system(),
        Field::of(AI_INSIGHTS, "AI insights", Kind::Json).system(),
        Field::of(BOARD_POSITION, "Board position", Kind::Text)
            .required()
            .sortable()
            .system(),
    ],
    children: &[
        Child {
            name: "items",
            label: "Items",
            entity: "deal_item",
            field: "deal_id",
        },
        Child {
            name: "stage-history",
            label: "Stage history",
            entity: "deal_stage",
            field: "deal_id",
        },
        Child {
            name: "projects",
            label: "Projects",
            entity: "project",
            field: "deal_id",
        },
        Child {
            name: "invoices",
            label: "Invoices",
            entity: "invoice",
            field: "deal_id",
        },
        subject::TASKS,
        subject::NOTES,
        crate::document::DOCUMENTS,
        subject::INTERACTIONS,
        Child {
            name: "leads",
            label: "Converted leads",
            entity: "lead",
            field: "converted_deal_id",
        },
    ],
    layout: Layout {
        table: &[
            "name",
            "company_id",
            "stage_id",
            "amount",
            "probability",
            "expected_close_date",
            "owner_id",
            "tags",
            "updated_at",
        ],
        sections: &[
            Section {
                label: "Deal",
                fields: &[
                    "name",
                    "company_id",
                    "primary_contact_id",
                    "pipeline_id",
                    "stage_id",
                    "amount",
                    "currency",
                    "probability",
                    "tags",
                ],
            },
            Section {
                label: "Dates",
                fields: &[
                    "expected_close_date",
                    "actual_close_date",
                    "stage_entered_at",
                ],
            },
            Section {
                label: "Origin",
                fields: &[
                    "owner_id",
                    "source",
                    "source_detail",
                    "lost_reason",
                    "description",
                    "ai_score",
                ],
            },
        ],
        board: Some("stage_id"),
    },
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: true,
    extensible: true,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("created_at", true),
    all: fields_of!(DEAL),
};

/// How deals are worked through stages.
pub static STAGED: Staged = Staged {
    entity: &DEAL,
    value: "amount",
    probability: Some("probability"),
};

/// Rules of deals.
pub struct DealRules;

impl Rules for DealRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        place(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.get(STATUS).as_deref() == Some("lost") && change.get(LOST_REASON).is_none() {
            faults.push(Fault::new("required", "say why the deal was lost").at("lost_reason"));
        }
    }
}

/// Gives every deal its pipeline, stage and status. The database keeps the same rules; here they become
/// errors by field.
async fn place(mut batch: Batch<'_>) -> Result<(), EngineError> {
    let importing = batch.caller.origin.kind == "import";
    let Some(stages) = staged::place(&mut batch).await? else {
        return Ok(());
    };
    for change in batch.changes.iter_mut() {
        let Some(stage) = stages.of(change) else {
            continue;
        };
        change.set(STATUS, stage.kind.clone());
        let lost = stage.kind == "lost";
        if lost && importing && change.get(LOST_REASON).is_none() {
            change.set(LOST_REASON, NOT_RECORDED.to_owned());
        }
        if stage.kind == "open" && change.get(ACTUAL_CLOSE_DATE).is_some() {
            change.clear(ACTUAL_CLOSE_DATE);
        }
        // A file that has one date of closing means the day on which the deal was closed, not that of the import.
        if stage.kind != "open"
            && importing
            && change.get(ACTUAL_CLOSE_DATE).is_none()
            && let Some(day) = change.get(EXPECTED_CLOSE_DATE)
        {
            change.set(ACTUAL_CLOSE_DATE, day);
        }
        if !lost && change.get(LOST_REASON).is_some() {
            change.clear(LOST_REASON);
        }
    }
    Ok(())
}
