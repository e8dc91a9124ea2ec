//! From URL parameters and JSON to a filter that is valid for its entity.

use serde_json::Value as Json;

use super::{Filter, Operator, Target, Test};
use crate::custom::Overlay;
use crate::entity::Entity;
use crate::fault::Fault;
use crate::field::AnyField;
use crate::kind::Kind;
use crate::kinds::{self, ParseContext};
use crate::period;
use crate::registry::Catalogue;
use crate::storable;
use crate::value::Value;

/// Nesting and number of tests are bounded, so that a filter cannot cost more than it is worth.
const MAX_DEPTH: usize = 8;
const MAX_TESTS: usize = 100;
/// Values in one `in`.
const MAX_VALUES: usize = 1_000;

/// What parsing a filter needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub catalogue: &'a Catalogue,
    pub entity: &'static Entity,
    pub overlay: &'a Overlay,
    pub context: &'a ParseContext,
}

/// What is wrong with a filter; `field` names the parameter or path.
pub type FilterError = Fault;

/// Parses `field=value` or `field[op]=value`. Values of `in`, `nin` and `between` are separated by
/// commas.
///
/// # Errors
/// Unknown fields and operators, fields that cannot be filtered, values of the wrong kind.
pub fn parse_pair(scope: &Scope<'_>, key: &str, text: &str) -> Result<Filter, FilterError> {
    let (path, operator) = match key.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        Some((path, word)) => (path, operator_of(word).map_err(|fault| fault.at(key))?),
        None => (key, None),
    };
    let resolved = resolve(scope, path)?;
    let kind = resolved.target.kind();
    let operator = operator.unwrap_or(match kind {
        Kind::Tags | Kind::MultiChoice => Operator::Has,
        _ if text.contains(',') && kind.operators().contains(&Operator::In) && splits(kind) => {
            Operator::In
        }
        _ => Operator::Equal,
    });
    let parts: Vec<Json> = match operator {
        Operator::In | Operator::NotIn | Operator::Between => text
            .split(',')
            .map(|part| Json::String(part.trim().to_owned()))
            .collect(),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Contains
        | Operator::Starts
        | Operator::IsNull
        | Operator::Has => vec![Json::String(text.to_owned())],
    };
    build(scope, path, resolved, operator, &parts)
}

/// Kinds whose values never contain a comma, so `a,b` without an operator means a list.
fn splits(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Choice
            | Kind::Reference
            | Kind::User
            | Kind::Uuid
            | Kind::Currency
            | Kind::Country
            | Kind::Integer
            | Kind::Percent
    )
}

/// Parses a JSON tree.
///
/// # Errors
/// As [`parse_pair`]; also a tree that is too deep or too large.
pub fn parse_json(scope: &Scope<'_>, json: &Json) -> Result<Filter, FilterError> {
    let mut tests = 0;
    parse_node(scope, json, 0, &mut tests)
}

fn parse_node(
    scope: &Scope<'_>,
    json: &Json,
    depth: usize,
    tests: &mut usize,
) -> Result<Filter, FilterError> {
    let fault = |message: &str| Fault::new("bad_filter", message).at("filter");
    if depth > MAX_DEPTH {
        return Err(fault("is nested too deeply; at most 8 levels are allowed"));
    }
    let Json::Object(node) = json else {
        return Err(fault(
            "must be an object with \"and\", \"or\", \"not\", or \"field\" and \"op\"",
        ));
    };
    let list = |key: &str, tests: &mut usize| -> Option<Result<Vec<Filter>, FilterError>> {
        let parts = node.get(key)?;
        Some(match parts {
            Json::Array(parts) => parts
                .iter()
                .map(|part| parse_node(scope, part, depth + 1, tests))
                .collect(),
            _ => Err(fault("\"and\" and \"or\" must be lists")),
        })
    };
    if node.len() == 1 {
        if let Some(parts) = list("and", tests) {
            return Ok(Filter::All(parts?));
        }
        if let Some(parts) = list("or", tests) {
            return Ok(Filter::Any(parts?));
        }
        if let Some(part) = node.get("not") {
            return Ok(Filter::Not(Box::new(parse_node(
                scope,
                part,
                depth + 1,
                tests,
            )?)));
        }
    }
    *tests += 1;
    if *tests > MAX_TESTS {
        return Err(fault("has too many tests; at most 100 are allowed"));
    }
    if let Some(unknown) = node
        .keys()
        .find(|key| !matches!(key.as_str(), "field" | "op" | "value"))
    {
        return Err(fault(&format!(
            "has no part \"{unknown}\"; a test has field, op and value"
        )));
    }
    let path = node
        .get("field")
        .and_then(Json::as_str)
        .ok_or_else(|| fault("a test needs \"field\""))?;
    let word = node
        .get("op")
        .map_or(Some("eq"), Json::as_str)
        .ok_or_else(|| fault("\"op\" must be text"))?;
    let operator = operator_of(word)
        .map_err(|fault| fault.at(path))?
        .unwrap_or(Operator::Equal);
    let resolved = resolve(scope, path)?;
    let value = node.get("value").cloned().unwrap_or(Json::Null);
    let parts = match (operator, value) {
        (Operator::In | Operator::NotIn | Operator::Between, Json::Array(parts)) => parts,
        (Operator::In | Operator::NotIn | Operator::Between, _) => {
            return Err(Fault::new("bad_filter", "needs a list of values").at(path));
        }
        (Operator::IsNull, Json::Null) => vec![Json::Bool(true)],
        (_, value) => vec![value],
    };
    build(scope, path, resolved, operator, &parts)
}

fn operator_of(word: &str) -> Result<Option<Operator>, FilterError> {
    Operator::from_word(word).map(Some).ok_or_else(|| {
        let words: Vec<&str> = Operator::ALL
            .iter()
            .map(|operator| operator.word())
            .collect();
        Fault::new(
            "unknown_operator",
            format!(
                "\"{word}\" is not an operator; use one of {}",
                words.join(", ")
            ),
        )
    })
}

struct Resolved<'a> {
    hop: Option<&'static crate::field::Field>,
    target: Target,
    field: AnyField<'a>,
}

/// Finds what a path names: `amount`, `custom.tier`, `company.industry_id`, `company.custom.tier`.
fn resolve<'a>(scope: &Scope<'a>, path: &str) -> Result<Resolved<'a>, FilterError> {
    let unknown = || {
        Fault::new(
            "unknown_field",
            format!("\"{path}\" is not a field of {}", scope.entity.path),
        )
        .at(path)
    };
    if let Some((first, rest)) = path.split_once('.')
        && first != "custom"
    {
        let hop = scope.entity.include(first).ok_or_else(unknown)?;
        let entity = hop
            .reference
            .and_then(|name| scope.catalogue.by_name(name))
            .ok_or_else(unknown)?;
        let target = resolve_own(scope.overlay, entity, rest).ok_or_else(unknown)?;
        return finish(path, Some(hop), target);
    }
    let target = resolve_own(scope.overlay, scope.entity, path).ok_or_else(unknown)?;
    finish(path, None, target)
}

fn resolve_own<'a>(
    overlay: &'a Overlay,
    entity: &'static Entity,
    path: &str,
) -> Option<AnyField<'a>> {
    match path.strip_prefix("custom.") {
        Some(key) => overlay.get(entity.name, key).map(AnyField::Custom),
        // `company` is accepted for `company_id`, as people write it.
        None => entity
            .field(path)
            .or_else(|| entity.include(path))
            .map(AnyField::Column),
    }
}

fn finish<'a>(
    path: &str,
    hop: Option<&'static crate::field::Field>,
    field: AnyField<'a>,
) -> Result<Resolved<'a>, FilterError> {
    if !field.filterable() {
        return Err(Fault::new("not_filterable", "cannot be filtered by").at(path));
    }
    let target = match field {
        AnyField::Column(column) => Target::Column(column),
        AnyField::Custom(custom) => Target::Custom {
            key: custom.key.clone(),
            kind: custom.kind,
        },
    };
    Ok(Resolved { hop, target, field })
}

fn build(
    scope: &Scope<'_>,
    path: &str,
    resolved: Resolved<'_>,
    operator: Operator,
    parts: &[Json],
) -> Result<Filter, FilterError> {
    let Resolved { hop, target, field } = resolved;
    let kind = target.kind();
    if !kind.operators().contains(&operator) {
        let words: Vec<&str> = kind
            .operators()
            .iter()
            .map(|allowed| allowed.word())
            .collect();
        return Err(Fault::new(
            "operator_not_allowed",
            format!(
                "cannot be compared with \"{}\"; use one of {}",
                operator.word(),
                words.join(", ")
            ),
        )
        .at(path));
    }
    if parts.len() > MAX_VALUES {
        return Err(Fault::new(
            "too_many",
            format!("at most {MAX_VALUES} values are allowed"),
        )
        .at(path));
    }
    let test = |operator: Operator, values: Vec<Value>| {
        Filter::Test(Test {
            hop,
            target: target.clone(),
            operator,
            values,
        })
    };
    if operator == Operator::IsNull {
        let value = match parts.first() {
            Some(Json::Bool(flag)) => *flag,
            Some(Json::String(text)) if text == "true" || text.is_empty() => true,
            Some(Json::String(text)) if text == "false" => false,
            _ => return Err(Fault::new("not_a_boolean", "is_null needs true or false").at(path)),
        };
        return Ok(test(Operator::IsNull, vec![Value::Boolean(value)]));
    }
    // A period stands for all its days: `created_at=this_month`.
    if let Some(filter) = period_test(scope, kind, operator, parts, &test) {
        return Ok(filter);
    }
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        if let Json::String(text) = part {
            storable::text(text).map_err(|fault| fault.at(path))?;
        }
        let value = match operator {
            // A part of a value need not be a valid value itself.
            Operator::Contains | Operator::Starts => match part {
                Json::String(text) if !text.trim().is_empty() => {
                    Value::Text(text.trim().to_owned())
                }
                _ => return Err(Fault::new("required", "needs some text to look for").at(path)),
            },
            Operator::Has => {
                element(&field, part, scope.context).map_err(|fault| fault.at(path))?
            }
            Operator::In | Operator::NotIn if matches!(kind, Kind::Tags | Kind::MultiChoice) => {
                element(&field, part, scope.context).map_err(|fault| fault.at(path))?
            }
            _ if matches!(kind, Kind::Reference | Kind::User) => {
                kinds::parse(&field, part, scope.context)
                    .or_else(|fault| named(part).ok_or(fault.at(path)))?
            }
            _ => kinds::parse(&field, part, scope.context).map_err(|fault| fault.at(path))?,
        };
        if value.is_null() {
            match operator {
                Operator::Equal => return Ok(test(Operator::IsNull, vec![Value::Boolean(true)])),
                Operator::NotEqual => {
                    return Ok(test(Operator::IsNull, vec![Value::Boolean(false)]));
                }
                _ => return Err(Fault::new("required", "needs a value to compare with").at(path)),
            }
        }
        values.push(value);
    }
    if operator == Operator::Between && values.len() != 2 {
        return Err(Fault::new("bad_filter", "between needs exactly two values").at(path));
    }
    Ok(test(operator, values))
}

/// A referenced record may be given by name: `company.industry=Finance`.
fn named(part: &Json) -> Option<Value> {
    let text = part.as_str()?.trim();
    (!text.is_empty()).then(|| Value::Text(text.to_owned()))
}

/// One element of a list field.
fn element(field: &AnyField<'_>, part: &Json, context: &ParseContext) -> Result<Value, Fault> {
    match kinds::parse(field, part, context)? {
        Value::List(items) => match items.into_iter().next() {
            Some(item) => Ok(Value::Text(item)),
            None => Err(Fault::new("required", "needs a value to look for")),
        },
        other => Ok(other),
    }
}

/// Comparisons with a word that covers more than a moment.
fn period_test(
    scope: &Scope<'_>,
    kind: Kind,
    operator: Operator,
    parts: &[Json],
    test: &dyn Fn(Operator, Vec<Value>) -> Filter,
) -> Option<Filter> {
    let [Json::String(word)] = parts else {
        return None;
    };
    let (first, next) = match kind {
        Kind::Date => {
            let (first, next) = period::days(word, &scope.context.now)?;
            (Value::Date(first), Value::Date(next))
        }
        Kind::Timestamp => {
            let (first, next) = match word.parse::<jiff::civil::Date>() {
                // A plain day compared with a moment means the whole day.
                Ok(day) if storable::day(day) => {
                    let zone = scope.context.now.time_zone();
                    let first = day.to_zoned(zone.clone()).ok()?.timestamp();
                    let next = day
                        .tomorrow()
                        .ok()?
                        .to_zoned(zone.clone())
                        .ok()?
                        .timestamp();
                    (first, next)
                }
                Ok(_) => return None,
                Err(_) => period::moments(word, &scope.context.now)?,
            };
            (Value::Timestamp(first), Value::Timestamp(next))
        }
        _ => return None,
    };
    let within = || {
        Filter::All(vec![
            test(Operator::GreaterOrEqual, vec![first.clone()]),
            test(Operator::Less, vec![next.clone()]),
        ])
    };
    Some(match operator {
        Operator::Equal => within(),
        Operator::NotEqual => Filter::Not(Box::new(within())),
        Operator::Greater => test(Operator::GreaterOrEqual, vec![next]),
        Operator::GreaterOrEqual => test(Operator::GreaterOrEqual, vec![first]),
        Operator::Less => test(Operator::Less, vec![first]),
        Operator::LessOrEqual => test(Operator::Less, vec![next]),
        _ => return None,
    })
}
