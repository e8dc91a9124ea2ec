//! `kith user`: people and how they sign in.

use anyhow::{Result, bail};
use clap::Subcommand;
use kith_auth::{OpaqueToken, Passwords};
use kith_store::types::Type;
use kith_store::{AdminConnection, Server, Statement};
use uuid::Uuid;

use super::{owner, say};
use crate::settings::Settings;

#[derive(Subcommand)]
pub(crate) enum User {
    /// Add a person to an organization. The password is read from standard input.
    Create {
        /// The address to sign in with.
        email: String,
        /// The person's name.
        #[arg(long)]
        name: String,
        /// The organization's slug or id; not needed when there is only one.
        #[arg(long)]
        org: Option<String>,
        /// The role's key: owner, admin, manager, sales, support, finance, member, viewer …
        #[arg(long, default_value = "member")]
        role: String,
    },
    /// List people.
    List {
        /// Only this organization's.
        #[arg(long)]
        org: Option<String>,
    },
    /// Give someone a new password, read from standard input, and end their sessions.
    SetPassword { email: String },
    /// Print a link with which someone sets a new password: works once, within an hour.
    ResetPassword { email: String },
    /// Let someone who lost their authenticator and recovery codes sign in with their password alone.
    DisableSecondFactor { email: String },
    /// Keep someone from signing in, and end their sessions.
    Deactivate { email: String },
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, what: User) -> Result<()> {
    let server = Server::join_current(&settings.database).await?;
    let result = async {
        let admin = owner::connect(&server).await?;
        match what {
            User::Create {
                email,
                name,
                org,
                role,
            } => create(&admin, &email, &name, org.as_deref(), &role).await,
            User::List { org } => list(&admin, org.as_deref()).await,
            User::SetPassword { email } => set_password(&admin, &email).await,
            User::ResetPassword { email } => reset_password(settings, &admin, &email).await,
            User::DisableSecondFactor { email } => disable_second_factor(&admin, &email).await,
            User::Deactivate { email } => deactivate(&admin, &email).await,
        }
    }
    .await;
    server.stop().await;
    result
}

async fn create(
    admin: &AdminConnection,
    email: &str,
    name: &str,
    org: Option<&str>,
    role: &str,
) -> Result<()> {
    let (organization, slug) = owner::organization(admin, org).await?;
    let find = Statement::new("select id from roles where organization_id = $1 and key = $2")
        .with(organization, Type::UUID)
        .with(role.to_owned(), Type::TEXT);
    let Some(row) = admin.query(&find).await?.pop() else {
        bail!("{slug} has no role {role:?}");
    };
    let role_id: Uuid = row.try_get(0)?;
    let password = match owner::user(admin, email).await? {
        Some(_) => None,
        None => Some(Passwords::new()?.hash(&owner::ask_password()?).await?),
    };
    let known = password.is_none();
    owner::transaction(admin, Some(organization), async || {
        add(admin, organization, role_id, email, name, password).await
    })
    .await?;
    say(&if known {
        format!("{email} is a member of {slug} now, with the password they had")
    } else {
        format!("{email} can sign in to {slug} now")
    })
}

/// Makes the account when there is none, and the membership.
pub(super) async fn add(
    admin: &AdminConnection,
    organization: Uuid,
    role: Uuid,
    email: &str,
    name: &str,
    password_hash: Option<String>,
) -> Result<Uuid> {
    let user = match owner::user(admin, email).await? {
        Some(user) => user,
        None => {
            let insert = Statement::new("insert into users (email, full_name, password_hash) values (lower($1), $2, $3) returning id")
                .with(email.to_owned(), Type::TEXT)
                .with(name.to_owned(), Type::TEXT)
                .with(password_hash, Type::TEXT);
            match admin.query(&insert).await?.first() {
                Some(row) => row.try_get(0)?,
                None => bail!("the account was not made"),
            }
        }
    };
    let member = Statement::new(
        "insert into memberships (organization_id, user_id, role_id, status) values ($1, $2, $3, 'active') \
         on conflict (organization_id, user_id) do nothing",
    )
    .with(organization, Type::UUID)
    .with(user, Type::UUID)
    .with(role, Type::UUID);
    if admin.execute(&member).await? == 0 {
        bail!("{email} is a member of this organization already");
    }
    Ok(user)
}

async fn list(admin: &AdminConnection, org: Option<&str>) -> Result<()> {
    let organization = match org {
        Some(org) => Some(owner::organization(admin, Some(org)).await?.0),
        None => None,
    };
    let find = Statement::new(
        "select coalesce(u.email::text, '-'), u.full_name::text, o.slug, r.key, case when u.is_active then m.status else 'deactivated' end \
         from memberships m join users u on u.id = m.user_id join organizations o on o.id = m.organization_id \
         join roles r on r.organization_id = m.organization_id and r.id = m.role_id \
         where $1::uuid is null or m.organization_id = $1 order by o.slug, u.full_name",
    )
    .with(organization, Type::UUID);
    for row in admin.query(&find).await? {
        let column = |index: usize| row.try_get::<_, String>(index);
        say(&format!(
            "{:35} {:25} {:20} {:12} {}",
            column(0)?,
            column(1)?,
            column(2)?,
            column(3)?,
            column(4)?
        ))?;
    }
    Ok(())
}

async fn known(admin: &AdminConnection, email: &str) -> Result<Uuid> {
    match owner::user(admin, email).await? {
        Some(user) => Ok(user),
        None => bail!("nobody has the address {email}"),
    }
}

fn end_sessions(user: Uuid) -> Statement {
    Statement::new(
        "update refresh_tokens set revoked_at = now() where user_id = $1 and revoked_at is null",
    )
    .with(user, Type::UUID)
}

async fn set_password(admin: &AdminConnection, email: &str) -> Result<()> {
    let user = known(admin, email).await?;
    let hash = Passwords::new()?.hash(&owner::ask_password()?).await?;
    let change =
        Statement::new("update users set password_hash = $2, updated_at = now() where id = $1")
            .with(user, Type::UUID)
            .with(hash, Type::TEXT);
    owner::transaction(admin, None, async || {
        admin.execute(&change).await?;
        admin.execute(&end_sessions(user)).await?;
        Ok(())
    })
    .await?;
    say(&format!(
        "{email} has a new password; their sessions have ended"
    ))
}

async fn reset_password(settings: &Settings, admin: &AdminConnection, email: &str) -> Result<()> {
    let user = known(admin, email).await?;
    let token = OpaqueToken::generate()?;
    let keep = Statement::new(
        "insert into one_time_tokens (purpose, user_id, email, token_hash, expires_at) \
         select 'reset_password', id, email, $2, now() + interval '1 hour' from users where id = $1 and is_active",
    )
    .with(user, Type::UUID)
    .with(token.hash(), Type::BYTEA);
    if admin.execute(&keep).await? == 0 {
        bail!("{email} is deactivated");
    }
    let base = crate::base_address(settings, settings.listen);
    say(&format!(
        "{base}/reset-password?token={}\n\nworks once, within an hour, and ends the sessions of {email}",
        token.as_str()
    ))
}

async fn disable_second_factor(admin: &AdminConnection, email: &str) -> Result<()> {
    let user = known(admin, email).await?;
    let has =
        Statement::new("select has_second_factor from users where id = $1").with(user, Type::UUID);
    if !admin
        .query(&has)
        .await?
        .first()
        .is_some_and(|row| row.try_get(0).unwrap_or(false))
    {
        bail!("{email} signs in with a password alone already");
    }
    let remove = Statement::new("select remove_second_factor($1)::text").with(user, Type::UUID);
    owner::transaction(admin, None, async || {
        admin.query(&remove).await?;
        admin.execute(&end_sessions(user)).await?;
        Ok(())
    })
    .await?;
    say(&format!(
        "{email} signs in with a password alone now; their sessions have ended, and they are told by mail"
    ))
}

async fn deactivate(admin: &AdminConnection, email: &str) -> Result<()> {
    let user = known(admin, email).await?;
    let change =
        Statement::new("update users set is_active = false, updated_at = now() where id = $1")
            .with(user, Type::UUID);
    owner::transaction(admin, None, async || {
        admin.execute(&change).await?;
        admin.execute(&end_sessions(user)).await?;
        Ok(())
    })
    .await?;
    say(&format!("{email} cannot sign in any more"))
}
