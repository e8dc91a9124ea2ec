//! The database as its owner sees it, for commands that manage accounts and look for faults. Row security binds an
//! owner too; the definer's role, which the owner belongs to, has policies of its own that show everything.

use anyhow::{Context, Result, bail};
use kith_store::types::Type;
use kith_store::{AdminConnection, DEFINER_ROLE, Server, Statement};
use uuid::Uuid;

/// A connection that sees every organization.
///
/// # Errors
/// When the database's role may not: the URL must be an owner's.
pub(crate) async fn connect(server: &Server) -> Result<AdminConnection> {
    let admin = server.admin().await?;
    admin
        .script(&format!("set role {DEFINER_ROLE}"))
        .await
        .context("this command needs DATABASE_URL of the database's owner")?;
    Ok(admin)
}

/// Runs `work` in a transaction whose changes stand in the history as made from the command line.
pub(crate) async fn transaction<T>(
    admin: &AdminConnection,
    organization: Option<Uuid>,
    work: impl AsyncFnOnce() -> Result<T>,
) -> Result<T> {
    admin.script("begin").await?;
    let head = Statement::new(
        "select set_config('kith.organization', $1, true), set_config('kith.change_set', $2, true), set_config('kith.origin', 'cli', true)",
    )
    .with(organization.map(|id| id.to_string()).unwrap_or_default(), Type::TEXT)
    .with(Uuid::now_v7().to_string(), Type::TEXT);
    let result = match admin.query(&head).await {
        Ok(_) => work().await,
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(value) => {
            admin.script("commit").await?;
            Ok(value)
        }
        Err(error) => {
            admin.script("rollback").await?;
            Err(error)
        }
    }
}

/// The organization of this slug or id; with one organization only, that one when nothing is said.
pub(crate) async fn organization(
    admin: &AdminConnection,
    named: Option<&str>,
) -> Result<(Uuid, String)> {
    let find = Statement::new("select id, slug from organizations where $1::text is null or slug = $1 or id::text = $1 order by slug limit 2")
        .with(named.map(str::to_owned), Type::TEXT);
    let rows = admin.query(&find).await?;
    match (rows.as_slice(), named) {
        ([row], _) => Ok((row.try_get(0)?, row.try_get(1)?)),
        ([], Some(name)) => bail!("there is no organization {name:?}; `kith org list` shows them"),
        ([], None) => bail!("there is no organization yet; make one with `kith org create`"),
        _ => bail!(
            "there are several organizations: say which with --org; `kith org list` shows them"
        ),
    }
}

/// The user with this address.
pub(crate) async fn user(admin: &AdminConnection, email: &str) -> Result<Option<Uuid>> {
    let find = Statement::new("select id from users where email = lower($1)")
        .with(email.to_owned(), Type::TEXT);
    match admin.query(&find).await?.first() {
        Some(row) => Ok(Some(row.try_get(0)?)),
        None => Ok(None),
    }
}

/// A password that nobody else sees: from standard input, one line.
pub(crate) fn ask_password() -> Result<String> {
    use std::io::{BufRead, IsTerminal};
    if std::io::stdin().is_terminal() {
        eprint!("Password (will be shown): ");
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("reading the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    let faults = kith_auth::password::faults("password", &password, &[]);
    match faults.first() {
        None => Ok(password),
        Some(fault) => bail!("the password {}", fault.message),
    }
}
