//! A line of an invoice or a credit note: what, how much of it, at what price, with which tax.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use kith_store::types::Type;
use kith_store::{Row, Statement};
use rust_decimal::Decimal;
use uuid::Uuid;

pub const INVOICE: Col<Uuid> = col("invoice_id");
pub const PRODUCT: Col<Uuid> = col("product_id");
pub const DESCRIPTION: Col<String> = col("description");
pub const QUANTITY: Col<Decimal> = col("quantity");
pub const UNIT: Col<String> = col("unit");
pub const UNIT_PRICE: Col<Decimal> = col("unit_price");
pub const DISCOUNT_PERCENT: Col<Decimal> = col("discount_percent");
pub const TAX_RATE: Col<Decimal> = col("tax_rate");
pub const CURRENCY: Col<String> = col("currency");
pub const AMOUNT: Col<Decimal> = col("amount");
pub const IS_TIME: Col<bool> = col("is_time");
pub const CORRECTS_ITEM: Col<Uuid> = col("corrects_item_id");
pub const POSITION: Col<i64> = col("position");

pub static INVOICE_ITEM: Entity = Entity {
    name: "invoice_item",
    table: "invoice_items",
    is_view: false,
    path: "invoice-items",
    label: "Invoice item",
    label_plural: "Invoice items",
    icon: "list",
    resource: "invoices",
    title: "description",
    access: Access::Through {
        column: "invoice_id",
        parent: "invoice",
    },
    fields: &[
        Field::of(INVOICE, "Invoice", Kind::Reference)
            .references("invoice")
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(PRODUCT, "Product", Kind::Reference)
            .references("product")
            .filterable()
            .aliases(&["product", "item"]),
        Field::of(DESCRIPTION, "Description", Kind::Text)
            .required()
            .max_length(1000)
            .help("The product's name when left empty"),
        Field::of(QUANTITY, "Quantity", Kind::Decimal)
            .range(0, 1_000_000_000)
            .default(Default::Integer(1))
            .aliases(&["qty", "hours"]),
        Field::of(UNIT, "Unit", Kind::Text)
            .max_length(50)
            .help("Such as hour or piece"),
        Field::of(UNIT_PRICE, "Unit price", Kind::Money)
            .currency(CURRENCY)
            .required()
            .aliases(&["price", "rate"]),
        Field::of(DISCOUNT_PERCENT, "Discount %", Kind::Decimal)
            .range(0, 100)
            .default(Default::Integer(0))
            .aliases(&["discount"]),
        Field::of(TAX_RATE, "Tax %", Kind::Decimal)
            .range(0, 100)
            .default(Default::Integer(0))
            .aliases(&["tax", "vat", "tax rate"]),
        Field::of(CURRENCY, "Currency", Kind::Currency).system(),
        Field::of(AMOUNT, "Amount", Kind::Money)
            .currency(CURRENCY)
            .system()
            .help("Without tax, before the invoice's own discount"),
        Field::of(IS_TIME, "From time", Kind::Boolean)
            .filled()
            .system(),
        Field::of(CORRECTS_ITEM, "Corrects", Kind::Reference)
            .references("invoice_item")
            .system(),
        Field::of(POSITION, "Position", Kind::Integer)
            .default(Default::Integer(0))
            .sortable(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "description",
            "quantity",
            "unit",
            "unit_price",
            "discount_percent",
            "tax_rate",
            "amount",
        ],
        sections: &[Section {
            label: "Item",
            fields: &[
                "invoice_id",
                "product_id",
                "description",
                "quantity",
                "unit",
                "unit_price",
                "discount_percent",
                "tax_rate",
                "amount",
                "position",
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
    natural_keys: &[],
    default_sort: ("position", false),
    all: fields_of!(INVOICE_ITEM),
};

/// What an amount can be.
const LARGEST_AMOUNT: i64 = 9_999_999_999_999;

/// Rules of invoice items.
pub struct InvoiceItemRules;

impl Rules for InvoiceItemRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        take_over(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        check(change, faults);
    }
}

fn check(change: &Change<Draft>, faults: &mut Faults) {
    let quantity = change.get(QUANTITY);
    if quantity.is_some_and(|quantity| quantity <= Decimal::ZERO) {
        faults.push(Fault::new("too_small", "must be more than 0").at("quantity"));
    }
    let amount = quantity
        .zip(change.get(UNIT_PRICE))
        .map(|(quantity, price)| quantity.checked_mul(price));
    if amount
        .is_some_and(|amount| amount.is_none_or(|amount| amount > Decimal::from(LARGEST_AMOUNT)))
    {
        let message = "times the unit price is more than an amount can be";
        faults.push(Fault::new("too_large", message).at("quantity"));
    }
}

/// A product as a line needs it.
struct Offered {
    id: Uuid,
    name: String,
    price: Option<Decimal>,
    currency: Option<String>,
}

/// A new line is in its invoice's currency; what it does not say it takes from its product, the price where that
/// is in the same currency.
async fn take_over(batch: Batch<'_>) -> Result<(), EngineError> {
    let of = |column: Col<Uuid>| -> Vec<Uuid> {
        let new = batch.changes.iter().filter(|change| change.is_new());
        let mut ids: Vec<Uuid> = new.filter_map(|change| change.get(column)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let (invoices, products) = (of(INVOICE), of(PRODUCT));
    if invoices.is_empty() {
        return Ok(());
    }
    let mut statements = vec![
        Statement::new("SELECT id, currency::text FROM invoices WHERE id = ANY ($1)")
            .with(invoices, Type::UUID_ARRAY),
    ];
    if !products.is_empty() {
        let sql = "SELECT id, name, price, currency::text FROM products WHERE id = ANY ($1)";
        statements.push(Statement::new(sql).with(products, Type::UUID_ARRAY));
    }
    let mut answers = batch.tx.query_many(&statements).await?.into_iter();
    let invoices: Vec<(Uuid, String)> = rows(answers.next(), |row| {
        Some((row.try_get(0).ok()?, row.try_get(1).ok()?))
    });
    let products = rows(answers.next(), |row| {
        Some(Offered {
            id: row.try_get(0).ok()?,
            name: row.try_get(1).ok()?,
            price: row.try_get(2).ok()?,
            currency: row.try_get(3).ok()?,
        })
    });
    for change in batch.changes.iter_mut().filter(|change| change.is_new()) {
        let invoice = change.get(INVOICE);
        let currency = invoices
            .iter()
            .find(|(id, _)| Some(*id) == invoice)
            .map(|(_, currency)| currency.clone());
        let product = change.get(PRODUCT);
        if let Some(product) = products.iter().find(|one| Some(one.id) == product) {
            if !change.gives(DESCRIPTION) {
                change.set(DESCRIPTION, product.name.clone());
            }
            let same = product.currency.is_none() || product.currency == currency;
            if let Some(price) = product.price.filter(|_| same)
                && !change.gives(UNIT_PRICE)
            {
                change.set(UNIT_PRICE, price.normalize());
            }
        }
        if let Some(currency) = currency {
            change.set(CURRENCY, currency);
        }
    }
    Ok(())
}

fn rows<T>(answer: Option<Vec<Row>>, read: impl Fn(&Row) -> Option<T>) -> Vec<T> {
    answer.unwrap_or_default().iter().filter_map(read).collect()
}
