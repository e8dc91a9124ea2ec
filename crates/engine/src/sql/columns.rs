//! The list of columns and their types.

use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;

/// `t.a, t.b, …` in the order of the fields.
pub(crate) fn column_list(alias: &str, fields: &[&'static Field]) -> String {
    let mut out = String::with_capacity(fields.len() * 16);
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(alias);
        out.push('.');
        out.push_str(field.name);
    }
    out
}

/// The type that a value's text form is cast to when it is written.
pub(crate) fn database_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text
        | Kind::LongText
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Choice
        | Kind::Currency
        | Kind::Country
        | Kind::Color => "text",
        Kind::Integer | Kind::Percent => "integer",
        Kind::Decimal | Kind::Money => "numeric",
        Kind::Boolean => "boolean",
        Kind::Date => "date",
        Kind::Timestamp => "timestamptz",
        Kind::MultiChoice | Kind::Tags => "text[]",
        Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => "uuid",
        Kind::Address | Kind::Json | Kind::CustomFields => "jsonb",
    }
}
