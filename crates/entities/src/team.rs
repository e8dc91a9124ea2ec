//! People who work together and, where their role says so, see each other's records.

use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");

pub static TEAM: Entity = Entity {
    name: "team",
    table: "teams",
    is_view: false,
    path: "teams",
    label: "Team",
    label_plural: "Teams",
    icon: "users",
    resource: "teams",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .unique()
            .sortable()
            .aliases(&["team", "regional_office", "office"]),
        Field::of(DESCRIPTION, "Description", Kind::LongText),
    ],
    children: &[Child {
        name: "members",
        label: "Members",
        entity: "team_member",
        field: "team_id",
    }],
    layout: Layout {
        table: &["name", "description", "created_at"],
        sections: &[Section {
            label: "About",
            fields: &["name", "description"],
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
    all: fields_of!(TEAM),
};
