//! What a deal consists of: products, or lines without one, with quantity, price and discount.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use kith_store::Statement;
use kith_store::types::Type;
use rust_decimal::Decimal;
use uuid::Uuid;

pub const DEAL: Col<Uuid> = col("deal_id");
pub const PRODUCT: Col<Uuid> = col("product_id");
pub const DESCRIPTION: Col<String> = col("description");
pub const QUANTITY: Col<Decimal> = col("quantity");
pub const UNIT_PRICE: Col<Decimal> = col("unit_price");
pub const DISCOUNT_PERCENT: Col<Decimal> = col("discount_percent");
pub const AMOUNT: Col<Decimal> = col("amount");
pub const POSITION: Col<i64> = col("position");

pub static DEAL_ITEM: Entity = Entity {
    name: "deal_item",
    table: "deal_items",
    is_view: false,
    path: "deal-items",
    label: "Deal item",
    label_plural: "Deal items",
    icon: "list",
    resource: "deals",
    title: "description",
    access: Access::Through {
        column: "deal_id",
        parent: "deal",
    },
    fields: &[
        Field::of(DEAL, "Deal", Kind::Reference)
            .references("deal")
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(PRODUCT, "Product", Kind::Reference)
            .references("product")
            .filterable()
            .aliases(&["product", "item"]),
        Field::of(DESCRIPTION, "Description", Kind::Text).max_length(1000),
        Field::of(QUANTITY, "Quantity", Kind::Decimal)
            .range(0, 1_000_000_000)
            .default(Default::Integer(1))
            .aliases(&["qty"]),
        Field::of(UNIT_PRICE, "Unit price", Kind::Money)
            .required()
            .aliases(&["price"]),
        Field::of(DISCOUNT_PERCENT, "Discount %", Kind::Decimal)
            .range(0, 100)
            .default(Default::Integer(0))
            .aliases(&["discount"]),
        Field::of(AMOUNT, "Amount", Kind::Money).system(),
        Field::of(POSITION, "Position", Kind::Integer)
            .default(Default::Integer(0))
            .sortable(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "product_id",
            "description",
            "quantity",
            "unit_price",
            "discount_percent",
            "amount",
        ],
        sections: &[Section {
            label: "Item",
            fields: &[
                "deal_id",
                "product_id",
                "description",
                "quantity",
                "unit_price",
                "discount_percent",
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
    all: fields_of!(DEAL_ITEM),
};

/// The column has 17 digits before the decimal point.
const LARGEST_AMOUNT: i64 = 99_999_999_999_999_999;

/// Rules of deal items.
pub struct DealItemRules;

impl Rules for DealItemRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        price_from_product(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change
            .get(QUANTITY)
            .is_some_and(|quantity| quantity <= Decimal::ZERO)
        {
            faults.push(Fault::new("too_small", "must be more than 0").at("quantity"));
        }
        if amount(change).is_some_and(|amount| amount > Decimal::from(LARGEST_AMOUNT)) {
            let message = "times the unit price is more than an amount can be";
            faults.push(Fault::new("too_large", message).at("quantity"));
        }
        if change.get(PRODUCT).is_none() && change.get(DESCRIPTION).is_none() {
            faults.push(
                Fault::new("required", "an item needs a product or a description").at("product_id"),
            );
        }
    }
}

/// What the item comes to, before it is rounded as the database does; `None` while a part of it is missing.
fn amount(change: &Change<Draft>) -> Option<Decimal> {
    let full = change.get(QUANTITY)?.checked_mul(change.get(UNIT_PRICE)?)?;
    let kept = Decimal::ONE_HUNDRED - change.get(DISCOUNT_PERCENT).unwrap_or_default();
    full.checked_mul(kept)?.checked_div(Decimal::ONE_HUNDRED)
}

/// An item without a price takes its product's.
async fn price_from_product(batch: Batch<'_>) -> Result<(), EngineError> {
    let products: Vec<Uuid> = batch
        .changes
        .iter()
        .filter(|change| change.is_new() && !change.gives(UNIT_PRICE))
        .filter_map(|change| change.get(PRODUCT))
        .collect();
    if products.is_empty() {
        return Ok(());
    }
    let statement =
        Statement::new("SELECT id, price FROM products WHERE id = ANY ($1) AND price IS NOT NULL")
            .with(products, Type::UUID_ARRAY);
    let rows = batch.tx.query(&statement).await?;
    for change in batch.changes.iter_mut() {
        if !change.is_new() || change.gives(UNIT_PRICE) {
            continue;
        }
        let product = change.get(PRODUCT);
        let price = rows
            .iter()
            .find(|row| row.try_get::<_, Uuid>(0).ok() == product)
            .and_then(|row| row.try_get::<_, Decimal>(1).ok());
        if let Some(price) = price {
            change.set(UNIT_PRICE, price.normalize());
        }
    }
    Ok(())
}
