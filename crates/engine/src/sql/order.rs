//! Sorting and keyset paging.
//!
//! Empty values come last in both directions. An index keeps them at one end only, so a list sorted by
//! one field that may be empty is read in two phases, each of which walks the index: the rows with a
//! value, then those without. A cursor says in which phase the page ended.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::storable;
use kith_catalogue::value::{Value, ValueType};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Sql;
use super::filter::scaled;
use crate::error::EngineError;
use crate::query::SortKey;

/// Where a page ended: the values of the sort fields in their last row, and its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The sort it belongs to; another sort refuses it.
    #[serde(rename = "s")]
    pub sort: String,
    #[serde(rename = "v")]
    pub values: Vec<Option<String>>,
    pub id: Uuid,
}

impl Cursor {
    pub(crate) fn encode(&self) -> String {
        // A struct of plain strings always serializes.
        let json = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    pub(crate) fn decode(text: &str, order: &Order) -> Result<Cursor, EngineError> {
        let bad = || {
            EngineError::bad_cursor("is not one that this list gave out; start again without it")
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| bad())?;
        if cursor.sort != order.signature() || cursor.values.len() != order.keys.len() {
            return Err(EngineError::bad_cursor(
                "belongs to another sort; start again without it",
            ));
        }
        // Every value must read as its column's type, or the database would refuse the statement.
        for (key, value) in order.keys.iter().zip(&cursor.values) {
            if let Some(text) = value
                && parse_key(key.field, text).is_none()
            {
                return Err(bad());
            }
        }
        Ok(cursor)
    }
}

/// A checked sort. The id follows the last key, in its direction, so that the order is total.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub keys: Vec<SortKey>,
    /// The side table leads the list (`sql/lead.rs`): it has the titles in order, and the ids.
    pub led: bool,
}

pub(crate) fn order_of(keys: Vec<SortKey>) -> Order {
    Order { keys, led: false }
}

/// Which rows a statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// All of them, in one walk.
    Whole,
    /// Those with a value in the sort field.
    Valued,
    /// Those without.
    Empty,
}

impl Order {
    fn signature(&self) -> String {
        let mut out = String::new();
        for key in &self.keys {
            out.push(if key.descending { '-' } else { '+' });
            out.push_str(key.field.name);
        }
        out
    }

    /// Whether the records are sorted by what they are called and by nothing else.
    pub(crate) fn is_by_title(&self, entity: &'static Entity) -> bool {
        matches!(self.keys.as_slice(), [key] if key.field.name == entity.title)
    }

    /// The column of a key.
    fn column(&self, key: &SortKey) -> String {
        if self.led {
            "lead.title".to_owned()
        } else {
            format!("t.{}", key.field.key_column())
        }
    }

    /// The column of the id.
    fn id(&self) -> &'static str {
        if self.led { "lead.record_id" } else { "t.id" }
    }

    fn descending_id(&self) -> bool {
        self.keys.last().is_some_and(|key| key.descending)
    }

    /// The single sort field when it may be empty.
    fn nullable_key(&self) -> Option<&SortKey> {
        match self.keys.as_slice() {
            [key] if may_be_empty(key.field) => Some(key),
            _ => None,
        }
    }

    /// The phases that a page needs, in order.
    pub(crate) fn phases(&self, cursor: Option<&Cursor>) -> Vec<Phase> {
        let Some(key) = self.nullable_key() else {
            return vec![Phase::Whole];
        };
        let ended_empty =
            cursor.is_some_and(|cursor| cursor.values.first().is_some_and(Option::is_none));
        if ended_empty {
            vec![Phase::Empty]
        } else if cursor.is_none() && !key.descending {
            // Ascending, the index keeps the empty ones last by itself.
            vec![Phase::Whole]
        } else {
            vec![Phase::Valued, Phase::Empty]
        }
    }

    /// The condition that a phase adds, with the cursor's position in it.
    pub(crate) fn push_condition(&self, sql: &mut Sql, phase: Phase, cursor: Option<&Cursor>) {
        match (phase, self.keys.as_slice()) {
            (Phase::Valued, [key]) => {
                sql.push(&format!(" AND {} IS NOT NULL", self.column(key)));
            }
            (Phase::Empty, [key]) => {
                sql.push(&format!(" AND {} IS NULL", self.column(key)));
            }
            _ => {}
        }
        let Some(cursor) = cursor else { return };
        match (phase, self.keys.as_slice(), cursor.values.as_slice()) {
            // Every empty row comes after the cursor's row, which has a value.
            (Phase::Empty, _, [Some(_)]) => {}
            (Phase::Empty, _, _) => {
                let operator = if self.descending_id() { '<' } else { '>' };
                sql.push(&format!(" AND {} {operator} ", self.id()));
                sql.bind(cursor.id, kith_store::types::Type::UUID);
            }
            (_, [key], [Some(value)]) => {
                let operator = if key.descending { " < " } else { " > " };
                sql.push(&format!(
                    " AND ({}, {}){operator}(",
                    self.column(key),
                    self.id()
                ));
                bind_key(sql, key.field, value);
                sql.push(", ");
                sql.bind(cursor.id, kith_store::types::Type::UUID);
                sql.push(")");
            }
            _ => self.push_chain(sql, cursor),
        }
    }

    /// Several keys: after on the first, or equal on it and after on the second, and so on.
    fn push_chain(&self, sql: &mut Sql, cursor: &Cursor) {
        sql.push(" AND (");
        for depth in 0..=self.keys.len() {
            if depth > 0 {
                sql.push(" OR ");
            }
            sql.push("(");
            for (key, value) in self.keys.iter().zip(&cursor.values).take(depth) {
                let column = key.field.key_column();
                match value {
                    Some(value) => {
                        sql.push(&format!("t.{column} = "));
                        bind_key(sql, key.field, value);
                    }
                    None => {
                        sql.push(&format!("t.{column} IS NULL"));
                    }
                }
                sql.push(" AND ");
            }
            match self.keys.get(depth).zip(cursor.values.get(depth)) {
                Some((key, Some(value))) => {
                    let column = key.field.key_column();
                    let operator = if key.descending { " < " } else { " > " };
                    sql.push(&format!("(t.{column}{operator}"));
                    bind_key(sql, key.field, value);
                    sql.push(&format!(" OR t.{column} IS NULL)"));
                }
                // Nothing comes after empty but the next key's order.
                Some((_, None)) => {
                    sql.push("false");
                }
                None => {
                    sql.push(if self.descending_id() {
                        "t.id < "
                    } else {
                        "t.id > "
                    });
                    sql.bind(cursor.id, kith_store::types::Type::UUID);
                }
            }
            sql.push(")");
        }
        sql.push(")");
    }

    /// ` ORDER BY …`.
    pub(crate) fn push_order(&self, sql: &mut Sql, phase: Phase) {
        sql.push(" ORDER BY ");
        if phase != Phase::Empty {
            for key in &self.keys {
                sql.push(&self.column(key));
                if key.descending {
                    // Said only where it makes a difference: it would hide the index.
                    let only_values = phase == Phase::Valued || !may_be_empty(key.field);
                    sql.push(if only_values {
                        " DESC"
                    } else {
                        " DESC NULLS LAST"
                    });
                }
                sql.push(", ");
            }
        }
        sql.push(self.id());
        if self.descending_id() {
            sql.push(" DESC");
        }
    }

    /// The cursor after a row whose sort values and id are these.
    pub(crate) fn cursor(&self, values: Vec<Option<String>>, id: Uuid) -> Cursor {
        Cursor {
            sort: self.signature(),
            values,
            id,
        }
    }
}

/// Whether the column may hold null. Booleans, required fields and those with a default never do.
pub(crate) fn may_be_empty(field: &Field) -> bool {
    let kept = matches!(field.name, "created_at" | "updated_at" | "version" | "id");
    !(field.required || kept || field.default != kith_catalogue::field::Default::None)
}

/// The text form of a sort value as a typed value, `None` when it does not read as one.
fn parse_key(field: &Field, text: &str) -> Option<Value> {
    Some(match field.kind.value_type() {
        ValueType::Text => {
            storable::text(text).ok()?;
            Value::Text(text.to_owned())
        }
        ValueType::Integer => Value::Integer(text.parse().ok()?),
        ValueType::Decimal => Value::Decimal(text.parse().ok()?),
        ValueType::Boolean => Value::Boolean(text.parse().ok()?),
        ValueType::Date => Value::Date(text.parse().ok().filter(|day| storable::day(*day))?),
        ValueType::Timestamp => {
            let moment = text.parse().ok().filter(|moment| storable::moment(*moment));
            Value::Timestamp(moment?)
        }
        ValueType::Uuid => Value::Uuid(text.parse().ok()?),
        ValueType::List | ValueType::Json => return None,
    })
}

fn bind_key(sql: &mut Sql, field: &Field, text: &str) {
    match (field.kind.key_scale(), parse_key(field, text)) {
        (Some(scale), Some(Value::Decimal(number))) => {
            sql.bind(scaled(number, scale), kith_store::types::Type::INT8);
        }
        (_, Some(value)) => {
            sql.bind_value(&value);
        }
        (_, None) => {
            sql.push("NULL");
        }
    }
}
