//! The engine against a real database, with the entities of the product.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it is"
)]

mod import_dry_runs;
mod import_files;
mod import_policies;
mod import_products;
mod import_real;
mod import_runs;
mod import_undo;
mod import_world;
