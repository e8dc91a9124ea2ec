//! Somebody who may become a customer, worked until they do or do not.

mod conversion;
mod suggestion;

pub use conversion::{ConversionRequest, convert, unconvert};
pub use suggestion::suggestion;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, Likeness, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::staged::{self, Staged};
use crate::{conversation, deal, message, preferences, subject};

pub const FIRST_NAME: Col<String> = col("first_name");
pub const LAST_NAME: Col<String> = col("last_name");
pub const FULL_NAME: Col<String> = col("full_name");
pub const COMPANY_NAME: Col<String> = col("company_name");
pub const EMAIL: Col<String> = col("email");
pub const PHONE: Col<String> = col("phone");
pub const JOB_TITLE: Col<String> = col("job_title");
pub const WEBSITE: Col<String> = col("website");
pub const PROJECT: Col<Uuid> = col("project_id");
pub const PRODUCT: Col<Uuid> = col("product_id");
pub const SOURCE: Col<String> = col("source");
pub const SOURCE_DETAIL: Col<String> = col("source_detail");
pub const UTM_SOURCE: Col<String> = col("utm_source");
pub const UTM_MEDIUM: Col<String> = col("utm_medium");
pub const UTM_CAMPAIGN: Col<String> = col("utm_campaign");
pub const UTM_TERM: Col<String> = col("utm_term");
pub const UTM_CONTENT: Col<String> = col("utm_content");
pub const PIPELINE: Col<Uuid> = staged::PIPELINE;
pub const STAGE: Col<Uuid> = staged::STAGE;
pub const STATUS: Col<String> = col("status");
pub const SCORE: Col<i64> = col("score");
pub const SCORE_REASONS: Col<Json> = col("score_reasons");
pub const ESTIMATED_VALUE: Col<Decimal> = col("estimated_value");
pub const CURRENCY: Col<String> = col("currency");
pub const EXPECTED_CLOSE_DATE: Col<Date> = col("expected_close_date");
pub const OWNER: Col<Uuid> = col("owner_id");
pub const CAMPAIGN: Col<Uuid> = col("campaign_id");
pub const PREFERENCES: Col<Json> = col("preferences");
pub const DO_NOT_CONTACT: Col<bool> = col("do_not_contact");
pub const NOTES: Col<String> = col("notes");
pub const LOST_REASON: Col<String> = col("lost_reason");
pub const IS_ARCHIVED: Col<bool> = col("is_archived");
pub const CONVERTED_AT: Col<Timestamp> = col("converted_at");
pub const CONVERTED_COMPANY: Col<Uuid> = col("converted_company_id");
pub const CONVERTED_CONTACT: Col<Uuid> = col("converted_contact_id");
pub const CONVERTED_DEAL: Col<Uuid> = col("converted_deal_id");
pub const BOARD_POSITION: Col<String> = staged::BOARD_POSITION;

/// Documents 000, 002 and 003 in one list: what a lead is, whatever its stage is called.
pub(crate) const STATUSES: &[Choice] = &[
    Choice::new("new", "New", "blue").also(&["lead", "prospect", "open"]),
    Choice::new("contacted", "Contacted", "teal").also(&["working", "attempted"]),
    Choice::new("qualified", "Qualified", "violet"),
    Choice::new("proposal", "Proposal", "orange").also(&["negotiation"]),
    Choice::new("converted", "Converted", "green").also(&["closed_won", "won"]),
    Choice::new("lost", "Lost", "red").also(&["closed_lost", "unqualified", "disqualified"]),
];

const CONVERTED: &str = "converted";

pub static LEAD: Entity = Entity {
    name: "lead",
    table: "leads",
    is_view: false,
    path: "leads",
    label: "Lead",
    label_plural: "Leads",
    icon: "user-plus",
    resource: "leads",
    title: "full_name",
    access: Access::InProjects {
        owner: "owner_id",
        also: &[],
        company: None,
        projects: &["project_id"],
    },
    fields: &[
        Field::of(FULL_NAME, "Name", Kind::Text)
            .searchable()
            .sortable()
            .identifies(Likeness::Name, "full_name_key", 60)
            .system()
            .help("First and last name, or the company, or the beginning of the address"),
        Field::of(FIRST_NAME, "First name", Kind::Text)
            .max_length(100)
            .searchable()
            .sortable()
            .personal()
            .aliases(&["given name", "firstname", "forename"]),
        Field::of(LAST_NAME, "Last name", Kind::Text)
            .max_length(100)
            .searchable()
            .sortable()
            .personal()
            .aliases(&["family name", "surname", "lastname"]),
        Field::of(COMPANY_NAME, "Company", Kind::Text)
            .searchable()
            .sortable()
            .identifies(Likeness::Context, "company_name", 50)
            .aliases(&[
                "company name",
                "account name",
                "organization",
                "organisation",
                "firm",
                "lead company",
            ]),
        Field::of(EMAIL, "Email", Kind::Email)
            .searchable()
            .filterable()
            .identifies(Likeness::Email, "email_key", 90)
            .personal()
            .aliases(&["e-mail", "email address", "email 1", "work email"]),
        Field::of(PHONE, "Phone", Kind::Phone)
            .searchable()
            .identifies(Likeness::Phone, "phone", 75)
            .personal()
            .aliases(&["phone number", "telephone", "tel", "phone 1", "mobile"]),
        Field::of(JOB_TITLE, "Job title", Kind::Text)
            .max_length(100)
            .sortable()
            .aliases(&["title", "position", "role"]),
        Field::of(WEBSITE, "Website", Kind::Url).aliases(&["domain", "url", "web", "homepage"]),
        Field::of(PIPELINE, "Pipeline", Kind::Reference)
            .references("pipeline")
            .required()
            .filterable(),
        Field::of(STAGE, "Stage", Kind::Reference)
            .references("stage")
            .required()
            .filterable()
            .aliases(&["lead stage", "stage name"]),
        Field::of(STATUS, "Status", Kind::Choice)
            .filled()
            .choices(STATUSES)
            .filterable()
            .aliases(&["lead status"])
            .help("Follows the stage; giving it moves the lead to the first stage of that kind"),
        Field::of(ESTIMATED_VALUE, "Estimated value", Kind::Money)
            .currency(CURRENCY)
            .sortable()
            .aliases(&["value", "amount", "deal value", "expected revenue"]),
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .required()
            .default(Default::BaseCurrency)
            .filterable()
            .aliases(&["currency code"]),
        Field::of(EXPECTED_CLOSE_DATE, "Expected close", Kind::Date)
            .sortable()
            .aliases(&["expected close date"]),
        Field::of(OWNER, "Owner", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&["lead owner", "assigned to", "sales rep", "sales agent"]),
        Field::of(PROJECT, "Project", Kind::Reference)
            .references("project")
            .filterable()
            .aliases(&["project name"]),
        Field::of(PRODUCT, "Product", Kind::Reference)
            .references("product")
            .filterable()
            .aliases(&["product name", "interested in"]),
        Field::of(SOURCE, "Source", Kind::Choice)
            .choices(deal::SOURCES)
            .filterable()
            .aliases(&[
                "lead source",
                "acquisition source",
                "acquisition_source",
                "lead origin",
            ]),
        Field::of(SOURCE_DETAIL, "Source detail", Kind::Text),
        Field::of(UTM_SOURCE, "UTM source", Kind::Text),
        Field::of(UTM_MEDIUM, "UTM medium", Kind::Text),
        Field::of(UTM_CAMPAIGN, "UTM campaign", Kind::Text).filterable(),
        Field::of(UTM_TERM, "UTM term", Kind::Text),
        Field::of(UTM_CONTENT, "UTM content", Kind::Text),
        Field::of(CAMPAIGN, "Campaign", Kind::Reference)
            .references("campaign")
            .filterable()
            .aliases(&["campaign name"]),
        preferences::field(PREFERENCES),
        preferences::do_not_contact(DO_NOT_CONTACT),
        Field::of(SCORE, "Score", Kind::Percent).sortable().system(),
        Field::of(SCORE_REASONS, "Score reasons", Kind::Json).system(),
        Field::of(NOTES, "Notes", Kind::LongText).aliases(&["comments", "description"]),
        Field::of(LOST_REASON, "Lost reason", Kind::Text)
            .max_length(1000)
            .aliases(&["loss reason", "unqualified reason"]),
        Field::of(IS_ARCHIVED, "Archived", Kind::Boolean)
            .default(Default::Boolean(false))
            .filterable()
            .help("Hidden from lists that do not ask for the archive"),
        Field::of(CONVERTED_AT, "Converted", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(CONVERTED_COMPANY, "Converted to company", Kind::Reference)
            .references("company")
            .filterable()
            .system(),
        Field::of(CONVERTED_CONTACT, "Converted to contact", Kind::Reference)
            .references("contact")
            .filterable()
            .system(),
        Field::of(CONVERTED_DEAL, "Converted to deal", Kind::Reference)
            .references("deal")
            .filterable()
            .system(),
        Field::of(BOARD_POSITION, "Board position", Kind::Text)
            .required()
            .sortable()
            .system(),
    ],
    children: &[
        subject::TASKS,
        subject::NOTES,
        subject::INTERACTIONS,
        conversation::CONVERSATIONS,
        message::MESSAGES,
        crate::document::DOCUMENTS,
        subject::INTERACTIONS,
    ],
    layout: Layout {
        table: &[
            "full_name",
            "company_name",
            "stage_id",
            "estimated_value",
            "source",
            "owner_id",
            "email",
            "tags",
            "created_at",
        ],
        sections: &[
            Section {
                label: "Lead",
                fields: &[
                    "first_name",
                    "last_name",
                    "company_name",
                    "job_title",
                    "email",
                    "phone",
                    "website",
                    "tags",
                ],
            },
            Section {
                label: "Progress",
                fields: &[
                    "pipeline_id",
                    "stage_id",
                    "status",
                    "owner_id",
                    "estimated_value",
                    "currency",
                    "expected_close_date",
                    "project_id",
                    "product_id",
                    "score",
                    "lost_reason",
                    "notes",
                    "preferences",
                    "do_not_contact",
                    "is_archived",
                ],
            },
            Section {
                label: "Origin",
                fields: &[
                    "source",
                    "source_detail",
                    "campaign_id",
                    "utm_source",
                    "utm_medium",
                    "utm_campaign",
                    "utm_term",
                    "utm_content",
                ],
            },
            Section {
                label: "Conversion",
                fields: &[
                    "converted_at",
                    "converted_company_id",
                    "converted_contact_id",
                    "converted_deal_id",
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
    archive: Some("is_archived"),
    natural_keys: &["email", "full_name"],
    default_sort: ("created_at", true),
    all: fields_of!(LEAD),
};

/// How leads are worked through stages.
pub static STAGED: Staged = Staged {
    entity: &LEAD,
    value: "estimated_value",
    probability: None,
};

/// Rules of leads.
pub struct LeadRules;

impl Rules for LeadRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        place(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let named = change.get(FIRST_NAME).is_some()
            || change.get(LAST_NAME).is_some()
            || change.get(COMPANY_NAME).is_some()
            || change.get(EMAIL).is_some();
        if !named
            && !["first_name", "last_name", "company_name", "email"]
                .iter()
                .any(|name| faults.has(name))
        {
            faults.push(
                Fault::new(
                    "required",
                    "give a first name, a last name, a company or an e-mail address",
                )
                .at("last_name"),
            );
        }
        preferences::check(change, PREFERENCES, faults);
        let converted = change.get(STATUS).as_deref() == Some(CONVERTED);
        if converted && change.get(CONVERTED_AT).is_none() {
            faults.push(
                Fault::new(
                    "rule",
                    "a lead becomes converted by its conversion into a company, a contact or a deal",
                )
                .at("stage_id"),
            );
        }
    }

    fn refuses_merge(&self, _: &Change<Draft>, loser: &Change<Draft>) -> Option<&'static str> {
        (loser.old(STATUS).as_deref() == Some(CONVERTED)).then_some(
            "a converted lead has to be the one that stays; merge the other way round, or undo its conversion first",
        )
    }
}

/// Gives every lead its pipeline and stage; a status given without a stage names the stage.
async fn place(mut batch: Batch<'_>) -> Result<(), EngineError> {
    let importing = batch.caller.origin.kind == "import";
    let by_status = |change: &Change<Draft>| change.gives(STATUS) && !change.gives(STAGE);
    if batch.changes.iter().any(by_status) {
        let stages = staged::load(&batch).await?;
        for change in batch.changes.iter_mut().filter(|change| by_status(change)) {
            if !change.is_new() && !change.changes(STATUS) {
                continue;
            }
            let status = change.get(STATUS);
            let stage = stages.first(change.get(PIPELINE), |stage| {
                stage.lead_status.is_some() && stage.lead_status == status
            });
            if let Some(stage) = stage {
                change.set(STAGE, stage.id);
            }
        }
    }
    let Some(stages) = staged::place(&mut batch).await? else {
        return Ok(());
    };
    let now = batch.caller.now.timestamp();
    for change in batch.changes.iter_mut() {
        let Some(status) = stages
            .of(change)
            .and_then(|stage| stage.lead_status.clone())
        else {
            continue;
        };
        // Another system's converted leads arrive as what they are, without links.
        if status == CONVERTED && importing && change.get(CONVERTED_AT).is_none() {
            change.set(CONVERTED_AT, now);
        }
        if status != "lost" && change.get(LOST_REASON).is_some() {
            change.clear(LOST_REASON);
        }
        change.set(STATUS, status);
    }
    Ok(())
}
