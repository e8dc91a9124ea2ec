//! A list request: from what the outside sends to something that is valid for the entity.

use kith_catalogue::Catalogue;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_catalogue::field::Field;
use kith_catalogue::filter::{Filter, ParseScope, Target, parse_json, parse_pair};
use kith_catalogue::storable;
use serde_json::Value as Json;

use crate::caller::Caller;
use crate::error::EngineError;
use crate::mask::{Mask, is_contact};

/// Rows on a page, at most.
pub(crate) const MAX_LIMIT: u32 = 200;
/// Rows on a page when the caller does not say.
pub(crate) const DEFAULT_LIMIT: u32 = 50;
/// Rows that may be skipped by offset.
pub(crate) const MAX_OFFSET: u32 = 1_000_000;

/// Which records as to deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deleted {
    #[default]
    No,
    Only,
    With,
}

/// Which records as to the archive, for entities that have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Archived {
    #[default]
    No,
    Only,
    With,
}

impl Archived {
    /// What a request means that does not say: a filter on the archive itself is not second-guessed.
    pub(crate) fn unless_said(entity: &Entity, filter: &Filter) -> Archived {
        match entity.archive {
            Some(field) if tests_field(filter, field) => Archived::With,
            _ => Archived::No,
        }
    }
}

/// One field to sort by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SortKey {
    pub field: &'static Field,
    pub descending: bool,
}

/// A list request that is valid for its entity.
#[derive(Clone, Debug)]
pub struct ListQuery {
    pub filter: Filter,
    /// Empty: the entity's default, or the best match first when there is free text.
    pub sort: Vec<SortKey>,
    /// Free text.
    pub search: Option<String>,
    pub limit: u32,
    pub cursor: Option<String>,
    pub offset: u32,
    /// Reference fields whose records are nested.
    pub include: Vec<&'static Field>,
    /// `None`: all fields.
    pub fields: Option<Vec<&'static Field>>,
    pub total: bool,
    pub deleted: Deleted,
    pub archived: Archived,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            filter: Filter::everything(),
            sort: Vec::new(),
            search: None,
            limit: DEFAULT_LIMIT,
            cursor: None,
            offset: 0,
            include: Vec::new(),
            fields: None,
            total: false,
            deleted: Deleted::No,
            archived: Archived::No,
        }
    }
}

/// The parameters as they arrive: pairs of a URL, or the members of a JSON body turned into pairs, with
/// the filter tree apart.
#[derive(Debug, Default)]
pub struct QueryInput {
    pub pairs: Vec<(String, String)>,
    pub filter: Option<Json>,
}

impl QueryInput {
    /// The body of `POST /{entity}/query`.
    ///
    /// # Errors
    /// [`EngineError::Malformed`] when it is not an object of parameters.
    pub fn from_body(body: &Json) -> Result<QueryInput, EngineError> {
        let Json::Object(members) = body else {
            return Err(EngineError::Malformed(
                "the body must be a JSON object".to_owned(),
            ));
        };
        let mut input = QueryInput::default();
        for (key, value) in members {
            if key == "filter" {
                input.filter = Some(value.clone());
                continue;
            }
            let text = match value {
                Json::Null => continue,
                Json::String(text) => text.clone(),
                Json::Bool(flag) => flag.to_string(),
                Json::Number(number) => number.to_string(),
                Json::Array(items) => items
                    .iter()
                    .map(|item| {
                        item.as_str()
                            .map_or_else(|| item.to_string(), str::to_owned)
                    })
                    .collect::<Vec<_>>()
                    .join(","),
                Json::Object(_) => {
                    return Err(EngineError::Malformed(format!(
                        "\"{key}\" must not be an object"
                    )));
                }
            };
            input.pairs.push((key.clone(), text));
        }
        Ok(input)
    }
}

impl ListQuery {
    /// Parses and checks a request.
    ///
    /// # Errors
    /// [`EngineError::BadQuery`] with every bad parameter.
    pub fn parse(
        catalogue: &'static Catalogue,
        entity: &'static Entity,
        caller: &Caller,
        input: QueryInput,
    ) -> Result<ListQuery, EngineError> {
        let context = caller.parse_context();
        let scope = ParseScope {
            catalogue,
            entity,
            overlay: &caller.overlay,
            context: &context,
        };
        let mut query = ListQuery::default();
        let mut faults: Vec<Fault> = Vec::new();
        let mut parts: Vec<Filter> = Vec::new();
        let mut asked_archived = None;
        for (key, value) in &input.pairs {
            let value = value.as_str();
            if let Err(fault) = storable::text(value) {
                faults.push(fault.at(key));
                continue;
            }
            let outcome = match key.as_str() {
                "limit" => number(value, 1, MAX_LIMIT).map(|limit| query.limit = limit),
                "offset" => number(value, 0, MAX_OFFSET).map(|offset| query.offset = offset),
                "cursor" => {
                    query.cursor = Some(value.to_owned()).filter(|text| !text.is_empty());
                    Ok(())
                }
                "sort" => sort(entity, value).map(|keys| query.sort = keys),
                "q" => {
                    query.search = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
                    if query.search.is_some() && !entity.searchable() {
                        Err(Fault::new(
                            "not_searchable",
                            format!("{} cannot be searched by free text", entity.path),
                        ))
                    } else {
                        Ok(())
                    }
                }
                "include" => include(entity, value).map(|fields| query.include = fields),
                "fields" => fields(entity, value).map(|fields| query.fields = Some(fields)),
                "total" => flag(value).map(|total| query.total = total),
                "deleted" => deleted(entity, value).map(|deleted| query.deleted = deleted),
                "archived" => {
                    archived(entity, value).map(|archived| asked_archived = Some(archived))
                }
                "filter" => match serde_json::from_str::<Json>(value) {
                    Ok(json) => parse_json(&scope, &json).map(|filter| parts.push(filter)),
                    Err(_) => Err(Fault::new("not_json", "is not valid JSON")),
                },
                _ => parse_pair(&scope, key, value).map(|filter| parts.push(filter)),
            };
            if let Err(fault) = outcome {
                faults.push(if fault.field.is_empty() {
                    fault.at(key)
                } else {
                    fault
                });
            }
        }
        if let Some(json) = &input.filter {
            match parse_json(&scope, json) {
                Ok(filter) => parts.push(filter),
                Err(fault) => faults.push(fault),
            }
        }
        if query.cursor.is_some() && query.offset > 0 {
            faults.push(
                Fault::new("not_together", "cannot be used together with a cursor").at("offset"),
            );
        }
        if query.cursor.is_some() && query.search.is_some() && query.sort.is_empty() {
            faults.push(
                Fault::new(
                    "not_together",
                    "the best matches have no cursor; use offset, or a sort",
                )
                .at("cursor"),
            );
        }
        if !faults.is_empty() {
            return Err(EngineError::BadQuery(faults));
        }
        if let Some(field) = masked_field(caller, entity, &parts, &query.sort) {
            return Err(EngineError::Refused {
                message: format!("you see {field} masked and cannot filter or sort by it"),
                field: Some(field),
            });
        }
        query.filter = parts.into_iter().fold(Filter::everything(), Filter::and);
        query.archived =
            asked_archived.unwrap_or_else(|| Archived::unless_said(entity, &query.filter));
        Ok(query)
    }
}

fn number(text: &str, min: u32, max: u32) -> Result<u32, Fault> {
    match text.parse::<u32>() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(Fault::new(
            "out_of_range",
            format!("must be a whole number from {min} to {max}"),
        )),
    }
}

fn flag(text: &str) -> Result<bool, Fault> {
    match text {
        "true" | "1" | "" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::new("not_a_boolean", "must be true or false")),
    }
}

fn deleted(entity: &'static Entity, text: &str) -> Result<Deleted, Fault> {
    let deleted = match text {
        "no" | "" => Deleted::No,
        "only" => Deleted::Only,
        "with" => Deleted::With,
        _ => return Err(Fault::new("not_a_choice", "must be no, only or with")),
    };
    if deleted != Deleted::No && !entity.soft_delete {
        return Err(Fault::new(
            "not_deletable",
            format!("{} are not kept after deletion", entity.path),
        ));
    }
    Ok(deleted)
}

fn archived(entity: &'static Entity, text: &str) -> Result<Archived, Fault> {
    let archived = match text {
        "no" | "" => Archived::No,
        "only" => Archived::Only,
        "with" => Archived::With,
        _ => return Err(Fault::new("not_a_choice", "must be no, only or with")),
    };
    if archived != Archived::No && entity.archive.is_none() {
        return Err(Fault::new(
            "not_archivable",
            format!("{} are not archived", entity.path),
        ));
    }
    Ok(archived)
}

/// Whether a filter tests a field of the record itself.
fn tests_field(filter: &Filter, name: &str) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().any(|part| tests_field(part, name)),
        Filter::Not(part) => tests_field(part, name),
        Filter::Test(test) => {
            test.hop.is_none()
                && matches!(&test.target, Target::Column(field) if field.name == name)
        }
    }
}

/// `-amount,name`: at most four fields.
fn sort(entity: &'static Entity, text: &str) -> Result<Vec<SortKey>, Fault> {
    let mut keys: Vec<SortKey> = Vec::new();
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (descending, name) = match part.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, part.strip_prefix('+').unwrap_or(part)),
        };
        let field = entity.field(name).ok_or_else(|| {
            Fault::new(
                "unknown_field",
                format!("\"{name}\" is not a field of {}", entity.path),
            )
        })?;
        if !field.sortable {
            return Err(Fault::new(
                "not_sortable",
                format!("\"{name}\" cannot be sorted by"),
            ));
        }
        if keys.iter().any(|key| key.field.name == name) {
            return Err(Fault::new("repeated", format!("\"{name}\" is given twice")));
        }
        keys.push(SortKey { field, descending });
    }
    if keys.len() > 4 {
        return Err(Fault::new("too_many", "at most 4 fields can be sorted by"));
    }
    Ok(keys)
}

fn include(entity: &'static Entity, text: &str) -> Result<Vec<&'static Field>, Fault> {
    let mut found: Vec<&'static Field> = Vec::new();
    for name in text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let field = entity.include(name).ok_or_else(|| {
            Fault::new(
                "unknown_include",
                format!("\"{name}\" is not a reference of {}", entity.path),
            )
        })?;
        if !found.iter().any(|other| other.name == field.name) {
            found.push(field);
        }
    }
    Ok(found)
}

fn fields(entity: &'static Entity, text: &str) -> Result<Vec<&'static Field>, Fault> {
    let names: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    for name in &names {
        if entity.field(name).is_none() && !name.starts_with("custom.") {
            return Err(Fault::new(
                "unknown_field",
                format!("\"{name}\" is not a field of {}", entity.path),
            ));
        }
    }
    // The record's own order, and always its id.
    let wanted = |field: &Field| {
        field.name == "id"
            || names.contains(&field.name)
            || field.name == "custom_fields" && names.iter().any(|name| name.starts_with("custom."))
    };
    Ok(entity
        .all_fields()
        .iter()
        .copied()
        .filter(|field| wanted(field))
        .collect())
}

/// A field that the caller sees masked and still wants to filter or sort by.
fn masked_field(
    caller: &Caller,
    entity: &'static Entity,
    filters: &[Filter],
    sort: &[SortKey],
) -> Option<String> {
    let mask = Mask::of(caller, entity.name);
    let sorted = sort
        .iter()
        .find(|key| mask.hides(key.field))
        .map(|key| key.field.name.to_owned());
    sorted.or_else(|| filters.iter().find_map(|filter| hidden_test(&mask, filter)))
}

/// The first field that a filter tests and the caller does not see.
fn hidden_test(mask: &Mask, filter: &Filter) -> Option<String> {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => {
            parts.iter().find_map(|part| hidden_test(mask, part))
        }
        Filter::Not(part) => hidden_test(mask, part),
        Filter::Test(test) => match &test.target {
            Target::Column(field) => mask.hides(field).then(|| field.name.to_owned()),
            Target::Custom { key, kind } => {
                (mask.is_active() && is_contact(*kind)).then(|| format!("custom.{key}"))
            }
        },
    }
}
