//! Writing: draft → prepare → check → SQL → follow-up, for one record or many alike.

mod bulk;
mod change;
mod check;
mod constraints;
mod create;
mod delete;
mod draft;
mod parts;
mod references;
mod statement;
mod update;

pub use bulk::{BulkAnswer, BulkOperation, bulk, bulk_by_filter};
pub use change::{Change, Checked, Draft};
pub(crate) use check::check;
pub(crate) use constraints::explain;
pub use create::create;
pub(crate) use create::{PreparedRows, alike, insert_columns, prepare_create, prepare_create_as};
pub use delete::{delete, restore};
pub(crate) use draft::{draft_nothing, draft_partly, draft_values};
pub use update::{Update, update};
pub(crate) use update::{lock, update_prepared};
