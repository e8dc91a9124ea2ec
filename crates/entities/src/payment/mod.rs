//! Money received for an invoice. It is never changed; what is given back is a refund. The database takes it off the
//! invoice, refuses what is more than the balance, and keeps what the company is worth (migration 0014).

mod receipt;

pub use receipt::{Receipt, pay, refund};

use jiff::civil::Date;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::invoice;

pub const TITLE: Col<String> = col("title");
pub const INVOICE: Col<Uuid> = col("invoice_id");
pub const COMPANY: Col<Uuid> = col("company_id");
pub const AMOUNT: Col<Decimal> = col("amount");
pub const CURRENCY: Col<String> = col("currency");
pub const METHOD: Col<String> = col("method");
pub const PAYMENT_DATE: Col<Date> = col("payment_date");
pub const REFERENCE: Col<String> = col("reference");
pub const NOTES: Col<String> = col("notes");
pub const EXCHANGE_RATE: Col<Decimal> = col("exchange_rate");
pub const BASE_CURRENCY: Col<String> = col("base_currency");
pub const BASE_AMOUNT: Col<Decimal> = col("base_amount");
pub const AMOUNT_REFUNDED: Col<Decimal> = col("amount_refunded");

pub static PAYMENT: Entity = Entity {
    name: "payment",
    table: "payments",
    is_view: false,
    path: "payments",
    label: "Payment",
    label_plural: "Payments",
    icon: "banknote",
    resource: "payments",
    title: "title",
    access: Access::Through {
        column: "invoice_id",
        parent: "invoice",
    },
    fields: &[
        Field::of(TITLE, "Payment", Kind::Text).system(),
        Field::of(INVOICE, "Invoice", Kind::Reference)
            .references("invoice")
            .required()
            .filterable()
            .aliases(&["invoice number", "invoice no"]),
        Field::of(COMPANY, "Company", Kind::Reference)
            .references("company")
            .filterable()
            .system()
            .aliases(&["client", "client_id"]),
        Field::of(AMOUNT, "Amount", Kind::Money)
            .currency(CURRENCY)
            .required()
            .sortable(),
        Field::of(CURRENCY, "Currency", Kind::Currency)
            .filterable()
            .help("That of the invoice"),
        Field::of(METHOD, "Method", Kind::Choice)
            .choices(invoice::METHODS)
            .required()
            .default(Default::Text("bank_transfer"))
            .filterable()
            .aliases(&["payment method", "payment_method"]),
        Field::of(PAYMENT_DATE, "Date", Kind::Date)
            .sortable()
            .aliases(&["payment date", "paid on"])
            .help("Today when left empty"),
        Field::of(REFERENCE, "Reference", Kind::Text)
            .filterable()
            .aliases(&["reference_number", "reference number", "transaction id"])
            .help("A check's number or the provider's id; the same one twice is the same payment"),
        Field::of(NOTES, "Notes", Kind::LongText),
        Field::of(EXCHANGE_RATE, "Exchange rate", Kind::Decimal)
            .places(10)
            .system()
            .help("Of the day, into the base currency"),
        Field::of(BASE_CURRENCY, "Base currency", Kind::Currency).system(),
        Field::of(BASE_AMOUNT, "In base currency", Kind::Money)
            .currency(BASE_CURRENCY)
            .system(),
        Field::of(AMOUNT_REFUNDED, "Refunded", Kind::Money)
            .filled()
            .currency(CURRENCY)
            .system(),
    ],
    children: &[Child {
        name: "refunds",
        label: "Refunds",
        entity: "refund",
        field: "payment_id",
    }],
    layout: Layout {
        table: &[
            "payment_date",
            "invoice_id",
            "company_id",
            "amount",
            "amount_refunded",
            "method",
            "reference",
        ],
        sections: &[
            Section {
                label: "Payment",
                fields: &[
                    "invoice_id",
                    "company_id",
                    "amount",
                    "currency",
                    "method",
                    "payment_date",
                    "reference",
                    "notes",
                ],
            },
            Section {
                label: "Value",
                fields: &[
                    "exchange_rate",
                    "base_currency",
                    "base_amount",
                    "amount_refunded",
                ],
            },
        ],
        board: None,
    },
    // A file brings drafts, and drafts are not paid.
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
    natural_keys: &["reference"],
    default_sort: ("payment_date", true),
    all: fields_of!(PAYMENT),
};

/// Rules of payments.
pub struct PaymentRules;

impl Rules for PaymentRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        more_than_nothing(change.get(AMOUNT), faults);
    }
}

/// Money moves by more than 0.
pub(crate) fn more_than_nothing(amount: Option<Decimal>, faults: &mut Faults) {
    if amount.is_some_and(|amount| amount <= Decimal::ZERO) {
        faults.push(Fault::new("too_small", "must be more than 0").at("amount"));
    }
}
