//! Why can I see this: the answer is compared with what each person actually can read and change.

use kith_catalogue::{Entity, Kind};
use kith_engine::{Caller, Deleted, MembersPage};
use kith_entities::CATALOGUE;
use kith_entities::company::COMPANY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_store::{Origin, Statement, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::bodies::full;
use crate::world::{ROLES, World, id_of};

const PAGE: MembersPage = MembersPage {
    limit: 200,
    offset: 0,
};

/// One record of every entity, and more of those that belong to somebody, with different owners.
async fn records(world: &World, boss: &Caller, people: &[Uuid]) -> Vec<(&'static Entity, Uuid)> {
    let mut made = Vec::new();
    for (index, entity) in CATALOGUE.entities().iter().copied().enumerate() {
        let seed = u32::try_from(index).unwrap() * 11 + 5;
        if entity.verbs.create {
            let body = full(world, boss, entity, seed).await;
            // Whether it can be made is for the conformance suite to say.
            if let Ok(record) = world.create(boss, entity, body).await {
                made.push((entity, id_of(&record)));
            }
        }
        let Some(ownership) = entity.access.ownership() else {
            continue;
        };
        for (step, person) in people.iter().map(Some).chain([None]).enumerate() {
            let seed = seed * 100 + u32::try_from(step).unwrap();
            let mut body = full(world, boss, entity, seed).await;
            let members = body.as_object_mut().unwrap();
            for unique in ["slug", "sku", "email"] {
                members.remove(unique);
            }
            members.insert(ownership.owner.to_owned(), json!(person));
            if let Ok(record) = world.create(boss, entity, body).await {
                made.push((entity, id_of(&record)));
            }
        }
    }
    for entity in CATALOGUE.entities().iter().copied() {
        if !entity.verbs.create {
            let list = world.list(boss, entity, &[("limit", "3")]).await.unwrap();
            for record in list["data"].as_array().unwrap() {
                made.push((entity, id_of(record)));
            }
        }
    }
    made
}

/// Whether a statement of theirs changes the row, in a transaction that is given up.
async fn changes(world: &World, caller: &Caller, sql: String) -> bool {
    let tx = Tx::begin(
        &world.engine.database,
        &caller.principal,
        &Origin::new("api"),
    )
    .await
    .unwrap();
    tx.execute(&Statement::new(sql))
        .await
        .is_ok_and(|rows| rows == 1)
}

#[tokio::test]
async fn the_answer_is_what_each_person_can_actually_do() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let admin = world.test.admin().await;
    // A role with the team scope, and a team for it.
    let squad = organization.people["support"];
    let mate = organization.people["member"];
    admin
        .script(&format!(
            "INSERT INTO roles (organization_id, key, name) VALUES ('{0}', 'squad', 'Squad');
             INSERT INTO role_permissions SELECT organization_id, (SELECT id FROM roles WHERE organization_id = '{0}' AND key = 'squad'), resource, action,
               CASE WHEN scope = 'assigned' THEN 'team' ELSE scope END FROM role_permissions p
             WHERE organization_id = '{0}' AND role_id = (SELECT id FROM roles WHERE organization_id = '{0}' AND key = 'member');
             UPDATE memberships SET role_id = (SELECT id FROM roles WHERE organization_id = '{0}' AND key = 'squad') WHERE user_id = '{squad}';
             WITH t AS (INSERT INTO teams (organization_id, name) VALUES ('{0}', 'Squad') RETURNING id)
             INSERT INTO team_members (organization_id, team_id, user_id) SELECT '{0}', t.id, u FROM t, unnest(ARRAY['{squad}', '{mate}']::uuid[]) u",
            organization.id
        ))
        .await
        .unwrap();
    // The client's own people belong to a company.
    let client = id_of(
        &world
            .create(
                &boss,
                &COMPANY,
                json!({"name": "Client", "status": "active"}),
            )
            .await
            .unwrap(),
    );
    for role in ["client_admin", "client_member", "client_viewer"] {
        let body = json!({"company_id": client, "user_id": organization.people[role]});
        world.create(&boss, &COMPANY_MEMBER, body).await.unwrap();
    }
    let owners = [
        organization.people["sales"],
        mate,
        organization.people["owner"],
    ];
    let mut all = records(&world, &boss, &owners).await;
    all.push((&COMPANY, client));
    let mut callers = Vec::new();
    for role in ROLES {
        callers.push((*role, world.role(&organization, role).await));
    }
    let mut faults: Vec<String> = Vec::new();
    for (entity, id) in all {
        let told = kith_engine::access(&world.engine, &boss, entity, id, PAGE)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", entity.name));
        for (role, caller) in &callers {
            let what = format!("{role} {} {id}", entity.name);
            let mut expect = |same: bool, say: &str, told: &Json| {
                if !same {
                    faults.push(format!("{say}: {what}: {told}"));
                }
            };
            let reads = kith_engine::get(&world.engine, caller, entity, id, &[], Deleted::With)
                .await
                .is_ok();
            let person = told["people"]
                .as_array()
                .unwrap()
                .iter()
                .find(|person| person["user"]["id"] == json!(caller.principal.user_id));
            expect(person.is_some() == reads, "read", &json!(reads));
            // Asked by themselves they hear the same, and nobody else's name.
            let own = kith_engine::access(&world.engine, caller, entity, id, PAGE).await;
            expect(own.is_ok() == reads, "own answer", &json!(reads));
            let (Some(person), Ok(own)) = (person, own) else {
                continue;
            };
            for action in ["read", "update", "delete"] {
                let told = &person[action];
                expect(own["you"][action] == *told, action, told);
                expect(
                    told["allowed"] == json!(!told["reasons"].as_array().unwrap().is_empty()),
                    "reasons",
                    told,
                );
                expect(
                    !told["reasons"].to_string().contains("\"rule\""),
                    "not explained",
                    told,
                );
            }
            let sees_others = caller.grants.allows("roles", kith_catalogue::Action::Read);
            expect(own["people"].is_array() == sees_others, "others", &own);
            if entity.verbs.update && entity.versioned {
                let column = entity
                    .fields
                    .iter()
                    .find(|field| {
                        field.writable_on_update() && !matches!(field.kind, Kind::CustomFields)
                    })
                    .unwrap()
                    .name;
                let updates = changes(
                    &world,
                    caller,
                    format!(
                        "UPDATE {} SET {column} = {column} WHERE id = '{id}'",
                        entity.table
                    ),
                )
                .await;
                expect(
                    person["update"]["allowed"] == json!(updates),
                    "can update",
                    &person["update"],
                );
            }
            if entity.verbs.delete {
                let sql = if entity.soft_delete {
                    format!(
                        "UPDATE {} SET deleted_at = now() WHERE id = '{id}'",
                        entity.table
                    )
                } else {
                    format!("DELETE FROM {} WHERE id = '{id}'", entity.table)
                };
                let deletes = changes(&world, caller, sql).await;
                // What is in use cannot be deleted by anybody; that is not a question of access.
                expect(
                    person["delete"]["allowed"] == json!(deletes)
                        || !deletes && !entity.soft_delete,
                    "can delete",
                    &person["delete"],
                );
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} differ:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[tokio::test]
async fn the_reason_names_the_grant_and_what_it_goes_by() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let by = async |role: &str, id: Uuid| -> Json {
        let caller = world.role(&organization, role).await;
        let told = kith_engine::access(&world.engine, &caller, &COMPANY, id, PAGE)
            .await
            .unwrap();
        told["you"]["read"].clone()
    };
    let make = async |owner: Option<Uuid>, status: &str| {
        let body = json!({"name": "Acme", "owner_id": owner, "status": status});
        id_of(&world.create(&boss, &COMPANY, body).await.unwrap())
    };
    let mine = make(Some(organization.people["sales"]), "prospect").await;
    let nobodys = make(None, "active").await;
    assert_eq!(
        by("sales", mine).await,
        json!({"allowed": true, "scope": "assigned_or_unowned", "reasons": [{"by": "owner", "field": "owner_id"}]})
    );
    assert_eq!(
        by("sales", nobodys).await["reasons"],
        json!([{"by": "unowned", "field": "owner_id"}])
    );
    assert_eq!(
        by("viewer", nobodys).await["reasons"],
        json!([{"by": "status", "field": "status"}])
    );
    assert_eq!(
        by("manager", mine).await["reasons"],
        json!([{"by": "role"}])
    );
    let body = json!({"company_id": mine, "user_id": organization.people["client_viewer"]});
    world.create(&boss, &COMPANY_MEMBER, body).await.unwrap();
    assert_eq!(
        by("client_viewer", mine).await["reasons"],
        json!([{"by": "company_membership", "field": "id", "company_id": mine}])
    );
    // A record that is not the caller's to see explains nothing.
    let viewer = world.role(&organization, "viewer").await;
    assert!(
        kith_engine::access(&world.engine, &viewer, &COMPANY, mine, PAGE)
            .await
            .is_err()
    );
    // Asking leaves nothing of the others behind in the transaction that asked.
    let tx = world.begin(&boss).await;
    let rows = tx
        .query(&Statement::new(format!(
            "SELECT user_id, current_user_id() FROM access_of_members('companies', '{mine}', ARRAY['companies'], ARRAY['{}']::uuid[])",
            organization.people["viewer"]
        )))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    let rows = tx
        .query(&Statement::new("SELECT current_user_id()"))
        .await
        .unwrap();
    assert_eq!(rows[0].get::<_, Uuid>(0), boss.principal.user_id);
}
