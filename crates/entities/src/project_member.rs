//! A user who works on a project, as what.

use kith_catalogue::access::Action;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use serde_json::Value as Json;
use uuid::Uuid;

pub const PROJECT: Col<Uuid> = col("project_id");
pub const USER: Col<Uuid> = col("user_id");
pub const ROLE: Col<String> = col("role");
pub const PERMISSIONS: Col<Json> = col("permissions");

/// A viewer reads; a member works on tasks and leads as well; a manager does whatever their role in the
/// organization lets them do with what is theirs, approving time included.
const ROLES: &[Choice] = &[
    Choice::new("manager", "Manager", "violet"),
    Choice::new("member", "Member", "blue"),
    Choice::new("viewer", "Viewer", "gray"),
];

/// The resources whose records belong to projects.
const RESOURCES: [&str; 4] = ["projects", "tasks", "leads", "time_entries"];

pub static PROJECT_MEMBER: Entity = Entity {
    name: "project_member",
    table: "project_members",
    is_view: false,
    path: "project-members",
    label: "Project member",
    label_plural: "Project members",
    icon: "users-round",
    resource: "project_members",
    title: "role",
    access: Access::Through {
        column: "project_id",
        parent: "project",
    },
    fields: &[
        Field::of(PROJECT, "Project", Kind::Reference)
            .references("project")
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
        Field::of(PERMISSIONS, "Permissions", Kind::Json)
            .default(Default::Empty)
            .help("More than the role allows, actions by resource: {\"tasks\": [\"delete\"]}"),
    ],
    children: &[],
    layout: Layout {
        table: &["project_id", "user_id", "role", "created_at"],
        sections: &[Section {
            label: "Membership",
            fields: &["project_id", "user_id", "role", "permissions"],
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
    all: fields_of!(PROJECT_MEMBER),
};

/// Rules of project members.
pub struct ProjectMemberRules;

impl Rules for ProjectMemberRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.changes(PERMISSIONS)
            && let Some(permissions) = change.get(PERMISSIONS)
            && !are_permissions(&permissions)
        {
            faults.push(
                Fault::new(
                    "rule",
                    "must name actions by resource: projects, tasks, leads or time_entries, such as {\"tasks\": [\"delete\"]}",
                )
                .at("permissions"),
            );
        }
    }
}

fn are_permissions(value: &Json) -> bool {
    let is_action = |word: &Json| {
        word.as_str()
            .is_some_and(|word| word.parse::<Action>().is_ok())
    };
    value.as_object().is_some_and(|resources| {
        resources.iter().all(|(resource, actions)| {
            RESOURCES.contains(&resource.as_str())
                && actions
                    .as_array()
                    .is_some_and(|actions| actions.iter().all(is_action))
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn permissions_name_actions_by_resource() {
        assert!(are_permissions(&json!({})));
        assert!(are_permissions(
            &json!({"tasks": ["delete", "assign"], "time_entries": ["approve"]})
        ));
        for wrong in [
            json!({"tasks": "delete"}),
            json!({"tasks": ["remove"]}),
            json!({"invoices": ["read"]}),
            json!(["tasks"]),
        ] {
            assert!(!are_permissions(&wrong), "{wrong}");
        }
    }
}
