//! What a customer owes, and the credit notes that correct it. Drafts are changed freely; sending gives a number and
//! makes it final. Totals, numbers, balances and states are kept by the database (migration 0014).

mod ageing;
mod correction;
mod overdue;
mod preview;
mod sending;
mod sources;

pub use ageing::ageing;
pub use correction::{CreditLine, CreditRequest, cancel, credit};
pub use overdue::overdue_invoices;
pub use preview::preview;
pub(crate) use sending::locked;
pub use sending::send;
pub use sources::{FromDeal, FromTime, GroupBy, from_deal, from_time};

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
use kith_store::types::Type;
use kith_store::{Row, Statement};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{company, subject};

pub const KIND: Col<String> = col("kind");
pub const NUMBER: Col<String> = col("number");
pub const TITLE: Col<String> = col("title");
pub const COMPANY: Col<Uuid> = col("company_id");
pub const PROJECT: Col<Uuid> = col("project_id");
pub const DEAL: Col<Uuid> = col("deal_id");
pub const CORRECTS: Col<Uuid> = col("corrects_id");
pub const OWNER: Col<Uuid> = col("owner_id");
pub const STATUS: Col<String> = col("status");
pub const ISSUE_DATE: Col<Date> = col("issue_date");
pub const DUE_DATE: Col<Date> = col("due_date");
pub const PAYMENT_TERMS: Col<String> = col("payment_terms");
pub const CURRENCY: Col<String> = col("currency");
pub const DISCOUNT_PERCENT: Col<Decimal> = col("discount_percent");
pub const FIXED_DISCOUNT: Col<Decimal> = col("fixed_discount");
pub const SUBTOTAL: Col<Decimal> = col("subtotal");
pub const DISCOUNT_AMOUNT: Col<Decimal> = col("discount_amount");
pub const TAX_AMOUNT: Col<Decimal> = col("tax_amount");
pub const TOTAL_AMOUNT: Col<Decimal> = col("total_amount");
pub const TAX_BREAKDOWN: Col<Json> = col("tax_breakdown");
pub const AMOUNT_PAID: Col<Decimal> = col("amount_paid");
pub const AMOUNT_CREDITED: Col<Decimal> = col("amount_credited");
pub const BALANCE: Col<Decimal> = col("balance");
pub const EXCHANGE_RATE: Col<Decimal> = col("exchange_rate");
pub const BASE_CURRENCY: Col<String> = col("base_currency");
pub const PAYMENT_METHOD: Col<String> = col("payment_method");
pub const PAYMENT_REFERENCE: Col<String> = col("payment_reference");
pub const BILLING_NAME: Col<String> = col("billing_name");
pub const BILLING_ADDRESS: Col<Json> = col("billing_address");
pub const BILLING_TAX_ID: Col<String> = col("billing_tax_id");
pub const BUYER_REFERENCE: Col<String> = col("buyer_reference");
pub const PURCHASE_ORDER: Col<String> = col("purchase_order");
pub const DESCRIPTION: Col<String> = col("description");
pub const NOTES: Col<String> = col("notes");
pub const SENT_AT: Col<Timestamp> = col("sent_at");
pub const PAID_DATE: Col<Date> = col("paid_date");
pub const CANCELLED_AT: Col<Timestamp> = col("cancelled_at");
pub const PDF_URL: Col<String> = col("pdf_url");

const KINDS: &[Choice] = &[
    Choice::new("invoice", "Invoice", "blue"),
    Choice::new("credit_note", "Credit note", "orange"),
];

const STATUSES: &[Choice] = &[
    Choice::new("draft", "Draft", "gray"),
    Choice::new("sent", "Sent", "blue").also(&["open", "unpaid"]),
    Choice::new("partially_paid", "Partially paid", "teal"),
    Choice::new("paid", "Paid", "green"),
    Choice::new("overdue", "Overdue", "red"),
    Choice::new("cancelled", "Cancelled", "gray").also(&["canceled", "void"]),
];

/// How money arrives (documents 003 and 004 in one list).
pub(crate) const METHODS: &[Choice] = &[
    Choice::new("bank_transfer", "Bank transfer", "blue").also(&["transfer", "wire", "sepa"]),
    Choice::new("credit_card", "Credit card", "violet").also(&["card"]),
    Choice::new("stripe", "Stripe", "teal"),
    Choice::new("check", "Check", "amber").also(&["cheque"]),
    Choice::new("cash", "Cash", "green"),
    Choice::new("other", "Other", "gray"),
];

pub static INVOICE: Entity = Entity {
    name: "invoice",
    table: "invoices",
    is_view: false,
    path: "invoices",
    label: "Invoice",
    label_plural: "Invoices",
    icon: "receipt-text",
    resource: "invoices",
    title: "title",
    access: Access::Owned {
        owner: "owner_id",
        also: &[],
        // The client's own side sees an invoice once it is sent.
        company: Some("sent_company_key"),
    },
    fields: &[
        Field::of(TITLE, "Invoice", Kind::Text).system(),
        Field::of(NUMBER, "Number", Kind::Text)
            .max_length(50)
            .searchable()
            .sortable()
            .system()
            .aliases(&["invoice number", "invoice_number", "invoice no"]),
        Field::of(KIND, "Kind", Kind::Choice)
            .filled()
            .choices(KINDS)
            .filterable()
            .system(),
        Field::of(COMPANY, "Company", Kind::Reference)
            .references("company")
            .required()
            .filterable()
            .aliases(&["client", "client_id", "customer", "account", "bill to"]),
        Field::of(PROJECT, "Project", Kind::Reference)
            .references("project")
            .filterable(),
        Field::of(DEAL, "Deal", Kind::Reference)
            .references("deal")
            .filterable(),
        Field::of(CORRECTS, "Corrects", Kind::Reference)
            .references("invoice")
            .filterable()
            .system(),
        Field::of(STATUS, "Status", Kind::Choice)
            .filled()
            .choices(STATUSES)
            .filterable()
            .system(),
        Field::of(ISSUE_DATE, "Issued", Kind::Date)
            .sortable()
            .aliases(&["issue date", "invoice date", "date"])
            .help("The day of sending when left empty"),
        Field::of(DUE_DATE, "Due", Kind::Date)
            .sortable()
            .aliases(&["due date"])
            .help("From the payment terms when left empty"),
        Field::of(PAYMENT_TERMS, "Payment terms", Kind::Choice)
            .choices(company::TERMS)
            .help("Those of the company when left empty"),
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .filled()
            .required()
            .filterable()
            .help("That of the company, else the organization's, when left empty"),
        Field::of(DISCOUNT_PERCENT, "Discount %", Kind::Decimal)
            .range(0, 100)
            .default(Default::Integer(0)),
        Field::of(FIXED_DISCOUNT, "Fixed discount", Kind::Money)
            .currency(CURRENCY)
            .default(Default::Integer(0))
            .help("Taken off after the percentage"),
        Field::of(SUBTOTAL, "Subtotal", Kind::Money)
            .filled()
            .currency(CURRENCY)
            .system(),
        Field::of(DISCOUNT_AMOUNT, "Discount", Kind::Money)
            .filled()
            .currency(CURRENCY)
            .system(),
        Field::of(TAX_AMOUNT, "Tax", Kind::Money)
            .filled()
            .currency(CURRENCY)
            .system(),
        Field::of(TOTAL_AMOUNT, "Total", Kind::Money)
            .currency(CURRENCY)
            .sortable()
            .system()
            .aliases(&["amount", "total"]),
        Field::of(TAX_BREAKDOWN, "Tax by rate", Kind::Json)
            .filled()
            .system(),
        Field::of(AMOUNT_PAID, "Paid", Kind::Money)
            .filled()
            .currency(CURRENCY)
            .system(),
        Field::of(AMOUNT_CREDITED, "Credited", Kind::Money)
            .filled()
            .currency(CURRENCY)
            .system(),
        Field::of(BALANCE, "Balance", Kind::Money)
            .currency(CURRENCY)
            .sortable()
            .system()
            .help("Below zero it is owed to the customer"),
        Field::of(EXCHANGE_RATE, "Exchange rate", Kind::Decimal)
            .places(10)
            .system()
            .help("Of the day of issue, into the base currency"),
        Field::of(BASE_CURRENCY, "Base currency", Kind::Currency).system(),
        Field::of(PAYMENT_METHOD, "Payment method", Kind::Choice)
            .choices(METHODS)
            .filterable(),
        Field::of(PAYMENT_REFERENCE, "Payment reference", Kind::Text),
        Field::of(BILLING_NAME, "Bill to", Kind::Text)
            .searchable()
            .help("The company's name when left empty"),
        Field::of(BILLING_ADDRESS, "Billing address", Kind::Address)
            .help("The company's when left empty"),
        Field::of(BILLING_TAX_ID, "Tax ID", Kind::Text)
            .max_length(100)
            .help("The company's when left empty"),
        Field::of(BUYER_REFERENCE, "Buyer reference", Kind::Text),
        Field::of(PURCHASE_ORDER, "Purchase order", Kind::Text)
            .searchable()
            .aliases(&["po number", "order number"]),
        Field::of(DESCRIPTION, "Description", Kind::Text)
            .max_length(1000)
            .searchable(),
        Field::of(NOTES, "Notes", Kind::LongText).help("The customer reads them"),
        Field::of(OWNER, "Owner", Kind::User)
            .writer(Writer::Assigner)
            .filterable()
            .help("The owner of the deal or the company when left empty"),
        Field::of(SENT_AT, "Sent", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(PAID_DATE, "Paid on", Kind::Date)
            .sortable()
            .system(),
        Field::of(CANCELLED_AT, "Cancelled", Kind::Timestamp).system(),
        Field::of(PDF_URL, "PDF", Kind::Text)
            .max_length(500)
            .system(),
    ],
    children: &[
        Child {
            name: "items",
            label: "Items",
            entity: "invoice_item",
            field: "invoice_id",
        },
        Child {
            name: "payments",
            label: "Payments",
            entity: "payment",
            field: "invoice_id",
        },
        Child {
            name: "refunds",
            label: "Refunds",
            entity: "refund",
            field: "invoice_id",
        },
        Child {
            name: "credit-notes",
            label: "Credit notes",
            entity: "invoice",
            field: "corrects_id",
        },
        subject::NOTES,
        crate::document::DOCUMENTS,
    ],
    layout: Layout {
        table: &[
            "number",
            "company_id",
            "status",
            "issue_date",
            "due_date",
            "total_amount",
            "balance",
            "owner_id",
            "updated_at",
        ],
        sections: &[
            Section {
                label: "Invoice",
                fields: &[
                    "number",
                    "kind",
                    "company_id",
                    "project_id",
                    "deal_id",
                    "corrects_id",
                    "status",
                    "issue_date",
                    "due_date",
                    "payment_terms",
                    "currency",
                    "description",
                    "owner_id",
                    "tags",
                ],
            },
            Section {
                label: "Amounts",
                fields: &[
                    "subtotal",
                    "discount_percent",
                    "fixed_discount",
                    "discount_amount",
                    "tax_amount",
                    "total_amount",
                    "amount_paid",
                    "amount_credited",
                    "balance",
                ],
            },
            Section {
                label: "Billing",
                fields: &[
                    "billing_name",
                    "billing_address",
                    "billing_tax_id",
                    "buyer_reference",
                    "purchase_order",
                    "payment_method",
                    "payment_reference",
                    "notes",
                ],
            },
            Section {
                label: "Course",
                fields: &[
                    "sent_at",
                    "paid_date",
                    "cancelled_at",
                    "exchange_rate",
                    "base_currency",
                    "pdf_url",
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
    natural_keys: &["number"],
    default_sort: ("created_at", true),
    all: fields_of!(INVOICE),
};

/// Rules of invoices.
pub struct InvoiceRules;

impl Rules for InvoiceRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        take_over(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if let (Some(issued), Some(due)) = (change.get(ISSUE_DATE), change.get(DUE_DATE))
            && due < issued
        {
            let message = "cannot be before the day of issue";
            faults.push(Fault::new("too_early", message).at("due_date"));
        }
    }
}

/// What a company or a deal says about its invoices.
struct Says {
    id: Uuid,
    owner: Option<Uuid>,
    currency: Option<String>,
    terms: Option<String>,
}

impl Says {
    fn read(row: &Row) -> Option<Says> {
        Some(Says {
            id: row.try_get(0).ok()?,
            owner: row.try_get(1).ok()?,
            currency: row.try_get(2).ok()?,
            terms: row.try_get(3).ok()?,
        })
    }
}

/// A new invoice takes its owner from its deal or company, and its currency and terms from its company.
async fn take_over(batch: Batch<'_>) -> Result<(), EngineError> {
    let of = |column: Col<Uuid>| -> Vec<Uuid> {
        let new = batch.changes.iter().filter(|change| change.is_new());
        new.filter_map(|change| change.get(column)).collect()
    };
    let companies = of(COMPANY);
    if companies.is_empty() {
        return Ok(());
    }
    let statements = [
        Statement::new(
            "SELECT id, owner_id, currency::text, payment_terms FROM companies WHERE id = ANY ($1)",
        )
        .with(companies, Type::UUID_ARRAY),
        Statement::new(
            "SELECT id, owner_id, NULL::text, NULL::text FROM deals WHERE id = ANY ($1)",
        )
        .with(of(DEAL), Type::UUID_ARRAY),
    ];
    let mut answers = batch.tx.query_many(&statements).await?.into_iter();
    let mut next = || -> Vec<Says> {
        let rows = answers.next().unwrap_or_default();
        rows.iter().filter_map(Says::read).collect()
    };
    let (companies, deals) = (next(), next());
    for change in batch.changes.iter_mut().filter(|change| change.is_new()) {
        let company = companies
            .iter()
            .find(|company| Some(company.id) == change.get(COMPANY));
        let deal = deals.iter().find(|deal| Some(deal.id) == change.get(DEAL));
        if !change.gives(CURRENCY) {
            let own = company.and_then(|company| company.currency.clone());
            change.set(
                CURRENCY,
                own.unwrap_or_else(|| batch.caller.base_currency.clone()),
            );
        }
        if let Some(terms) = company.and_then(|company| company.terms.clone())
            && !change.gives(PAYMENT_TERMS)
        {
            change.set(PAYMENT_TERMS, terms);
        }
        let owner = deal
            .and_then(|deal| deal.owner)
            .or_else(|| company.and_then(|company| company.owner));
        if let Some(owner) = owner
            && !change.gives(OWNER)
        {
            change.set(OWNER, owner);
        }
    }
    Ok(())
}
