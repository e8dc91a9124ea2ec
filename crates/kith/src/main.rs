//! The program: its command line and settings, and how its parts are put together. What the parts do is theirs.

mod commands;
mod logging;
mod settings;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};
use kith_channels::storage::Storage;

/// Fast for many small allocations by many threads, which is what serving is.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Kith, a self-hosted CRM.
#[derive(Parser)]
#[command(name = "kith", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server.
    Serve(commands::serve::Serve),
    /// Look at or change the database's schema.
    #[command(subcommand)]
    Migrate(commands::migrate::Migrate),
    /// Manage people.
    #[command(subcommand)]
    User(commands::user::User),
    /// Manage organizations.
    #[command(subcommand)]
    Org(commands::org::Org),
    /// Make a demo organization with believable data, to look around in.
    Demo(commands::demo::Demo),
    /// Import a file, as a member of an organization.
    Import(commands::import::Import),
    /// Export to a file, as a member of an organization.
    Export(commands::export::Export),
    /// Print the interface's description (OpenAPI 3.1, JSON).
    Openapi,
    /// Look for what is wrong with the database; exit code 1 when there is something.
    Doctor,
    /// Manage the keys that sign sessions.
    #[command(subcommand)]
    Keys(commands::keys::Keys),
    /// Look at outgoing mail that waits or was given up.
    #[command(subcommand)]
    Mail(commands::mail::Mail),
    /// Look at background work that waits, runs or was given up.
    #[command(subcommand)]
    Jobs(commands::jobs::Jobs),
    /// Print the reference of all settings (Markdown).
    Settings,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("kith: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let command = Cli::command()
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("file")
                .global(true)
                .help("The settings' file [default: kith.toml, when it exists]"),
        )
        .args(settings::flags());
    let matches = command.get_matches();
    let cli = Cli::from_arg_matches(&matches)?;
    match &cli.command {
        Command::Openapi => return print(&commands::openapi()?),
        Command::Settings => return print(&settings::reference()),
        _ => {}
    }
    // Flags stand before or after the command: a flag given there is found in the command's own matches.
    let innermost = innermost(&matches);
    let settings = settings::read(innermost, environment())?;
    logging::start(&settings)?;
    // Every part that speaks TLS uses this one implementation.
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("another TLS provider was installed already");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    // On this thread: the private database ends with the thread that started it.
    runtime.block_on(async {
        match cli.command {
            Command::Serve(what) => Box::pin(commands::serve::run(settings, what))
                .await
                .map(|()| ExitCode::SUCCESS),
            Command::Migrate(what) => commands::migrate::run(&settings, &what)
                .await
                .map(|()| ExitCode::SUCCESS),
            Command::User(what) => commands::user::run(&settings, what)
                .await
                .map(|()| ExitCode::SUCCESS),
            Command::Org(what) => commands::org::run(&settings, what)
                .await
                .map(|()| ExitCode::SUCCESS),
            Command::Demo(what) => commands::demo::run(&settings, what)
                .await
                .map(|()| ExitCode::SUCCESS),
            Command::Mail(what) => commands::mail::run(&settings, &what)
                .await
                .map(|()| ExitCode::SUCCESS),
            Command::Jobs(what) => commands::jobs::run(&settings, &what)
                .await
                .map(|()| ExitCode::SUCCESS),
            Command::Import(what) => commands::import::run(&settings, what).await,
            Command::Export(what) => commands::export::run(&settings, what).await,
            Command::Doctor => commands::doctor::run(&settings).await,
            Command::Keys(what) => {
                commands::keys::run(&settings, &what).map(|()| ExitCode::SUCCESS)
            }
            Command::Openapi | Command::Settings => Ok(ExitCode::SUCCESS),
        }
    })
}

fn innermost(matches: &clap::ArgMatches) -> &clap::ArgMatches {
    match matches.subcommand() {
        Some((_, inner)) => innermost(inner),
        None => matches,
    }
}

/// The environment's readable part; other programs' variables may be anything.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn print(text: &str) -> Result<ExitCode> {
    commands::say(text)?;
    Ok(ExitCode::SUCCESS)
}

/// Where documents are kept: as the operator says, else in the data folder.
fn storage(settings: &settings::Settings) -> Result<Storage> {
    match &settings.http.storage {
        Some(storage) => Ok(storage.clone()),
        None => {
            Storage::folder(&settings.data_dir.join("documents")).context("the folder of documents")
        }
    }
}

/// The address of the web application, for links that leave the program: what people use, or else where it listens.
/// Never what a request says about itself.
fn base_address(settings: &settings::Settings, listening: SocketAddr) -> String {
    if let Some(url) = &settings.http.public_url {
        return url.clone();
    }
    let mut here = listening;
    if here.ip().is_unspecified() {
        here.set_ip(if here.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    format!("http://{here}")
}

/// The folder of the signing keys.
fn keys_folder(settings: &settings::Settings) -> PathBuf {
    settings.data_dir.join("keys")
}
