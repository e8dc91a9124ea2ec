//! `kith demo`: an organization with believable data, to look around in.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::tz::TimeZone;
use kith_auth::{Passwords, password, system_clock};
use kith_channels::storage::Storage;
use kith_demo::{NAME, Place, SEED, Wanted, owner_email, owner_name};
use kith_engine::Engine;
use kith_store::types::Type;
use kith_store::{Server, Statement};

use super::{org, owner, say};
use crate::settings::Settings;

/// The zone in which the demo organization works.
const ZONE: &str = "Europe/Berlin";

#[derive(Args)]
pub(crate) struct Demo {
    /// What its data is drawn from: the same seed on the same day makes the same data.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// The organization's name.
    #[arg(long, default_value = NAME)]
    organization: String,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, what: Demo) -> Result<()> {
    let server = Server::join_current(&settings.database).await?;
    let storage = crate::storage(settings)?;
    let result = make(
        &server,
        &settings.data_dir,
        &storage,
        &what.organization,
        what.seed,
    )
    .await;
    server.stop().await;
    say(&result?.told(&crate::base_address(settings, settings.listen)))
}

/// How one signs in to what was made.
pub(super) struct SignIn {
    email: String,
    password: String,
}

impl SignIn {
    /// What a newcomer is told, once.
    pub(super) fn told(&self, address: &str) -> String {
        format!(
            "The demo organization is there. Sign in at {address}\n\n  address   {}\n  password  {}\n\n\
             Its other people sign in with the same password: mateo@… sells, priya@… supports, marta@… is a customer.\n\
             The password is not kept anywhere; `kith user set-password {}` sets another.",
            self.email, self.password, self.email
        )
    }
}

/// Makes the demo organization where no organization is yet; `None` where there is one.
pub(super) async fn make_first(
    server: &Server,
    folder: &Path,
    storage: &Storage,
) -> Result<Option<SignIn>> {
    let admin = owner::connect(server).await?;
    let any = Statement::new("select 1 from organizations limit 1");
    if !admin.query(&any).await?.is_empty() {
        return Ok(None);
    }
    drop(admin);
    make(server, folder, storage, NAME, SEED).await.map(Some)
}

async fn make(
    server: &Server,
    folder: &Path,
    storage: &Storage,
    name: &str,
    seed: u64,
) -> Result<SignIn> {
    let slug = org::slug_of(name);
    let email = owner_email(&slug);
    let admin = owner::connect(server).await?;
    let found = Statement::new("select 1 from organizations where slug = $1")
        .with(slug.clone(), Type::TEXT);
    if !admin.query(&found).await?.is_empty() {
        bail!(
            "there is an organization {slug:?} already; say another --organization, or go on with that one: `kith user set-password {email}` lets you in"
        );
    }
    if owner::user(&admin, &email).await?.is_some() {
        bail!("{email} has an account already; say another --organization");
    }
    let password = password::generate()?;
    let hash = Passwords::new()?.hash(&password).await?;
    let (organization_id, owner_id) = org::make(
        &admin,
        name,
        &slug,
        &email,
        owner_name(),
        Some(hash.clone()),
    )
    .await?;
    // What only tables' owners may do is done in the owner's own role.
    let admin = server.admin().await?;
    let engine = Engine {
        database: server.database().clone(),
        catalogue: &kith_entities::CATALOGUE,
        rules: kith_entities::rules(),
    };
    let place = Place {
        engine: &engine,
        admin: &admin,
        organization_id,
        owner_id,
        folder,
        storage,
    };
    let wanted = Wanted {
        seed,
        now: system_clock()().to_zoned(TimeZone::get(ZONE).unwrap_or(TimeZone::UTC)),
        slug,
        password_hash: hash,
    };
    kith_demo::write(&place, &wanted).await.with_context(|| {
        format!("the demo organization {name:?} is not complete; it can be looked at, and another made with --organization")
    })?;
    Ok(SignIn { email, password })
}
