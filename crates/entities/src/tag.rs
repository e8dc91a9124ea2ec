//! The labels in use, with their colours. Using a new label makes it known.

use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};

pub const NAME: Col<String> = col("name");
pub const COLOR: Col<String> = col("color");

pub static TAG: Entity = Entity {
    name: "tag",
    table: "tags",
    is_view: false,
    path: "tags",
    label: "Tag",
    label_plural: "Tags",
    icon: "tag",
    resource: "tags",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .unique()
            .max_length(60)
            .sortable(),
        Field::of(COLOR, "Colour", Kind::Color)
            .required()
            .default(Default::Text("gray")),
    ],
    children: &[],
    layout: Layout {
        table: &["name", "color", "created_at"],
        sections: &[Section {
            label: "About",
            fields: &["name", "color"],
        }],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: true,
        delete: true,
        import: false,
    },
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(TAG),
};
