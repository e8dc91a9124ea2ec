//! The addresses that every entity has.

use kith_catalogue::Catalogue;
use kith_catalogue::entity::Entity;
use serde_json::{Map, Value as Json, json};

use super::schemas::{create_example, name_of};
use super::{Operation, etag_header, parameter, schema};

/// Problems that any request may meet.
const READ: &[u16] = &[400, 401, 403, 503];
const READ_ONE: &[u16] = &[400, 401, 403, 404, 503];
const WRITE: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 422, 503];

/// The paths of one entity.
pub(super) fn paths(catalogue: &'static Catalogue, entity: &'static Entity) -> Map<String, Json> {
    let tag = entity.label_plural;
    let name = name_of(entity);
    let plural = plural_of(entity);
    let list_schema = schema(&format!("{name}List"));
    let mut paths = Map::new();

    let mut collection = Map::new();
    let list = Operation::new(
        tag,
        format!("list{plural}"),
        format!("List {}", entity.label_plural.to_lowercase()),
    );
    let list = list
        .takes(list_parameters(entity))
        .answers(200, "A page", Some(list_schema.clone()), None)
        .fails(READ);
    collection.insert("get".to_owned(), list.json());
    if entity.verbs.create {
        let create = Operation::new(
            tag,
            format!("create{name}"),
            format!("Create one of the {}", entity.label_plural.to_lowercase()),
        )
        .takes([parameter("idempotency_key")])
        .body_of(
            "application/json",
            schema(&format!("{name}Create")),
            Some(create_example(entity)),
        )
        .answers(
            201,
            "The record",
            Some(schema(&name)),
            Some(json!({
                "Location": {"description": "The record's address", "schema": {"type": "string"}},
                "ETag": {"description": "The record's version", "schema": {"type": "string"}},
            })),
        )
        .fails(WRITE);
        collection.insert("post".to_owned(), create.json());
    }
    paths.insert(format!("/{}", entity.path), Json::Object(collection));

    let query = Operation::new(
        tag,
        format!("query{plural}"),
        format!(
            "List {}, with the parameters in the body",
            entity.label_plural.to_lowercase()
        ),
    )
    .body(schema("Query"))
    .answers(200, "A page", Some(list_schema), None)
    .fails(&[400, 401, 403, 413, 415, 422, 503]);
    paths.insert(
        format!("/{}/query", entity.path),
        json!({"post": query.json()}),
    );
    paths.insert(format!("/{}/{{id}}", entity.path), one(entity, tag, &name));

    if entity.soft_delete {
        let restore = Operation::new(tag, format!("restore{name}"), "Bring a deleted record back")
            .takes([parameter("id"), parameter("idempotency_key")])
            .answers(200, "The record", Some(schema(&name)), Some(etag_header()))
            .fails(WRITE);
        paths.insert(
            format!("/{}/{{id}}/restore", entity.path),
            json!({"post": restore.json()}),
        );
    }
    if entity.verbs.create || entity.verbs.update || entity.verbs.delete {
        let bulk = Operation::new(tag, format!("bulk{plural}"), "Up to 1,000 operations in one transaction")
            .describe("Either `operations`, or one `op` (update or delete) for all that pass a `filter`, refused when not as many as `expected` match")
            .takes([parameter("idempotency_key")])
            .body(bulk_body(entity, &name))
            .answers(200, "What became of each, or how many were affected", Some(schema("BulkResults")), None)
            .fails(&[400, 401, 403, 404, 409, 412, 413, 415, 422, 503]);
        paths.insert(
            format!("/{}/bulk", entity.path),
            json!({"post": bulk.json()}),
        );
    }
    let history = Operation::new(
        tag,
        format!("history{name}"),
        "What changed, field by field, newest first",
    )
    .takes([parameter("id"), parameter("limit"), parameter("cursor")])
    .answers(200, "A page", Some(schema("HistoryList")), None)
    .fails(READ_ONE);
    paths.insert(
        format!("/{}/{{id}}/history", entity.path),
        json!({"get": history.json()}),
    );
    for child in children(catalogue, entity) {
        let (segment, label, other) = child;
        let id = format!(
            "list{}Of{name}",
            segment
                .split(['-', '_'])
                .map(capitalised)
                .collect::<String>()
        );
        let operation = Operation::new(tag, id, format!("The record's {}", label.to_lowercase()))
            .takes(std::iter::once(parameter("id")).chain(list_parameters(other)))
            .answers(
                200,
                "A page",
                Some(schema(&format!("{}List", name_of(other)))),
                None,
            )
            .fails(READ_ONE);
        paths.insert(
            format!("/{}/{{id}}/{segment}", entity.path),
            json!({"get": operation.json()}),
        );
    }
    if entity.verbs.import {
        paths.extend(import(entity, tag, &name));
    }
    paths.insert(
        format!("/{}/export", entity.path),
        export(entity, tag, &plural),
    );
    paths
}

/// The same list as a file, of any size.
fn export(entity: &'static Entity, tag: &str, plural: &str) -> Json {
    let format = json!({"name": "format", "in": "query", "description": "The kind of file", "schema": {"type": "string", "enum": ["csv", "xlsx", "ndjson"], "default": "csv"}});
    let mark = json!({"name": "bom", "in": "query", "description": "Puts the byte order mark in front of CSV, by which Excel knows UTF-8", "schema": {"type": "boolean", "default": false}});
    let of_pages = ["limit", "cursor", "offset", "total"];
    let parameters = list_parameters(entity).into_iter().filter(|parameter| {
        let shared = parameter.get("$ref").and_then(Json::as_str);
        let name = shared
            .and_then(|path| path.rsplit('/').next())
            .or_else(|| parameter.get("name").and_then(Json::as_str));
        !name.is_some_and(|name| of_pages.contains(&name) || name == "include")
    });
    let text = json!({"schema": {"type": "string"}});
    let file =
        json!({"schema": {"type": "string", "contentMediaType": "application/octet-stream"}});
    let answer = json!({
        "description": "The file. What refers to another record has the record's name beside its id; it imports again as it is",
        "content": {
            "text/csv": text, "application/x-ndjson": text,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": file,
        },
        "headers": {"Content-Disposition": {"description": "The file's name", "schema": {"type": "string"}}},
    });
    let describe = "Everything that the parameters select, in one file of any size, sent while it is made. \
        Needs the permission to export, and stands in the audit log";
    let operation = |id: String, summary: &str| {
        let mut operation = Operation::new(tag, id, summary)
            .describe(describe)
            .fails(&[400, 401, 403, 409, 429, 503]);
        operation.insert_response(200, answer.clone());
        operation
    };
    let get = operation(
        format!("export{plural}"),
        "Export a list as CSV, XLSX or NDJSON",
    )
    .takes([format, mark])
    .takes(parameters);
    let post = operation(
        format!("exportQuery{plural}"),
        "Export a list, with the parameters in the body",
    )
    .body(schema("ExportQuery"))
    .fails(&[413, 415]);
    json!({"get": get.json(), "post": post.json()})
}

fn one(entity: &'static Entity, tag: &str, name: &str) -> Json {
    let record = || Some(schema(name));
    let mut operations = Map::new();
    let mut parameters = vec![
        parameter("id"),
        include_parameter(entity),
        parameter("if_none_match"),
    ];
    if entity.soft_delete {
        parameters.push(parameter("deleted"));
    }
    let get = Operation::new(tag, format!("get{name}"), "One record")
        .takes(parameters)
        .answers(200, "The record", record(), Some(etag_header()))
        .answers(304, "The client has this version", None, None)
        .fails(READ_ONE);
    operations.insert("get".to_owned(), get.json());
    if entity.verbs.update {
        for (method, verb) in [("patch", "update"), ("put", "put")] {
            let change = Operation::new(
                tag,
                format!("{verb}{name}"),
                "Change a record: fields given change, fields absent stay",
            )
            .takes([parameter("id"), parameter("if_match")])
            .body(schema(&format!("{name}Update")))
            .answers(200, "The record", record(), Some(etag_header()))
            .fails(WRITE)
            .fails(&[412]);
            operations.insert(method.to_owned(), change.json());
        }
    }
    if entity.verbs.delete {
        let summary = if entity.soft_delete {
            "Delete a record; it can be restored"
        } else {
            "Delete a record"
        };
        let delete = Operation::new(tag, format!("delete{name}"), summary)
            .takes([parameter("id"), parameter("if_match")])
            .answers(204, "Deleted", None, None)
            .fails(&[400, 401, 403, 404, 409, 412, 503]);
        operations.insert("delete".to_owned(), delete.json());
    }
    Json::Object(operations)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// `deal-items` → `DealItems`.
fn plural_of(entity: &Entity) -> String {
    entity.path.split('-').map(capitalised).collect()
}

/// The child lists: the declared ones, and everybody's activities.
fn children(
    catalogue: &'static Catalogue,
    entity: &'static Entity,
) -> Vec<(&'static str, &'static str, &'static Entity)> {
    let declared = entity
        .children
        .iter()
        .filter_map(|child| Some((child.name, child.label, catalogue.by_name(child.entity)?)));
    let mut all: Vec<_> = declared.collect();
    if !all.iter().any(|(name, _, _)| *name == "activities") {
        all.extend(
            catalogue
                .by_name("activity")
                .map(|activity| ("activities", "Activities", activity)),
        );
    }
    all
}

/// What one may ask of a list.
fn list_parameters(entity: &'static Entity) -> Vec<Json> {
    let mut parameters = vec![
        parameter("limit"),
        parameter("cursor"),
        parameter("offset"),
        sort_parameter(entity),
    ];
    if entity.searchable() {
        parameters.push(parameter("q"));
    }
    parameters.extend([
        parameter("filter"),
        include_parameter(entity),
        fields_parameter(entity),
        parameter("total"),
    ]);
    if entity.soft_delete {
        parameters.push(parameter("deleted"));
    }
    if entity.archive.is_some() {
        parameters.push(parameter("archived"));
    }
    for field in entity.all_fields().iter().filter(|field| field.filterable) {
        let words: Vec<&str> = field
            .kind
            .operators()
            .iter()
            .map(|operator| operator.word())
            .collect();
        let forms: Vec<String> = words
            .iter()
            .map(|word| format!("`{}[{word}]=`", field.name))
            .collect();
        parameters.push(json!({
            "name": field.name,
            "in": "query",
            "description": format!("{}. Also {}", field.label, forms.join(", ")),
            "schema": {"type": "string"},
            "x-operators": words,
        }));
    }
    parameters
}

fn sort_parameter(entity: &'static Entity) -> Json {
    let names: Vec<&str> = entity
        .all_fields()
        .iter()
        .filter(|field| field.sortable)
        .map(|field| field.name)
        .collect();
    let (name, descending) = entity.default_sort;
    json!({
        "name": "sort",
        "in": "query",
        "description": format!("Up to four of {}, separated by commas; - in front sorts downwards", names.join(", ")),
        "schema": {"type": "string", "default": format!("{}{name}", if descending { "-" } else { "" })},
    })
}

fn include_parameter(entity: &'static Entity) -> Json {
    let names: Vec<&str> = entity
        .all_fields()
        .iter()
        .filter_map(|field| field.include_name())
        .collect();
    json!({
        "name": "include",
        "in": "query",
        "description": "Referenced records to nest beside their ids",
        "style": "form",
        "explode": false,
        "schema": {"type": "array", "items": {"type": "string", "enum": names}, "uniqueItems": true},
    })
}

fn fields_parameter(entity: &'static Entity) -> Json {
    let names: Vec<&str> = entity.all_fields().iter().map(|field| field.name).collect();
    json!({
        "name": "fields",
        "in": "query",
        "description": "Only these fields, and the id",
        "style": "form",
        "explode": false,
        "schema": {"type": "array", "items": {"type": "string", "enum": names}, "uniqueItems": true},
    })
}

fn bulk_body(entity: &'static Entity, name: &str) -> Json {
    let id = json!({"type": "string", "format": "uuid"});
    let mut operations = Vec::new();
    if entity.verbs.create {
        operations.push(json!({"type": "object", "required": ["op", "data"], "properties": {"op": {"const": "create"}, "data": schema(&format!("{name}Create"))}}));
    }
    let mut all = Vec::new();
    if entity.verbs.update {
        let change = schema(&format!("{name}Update"));
        operations.push(json!({"type": "object", "required": ["op", "id", "data"], "properties": {"op": {"const": "update"}, "id": id, "data": change, "version": {"type": "integer"}}}));
        all.push(json!({"type": "object", "required": ["op", "filter", "data"], "properties": {"op": {"const": "update"}, "filter": schema("Filter"), "data": change, "expected": {"type": "integer"}}}));
    }
    if entity.verbs.delete {
        operations.push(json!({"type": "object", "required": ["op", "id"], "properties": {"op": {"enum": ["delete", "restore"]}, "id": id}}));
        all.push(json!({"type": "object", "required": ["op", "filter"], "properties": {"op": {"const": "delete"}, "filter": schema("Filter"), "expected": {"type": "integer"}}}));
    }
    let mut forms = vec![
        json!({"type": "object", "required": ["operations"], "properties": {"operations": {"type": "array", "maxItems": 1000, "items": {"anyOf": operations}}}}),
    ];
    forms.extend(all);
    json!({"anyOf": forms})
}

fn import(entity: &Entity, tag: &str, name: &str) -> Map<String, Json> {
    let file = json!({"type": "string", "contentMediaType": "application/octet-stream", "description": "CSV, TSV, NDJSON, vCards or a spreadsheet (xlsx, xls, ods)"});
    let problems = &[400, 401, 403, 413, 415, 422, 503];
    let start = Operation::new(tag, format!("import{name}"), "Import a file in the background")
        .body_of("multipart/form-data", json!({"type": "object", "required": ["file"], "properties": {"file": file, "options": schema("ImportOptions")}}), None)
        .answers(202, "The import", Some(schema("Import")), Some(json!({"Location": {"description": "The import's address", "schema": {"type": "string"}}})))
        .fails(problems);
    let preview = Operation::new(
        tag,
        format!("previewImport{name}"),
        "What a file would mean",
    )
    .body_of(
        "multipart/form-data",
        json!({"type": "object", "required": ["file"], "properties": {"file": file}}),
        None,
    )
    .answers(
        200,
        "Its columns, with a field suggested for each, and its first rows",
        Some(schema("ImportPreview")),
        None,
    )
    .fails(problems);
    let mut paths = Map::new();
    paths.insert(
        format!("/{}/import", entity.path),
        json!({"post": start.json()}),
    );
    paths.insert(
        format!("/{}/import/preview", entity.path),
        json!({"post": preview.json()}),
    );
    paths
}
