//! From the filter tree to a condition. It answers exactly as `kith_catalogue::filter::matches` does.

use kith_catalogue::Catalogue;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::filter::{Filter, Operator, Target, Test};
use kith_catalogue::kind::Kind;
use kith_catalogue::value::Value;
use kith_store::types::Type;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Sql;

/// Appends the condition for rows of `entity` under `alias`.
pub fn render_filter(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    alias: &str,
    filter: &Filter,
) {
    match filter {
        Filter::All(parts) => join(sql, catalogue, entity, alias, parts, " AND ", "true"),
        Filter::Any(parts) => join(sql, catalogue, entity, alias, parts, " OR ", "false"),
        Filter::Not(part) => {
            sql.push("(");
            render_filter(sql, catalogue, entity, alias, part);
            sql.push(") IS NOT TRUE");
        }
        Filter::Test(test) => render_test(sql, catalogue, entity, alias, test),
    }
}

fn join(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    alias: &str,
    parts: &[Filter],
    word: &str,
    empty: &str,
) {
    if parts.is_empty() {
        sql.push(empty);
        return;
    }
    sql.push("(");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            sql.push(word);
        }
        render_filter(sql, catalogue, entity, alias, part);
    }
    sql.push(")");
}

fn render_test(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    alias: &str,
    test: &Test,
) {
    let Some(hop) = test.hop else {
        render_own(
            sql,
            catalogue,
            entity,
            alias,
            &test.target,
            test.operator,
            &test.values,
        );
        return;
    };
    let Some(other) = hop.reference.and_then(|name| catalogue.by_name(name)) else {
        sql.push("false");
        return;
    };
    // What is empty differs from every value, and so does a value of a record that is not there:
    // negative tests are the negation of their positive form.
    let (negated, operator, values) = positive(test);
    if negated {
        sql.push("NOT ");
    }
    sql.push(&format!(
        "EXISTS (SELECT 1 FROM {table} hop WHERE hop.organization_id = {alias}.organization_id AND hop.id = {alias}.{column} AND ",
        table = other.table,
        column = hop.name,
    ));
    render_own(
        sql,
        catalogue,
        other,
        "hop",
        &test.target,
        operator,
        &values,
    );
    sql.push(")");
}

/// A test without its negation.
fn positive(test: &Test) -> (bool, Operator, Vec<Value>) {
    match test.operator {
        Operator::NotEqual => (true, Operator::Equal, test.values.clone()),
        Operator::NotIn => (true, Operator::In, test.values.clone()),
        Operator::IsNull if test.values.first() == Some(&Value::Boolean(true)) => {
            (true, Operator::IsNull, vec![Value::Boolean(false)])
        }
        operator => (false, operator, test.values.clone()),
    }
}

fn render_own(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    alias: &str,
    target: &Target,
    operator: Operator,
    values: &[Value],
) {
    match target {
        Target::Column(field) if matches!(field.kind, Kind::Tags | Kind::MultiChoice) => {
            side_table(sql, entity, alias, target, operator, values);
        }
        Target::Column(field) => column(sql, catalogue, entity, alias, field, operator, values),
        Target::Custom { .. } => side_table(sql, entity, alias, target, operator, values),
    }
}

/// A test on a column of the row itself.
fn column(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    alias: &str,
    field: &'static Field,
    operator: Operator,
    values: &[Value],
) {
    let name = format!("{alias}.{}", field.key_column());
    let first = values.first().unwrap_or(&Value::Null);
    match operator {
        Operator::IsNull => {
            sql.push(&name);
            sql.push(if first == &Value::Boolean(false) {
                " IS NOT NULL"
            } else {
                " IS NULL"
            });
        }
        Operator::Equal if is_name(field, first) => by_name(sql, catalogue, field, &name, values),
        Operator::NotEqual if is_name(field, first) => {
            sql.push("(");
            by_name(sql, catalogue, field, &name, values);
            sql.push(") IS NOT TRUE");
        }
        Operator::Equal => comparison(sql, &name, " = ", field.kind, first),
        Operator::NotEqual => comparison(sql, &name, " IS DISTINCT FROM ", field.kind, first),
        Operator::Greater => comparison(sql, &name, " > ", field.kind, first),
        Operator::GreaterOrEqual => comparison(sql, &name, " >= ", field.kind, first),
        Operator::Less => comparison(sql, &name, " < ", field.kind, first),
        Operator::LessOrEqual => comparison(sql, &name, " <= ", field.kind, first),
        Operator::Between => {
            sql.push("(");
            comparison(sql, &name, " >= ", field.kind, first);
            sql.push(" AND ");
            comparison(
                sql,
                &name,
                " <= ",
                field.kind,
                values.get(1).unwrap_or(&Value::Null),
            );
            sql.push(")");
        }
        Operator::In => any_of(sql, catalogue, field, &name, values),
        Operator::NotIn => {
            sql.push("(");
            any_of(sql, catalogue, field, &name, values);
            sql.push(") IS NOT TRUE");
        }
        Operator::Contains | Operator::Starts => {
            pattern(sql, entity, alias, field, operator, first);
        }
        // Only lists have elements; the catalogue offers it for no other kind.
        Operator::Has => {
            sql.push("false");
        }
    }
}

/// Whether a reference is given by its name instead of its id.
fn is_name(field: &Field, value: &Value) -> bool {
    matches!(field.kind, Kind::Reference | Kind::User) && matches!(value, Value::Text(_))
}

/// `column = ANY (ids of the records with one of these names)`, looked up once a statement.
fn by_name(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    field: &'static Field,
    name: &str,
    values: &[Value],
) {
    let Some(other) = field.reference.and_then(|entity| catalogue.by_name(entity)) else {
        sql.push("false");
        return;
    };
    let names: Vec<String> = values
        .iter()
        .filter_map(|value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
        .collect();
    sql.push(&format!(
        "{name} = ANY (ARRAY(SELECT named.id FROM {} named WHERE ",
        other.table
    ));
    for (index, key) in other.natural_keys.iter().enumerate() {
        if index > 0 {
            sql.push(" OR ");
        }
        sql.push(&format!("named.{key} = ANY ("));
        sql.bind(names.clone(), Type::TEXT_ARRAY);
        sql.push(")");
    }
    if other.natural_keys.is_empty() {
        sql.push("false");
    }
    sql.push("))");
}

fn any_of(
    sql: &mut Sql,
    catalogue: &'static Catalogue,
    field: &'static Field,
    name: &str,
    values: &[Value],
) {
    let (named, ids): (Vec<Value>, Vec<Value>) = values
        .iter()
        .cloned()
        .partition(|value| is_name(field, value));
    sql.push("(");
    if !named.is_empty() {
        by_name(sql, catalogue, field, name, &named);
        sql.push(" OR ");
    }
    sql.push(name);
    sql.push(" = ANY (");
    bind_keys(sql, field.kind, &ids);
    sql.push("))");
}

/// A comparison of a column or its whole-number key with a value.
fn comparison(sql: &mut Sql, name: &str, operator: &str, kind: Kind, value: &Value) {
    sql.push(name);
    sql.push(operator);
    bind_key(sql, kind, value);
}

/// The value in the form in which the kind is compared.
fn bind_key(sql: &mut Sql, kind: Kind, value: &Value) {
    match (kind.key_scale(), value) {
        (Some(scale), Value::Decimal(number)) => {
            sql.bind(scaled(*number, scale), Type::INT8);
        }
        _ => {
            sql.bind_value(value);
        }
    }
}

/// value × 10^scale, saturated: a bound beyond every stored value still compares rightly.
pub(crate) fn scaled(number: Decimal, scale: u32) -> i64 {
    let factor = Decimal::from(10_i64.pow(scale.min(18)));
    match number.checked_mul(factor) {
        Some(product) => product.to_i64().unwrap_or(if product.is_sign_negative() {
            i64::MIN
        } else {
            i64::MAX
        }),
        None if number.is_sign_negative() => i64::MIN,
        None => i64::MAX,
    }
}

/// All values as one array parameter.
fn bind_keys(sql: &mut Sql, kind: Kind, values: &[Value]) {
    if let Some(scale) = kind.key_scale() {
        let keys: Vec<i64> = values
            .iter()
            .filter_map(|value| match value {
                Value::Decimal(number) => Some(scaled(*number, scale)),
                _ => None,
            })
            .collect();
        sql.bind(keys, Type::INT8_ARRAY);
        return;
    }
    macro_rules! array {
        ($variant:ident, $type:expr) => {{
            let items: Vec<_> = values
                .iter()
                .filter_map(|value| match value {
                    Value::$variant(inner) => Some(inner.clone()),
                    _ => None,
                })
                .collect();
            sql.bind(items, $type);
        }};
    }
    match values.first() {
        Some(Value::Integer(_)) => array!(Integer, Type::INT8_ARRAY),
        Some(Value::Decimal(_)) => array!(Decimal, Type::NUMERIC_ARRAY),
        Some(Value::Boolean(_)) => array!(Boolean, Type::BOOL_ARRAY),
        Some(Value::Date(_)) => array!(Date, Type::DATE_ARRAY),
        Some(Value::Timestamp(_)) => array!(Timestamp, Type::TIMESTAMPTZ_ARRAY),
        Some(Value::Uuid(_)) => array!(Uuid, Type::UUID_ARRAY),
        Some(Value::Text(_)) => array!(Text, Type::TEXT_ARRAY),
        Some(Value::Null | Value::List(_) | Value::Json(_)) | None => {
            sql.push("'{}'");
        }
    }
}

/// `%` and `_` in what people look for mean themselves.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// Part or beginning of a text, without regard to case. Searchable fields are narrowed by the trigram
/// index first.
fn pattern(
    sql: &mut Sql,
    entity: &'static Entity,
    alias: &str,
    field: &'static Field,
    operator: Operator,
    value: &Value,
) {
    let Value::Text(part) = value else {
        sql.push("false");
        return;
    };
    sql.push("(");
    if field.searchable && part.chars().count() >= 3 {
        sql.push(&format!(
            "{alias}.id IN (SELECT text_candidates('{}', ",
            entity.table
        ));
        sql.bind(part.clone(), Type::TEXT);
        sql.push(")) AND ");
    }
    let open = if operator == Operator::Contains {
        "%"
    } else {
        ""
    };
    sql.push(&format!("{alias}.{} ILIKE ", field.name));
    sql.bind(format!("{open}{}%", escaped(part)), Type::TEXT);
    sql.push(")");
}

/// A test on a list or a custom field, through the side table's plain columns.
fn side_table(
    sql: &mut Sql,
    entity: &'static Entity,
    alias: &str,
    target: &Target,
    operator: Operator,
    values: &[Value],
) {
    let kind = target.kind();
    let first = values.first().unwrap_or(&Value::Null);
    let negative = matches!(operator, Operator::NotEqual | Operator::NotIn)
        || operator == Operator::IsNull && first != &Value::Boolean(false);
    if negative {
        sql.push("NOT ");
    }
    sql.push(&format!(
        "{alias}.id IN (SELECT side.record_id FROM record_values side WHERE side.organization_id = current_organization_id() AND side.entity = '{}' AND side.field = ",
        entity.name
    ));
    sql.bind(side_field(target), Type::TEXT);
    match operator {
        Operator::IsNull => {}
        Operator::Between => {
            side_comparison(sql, kind, " >= ", first);
            side_comparison(sql, kind, " <= ", values.get(1).unwrap_or(&Value::Null));
        }
        Operator::Greater => side_comparison(sql, kind, " > ", first),
        Operator::GreaterOrEqual => side_comparison(sql, kind, " >= ", first),
        Operator::Less => side_comparison(sql, kind, " < ", first),
        Operator::LessOrEqual => side_comparison(sql, kind, " <= ", first),
        Operator::Contains | Operator::Starts => {
            let open = if operator == Operator::Contains {
                "%"
            } else {
                ""
            };
            if let Value::Text(part) = first {
                sql.push(" AND side.text_value ILIKE ");
                sql.bind(format!("{open}{}%", escaped(part)), Type::TEXT);
            }
        }
        Operator::Equal | Operator::NotEqual | Operator::In | Operator::NotIn | Operator::Has => {
            side_equality(sql, kind, values);
        }
    }
    sql.push(")");
}

/// The name under which the side table keeps a field's values.
pub(super) fn side_field(target: &Target) -> String {
    match target {
        Target::Column(field) => field.name.to_owned(),
        Target::Custom { key, .. } => format!("custom.{key}"),
    }
}

fn side_comparison(sql: &mut Sql, kind: Kind, operator: &str, value: &Value) {
    sql.push(" AND side.number_value");
    sql.push(operator);
    sql.bind(side_number(kind, value).unwrap_or_default(), Type::INT8);
}

/// ` AND …`: the value is one of these. Arrays, because a statement has no more than 65,535 parameters.
fn side_equality(sql: &mut Sql, kind: Kind, values: &[Value]) {
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    for value in values {
        match side_number(kind, value) {
            Some(number) => numbers.push(number),
            None => texts.push(side_text(kind, value)),
        }
    }
    match (numbers.as_slice(), texts.as_slice()) {
        ([number], []) => {
            sql.push(" AND side.number_value = ");
            sql.bind(*number, Type::INT8);
        }
        ([], [text]) => {
            sql.push(" AND side.text_value = ");
            sql.bind(text.clone(), Type::TEXT);
        }
        // Every value of a kind is stored in the same way.
        (_, []) => {
            sql.push(" AND side.number_value = ANY (");
            sql.bind(numbers, Type::INT8_ARRAY);
            sql.push(")");
        }
        _ => {
            sql.push(" AND side.text_value = ANY (");
            sql.bind(texts, Type::TEXT_ARRAY);
            sql.push(")");
        }
    }
}

/// The text form in which the side table keeps a value (`value_text` in the migrations).
pub(super) fn side_text(kind: Kind, value: &Value) -> String {
    match value {
        Value::Text(text) if kind == Kind::Tags => text.to_lowercase(),
        Value::Text(text) => text.chars().take(300).collect(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Uuid(id) => id.to_string(),
        Value::Null
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Date(_)
        | Value::Timestamp(_)
        | Value::List(_)
        | Value::Json(_) => String::new(),
    }
}

/// The whole-number form in which the side table keeps a value (`value_number` in the migrations).
pub(super) fn side_number(kind: Kind, value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Decimal(number) => Some(scaled(*number, kind.key_scale().unwrap_or(0))),
        Value::Date(date) => {
            let days = date
                .since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1)))
                .ok()?
                .get_days();
            Some(i64::from(days))
        }
        Value::Timestamp(time) => Some(time.as_microsecond()),
        Value::Null
        | Value::Text(_)
        | Value::Boolean(_)
        | Value::Uuid(_)
        | Value::List(_)
        | Value::Json(_) => None,
    }
}
