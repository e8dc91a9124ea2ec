//! The three roles that the program makes, and the check that the application's role is as weak as it must be.

use std::{fmt::Write as _, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio_postgres::{Client, error::SqlState, types::Type};

use crate::{admin::AdminConnection, error::StoreError, statement::Statement, target::Target};

/// The role that serves requests: no superuser, owns nothing, bound by row security.
pub const APPLICATION_ROLE: &str = "kith_app";
/// The role that owns the functions which look beyond the caller's rows. Nobody signs in as it.
pub const DEFINER_ROLE: &str = "kith_definer";
/// The role that owns the function which asks what another member may read. A member of the application's role, so
/// that row security binds it in the same way. Nobody signs in as it.
pub const ASKER_ROLE: &str = "kith_asker";

/// One row: is the current role a superuser, does it bypass row security, does it own a table; each also through a
/// role it is a member of, because `SET ROLE` is a statement away.
const POWER: &str = "select current_user::text,
    exists (select from pg_roles r where r.rolsuper and pg_has_role(current_user, r.oid, 'member')) as superuser,
    exists (select from pg_roles r where r.rolbypassrls and pg_has_role(current_user, r.oid, 'member')) as bypass,
    (select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and pg_has_role(current_user, c.relowner, 'member') limit 1) as owned";

/// Makes the roles when they are missing and gives the application's role its password. Two nodes may do this at
/// the same time. Answers the target of the application's role.
///
/// With a password in the owner's URL the application's password is derived from it, so that every node finds the
/// same one; without (a Unix socket) the role has none. Two installations on one server therefore share one owner, or
/// use two servers.
///
/// # Errors
/// [`StoreError::Setup`] when the connection's role may not create roles and they are missing.
pub async fn ensure_roles(admin: &AdminConnection) -> Result<Target, StoreError> {
    create_role(admin, APPLICATION_ROLE, "login").await?;
    create_role(admin, DEFINER_ROLE, "nologin").await?;
    create_role(admin, ASKER_ROLE, "nologin").await?;
    grant(admin, APPLICATION_ROLE, ASKER_ROLE).await?;
    for role in [DEFINER_ROLE, ASKER_ROLE] {
        grant(admin, role, "current_user").await?;
    }
    let owner = admin.target();
    let target = derived_target(owner);
    if let Some(password) = owner.password() {
        give_password(admin, &target, &application_password(password)).await?;
    }
    allow_connections(admin).await?;
    session_defaults(admin).await?;
    Ok(target)
}

/// The application's target for an owner's or an application's URL: whoever row security does not bind is an owner.
pub(crate) async fn application_target(url: &Target) -> Result<Target, StoreError> {
    let client = url.connect().await?;
    Ok(if power(&client).await?.is_owner() {
        derived_target(url)
    } else {
        url.clone()
    })
}

/// Whether the target's role may migrate, as opposed to an application's role that an operator made.
pub(crate) async fn is_owner(admin: &AdminConnection) -> Result<bool, StoreError> {
    let power = power(admin.client()).await?;
    if power.is_owner() {
        return Ok(true);
    }
    // An owner of an empty database owns no table yet, but may create one.
    let statement = Statement::new(
        "select current_user <> $1 and has_schema_privilege(current_schema(), 'create')",
    )
    .with(APPLICATION_ROLE, Type::TEXT);
    let rows = admin.query(&statement).await?;
    Ok(rows
        .first()
        .and_then(|row| row.try_get::<_, Option<bool>>(0).ok())
        .flatten()
        .unwrap_or(false))
}

/// Refuses to serve as a role that row security does not bind.
pub(crate) async fn refuse_powerful_role(client: &Client) -> Result<(), StoreError> {
    let power = power(client).await?;
    let reason = if power.superuser {
        "is a superuser (or a member of one)".to_owned()
    } else if power.bypass {
        "may bypass row security (or is a member of a role that may)".to_owned()
    } else if let Some(table) = &power.owned {
        format!("owns the table {table} (or is a member of its owner)")
    } else {
        return Ok(());
    };
    Err(StoreError::setup(format!(
        "the database role {:?} {reason}, so row security would not protect one organization from another. \
         Give DATABASE_URL of the database's owner, from which the program makes its own role {APPLICATION_ROLE}, \
         or of a role made with: create role {APPLICATION_ROLE} login nosuperuser nobypassrls",
        power.role
    )))
}

struct Power {
    role: String,
    superuser: bool,
    bypass: bool,
    owned: Option<String>,
}

impl Power {
    fn is_owner(&self) -> bool {
        self.superuser || self.bypass || self.owned.is_some()
    }
}

async fn power(client: &Client) -> Result<Power, StoreError> {
    let rows = client.query_typed(POWER, &[]).await?;
    let row = rows
        .first()
        .ok_or_else(|| StoreError::internal("no answer about the current role"))?;
    Ok(Power {
        role: row.try_get(0)?,
        superuser: row.try_get(1)?,
        bypass: row.try_get(2)?,
        owned: row.try_get(3)?,
    })
}

async fn create_role(admin: &AdminConnection, role: &str, login: &str) -> Result<(), StoreError> {
    let found = Statement::new("select 1 from pg_roles where rolname = $1")
        .with(role.to_owned(), Type::TEXT);
    if !admin.query(&found).await?.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "create role {role} {login} nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
    );
    match admin.client().batch_execute(&sql).await {
        Ok(()) => Ok(()),
        // Another node was faster: a duplicate by name, or by the index underneath when both ran at once.
        Err(error)
            if matches!(
                error.code(),
                Some(&SqlState::DUPLICATE_OBJECT | &SqlState::UNIQUE_VIOLATION)
            ) =>
        {
            Ok(())
        }
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            Err(StoreError::setup(format!(
                "the role {role} is missing and {:?} may not create it. As an administrator of the server run: {sql}; grant {DEFINER_ROLE}, {ASKER_ROLE} to {:?}; grant {APPLICATION_ROLE} to {ASKER_ROLE}",
                admin.target().role(),
                admin.target().role()
            )))
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes a role a member of another. The migrations give functions to the definer's and the asker's role, which only
/// a member of them may do.
async fn grant(
    admin: &AdminConnection,
    granted: &'static str,
    to: &'static str,
) -> Result<(), StoreError> {
    let who = if to == "current_user" {
        "current_user".to_owned()
    } else {
        format!("'{to}'")
    };
    let member = Statement::new(format!("select pg_has_role({who}, $1, 'member')"))
        .with(granted, Type::TEXT);
    let rows = admin.query(&member).await?;
    if rows
        .first()
        .is_some_and(|row| row.try_get(0).unwrap_or(false))
    {
        return Ok(());
    }
    retry_catalogue(admin, &format!("grant {granted} to {to}")).await
}

/// Gives the password unless it is the role's already, which a sign-in shows. The password itself is never sent: the
/// server gets a SCRAM verifier, so it cannot end in a log.
async fn give_password(
    admin: &AdminConnection,
    target: &Target,
    password: &str,
) -> Result<(), StoreError> {
    match target.connect().await {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .code()
                .is_some_and(|code| code.code().starts_with("28")) =>
        {
            let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
            tracing::info!(
                role = APPLICATION_ROLE,
                "setting the application role's password"
            );
            retry_catalogue(
                admin,
                &format!("alter role {APPLICATION_ROLE} password '{verifier}'"),
            )
            .await
        }
        Err(error) => Err(error.into()),
    }
}

/// Everyone may connect to a database unless somebody took that away, as careful administrators do.
async fn allow_connections(admin: &AdminConnection) -> Result<(), StoreError> {
    let allowed =
        Statement::new("select has_database_privilege($1, current_database(), 'connect')")
            .with(APPLICATION_ROLE, Type::TEXT);
    let rows = admin.query(&allowed).await?;
    if rows
        .first()
        .is_some_and(|row| row.try_get(0).unwrap_or(false))
    {
        return Ok(());
    }
    let sql = format!(
        "do $$ begin execute format('grant connect on database %I to {APPLICATION_ROLE}', current_database()); end $$"
    );
    retry_catalogue(admin, &sql).await
}

/// Settings that hold for every session of the application in this database, also where a pooler lets none be sent at
/// sign-in. Written only when they differ, because a catalogue row is no place for a write at every start.
async fn session_defaults(admin: &AdminConnection) -> Result<(), StoreError> {
    let wanted = [
        "statement_timeout=30000",
        "idle_in_transaction_session_timeout=60000",
        "lock_timeout=10000",
        "jit=off",
        "TimeZone=UTC",
    ];
    let found = Statement::new(
        "select s.setconfig from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
          join pg_database d on d.oid = s.setdatabase where r.rolname = $1 and d.datname = current_database()",
    )
    .with(APPLICATION_ROLE, Type::TEXT);
    let rows = admin.query(&found).await?;
    let present: Vec<String> = match rows.first() {
        Some(row) => row.try_get(0)?,
        None => Vec::new(),
    };
    for setting in wanted {
        let missing = !present
            .iter()
            .any(|entry| entry.split('=').next() == setting.split('=').next());
        if let (true, Some((name, value))) = (missing, setting.split_once('=')) {
            let sql = format!(
                "do $$ begin execute format('alter role {APPLICATION_ROLE} in database %I set {name} = ''{value}''', current_database()); end $$"
            );
            retry_catalogue(admin, &sql).await?;
        }
    }
    Ok(())
}

/// Catalogue rows have no queue: of two nodes that change one at once, one is told "tuple concurrently updated".
async fn retry_catalogue(admin: &AdminConnection, sql: &str) -> Result<(), StoreError> {
    let mut attempt = 0;
    loop {
        match admin.client().batch_execute(sql).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                let concurrent = error.as_db_error().is_some_and(|database| {
                    database.message().contains("concurrently")
                        || database.code() == &SqlState::UNIQUE_VIOLATION
                });
                if !concurrent || attempt == 20 {
                    return Err(error.into());
                }
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

fn derived_target(owner: &Target) -> Target {
    owner.with_role(
        APPLICATION_ROLE,
        owner.password().map(application_password).as_deref(),
    )
}

/// HMAC-SHA256 of the role's name under the owner's password, in hexadecimal.
fn application_password(owner: &[u8]) -> String {
    // A key of any length is accepted, so the error cannot happen; an empty password would merely fail to sign in.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(owner) else {
        return String::new();
    };
    mac.update(APPLICATION_ROLE.as_bytes());
    let mut text = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
