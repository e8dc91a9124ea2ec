//! An organization to import into, files to import, and questions to the database.

use std::path::PathBuf;
use std::sync::Arc;

use kith_catalogue::access::Grants;
use kith_catalogue::{Entity, Overlay};
use kith_engine::import::{get, run_to_end};
use kith_engine::{Caller, Engine, EngineError};
use kith_entities::{CATALOGUE, rules};
use kith_store::types::{FromSql, Type};
use kith_store::{Origin, Principal, Statement};
use kith_testkit::TestDatabase;
use serde_json::Value as Json;
use uuid::Uuid;

pub(crate) struct World {
    pub(crate) test: TestDatabase,
    pub(crate) engine: Engine,
    pub(crate) organization: Uuid,
    pub(crate) owner: Caller,
}

impl World {
    pub(crate) async fn new() -> World {
        let test = TestDatabase::new().await;
        let engine = Engine {
            database: test.database().clone(),
            catalogue: &CATALOGUE,
            rules: rules(),
        };
        let organization = Uuid::now_v7();
        let admin = test.admin().await;
        let make = Statement::new(
            "INSERT INTO organizations (id, name, slug) VALUES ($1, 'Maven', 'maven')",
        )
        .with(organization, Type::UUID);
        admin.execute(&make).await.unwrap();
        admin
            .query(&Statement::new("SELECT seed_organization($1)").with(organization, Type::UUID))
            .await
            .unwrap();
        let owner = caller(&test, organization, "owner", "Olivia Owner").await;
        World {
            test,
            engine,
            organization,
            owner,
        }
    }

    pub(crate) async fn member(&self, role: &str, name: &str) -> Caller {
        caller(&self.test, self.organization, role, name).await
    }

    /// Imports a file and answers the finished run.
    pub(crate) async fn import(&self, entity: &str, path: PathBuf, options: Json) -> Json {
        self.import_as(&self.owner, entity, path, options)
            .await
            .unwrap()
    }

    pub(crate) async fn import_as(
        &self,
        caller: &Caller,
        entity: &str,
        path: PathBuf,
        options: Json,
    ) -> Result<Json, EngineError> {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        run_to_end(
            &self.engine,
            caller,
            self.entity(entity),
            &path,
            &name,
            &options,
        )
        .await
    }

    pub(crate) fn entity(&self, name: &str) -> &'static Entity {
        self.engine.catalogue.by_name(name).unwrap()
    }

    pub(crate) async fn run(&self, id: &Json) -> Json {
        get(
            &self.engine,
            &self.owner,
            id.as_str().unwrap().parse().unwrap(),
        )
        .await
        .unwrap()
    }

    /// One value that the owner of the database sees.
    pub(crate) async fn value<T: for<'a> FromSql<'a>>(&self, sql: impl Into<String>) -> T {
        let rows = self
            .test
            .admin()
            .await
            .query(&Statement::new(sql.into()))
            .await
            .unwrap();
        rows[0].get(0)
    }

    pub(crate) async fn count(&self, what: &str) -> i64 {
        self.value(format!("SELECT count(*) FROM {what}")).await
    }

    /// The errors of a run: row, column, value, message.
    pub(crate) async fn errors(
        &self,
        run: &Json,
    ) -> Vec<(i64, Option<String>, Option<String>, String)> {
        let select = Statement::new("SELECT row_number, column_name, value, message FROM import_errors WHERE import_id = $1 ORDER BY ordinal")
            .with(run["id"].as_str().unwrap().parse::<Uuid>().unwrap(), Type::UUID);
        let rows = self.test.admin().await.query(&select).await.unwrap();
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
            .collect()
    }
}

async fn caller(test: &TestDatabase, organization: Uuid, role: &str, name: &str) -> Caller {
    let admin = test.admin().await;
    let user = Uuid::now_v7();
    let insert = Statement::new("INSERT INTO users (id, full_name, email) VALUES ($1, $2, $3)")
        .with(user, Type::UUID)
        .with(name.to_owned(), Type::TEXT)
        .with(
            format!("{}@maven.example", name.to_lowercase().replace(' ', ".")),
            Type::TEXT,
        );
    admin.execute(&insert).await.unwrap();
    let join = Statement::new(
        "INSERT INTO memberships (organization_id, user_id, role_id) SELECT $1, $2, id FROM roles WHERE organization_id = $1 AND key = $3",
    )
    .with(organization, Type::UUID)
    .with(user, Type::UUID)
    .with(role.to_owned(), Type::TEXT);
    admin.execute(&join).await.unwrap();
    let granted = Statement::new(
        "SELECT p.resource, p.action, p.scope FROM roles r JOIN role_permissions p ON p.organization_id = r.organization_id AND p.role_id = r.id \
         WHERE r.organization_id = $1 AND r.key = $2",
    )
    .with(organization, Type::UUID)
    .with(role.to_owned(), Type::TEXT);
    let mut grants = Grants::default();
    for row in admin.query(&granted).await.unwrap() {
        let (resource, action, scope): (String, String, String) =
            (row.get(0), row.get(1), row.get(2));
        grants.insert(&resource, action.parse().unwrap(), scope.parse().unwrap());
    }
    Caller {
        principal: Principal::user(organization, user),
        grants: Arc::new(grants),
        overlay: Arc::new(Overlay::default()),
        base_currency: "USD".to_owned(),
        region: Some("US".to_owned()),
        now: "2026-11-21T12:00:00+00:00[UTC]".parse().unwrap(),
        origin: Origin::new("api"),
    }
}

/// A file of the real data sets, which are not part of the project: `KITH_TEST_DATA` names their
/// folder, or it is `../shared/data` beside the repository.
pub(crate) fn data(path: &str) -> PathBuf {
    let folder = std::env::var_os("KITH_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(path);
    assert!(
        path.is_file(),
        "{} is missing; set KITH_TEST_DATA to the folder of the test data",
        path.display()
    );
    path
}

/// A file with this content, in a folder of its own.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("kith-import-{}", Uuid::now_v7().simple()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// created, updated, skipped, failed.
pub(crate) fn counts(run: &Json) -> [i64; 4] {
    ["created", "updated", "skipped", "failed"].map(|name| run[name].as_i64().unwrap())
}
