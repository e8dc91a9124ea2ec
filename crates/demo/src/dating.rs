//! What only the database's owner does for the demo organization: letting its people in without a mail,
//! and dating. A member can do neither: no function, setting or permission of the application's role
//! reaches a time that is past.
//!
//! **Dating.** Acts are written one after the other, and whatever the database fills in is the present:
//! `created_at`, stage history, activities, the audit log, columns of tables that come later. The
//! transactions' own times are known, so every time of this organization that falls between two of them
//! was made by the earlier one and moves to when that happened, with its distance. Triggers and row
//! security rest for the moment of each table's update, which only its owner can make them do.

use jiff::Timestamp;
use kith_store::types::Type;
use kith_store::{AdminConnection, DEFINER_ROLE, Statement, StoreError};
use uuid::Uuid;

use crate::Place;
use crate::tell::Step;

/// The database's clock.
pub(crate) async fn clock(admin: &AdminConnection) -> Result<Timestamp, StoreError> {
    let rows = admin
        .query(&Statement::new("SELECT clock_timestamp()"))
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::internal("no answer about the time"))?;
    Ok(row.try_get(0)?)
}

/// Makes invited people active members who sign in with a password. Answers the time of the change.
pub(crate) async fn admit(
    place: &Place<'_>,
    people: &[Uuid],
    password_hash: &str,
) -> Result<Timestamp, StoreError> {
    let admin = place.admin;
    let made = clock(admin).await?;
    admin
        .script(&format!("BEGIN; SET LOCAL ROLE {DEFINER_ROLE}"))
        .await?;
    let acting = Statement::new(
        "SELECT set_config('kith.organization', $1, true), set_config('kith.change_set', $2, true), set_config('kith.origin', 'cli', true)",
    )
    .with(place.organization_id.to_string(), Type::TEXT)
    .with(Uuid::now_v7().to_string(), Type::TEXT);
    let members = Statement::new(
        "UPDATE memberships SET status = 'active' WHERE organization_id = $1 AND user_id = ANY ($2) AND status = 'invited'",
    )
    .with(place.organization_id, Type::UUID)
    .with(people.to_vec(), Type::UUID_ARRAY);
    let accounts = Statement::new(
        "UPDATE users u SET email = m.email, password_hash = $3, is_verified = true FROM memberships m \
         WHERE m.organization_id = $1 AND m.user_id = ANY ($2) AND u.id = m.user_id AND u.password_hash IS NULL",
    )
    .with(place.organization_id, Type::UUID)
    .with(people.to_vec(), Type::UUID_ARRAY)
    .with(password_hash.to_owned(), Type::TEXT);
    // Nobody reads mail at an address of the demo organization: there is nothing to confirm.
    let owner = Statement::new("UPDATE users SET is_verified = true WHERE id = $1")
        .with(place.owner_id, Type::UUID);
    let work = async {
        admin.query(&acting).await?;
        admin.execute(&owner).await?;
        admin.execute(&accounts).await?;
        admin.execute(&members).await
    };
    match work.await {
        Ok(_) => admin.script("COMMIT").await?,
        Err(error) => {
            admin.script("ROLLBACK").await?;
            return Err(error);
        }
    }
    Ok(made)
}

/// The tables of the organization with the columns that hold times, and whether their row security binds their owner.
const TABLES: &str = "SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.atttypid = 'timestamptz'::regtype), c.relforcerowsecurity, \
      CASE c.relname WHEN 'users' THEN 'id IN (SELECT user_id FROM memberships WHERE organization_id = $1)' \
        WHEN 'organizations' THEN 'id = $1' ELSE 'organization_id = $1' END, \
      coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.atttypid = 'jsonb'::regtype AND c.relname = 'audit_log'), '{}') \
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' \
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
      AND (c.relname IN ('users', 'organizations') OR EXISTS (SELECT 1 FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'organization_id' AND NOT o.attisdropped)) \
    GROUP BY c.oid HAVING count(*) FILTER (WHERE a.atttypid = 'timestamptz'::regtype) > 0 ORDER BY c.relname";

/// Moves everything that the steps wrote to when it happened.
pub(crate) async fn date(place: &Place<'_>, steps: &[Step]) -> Result<(), StoreError> {
    let admin = place.admin;
    // Times within documents are written in this zone by the application's sessions.
    admin
        .script(
            "SET TimeZone = 'UTC'; SET lock_timeout = '30s';
             CREATE TEMPORARY TABLE IF NOT EXISTS kith_dating (made timestamptz PRIMARY KEY, happened timestamptz NOT NULL, until timestamptz);
             TRUNCATE kith_dating;",
        )
        .await?;
    let made: Vec<Timestamp> = steps.iter().map(|step| step.made).collect();
    let happened: Vec<Timestamp> = steps.iter().map(|step| step.happened).collect();
    let fill = Statement::new(
        "INSERT INTO kith_dating SELECT made, happened, lead(made) OVER (ORDER BY made) FROM unnest($1, $2) AS s (made, happened) ON CONFLICT DO NOTHING",
    )
    .with(made, Type::TIMESTAMPTZ_ARRAY)
    .with(happened, Type::TIMESTAMPTZ_ARRAY);
    admin.execute(&fill).await?;
    admin
        .script("DELETE FROM kith_dating WHERE until IS NULL; ANALYZE kith_dating")
        .await?;
    for row in admin.query(&tables(place)).await? {
        let table: String = row.try_get(0)?;
        let columns: Vec<String> = row.try_get(1)?;
        let forced: bool = row.try_get(2)?;
        let condition: String = row.try_get(3)?;
        let documents: Vec<String> = row.try_get(4)?;
        let update = update_of(&table, &columns, &documents, &condition);
        date_table(admin, &table, forced, &update).await?;
    }
    // What is counted by day was counted on the wrong one.
    admin
        .script(&format!(
            "DROP TABLE kith_dating; RESET lock_timeout; RESET TimeZone;
             SET ROLE {DEFINER_ROLE}; SELECT recount_metrics('{}'); RESET ROLE",
            place.organization_id
        ))
        .await
}

fn tables(place: &Place<'_>) -> Statement {
    // The parameter stands in the text that is answered, too.
    Statement::new(TABLES.replace("$1", &format!("''{}''", place.organization_id)))
}

/// The time at which something made at `column` happened; times that no step made stay. Whole seconds are what
/// people chose, not what a clock said.
fn moved(column: &str) -> String {
    format!(
        "coalesce((SELECT d.happened + ({column} - d.made) FROM kith_dating d \
         WHERE d.made <= {column} AND {column} < d.until AND extract(microseconds FROM {column})::bigint % 1000000 <> 0), {column})"
    )
}

fn update_of(table: &str, columns: &[String], documents: &[String], condition: &str) -> String {
    let mut sets: Vec<String> = columns
        .iter()
        .map(|column| format!("{column} = {}", moved(&format!("t.{column}"))))
        .collect();
    sets.extend(documents.iter().map(|column| {
        format!(
            "{column} = coalesce((SELECT jsonb_object_agg(m.key, CASE WHEN jsonb_typeof(m.value) = 'string' AND m.value #>> '{{}}' ~ '^\\d{{4}}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+\\+00:00$' \
             THEN to_jsonb({}) ELSE m.value END) FROM jsonb_each(t.{column}) m), t.{column})",
            moved("(m.value #>> '{}')::timestamptz")
        )
    }));
    let any: Vec<String> = columns
        .iter()
        .map(|column| {
            format!("t.{column} BETWEEN (SELECT min(made) FROM kith_dating) AND (SELECT max(until) FROM kith_dating)")
        })
        .collect();
    format!(
        "UPDATE {table} t SET {} WHERE {} AND ({})",
        sets.join(", "),
        condition,
        any.join(" OR ")
    )
}

/// One table, in a transaction of its own: nothing else waits for longer than its update takes.
async fn date_table(
    admin: &AdminConnection,
    table: &str,
    forced: bool,
    update: &str,
) -> Result<(), StoreError> {
    let (lift, bind) = if forced {
        (
            "NO FORCE ROW LEVEL SECURITY, ",
            "FORCE ROW LEVEL SECURITY, ",
        )
    } else {
        ("", "")
    };
    let script = format!(
        "BEGIN;
         ALTER TABLE {table} {lift}DISABLE TRIGGER USER;
         {update};
         ALTER TABLE {table} {bind}ENABLE TRIGGER USER;
         COMMIT"
    );
    let result = admin.script(&script).await;
    if result.is_err() {
        admin.script("ROLLBACK").await?;
    }
    result
}
