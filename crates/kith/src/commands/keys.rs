//! `kith keys`: the keys that sign access tokens.

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use kith_auth::{KeyRing, system_clock, token};

use super::say;
use crate::settings::Settings;

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Sign with a new key from now on. Older ones go on verifying until every token signed with them has expired.
    Rotate,
    /// List the keys, oldest first.
    List,
}

/// Runs the command. A running server notices a new key by itself.
pub(crate) fn run(settings: &Settings, what: &Keys) -> Result<()> {
    let now = (system_clock())();
    let ring = KeyRing::open(crate::keys_folder(settings), now)?;
    match what {
        Keys::Rotate => {
            let lifetime =
                u64::try_from(token::ACCESS_TOKEN_SECONDS + token::LEEWAY_SECONDS).unwrap_or(3600);
            let removed = ring.rotate(Duration::from_secs(2 * lifetime), now)?;
            say(&format!(
                "a new key signs from now on; {removed} old keys removed, {} remain",
                ring.ids().len()
            ))
        }
        Keys::List => ring.ids().iter().try_for_each(|id| say(&id.to_string())),
    }
}
