//! The migrated database that test databases are copied from: one per set of migrations.

use anyhow::Result;
use kith_store::{AdminConnection, Statement, ensure_roles, migrations, types::Type};
use sha2::{Digest, Sha256};

use crate::cluster::TestServer;

/// Held while a template is made, so that of many test processes one does it. Any number that nothing else uses.
const LOCK: i64 = 0x6b69_7468_7465_7374;
/// Templates of other sets of migrations that stay: checkouts and branches may share the server.
const KEPT: usize = 3;

/// The template's name; made when it is missing.
pub(crate) async fn ensure(server: &TestServer) -> Result<String> {
    let name = name();
    let admin = server.administrate("postgres").await?;
    if exists(&admin, &name).await? {
        return Ok(name);
    }
    admin
        .query(&Statement::new("select pg_advisory_lock($1)").with(LOCK, Type::INT8))
        .await?;
    if !exists(&admin, &name).await? {
        let draft = format!("{name}_draft");
        admin
            .script(&format!("drop database if exists {draft} with (force)"))
            .await?;
        admin.script(&format!("create database {draft}")).await?;
        let inside = server.administrate(&draft).await?;
        ensure_roles(&inside).await?;
        migrations::up(&inside, migrations::all(), None).await?;
        // Statistics travel with the copy, so that plans in tests are those of a database that has been analysed.
        inside.script("vacuum analyze").await?;
        drop(inside);
        finish(&admin, &draft, &name).await?;
        drop_old(&admin, &name).await?;
    }
    Ok(name)
}

/// Renaming waits for the last connection to be gone, which the server notices a moment after it was closed.
async fn finish(admin: &AdminConnection, draft: &str, name: &str) -> Result<()> {
    admin
        .script(&format!(
            "alter database {draft} allow_connections false;
             do $$ begin
                perform pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{draft}';
             end $$;"
        ))
        .await?;
    admin
        .script(&format!("alter database {draft} rename to {name}"))
        .await?;
    Ok(())
}

async fn drop_old(admin: &AdminConnection, current: &str) -> Result<()> {
    let old = Statement::new(
        "select datname::text from pg_database where datname like 'kith\\_template\\_%' and datname <> $1
          and datname not like '%\\_draft' order by oid desc offset $2",
    )
    .with(current.to_owned(), Type::TEXT)
    .with(i64::try_from(KEPT)?, Type::INT8);
    for row in admin.query(&old).await? {
        let name: String = row.try_get(0)?;
        admin
            .script(&format!("drop database if exists {name} with (force)"))
            .await?;
    }
    Ok(())
}

async fn exists(admin: &AdminConnection, name: &str) -> Result<bool> {
    let found = Statement::new("select 1 from pg_database where datname = $1")
        .with(name.to_owned(), Type::TEXT);
    Ok(!admin.query(&found).await?.is_empty())
}

fn name() -> String {
    let mut hash = Sha256::new();
    for migration in migrations::all() {
        hash.update(migration.version.to_be_bytes());
        hash.update(migration.checksum());
    }
    let digest = hash.finalize();
    let start = digest
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("kith_template_{start:016x}")
}
