//! Colleagues: the members of the organization, as one list of people.
//!
//! A person is added by name and perhaps address, invited (`place.rs`), and has an account once they accept.

mod place;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, EngineError, Rules};
use kith_store::Statement;
use uuid::Uuid;

pub use place::{deactivate, invite, invite_again, reactivate, withdraw_invitation};

pub const FULL_NAME: Col<String> = col("full_name");
pub const EMAIL: Col<String> = col("email");
pub const PHONE: Col<String> = col("phone");
pub const AVATAR_URL: Col<String> = col("avatar_url");
pub const JOB_TITLE: Col<String> = col("job_title");
pub const ROLE: Col<Uuid> = col("role_id");
pub const STATUS: Col<String> = col("status");
pub const MANAGER: Col<Uuid> = col("manager_id");
pub const TEAM: Col<Uuid> = col("team_id");
pub const IS_VERIFIED: Col<bool> = col("is_verified");
pub const LAST_LOGIN_AT: Col<jiff::Timestamp> = col("last_login_at");
pub const IS_OWNER: Col<bool> = col("is_owner");
pub const INVITED_AT: Col<jiff::Timestamp> = col("invited_at");
pub const HAS_SECOND_FACTOR: Col<bool> = col("has_second_factor");

const STATUSES: &[Choice] = &[
    Choice::new("invited", "Invited", "amber"),
    Choice::new("active", "Active", "green"),
    Choice::new("suspended", "Suspended", "red"),
];

pub static USER: Entity = Entity {
    name: "user",
    table: "members",
    is_view: true,
    path: "users",
    label: "User",
    label_plural: "Users",
    icon: "circle-user-round",
    resource: "users",
    title: "full_name",
    access: Access::Shared,
    fields: &[
        Field::of(FULL_NAME, "Name", Kind::Text)
            .required()
            .sortable()
            .personal()
            .aliases(&[
                "sales_agent",
                "sales agent",
                "name",
                "user",
                "employee",
                "rep",
            ]),
        Field::of(EMAIL, "Email", Kind::Email)
            .filterable()
            .personal()
            .aliases(&["e-mail", "email address"]),
        Field::of(PHONE, "Phone", Kind::Phone).personal(),
        Field::of(AVATAR_URL, "Picture", Kind::Url).system(),
        Field::of(JOB_TITLE, "Job title", Kind::Text)
            .max_length(100)
            .aliases(&["title", "position"]),
        Field::of(ROLE, "Role", Kind::Reference)
            .references("role")
            .required()
            .filterable(),
        Field::of(STATUS, "Status", Kind::Choice)
            .choices(STATUSES)
            .required()
            .default(Default::Text("invited"))
            .filterable(),
        Field::of(MANAGER, "Manager", Kind::User)
            .filterable()
            .aliases(&["manager", "supervisor", "reports to"]),
        Field::of(TEAM, "Team", Kind::Reference)
            .references("team")
            .filterable()
            .aliases(&[
                "regional_office",
                "regional office",
                "office",
                "region",
                "department",
            ]),
        Field::of(IS_VERIFIED, "Verified", Kind::Boolean)
            .filterable()
            .system()
            .help("They have shown that they read the mailbox of their address"),
        Field::of(LAST_LOGIN_AT, "Last sign-in", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(IS_OWNER, "Owner", Kind::Boolean)
            .filterable()
            .system()
            .help("Owners may do everything; one at least always remains"),
        Field::of(INVITED_AT, "Invited", Kind::Timestamp)
            .sortable()
            .system()
            .help(
                "When the invitation was last sent; empty for somebody who is only known by name",
            ),
        Field::of(HAS_SECOND_FACTOR, "Two-step sign-in", Kind::Boolean)
            .filterable()
            .system()
            .help("Shown to whoever manages people"),
    ],
    children: &[
        Child {
            name: "companies",
            label: "Companies",
            entity: "company",
            field: "owner_id",
        },
        Child {
            name: "deals",
            label: "Deals",
            entity: "deal",
            field: "owner_id",
        },
        Child {
            name: "reports",
            label: "Reports",
            entity: "user",
            field: "manager_id",
        },
    ],
    layout: Layout {
        table: &[
            "full_name",
            "email",
            "role_id",
            "team_id",
            "manager_id",
            "status",
            "last_login_at",
        ],
        sections: &[
            Section {
                label: "Person",
                fields: &["full_name", "email", "phone", "job_title"],
            },
            Section {
                label: "Place",
                fields: &["role_id", "status", "team_id", "manager_id"],
            },
            Section {
                label: "Sign-in",
                fields: &[
                    "last_login_at",
                    "invited_at",
                    "is_verified",
                    "has_second_factor",
                ],
            },
        ],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: true,
        delete: false,
        import: true,
    },
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["full_name", "email"],
    default_sort: ("full_name", false),
    all: fields_of!(USER),
};

/// Rules of people.
pub struct UserRules;

impl Rules for UserRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        default_role(batch).boxed()
    }
}

/// A person added without a role is a member.
async fn default_role(batch: Batch<'_>) -> Result<(), EngineError> {
    if !batch
        .changes
        .iter()
        .any(|change| change.is_new() && !change.gives(ROLE))
    {
        return Ok(());
    }
    let statement = Statement::new("SELECT id FROM roles WHERE key = 'member'");
    let Some(role) = batch
        .tx
        .query_opt(&statement)
        .await?
        .and_then(|row| row.try_get::<_, Uuid>(0).ok())
    else {
        return Ok(());
    };
    for change in batch.changes.iter_mut() {
        if change.is_new() && !change.gives(ROLE) {
            change.set(ROLE, role);
        }
    }
    Ok(())
}
