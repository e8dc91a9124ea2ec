//! A demo organization: believable, connected, dated data in every entity, so that every page has
//! something to show.
//!
//! ```text
//! story.rs     what happens, when and by whom: a list of acts, planned from a seed without a database
//! <area>.rs    one file an area plans its part: people, companies, sales, work …
//! tell.rs      carries the acts out in order, through the engine, as the members who do them
//! dating.rs    afterwards, as the database's owner: moves what was written to when it happened
//! ```
//!
//! **To add an area**: write `src/<area>.rs` with `pub(crate) fn plan(story: &mut Story)`, call it in
//! [`plan`] behind the areas it builds upon, and in it:
//!
//! ```text
//! story.begin("tickets");                                  // a random stream of its own: nobody else's data moves
//! let moment = story.workday(12);                          // twelve days ago, in working hours
//! story.at("priya", moment);                               // who acts, and when
//! story.create(&TICKET, "ticket-1", json!({"subject": "…", "company_id": "{company-3}"}));
//! story.change(&TICKET, "ticket-1", json!({"status": "resolved"}));
//! ```
//!
//! `{name}` in any text stands for the id of the record of that name. What is no plain create or change
//! (converting a lead, sending an invoice) is a [`Rule`]: a function that gets the acting member's
//! transaction. `story.cast` holds what the earlier areas made. Times follow by themselves: whatever an
//! act writes as *now*, in whichever table, is moved to its moment; days (`date` columns) that a rule
//! takes from today are for the act to say.
//!
//! It must not know HTTP. It writes through the engine's rules and as members only; the two things that
//! an operator does (letting people in without a mail, dating) are in `dating.rs`.

#![expect(
    clippy::indexing_slicing,
    reason = "the story is written here, and no input reaches it"
)]

mod companies;
mod dating;
mod delivery;
mod finance;
mod insight;
mod leads;
mod organization;
mod people;
mod platform;
mod sales;
mod story;
mod support;
mod talk;
mod tell;
mod words;
mod work;

pub use people::{owner_email, owner_name};
pub use story::{Act, Rule, Story, Turn, What};

use std::path::Path;

use jiff::Zoned;
use kith_channels::storage::Storage;
use kith_engine::Engine;
use kith_store::{AdminConnection, StoreError};
use uuid::Uuid;

/// The organization's name when none is given.
pub const NAME: &str = "Larkspur Studio";
/// The seed when none is given.
pub const SEED: u64 = 7;

/// Where the demo organization is written.
pub struct Place<'a> {
    pub engine: &'a Engine,
    /// The database owner's connection, in the owner's own role.
    pub admin: &'a AdminConnection,
    /// An organization that was made just now and has nothing but its owner, and that owner.
    pub organization_id: Uuid,
    pub owner_id: Uuid,
    /// For files that are imported.
    pub folder: &'a Path,
    /// Where documents are kept.
    pub storage: &'a Storage,
}

/// What is to be written.
pub struct Wanted {
    pub seed: u64,
    /// When the story ends, in the organization's time zone.
    pub now: Zoned,
    /// The organization's slug: its people have addresses at `<slug>.example`.
    pub slug: String,
    /// The hash of the password with which its people sign in.
    pub password_hash: String,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub acts: usize,
    pub transactions: usize,
}

/// Why the demo organization could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// An act was refused: its name and the engine's words.
    #[error("{act}: {reason}")]
    Act { act: String, reason: String },
    /// An act names a record that none before it made.
    #[error("{act} names {{{name}}}, which nothing made before")]
    Name { act: String, name: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Everything that happens, in the order in which it happens. The same seed, moment and slug give the same acts.
#[must_use]
pub fn plan(wanted: &Wanted) -> Vec<Act> {
    let mut story = Story::new(wanted.seed, wanted.now.clone(), &wanted.slug);
    organization::plan(&mut story);
    people::plan(&mut story);
    companies::plan(&mut story);
    leads::plan(&mut story);
    sales::plan(&mut story);
    work::plan(&mut story);
    delivery::plan(&mut story);
    finance::plan(&mut story);
    support::plan(&mut story);
    talk::plan(&mut story);
    insight::plan(&mut story);
    platform::plan(&mut story);
    story.into_acts()
}

/// Writes the demo organization.
///
/// # Errors
/// [`DemoError`]; what was written until then stays.
pub async fn write(place: &Place<'_>, wanted: &Wanted) -> Result<Written, DemoError> {
    let acts = plan(wanted);
    let count = acts.len();
    let steps = tell::tell(place, wanted, acts).await?;
    dating::date(place, &steps).await?;
    Ok(Written {
        acts: count,
        transactions: steps.len(),
    })
}
