//! The HTTP interface: every address in one list (`router.rs`), the same handlers for every entity
//! (`records.rs`), one error type at the edge (`error.rs`).
//!
//! A request takes the same four hops for every entity: router → record handler → engine → SQL. A handler that takes
//! [`actor::Acting`] is for signed-in members; nothing else hands out a caller, and without a caller the engine does
//! nothing. This is the only crate that knows the web framework; it knows no SQL beyond the idempotency keys and the
//! organizations' own fields.

mod account;
pub mod actor;
mod answer;
pub mod app;
mod billing;
mod body;
mod bulk;
mod calendar;
mod campaigns;
mod conversations;
mod documents;
pub mod duplicates;
pub mod edge;
pub mod error;
mod exports;
mod forms;
mod imports;
mod insight;
mod jobs;
mod leads;
mod meta;
pub mod monitor;
mod notifications;
mod openapi;
mod operations;
mod overlays;
mod path;
mod people;
mod privacy;
mod records;
mod recovery;
mod request_id;
mod roles;
mod router;
mod second_factor;
mod serve;
mod serving;
mod sign_in;
mod tasks;
mod tickets;
mod time_entries;
mod unsubscribe;
mod uploads;
mod web;
mod webhooks;
mod write;

pub use actor::caller;
pub use app::{App, Compression, HttpSettings, Network};
pub use imports::clean_uploads;
pub use openapi::document;
pub use router::router;
pub use serve::serve;
