//! Statements: text built from the catalogue's identifiers and bound parameters, never from input.

mod columns;
mod filter;
mod lead;
mod order;
mod scope;

pub(crate) use columns::{column_list, database_type};
pub use filter::render_filter;
pub(crate) use lead::Lead;
pub(crate) use order::{Cursor, Order, Phase, order_of};
pub use scope::scope_predicate;

use std::fmt::Write as _;

use kith_catalogue::value::Value;
use kith_store::Statement;
use kith_store::types::Type;

/// A statement in the making.
pub struct Sql {
    text: String,
    statement: Statement,
}

impl Default for Sql {
    fn default() -> Self {
        Self::new()
    }
}

impl Sql {
    pub fn new() -> Self {
        Self {
            text: String::with_capacity(1024),
            statement: Statement::new(""),
        }
    }

    /// Appends text. Only constants and identifiers of the catalogue may come in here.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a parameter's placeholder.
    pub fn bind(
        &mut self,
        value: impl kith_store::types::ToSql + Sync + Send + 'static,
        kind: Type,
    ) -> &mut Self {
        let number = self.statement.bind(value, kind);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "${number}");
        self
    }

    /// Appends a value's placeholder, typed as the column it is compared with.
    pub fn bind_value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.push("NULL"),
            Value::Text(text) => self.bind(text.clone(), Type::TEXT),
            Value::Integer(number) => self.bind(*number, Type::INT8),
            Value::Decimal(number) => self.bind(*number, Type::NUMERIC),
            Value::Boolean(flag) => self.bind(*flag, Type::BOOL),
            Value::Date(date) => self.bind(*date, Type::DATE),
            Value::Timestamp(time) => self.bind(*time, Type::TIMESTAMPTZ),
            Value::Uuid(id) => self.bind(*id, Type::UUID),
            Value::List(items) => self.bind(items.clone(), Type::TEXT_ARRAY),
            Value::Json(json) => self.bind(json.clone(), Type::JSONB),
        }
    }

    /// Has the statement planned for its very values, not for any.
    pub fn plan_each_time(&mut self) -> &mut Self {
        self.statement.planned_each_time = true;
        self
    }

    /// The finished statement.
    pub fn finish(self) -> Statement {
        let mut statement = self.statement;
        statement.sql = self.text.into();
        statement
    }
}
