//! One intended change of one record, in two states: a draft whose values parse, and a checked change
//! that may be written. Only the check makes the second from the first.

use std::marker::PhantomData;

use kith_catalogue::col::Col;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::value::{ColumnType, Value};
use uuid::Uuid;

/// Parsed, not yet checked.
#[derive(Clone, Debug)]
pub enum Draft {}

/// Validated and permitted. The SQL writer takes nothing else.
#[derive(Clone, Debug)]
pub enum Checked {}

/// A change of one record: the values given, over the values that stand (none for a new record).
#[derive(Clone, Debug)]
pub struct Change<State> {
    pub(crate) entity: &'static Entity,
    pub(crate) id: Uuid,
    /// By position in the entity's fields; `None` where the change says nothing.
    pub(crate) new: Vec<Option<Value>>,
    /// By position, for an existing record.
    pub(crate) old: Option<Vec<Value>>,
    pub(crate) state: PhantomData<State>,
}

impl<State> Change<State> {
    fn position(&self, name: &str) -> Option<usize> {
        self.entity
            .all_fields()
            .iter()
            .position(|field| field.name == name)
    }

    /// The record's id; new records have theirs from the start.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Whether the record is being made.
    pub fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// The value the record will have.
    pub fn get<T: ColumnType>(&self, column: Col<T>) -> Option<T> {
        T::from_value(self.after(column.name()))
    }

    /// The value the record had.
    pub fn old<T: ColumnType>(&self, column: Col<T>) -> Option<T> {
        let index = self.position(column.name())?;
        self.old.as_ref()?.get(index).and_then(T::from_value)
    }

    /// Whether this change says something about the column, be it null.
    pub fn gives<T>(&self, column: Col<T>) -> bool {
        self.position(column.name())
            .and_then(|index| self.new.get(index))
            .is_some_and(Option::is_some)
    }

    /// Whether the column will differ from what it was.
    pub fn changes<T>(&self, column: Col<T>) -> bool {
        let Some(index) = self.position(column.name()) else {
            return false;
        };
        match (
            self.new.get(index),
            self.old.as_ref().and_then(|old| old.get(index)),
        ) {
            (Some(Some(new)), Some(old)) => new != old,
            (Some(Some(new)), None) => !new.is_null(),
            _ => false,
        }
    }

    /// The value that will stand under a field's name.
    pub(crate) fn after(&self, name: &str) -> &Value {
        const NULL: &Value = &Value::Null;
        let Some(index) = self.position(name) else {
            return NULL;
        };
        if let Some(Some(value)) = self.new.get(index) {
            return value;
        }
        self.old
            .as_ref()
            .and_then(|old| old.get(index))
            .unwrap_or(NULL)
    }

    /// The fields that this change says something about, with their values.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.entity
            .all_fields()
            .iter()
            .copied()
            .zip(&self.new)
            .filter_map(|(field, value)| value.as_ref().map(|value| (field, value)))
    }
}

impl Change<Draft> {
    /// Sets a column; for `prepare` alone.
    pub fn set<T: ColumnType>(&mut self, column: Col<T>, value: T) {
        self.put(column.name(), value.into_value());
    }

    /// Empties a column; for `prepare` alone.
    pub fn clear<T>(&mut self, column: Col<T>) {
        self.put(column.name(), Value::Null);
    }

    pub(crate) fn put(&mut self, name: &str, value: Value) {
        if let Some(slot) = self
            .position(name)
            .and_then(|index| self.new.get_mut(index))
        {
            *slot = Some(value);
        }
    }
}
