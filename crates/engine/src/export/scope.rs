//! To which records the permission to export extends. Reading may reach farther: row security guards that, this
//! narrows it.

use kith_catalogue::Catalogue;
use kith_catalogue::access::{Action, Grants, Scope};
use kith_catalogue::entity::{Access, Entity};

use crate::caller::Caller;
use crate::error::EngineError;
use crate::sql::{Sql, scope_predicate};

/// The scope in which the caller may export.
///
/// # Errors
/// [`EngineError::Forbidden`] without the permission, or where its scope is narrower than that of reading and nothing
/// about a record says whose it is.
pub(super) fn permitted(caller: &Caller, entity: &'static Entity) -> Result<Scope, EngineError> {
    let reading = caller.require(entity, Action::Read)?;
    let exporting = caller.require(entity, Action::Export)?;
    match entity.access {
        Access::Owned { .. }
        | Access::InProjects { .. }
        | Access::Through { .. }
        | Access::About => Ok(exporting),
        Access::Shared | Access::Subject if exporting == Scope::All || exporting == reading => {
            Ok(exporting)
        }
        Access::Shared | Access::Subject => Err(EngineError::Forbidden {
            action: Action::Export,
            resource: entity.resource,
        }),
    }
}

/// The scope as a condition on the rows `t`: what somebody would read whose reading went no farther.
pub(super) fn push(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    scope: Scope,
) {
    if scope == Scope::All {
        return;
    }
    let mut grants = Grants::default();
    grants.insert(entity.resource, Action::Read, scope);
    match entity.access {
        Access::Owned { .. } | Access::InProjects { .. } | Access::Shared | Access::Subject => {
            scope_predicate(sql, catalogue, entity, &grants, "t");
        }
        Access::About => {
            for subject in catalogue.entities() {
                grants.insert(subject.resource, Action::Read, scope);
            }
            scope_predicate(sql, catalogue, entity, &grants, "t");
        }
        Access::Through { column, parent } => {
            if let Some(parent) = catalogue.by_name(parent) {
                grants.insert(parent.resource, Action::Read, scope);
                sql.push(&format!(
                    " AND EXISTS (SELECT 1 FROM {} parent WHERE parent.organization_id = t.organization_id AND parent.id = t.{column}",
                    parent.table
                ));
                scope_predicate(sql, catalogue, parent, &grants, "parent");
                sql.push(")");
            }
        }
    }
}
