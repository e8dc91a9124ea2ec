//! The attack matrix: for every entity, action and role, an attacker tries through the engine and,
//! past it, by SQL as the application's own role. Generated from the catalogue: a new entity is
//! attacked the moment it is declared.

use kith_catalogue::access::{Action, Scope};
use kith_catalogue::entity::Ownership;
use kith_catalogue::{Entity, Kind};
use kith_engine::{Caller, Deleted, EngineError};
use kith_entities::{CATALOGUE, company, company_member, lead};
use kith_store::types::Type;
use kith_store::{Origin, Principal, Statement, StoreError, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::bodies::{full, value};
use crate::world::{Organization, ROLES, World, id_of, ids};

/// One record of every entity in an organization.
pub(crate) async fn victims(
    world: &World,
    organization: &Organization,
) -> Vec<(&'static Entity, Uuid)> {
    let owner = world.role(organization, "owner").await;
    let mut made = Vec::new();
    for entity in CATALOGUE.entities().iter().copied() {
        if entity.verbs.create {
            let body = full(world, &owner, entity, 3).await;
            let record = world
                .create(&owner, entity, body)
                .await
                .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
            made.push((entity, id_of(&record)));
        }
    }
    // Those that only the database writes exist by now; what it counts later it counts now.
    let tx = world.begin(&owner).await;
    kith_entities::metric::refresh(&tx).await.unwrap();
    tx.commit().await.unwrap();
    world.plant(organization, &made).await;
    // Those that only the database writes exist by now.
    for entity in CATALOGUE
        .entities()
        .iter()
        .copied()
        .filter(|entity| !entity.verbs.create)
    {
        let list = world.list(&owner, entity, &[("limit", "1")]).await.unwrap();
        let id = list["data"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no {}", entity.path));
        made.push((entity, id.parse().unwrap()));
    }
    made
}

/// The rows of a table that a principal sees by plain SQL.
async fn seen_by_sql(
    world: &World,
    principal: &Principal,
    table: &str,
    condition: &str,
) -> Vec<Uuid> {
    let statement = Statement::new(format!("SELECT id FROM {table} WHERE {condition}"));
    let rows = world
        .engine
        .database
        .read(principal, &[statement])
        .await
        .unwrap()
        .pop()
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// What a write by plain SQL did: the number of rows, or a refusal.
async fn write_by_sql(
    world: &World,
    principal: &Principal,
    sql: String,
) -> Result<u64, StoreError> {
    let tx = Tx::begin(&world.engine.database, principal, &Origin::new("api"))
        .await
        .unwrap();
    let written = tx.execute(&Statement::new(sql)).await?;
    tx.commit().await?;
    Ok(written)
}

fn untouched(outcome: &Result<u64, StoreError>) -> bool {
    matches!(
        outcome,
        Ok(0)
            | Err(StoreError::Permission { .. }
                | StoreError::Raised { .. }
                | StoreError::Internal { .. })
    )
}

#[tokio::test]
async fn nothing_crosses_between_organizations() {
    let world = World::new().await;
    let acme = world.organization("Acme").await;
    let evil = world.organization("Evil").await;
    let records = victims(&world, &acme).await;
    let owner = world.role(&acme, "owner").await;
    let mut before = Vec::new();
    for (entity, id) in &records {
        before.push(world.get(&owner, entity, *id).await.unwrap());
    }
    for role in ROLES {
        let attacker = world.role(&evil, role).await;
        // The tokens of one organization with the user of another, both ways round.
        let forged = Principal::user(acme.id, attacker.principal.user_id);
        for (entity, id) in &records {
            attack_by_engine(&world, &attacker, entity, *id).await;
            for principal in [&attacker.principal, &forged] {
                attack_by_sql(&world, principal, entity, *id, acme.id).await;
            }
        }
    }
    // And what was attacked is as it was.
    for ((entity, id), before) in records.iter().zip(before) {
        let record = world
            .get(&owner, entity, *id)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        assert_eq!(record, before, "{}", entity.name);
    }
}

async fn attack_by_engine(world: &World, attacker: &Caller, entity: &'static Entity, id: Uuid) {
    let refused = |outcome: Result<Json, EngineError>, what: &str| match outcome {
        Err(
            EngineError::NotFound | EngineError::Forbidden { .. } | EngineError::Refused { .. },
        ) => {}
        Err(EngineError::InvalidRows(_) | EngineError::Invalid(_)) if what == "create" => {}
        other => panic!(
            "{what} {} as {:?}: {other:?}",
            entity.name, attacker.principal.user_id
        ),
    };
    refused(world.get(attacker, entity, id).await, "get");
    refused(
        kith_engine::history(&world.engine, attacker, entity, id, 10, None).await,
        "history",
    );
    for parameters in [
        vec![("limit", "200")],
        vec![("limit", "200"), ("q", "Text")],
    ] {
        if parameters.len() == 2 && !entity.searchable() {
            continue;
        }
        if let Ok(list) = world.list(attacker, entity, &parameters).await {
            assert!(
                !ids(&list).contains(&id.to_string()),
                "{} listed",
                entity.name
            );
        }
    }
    let field = entity
        .fields
        .iter()
        .find(|field| field.writable_on_update() && field.kind == Kind::Text);
    let body = field.map_or_else(|| json!({}), |field| json!({field.name: value(field, 99)}));
    refused(
        world.update(attacker, entity, id, body, None).await,
        "update",
    );
    refused(
        world
            .delete(attacker, entity, id)
            .await
            .map(|()| Json::Null),
        "delete",
    );
    let tx = world.begin(attacker).await;
    let restored = kith_engine::restore(&world.engine, &tx, attacker, entity, &[id]).await;
    refused(restored.map(|_| Json::Null), "restore");
    drop(tx);
    // A record of one's own that points at the victim's would tell that it exists, and more.
    for other in CATALOGUE
        .entities()
        .iter()
        .copied()
        .filter(|other| other.verbs.create)
    {
        for field in other
            .fields
            .iter()
            .filter(|field| field.reference == Some(entity.name) && field.writable_on_create())
        {
            let mut body = serde_json::Map::new();
            for required in other
                .fields
                .iter()
                .filter(|field| field.required && field.writable_on_create())
            {
                body.insert(required.name.to_owned(), value(required, 5));
            }
            body.insert(field.name.to_owned(), json!(id));
            refused(
                world.create(attacker, other, Json::Object(body)).await,
                "create",
            );
        }
    }
}

async fn attack_by_sql(
    world: &World,
    principal: &Principal,
    entity: &'static Entity,
    id: Uuid,
    organization: Uuid,
) {
    let found = seen_by_sql(world, principal, entity.table, &format!("id = '{id}'")).await;
    assert!(found.is_empty(), "{} read by SQL", entity.table);
    let update = format!("UPDATE {} SET id = id WHERE id = '{id}'", entity.table);
    let delete = format!("DELETE FROM {} WHERE id = '{id}'", entity.table);
    let insert = format!(
        "INSERT INTO {} (organization_id, id) VALUES ('{organization}', gen_random_uuid())",
        entity.table
    );
    for sql in [update, delete] {
        let outcome = write_by_sql(world, principal, sql.clone()).await;
        assert!(untouched(&outcome), "{sql}: {outcome:?}");
    }
    let outcome = write_by_sql(world, principal, insert.clone()).await;
    assert!(outcome.is_err(), "{insert}: {outcome:?}");
    for table in [
        "record_values",
        "imports",
        "import_errors",
        "idempotency_keys",
        "events",
        "memberships",
        "role_permissions",
    ] {
        let statement = Statement::new(format!(
            "SELECT count(*) FROM {table} WHERE organization_id = $1"
        ))
        .with(organization, Type::UUID);
        let rows = world
            .engine
            .database
            .read(principal, &[statement])
            .await
            .unwrap()
            .pop()
            .unwrap();
        assert_eq!(
            rows[0].get::<_, i64>(0),
            0,
            "{table} read across organizations"
        );
    }
    for function in [
        "search_candidates('companies', 'Text', 100)",
        "text_candidates('companies', 'Text')",
    ] {
        let statement = Statement::new(format!(
            "SELECT count(*) FROM {function} f JOIN companies c ON c.organization_id = '{organization}'"
        ));
        let rows = world
            .engine
            .database
            .read(principal, &[statement])
            .await
            .unwrap()
            .pop()
            .unwrap();
        assert_eq!(rows[0].get::<_, i64>(0), 0, "{function}");
    }
}

/// What a row is to the member who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Mine,
    Colleagues,
    TeamMates,
    Nobodys,
    OfMyCompany,
}

const RELATIONS: [Relation; 5] = [
    Relation::Mine,
    Relation::Colleagues,
    Relation::TeamMates,
    Relation::Nobodys,
    Relation::OfMyCompany,
];

/// The rule of MODEL §3, written down once more, naively.
fn within(scope: Option<Scope>, relation: Relation, active: bool) -> bool {
    match scope {
        None => false,
        Some(Scope::All) => true,
        Some(Scope::Active) => active,
        Some(Scope::Assigned) => matches!(relation, Relation::Mine | Relation::OfMyCompany),
        Some(Scope::AssignedOrUnowned) => matches!(
            relation,
            Relation::Mine | Relation::Nobodys | Relation::OfMyCompany
        ),
        Some(Scope::Team) => matches!(
            relation,
            Relation::Mine | Relation::TeamMates | Relation::OfMyCompany
        ),
    }
}

/// A row of an owned entity for each relation to `user`, made by the owner.
async fn rows_by_relation(
    world: &World,
    organization: &Organization,
    entity: &'static Entity,
    user: Uuid,
    mate: Uuid,
) -> Vec<(Relation, Uuid)> {
    let boss = world.role(organization, "owner").await;
    let Some(Ownership {
        owner: owner_column,
        company: company_column,
        ..
    }) = entity.access.ownership()
    else {
        panic!("{} has no owner", entity.name)
    };
    let needs = |name: &str| entity.field(name).is_some_and(|field| field.required);
    let mut rows = Vec::new();
    for (index, relation) in RELATIONS.iter().enumerate() {
        if *relation == Relation::OfMyCompany && company_column.is_none() {
            continue;
        }
        // What is always somebody's is never nobody's.
        if *relation == Relation::Nobodys && needs(owner_column) {
            continue;
        }
        let seed = u32::try_from(index).unwrap()
            + u32::from_be_bytes(user.as_bytes()[12..].try_into().unwrap()) % 10_000 * 10;
        let mut body = full(world, &boss, entity, seed).await;
        let owner = match relation {
            Relation::Mine => json!(user),
            Relation::TeamMates => json!(mate),
            Relation::Nobodys => Json::Null,
            Relation::Colleagues | Relation::OfMyCompany => json!(boss.principal.user_id),
        };
        let members = body.as_object_mut().unwrap();
        for unique in ["slug", "sku", "email"] {
            members.remove(unique);
        }
        // About nobody in particular: about nothing, or else about somebody whom a colleague owns.
        members.remove("subject_type");
        members.remove("subject_id");
        if entity
            .field("subject_id")
            .is_some_and(|field| field.required)
        {
            let lead = json!({"last_name": "Somebody", "owner_id": boss.principal.user_id});
            let lead = world.create(&boss, &lead::LEAD, lead).await.unwrap();
            members.insert("subject_type".to_owned(), json!("lead"));
            members.insert("subject_id".to_owned(), lead["id"].clone());
        }
        // A second person of the record would make it theirs too.
        for other in entity.fields.iter().filter(|field| {
            field.kind == Kind::User && field.name != owner_column && !field.required
        }) {
            members.remove(other.name);
        }
        members.insert(owner_column.to_owned(), owner);
        // Companies of no one in particular, so that only the relation counts.
        if let Some(field) = entity.field("company_id") {
            members.remove("company_id");
            members.remove("primary_contact_id");
            if field.required {
                let nobodys = json!({"name": "Somebody", "owner_id": null});
                let made = world.create(&boss, &company::COMPANY, nobodys).await;
                members.insert("company_id".to_owned(), made.unwrap()["id"].clone());
            }
        }
        let company = if *relation == Relation::OfMyCompany {
            let made = if entity.name == "company" {
                None
            } else {
                let company = world
                    .create(&boss, &company::COMPANY, json!({"name": "Client"}))
                    .await
                    .unwrap();
                if entity.field("subject_id").is_some() {
                    members.insert("subject_type".to_owned(), json!("company"));
                    members.insert("subject_id".to_owned(), company["id"].clone());
                } else {
                    members.insert("company_id".to_owned(), company["id"].clone());
                }
                Some(id_of(&company))
            };
            Some(made)
        } else {
            None
        };
        let made = world
            .create(&boss, entity, body)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        if let Some(company) = company {
            let company = company.unwrap_or_else(|| id_of(&made));
            world
                .create(
                    &boss,
                    &company_member::COMPANY_MEMBER,
                    json!({"company_id": company, "user_id": user}),
                )
                .await
                .unwrap();
        }
        // What is a draft does not belong to its company yet.
        let belongs = match company_column {
            Some(column) if *relation == Relation::OfMyCompany => {
                let condition = format!("id = '{}' AND {column} IS NOT NULL", id_of(&made));
                let seen = seen_by_sql(world, &boss.principal, entity.table, &condition).await;
                !seen.is_empty()
            }
            _ => true,
        };
        let relation = if belongs {
            *relation
        } else {
            Relation::Colleagues
        };
        rows.push((relation, id_of(&made)));
    }
    rows
}

#[tokio::test]
async fn every_role_sees_and_changes_exactly_what_its_scopes_say() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let admin = world.test.admin().await;
    // A role with the team scope besides those that ship.
    admin
        .script(&format!(
            "INSERT INTO roles (organization_id, key, name) VALUES ('{0}', 'squad', 'Squad');
             INSERT INTO role_permissions SELECT organization_id, (SELECT id FROM roles WHERE organization_id = '{0}' AND key = 'squad'), resource, action,
               CASE WHEN action = 'create' THEN 'all' ELSE 'team' END FROM role_permissions p
             WHERE organization_id = '{0}' AND role_id = (SELECT id FROM roles WHERE organization_id = '{0}' AND key = 'member') AND resource IN ('companies', 'contacts', 'deals', 'leads', 'tasks', 'projects', 'time_entries', 'tickets')",
            organization.id
        ))
        .await
        .unwrap();
    for role in ROLES.iter().copied().chain(["squad"]) {
        for entity in CATALOGUE
            .entities()
            .iter()
            .copied()
            .filter(|entity| entity.access.ownership().is_some())
        {
            let (user, mate) = (Uuid::now_v7(), Uuid::now_v7());
            for (person, key) in [(user, role), (mate, "member")] {
                admin
                    .script(&format!(
                        "INSERT INTO users (id, full_name) VALUES ('{person}', 'Someone');
                         INSERT INTO memberships (organization_id, user_id, role_id) SELECT '{0}', '{person}', id FROM roles WHERE organization_id = '{0}' AND key = '{key}'",
                        organization.id
                    ))
                    .await
                    .unwrap();
            }
            admin
                .script(&format!(
                    "WITH t AS (INSERT INTO teams (organization_id, name) VALUES ('{0}', '{user}') RETURNING id)
                     INSERT INTO team_members (organization_id, team_id, user_id) SELECT '{0}', t.id, u FROM t, unnest(ARRAY['{user}', '{mate}']::uuid[]) u",
                    organization.id
                ))
                .await
                .unwrap();
            let Some(Ownership {
                owner: owner_column,
                ..
            }) = entity.access.ownership()
            else {
                continue;
            };
            let rows = rows_by_relation(&world, &organization, entity, user, mate).await;
            let caller = world.caller(&organization, user).await;
            for (relation, id) in rows {
                let record = world.get(&boss, entity, id).await.unwrap();
                let active = record["status"] == json!("active");
                let may = |action: Action| {
                    within(
                        caller.grants.scope(entity.resource, action),
                        relation,
                        active,
                    )
                };
                let what = format!("{role} {relation:?} {}", entity.name);
                // The engine's predicate, the policy alone, and the rule agree.
                let read = may(Action::Read);
                let got = world.get(&caller, entity, id).await.is_ok();
                let listed = world
                    .list(&caller, entity, &[("id", &id.to_string())])
                    .await
                    .is_ok_and(|list| ids(&list).len() == 1);
                let by_policy = seen_by_sql(
                    &world,
                    &caller.principal,
                    entity.table,
                    &format!("id = '{id}'"),
                )
                .await
                .len()
                    == 1;
                assert_eq!((got, listed, by_policy), (read, read, read), "read: {what}");
                let history = kith_engine::history(&world.engine, &caller, entity, id, 5, None)
                    .await
                    .is_ok();
                assert_eq!(history, read, "history: {what}");
                // Changing needs reading too.
                let text = entity
                    .fields
                    .iter()
                    .find(|field| {
                        field.kind == Kind::Text && field.writable_on_update() && !field.unique
                    })
                    .unwrap();
                let changed = world
                    .update(
                        &caller,
                        entity,
                        id,
                        json!({text.name: format!("by {relation:?}")}),
                        None,
                    )
                    .await
                    .is_ok();
                let change = read && may(Action::Update);
                assert_eq!(changed, change, "update: {what}");
                let by_sql = write_by_sql(
                    &world,
                    &caller.principal,
                    format!(
                        "UPDATE {} SET {} = 'x' WHERE id = '{id}'",
                        entity.table, text.name
                    ),
                )
                .await;
                assert_eq!(
                    by_sql.as_ref().is_ok_and(|rows| *rows == 1),
                    change,
                    "update by SQL: {what} {by_sql:?}"
                );
                // What nobody owns may be taken by whoever reads it for that reason.
                if relation == Relation::Nobodys {
                    let taken = world
                        .update(&caller, entity, id, json!({owner_column: user}), None)
                        .await
                        .is_ok();
                    let may_take =
                        read && within(
                            caller.grants.scope(entity.resource, Action::Update),
                            Relation::Mine,
                            active,
                        ) && (change
                            || caller.grants.scope(entity.resource, Action::Read)
                                == Some(Scope::AssignedOrUnowned));
                    assert_eq!(taken, may_take, "take: {what}");
                    if taken {
                        world
                            .update(&boss, entity, id, json!({owner_column: null}), None)
                            .await
                            .unwrap();
                    }
                }
                // Giving it away is a permission of its own.
                let given = world
                    .update(
                        &caller,
                        entity,
                        id,
                        json!({owner_column: boss.principal.user_id}),
                        None,
                    )
                    .await
                    .is_ok();
                let already = record[owner_column] == json!(boss.principal.user_id);
                // What is given away has to stay within what one sees and changes.
                let after = match relation {
                    Relation::OfMyCompany => Relation::OfMyCompany,
                    _ => Relation::Colleagues,
                };
                let stays = [Action::Read, Action::Update].into_iter().all(|action| {
                    within(caller.grants.scope(entity.resource, action), after, active)
                });
                let may_give = change
                    && (already || stays && caller.grants.allows(entity.resource, Action::Assign));
                assert_eq!(given, may_give, "assign: {what}");
                if given && !already {
                    world
                        .update(
                            &boss,
                            entity,
                            id,
                            json!({owner_column: record[owner_column]}),
                            None,
                        )
                        .await
                        .unwrap();
                }
                let hidden = write_by_sql(
                    &world,
                    &caller.principal,
                    format!(
                        "UPDATE {} SET deleted_at = now() WHERE id = '{id}'",
                        entity.table
                    ),
                )
                .await;
                let remove = change && may(Action::Delete);
                assert_eq!(
                    hidden.as_ref().is_ok_and(|rows| *rows == 1),
                    remove,
                    "delete by SQL: {what} {hidden:?}"
                );
                if remove {
                    let tx = world.begin(&caller).await;
                    kith_engine::restore(&world.engine, &tx, &caller, entity, &[id])
                        .await
                        .unwrap_or_else(|error| panic!("restore: {what} {error:?}"));
                    tx.commit().await.unwrap();
                }
                assert_eq!(
                    world.delete(&caller, entity, id).await.is_ok(),
                    remove,
                    "delete: {what}"
                );
                let _ = kith_engine::get(&world.engine, &boss, entity, id, &[], Deleted::With)
                    .await
                    .unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_suspended_member_has_nothing_left_at_once() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let manager = world.role(&organization, "manager").await;
    let made = world
        .create(&manager, &company::COMPANY, json!({"name": "Northwind"}))
        .await
        .unwrap();
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "UPDATE memberships SET status = 'suspended' WHERE user_id = '{}'",
            manager.principal.user_id
        ))
        .await
        .unwrap();
    // The caller still believes in its grants; the database does not.
    assert!(matches!(
        world.get(&manager, &company::COMPANY, id_of(&made)).await,
        Err(EngineError::NotFound)
    ));
    let error = world
        .create(&manager, &company::COMPANY, json!({"name": "Contoso"}))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            EngineError::Forbidden { .. } | EngineError::Invalid(_) | EngineError::InvalidRows(_)
        ),
        "{error:?}"
    );
}
