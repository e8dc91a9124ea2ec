//! The log: on standard error, for people at a terminal and as JSON for machines.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Settings};

/// Starts the log.
///
/// # Errors
/// When the filter cannot be read, or there is a log already.
pub(crate) fn start(settings: &Settings) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.log).context("KITH_LOG")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let json = match settings.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let started = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder
            .with_ansi(std::io::stderr().is_terminal())
            .compact()
            .try_init()
    };
    started.map_err(|error| anyhow::anyhow!("the log: {error}"))
}
