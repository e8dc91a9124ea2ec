//! Lists of what belongs to one record: a conversation's messages, the notes about a deal.

use kith_catalogue::Catalogue;
use kith_catalogue::access::{Action, Scope};
use kith_catalogue::entity::{Access, Entity};
use kith_catalogue::filter::{Filter, Operator, Target};
use kith_catalogue::value::Value;

use crate::caller::Caller;
use crate::sql::Sql;

/// The record whose own a filter asks for, when it asks for nothing else.
pub(super) fn one_parent<'filter>(
    entity: &Entity,
    filter: &'filter Filter,
) -> Option<&'filter Value> {
    let column = match entity.access {
        Access::Through { column, .. } => column,
        Access::About => "subject_id",
        _ => return None,
    };
    match filter {
        Filter::All(parts) => match parts.as_slice() {
            [part] => one_parent(entity, part),
            _ => None,
        },
        Filter::Test(test) => {
            let of_it = test.hop.is_none()
                && test.operator == Operator::Equal
                && matches!(&test.target, Target::Column(field) if field.name == column);
            test.values.first().filter(|_| of_it)
        }
        Filter::Any(_) | Filter::Not(_) => None,
    }
}

/// Appends ` AND …`: the caller sees the parent. Row security says the same, but is asked for every row: of ten thousand
/// rows of a parent that is hidden it takes a while to say no.
pub(super) fn push_parent(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    caller: &Caller,
    id: &Value,
) {
    let Access::Through { parent, .. } = entity.access else {
        return;
    };
    let narrow =
        |parent: &&Entity| caller.grants.scope(parent.resource, Action::Read) != Some(Scope::All);
    if let Some(parent) = catalogue.by_name(parent).filter(narrow) {
        sql.push(&format!(
            " AND EXISTS (SELECT 1 FROM {} parent WHERE parent.id = ",
            parent.table
        ));
        sql.bind_value(id);
        sql.push(")");
    }
}
