//! A user who sees a company because they belong to it: the client's own side, or a team assigned.

use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use uuid::Uuid;

pub const COMPANY: Col<Uuid> = col("company_id");
pub const USER: Col<Uuid> = col("user_id");
pub const ROLE: Col<String> = col("role");

const ROLES: &[Choice] = &[
    Choice::new("admin", "Admin", "violet"),
    Choice::new("member", "Member", "blue"),
    Choice::new("viewer", "Viewer", "gray"),
];

pub static COMPANY_MEMBER: Entity = Entity {
    name: "company_member",
    table: "company_members",
    is_view: false,
    path: "company-members",
    label: "Company member",
    label_plural: "Company members",
    icon: "users-round",
    resource: "company_members",
    title: "role",
    access: Access::Through {
        column: "company_id",
        parent: "company",
    },
    fields: &[
        Field::of(COMPANY, "Company", Kind::Reference)
            .references("company")
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(USER, "User", Kind::User)
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(ROLE, "Role", Kind::Choice)
            .choices(ROLES)
            .required()
            .default(Default::Text("member"))
            .sortable(),
    ],
    children: &[],
    layout: Layout {
        table: &["company_id", "user_id", "role", "created_at"],
        sections: &[Section {
            label: "Membership",
            fields: &["company_id", "user_id", "role"],
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
    default_sort: ("created_at", true),
    all: fields_of!(COMPANY_MEMBER),
};
