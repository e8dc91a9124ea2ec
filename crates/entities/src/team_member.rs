//! A person's place in a team.

use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use uuid::Uuid;

pub const TEAM: Col<Uuid> = col("team_id");
pub const USER: Col<Uuid> = col("user_id");

pub static TEAM_MEMBER: Entity = Entity {
    name: "team_member",
    table: "team_members",
    is_view: false,
    path: "team-members",
    label: "Team member",
    label_plural: "Team members",
    icon: "user-plus",
    resource: "teams",
    title: "id",
    access: Access::Shared,
    fields: &[
        Field::of(TEAM, "Team", Kind::Reference)
            .references("team")
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(USER, "User", Kind::User)
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
    ],
    children: &[],
    layout: Layout {
        table: &["team_id", "user_id", "created_at"],
        sections: &[Section {
            label: "Membership",
            fields: &["team_id", "user_id"],
        }],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: false,
        delete: true,
        import: true,
    },
    soft_delete: false,
    versioned: false,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("created_at", true),
    all: fields_of!(TEAM_MEMBER),
};
