//! `kith org`: organizations.

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use kith_auth::Passwords;
use kith_channels::storage::Storage;
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
    /// Delete an organization for good: its records, history and files, and the accounts that belong to no other.
    Delete {
        /// Its short name or its id.
        organization: String,
        /// Its short name once more. Without it nothing goes, and what would is told.
        #[arg(long)]
        confirm: Option<String>,
    },
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, what: Org) -> Result<()> {
    let server = Server::join_current(&settings.database).await?;
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
            Org::Delete {
                organization,
                confirm,
            } => {
                let storage = crate::storage(settings)?;
                delete(&admin, &storage, &organization, confirm.as_deref()).await
            }
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

/// What goes with an organization, in words that somebody can be frightened by.
const TOLD: &str = "select (select count(*) from memberships m where m.organization_id = o.id), \
     (select count(*) from companies c where c.organization_id = o.id), \
     (select count(*) from contacts c where c.organization_id = o.id), \
     (select count(*) from audit_log l where l.organization_id = o.id), \
     (select count(*) from stored_files f where f.organization_id = o.id) \
     from organizations o where o.id = $1";

async fn delete(
    admin: &AdminConnection,
    storage: &Storage,
    named: &str,
    confirm: Option<&str>,
) -> Result<()> {
    let (id, slug) = match owner::organization(admin, Some(named)).await {
        Ok(found) => found,
        // The files of an organization whose deletion was interrupted after its rows were gone.
        Err(error) => {
            let Ok(id) = named.parse::<Uuid>() else {
                return Err(error);
            };
            let files = storage.remove_organization(id).await?;
            return say(&format!(
                "there is no organization {id}; {files} files that were left of it are gone"
            ));
        }
    };
    let tell = Statement::new(TOLD).with(id, Type::UUID);
    let rows = admin.query(&tell).await?;
    let row = rows.first().context("the organization is gone already")?;
    let count = |index: usize| row.try_get::<_, i64>(index);
    let what = format!(
        "{} members, {} companies, {} contacts, {} entries of history, {} files",
        count(0)?,
        count(1)?,
        count(2)?,
        count(3)?,
        count(4)?
    );
    match confirm {
        Some(said) if said == slug => {}
        Some(said) => {
            bail!("--confirm says {said:?} and the organization is {slug:?}; nothing was deleted")
        }
        None => {
            return say(&format!(
                "{slug} has {what}.\nNothing was deleted. This cannot be undone; to go on, say\n\n  kith org delete {slug} --confirm {slug}"
            ));
        }
    }
    let accounts = Statement::new(
        "delete from users u where u.id = any ($1) and not exists (select 1 from memberships m where m.user_id = u.id)",
    );
    let members = Statement::new("select user_id from memberships where organization_id = $1")
        .with(id, Type::UUID);
    let going = Statement::new("delete from organizations where id = $1").with(id, Type::UUID);
    owner::transaction(admin, Some(id), async || {
        let members: Vec<Uuid> = admin
            .query(&members)
            .await?
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?;
        admin.execute(&going).await?;
        admin
            .execute(&accounts.with(members, Type::UUID_ARRAY))
            .await?;
        Ok(())
    })
    .await?;
    // After the rows: a file without a row is only waste, a row without its file is a document lost.
    storage.remove_organization(id).await.with_context(|| {
        format!("{slug} is deleted, some of its files are not: `kith org delete {id}` removes them")
    })?;
    say(&format!("{slug} is gone, with {what}"))
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
