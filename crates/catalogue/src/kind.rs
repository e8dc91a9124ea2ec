//! The closed list of kinds. Every `match` on it is without a wildcard arm, so that a new kind is
//! met by the compiler in every place that must know it.

use crate::filter::Operator;
use crate::value::ValueType;

/// What sort of value a field holds, as people think of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Text,
    LongText,
    Email,
    Phone,
    Url,
    Integer,
    /// A whole number from 0 to 100.
    Percent,
    Decimal,
    /// An exact amount; its currency stands in another field.
    Money,
    Boolean,
    Date,
    Timestamp,
    Choice,
    MultiChoice,
    Tags,
    /// A record of one other entity.
    Reference,
    /// A record of the entity that another field names.
    AnyReference,
    /// A colleague: a user who is a member of the organization.
    User,
    /// ISO 4217.
    Currency,
    /// ISO 3166-1 alpha-2, also entered as an English name.
    Country,
    Address,
    Json,
    /// One of the design system's hues or a `#rrggbb` colour.
    Color,
    /// The organization's own fields of a record, by key.
    CustomFields,
    /// An identifier that is no reference the database could check.
    Uuid,
}

/// The nine hues of the design system.
pub type Hue = &'static str;

impl Kind {
    /// Every kind, for tests and documents.
    pub const ALL: &'static [Kind] = &[
        Kind::Text,
        Kind::LongText,
        Kind::Email,
        Kind::Phone,
        Kind::Url,
        Kind::Integer,
        Kind::Percent,
        Kind::Decimal,
        Kind::Money,
        Kind::Boolean,
        Kind::Date,
        Kind::Timestamp,
        Kind::Choice,
        Kind::MultiChoice,
        Kind::Tags,
        Kind::Reference,
        Kind::AnyReference,
        Kind::User,
        Kind::Currency,
        Kind::Country,
        Kind::Address,
        Kind::Json,
        Kind::Color,
        Kind::CustomFields,
        Kind::Uuid,
    ];

    /// The kind's name in `/meta`, in custom fields and in the API document.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::LongText => "long_text",
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Url => "url",
            Kind::Integer => "integer",
            Kind::Percent => "percent",
            Kind::Decimal => "decimal",
            Kind::Money => "money",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
            Kind::Timestamp => "timestamp",
            Kind::Choice => "choice",
            Kind::MultiChoice => "multi_choice",
            Kind::Tags => "tags",
            Kind::Reference => "reference",
            Kind::AnyReference => "any_reference",
            Kind::User => "user",
            Kind::Currency => "currency",
            Kind::Country => "country",
            Kind::Address => "address",
            Kind::Json => "json",
            Kind::Color => "color",
            Kind::CustomFields => "custom_fields",
            Kind::Uuid => "uuid",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The shape of the values of this kind.
    pub const fn value_type(self) -> ValueType {
        match self {
            Kind::Text
            | Kind::LongText
            | Kind::Email
            | Kind::Phone
            | Kind::Url
            | Kind::Choice
            | Kind::Currency
            | Kind::Country
            | Kind::Color => ValueType::Text,
            Kind::Integer | Kind::Percent => ValueType::Integer,
            Kind::Decimal | Kind::Money => ValueType::Decimal,
            Kind::Boolean => ValueType::Boolean,
            Kind::Date => ValueType::Date,
            Kind::Timestamp => ValueType::Timestamp,
            Kind::MultiChoice | Kind::Tags => ValueType::List,
            Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => ValueType::Uuid,
            Kind::Address | Kind::Json | Kind::CustomFields => ValueType::Json,
        }
    }

    /// The operators that a filter may use on fields of this kind.
    pub const fn operators(self) -> &'static [Operator] {
        use Operator::{
            Between, Contains, Equal, Greater, GreaterOrEqual, Has, In, IsNull, Less, LessOrEqual,
            NotEqual, NotIn, Starts,
        };
        match self {
            Kind::Text | Kind::Email | Kind::Phone | Kind::Url => {
                &[Equal, NotEqual, In, NotIn, Contains, Starts, IsNull]
            }
            Kind::LongText => &[Contains, IsNull],
            Kind::Integer
            | Kind::Percent
            | Kind::Decimal
            | Kind::Money
            | Kind::Date
            | Kind::Timestamp => &[
                Equal,
                NotEqual,
                Greater,
                GreaterOrEqual,
                Less,
                LessOrEqual,
                Between,
                In,
                NotIn,
                IsNull,
            ],
            Kind::Boolean => &[Equal, NotEqual, IsNull],
            Kind::Choice
            | Kind::Reference
            | Kind::AnyReference
            | Kind::User
            | Kind::Currency
            | Kind::Country
            | Kind::Color
            | Kind::Uuid => &[Equal, NotEqual, In, NotIn, IsNull],
            Kind::MultiChoice | Kind::Tags => &[Has, In, NotIn, IsNull],
            Kind::Address | Kind::Json | Kind::CustomFields => &[IsNull],
        }
    }

    /// Decimal places kept by kinds that are compared through a whole-number key
    /// (value × 10^scale), `None` for the others.
    pub const fn key_scale(self) -> Option<u32> {
        match self {
            Kind::Money => Some(3),
            Kind::Decimal => Some(4),
            Kind::Text
            | Kind::LongText
            | Kind::Email
            | Kind::Phone
            | Kind::Url
            | Kind::Integer
            | Kind::Percent
            | Kind::Boolean
            | Kind::Date
            | Kind::Timestamp
            | Kind::Choice
            | Kind::MultiChoice
            | Kind::Tags
            | Kind::Reference
            | Kind::AnyReference
            | Kind::User
            | Kind::Currency
            | Kind::Country
            | Kind::Address
            | Kind::Json
            | Kind::Color
            | Kind::CustomFields
            | Kind::Uuid => None,
        }
    }

    /// Whether an organization may add fields of this kind at run time.
    pub const fn allowed_as_custom(self) -> bool {
        match self {
            Kind::Text
            | Kind::LongText
            | Kind::Email
            | Kind::Phone
            | Kind::Url
            | Kind::Integer
            | Kind::Percent
            | Kind::Decimal
            | Kind::Money
            | Kind::Boolean
            | Kind::Date
            | Kind::Timestamp
            | Kind::Choice
            | Kind::MultiChoice
            | Kind::Reference
            | Kind::User => true,
            Kind::Tags
            | Kind::AnyReference
            | Kind::Currency
            | Kind::Country
            | Kind::Address
            | Kind::Json
            | Kind::Color
            | Kind::CustomFields
            | Kind::Uuid => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
        }
    }
}
