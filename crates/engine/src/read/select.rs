//! What a statement selects: the entity's fields, then those of each included record.

use kith_catalogue::Catalogue;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_store::Statement;
use kith_store::types::Type;
use uuid::Uuid;

use crate::caller::Caller;
use crate::mask::Mask;
use crate::query::{Archived, Deleted};
use crate::sql::{Sql, column_list};

/// A record nested beside its reference: `company_id` → `"company":{"id":…,"name":…}`.
pub(crate) struct Included {
    /// The reference followed.
    pub field: &'static Field,
    /// The name it is nested under.
    pub name: &'static str,
    pub shown: Shown,
}

/// What is shown of a nested record.
pub(crate) enum Shown {
    /// Of one entity: id, title and, for people, the picture.
    One {
        entity: &'static Entity,
        fields: Vec<&'static Field>,
    },
    /// Of the entity that another field names: id, entity and title.
    Any { entities: Vec<&'static Entity> },
}

impl Included {
    fn new(
        catalogue: &'static Catalogue,
        entity: &'static Entity,
        field: &'static Field,
    ) -> Option<Included> {
        let shown = match (field.reference, field.entity_field) {
            (Some(name), _) => {
                let other = catalogue.by_name(name)?;
                let mut fields: Vec<&'static Field> = other.field("id").into_iter().collect();
                fields.extend(other.title_field());
                fields.extend(other.field("avatar_url"));
                fields.extend(
                    other
                        .fields
                        .iter()
                        .filter(|field| field.kind == Kind::Color),
                );
                Shown::One {
                    entity: other,
                    fields,
                }
            }
            (None, Some(choice)) => Shown::Any {
                entities: entity
                    .field(choice)?
                    .choices
                    .iter()
                    .filter_map(|choice| catalogue.by_name(choice.value))
                    .collect(),
            },
            (None, None) => return None,
        };
        Some(Included {
            field,
            name: field.include_name()?,
            shown,
        })
    }

    /// How many columns it takes.
    pub(crate) fn columns(&self) -> usize {
        match &self.shown {
            Shown::One { fields, .. } => fields.len(),
            Shown::Any { .. } => 3,
        }
    }
}

/// The columns of a statement, in order.
pub(crate) struct Selection {
    pub entity: &'static Entity,
    pub fields: Vec<&'static Field>,
    pub included: Vec<Included>,
    /// What the caller sees masked.
    pub mask: Mask,
}

impl Selection {
    pub(crate) fn new(
        caller: &Caller,
        catalogue: &'static Catalogue,
        entity: &'static Entity,
        fields: Option<&[&'static Field]>,
        include: &[&'static Field],
    ) -> Selection {
        let fields = fields.map_or_else(|| entity.all_fields().to_vec(), <[_]>::to_vec);
        let included = include
            .iter()
            .filter_map(|field| Included::new(catalogue, entity, field))
            .collect();
        Selection {
            entity,
            fields,
            included,
            mask: Mask::of(caller, entity.name),
        }
    }

    /// What each column holds, in order.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.fields.iter().map(|field| field.kind).collect();
        for included in &self.included {
            match &included.shown {
                Shown::One { fields, .. } => kinds.extend(fields.iter().map(|field| field.kind)),
                Shown::Any { .. } => kinds.extend([Kind::Uuid, Kind::Text, Kind::Text]),
            }
        }
        kinds
    }

    /// The position of one of the entity's own fields.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// `t.id, t.name, …, i0.id, i0.name, …`
    pub(crate) fn push_columns(&self, sql: &mut Sql) {
        sql.push(&column_list("t", &self.fields));
        for (index, included) in self.included.iter().enumerate() {
            sql.push(", ");
            match &included.shown {
                Shown::One { fields, .. } => {
                    sql.push(&column_list(&format!("i{index}"), fields));
                }
                Shown::Any { entities } => {
                    let each = |column: &dyn Fn(&Entity) -> &'static str| {
                        entities
                            .iter()
                            .map(|entity| format!("i{index}_{}.{}", entity.name, column(entity)))
                            .collect::<Vec<_>>()
                            .join(", ")
                    };
                    let choice = included.field.entity_field.unwrap_or_default();
                    sql.push(&format!(
                        "coalesce({}), t.{choice}, coalesce({})",
                        each(&|_| "id"),
                        each(&|entity| entity.title)
                    ));
                }
            }
        }
    }

    /// ` LEFT JOIN …` for the included records; under row security what the caller may not see is empty.
    pub(crate) fn push_joins(&self, sql: &mut Sql) {
        let mut join = |alias: &str, entity: &Entity, column: &str| {
            sql.push(&format!(
                " LEFT JOIN {} {alias} ON {alias}.organization_id = t.organization_id AND {alias}.id = t.{column}",
                entity.table,
            ));
        };
        for (index, included) in self.included.iter().enumerate() {
            match &included.shown {
                Shown::One { entity, .. } => {
                    join(&format!("i{index}"), entity, included.field.name);
                }
                // The table has a key of its own for each entity that it may be about.
                Shown::Any { entities } => {
                    for entity in entities {
                        join(
                            &format!("i{index}_{}", entity.name),
                            entity,
                            &self.entity.subject_column(entity),
                        );
                    }
                }
            }
        }
    }
}

/// Appends the condition on deletion.
pub(crate) fn push_deleted(sql: &mut Sql, entity: &'static Entity, deleted: Deleted) {
    if entity.soft_delete {
        match deleted {
            Deleted::No => sql.push(" AND t.deleted_at IS NULL"),
            Deleted::Only => sql.push(" AND t.deleted_at IS NOT NULL"),
            Deleted::With => sql,
        };
    }
}

/// Leaves archived records out of a list that does not ask for them.
pub fn push_archived(sql: &mut Sql, entity: &'static Entity, archived: Archived) {
    if let Some(column) = entity.archive {
        match archived {
            Archived::No => sql.push(&format!(" AND NOT t.{column}")),
            Archived::Only => sql.push(&format!(" AND t.{column}")),
            Archived::With => sql,
        };
    }
}

/// The records of these ids.
pub(crate) fn select_by_ids(selection: &Selection, ids: Vec<Uuid>, deleted: Deleted) -> Statement {
    let mut sql = Sql::new();
    sql.push("SELECT ");
    selection.push_columns(&mut sql);
    sql.push(&format!(" FROM {} t", selection.entity.table));
    selection.push_joins(&mut sql);
    match ids.as_slice() {
        // The plain comparison keeps the commonest statement the cheapest.
        [id] => {
            sql.push(" WHERE t.id = ");
            sql.bind(*id, Type::UUID);
        }
        _ => {
            sql.push(" WHERE t.id = ANY (");
            sql.bind(ids, Type::UUID_ARRAY);
            sql.push(")");
        }
    }
    push_deleted(&mut sql, selection.entity, deleted);
    sql.finish()
}
