//! A firm: customer, prospect, partner or the client an agency works for.

use std::collections::HashSet;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, Likeness, col, fields_of};
use kith_engine::{Batch, EngineError, Rules};
use kith_store::Statement;
use kith_store::types::Type;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::naming::words;
use crate::{conversation, message, subject};

pub const NAME: Col<String> = col("name");
pub const SLUG: Col<String> = col("slug");
pub const DESCRIPTION: Col<String> = col("description");
pub const INDUSTRY: Col<Uuid> = col("industry_id");
pub const COMPANY_SIZE: Col<String> = col("company_size");
pub const STATUS: Col<String> = col("status");
pub const WEBSITE: Col<String> = col("website");
pub const EMAIL: Col<String> = col("email");
pub const PHONE: Col<String> = col("phone");
pub const BILLING_ADDRESS: Col<Json> = col("billing_address");
pub const SHIPPING_ADDRESS: Col<Json> = col("shipping_address");
pub const ANNUAL_REVENUE: Col<Decimal> = col("annual_revenue");
pub const CURRENCY: Col<String> = col("currency");
pub const EMPLOYEE_COUNT: Col<i64> = col("employee_count");
pub const YEAR_FOUNDED: Col<i64> = col("year_founded");
pub const PARENT: Col<Uuid> = col("parent_id");
pub const OWNER: Col<Uuid> = col("owner_id");
pub const PAYMENT_TERMS: Col<String> = col("payment_terms");
pub const CREDIT_LIMIT: Col<Decimal> = col("credit_limit");
pub const TAX_ID: Col<String> = col("tax_id");
pub const LIFETIME_VALUE: Col<Decimal> = col("lifetime_value");
pub const SCORE: Col<i64> = col("score");
pub const SCORE_REASONS: Col<Json> = col("score_reasons");
pub const NOTES: Col<String> = col("notes");
pub const SETTINGS: Col<Json> = col("settings");

/// Documents 000, 001, 003 and 004 in one list; 001's `customer` is `active`.
const STATUSES: &[Choice] = &[
    Choice::new("lead", "Lead", "violet"),
    Choice::new("prospect", "Prospect", "blue"),
    Choice::new("active", "Active", "green").also(&["customer"]),
    Choice::new("inactive", "Inactive", "gray"),
    Choice::new("churned", "Churned", "red").also(&["lost"]),
    Choice::new("archived", "Archived", "gray"),
];

/// Employees; 001's words are other words for the ranges.
const SIZES: &[Choice] = &[
    Choice::new("1-10", "1–10 (startup)", "teal").also(&["startup", "1–10"]),
    Choice::new("11-50", "11–50 (small)", "blue").also(&["small", "11–50"]),
    Choice::new("51-200", "51–200 (medium)", "violet").also(&["medium", "51–200"]),
    Choice::new("201-500", "201–500 (medium)", "orange").also(&["201–500"]),
    Choice::new("500+", "500+ (enterprise)", "red").also(&["enterprise", "501+", ">500"]),
];

pub(crate) const TERMS: &[Choice] = &[
    Choice::new("due_on_receipt", "Due on receipt", "red"),
    Choice::new("net_15", "Net 15", "amber"),
    Choice::new("net_30", "Net 30", "blue"),
    Choice::new("net_60", "Net 60", "violet"),
    Choice::new("net_90", "Net 90", "gray"),
];

pub static COMPANY: Entity = Entity {
    name: "company",
    table: "companies",
    is_view: false,
    path: "companies",
    label: "Company",
    label_plural: "Companies",
    icon: "building-2",
    resource: "companies",
    title: "name",
    access: Access::Owned {
        owner: "owner_id",
        also: &[],
        company: Some("id"),
    },
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .searchable()
            .sortable()
            .identifies(Likeness::Name, "name_key", 75)
            .aliases(&[
                "account",
                "account name",
                "company",
                "company name",
                "organization",
                "organisation",
                "client",
                "firm",
                "organization - name",
            ]),
        Field::of(SLUG, "Slug", Kind::Text)
            .unique()
            .max_length(100)
            .help("The name in addresses; made from the name when left empty"),
        Field::of(DESCRIPTION, "Description", Kind::LongText).aliases(&["about", "about us"]),
        Field::of(INDUSTRY, "Industry", Kind::Reference)
            .references("industry")
            .filterable()
            .aliases(&["sector", "branche", "vertical"]),
        Field::of(COMPANY_SIZE, "Size", Kind::Choice)
            .choices(SIZES)
            .filterable()
            .aliases(&["company size", "employee range"]),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("prospect"))
            .sortable()
            .aliases(&["lifecycle stage", "type"]),
        Field::of(WEBSITE, "Website", Kind::Url)
            .searchable()
            .identifies(Likeness::Domain, "domain_key", 85)
            .aliases(&[
                "domain",
                "company domain name",
                "url",
                "web",
                "homepage",
                "website url",
            ]),
        Field::of(EMAIL, "Email", Kind::Email)
            .searchable()
            .filterable()
            .identifies(Likeness::Email, "email_key", 80)
            .personal()
            .aliases(&["e-mail", "company email", "email address"]),
        Field::of(PHONE, "Phone", Kind::Phone)
            .searchable()
            .identifies(Likeness::Phone, "phone", 70)
            .personal()
            .aliases(&["phone number", "telephone", "tel", "company phone"]),
        Field::of(BILLING_ADDRESS, "Billing address", Kind::Address).aliases(&["address"]),
        Field::of(SHIPPING_ADDRESS, "Shipping address", Kind::Address),
        Field::of(ANNUAL_REVENUE, "Annual revenue", Kind::Money)
            .currency(CURRENCY)
            .sortable()
            .aliases(&["revenue", "turnover", "annualrevenue"]),
        Field::of(CURRENCY, "Currency", Kind::Currency),
        Field::of(EMPLOYEE_COUNT, "Employees", Kind::Integer)
            .range(0, 100_000_000)
            .sortable()
            .aliases(&[
                "number of employees",
                "employee count",
                "headcount",
                "staff",
                "numberofemployees",
            ]),
        Field::of(YEAR_FOUNDED, "Year founded", Kind::Integer)
            .range(1000, 2100)
            .aliases(&[
                "year established",
                "year_established",
                "founded",
                "founded year",
            ]),
        Field::of(PARENT, "Parent company", Kind::Reference)
            .references("company")
            .filterable()
            .aliases(&[
                "parent",
                "subsidiary_of",
                "subsidiary of",
                "parent account",
                "parent organization",
            ]),
        Field::of(OWNER, "Owner", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable()
            .aliases(&[
                "account manager",
                "account owner",
                "assigned to",
                "company owner",
                "owner name",
                "sales rep",
            ]),
        Field::of(PAYMENT_TERMS, "Payment terms", Kind::Choice).choices(TERMS),
        Field::of(CREDIT_LIMIT, "Credit limit", Kind::Money)
            .currency(CURRENCY)
            .sortable(),
        Field::of(TAX_ID, "Tax ID", Kind::Text)
            .max_length(100)
            .aliases(&["vat", "vat number", "vat id", "ein"]),
        Field::of(LIFETIME_VALUE, "Lifetime value", Kind::Money)
            .default(Default::Integer(0))
            .sortable()
            .system()
            .help("Payments less refunds, in the organization's base currency"),
        Field::of(SCORE, "Score", Kind::Percent).sortable().system(),
        Field::of(SCORE_REASONS, "Score reasons", Kind::Json).system(),
        Field::of(NOTES, "Notes", Kind::LongText).aliases(&["comments", "remarks"]),
        Field::of(SETTINGS, "Settings", Kind::Json).default(Default::Empty),
    ],
    children: &[
        Child {
            name: "contacts",
            label: "Contacts",
            entity: "contact",
            field: "company_id",
        },
        Child {
            name: "deals",
            label: "Deals",
            entity: "deal",
            field: "company_id",
        },
        Child {
            name: "projects",
            label: "Projects",
            entity: "project",
            field: "company_id",
        },
        Child {
            name: "subsidiaries",
            label: "Subsidiaries",
            entity: "company",
            field: "parent_id",
        },
        Child {
            name: "members",
            label: "Members",
            entity: "company_member",
            field: "company_id",
        },
        Child {
            name: "invoices",
            label: "Invoices",
            entity: "invoice",
            field: "company_id",
        },
        Child {
            name: "payments",
            label: "Payments",
            entity: "payment",
            field: "company_id",
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
            entity: "campaign",
            field: "company_id",
        },
        Child {
            name: "tickets",
            label: "Tickets",
            entity: "ticket",
            field: "company_id",
        },
        Child {
            name: "leads",
            label: "Converted leads",
            entity: "lead",
            field: "converted_company_id",
        },
    ],
    layout: Layout {
        table: &[
            "name",
            "industry_id",
            "status",
            "annual_revenue",
            "employee_count",
            "owner_id",
            "website",
            "tags",
            "updated_at",
        ],
        sections: &[
            Section {
                label: "About",
                fields: &[
                    "name",
                    "status",
                    "industry_id",
                    "company_size",
                    "employee_count",
                    "year_founded",
                    "annual_revenue",
                    "currency",
                    "description",
                    "tags",
                ],
            },
            Section {
                label: "Contact",
                fields: &[
                    "website",
                    "email",
                    "phone",
                    "billing_address",
                    "shipping_address",
                ],
            },
            Section {
                label: "Relationship",
                fields: &["owner_id", "parent_id", "lifetime_value", "score", "notes"],
            },
            Section {
                label: "Billing",
                fields: &["payment_terms", "credit_limit", "tax_id", "slug"],
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
    natural_keys: &["name", "website", "email", "slug"],
    default_sort: ("name", false),
    all: fields_of!(COMPANY),
};

/// Rules of companies.
pub struct CompanyRules;

impl Rules for CompanyRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        fill_slugs(batch).boxed()
    }

    fn check(
        &self,
        change: &kith_engine::Change<kith_engine::Draft>,
        faults: &mut kith_catalogue::Faults,
    ) {
        if change.get(PARENT) == Some(change.id()) {
            faults.push(
                kith_catalogue::Fault::new("own_parent", "a company cannot be its own parent")
                    .at("parent_id"),
            );
        }
        if let Some(slug) = change.get(SLUG)
            && words(&slug, '-', 100).as_deref() != Some(slug.as_str())
        {
            faults.push(
                kith_catalogue::Fault::new(
                    "not_a_slug",
                    "has lower-case letters, digits and single dashes only, such as acme-inc",
                )
                .at("slug"),
            );
        }
    }
}

/// New companies get a slug from their name; where it is taken, with the end of their id.
async fn fill_slugs(batch: Batch<'_>) -> Result<(), EngineError> {
    let mut wanted: Vec<(usize, String)> = Vec::new();
    for (index, change) in batch.changes.iter().enumerate() {
        if change.is_new()
            && !change.gives(SLUG)
            && let Some(slug) = change.get(NAME).and_then(|name| words(&name, '-', 90))
        {
            wanted.push((index, slug));
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let slugs: Vec<String> = wanted.iter().map(|(_, slug)| slug.clone()).collect();
    let statement = Statement::new("SELECT taken_slugs($1)").with(slugs, Type::TEXT_ARRAY);
    let rows = batch.tx.query(&statement).await?;
    let mut taken: HashSet<String> = rows
        .iter()
        .filter_map(|row| row.try_get::<_, String>(0).ok())
        .collect();
    for (index, slug) in wanted {
        let Some(change) = batch.changes.get_mut(index) else {
            continue;
        };
        let unique = if taken.contains(&slug) {
            let id = change.id().simple().to_string();
            let tail: String = id.chars().skip(24).collect();
            format!("{slug}-{tail}")
        } else {
            slug
        };
        taken.insert(unique.clone());
        change.set(SLUG, unique);
    }
    Ok(())
}
