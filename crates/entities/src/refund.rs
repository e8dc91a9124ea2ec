//! Money given back of a payment: up to what was paid. The invoice is owed again by that much.

use jiff::civil::Date;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::Faults;
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::payment;

pub const TITLE: Col<String> = col("title");
pub const PAYMENT: Col<Uuid> = col("payment_id");
pub const INVOICE: Col<Uuid> = col("invoice_id");
pub const AMOUNT: Col<Decimal> = col("amount");
pub const CURRENCY: Col<String> = col("currency");
pub const REFUND_DATE: Col<Date> = col("refund_date");
pub const REASON: Col<String> = col("reason");
pub const REFERENCE: Col<String> = col("reference");

pub static REFUND: Entity = Entity {
    name: "refund",
    table: "refunds",
    is_view: false,
    path: "refunds",
    label: "Refund",
    label_plural: "Refunds",
    icon: "undo-2",
    resource: "payments",
    title: "title",
    access: Access::Through {
        column: "invoice_id",
        parent: "invoice",
    },
    fields: &[
        Field::of(TITLE, "Refund", Kind::Text).system(),
        Field::of(PAYMENT, "Payment", Kind::Reference)
            .references("payment")
            .required()
            .filterable(),
        Field::of(INVOICE, "Invoice", Kind::Reference)
            .references("invoice")
            .filterable()
            .system(),
        Field::of(AMOUNT, "Amount", Kind::Money)
            .currency(CURRENCY)
            .required()
            .sortable(),
        Field::of(CURRENCY, "Currency", Kind::Currency).system(),
        Field::of(REFUND_DATE, "Date", Kind::Date)
            .sortable()
            .aliases(&["refund date"])
            .help("Today when left empty"),
        Field::of(REASON, "Reason", Kind::Text).max_length(1000),
        Field::of(REFERENCE, "Reference", Kind::Text).filterable(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "refund_date",
            "payment_id",
            "invoice_id",
            "amount",
            "reason",
            "reference",
        ],
        sections: &[Section {
            label: "Refund",
            fields: &[
                "payment_id",
                "invoice_id",
                "amount",
                "currency",
                "refund_date",
                "reason",
                "reference",
            ],
        }],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: false,
        delete: false,
        import: false,
    },
    soft_delete: false,
    versioned: false,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["reference"],
    default_sort: ("refund_date", true),
    all: fields_of!(REFUND),
};

/// Rules of refunds.
pub struct RefundRules;

impl Rules for RefundRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        payment::more_than_nothing(change.get(AMOUNT), faults);
    }
}
