//! What companies do: a list that each organization keeps.

use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};

pub const NAME: Col<String> = col("name");

pub static INDUSTRY: Entity = Entity {
    name: "industry",
    table: "industries",
    is_view: false,
    path: "industries",
    label: "Industry",
    label_plural: "Industries",
    icon: "factory",
    resource: "industries",
    title: "name",
    access: Access::Shared,
    fields: &[Field::of(NAME, "Name", Kind::Text)
        .required()
        .unique()
        .max_length(100)
        .sortable()
        .aliases(&["industry", "sector"])],
    children: &[Child {
        name: "companies",
        label: "Companies",
        entity: "company",
        field: "industry_id",
    }],
    layout: Layout {
        table: &["name", "created_at"],
        sections: &[Section {
            label: "About",
            fields: &["name"],
        }],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(INDUSTRY),
};
