//! Background work against a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should stop where it is"
)]

mod fixture;
mod queue;
mod reports;
mod running;
mod scheduled;
