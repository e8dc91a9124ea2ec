//! The store against a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod cancellation;
mod embedded;
mod fixture;
mod listening;
mod migrations;
mod reading;
mod roles;
mod transactions;
