//! A person at a company, or on their own.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, Likeness, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use kith_store::Statement;
use kith_store::types::Type;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{conversation, message, preferences, subject};

pub const COMPANY: Col<Uuid> = col("company_id");
pub const FIRST_NAME: Col<String> = col("first_name");
pub const LAST_NAME: Col<String> = col("last_name");
pub const FULL_NAME: Col<String> = col("full_name");
pub const EMAIL: Col<String> = col("email");
pub const PHONE: Col<String> = col("phone");
pub const MOBILE: Col<String> = col("mobile");
pub const JOB_TITLE: Col<String> = col("job_title");
pub const DEPARTMENT: Col<String> = col("department");
pub const IS_PRIMARY: Col<bool> = col("is_primary");
pub const STATUS: Col<String> = col("status");
pub const LEAD_SOURCE: Col<String> = col("lead_source");
pub const SCORE: Col<i64> = col("score");
pub const SCORE_REASONS: Col<Json> = col("score_reasons");
pub const OWNER: Col<Uuid> = col("owner_id");
pub const SOCIAL_PROFILES: Col<Json> = col("social_profiles");
pub const PREFERENCES: Col<Json> = col("preferences");
pub const DO_NOT_CONTACT: Col<bool> = col("do_not_contact");
pub const ADDRESS: Col<Json> = col("address");
pub const NOTES: Col<String> = col("notes");

const STATUSES: &[Choice] = &[
    Choice::new("active", "Active", "green"),
    Choice::new("inactive", "Inactive", "gray"),
    Choice::new("bounced", "Bounced", "red"),
];

pub static CONTACT: Entity = Entity {
    name: "contact",
    table: "contacts",
    is_view: false,
    path: "contacts",
    label: "Contact",
    label_plural: "Contacts",
    icon: "user-round",
    resource: "contacts",
    title: "full_name",
    access: Access::Owned {
        owner: "owner_id",
        also: &[],
        company: Some("company_id"),
    },
    fields: &[
        Field::of(FULL_NAME, "Name", Kind::Text)
            .searchable()
            .sortable()
            .identifies(Likeness::Name, "full_name_key", 60)
            .system(),
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
        Field::of(EMAIL, "Email", Kind::Email)
            .unique()
            .searchable()
            .sortable()
            .identifies(Likeness::Email, "email_key", 90)
            .personal()
            .aliases(&[
                "e-mail",
                "email address",
                "e-mail 1 - value",
                "e-mail address",
                "person - email",
            ]),
        Field::of(PHONE, "Phone", Kind::Phone)
            .searchable()
            .identifies(Likeness::Phone, "phone", 70)
            .personal()
            .aliases(&[
                "phone number",
                "telephone",
                "business phone",
                "phone 1 - value",
                "work phone",
                "phone 1",
            ]),
        Field::of(MOBILE, "Mobile", Kind::Phone)
            .searchable()
            .identifies(Likeness::Phone, "mobile", 70)
            .personal()
            .aliases(&[
                "mobile phone",
                "cell",
                "cell phone",
                "phone 2",
                "mobile phone number",
            ]),
        Field::of(COMPANY, "Company", Kind::Reference)
            .references("company")
            .filterable()
            .identifies(Likeness::Context, "company_id", 50)
            .aliases(&[
                "account",
                "account name",
                "organization",
                "organisation",
                "company name",
                "associated company",
                "organization 1 - name",
            ]),
        Field::of(JOB_TITLE, "Job title", Kind::Text)
            .max_length(100)
            .filterable()
            .aliases(&["title", "position", "organization 1 - title", "role"]),
        Field::of(DEPARTMENT, "Department", Kind::Text).max_length(100),
        Field::of(IS_PRIMARY, "Primary contact", Kind::Boolean)
            .default(Default::Boolean(false))
            .filterable()
            .help("One contact of a company; making another primary replaces it"),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("active"))
            .sortable(),
        Field::of(LEAD_SOURCE, "Lead source", Kind::Text)
            .max_length(100)
            .filterable()
            .aliases(&["source", "original source"]),
        Field::of(SCORE, "Score", Kind::Percent).sortable().system(),
        Field::of(SCORE_REASONS, "Score reasons", Kind::Json).system(),
        Field::of(OWNER, "Owner", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&[
                "contact owner",
                "assigned to",
                "sales rep",
                "sales",
                "owner name",
            ]),
        Field::of(ADDRESS, "Address", Kind::Address).personal(),
        Field::of(SOCIAL_PROFILES, "Social profiles", Kind::Json)
            .default(Default::Empty)
            .personal()
            .aliases(&["linkedin", "linkedin_url"]),
        preferences::field(PREFERENCES),
        preferences::do_not_contact(DO_NOT_CONTACT),
        Field::of(NOTES, "Notes", Kind::LongText).aliases(&["background", "comments"]),
    ],
    children: &[
        Child {
            name: "deals",
            label: "Deals",
            entity: "deal",
            field: "primary_contact_id",
        },
        subject::TASKS,
        subject::NOTES,
        crate::document::DOCUMENTS,
        subject::INTERACTIONS,
        conversation::CONVERSATIONS,
        message::MESSAGES,
        Child {
            name: "campaigns",
            label: "Campaigns",
            entity: "campaign_member",
            field: "contact_id",
        },
        Child {
            name: "tickets",
            label: "Tickets",
            entity: "ticket",
            field: "contact_id",
        },
        Child {
            name: "leads",
            label: "Converted leads",
            entity: "lead",
            field: "converted_contact_id",
        },
    ],
    layout: Layout {
        table: &[
            "full_name",
            "company_id",
            "email",
            "phone",
            "job_title",
            "status",
            "owner_id",
            "tags",
        ],
        sections: &[
            Section {
                label: "About",
                fields: &[
                    "first_name",
                    "last_name",
                    "company_id",
                    "job_title",
                    "department",
                    "is_primary",
                    "status",
                    "tags",
                ],
            },
            Section {
                label: "Contact",
                fields: &["email", "phone", "mobile", "address", "social_profiles"],
            },
            Section {
                label: "Relationship",
                fields: &[
                    "owner_id",
                    "lead_source",
                    "score",
                    "preferences",
                    "do_not_contact",
                    "notes",
                ],
            },
        ],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: true,
    extensible: true,
    archive: None,
    natural_keys: &["email", "full_name"],
    default_sort: ("full_name", false),
    all: fields_of!(CONTACT),
};

/// Rules of contacts.
pub struct ContactRules;

impl Rules for ContactRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        replace_primary(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        preferences::check(change, PREFERENCES, faults);
        let named = change.get(FIRST_NAME).is_some()
            || change.get(LAST_NAME).is_some()
            || change.get(EMAIL).is_some();
        if !named && !faults.has("first_name") && !faults.has("last_name") && !faults.has("email") {
            faults.push(
                Fault::new(
                    "required",
                    "a contact needs a first name, a last name or an e-mail address",
                )
                .at("last_name"),
            );
        }
        if change.get(IS_PRIMARY) == Some(true) && change.get(COMPANY).is_none() {
            faults.push(
                Fault::new(
                    "rule",
                    "only the contact of a company can be its primary contact",
                )
                .at("is_primary"),
            );
        }
    }
}

/// A company has one primary contact: making another one primary replaces the one before. Within one
/// batch the last one wins.
async fn replace_primary(batch: Batch<'_>) -> Result<(), EngineError> {
    let mut companies: Vec<Uuid> = Vec::new();
    for change in batch.changes.iter_mut().rev() {
        let (true, Some(company)) = (change.get(IS_PRIMARY) == Some(true), change.get(COMPANY))
        else {
            continue;
        };
        if companies.contains(&company) {
            change.set(IS_PRIMARY, false);
        } else if change.changes(IS_PRIMARY) || change.changes(COMPANY) {
            companies.push(company);
        }
    }
    if companies.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = batch.changes.iter().map(Change::id).collect();
    let statement = Statement::new(
        "UPDATE contacts SET is_primary = false WHERE company_id = ANY ($1) AND is_primary AND deleted_at IS NULL AND id <> ALL ($2)",
    )
    .with(companies, Type::UUID_ARRAY)
    .with(ids, Type::UUID_ARRAY);
    batch.tx.execute(&statement).await?;
    Ok(())
}
