//! The program itself, started as people start it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it is"
)]

mod crash;
mod demo;
mod mail;
mod program;
