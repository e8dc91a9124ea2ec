//! Organizations with people in every role, made in one statement each, and callers that act for them.

use std::collections::HashMap;
use std::sync::Arc;

use kith_catalogue::access::Grants;
use kith_catalogue::{Entity, Overlay};
use kith_engine::{Caller, Engine, EngineError, ListQuery, QueryInput, RecordJson};
use kith_entities::{CATALOGUE, rules};
use kith_store::types::Type;
use kith_store::{Origin, Principal, Statement, Tx};
use kith_testkit::TestDatabase;
use serde_json::Value as Json;
use uuid::Uuid;

/// The roles that every organization ships with.
pub(crate) const ROLES: &[&str] = &[
    "owner",
    "admin",
    "manager",
    "sales",
    "support",
    "finance",
    "member",
    "viewer",
    "client_admin",
    "client_member",
    "client_viewer",
];

pub(crate) struct World {
    pub(crate) test: TestDatabase,
    pub(crate) engine: Engine,
}

/// One organization with a person in each role.
pub(crate) struct Organization {
    pub(crate) id: Uuid,
    pub(crate) people: HashMap<&'static str, Uuid>,
}

impl World {
    pub(crate) async fn new() -> World {
        let test = TestDatabase::new().await;
        let engine = Engine {
            database: test.database().clone(),
            catalogue: &CATALOGUE,
            rules: rules(),
        };
        World { test, engine }
    }

    /// An organization with a member in every role.
    pub(crate) async fn organization(&self, name: &str) -> Organization {
        let id = Uuid::now_v7();
        let admin = self.test.admin().await;
        let slug = format!("{}-{}", name.to_lowercase(), &id.simple().to_string()[20..]);
        let make = Statement::new("INSERT INTO organizations (id, name, slug) VALUES ($1, $2, $3)")
            .with(id, Type::UUID)
            .with(name.to_owned(), Type::TEXT)
            .with(slug, Type::TEXT);
        admin.execute(&make).await.unwrap();
        admin
            .query(&Statement::new("SELECT seed_organization($1)").with(id, Type::UUID))
            .await
            .unwrap();
        let mut people = HashMap::new();
        for role in ROLES {
            let user = Uuid::now_v7();
            admin
                .execute(
                    &Statement::new("INSERT INTO users (id, full_name, email) VALUES ($1, $2, $3)")
                        .with(user, Type::UUID)
                        .with(format!("{name} {role}"), Type::TEXT)
                        .with(
                            format!("{role}@{}.example", &id.simple().to_string()[20..]),
                            Type::TEXT,
                        ),
                )
                .await
                .unwrap();
            admin
                .execute(
                    &Statement::new(
                        "INSERT INTO memberships (organization_id, user_id, role_id) SELECT $1, $2, id FROM roles WHERE organization_id = $1 AND key = $3",
                    )
                    .with(id, Type::UUID)
                    .with(user, Type::UUID)
                    .with((*role).to_owned(), Type::TEXT),
                )
                .await
                .unwrap();
            people.insert(*role, user);
        }
        Organization { id, people }
    }

    /// What comes with files, events and runs rather than by a request: one of each, of an organization that has one of
    /// everything else.
    pub(crate) async fn plant(
        &self,
        organization: &Organization,
        made: &[(&'static Entity, Uuid)],
    ) {
        let of = |name: &str| {
            let found = made.iter().find(|(entity, _)| entity.name == name);
            found.unwrap_or_else(|| panic!("no {name}")).1
        };
        let (organization, owner) = (organization.id, organization.people["owner"]);
        let (company, endpoint, automation) =
            (of("company"), of("webhook_endpoint"), of("automation"));
        self.test
            .admin()
            .await
            .script(&format!(
                "begin;
                 select set_config('kith.organization', '{organization}', true), set_config('kith.user', '{owner}', true);
                 insert into stored_files (organization_id, purpose, state, size, checksum, mime_type, created_by)
                 values ('{organization}', 'content', 'kept', 3, sha256('abc'), 'text/plain', '{owner}');
                 insert into documents (organization_id, subject_type, subject_id, file_name, storage_key, created_by)
                 select '{organization}', 'company', '{company}', 'Text.txt', id, '{owner}' from stored_files where organization_id = '{organization}';
                 insert into webhook_deliveries (organization_id, endpoint_id, event, sequence) values ('{organization}', '{endpoint}', 'company.created', 1);
                 insert into automation_runs (organization_id, automation_id, sequence, record_id) values ('{organization}', '{automation}', 1, '{company}');
                 commit"
            ))
            .await
            .unwrap();
    }

    /// A caller who acts for a person; what they may do is read from the database.
    pub(crate) async fn caller(&self, organization: &Organization, user: Uuid) -> Caller {
        let admin = self.test.admin().await;
        let rows = admin
            .query(
                &Statement::new(
                    "SELECT p.resource, p.action, p.scope FROM memberships m JOIN role_permissions p USING (organization_id, role_id) WHERE m.organization_id = $1 AND m.user_id = $2",
                )
                .with(organization.id, Type::UUID)
                .with(user, Type::UUID),
            )
            .await
            .unwrap();
        let mut grants = Grants::default();
        for row in rows {
            let (resource, action, scope): (String, String, String) =
                (row.get(0), row.get(1), row.get(2));
            grants.insert(&resource, action.parse().unwrap(), scope.parse().unwrap());
        }
        let principal = Principal::user(organization.id, user);
        let overlay: Overlay =
            kith_entities::custom_field::load_overlay(self.test.database(), &principal)
                .await
                .unwrap();
        Caller {
            principal,
            grants: Arc::new(grants),
            overlay: Arc::new(overlay),
            base_currency: "USD".to_owned(),
            region: Some("US".to_owned()),
            now: "2026-11-21T12:00:00+00:00[UTC]".parse().unwrap(),
            origin: Origin::new("api"),
        }
    }

    pub(crate) async fn role(&self, organization: &Organization, role: &str) -> Caller {
        self.caller(organization, organization.people[role]).await
    }

    pub(crate) async fn begin(&self, caller: &Caller) -> Tx {
        Tx::begin(&self.engine.database, &caller.principal, &caller.origin)
            .await
            .unwrap()
    }

    pub(crate) async fn create(
        &self,
        caller: &Caller,
        entity: &'static Entity,
        body: Json,
    ) -> Result<Json, EngineError> {
        let tx = self.begin(caller).await;
        let records = kith_engine::create(&self.engine, &tx, caller, entity, &[body]).await?;
        tx.commit().await?;
        Ok(json_of(&records[0]))
    }

    pub(crate) async fn update(
        &self,
        caller: &Caller,
        entity: &'static Entity,
        id: Uuid,
        body: Json,
        version: Option<i64>,
    ) -> Result<Json, EngineError> {
        let tx = self.begin(caller).await;
        let records = kith_engine::update(
            &self.engine,
            &tx,
            caller,
            entity,
            &[kith_engine::Update { id, body, version }],
        )
        .await?;
        tx.commit().await?;
        Ok(json_of(&records[0]))
    }

    pub(crate) async fn delete(
        &self,
        caller: &Caller,
        entity: &'static Entity,
        id: Uuid,
    ) -> Result<(), EngineError> {
        let tx = self.begin(caller).await;
        kith_engine::delete(&self.engine, &tx, caller, entity, &[id]).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) async fn get(
        &self,
        caller: &Caller,
        entity: &'static Entity,
        id: Uuid,
    ) -> Result<Json, EngineError> {
        let record = kith_engine::get(
            &self.engine,
            caller,
            entity,
            id,
            &[],
            kith_engine::Deleted::No,
        )
        .await?;
        Ok(json_of(&record))
    }

    /// A list by URL parameters.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        entity: &'static Entity,
        pairs: &[(&str, &str)],
    ) -> Result<Json, EngineError> {
        let input = QueryInput {
            pairs: pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            filter: None,
        };
        let query = ListQuery::parse(self.engine.catalogue, entity, caller, input)?;
        let answer = kith_engine::list(&self.engine, caller, entity, &query).await?;
        Ok(serde_json::from_slice(&answer.json).unwrap())
    }
}

pub(crate) fn json_of(record: &RecordJson) -> Json {
    serde_json::from_slice(&record.json)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&record.json)))
}

pub(crate) fn id_of(record: &Json) -> Uuid {
    record["id"].as_str().unwrap().parse().unwrap()
}

/// The ids of a list, in order.
pub(crate) fn ids(list: &Json) -> Vec<String> {
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["id"].as_str().unwrap().to_owned())
        .collect()
}
