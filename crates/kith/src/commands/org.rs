//! `kith org`: organizations.

use anyhow::{Result, bail};
use clap::Subcommand;
use kith_auth::Passwords;
use kith_store::types::Type;
use kith_store::{AdminConnection, Server, Statement};
use uuid::Uuid;

use super::{owner, say, user};
use crate::settings::Settings;

#[derive(Subcommand)]
pub(crate) enum Org {
    /// Make an organization with its owner. A new owner's password is read from standard input.
    Create {
        /// The organization's name.
        name: String,
        /// The owner's address.
        #[arg(long)]
        owner: String,
        /// The owner's name, for someone new.
        #[arg(long)]
        owner_name: Option<String>,
        /// The short name in addresses; made from the name otherwise.
        #[arg(long)]
        slug: Option<String>,
    },
    /// List organizations.
    List,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, what: Org) -> Result<()> {
    let server = Server::join(&settings.database).await?;
    let result = async {
        let admin = owner::connect(&server).await?;
        match what {
            Org::Create {
                name,
                owner,
                owner_name,
                slug,
            } => create(&admin, &name, slug, &owner, owner_name).await,
            Org::List => list(&admin).await,
        }
    }
    .await;
    server.stop().await;
    result
}

async fn create(
    admin: &AdminConnection,
    name: &str,
    slug: Option<String>,
    email: &str,
    owner_name: Option<String>,
) -> Result<()> {
    let slug = slug.unwrap_or_else(|| slug_of(name));
    let password = match (owner::user(admin, email).await?, &owner_name) {
        (Some(_), _) => None,
        (None, Some(_)) => Some(Passwords::new()?.hash(&owner::ask_password()?).await?),
        (None, None) => {
            bail!("nobody has the address {email}; say --owner-name to make an account")
        }
    };
    let person = owner_name.as_deref().unwrap_or(email);
    make(admin, name, &slug, email, person, password).await?;
    say(&format!("{slug} is there; {email} owns it"))
}

/// Makes an organization with its owner, whose account is made too when there is none. Answers both ids.
pub(super) async fn make(
    admin: &AdminConnection,
    name: &str,
    slug: &str,
    email: &str,
    person: &str,
    password_hash: Option<String>,
) -> Result<(Uuid, Uuid)> {
    let insert = Statement::new("insert into organizations (name, slug) values ($1, $2) on conflict (slug) do nothing returning id")
        .with(name.to_owned(), Type::TEXT)
        .with(slug.to_owned(), Type::TEXT);
    owner::transaction(admin, None, async || {
        let Some(row) = admin.query(&insert).await?.pop() else {
            bail!("there is an organization {slug:?} already; say another --slug");
        };
        let organization: Uuid = row.try_get(0)?;
        let seed = Statement::new(
            "select set_config('kith.organization', $1::text, true), seed_organization($1)::text",
        )
        .with(organization, Type::UUID);
        admin.query(&seed).await?;
        let find =
            Statement::new("select id from roles where organization_id = $1 and key = 'owner'")
                .with(organization, Type::UUID);
        let Some(role) = admin.query(&find).await?.pop() else {
            bail!("the new organization has no role for its owner");
        };
        let role: Uuid = role.try_get(0)?;
        let owner = user::add(admin, organization, role, email, person, password_hash).await?;
        Ok((organization, owner))
    })
    .await
}

pub(super) fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(80).collect();
    if slug.is_empty() {
        "organization".to_owned()
    } else {
        slug
    }
}

async fn list(admin: &AdminConnection) -> Result<()> {
    let find = Statement::new(
        "select o.slug, o.name, o.id::text, (select count(*) from memberships m where m.organization_id = o.id) from organizations o order by o.slug",
    );
    for row in admin.query(&find).await? {
        let column = |index: usize| row.try_get::<_, String>(index);
        say(&format!(
            "{:30} {:35} {} members {}",
            column(0)?,
            column(1)?,
            row.try_get::<_, i64>(3)?,
            column(2)?
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug_of("Müller & Söhne GmbH"), "m-ller-s-hne-gmbh");
        assert_eq!(slug_of("  Acme, Inc. "), "acme-inc");
        assert_eq!(slug_of("日本"), "organization");
    }
}
