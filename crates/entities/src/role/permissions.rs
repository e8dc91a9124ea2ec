//! A role's permissions as a matrix: what there is to grant, what a role holds, and changing it.

use std::collections::{BTreeMap, BTreeSet};

use kith_catalogue::access::Action;
use kith_catalogue::fault::{Fault, Faults};
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::ROLE;
use crate::CATALOGUE;

/// One permission that a role holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    pub resource: String,
    pub action: String,
    pub scope: String,
}

/// The permissions there are, each with the scopes that make sense for it.
type Grantable = BTreeMap<String, BTreeMap<String, Vec<String>>>;

const GRANTABLE: &str = "SELECT resource, action, allowed_scopes(resource, action) FROM permissions ORDER BY resource, action";

/// What there is to grant, by resource, as the body of the answer.
///
/// # Errors
/// [`EngineError::Forbidden`] without the permission to read roles.
pub async fn grantable(engine: &Engine, caller: &Caller) -> Result<Json, EngineError> {
    caller.require(&ROLE, Action::Read)?;
    let answers = engine
        .database
        .read(&caller.principal, &[Statement::new(GRANTABLE)])
        .await?;
    let all = grantable_of(answers.first().map_or(&[][..], Vec::as_slice))?;
    let mut resources: Vec<(String, Json)> = all
        .iter()
        .map(|(resource, actions)| {
            let label = label(resource);
            let actions: Vec<Json> = in_order(actions)
                .into_iter()
                .map(|(action, scopes)| json!({"action": action, "scopes": scopes}))
                .collect();
            let shown = json!({"resource": resource, "label": label, "actions": actions});
            (label, shown)
        })
        .collect();
    resources.sort_by(|one, other| one.0.cmp(&other.0));
    let data: Vec<Json> = resources.into_iter().map(|(_, shown)| shown).collect();
    Ok(json!({"data": data}))
}

/// What a role holds, what it was shipped with (null for one that the organization made), and its version.
///
/// # Errors
/// [`EngineError::NotFound`]; [`EngineError::Forbidden`] without the permission to read roles.
pub async fn permissions(
    engine: &Engine,
    caller: &Caller,
    role: Uuid,
) -> Result<(Json, i64), EngineError> {
    caller.require(&ROLE, Action::Read)?;
    let answers = engine
        .database
        .read(&caller.principal, &statements(role))
        .await?;
    shown(&answers)
}

/// Gives a role these permissions and no others. Nobody grants what they do not hold themselves.
///
/// # Errors
/// [`EngineError::NotFound`]; every bad entry by its place; [`EngineError::Refused`] for what goes beyond the caller's
/// own; [`EngineError::Conflict`] for the owners' role; [`EngineError::Stale`] for another version than `seen`.
pub async fn set_permissions(
    tx: &Tx,
    caller: &Caller,
    role: Uuid,
    wanted: &[Grant],
    seen: Option<i64>,
) -> Result<(Json, i64), EngineError> {
    caller.require(&ROLE, Action::Update)?;
    let all = grantable_of(&tx.query(&Statement::new(GRANTABLE)).await?)?;
    check(&all, wanted)?;
    let write = Statement::new("SELECT status, version FROM set_role_permissions($1, $2, $3)")
        .with(role, Type::UUID)
        .with(json!(wanted), Type::JSONB)
        .with(seen, Type::INT8);
    let outcome = tx.query_one(&write).await?;
    let status: &str = outcome.try_get(0).map_err(StoreError::from)?;
    if status == "unknown" {
        return Err(EngineError::NotFound);
    }
    let (body, version) = shown(&tx.query_many(&statements(role)).await?)?;
    if status == "stale" {
        return Err(EngineError::Stale {
            conflicts: Vec::new(),
            current: body,
        });
    }
    Ok((body, version))
}

/// Every entry that cannot be granted, and every second one for the same permission.
fn check(all: &Grantable, wanted: &[Grant]) -> Result<(), EngineError> {
    let mut faults = Faults::new();
    let mut seen = BTreeSet::new();
    for (index, grant) in wanted.iter().enumerate() {
        let at = |part: &str| format!("data[{index}].{part}");
        let Some(actions) = all.get(&grant.resource) else {
            faults.push(Fault::new("not_a_choice", "is no resource").at(at("resource")));
            continue;
        };
        let Some(scopes) = actions.get(&grant.action) else {
            let message = format!(
                "is nothing that can be done to {}",
                grant.resource.replace('_', " ")
            );
            faults.push(Fault::new("not_a_choice", message).at(at("action")));
            continue;
        };
        if !scopes.contains(&grant.scope) {
            let message = format!("must be one of: {}", scopes.join(", "));
            faults.push(Fault::new("not_a_choice", message).at(at("scope")));
        }
        if !seen.insert((&grant.resource, &grant.action)) {
            faults.push(Fault::new("duplicate", "is granted twice").at(at("action")));
        }
    }
    Ok(faults.into_result()?)
}

fn statements(role: Uuid) -> [Statement; 3] {
    [
        Statement::new("SELECT version FROM roles WHERE id = $1").with(role, Type::UUID),
        Statement::new(
            "SELECT resource, action, scope FROM role_permissions WHERE role_id = $1 ORDER BY resource, action",
        )
        .with(role, Type::UUID),
        Statement::new(
            "SELECT d.resource, d.action, d.scope FROM shipped_permissions($1) d ORDER BY d.resource, d.action",
        )
        .with(role, Type::UUID),
    ]
}

/// The answers to [`statements`] as a body, and the version.
fn shown(answers: &[Vec<Row>]) -> Result<(Json, i64), EngineError> {
    let [role, held, shipped] = answers else {
        return Err(StoreError::internal("not the answers that were asked for").into());
    };
    let role = role.first().ok_or(EngineError::NotFound)?;
    let version: i64 = role.try_get(0).map_err(StoreError::from)?;
    let held = grants(held)?;
    let shipped = grants(shipped)?;
    let shipped = (!shipped.is_empty()).then_some(shipped);
    Ok((
        json!({"data": held, "shipped": shipped, "version": version}),
        version,
    ))
}

fn grants(rows: &[Row]) -> Result<Vec<Grant>, StoreError> {
    rows.iter()
        .map(|row| {
            Ok(Grant {
                resource: row.try_get(0)?,
                action: row.try_get(1)?,
                scope: row.try_get(2)?,
            })
        })
        .collect()
}

fn grantable_of(rows: &[Row]) -> Result<Grantable, StoreError> {
    let mut all = Grantable::new();
    for row in rows {
        all.entry(row.try_get(0)?)
            .or_default()
            .insert(row.try_get(1)?, row.try_get(2)?);
    }
    Ok(all)
}

/// The actions as people think of them: create, read, update, delete, then the rest.
fn in_order(actions: &BTreeMap<String, Vec<String>>) -> Vec<(&String, &Vec<String>)> {
    let place = |name: &str| {
        let known = Action::ALL.iter().position(|action| action.name() == name);
        known.unwrap_or(Action::ALL.len())
    };
    let mut sorted: Vec<_> = actions.iter().collect();
    sorted.sort_by_key(|(name, _)| place(name));
    sorted
}

/// What people call a resource: as the entity whose lists it guards, or by its own words.
fn label(resource: &str) -> String {
    let named = CATALOGUE
        .entities()
        .iter()
        .find(|entity| entity.resource == resource && entity.path.replace('-', "_") == resource)
        .or_else(|| {
            CATALOGUE
                .entities()
                .iter()
                .find(|entity| entity.resource == resource)
        });
    match named {
        Some(entity) => entity.label_plural.to_owned(),
        None => {
            let words = resource.replace('_', " ");
            let mut letters = words.chars();
            let first: String = letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .collect();
            first + letters.as_str()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_entries_are_named_by_their_place() {
        let mut all = Grantable::new();
        let scopes = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        all.entry("deals".to_owned())
            .or_default()
            .insert("read".to_owned(), scopes(&["all", "team"]));
        let grant = |resource: &str, action: &str, scope: &str| Grant {
            resource: resource.to_owned(),
            action: action.to_owned(),
            scope: scope.to_owned(),
        };
        let wanted = [
            grant("deals", "read", "all"),
            grant("deels", "read", "all"),
            grant("deals", "fly", "all"),
            grant("deals", "read", "mine"),
        ];
        let Err(EngineError::Invalid(faults)) = check(&all, &wanted) else {
            panic!("accepted");
        };
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "data[1].resource",
                "data[2].action",
                "data[3].scope",
                "data[3].action"
            ]
        );
        assert!(check(&all, &wanted[..1]).is_ok());
    }

    #[test]
    fn resources_have_the_names_of_their_lists() {
        assert_eq!(label("companies"), "Companies");
        assert_eq!(label("pipelines"), "Pipelines");
        assert_eq!(label("personal_data"), "Personal data");
        assert_eq!(label("deals"), "Deals");
    }
}
