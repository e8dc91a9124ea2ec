//! What tests share: a database of their own, made in a moment from a template.
//!
//! All test processes share one private PostgreSQL under `target/` (or the server of `KITH_TEST_DATABASE_URL`). It
//! gives up durability for speed and must never hold anything that matters. It may keep running between runs.
//!
//! What it must not know: entities and the engine's inner workings.

mod cluster;
mod database;
mod template;

pub use database::{TestDatabase, Transport};
