//! Typed column handles: a misspelt or wrongly typed field does not compile.

use std::marker::PhantomData;

use crate::value::ColumnType;

/// A handle to one column of an entity, carrying the Rust type of its values.
///
/// The same constant is used in the declaration of the field and in the rules that read or write
/// it, so the two cannot drift apart.
#[derive(Debug)]
pub struct Col<T> {
    name: &'static str,
    marker: PhantomData<fn() -> T>,
}

impl<T> Clone for Col<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Col<T> {}

/// Names a column. The type is checked against the field's kind where the field is declared.
pub const fn col<T: ColumnType>(name: &'static str) -> Col<T> {
    Col {
        name,
        marker: PhantomData,
    }
}

impl<T> Col<T> {
    /// The column's name in the database, which is also the field's name outside.
    pub const fn name(self) -> &'static str {
        self.name
    }
}
