//! `kith doctor`: looks for what is wrong with an installation, and says what to do about it.

use std::process::ExitCode;

use anyhow::Result;
use kith_catalogue::entity::Entity;
use kith_store::{AdminConnection, DatabaseSettings, Server, Statement, migrations, types::Type};

use super::{owner, say};
use crate::settings::Settings;

/// Runs the command. Exit code 1 when something was found.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode> {
    let findings = match Server::join(&settings.database).await {
        Ok(server) => {
            let found = examine(&server, &settings.database).await;
            server.stop().await;
            found?
        }
        Err(error) => vec![format!("the database cannot be used: {error}")],
    };
    for finding in &findings {
        say(&format!("- {finding}"))?;
    }
    if findings.is_empty() {
        say("all good")?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("{} found", findings.len()))?;
    Ok(ExitCode::FAILURE)
}

async fn examine(server: &Server, settings: &DatabaseSettings) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let admin = server.admin().await?;
    for status in migrations::status(&admin, migrations::all()).await? {
        match (&status.problem, status.applied_at) {
            (Some(problem), _) => findings.push(format!(
                "migration {:04} {}: {problem}",
                status.version, status.name
            )),
            (None, None) => findings.push(format!(
                "migration {:04} {} is missing: run `kith migrate up`",
                status.version, status.name
            )),
            (None, Some(_)) => {}
        }
    }
    if !findings.is_empty() {
        // The rest compares with the schema that this program expects.
        return Ok(findings);
    }
    row_security(&admin, &mut findings).await?;
    for entity in kith_entities::CATALOGUE.entities() {
        columns(&admin, entity, &mut findings).await?;
    }
    match owner::connect(server).await {
        Ok(everything) => invariants(&everything, &mut findings).await?,
        Err(error) => findings.push(format!("the data was not looked at: {error:#}")),
    }
    if settings.url.is_none() && server.embedded().is_none() {
        tracing::info!("looked at the private database of a program that runs");
    }
    Ok(findings)
}

/// Every table that holds an organization's data is closed to everyone whom no policy lets in.
async fn row_security(admin: &AdminConnection, findings: &mut Vec<String>) -> Result<()> {
    let open = Statement::new(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where n.nspname = 'public' and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity) \
         and (c.relname in ('organizations', 'users', 'refresh_tokens') or exists (select from pg_attribute a \
           where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped)) order by 1",
    );
    for row in admin.query(&open).await? {
        let table: String = row.try_get(0)?;
        findings.push(format!(
            "row security is not forced on {table}: run `alter table {table} enable row level security; alter table {table} force row level security`"
        ));
    }
    Ok(())
}

/// What an entity declares is there to be read.
async fn columns(
    admin: &AdminConnection,
    entity: &'static Entity,
    findings: &mut Vec<String>,
) -> Result<()> {
    let find = Statement::new("select attname::text from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped")
        .with(entity.table.to_owned(), Type::TEXT);
    let mut present: Vec<String> = Vec::new();
    for row in admin.query(&find).await? {
        present.push(row.try_get(0)?);
    }
    if present.is_empty() {
        findings.push(format!(
            "{} are kept in {}, which is not there",
            entity.path, entity.table
        ));
        return Ok(());
    }
    for field in entity.all_fields() {
        let keyed = field.filterable.then(|| field.key_column());
        for column in std::iter::once(field.name.to_owned()).chain(keyed) {
            if !present.contains(&column) {
                findings.push(format!(
                    "{}.{} has no column {}.{column}",
                    entity.name, field.name, entity.table
                ));
            }
        }
    }
    Ok(())
}

/// What must be true of the data: a statement that counts what is not, and what to do about it.
const INVARIANTS: &[(&str, &str, &str)] = &[
    (
        "deals whose status is not their stage's",
        "select count(*) from deals d join stages s on s.organization_id = d.organization_id and s.id = d.stage_id where d.status <> s.kind",
        "move them to their stage again",
    ),
    (
        "deals in a stage of another pipeline",
        "select count(*) from deals d join stages s on s.organization_id = d.organization_id and s.id = d.stage_id where d.pipeline_id <> s.pipeline_id",
        "move them to a stage of their pipeline",
    ),
    (
        "lost deals without a reason",
        "select count(*) from deals where status = 'lost' and coalesce(btrim(lost_reason), '') = ''",
        "give them one",
    ),
    (
        "open deals with an actual close date",
        "select count(*) from deals where status = 'open' and actual_close_date is not null",
        "empty the date or close the deals",
    ),
    (
        "companies with several primary contacts",
        "select count(*) from (select 1 from contacts where is_primary and deleted_at is null and company_id is not null \
         group by organization_id, company_id having count(*) > 1) found",
        "keep one of them primary",
    ),
    (
        "organizations without an active owner",
        "select count(*) from organizations o where not exists (select from memberships m join roles r on r.organization_id = m.organization_id \
         and r.id = m.role_id where m.organization_id = o.id and r.key = 'owner' and m.status = 'active')",
        "make someone owner with `kith user create --role owner`",
    ),
    (
        "organizations with more active products than they allow",
        "select count(*) from (select p.organization_id from products p where p.is_active and p.deleted_at is null group by p.organization_id \
         having count(*) > max_active_products(p.organization_id)) found",
        "deactivate some, or raise max_active_products",
    ),
    (
        "mails that were given up",
        "select count(*) from outgoing_mail where status = 'dead'",
        "`kith mail list` says why, `kith mail retry` sends them after all",
    ),
    (
        "jobs that were given up",
        "select count(*) from jobs where status = 'dead'",
        "`kith jobs list` says why, `kith jobs retry` tries again",
    ),
    (
        "schedules that failed the last time",
        "select count(*) from schedules where last_error is not null",
        "`kith jobs list` says why",
    ),
    (
        "files of documents that lie in the storage and are not found",
        "select count(*) from document_versions v left join stored_files f on f.organization_id = v.organization_id and f.id = v.storage_key and f.state = 'kept' where f.id is null",
        "restore the storage from a backup",
    ),
    (
        "imports that nobody runs any more",
        "select count(*) from imports where status in ('queued', 'running') and coalesce(heartbeat_at, created_at) < now() - interval '10 minutes'",
        "start the file again; rows of finished batches are kept",
    ),
];

async fn invariants(admin: &AdminConnection, findings: &mut Vec<String>) -> Result<()> {
    for (what, sql, remedy) in INVARIANTS {
        count(admin, what, Statement::new(*sql), remedy, findings).await?;
    }
    let tables = Statement::new("select entity, table_name from record_tables order by entity");
    for row in admin.query(&tables).await? {
        let (entity, table): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        // From the schema itself, not from outside; names of tables cannot be parameters.
        let orphans = Statement::new(format!(
            "select count(*) from record_values v where v.entity = $1 and not exists (select from \"{table}\" t \
             where t.organization_id = v.organization_id and t.id = v.record_id)"
        ))
        .with(entity.clone(), Type::TEXT);
        let what = format!(
            "values of {} that belong to no record",
            table.replace('_', " ")
        );
        count(
            admin,
            &what,
            orphans,
            "they do no harm; delete them from record_values",
            findings,
        )
        .await?;
    }
    Ok(())
}

async fn count(
    admin: &AdminConnection,
    what: &str,
    statement: Statement,
    remedy: &str,
    findings: &mut Vec<String>,
) -> Result<()> {
    let found: i64 = match admin.query(&statement).await?.first() {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    if found > 0 {
        findings.push(format!("{found} {what}: {remedy}"));
    }
    Ok(())
}
