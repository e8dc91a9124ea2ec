//! `docs/documents.md` says where everything of the five documents is. Here every target is looked up, so that the
//! page cannot go stale.

use std::collections::{BTreeMap, BTreeSet};

use kith_catalogue::Overlay;
use kith_entities::CATALOGUE;
use kith_store::Statement;
use kith_testkit::TestDatabase;
use serde_json::Value as Json;

const PAGE: &str = include_str!("../../../../docs/documents.md");

/// Tables that come with migrations which need not be here yet. Where one of them is not, what lies in it is not looked
/// up; where it is, it is. Empty once everything is here.
const ARRIVING: &[&str] = &[
    "tickets",
    "ticket_comments",
    "invoices",
    "invoice_items",
    "payments",
    "campaigns",
    "campaign_members",
    "conversations",
    "messages",
    "email_templates",
    "documents",
    "notifications",
    "channel_accounts",
    "webhook_endpoints",
    "inbound_forms",
    "projects",
    "project_members",
    "time_entries",
];

/// The functions of tables that arrive.
const WITH: &[(&str, &str)] = &[
    ("can_access_project", "projects"),
    ("create_conversation", "conversations"),
    ("update_conversation_stats", "conversations"),
    ("process_incoming_message", "conversations"),
    ("update_invoice_paid_date", "invoices"),
];

struct Here {
    columns: BTreeSet<(String, String)>,
    tables: BTreeSet<String>,
    functions: BTreeSet<String>,
    triggers: BTreeSet<String>,
    policies: BTreeSet<String>,
    interface: Json,
}

async fn here() -> Here {
    let test = TestDatabase::new().await;
    let admin = test.admin().await;
    let mut found: BTreeMap<&str, BTreeSet<(String, String)>> = BTreeMap::new();
    for (what, sql) in [
        (
            "columns",
            "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
        ),
        (
            "functions",
            "SELECT proname::text, '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        ),
        (
            "triggers",
            "SELECT tgname || ' on ' || tgrelid::regclass, '' FROM pg_trigger WHERE NOT tgisinternal",
        ),
        ("policies", "SELECT policyname::text, '' FROM pg_policies"),
    ] {
        let rows = admin.query(&Statement::new(sql)).await.unwrap();
        found.insert(
            what,
            rows.iter().map(|row| (row.get(0), row.get(1))).collect(),
        );
    }
    let names = |what: &str| found[what].iter().map(|(name, _)| name.clone()).collect();
    Here {
        tables: names("columns"),
        functions: names("functions"),
        triggers: names("triggers"),
        policies: names("policies"),
        columns: found["columns"].clone(),
        interface: kith_http::document(&CATALOGUE, &Overlay::default()),
    }
}

/// Whether an entity is one that need not be here yet, and is not.
fn is_arriving(table: &str, path: &str) -> bool {
    ARRIVING.contains(&table) && CATALOGUE.by_path(path).is_none()
}

impl Here {
    /// Whether a table is one that need not be here yet, and is not.
    fn arrives(&self, table: &str) -> bool {
        ARRIVING.contains(&table) && !self.tables.contains(table)
    }

    /// What is wrong with a target; `None` when it is here.
    fn fault(&self, target: &str) -> Option<String> {
        let wrong = || Some(format!("{target} is not here"));
        if let Some(function) = target.strip_suffix("()") {
            let arrives = WITH
                .iter()
                .any(|(name, table)| *name == function && self.arrives(table));
            return if self.functions.contains(function) || arrives {
                None
            } else {
                wrong()
            };
        }
        if let Some(policy) = target.strip_prefix("policy ") {
            let table = policy.rsplit_once('_').map_or(policy, |(table, _)| table);
            return if self.policies.contains(policy) || self.arrives(table) {
                None
            } else {
                wrong()
            };
        }
        if let Some((_, table)) = target.split_once(" on ") {
            return if self.triggers.contains(target) || self.arrives(table) {
                None
            } else {
                wrong()
            };
        }
        if let Some((field, values)) = target.split_once(": ") {
            return self.values(field, values);
        }
        if let Some((method, path)) = target.split_once(' ') {
            let entity = path
                .trim_start_matches('/')
                .split('/')
                .next()
                .unwrap_or_default();
            let there = self.interface["paths"][path][method.to_lowercase()].is_object()
                || Here::is_child(method, path);
            return if there || is_arriving(&entity.replace('-', "_"), entity) {
                None
            } else {
                wrong()
            };
        }
        match target.split_once('.') {
            Some((table, column)) => {
                let there = self
                    .columns
                    .contains(&(table.to_owned(), column.to_owned()));
                if there || self.arrives(table) {
                    None
                } else {
                    wrong()
                }
            }
            None => {
                if self.tables.contains(target) || self.arrives(target) {
                    None
                } else {
                    wrong()
                }
            }
        }
    }

    /// A child list of an entity that arrives, under a record of one that is here.
    fn is_child(method: &str, path: &str) -> bool {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        method == "GET" && parts.len() == 3 && is_arriving(parts[2], parts[2])
    }

    fn values(&self, field: &str, values: &str) -> Option<String> {
        let (entity, name) = field.split_once('.').unwrap();
        let Some(entity) = CATALOGUE.by_name(entity) else {
            let arrives = ARRIVING.iter().any(|table| {
                table.strip_suffix('s') == Some(entity)
                    || table
                        .strip_suffix("ies")
                        .is_some_and(|stem| entity == format!("{stem}y"))
            });
            return (!arrives).then(|| format!("there is no {entity}"));
        };
        let Some(field) = entity.field(name) else {
            return Some(format!("{} has no {name}", entity.name));
        };
        let refused: Vec<&str> = values
            .split(", ")
            .filter(|value| {
                !field.choices.iter().any(|choice| {
                    choice.value == *value
                        || choice
                            .aliases
                            .iter()
                            .any(|other| other.replace(' ', "_").eq_ignore_ascii_case(value))
                })
            })
            .collect();
        // What a task may be about grows with the entities that arrive.
        let refused: Vec<&str> = refused
            .into_iter()
            .filter(|value| !(name == "subject_type" && self.arrives(&format!("{value}s"))))
            .collect();
        (!refused.is_empty()).then(|| {
            format!(
                "{}.{name} does not take {}",
                entity.name,
                refused.join(", ")
            )
        })
    }
}

#[tokio::test]
async fn everything_that_the_page_names_is_here() {
    let here = here().await;
    let mut faults = Vec::new();
    let mut rows = 0;
    for (number, line) in (1..).zip(PAGE.lines()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if cells.len() < 5 || !cells[1].starts_with('`') {
            continue;
        }
        rows += 1;
        let targets: Vec<&str> = cells[2].split('`').skip(1).step_by(2).collect();
        if targets.is_empty() {
            faults.push(format!("line {number}: {} has no home", cells[1]));
        }
        faults.extend(
            targets
                .iter()
                .filter_map(|target| here.fault(target))
                .map(|fault| format!("line {number}: {fault}")),
        );
    }
    assert!(rows > 700, "only {rows} rows were read");
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
