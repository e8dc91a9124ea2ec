//! Who can read or change a record, and why.
//!
//! Whether somebody may is asked of the database, as that person and of the record's own policies, so this cannot
//! disagree with them. Why is told here, from the declaration and the facts that the policies go by; where those
//! do not explain it, the answer says that a rule of the entity does.

use std::collections::HashMap;

use kith_catalogue::access::Action;
use kith_catalogue::entity::{Access, Entity};
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;

/// What is told about.
const ACTIONS: [Action; 3] = [Action::Read, Action::Update, Action::Delete];

/// For rows that belong to none.
const NO_PROJECTS: (&[&str], &str) = (&[], "");

/// Which members to tell of: a page of them by name.
#[derive(Clone, Copy, Debug)]
pub struct MembersPage {
    pub limit: u32,
    pub offset: u32,
}

/// A record with its entity, as far as access goes by it.
struct Facts {
    entity: &'static Entity,
    row: Map<String, Json>,
    /// The columns that name projects to which it belongs.
    projects: Vec<String>,
    /// What it is seen through or with.
    above: Option<Box<Facts>>,
}

/// A member, as the policies see them.
struct Person {
    id: Uuid,
    allowed: [bool; 3],
    scopes: HashMap<String, String>,
    team: Vec<Uuid>,
    companies: Vec<Uuid>,
    /// The projects in which they may do something, by permission.
    projects: HashMap<String, Vec<Uuid>>,
}

/// Why the caller may read, change or delete a record; and, for whoever may see what roles grant, who else may.
///
/// # Errors
/// [`EngineError::NotFound`] for a record that the caller may not see.
pub async fn access(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    page: MembersPage,
) -> Result<Json, EngineError> {
    caller.require(entity, Action::Read)?;
    let facts = facts(engine, caller, entity, id, 0)
        .await?
        .ok_or(EngineError::NotFound)?;
    let me = caller.principal.user_id;
    let sees_others =
        caller.grants.allows("roles", Action::Read) && caller.grants.allows("users", Action::Read);
    let members = if sees_others {
        members(engine, caller, page).await?
    } else {
        Vec::new()
    };
    let more = members.len() > page.limit as usize;
    let shown = members.get(..page.limit as usize).unwrap_or(&members);
    let mut ids = vec![me];
    ids.extend(shown.iter().map(|(id, _)| *id).filter(|id| *id != me));
    let people = people(engine, caller, &facts, id, ids).await?;
    let mine = people.get(&me).ok_or(EngineError::NotFound)?;
    let others: Vec<Json> = shown
        .iter()
        .filter_map(|(id, user)| {
            let person = people
                .get(id)
                .filter(|person| person.may(&facts, 0, Action::Read))?;
            let mut told = told(&facts, person);
            if let Json::Object(members) = &mut told {
                members.insert("user".to_owned(), user.clone());
            }
            Some(told)
        })
        .collect();
    let next = more.then(|| page.offset + page.limit);
    Ok(json!({
        "you": told(&facts, mine),
        "people": if sees_others { Json::from(others) } else { Json::Null },
        "page": {"limit": page.limit, "next_offset": next},
    }))
}

/// The record as its caller sees it, with what it hangs on.
async fn facts(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
    depth: u32,
) -> Result<Option<Facts>, EngineError> {
    let statement = Statement::new(
        "SELECT row_facts($1, $2), coalesce((SELECT a.project_columns FROM record_access a WHERE a.table_name = $1), '{}')",
    )
    .with(entity.table, Type::TEXT)
    .with(id, Type::UUID);
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let row: Option<Json> = first.try_get(0).map_err(StoreError::from)?;
    let Some(Json::Object(row)) = row else {
        return Ok(None);
    };
    let projects: Vec<String> = first.try_get(1).map_err(StoreError::from)?;
    let text = |column: &str| row.get(column).and_then(Json::as_str);
    let above = match entity.access {
        Access::Owned { .. } | Access::InProjects { .. } | Access::Shared => None,
        Access::Through { column, parent } => text(column).map(|id| (parent, id)),
        Access::Subject => {
            let id = text("entity_id").or_else(|| text("record_id"));
            text("entity_type").zip(id)
        }
        Access::About => text("subject_type").zip(text("subject_id")),
    };
    let above = match above {
        Some((name, id)) if depth < 3 => {
            let parent = engine.catalogue.by_name(name);
            match parent.zip(id.parse().ok()) {
                Some((parent, id)) => {
                    Box::pin(self::facts(engine, caller, parent, id, depth + 1)).await?
                }
                None => None,
            }
        }
        _ => None,
    };
    Ok(Some(Facts {
        entity,
        row,
        projects,
        above: above.map(Box::new),
    }))
}

/// Active members by name, one more than the page holds.
async fn members(
    engine: &Engine,
    caller: &Caller,
    page: MembersPage,
) -> Result<Vec<(Uuid, Json)>, EngineError> {
    let statement = Statement::new(
        "SELECT m.id, m.full_name, r.key, r.name::text FROM members m LEFT JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id \
         WHERE m.organization_id = current_organization_id() AND m.status = 'active' ORDER BY m.full_name, m.id LIMIT $1 OFFSET $2",
    )
    .with(i64::from(page.limit) + 1, Type::INT8)
    .with(i64::from(page.offset), Type::INT8);
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let shown = |row: &Row| -> Result<(Uuid, Json), tokio_postgres::Error> {
        let id: Uuid = row.try_get(0)?;
        Ok((
            id,
            json!({"id": id, "full_name": row.try_get::<_, Option<String>>(1)?,
                "role": {"key": row.try_get::<_, Option<String>>(2)?, "name": row.try_get::<_, Option<String>>(3)?}}),
        ))
    };
    Ok(rows
        .iter()
        .map(shown)
        .collect::<Result<_, _>>()
        .map_err(StoreError::from)?)
}

/// What the database says of each of them.
async fn people(
    engine: &Engine,
    caller: &Caller,
    facts: &Facts,
    id: Uuid,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Person>, EngineError> {
    let mut resources = Vec::new();
    let mut next = Some(facts);
    while let Some(one) = next {
        if !resources.contains(&one.entity.resource) {
            resources.push(one.entity.resource);
        }
        next = one.above.as_deref();
    }
    let statement = Statement::new(
        "SELECT user_id, may_read, may_update, may_delete, scopes, team, companies, projects FROM access_of_members($1, $2, $3, $4)",
    )
    .with(facts.entity.table, Type::TEXT)
    .with(id, Type::UUID)
    .with(resources, Type::TEXT_ARRAY)
    .with(ids, Type::UUID_ARRAY);
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let person = |row: &Row| -> Result<(Uuid, Person), tokio_postgres::Error> {
        let id: Uuid = row.try_get(0)?;
        let scopes: Option<Json> = row.try_get(4)?;
        let scopes = match scopes {
            Some(Json::Object(members)) => members
                .into_iter()
                .filter_map(|(name, scope)| Some((name, scope.as_str()?.to_owned())))
                .collect(),
            _ => HashMap::new(),
        };
        Ok((
            id,
            Person {
                id,
                allowed: [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?],
                scopes,
                team: row.try_get(5)?,
                companies: row.try_get(6)?,
                projects: projects_of(row.try_get(7)?),
            },
        ))
    };
    Ok(rows
        .iter()
        .map(person)
        .collect::<Result<_, _>>()
        .map_err(StoreError::from)?)
}

/// Lists of ids by permission.
fn projects_of(listed: Option<Json>) -> HashMap<String, Vec<Uuid>> {
    let Some(Json::Object(listed)) = listed else {
        return HashMap::new();
    };
    let ids = |list: &Json| -> Vec<Uuid> {
        let ids = list.as_array().map_or(&[][..], Vec::as_slice);
        ids.iter()
            .filter_map(|id| id.as_str()?.parse().ok())
            .collect()
    };
    listed
        .iter()
        .map(|(permission, list)| (permission.clone(), ids(list)))
        .collect()
}

/// What a person may do, and why.
fn told(facts: &Facts, person: &Person) -> Json {
    let mut told = Map::new();
    for (index, action) in ACTIONS.into_iter().enumerate() {
        let allowed = person.may(facts, index, action);
        let mut reasons = if allowed {
            reasons(facts, person, action)
        } else {
            Vec::new()
        };
        if allowed && reasons.is_empty() {
            reasons.push(json!({"by": "rule"}));
        }
        let scope = person.scope(facts.entity, action);
        told.insert(
            action.name().to_owned(),
            json!({"allowed": allowed, "scope": scope, "reasons": reasons}),
        );
    }
    Json::Object(told)
}

impl Person {
    /// Whether the policies let them, the interface offers it at all, and they hold the permission that it asks for.
    fn may(&self, facts: &Facts, index: usize, action: Action) -> bool {
        let offered = match action {
            Action::Update => facts.entity.verbs.update,
            Action::Delete => facts.entity.verbs.delete,
            _ => true,
        };
        let allowed = self.allowed.get(index).copied().unwrap_or(false);
        allowed && offered && self.scope(facts.entity, action).is_some()
    }

    fn scope(&self, entity: &Entity, action: Action) -> Option<&str> {
        self.scopes
            .get(&format!("{}:{}", entity.resource, action.name()))
            .map(String::as_str)
    }
}

/// Which of the declaration's ways lead this person to the record.
fn reasons(facts: &Facts, person: &Person, action: Action) -> Vec<Json> {
    let Some(scope) = person.scope(facts.entity, action) else {
        return Vec::new();
    };
    match facts.entity.access {
        Access::Shared => {
            let mut reasons = within(facts, person, scope, &["created_by"], None, NO_PROJECTS);
            // What people arrange for themselves and share.
            let shared = facts.row.get("visibility").and_then(Json::as_str) == Some("shared");
            if shared && scope != "all" {
                reasons.push(json!({"by": "shared", "field": "visibility"}));
            }
            reasons
        }
        Access::Owned {
            owner,
            also,
            company,
        }
        | Access::InProjects {
            owner,
            also,
            company,
            ..
        } => {
            let owners: Vec<&str> = std::iter::once(owner).chain(also.iter().copied()).collect();
            let projects: Vec<&str> = facts.projects.iter().map(String::as_str).collect();
            let permission = format!("{}:{}", facts.entity.resource, action.name());
            within(
                facts,
                person,
                scope,
                &owners,
                company,
                (&projects, &permission),
            )
        }
        Access::Through { .. } => {
            // Whoever may change the whole may change its parts.
            let needed = match action {
                Action::Read => Action::Read,
                _ => Action::Update,
            };
            above(facts, person, needed)
        }
        Access::Subject => {
            if scope == "all" && facts.above.is_none() {
                return within(facts, person, scope, &[], None, NO_PROJECTS);
            }
            let mut reasons = above(facts, person, Action::Read);
            if reasons.is_empty() && scope == "all" {
                reasons = within(facts, person, scope, &[], None, NO_PROJECTS);
            }
            reasons
        }
        Access::About => {
            let mut reasons = Vec::new();
            if action != Action::Read {
                reasons = within(facts, person, scope, &["created_by"], None, NO_PROJECTS);
                if reasons.is_empty() {
                    return reasons;
                }
            }
            reasons.extend(about(facts, person));
            reasons
        }
    }
}

/// The rows of a scope that this one is among, and by what.
fn within(
    facts: &Facts,
    person: &Person,
    scope: &str,
    owners: &[&str],
    company: Option<&str>,
    projects: (&[&str], &str),
) -> Vec<Json> {
    // What a record is about may be several people's, and is kept as an array then.
    let values = |column: &str| -> Vec<Uuid> {
        let kept = facts.row.get(column);
        let listed = kept.and_then(Json::as_array).into_iter().flatten();
        kept.into_iter()
            .chain(listed)
            .filter_map(|id| id.as_str()?.parse().ok())
            .collect()
    };
    if scope == "all" {
        return vec![json!({"by": "role"})];
    }
    if scope == "active" {
        let active = facts.row.get("status").and_then(Json::as_str) == Some("active");
        return active
            .then(|| json!({"by": "status", "field": "status"}))
            .into_iter()
            .collect();
    }
    let mut reasons = Vec::new();
    for column in owners {
        for owner in values(column) {
            if owner == person.id {
                reasons.push(json!({"by": "owner", "field": column}));
            } else if scope == "team" && person.team.contains(&owner) {
                reasons.push(json!({"by": "team", "field": column, "user_id": owner}));
            }
        }
    }
    if let Some(column) = company {
        for company in values(column) {
            if person.companies.contains(&company) {
                reasons.push(
                    json!({"by": "company_membership", "field": column, "company_id": company}),
                );
            }
        }
    }
    let (columns, permission) = projects;
    for column in columns {
        for project in values(column) {
            let within = person.projects.get(permission);
            if within.is_some_and(|ids| ids.contains(&project)) {
                reasons.push(
                    json!({"by": "project_membership", "field": column, "project_id": project}),
                );
            }
        }
    }
    if scope == "assigned_or_unowned"
        && let Some(owner) = owners.first()
        && values(owner).is_empty()
    {
        reasons.push(json!({"by": "unowned", "field": owner}));
    }
    reasons
}

/// What leads to the record that this one is seen through.
fn above(facts: &Facts, person: &Person, action: Action) -> Vec<Json> {
    let Some(parent) = facts.above.as_deref() else {
        return Vec::new();
    };
    let reasons = reasons(parent, person, action);
    if reasons.is_empty() {
        return reasons;
    }
    vec![
        json!({"by": "record", "entity": parent.entity.name, "id": parent.row.get("id"), "reasons": reasons}),
    ]
}

/// What leads to the record that this one is about, by what is kept of it in the row.
fn about(facts: &Facts, person: &Person) -> Vec<Json> {
    let Some(subject) = facts.above.as_deref() else {
        return Vec::new();
    };
    let Some(scope) = person.scope(subject.entity, Action::Read) else {
        return Vec::new();
    };
    let reasons = if scope == "active" {
        within(subject, person, scope, &[], None, NO_PROJECTS)
    } else {
        within(
            facts,
            person,
            scope,
            &["subject_owner_id", "subject_other_owner_ids"],
            Some("subject_company_id"),
            (
                &["subject_project_id", "subject_other_project_ids"],
                "projects:read",
            ),
        )
    };
    if reasons.is_empty() {
        return reasons;
    }
    vec![
        json!({"by": "record", "entity": subject.entity.name, "id": subject.row.get("id"), "reasons": reasons}),
    ]
}
