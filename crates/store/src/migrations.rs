//! Brings a database to the program's schema and back: plain SQL files, one transaction each, under one lock, so that
//! any number of nodes may start at once. What was applied is kept in `schema_version` with a checksum.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;

use crate::{admin::AdminConnection, error::StoreError, statement::Statement};

/// The advisory lock that migrating nodes take: "kith" in ASCII.
const LOCK: i64 = 0x6b69_7468;

const TABLE: &str = "create table if not exists schema_version (
    version integer primary key,
    applied_at timestamptz not null default now(),
    description text not null,
    checksum bytea not null
)";

/// One step of the schema and the way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The number in the file's name; steps run in this order.
    pub version: i32,
    /// The file's name without number and ending.
    pub name: Cow<'static, str>,
    /// The SQL that applies it. Runs in a transaction, so it contains no `begin` or `commit`.
    pub up: Cow<'static, str>,
    /// The SQL that undoes it.
    pub down: Cow<'static, str>,
}

impl Migration {
    /// SHA-256 of `up`, the same whether lines end as on Unix or as on Windows.
    pub fn checksum(&self) -> Vec<u8> {
        Sha256::digest(self.up.replace("\r\n", "\n").as_bytes()).to_vec()
    }
}

/// Where a migration stands in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The migration's number.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// When it was applied; `None` when it was not.
    pub applied_at: Option<Timestamp>,
    /// What does not fit, in words; `None` when all is well.
    pub problem: Option<String>,
}

/// The migrations that this program carries, in order.
pub fn all() -> &'static [Migration] {
    include!(concat!(env!("OUT_DIR"), "/migrations.rs"))
}

/// Applies what is missing, up to and including `target` (`None`: everything). Answers the versions it applied.
///
/// # Errors
/// [`StoreError::Setup`] when the database is newer than the program, an applied migration's file has changed, or a
/// migration fails: the text names it, and nothing of that one stays.
pub async fn up(
    admin: &AdminConnection,
    migrations: &[Migration],
    target: Option<i32>,
) -> Result<Vec<i32>, StoreError> {
    locked(admin, async || {
        let applied = applied(admin).await?;
        refuse_mismatch(migrations, &applied)?;
        let mut done = Vec::new();
        for migration in migrations {
            if applied.contains_key(&migration.version) || target.is_some_and(|target| migration.version > target) {
                continue;
            }
            let record = Statement::new("insert into schema_version (version, description, checksum) values ($1, $2, $3)")
                .with(migration.version, Type::INT4)
                .with(migration.name.to_string(), Type::TEXT)
                .with(migration.checksum(), Type::BYTEA);
            step(admin, migration, Direction::Up, &record).await?;
            tracing::info!(version = migration.version, name = %migration.name, "applied a migration");
            done.push(migration.version);
        }
        Ok(done)
    })
    .await
}

/// Undoes what is above `target`, newest first; 0 undoes everything. Answers the versions it undid.
///
/// # Errors
/// As [`up`].
pub async fn down(
    admin: &AdminConnection,
    migrations: &[Migration],
    target: i32,
) -> Result<Vec<i32>, StoreError> {
    locked(admin, async || {
        let applied = applied(admin).await?;
        refuse_mismatch(migrations, &applied)?;
        let mut done = Vec::new();
        for migration in migrations.iter().rev() {
            if migration.version <= target || !applied.contains_key(&migration.version) {
                continue;
            }
            let record = Statement::new("delete from schema_version where version = $1")
                .with(migration.version, Type::INT4);
            step(admin, migration, Direction::Down, &record).await?;
            tracing::info!(version = migration.version, name = %migration.name, "undid a migration");
            done.push(migration.version);
        }
        Ok(done)
    })
    .await
}

/// Every migration that the program or the database knows, in order. Changes nothing, also in an empty database.
pub async fn status(
    admin: &AdminConnection,
    migrations: &[Migration],
) -> Result<Vec<Status>, StoreError> {
    let mut applied = applied(admin).await?;
    let newest = migrations.last().map_or(0, |migration| migration.version);
    let mut all: BTreeMap<i32, Status> = BTreeMap::new();
    for migration in migrations {
        let found = applied.remove(&migration.version);
        let changed = found
            .as_ref()
            .is_some_and(|found| found.checksum != migration.checksum());
        all.insert(
            migration.version,
            Status {
                version: migration.version,
                name: migration.name.to_string(),
                applied_at: found.map(|found| found.at),
                problem: changed.then(|| "the file has changed since it was applied".to_owned()),
            },
        );
    }
    for (version, found) in applied {
        let problem = if version > newest {
            "newer than this program"
        } else {
            "unknown to this program"
        };
        all.insert(
            version,
            Status {
                version,
                name: found.description,
                applied_at: Some(found.at),
                problem: Some(problem.to_owned()),
            },
        );
    }
    Ok(all.into_values().collect())
}

/// Refuses a database that lacks a migration or does not fit, for a program that may not migrate.
pub async fn require_current(
    admin: &AdminConnection,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let applied = applied(admin).await?;
    refuse_mismatch(migrations, &applied)?;
    match migrations
        .iter()
        .find(|migration| !applied.contains_key(&migration.version))
    {
        None => Ok(()),
        Some(missing) => Err(StoreError::setup(format!(
            "the database lacks migration {:04} {}: run `kith migrate up`, or `kith serve` once, with the DATABASE_URL of \
             the database's owner where there is one",
            missing.version, missing.name
        ))),
    }
}

struct Applied {
    at: Timestamp,
    description: String,
    checksum: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

/// Runs `work` while no other node migrates this database. The lock belongs to the session, so it ends with it.
async fn locked<T>(
    admin: &AdminConnection,
    work: impl AsyncFnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let lock = Statement::new("select pg_advisory_lock($1)").with(LOCK, Type::INT8);
    admin.query(&lock).await?;
    let result = match admin.script(TABLE).await {
        Ok(()) => work().await,
        Err(error) => Err(error),
    };
    let unlock = Statement::new("select pg_advisory_unlock($1)").with(LOCK, Type::INT8);
    let unlocked = admin.query(&unlock).await;
    let value = result?;
    unlocked?;
    Ok(value)
}

async fn applied(admin: &AdminConnection) -> Result<BTreeMap<i32, Applied>, StoreError> {
    let exists = admin
        .query(&Statement::new(
            "select to_regclass('schema_version') is not null",
        ))
        .await?;
    if !exists
        .first()
        .is_some_and(|row| row.try_get(0).unwrap_or(false))
    {
        return Ok(BTreeMap::new());
    }
    let rows = admin
        .query(&Statement::new("select version, applied_at, description, checksum from schema_version order by version"))
        .await?;
    let mut applied = BTreeMap::new();
    for row in rows {
        let one = Applied {
            at: row.try_get(1)?,
            description: row.try_get(2)?,
            checksum: row.try_get(3)?,
        };
        applied.insert(row.try_get(0)?, one);
    }
    Ok(applied)
}

fn refuse_mismatch(
    migrations: &[Migration],
    applied: &BTreeMap<i32, Applied>,
) -> Result<(), StoreError> {
    let newest = migrations.last().map_or(0, |migration| migration.version);
    for (version, found) in applied {
        let Some(known) = migrations
            .iter()
            .find(|migration| migration.version == *version)
        else {
            let text = if *version > newest {
                format!(
                    "the database is newer than this program: it has migration {version:04} {}, and this program ends \
                     at {newest:04}. Start the newer program",
                    found.description
                )
            } else {
                format!(
                    "the database has migration {version:04} {}, which this program does not know. Start the program \
                     that made it",
                    found.description
                )
            };
            return Err(StoreError::setup(text));
        };
        if known.checksum() != found.checksum {
            return Err(StoreError::setup(format!(
                "migration {version:04} {} has changed since it was applied to this database. A released migration \
                 is never edited: restore the file and put the change into a new migration",
                known.name
            )));
        }
    }
    Ok(())
}

/// One migration and its record, in one transaction.
async fn step(
    admin: &AdminConnection,
    migration: &Migration,
    direction: Direction,
    record: &Statement,
) -> Result<(), StoreError> {
    let (sql, side) = match direction {
        Direction::Up => (&migration.up, "up"),
        Direction::Down => (&migration.down, "down"),
    };
    admin.script("begin").await?;
    let result = match admin.client().batch_execute(sql).await {
        Ok(()) => admin.execute(record).await.map(drop),
        Err(error) => Err(explain(migration, side, sql, &error)),
    };
    match result {
        Ok(()) => admin.script("commit").await,
        Err(error) => {
            admin.script("rollback").await?;
            Err(error)
        }
    }
}

/// Names the file and the line: the reader of this error has the file open next.
fn explain(
    migration: &Migration,
    side: &str,
    sql: &str,
    error: &tokio_postgres::Error,
) -> StoreError {
    let file = format!(
        "migrations/{:04}_{}.{side}.sql",
        migration.version, migration.name
    );
    let Some(database) = error.as_db_error() else {
        return StoreError::setup(format!("{file}: {}", crate::error::chain(error)));
    };
    let line = match database.position() {
        Some(tokio_postgres::error::ErrorPosition::Original(position)) => {
            let before = sql
                .chars()
                .take(*position as usize)
                .filter(|character| *character == '\n')
                .count();
            format!(" line {}", before + 1)
        }
        _ => String::new(),
    };
    let context = [database.detail(), database.hint(), database.where_()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    StoreError::setup(format!(
        "{file}{line}: {}; {}",
        database.message(),
        context.join("; ")
    ))
}
