//! What is sold. At most `max_active_products` (an organization's setting, 3 by default) are active at
//! once; the database holds that under concurrency (migration 0006).

use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use rust_decimal::Decimal;

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const SKU: Col<String> = col("sku");
pub const PRICE: Col<Decimal> = col("price");
pub const CURRENCY: Col<String> = col("currency");
pub const CATEGORY: Col<String> = col("category");
pub const IS_ACTIVE: Col<bool> = col("is_active");

pub static PRODUCT: Entity = Entity {
    name: "product",
    table: "products",
    is_view: false,
    path: "products",
    label: "Product",
    label_plural: "Products",
    icon: "package",
    resource: "products",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .searchable()
            .sortable()
            .aliases(&["product", "product name", "item"]),
        Field::of(DESCRIPTION, "Description", Kind::LongText),
        Field::of(SKU, "SKU", Kind::Text)
            .unique()
            .max_length(100)
            .searchable()
            .aliases(&["article number", "code", "product code", "internal id"]),
        Field::of(PRICE, "Price", Kind::Money)
            .currency(CURRENCY)
            .sortable()
            .aliases(&["sales_price", "sales price", "unit price", "list price"]),
        Field::of(CURRENCY, "Currency", Kind::Currency).default(Default::BaseCurrency),
        Field::of(CATEGORY, "Category", Kind::Text)
            .max_length(100)
            .searchable()
            .sortable()
            .aliases(&["series", "product family", "group"]),
        Field::of(IS_ACTIVE, "Active", Kind::Boolean)
            .default(Default::Boolean(true))
            .sortable()
            .help("Only a limited number of products can be active at once")
            .aliases(&["active", "availability"]),
    ],
    children: &[
        Child {
            name: "deal-items",
            label: "Deals",
            entity: "deal_item",
            field: "product_id",
        },
        Child {
            name: "leads",
            label: "Leads",
            entity: "lead",
            field: "product_id",
        },
        Child {
            name: "interactions",
            label: "Interactions",
            entity: "interaction",
            field: "product_id",
        },
        crate::document::DOCUMENTS,
    ],
    layout: Layout {
        table: &[
            "name",
            "sku",
            "category",
            "price",
            "is_active",
            "updated_at",
        ],
        sections: &[Section {
            label: "About",
            fields: &[
                "name",
                "sku",
                "category",
                "price",
                "currency",
                "is_active",
                "description",
                "tags",
            ],
        }],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: true,
    extensible: true,
    archive: None,
    natural_keys: &["name", "sku"],
    default_sort: ("name", false),
    all: fields_of!(PRODUCT),
};
