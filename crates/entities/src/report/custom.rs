//! A report that is put together: records of one list, narrowed by a filter, counted and added up by a field.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_engine::{
    Caller, Engine, EngineError, ListQuery, QueryInput, Sql, push_archived, render_filter,
    scope_predicate,
};
use kith_store::Statement;

use super::request::{Interval, Narrowed};

/// Groups of an answer, at most; the largest.
const MOST_GROUPS: u32 = 500;

/// The statement of a custom report and the columns of its answer: name, label, kind.
pub(super) struct Custom {
    pub(super) statement: Statement,
    pub(super) columns: Vec<(String, String, &'static str)>,
}

fn refused(field: &str, message: &str) -> EngineError {
    Fault::new("not_allowed", message).at(field).into()
}

/// A field that the caller may see in the clear: of lists one sees, what is masked or confidential is no group.
fn group_field(
    caller: &Caller,
    entity: &'static Entity,
    name: &str,
) -> Result<&'static Field, EngineError> {
    entity
        .field(name)
        .filter(|field| {
            field.filterable
                && !field.personal
                && is_open(caller, field)
                && matches!(
                    field.kind,
                    Kind::Choice
                        | Kind::Reference
                        | Kind::User
                        | Kind::Boolean
                        | Kind::Date
                        | Kind::Timestamp
                        | Kind::Currency
                        | Kind::Text
                )
        })
        .ok_or_else(|| {
            refused(
                "group_by",
                "must be a choice, reference, date or other filterable field of the list",
            )
        })
}

pub(super) fn custom(
    engine: &Engine,
    caller: &Caller,
    narrowed: &Narrowed,
) -> Result<Custom, EngineError> {
    let name = narrowed.entity.as_deref().unwrap_or_default();
    let entity = engine
        .catalogue
        .by_name(name)
        .or_else(|| engine.catalogue.by_path(name))
        .ok_or_else(|| refused("entity", "must be the name of an entity, such as deal"))?;
    caller.require(entity, Action::Read)?;
    let group = group_field(
        caller,
        entity,
        narrowed.group_by.as_deref().unwrap_or_default(),
    )?;
    let input = QueryInput {
        pairs: Vec::new(),
        filter: narrowed.filter.clone(),
    };
    let query = ListQuery::parse(engine.catalogue, entity, caller, input)?;
    let measure = match narrowed.measure.as_deref() {
        None | Some("count") => None,
        Some(name) => Some(measured(caller, entity, name)?),
    };
    let grouped = match group.kind {
        Kind::Timestamp => format!(
            "date_trunc('{}', t.{} AT TIME ZONE organization_timezone(current_organization_id()))::date",
            narrowed.interval.unwrap_or(Interval::Month).name(),
            group.name
        ),
        Kind::Date => format!(
            "date_trunc('{}', t.{})::date",
            narrowed.interval.unwrap_or(Interval::Month).name(),
            group.name
        ),
        _ => format!("t.{}", group.name),
    };
    let mut columns = vec![
        ("group".to_owned(), group.label.to_owned(), kind_of(group)),
        (
            "count".to_owned(),
            entity.label_plural.to_owned(),
            "integer",
        ),
    ];
    let mut sql = Sql::new();
    sql.push(&format!(
        "SELECT row_to_json(r) FROM (SELECT {grouped} AS \"group\", count(*) AS count"
    ));
    let currency = measure.and_then(|field| field.currency);
    if let Some(field) = measure {
        if let Some(currency) = currency {
            sql.push(&format!(", t.{currency}::text AS currency"));
            columns.push(("currency".to_owned(), "Currency".to_owned(), "text"));
        }
        sql.push(&format!(
            ", coalesce(sum(t.{0}), 0)::text AS sum, round(avg(t.{0}), 2)::text AS average",
            field.name
        ));
        let kind = if field.kind == Kind::Money {
            "money"
        } else {
            "decimal"
        };
        columns.push(("sum".to_owned(), field.label.to_owned(), kind));
        columns.push((
            "average".to_owned(),
            format!("Average {}", field.label.to_lowercase()),
            kind,
        ));
    }
    sql.push(&format!(" FROM {} t WHERE true", entity.table));
    if entity.soft_delete {
        sql.push(" AND t.deleted_at IS NULL");
    }
    push_archived(&mut sql, entity, query.archived);
    scope_predicate(&mut sql, engine.catalogue, entity, &caller.grants, "t");
    if !query.filter.is_everything() {
        sql.plan_each_time();
        sql.push(" AND ");
        render_filter(&mut sql, engine.catalogue, entity, "t", &query.filter);
    }
    sql.push(if currency.is_some() {
        " GROUP BY 1, 3"
    } else {
        " GROUP BY 1"
    });
    sql.push(if matches!(group.kind, Kind::Date | Kind::Timestamp) {
        " ORDER BY 1"
    } else {
        " ORDER BY 2 DESC, 1"
    });
    sql.push(&format!(" LIMIT {MOST_GROUPS}) r"));
    Ok(Custom {
        statement: sql.finish(),
        columns,
    })
}

/// Whether the caller sees a field at all.
fn is_open(caller: &Caller, field: &Field) -> bool {
    field
        .confidential
        .is_none_or(|resource| caller.grants.allows(resource, Action::Read))
}

/// A field that is added up.
fn measured(
    caller: &Caller,
    entity: &'static Entity,
    name: &str,
) -> Result<&'static Field, EngineError> {
    entity
        .field(name)
        .filter(|field| {
            field.sortable
                && is_open(caller, field)
                && matches!(
                    field.kind,
                    Kind::Money | Kind::Decimal | Kind::Integer | Kind::Percent
                )
        })
        .ok_or_else(|| refused("measure", "must be count or a sortable number of the list"))
}

fn kind_of(field: &Field) -> &'static str {
    match field.kind {
        Kind::Reference => "reference",
        Kind::User => "user",
        Kind::Boolean => "boolean",
        Kind::Date | Kind::Timestamp => "date",
        _ => "text",
    }
}
