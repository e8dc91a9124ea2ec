//! What members may do: a named set of permissions with scopes, edited as a matrix (`permissions.rs`).

mod permissions;

use std::collections::BTreeSet;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use kith_store::Statement;
use uuid::Uuid;

use crate::naming;

pub use permissions::{Grant, grantable, permissions, set_permissions};

pub const KEY: Col<String> = col("key");
pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const IS_SYSTEM: Col<bool> = col("is_system");
pub const COPY_OF: Col<Uuid> = col("copy_of");

pub static ROLE: Entity = Entity {
    name: "role",
    table: "roles",
    is_view: false,
    path: "roles",
    label: "Role",
    label_plural: "Roles",
    icon: "shield-check",
    resource: "roles",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .max_length(100)
            .sortable(),
        Field::of(KEY, "Key", Kind::Text)
            .required()
            .unique()
            .max_length(50)
            .writer(Writer::OnCreate)
            .help("The name in the interface; made from the name when left empty"),
        Field::of(DESCRIPTION, "Description", Kind::Text).max_length(1000),
        Field::of(COPY_OF, "Copy of", Kind::Reference)
            .references("role")
            .writer(Writer::OnCreate)
            .help("The role whose permissions it begins with; without one it begins with none"),
        Field::of(IS_SYSTEM, "Shipped", Kind::Boolean)
            .filled()
            .system(),
    ],
    children: &[Child {
        name: "users",
        label: "Users",
        entity: "user",
        field: "role_id",
    }],
    layout: Layout {
        table: &["name", "key", "description", "is_system"],
        sections: &[Section {
            label: "About",
            fields: &["name", "key", "description", "copy_of", "is_system"],
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
    natural_keys: &["name", "key"],
    default_sort: ("name", false),
    all: fields_of!(ROLE),
};

/// Rules of roles.
pub struct RoleRules;

impl Rules for RoleRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        name_keys(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if let Some(key) = change.get(KEY)
            && naming::key(&key).as_deref() != Some(key.as_str())
        {
            faults.push(
                Fault::new(
                    "not_a_key",
                    "has lower-case letters, digits and _ only and begins with a letter",
                )
                .at(KEY.name()),
            );
        }
    }
}

/// Gives roles without a key one that is made from the name and free.
async fn name_keys(batch: Batch<'_>) -> Result<(), EngineError> {
    let nameless = |change: &Change<Draft>| change.is_new() && !change.gives(KEY);
    if !batch.changes.iter().any(nameless) {
        return Ok(());
    }
    let rows = batch
        .tx
        .query(&Statement::new("SELECT key FROM roles"))
        .await?;
    let mut taken: BTreeSet<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    for change in batch.changes.iter_mut().filter(|change| nameless(change)) {
        let Some(name) = change.get(NAME) else {
            continue;
        };
        let wanted = naming::key(&name).unwrap_or_else(|| "role".to_owned());
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let free = std::iter::once(wanted.clone())
            .chain(numbered)
            .find(|key| !taken.contains(key));
        if let Some(key) = free {
            taken.insert(key.clone());
            change.set(KEY, key);
        }
    }
    Ok(())
}
