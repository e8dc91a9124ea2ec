//! Records that may be one: as a list, and for a record that is about to be made.
//!
//! What is compared stands in plain columns that lead an index, so the list walks those indexes in order and
//! looks at neighbours: equal keys, or names that differ by a misspelling. Each page does bounded work and may be
//! short; its cursor goes on. Row security decides which records take part at all.

mod check;
mod likeness;
mod list;
mod pairs;

pub use check::check_new;
pub use list::{DuplicatesQuery, duplicates};
pub use pairs::{distinct, not_distinct};

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::identity::Identity;

use crate::caller::Caller;
use crate::error::EngineError;
use crate::mask::Mask;

/// A field that is compared, with how.
pub(super) type Compared = (&'static Field, Identity);

/// What is compared for a caller: nothing that they see masked, or the mask could be guessed away.
///
/// # Errors
/// [`EngineError::Forbidden`] without the permission to read; [`EngineError::Refused`] for an entity that knows no
/// duplicates.
pub(super) fn compared(
    caller: &Caller,
    entity: &'static Entity,
) -> Result<Vec<Compared>, EngineError> {
    caller.require(entity, Action::Read)?;
    if !entity.merges() {
        return Err(EngineError::Refused {
            field: None,
            message: format!("{} are not compared with each other", entity.path),
        });
    }
    let mask = Mask::of(caller, entity.name);
    Ok(entity
        .identities()
        .filter(|(field, _)| !mask.hides(field))
        .collect())
}
