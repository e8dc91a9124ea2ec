//! The program over real HTTP: a server of its own on a port of its own for each test, with a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod account;
mod api_keys;
mod billing;
mod delivery;
mod documents;
mod documents_page;
mod exports;
mod files;
mod fixture;
mod floor;
mod hostile;
mod idempotency;
mod imports;
mod insight;
mod limits;
mod notifications;
mod people;
mod records;
mod recovery;
mod roles;
mod sign_in;
mod talk;
mod tickets;
mod trust;
mod webhooks;
