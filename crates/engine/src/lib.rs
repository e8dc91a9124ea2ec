//! What can be *done* to any entity: list, read, create, change, delete, restore, bulk, history,
//! import, export. It names none.
//!
//! Reading goes parse → plan → SQL → write, each stage testable alone. Writing goes draft → prepare →
//! check → SQL → follow-up; the order is the order of lines in `write/create.rs` and
//! `write/update.rs`. What is special about an entity comes in through [`Rules`], three hooks that
//! take whole batches.
//!
//! It must not know: any entity by name, HTTP, sign-in, where connections come from.

mod access;
mod audited;
mod caller;
mod duplicates;
mod error;
mod events;
pub mod export;
mod history;
pub mod import;
mod mask;
mod merge;
mod page;
mod privacy;
mod query;
mod read;
mod rules;
mod sql;
mod write;

pub use access::{MembersPage, access};
pub use caller::Caller;
pub use duplicates::{DuplicatesQuery, check_new, distinct, duplicates, not_distinct};
pub use error::{EngineError, FieldConflict};
pub use events::{EventsPage, NoPosition, Position, events};
pub use history::history;
pub use merge::{MergeRequest, Side, alias_of, merge, merges, undo_merge};
pub use page::uncounted_page;
pub use privacy::{erase, personal_data, purge};
pub use query::{Archived, Deleted, ListQuery, QueryInput, SortKey};
pub use read::{
    ListAnswer, RecordJson, get, list, money_text, push_archived, read_by_ids, read_within,
};
pub use rules::{Batch, NoRules, RuleBook, Rules};
pub use sql::{Sql, render_filter, scope_predicate};
pub use write::{
    BulkAnswer, BulkOperation, Change, Checked, Draft, Update, bulk, bulk_by_filter, create,
    delete, restore, update,
};

use kith_catalogue::Catalogue;
use kith_store::Database;

/// Everything the engine works with. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub database: Database,
    pub catalogue: &'static Catalogue,
    pub rules: &'static RuleBook,
}
