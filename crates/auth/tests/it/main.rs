//! Sign-in against a real database: one program, so that everything is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod access;
mod account;
mod api_keys;
mod fixture;
mod isolation;
mod keys;
mod recovery;
mod registration;
mod second_factor;
mod sessions;
mod tokens;
