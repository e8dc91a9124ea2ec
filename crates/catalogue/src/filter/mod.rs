//! One filter tree for lists, saved views, exports, segments, automations and bulk selection.
//!
//! Parsing needs the catalogue (to resolve names and parse values), so a [`Filter`] is always valid
//! for the entity it was parsed for. The engine turns it into SQL; [`matches`] answers it in memory.

mod matches;
mod parse;

pub use matches::{Lookup, matches};
pub use parse::{FilterError, Scope as ParseScope, parse_json, parse_pair};

use crate::field::Field;
use crate::kind::Kind;
use crate::value::Value;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    In,
    NotIn,
    Contains,
    Starts,
    IsNull,
    /// Inclusive at both ends.
    Between,
    /// A list contains the value.
    Has,
}

impl Operator {
    pub const ALL: &'static [Operator] = &[
        Operator::Equal,
        Operator::NotEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::In,
        Operator::NotIn,
        Operator::Contains,
        Operator::Starts,
        Operator::IsNull,
        Operator::Between,
        Operator::Has,
    ];

    /// The word in URLs and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Operator::Equal => "eq",
            Operator::NotEqual => "ne",
            Operator::Greater => "gt",
            Operator::GreaterOrEqual => "gte",
            Operator::Less => "lt",
            Operator::LessOrEqual => "lte",
            Operator::In => "in",
            Operator::NotIn => "nin",
            Operator::Contains => "contains",
            Operator::Starts => "starts",
            Operator::IsNull => "is_null",
            Operator::Between => "between",
            Operator::Has => "has",
        }
    }

    pub fn from_word(word: &str) -> Option<Operator> {
        Operator::ALL
            .iter()
            .copied()
            .find(|operator| operator.word() == word)
    }
}

/// What a test compares.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A column of the entity itself.
    Column(&'static Field),
    /// One of the organization's own fields: key, kind.
    Custom { key: String, kind: Kind },
}

impl Target {
    pub fn kind(&self) -> Kind {
        match self {
            Target::Column(field) => field.kind,
            Target::Custom { kind, .. } => *kind,
        }
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.name == other.name && self.label == other.label
    }
}

/// One comparison. `values` holds one value for most operators, two for `Between`, any number for
/// `In`/`NotIn`, and one boolean for `IsNull`.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The reference to follow first: `company.industry_id`.
    pub hop: Option<&'static Field>,
    pub target: Target,
    pub operator: Operator,
    pub values: Vec<Value>,
}

/// A tree of tests.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every one holds; the empty list holds always.
    All(Vec<Filter>),
    /// At least one holds; the empty list never holds.
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test(Test),
}

impl Filter {
    /// The filter that everything passes.
    pub const fn everything() -> Filter {
        Filter::All(Vec::new())
    }

    /// Whether everything passes.
    pub fn is_everything(&self) -> bool {
        matches!(self, Filter::All(parts) if parts.is_empty())
    }

    /// Both filters.
    #[must_use]
    pub fn and(self, other: Filter) -> Filter {
        match (self, other) {
            (left, right) if left.is_everything() => right,
            (left, right) if right.is_everything() => left,
            (Filter::All(mut left), right) => {
                left.push(right);
                Filter::All(left)
            }
            (left, right) => Filter::All(vec![left, right]),
        }
    }

    /// `field = value`, for the product's own filters.
    pub fn equal(field: &'static Field, value: Value) -> Filter {
        Filter::Test(Test {
            hop: None,
            target: Target::Column(field),
            operator: Operator::Equal,
            values: vec![value],
        })
    }
}
