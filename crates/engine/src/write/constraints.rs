//! The one place where a broken constraint becomes words: by its name's shape, because constraints are
//! named after their table and columns.

use kith_catalogue::Catalogue;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_store::StoreError;

use crate::error::EngineError;

/// What a refused write of an entity means. Nothing tells of rows that the caller may not see beyond
/// that a unique value is taken.
pub(crate) fn explain(
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    error: StoreError,
) -> EngineError {
    match &error {
        StoreError::Unique { constraint, .. } => {
            if constraint == "record_values_unique" {
                return EngineError::Conflict {
                    field: None,
                    message:
                        "a custom field that must be unique has a value that another record has"
                            .to_owned(),
                };
            }
            let name = constraint.strip_suffix("_unique").unwrap_or(constraint);
            let name = name
                .strip_prefix(entity.table)
                .map_or(name, |rest| rest.trim_start_matches('_'));
            match entity
                .fields
                .iter()
                .find(|field| field.name == name || field.name == format!("is_{name}"))
            {
                Some(field) => EngineError::Conflict {
                    field: Some(field.name.to_owned()),
                    message: if field.name.starts_with("is_") {
                        format!(
                            "there is another {} that is {} already",
                            entity.label.to_lowercase(),
                            name.replace('_', " ")
                        )
                    } else {
                        format!(
                            "another {} has this {} already",
                            entity.label.to_lowercase(),
                            field.label.to_lowercase()
                        )
                    },
                },
                None => EngineError::Conflict {
                    field: None,
                    message: format!("this {} exists already", entity.label.to_lowercase()),
                },
            }
        }
        // References were checked before; what is left is the removal of something in use, or a
        // record that went away meanwhile.
        StoreError::ForeignKey { table, .. } => {
            let user = catalogue
                .entities()
                .iter()
                .find(|other| other.table == table && other.name != entity.name);
            EngineError::Conflict {
                field: None,
                message: match user {
                    Some(user) => format!(
                        "this {} is in use by {}",
                        entity.label.to_lowercase(),
                        user.label_plural.to_lowercase()
                    ),
                    None => "a record that this refers to is gone; reload and try again".to_owned(),
                },
            }
        }
        StoreError::Check {
            constraint, table, ..
        } => {
            let name = constraint
                .strip_prefix(table.as_str())
                .unwrap_or(constraint)
                .trim_matches('_');
            let name = name
                .trim_end_matches(|character: char| character.is_ascii_digit())
                .trim_end_matches("_check");
            let field = entity.fields.iter().find(|field| field.name == name);
            EngineError::Invalid(vec![Fault {
                field: field.map(|field| field.name.to_owned()).unwrap_or_default(),
                code: "rule".into(),
                message: match field {
                    Some(_) => "is not an allowed value".to_owned(),
                    None => format!(
                        "breaks a rule for {}: {}",
                        entity.path,
                        name.replace('_', " ")
                    ),
                },
            }])
        }
        StoreError::NotNull { column, .. } => EngineError::Invalid(vec![
            Fault::new("required", "is required").at(column.clone()),
        ]),
        StoreError::Value { column, .. } => EngineError::Invalid(vec![
            Fault::new("not_storable", "has a value that cannot be stored")
                .at(column.clone().unwrap_or_default()),
        ]),
        StoreError::Permission { .. } => EngineError::Forbidden {
            action: kith_catalogue::access::Action::Update,
            resource: entity.resource,
        },
        _ => EngineError::from(error),
    }
}
