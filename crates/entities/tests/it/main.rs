//! The entities against a real database, through the engine and past it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it is"
)]

mod access;
mod batches;
mod billing;
mod bodies;
mod campaigns;
mod catalogue;
mod conflicts;
mod conformance;
mod conversations;
mod deals;
mod delivery;
mod departure;
mod duplicates;
mod exports;
mod feed;
mod filters;
mod histories;
mod insight;
mod leads;
mod led;
mod masks;
mod merging;
mod money;
mod payloads;
mod privacy;
mod products;
mod round_trip;
mod search;
mod sharing;
mod support_clock;
mod support_queue;
mod support_secrets;
mod tasks;
mod ticket_files;
mod ticket_merge;
mod tickets;
mod time;
mod work;
mod world;
