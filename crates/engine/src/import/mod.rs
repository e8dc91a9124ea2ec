//! Importing: a file becomes records, in the background, with every bad row named.
//!
//! ```text
//! reading thread   file → columns (options.rs, targets.rs, columns.rs) → drafts of rows (rows.rs)
//! runner           drafts → references (references.rs) → duplicates (matching.rs) → create or update (write.rs), in batches (batch.rs)
//! beside it        progress, heartbeat and the wish to cancel, on a connection of its own (job.rs)
//! ```
//!
//! Rows go through the same draft → prepare → check as single requests, in batches: the number of
//! statements depends on the number of batches, never on the number of rows. What a run may do is what
//! its caller may do; row security guards it like any request.

mod batch;
mod columns;
mod dialect;
mod errors;
mod index;
mod insert;
mod job;
mod later;
mod matching;
mod options;
mod plan;
mod preview;
mod references;
mod rows;
mod run;
mod source;
mod tally;
mod targets;
mod undo;
mod write;

pub use errors::errors_csv;
pub use job::{cancel, get, list};
pub use options::{DateOrderOption, Duplicates, ImportOptions, MissingReferences, Mode, Texts};
pub use preview::preview;
pub use run::{run_to_end, start};
pub use undo::undo;
