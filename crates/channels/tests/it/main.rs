//! Mail over the wire and from the queue: a real database, and a server that speaks ESMTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod bucket;
mod fixture;
mod outbox;
mod server;
mod smtp;
mod storage;
