//! The catalogue and the database say the same: columns, CHECKs, indexes, row security, history.

use std::collections::{BTreeMap, BTreeSet};

use kith_catalogue::{Entity, Kind, Verbs};
use kith_entities::CATALOGUE;
use kith_store::Statement;

use crate::world::World;

/// Columns that are no fields: the tenant, derived keys, search.
fn is_bookkeeping(column: &str) -> bool {
    column == "organization_id"
        || column.ends_with("_key") && column != "key"
        || column.starts_with("search_")
}

/// Columns that follow from what a record is about: a key for each entity, and whose that record is.
fn follows_from_subject(entity: &'static Entity, column: &str) -> bool {
    entity.field("subject_type").is_some_and(|field| {
        matches!(
            column,
            "subject_owner_id"
                | "subject_company_id"
                | "subject_project_id"
                | "subject_other_owner_ids"
                | "subject_other_project_ids"
        ) || field
            .choices
            .iter()
            .filter_map(|choice| CATALOGUE.by_name(choice.value))
            .any(|subject| column == entity.subject_column(subject))
    })
}

#[test]
fn what_an_include_nests_never_takes_the_name_of_a_field() {
    for entity in CATALOGUE.entities() {
        for field in entity.all_fields() {
            let Some(name) = field.include_name() else {
                continue;
            };
            assert!(entity.field(name).is_none(), "{}.{name}", entity.name);
        }
    }
}

#[tokio::test]
async fn every_column_is_a_field_and_every_field_a_column() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    let rows = admin
        .query(&Statement::new("SELECT table_name::text, column_name::text, is_nullable::text FROM information_schema.columns WHERE table_schema = 'public'"))
        .await
        .unwrap();
    let mut columns: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    for row in rows {
        let nullable: String = row.get(2);
        columns
            .entry(row.get(0))
            .or_default()
            .insert(row.get(1), nullable == "YES");
    }
    for entity in CATALOGUE.entities() {
        let stored: BTreeSet<&str> = columns[entity.table]
            .keys()
            .map(String::as_str)
            .filter(|column| !is_bookkeeping(column) && !follows_from_subject(entity, column))
            .collect();
        let declared: BTreeSet<&str> = entity.all_fields().iter().map(|field| field.name).collect();
        assert_eq!(stored, declared, "{}", entity.table);
        for field in entity.all_fields() {
            let nullable = columns[entity.table][field.name];
            assert!(
                entity.is_view || !field.required || !nullable,
                "{}.{} is required but may be null",
                entity.table,
                field.name
            );
            assert!(
                entity.is_view || field.kind != Kind::Boolean || field.undecided == nullable,
                "{}.{}: a boolean may be null exactly where it is declared undecided",
                entity.table,
                field.name
            );
        }
    }
}

#[tokio::test]
async fn the_choices_are_the_values_that_the_checks_allow() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    for entity in CATALOGUE.entities().iter().filter(|entity| !entity.is_view) {
        for field in entity.fields.iter().filter(|field| {
            field.kind == Kind::Choice && field.name != "entity" && field.name != "reference"
        }) {
            let rows = admin
                .query(&Statement::new(format!(
                    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{}'::regclass AND contype = 'c' AND cardinality(conkey) = 1 AND pg_get_constraintdef(oid) ~ '\\y{} = ANY'",
                    entity.table, field.name
                )))
                .await
                .unwrap();
            let text: String = rows
                .first()
                .unwrap_or_else(|| panic!("{}.{} has no CHECK", entity.table, field.name))
                .get(0);
            let allowed: BTreeSet<&str> = text.split('\'').skip(1).step_by(2).collect();
            let choices: BTreeSet<&str> = field.choices.iter().map(|choice| choice.value).collect();
            assert_eq!(allowed, choices, "{}.{}", entity.table, field.name);
        }
    }
}

#[test]
fn what_can_be_extended_can_be_chosen() {
    let offered = kith_entities::custom_field::CUSTOM_FIELD.field("entity");
    let offered: BTreeSet<&str> = offered
        .unwrap()
        .choices
        .iter()
        .map(|choice| choice.value)
        .collect();
    let extensible: BTreeSet<&str> = CATALOGUE
        .entities()
        .iter()
        .filter(|entity| entity.extensible)
        .map(|entity| entity.name)
        .collect();
    assert_eq!(offered, extensible);
}

#[tokio::test]
async fn every_filterable_field_leads_an_index_of_its_organization() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    for entity in CATALOGUE.entities().iter().filter(|entity| !entity.is_view) {
        let rows = admin
            .query(&Statement::new(format!(
                "SELECT indexdef FROM pg_indexes WHERE tablename = '{}'",
                entity.table
            )))
            .await
            .unwrap();
        // Names that are also keywords stand in quotes.
        let indexes: Vec<String> = rows
            .iter()
            .map(|row| row.get::<_, String>(0).replace('"', ""))
            .collect();
        for field in entity.all_fields().iter().filter(|field| {
            field.filterable && !matches!(field.kind, Kind::Tags | Kind::MultiChoice)
        }) {
            let wanted = format!("(organization_id, {}", field.key_column());
            assert!(
                indexes
                    .iter()
                    .any(|index| index.contains(&format!("{wanted},"))
                        || index.contains(&format!("{wanted})"))),
                "{}.{} is filterable without an index",
                entity.table,
                field.name
            );
        }
    }
}

#[tokio::test]
async fn row_security_is_forced_on_every_table_with_an_organization() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    let rows = admin
        .query(&Statement::new(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' \
             WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        ))
        .await
        .unwrap();
    let bare: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(bare.is_empty(), "without forced row security: {bare:?}");
}

#[tokio::test]
async fn what_can_be_written_keeps_its_history() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    for entity in CATALOGUE
        .entities()
        .iter()
        .filter(|entity| entity.verbs != Verbs::READ && !entity.is_view)
    {
        let row = admin
            .query(&Statement::new(format!(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = '{}'::regclass AND tgfoid = 'record_history'::regproc",
                entity.table
            )))
            .await
            .unwrap();
        assert_eq!(
            row[0].get::<_, i64>(0),
            3,
            "{} needs a history trigger for insert, update and delete",
            entity.table
        );
    }
}

#[tokio::test]
async fn the_application_owns_nothing_and_passes_nothing() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    let row = admin
        .query(&Statement::new(
            "SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid) \
             OR pg_has_role('kith_app', 'kith_definer', 'MEMBER') FROM pg_roles r WHERE r.rolname = 'kith_app'",
        ))
        .await
        .unwrap();
    assert!(!row[0].get::<_, bool>(0));
}

/// Whose a row is decides the plan of everyone with a narrow scope.
#[tokio::test]
async fn the_columns_that_row_security_goes_by_are_well_known_to_the_planner() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    let thin = admin
        .query(&Statement::new(
            "SELECT format('%s.%s', a.attrelid::regclass, a.attname) FROM record_access r
             JOIN pg_class c ON c.oid = r.table_name::regclass AND c.relkind IN ('r', 'p')
             JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
               AND (a.attname = ANY (r.owner_columns) OR a.attname = r.company_column OR a.attname IN ('subject_owner_id', 'subject_company_id'))
             WHERE a.attstattarget < 1000",
        ))
        .await
        .unwrap();
    let thin: Vec<String> = thin.iter().map(|row| row.get(0)).collect();
    assert!(
        thin.is_empty(),
        "end the migration with CALL weigh_owners(): {thin:?}"
    );
}

/// Where the database has a value for a new record that does not say, the catalogue knows: a batch is written so that
/// no row loses it.
#[tokio::test]
async fn what_the_database_fills_in_is_known() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    for entity in CATALOGUE.entities().iter().filter(|entity| !entity.is_view) {
        let rows = admin
            .query(&Statement::new(format!(
                "SELECT a.attname::text, a.attnotnull FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                 WHERE a.attrelid = '{}'::regclass AND a.attgenerated = ''",
                entity.table
            )))
            .await
            .unwrap();
        let mut filled: BTreeSet<String> = BTreeSet::new();
        for row in rows {
            let name: String = row.get(0);
            // Every record's own, which nobody gives.
            if ["id", "created_at", "updated_at", "version"].contains(&name.as_str()) {
                continue;
            }
            let Some(field) = entity.field(&name) else {
                continue;
            };
            assert!(
                row.get::<_, bool>(1),
                "{}.{name} has a default and may be null",
                entity.name
            );
            assert!(
                field.is_never_left_empty(),
                "{}.{name}: the database fills it in",
                entity.name
            );
            filled.insert(name);
        }
        for field in entity.all_fields().iter().filter(|field| field.filled) {
            assert!(
                filled.contains(field.name),
                "{}.{}: nothing fills it in",
                entity.name,
                field.name
            );
        }
    }
}
