//! One file per command.

pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod mail;
pub(crate) mod migrate;
pub(crate) mod org;
pub(crate) mod serve;
pub(crate) mod user;

mod owner;

use std::io::Write;

use anyhow::Result;
use kith_catalogue::custom::Overlay;

/// Writes a line for whoever typed the command.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Writes a line beside what the command puts out.
///
/// # Errors
/// When standard error is closed.
pub(crate) fn say_aside(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stderr().lock(), "{text}")?)
}

/// The interface's description, without any organization's own fields.
///
/// # Errors
/// Never: a document of JSON values can be written.
pub(crate) fn openapi() -> Result<String> {
    let document = kith_http::document(&kith_entities::CATALOGUE, &Overlay::default());
    Ok(serde_json::to_string_pretty(&document)?)
}
